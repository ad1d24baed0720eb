"""Step 7: read every page back with PDFium and compare it with the record, as an auditor would who has only the paper.

Every text object of a page must be accounted for: it lies in the box of the field that is next in print order and goes
on with that field's text. So what is missing, changed, moved, exchanged or too much is noticed, and no text of another
household can stand anywhere on the page.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

from mailround.composition import LINE_BREAK, POINTS, numbering, values
from mailround.context import RoundContext
from mailround.errors import VerificationError
from mailround.fonts import Font, split_units
from mailround.model import Piece, PieceRange, Population, Rendered, Verified
from mailround.plan_print import FONT, PIECES, chunk_name
from mailround.register.entries import Verified as VerifiedBody
from mailround.render import RANGES, pages_name, pdf_name
from mailround.templates import SHEETS, Field, Sheet, Template, load_templates

_TOLERANCE = 0.05
"""Millimetres by which a text may start outside its box, or a page differ from its size."""
_REMEDY = "通知書作成からやり直してください。繰り返すときは、引き渡さずにシステム担当へ連絡してください。"
_MOST_PAGES = 2
_BUFFER = 4096
"""Bytes of a text object's text; templates place single lines, which are far shorter."""
_NAME_BUFFER = 128


def verify(work: RoundContext, rendered: Rendered, *, at: datetime) -> Verified:
    """Read back every page of a group; once the package is approved, return what stands.

    Raises:
        VerificationError: A page, a count or a font is not right; names file, page, piece number and field.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(VerifiedBody, first=rendered.first, last=rendered.last):
        return Verified(round_id=work.round_id, **approved.model_dump(exclude={"kind"}))
    reader = Reader(
        Font(work.workspace.read(FONT)),
        load_templates(work.settings.include, work.kind),
        work.opened.issue_date,
    )
    pieces_read = pages_read = 0
    digests = hashlib.sha256()
    for number in range(rendered.first, rendered.last + 1):
        pieces = work.workspace.read_records(chunk_name(number), PIECES)
        ranges = work.workspace.read_records(pages_name(number), RANGES)
        content = work.workspace.read(pdf_name(work, number))
        pages_read += reader.read(pdf_name(work, number), content, pieces, ranges)
        digests.update(hashlib.sha256(content).digest())
        pieces_read += len(pieces)
    if (pieces_read, pages_read) != (rendered.pieces, rendered.pages):
        raise VerificationError(
            f"作成した{rendered.pieces}件{rendered.pages}頁と、照合した{pieces_read}件{pages_read}頁が一致しません。",
            _REMEDY,
        )
    body = VerifiedBody(
        first=rendered.first, last=rendered.last, pieces=pieces_read, pages=pages_read, sha256=digests.hexdigest()
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return Verified(round_id=work.round_id, **body.model_dump(exclude={"kind"}))


class _Shown(NamedTuple):
    """A text object: its text and where its baseline starts, in millimetres from the page's top left corner."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as found: the texts of the static layer and its own, in print order."""

    still: list[_Shown]
    moving: list[_Shown]


_Fields = tuple[tuple[str, Field, str], ...]
"""Name, field and wording of the fields of one layer of a page."""


@dataclass(frozen=True, slots=True)
class _Layers:
    """The fields that stand on a page: those of the static layer, and the piece's own."""

    still: _Fields
    moving: _Fields


class _Fault(Exception):  # noqa: N818 - never leaves this module; becomes a VerificationError
    """The field that is not as it should be."""


