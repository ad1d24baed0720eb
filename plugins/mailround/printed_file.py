"""A printed file taken apart without any PDF library: what its bytes say, and that they say nothing else.

A reader such as PDFium tells what a page shows; it does not tell what was hidden, scaled, clipped or painted over on
the way. So every page's operators must be, sign by sign, of the one form in which `render` writes them: the static
layer, one text object of plain lines, the mark, the bars. Whatever else could stand in a PDF is refused because it is
not that. And the font is looked into: a code stands for the character it says, with that character's glyph and width.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from mailround.composition import POINTS
from mailround.fonts import Font
from mailround.templates import Sheet, Template

_FIGURE = rb"(?:\d+|\d*\.\d+)"
_START = re.compile(rb"startxref\n(\d{1,10})\n%%EOF\n\Z")
_END = re.compile(
    rb"xref\n0 \d+\n0000000000 65535 f \n((?:\d{10} 00000 n \n)+)"
    rb"trailer\n<<\n/ID \n\[<[0-9a-f]{32}><[0-9a-f]{32}>\]\n"
    rb"% ReportLab generated PDF document -- digest \(opensource\)\n\n"
    rb"/Info \d+ 0 R\n/Root (\d{1,10}) 0 R\n/Size \d+\n>>\nstartxref\n\d+\n%%EOF\n"
)
# Dictionaries that reportlab folds into lines, read with single blanks between their words
_CATALOG = re.compile(rb"<< /Lang \(ja-JP\) /PageMode /UseNone /Pages (\d{1,10}) 0 R /Type /Catalog >>")
_PAGES = re.compile(rb"<< /Count \d+ /Kids \[ ((?:\d{1,10} 0 R )+)\] /Type /Pages >>")
_FONT = re.compile(
    rb"<< /BaseFont /[^\s/]+ /DescendantFonts \[ (\d{1,10}) 0 R \] /Encoding /Identity-H /Subtype /Type0 "
    rb"/ToUnicode (\d{1,10}) 0 R /Type /Font >>"
)
_DESCENDANT = re.compile(
    rb"<< /BaseFont /[^\s/]+ /CIDSystemInfo << /Ordering \(Identity\) /Registry \(Adobe\) /Supplement 0 >> "
    rb"/CIDToGIDMap (\d{1,10}) 0 R /DW 1000 /FontDescriptor \d+ 0 R /Subtype /CIDFontType2 /Type /Font "
    rb"/W \[ ((?:\d{1,5} \[ (?:\d{1,5} )+\] )*)\] >>"
)
_RUN = re.compile(rb"(\d+) \[ ([\d ]+)\]")
_REFERENCE = re.compile(rb"(\d+) 0 R")
_PAGE = re.compile(
    rb"<< /Type /Page /Parent \d+ 0 R /MediaBox \[0 0 (%b) (%b)\] /Resources (\d{1,10}) 0 R "
    rb"/Contents (\d{1,10}) 0 R >>\n" % (_FIGURE, _FIGURE)
)
_CONTENT = re.compile(rb"<< /Filter /FlateDecode /Length (?P<length>\d{1,10}) >>\nstream\n")
_RESOURCES = re.compile(
    rb"<<\n/Font (\d{1,10}) 0 R /ProcSet \[ /PDF /Text \] /XObject <<\n"
    rb"((?:/FormXob\.[\w.-]+ \d{1,10} 0 R\s*)+)>>\n>>\n"
)
_FORM_NAME = re.compile(rb"/(FormXob\.[\w.-]+) (\d+) 0 R")
_ONE_FONT = re.compile(rb"<<\n/FT (\d{1,10}) 0 R\n>>\n")
_FORM = re.compile(
    rb"<<\n/BBox \[ 0 0 (%b) (%b) \] /Filter \[ /FlateDecode \] /FormType 1 /Length (?P<length>\d{1,10}) "
    rb"/Matrix \[ 1 0 0 1 0 0 \] /Resources <<\n/Font (?P<font>\d{1,10}) 0 R /ProcSet \[ [/\w ]+ \]\s*"
    rb"(?:/XObject <<\n/FormXob\.\w+ (?P<image>\d{1,10}) 0 R\n>>\s*)?\n?>>\s+"
    rb"/Subtype /Form /Type /XObject\n>>\nstream\n" % (_FIGURE, _FIGURE)
)
_IMAGE = re.compile(
    rb"<<\n/BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter \[ /FlateDecode \] /Height \d+ /Length \d+ "
    rb"/Subtype /Image\s+/Type /XObject /Width \d+\n>>\nstream\n"
)
_STREAM = re.compile(rb"<<\n/Filter \[ /FlateDecode \] /Length (?P<length>\d{1,10}) /Length1 \d+\n>>\nstream\n")
_LAYER = re.compile(
    rb"1 0 0 1 0 0 cm \n((?:[\d.]+ w\nn\n(?:[\d.]+ [\d.]+ m [\d.]+ [\d.]+ l\n)+S\n)*)"
    rb"((?:q\n[\d.]+ 0 0 [\d.]+ [\d.]+ [\d.]+ cm\n/FormXob\.\w+ Do\nQ\n)?)BT\n(.*)ET\Z",
    re.DOTALL,
)
_RULE = re.compile(rb"(%b) w\nn\n((?:%b %b m %b %b l\n)+)S\n" % ((_FIGURE,) * 5))
_SHEET = re.compile(
    rb"/(FormXob\.[\w.-]+) Do\nBT\n(.*)ET\n"
    rb"q [\d.]+ 0 0 [\d.]+ [\d.]+ [\d.]+ cm\nBI /IM true /W \d+ /H \d+ /D \[1 0\] /F /AHx ID\n[0-9a-f]+>\nEI Q\n"
    rb"(?:q [\d.]+ 0 0 [\d.]+ [\d.]+ [\d.]+ cm (?:\d+ [02] 1 [246] re )+f Q\n)?",
    re.DOTALL,
)
_SIZE = re.compile(rb"/FT (%b) Tf" % _FIGURE)
_LINE = re.compile(rb"1 0 0 1 (%b) (%b) Tm <((?:[0-9A-F]{4})+)> Tj" % (_FIGURE, _FIGURE))
_SAID = re.compile(rb"<([0-9A-F]{4})> <((?:[0-9A-F]{4})+)>\n")
_EXACT = 0.01
"""Points by which a rule may differ: figures are written with a few digits."""
_EM = 1000


class PageFault(Exception):  # noqa: N818 - becomes a VerificationError with its place
    """What is not as it should be: a Japanese noun or the name of a field."""


class Written(NamedTuple):
    """A line as written: its text, and the start of its baseline in points from the page's bottom left corner."""

    text: str
    x: float
    y: float
    size: float


