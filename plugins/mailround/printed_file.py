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
from typing import NamedTuple

from mailround.composition import POINTS
from mailround.fonts import Font
from mailround.templates import Sheet, Template

_START = re.compile(rb"startxref\n(\d+)\n%%EOF\n\Z")
_TABLE = re.compile(rb"xref\n0 (\d+)\n0000000000 65535 f \n((?:\d{10} 00000 n \n)+)trailer\n")
_ROOT = re.compile(rb"/Root (\d+) 0 R")
_PAGES = re.compile(rb"/Pages (\d+) 0 R")
_KIDS = re.compile(rb"/Kids \[([^\]]*)\]")
_REFERENCE = re.compile(rb"(\d+) 0 R")
_PAGE = re.compile(
    rb"<< /Type /Page /Parent \d+ 0 R /MediaBox \[0 0 ([\d.]+) ([\d.]+)\] /Resources (\d+) 0 R /Contents (\d+) 0 R >>\n"
)
_CONTENT = re.compile(rb"<< /Filter /FlateDecode /Length (\d+) >>\nstream\n")
_RESOURCES = re.compile(
    rb"<<\n/Font (\d+) 0 R /ProcSet \[ /PDF /Text \] /XObject <<\n((?:/FormXob\.[\w.-]+ \d+ 0 R\s*)+)>>\n>>\n"
)
_FORM_NAME = re.compile(rb"/(FormXob\.[\w.-]+) (\d+) 0 R")
_ONE_FONT = re.compile(rb"<<\n/FT (\d+) 0 R\n>>\n")
_FORM = re.compile(
    rb"<<\n/BBox \[ 0 0 ([\d.]+) ([\d.]+) \] /Filter \[ /FlateDecode \] /FormType 1 /Length (\d+) "
    rb"/Matrix \[ 1 0 0 1 0 0 \] /Resources <<\n/Font \d+ 0 R /ProcSet \[ [/\w ]+ \]\s*"
    rb"(?:/XObject <<\n/FormXob\.\w+ \d+ 0 R\n>>\s*)?\n?>>\s+/Subtype /Form /Type /XObject\n>>\nstream\n"
)
_LAYER = re.compile(
    rb"1 0 0 1 0 0 cm \n((?:[\d.]+ w\nn\n(?:[\d.]+ [\d.]+ m [\d.]+ [\d.]+ l\n)+S\n)*)"
    rb"((?:q\n[\d.]+ 0 0 [\d.]+ [\d.]+ [\d.]+ cm\n/FormXob\.\w+ Do\nQ\n)?)BT\n(.*)ET\Z",
    re.DOTALL,
)
_RULE = re.compile(rb"([\d.]+) w\nn\n((?:[\d.]+ [\d.]+ m [\d.]+ [\d.]+ l\n)+)S\n")
_SHEET = re.compile(
    rb"/(FormXob\.[\w.-]+) Do\nBT\n(.*)ET\n"
    rb"q [\d.]+ 0 0 [\d.]+ [\d.]+ [\d.]+ cm\nBI /IM true /W \d+ /H \d+ /D \[1 0\] /F /AHx ID\n[0-9a-f]+>\nEI Q\n"
    rb"(?:q [\d.]+ 0 0 [\d.]+ [\d.]+ [\d.]+ cm (?:\d+ [02] 1 [246] re )+f Q\n)?",
    re.DOTALL,
)
_SIZE = re.compile(rb"/FT ([\d.]+) Tf")
_LINE = re.compile(rb"1 0 0 1 ([\d.]+) ([\d.]+) Tm <((?:[0-9A-F]{4})+)> Tj")
_SAID = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n")
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