class Reader:
    """Reads chunks back against the round's font and the templates of one kind."""

    def __init__(self, font: Font, templates: dict[Population, Template], issue_date: date) -> None:
        """Keep what all chunks share."""
        self._font = font
        self._templates = templates
        self._issue_date = issue_date
        self._layers = {
            (population, sheet): _Layers(_fields_on(sheet, template.still), _fields_on(sheet, template.moving))
            for population, template in templates.items()
            for sheet in SHEETS
        }

    def read(self, name: str, content: bytes, pieces: Sequence[Piece], ranges: Sequence[PieceRange]) -> int:
        """Compare one PDF with its pieces and return the number of its pages.

        Raises:
            VerificationError: As `verify`.
        """
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError:
            raise VerificationError(f"{name} をPDFとして開けません。", _REMEDY) from None
        try:
            _check_ranges(name, pieces, ranges, len(document))
            page_reader = _PageReader(document)
            for piece, where in zip(pieces, ranges, strict=True):
                self._read_piece(name, page_reader, piece, where)
            self._check_font(name, page_reader)
            return len(document)
        finally:
            document.close()

    def _read_piece(self, name: str, page_reader: _PageReader, piece: Piece, where: PieceRange) -> None:
        population = piece.recipient.population
        template = self._templates[population]
        known = values(piece, template, self._issue_date)
        rest: dict[str, str] = {}
        for number in range(1, where.pages + 1):
            page = where.first_page + number - 1
            layers = self._layers[population, "first" if number == 1 else "more"]
            try:
                shown = page_reader.read(page - 1, template)
                _match(shown.still, layers.still, known, {})
                rest = _match(shown.moving, layers.moving, known | numbering(template, number, where.pages), rest)
                _require_nothing_left(rest if number == where.pages else {})
            except _Fault as fault:
                raise VerificationError(
                    f"{name} の{page}頁（通し番号 {piece.seq}）が記録と一致しません（項目：{fault}）。", _REMEDY
                ) from None

    def _check_font(self, name: str, page_reader: _PageReader) -> None:
        """Compare the embedded outlines of every character shown with the round's font: a blank or a box is noticed."""
        embedded = Font(page_reader.font_data)
        # A blank has no ink to compare, and PDFium makes up some that the font need not have.
        glyphs = {self._font.glyph(unit) for unit in page_reader.units if unit.strip()}
        if 0 in glyphs or any(embedded.extents(glyph) != self._font.extents(glyph) for glyph in glyphs):
            raise VerificationError(f"{name} に埋め込まれた字形が、計画したフォントと一致しません。", _REMEDY)


def _check_ranges(name: str, pieces: Sequence[Piece], ranges: Sequence[PieceRange], pages: int) -> None:
    first = 1
    for piece, where in zip(pieces, ranges, strict=False):
        if (where.seq, where.piece_id, where.first_page) != (piece.seq, piece.piece_id, first):
            raise VerificationError(f"{name} の頁の割当てが印刷計画と一致しません（通し番号 {piece.seq}）。", _REMEDY)
        if not 1 <= where.pages <= _MOST_PAGES:
            raise VerificationError(
                f"{name} の通し番号 {piece.seq} の頁数（{where.pages}）が正しくありません。", _REMEDY
            )
        first += where.pages
    if len(pieces) != len(ranges) or first - 1 != pages:
        raise VerificationError(
            f"{name} は{len(pieces)}件{first - 1}頁のはずですが、割当ては{len(ranges)}件、実際は{pages}頁です。",
            _REMEDY,
        )


def _fields_on(sheet: Sheet, fields: dict[str, tuple[Field, str]]) -> _Fields:
    return tuple((name, field, wording) for name, (field, wording) in fields.items() if field.shown_on(sheet))


def _match(
    shown: Sequence[_Shown], fields: _Fields, known: Mapping[str, str], rest: Mapping[str, str]
) -> dict[str, str]:
    """Account for every text object of a layer, field by field in print order.

    Args:
        shown: The layer's text objects, in print order.
        fields: The fields that stand on such a page.
        known: What the record says.
        rest: What the page before left over, by the field that takes it.

    Returns:
        What this page leaves over for the next one.
    """
    left: dict[str, str] = {}
    place = 0
    for name, field, wording in fields:
        text = LINE_BREAK.sub("", rest[name] if name in rest else wording.format_map(known))
        while text.strip() and place < len(shown) and _inside(shown[place], field):
            unsaid = _without(text, shown[place].text)
            if unsaid is None:
                break
            text = unsaid
            place += 1
        text = text.strip()
        goes_on = field.continues and not (place < len(shown) and _inside(shown[place], field))
        if text and not goes_on:
            raise _Fault(name)
        if field.continues:
            left[field.continues] = text
    if place < len(shown):
        raise _Fault("様式にない文字")
    return left


def _require_nothing_left(rest: Mapping[str, str]) -> None:
    for name, text in rest.items():
        if text:
            raise _Fault(name)