class _Units(dict[int, str]):
    """Code → the unit that the file's font says it stands for, for ``str.translate``."""

    def __missing__(self, code: int) -> NoReturn:
        raise PageFault("文字と字形の対応")


class PrintedFile:
    """The objects of one file and what its one font's codes stand for."""

    def __init__(self, content: bytes, font: Font) -> None:
        """Find the objects and check the font against the round's.

        Raises:
            PageFault: The file is built otherwise, or a code has another glyph or width than its character.
        """
        self._content = content
        self._places, root = self._find_objects()
        pages = int(self._folded(_CATALOG, root)[1])
        self._pages = [int(number) for number in _REFERENCE.findall(self._folded(_PAGES, pages)[1])]
        self._forms: dict[bytes, int] = {}
        self._units = _Units()
        self._resources = self._fonts = 0
        self._font = font

    def page(self, index: int, template: Template) -> tuple[bytes, list[Written]]:
        """Return the name of a page's static layer and its own lines.

        Raises:
            PageFault: The page says anything that such a page does not.
        """
        if index >= len(self._pages):
            raise PageFault("ファイルの作り")
        page = _PAGE.fullmatch(self._object(self._pages[index]))
        if page is None or not _is_size(page[1], page[2], template):
            raise PageFault("用紙の大きさか、頁の作り")
        if not self._resources:
            self._read_resources(int(page[3]))
        if int(page[3]) != self._resources:
            raise PageFault("頁の資源")
        sheet = _SHEET.fullmatch(_unpacked(_CONTENT, self._object(int(page[4]))))
        if sheet is None:
            raise PageFault("様式にない描き方")
        return sheet[1], self._lines(sheet[2])

    def layer(self, name: bytes, template: Template, sheet: Sheet) -> list[Written]:
        """Return the lines of a static layer, after its rules were compared with the template's grids.

        Raises:
            PageFault: As `page`.
        """
        whole = self._object(self._forms.get(name, 0))
        head = _FORM.match(whole)
        if head is None or not _is_size(head[1], head[2], template):
            raise PageFault("様式の固定部分")
        layer = _LAYER.fullmatch(_unpacked(_FORM, whole))
        if (
            layer is None
            or _ruled(layer[1]) != _expected(template, sheet)
            or int(head["font"]) != self._fonts
            or {bool(layer[2]), head["image"] is not None} != {template.seal is not None and sheet == "first"}
        ):
            raise PageFault("様式の固定部分")
        if head["image"] and not _IMAGE.match(self._object(int(head["image"]))):
            raise PageFault("印影")
        return self._lines(layer[3])

    def _lines(self, block: bytes) -> list[Written]:
        size = 0.0
        lines = []
        *whole, unfinished = block.split(b"\n")
        if unfinished:
            raise PageFault("様式にない描き方")
        for each in whole:
            line = _LINE.fullmatch(each)
            if line is not None:
                text = _decoded(line[3]).translate(self._units)
                lines.append(Written(text, float(line[1]), float(line[2]), size))
                continue
            sized = _SIZE.fullmatch(each)
            if sized is None:
                raise PageFault("様式にない描き方")
            size = float(sized[1])
        return lines

    def _read_resources(self, number: int) -> None:
        found = _RESOURCES.fullmatch(self._object(number))
        if found is None:
            raise PageFault("頁の資源")
        self._resources = number
        self._forms = {name: int(each) for name, each in _FORM_NAME.findall(found[2])}
        self._fonts = int(found[1])
        one = _ONE_FONT.fullmatch(self._object(self._fonts))
        if one is None:
            raise PageFault("余分な、または埋め込まれていないフォント")
        self._read_font(int(one[1]))

    def _read_font(self, number: int) -> None:
        """Compare every code's character, glyph and width with the round's font."""
        font = self._folded(_FONT, number, "余分な、または埋め込まれていないフォント")
        descendant = self._folded(_DESCENDANT, int(font[1]), "文字と字形の対応")
        glyphs = _unpacked(_STREAM, self._object(int(descendant[1])))
        said = _unpacked(_STREAM, self._object(int(font[2])))
        widths = _widths(descendant[2])
        for code, text in _SAID.findall(said.partition(b"endcodespacerange")[2]):
            place, unit = int(code, 16), _decoded(text)
            glyph = int.from_bytes(glyphs[2 * place : 2 * place + 2], "big")
            width = widths.get(place, _EM)
            if not glyph or glyph != self._font.glyph(unit) or width != round(self._font.width(unit) * _EM):
                raise PageFault("文字と字形の対応")
            self._units[place] = unit

    def _folded(self, pattern: re.Pattern[bytes], number: int, fault: str = "ファイルの作り") -> re.Match[bytes]:
        """Return what a dictionary says, whatever lines it is folded into."""
        found = pattern.fullmatch(b" ".join(self._object(number).split()))
        if found is None:
            raise PageFault(fault)
        return found

    def _object(self, number: int) -> bytes:
        place = self._places.get(number)
        if place is None:
            raise PageFault("ファイルの作り")
        head = b"%d 0 obj\n" % number
        whole = self._content[place[0] : place[1]]
        if not whole.startswith(head) or not whole.endswith(b"endobj\n"):
            raise PageFault("ファイルの作り")
        return whole[len(head) : -len(b"endobj\n")]

    def _find_objects(self) -> tuple[dict[int, tuple[int, int]], int]:
        """Return where every object begins and ends, and the number of the root."""
        start = _START.search(self._content[-64:])
        end = _END.fullmatch(self._content, int(start[1])) if start else None
        if start is None or end is None:
            raise PageFault("ファイルの作り")
        places = [int(each[:10]) for each in end[1].split(b"\n")[:-1]]
        ends = dict(zip(sorted(places), [*sorted(places)[1:], int(start[1])], strict=True))
        return {number: (place, ends[place]) for number, place in enumerate(places, 1)}, int(end[2])