class PrintedFile:
    """The objects of one file and what its one font's codes stand for."""

    def __init__(self, content: bytes, font: Font) -> None:
        """Find the objects and check the font against the round's.

        Raises:
            PageFault: The file is built otherwise, or a code has another glyph or width than its character.
        """
        self._content = content
        self._places = self._find_objects()
        kids = _found(_KIDS, self._object(_number(_PAGES, self._object(_number(_ROOT, content)))))
        self._pages = [int(number) for number in _REFERENCE.findall(kids)]
        self._forms: dict[bytes, int] = {}
        self._texts: dict[int, str] = {}
        self._resources = 0
        self._font = font

    def page(self, index: int, template: Template) -> tuple[bytes, list[Written]]:
        """Return the name of a page's static layer and its own lines.

        Raises:
            PageFault: The page says anything that such a page does not.
        """
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
            or bool(layer[2]) is not (template.seal is not None and sheet == "first")
        ):
            raise PageFault("様式の固定部分")
        return self._lines(layer[3] if layer[3].endswith(b"\n") else layer[3] + b"\n")

    def _lines(self, block: bytes) -> list[Written]:
        size = 0.0
        lines = []
        for each in block.split(b"\n")[:-1]:
            line = _LINE.fullmatch(each)
            if line is not None:
                text = (
                    bytes.fromhex(line[3].decode("ascii")).decode("utf-16-be", "surrogatepass").translate(self._texts)
                )
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
        one = _ONE_FONT.fullmatch(self._object(int(found[1])))
        if one is None:
            raise PageFault("余分な、または埋め込まれていないフォント")
        self._read_font(self._object(int(one[1])))

    def _read_font(self, whole: bytes) -> None:
        """Compare every code's character, glyph and width with the round's font."""
        if b"/Subtype /Type0" not in whole or b"/Encoding /Identity-H" not in whole:
            raise PageFault("余分な、または埋め込まれていないフォント")
        descendant = self._object(_number(re.compile(rb"/DescendantFonts \[ (\d+) 0 R \]"), whole))
        glyphs = _stream(self._object(_number(re.compile(rb"/CIDToGIDMap (\d+) 0 R"), descendant)))
        said = _stream(self._object(_number(re.compile(rb"/ToUnicode (\d+) 0 R"), whole)))
        widths = _widths(descendant)
        for code, text in _SAID.findall(said.partition(b"endcodespacerange")[2]):
            number, unit = int(code, 16), bytes.fromhex(text.decode("ascii")).decode("utf-16-be")
            glyph = int.from_bytes(glyphs[2 * number : 2 * number + 2], "big")
            width = widths.get(number, _EM)
            if not glyph or glyph != self._font.glyph(unit) or width != round(self._font.width(unit) * _EM):
                raise PageFault("文字と字形の対応")
            self._texts[number] = unit

    def _object(self, number: int) -> bytes:
        place = self._places.get(number)
        if place is None:
            raise PageFault("ファイルの作り")
        head = b"%d 0 obj\n" % number
        whole = self._content[place[0] : place[1]]
        if not whole.startswith(head) or not whole.endswith(b"endobj\n"):
            raise PageFault("ファイルの作り")
        return whole[len(head) : -len(b"endobj\n")]

    def _find_objects(self) -> dict[int, tuple[int, int]]:
        start = _START.search(self._content[-64:])
        table = _TABLE.match(self._content, int(start[1])) if start else None
        if start is None or table is None:
            raise PageFault("ファイルの作り")
        places = [int(each[:10]) for each in table[2].split(b"\n")[:-1]]
        ends = dict(zip(sorted(places), [*sorted(places)[1:], int(start[1])], strict=True))
        return {number: (place, ends[place]) for number, place in enumerate(places, 1)}


def _found(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    found = pattern.search(text)
    if found is None:
        raise PageFault("ファイルの作り")
    value: bytes = found[1]
    return value


def _number(pattern: re.Pattern[bytes], text: bytes) -> int:
    return int(_found(pattern, text))


def _unpacked(head: re.Pattern[bytes], whole: bytes) -> bytes:
    """Return a stream's content; its head must be of the form given, its length the head's last group."""
    found = head.match(whole)
    if found is None:
        raise PageFault("ファイルの作り")
    return _inflated(whole[found.end() : found.end() + int(found[found.re.groups])])


def _stream(whole: bytes) -> bytes:
    head, _, rest = whole.partition(b"stream\n")
    return _inflated(rest[: _number(re.compile(rb"/Length (\d+)"), head)])


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        raise PageFault("ファイルの作り") from None


def _is_size(width: bytes, height: bytes, template: Template) -> bool:
    return (
        abs(float(width) - template.width * POINTS) <= _EXACT
        and abs(float(height) - template.height * POINTS) <= _EXACT
    )


def _widths(descendant: bytes) -> dict[int, int]:
    """Return the widths that differ from the default, by code."""
    if b"/DW 1000 " not in descendant:
        raise PageFault("文字と字形の対応")
    widths: dict[int, int] = {}
    for first, run in re.findall(rb"(\d+) \[([\d\s]*)\]", _found(re.compile(rb"/W \[(.*)\]", re.DOTALL), descendant)):
        widths |= {int(first) + place: int(width) for place, width in enumerate(run.split())}
    return widths


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