def _without(text: str, said: str) -> str | None:
    """Return what of a text follows the words of a text object; None when the object says anything else.

    PDFium puts a blank of its own behind an object when the next one stands on the same line, and blanks that begin a
    wrapped line may hang out of the line before.
    """
    for start in (text, text.lstrip()):
        for each in (said, said.removesuffix(" ")):
            if each and start.startswith(each):
                return start[len(each) :]
    return None


def _inside(shown: _Shown, field: Field) -> bool:
    across, down = shown.x - field.x, shown.y - field.y
    return -_TOLERANCE <= across <= field.w + _TOLERANCE and -_TOLERANCE <= down <= field.h + _TOLERANCE


class _PageReader:
    """Takes the text objects off a document's pages; collects the characters and the one font it meets."""

    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        self.units: set[str] = set()
        self.font_data = b""
        self._document = document
        self._font_name = b""
        self._fonts: set[int | None] = set()
        self._texts: set[str] = set()
        self._buffer = (ctypes.c_ushort * (_BUFFER // 2))()
        self._matrix = raw.FS_MATRIX()

    def read(self, index: int, template: Template) -> _Page:
        """Return what stands on a page.

        Raises:
            _Fault: Something stands there that no template has, or the paper has another size.
        """
        self._fonts.clear()  # an address means a font only as long as the page is open
        page = self._document[index]
        textpage = page.get_textpage()
        try:
            size = [each / POINTS for each in page.get_size()]
            if max(abs(size[0] - template.width), abs(size[1] - template.height)) > _TOLERANCE:
                raise _Fault("用紙の大きさ")
            found = _Page([], [])
            for place in range(raw.FPDFPage_CountObjects(page)):
                each = raw.FPDFPage_GetObject(page, place)
                if raw.FPDFPageObj_GetType(each) == raw.FPDF_PAGEOBJ_TEXT:
                    found.moving.append(self._shown(each, textpage, template))
                elif raw.FPDFPageObj_GetType(each) == raw.FPDF_PAGEOBJ_FORM and not found.still:
                    found.still.extend(self._form(each, textpage, template))
                else:
                    raise _Fault("様式にない図形")
            return found
        finally:
            textpage.close()
            page.close()

    def _form(self, form: raw.FPDF_PAGEOBJECT, textpage: pypdfium2.PdfTextPage, template: Template) -> Iterator[_Shown]:
        for place in range(raw.FPDFFormObj_CountObjects(form)):
            each = raw.FPDFFormObj_GetObject(form, place)
            if raw.FPDFPageObj_GetType(each) == raw.FPDF_PAGEOBJ_TEXT:
                yield self._shown(each, textpage, template)
            elif raw.FPDFPageObj_GetType(each) != raw.FPDF_PAGEOBJ_PATH:
                raise _Fault("様式にない図形")

    def _shown(self, each: raw.FPDF_PAGEOBJECT, textpage: pypdfium2.PdfTextPage, template: Template) -> _Shown:
        self._keep_font(raw.FPDFTextObj_GetFont(each))
        length = raw.FPDFTextObj_GetText(each, textpage, self._buffer, _BUFFER)
        if length > _BUFFER:
            raise _Fault("様式にない文字")
        text = ctypes.string_at(self._buffer, max(length - 2, 0)).decode("utf-16-le", "replace")
        if text not in self._texts:
            self._texts.add(text)
            self.units.update(split_units(text))
        raw.FPDFPageObj_GetMatrix(each, self._matrix)
        return _Shown(text, self._matrix.e / POINTS, template.height - self._matrix.f / POINTS)

    def _keep_font(self, font: raw.FPDF_FONT) -> None:
        """Note the font's embedded file, once; refuse a page that uses another font or one that is not embedded."""
        address = ctypes.cast(font, ctypes.c_void_p).value
        if address in self._fonts:
            return
        self._fonts.add(address)
        name = ctypes.create_string_buffer(_NAME_BUFFER)
        raw.FPDFFont_GetBaseFontName(font, name, _NAME_BUFFER)
        if not self._font_name:
            self._font_name = name.value
            size = ctypes.c_size_t()
            raw.FPDFFont_GetFontData(font, None, 0, size)
            data = (ctypes.c_uint8 * size.value)()
            raw.FPDFFont_GetFontData(font, data, size.value, size)
            self.font_data = bytes(data)
        if name.value != self._font_name or raw.FPDFFont_GetIsEmbedded(font) != 1:
            raise _Fault("埋め込まれていないフォント")