def _decoded(digits: bytes) -> str:
    """Return the text of hexadecimal UTF-16, unpaired surrogates included: no font has a glyph for one."""
    return bytes.fromhex(digits.decode("ascii")).decode("utf-16-be", "surrogatepass")


def _unpacked(head: re.Pattern[bytes], whole: bytes) -> bytes:
    """Return a stream's content; its head must be of the form given."""
    found = head.match(whole)
    if found is None:
        raise PageFault("ファイルの作り")
    packed = whole[found.end() : found.end() + int(found["length"])]
    try:
        return zlib.decompress(packed)
    except zlib.error:
        raise PageFault("ファイルの作り") from None


def _is_size(width: bytes, height: bytes, template: Template) -> bool:
    return (
        abs(float(width) - template.width * POINTS) <= _EXACT
        and abs(float(height) - template.height * POINTS) <= _EXACT
    )


def _widths(runs: bytes) -> dict[int, int]:
    """Return the widths that differ from the default, by code."""
    return {
        int(first) + place: int(width) for first, run in _RUN.findall(runs) for place, width in enumerate(run.split())
    }


def _ruled(rules: bytes) -> list[tuple[float, ...]]:
    """Return the lines of a layer: width, begin and end, in hundredths of a point."""
    return [
        tuple(round(float(figure), 1) for figure in (width, *line.split(b" ")[:2], *line.split(b" ")[3:5]))
        for width, lines in _RULE.findall(rules)
        for line in lines.split(b"\n")[:-1]
    ]


def _expected(template: Template, sheet: Sheet) -> list[tuple[float, ...]]:
    """Return the lines that a template's grids make, as `_ruled` does."""
    lines: list[Sequence[float]] = []
    for grid in template.grids.values():
        if grid.shown_on(sheet):
            xs, ys = [grid.x], [template.height - grid.y]
            for column in grid.columns:
                xs.append(xs[-1] + column)
            for row in grid.rows:
                ys.append(ys[-1] - row)
            lines += [(grid.line, x, ys[0], x, ys[-1]) for x in xs] + [(grid.line, xs[0], y, xs[-1], y) for y in ys]
    return [tuple(round(figure * POINTS, 1) for figure in line) for line in lines]
