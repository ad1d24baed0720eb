"""Step 7: read every page back with PDFium and compare it with the record, as an auditor would who has only the paper.

Every text object of a page must be accounted for: it lies in the box of the field that is next in print order and goes
on with that field's text. So what is missing, changed, moved, exchanged or too much is noticed, and no text of another
household can stand anywhere on the page.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from reportlab.lib.utils import ImageReader

from mailround.barcodes import UnreadableBarsError, barcode_of, decode_bars
from mailround.composition import LINE_BREAK, POINTS, numbering, values
from mailround.context import RoundContext
from mailround.errors import VerificationError
from mailround.fonts import Font
from mailround.inserter_mark import Mark, read_mark
from mailround.model import Piece, PieceRange, Population, Rendered, Verified
from mailround.page_reader import Page, PageReader, Picture, Shown
from mailround.plan_print import FONT, PIECES, chunk_name, planned_templates
from mailround.postcodes import Postcodes, load_postcodes
from mailround.printed_file import PageFault
from mailround.register.entries import PrintPlanned, latest
from mailround.register.entries import Verified as VerifiedBody
from mailround.render import RANGES, pages_name, pdf_name
from mailround.templates import SHEETS, Field, Seal, Sheet, Template

_TOLERANCE = 0.3
"""Millimetres by which a text may stand out of its box: the ink of a letter may exceed its em."""
_TAIL = 0.16
"""Ink above or below the em, in em, that parentheses, cedillas and accents of capitals have."""
_EXACT = 0.05
"""Millimetres by which an image may stand elsewhere."""
_REMEDY = "通知書作成からやり直してください。繰り返すときは、引き渡さずにシステム担当へ連絡してください。"
_MOST_PAGES = 2


def verify(work: RoundContext, rendered: Rendered, *, at: datetime) -> Verified:
    """Read back every page of a group; once the package is approved, return what stands.

    Raises:
        VerificationError: A page, a count or a font is not right; names file, page, piece number and field.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(VerifiedBody, first=rendered.first, last=rendered.last):
        return _reference(work, approved)
    plan_sha256 = _plan_sha256(work)
    reader = Reader(
        Font(work.workspace.read(FONT)),
        planned_templates(work),
        work.opened.issue_date,
        work.round_id,
    )
    postcodes = load_postcodes()
    pieces_read = pages_read = 0
    digests = hashlib.sha256()
    for number in range(rendered.first, rendered.last + 1):
        pieces, pages, digest = _read_chunk(work, reader, postcodes, number)
        pieces_read += pieces
        pages_read += pages
        digests.update(digest)
    if (pieces_read, pages_read) != (rendered.pieces, rendered.pages):
        raise VerificationError(
            f"作成した{rendered.pieces}件{rendered.pages}頁と、照合した{pieces_read}件{pages_read}頁が一致しません。",
            _REMEDY,
        )
    if _plan_sha256(work) != plan_sha256:
        raise VerificationError("照合している間に、印刷計画がやり直されました。", "通知書作成からやり直してください。")
    body = VerifiedBody(
        first=rendered.first,
        last=rendered.last,
        pieces=pieces_read,
        pages=pages_read,
        sha256=digests.hexdigest(),
        plan_sha256=plan_sha256,
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return _reference(work, body)


def _reference(work: RoundContext, body: VerifiedBody) -> Verified:
    return Verified(round_id=work.round_id, **body.model_dump(exclude={"kind", "plan_sha256"}))


def _plan_sha256(work: RoundContext) -> str:
    planned = latest(work.entries, PrintPlanned)
    return planned.plan_sha256 if planned else ""


def _read_chunk(work: RoundContext, reader: Reader, postcodes: Postcodes, number: int) -> tuple[int, int, bytes]:
    """Read a chunk back and return its pieces, its pages and the digest of its PDF; nothing of it stays in memory."""
    pieces = work.workspace.read_records(chunk_name(number), PIECES)
    _require_addressees(pieces, work.opened.posting_date, postcodes)
    ranges = work.workspace.read_records(pages_name(number), RANGES)
    content = work.workspace.read(pdf_name(work, number))
    pages = reader.read(pdf_name(work, number), content, pieces, ranges)
    return len(pieces), pages, hashlib.sha256(content).digest()


def _require_addressees(pieces: Iterable[Piece], posting_date: date, postcodes: Postcodes) -> None:
    """Refuse a plan in which a piece goes to another place than its own household's: rows that were shifted by one."""
    for piece in pieces:
        to = piece.recipient.addressee(posting_date)
        if piece.to != to or piece.barcode not in {"", barcode_of(to, postcodes).bars}:
            raise VerificationError(
                f"印刷計画の通し番号 {piece.seq} の宛先が、その世帯の記録と一致しません。",
                "印刷計画からやり直してください。繰り返すときは、引き渡さずにシステム担当へ連絡してください。",
            )


_Fields = tuple[tuple[str, Field, str], ...]
"""Name, field and wording of the fields of one layer of a page."""


@dataclass(frozen=True, slots=True)
class _Layers:
    """The fields that stand on a page: those of the static layer, and the piece's own."""

    still: _Fields
    moving: _Fields


class Reader:
    """Reads chunks back against the round's font and the templates of one kind."""

    def __init__(self, font: Font, templates: dict[Population, Template], issue_date: date, round_id: str) -> None:
        """Keep what all chunks share."""
        self._font = font
        self._templates = templates
        self._issue_date = issue_date
        self._round_id = round_id
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
            pages = PageReader(content, self._font)
        except PageFault as fault:
            raise VerificationError(f"{name} を読めません（{fault}）。", _REMEDY) from None
        try:
            _check_ranges(name, pieces, ranges, len(pages))
            for piece, where in zip(pieces, ranges, strict=True):
                self._read_piece(name, pages, piece, where)
            self._check_whole(name, pages)
            return len(pages)
        finally:
            pages.close()

    def _read_piece(self, name: str, pages: PageReader, piece: Piece, where: PieceRange) -> None:
        population = piece.recipient.population
        template = self._templates[population]
        known = values(piece, template, self._issue_date)
        rest: dict[str, str] = {}
        for number in range(1, where.pages + 1):
            page = where.first_page + number - 1
            sheet: Sheet = "first" if number == 1 else "more"
            layers = self._layers[population, sheet]
            try:
                found = pages.read(page - 1, template, sheet, barcode=bool(piece.barcode) and sheet == "first")
                _require_zone(found, template)
                if found.still is not None:
                    _require_seal(found.seals, template.seal if sheet == "first" else None)
                    _match(found.still, layers.still, known, {})
                    _require_window(found.still, layers.still, template, sheet)
                rest = _match(found.moving, layers.moving, known | numbering(template, number, where.pages), rest)
                _require_nothing_left(rest if number == where.pages else {})
                _require_window(found.moving, layers.moving, template, sheet)
                self._match_codes(found, piece, number, where.pages, known["postcode"])
            except PageFault as fault:
                raise VerificationError(
                    f"{name} の{page}頁（通し番号 {piece.seq}）が記録と一致しません（項目：{fault}）。", _REMEDY
                ) from None

    def _match_codes(self, found: Page, piece: Piece, number: int, pages: int, postcode: str) -> None:
        """Compare both codes, decoded from a picture of the page, with the record."""
        if read_mark(found.mark) != Mark(self._round_id, piece.enclosure_set, piece.piece_id, number, pages):
            raise PageFault("封入機用マーク")
        if number > 1 or not piece.barcode:
            return
        if found.bars != piece.barcode or _postcode_of(found.bars) != postcode.replace("-", ""):
            raise PageFault("カスタマバーコード")

    def _check_whole(self, name: str, pages: PageReader) -> None:
        """Compare the embedded outlines of every character shown with the round's font: a blank or a box is noticed."""
        embedded = Font(pages.font_data)
        # A blank has no ink to compare, and PDFium makes up some that the font need not have.
        glyphs = {self._font.glyph(unit) for unit in pages.units if unit.strip()}
        if 0 in glyphs or any(embedded.extents(glyph) != self._font.extents(glyph) for glyph in glyphs):
            raise VerificationError(f"{name} に埋め込まれた字形が、計画したフォントと一致しません。", _REMEDY)


def _postcode_of(bars: str) -> str:
    try:
        return "".join(decode_bars(bars)[:7])
    except UnreadableBarsError:
        return ""


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
    shown: Sequence[Shown], fields: _Fields, known: Mapping[str, str], rest: Mapping[str, str]
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
            raise PageFault(name)
        if field.continues:
            left[field.continues] = text
    if place < len(shown):
        raise PageFault("様式にない文字")
    return left


def _require_nothing_left(rest: Mapping[str, str]) -> None:
    for name, text in rest.items():
        if text:
            raise PageFault(name)


def _require_zone(found: Page, template: Template) -> None:
    """Refuse text outside the printable zone, whatever its field says."""
    for texts in (found.still, found.moving):
        if texts and (
            min([text.left for text in texts]) < template.margin - _TOLERANCE
            or min([text.top for text in texts]) < template.margin - _TOLERANCE
            or max([text.right for text in texts]) > template.width - template.margin + _TOLERANCE
            or max([text.bottom for text in texts]) > template.height - template.margin + _TOLERANCE
        ):
            raise PageFault("印字できる範囲の外の文字")


def _require_window(shown: Sequence[Shown], fields: _Fields, template: Template, sheet: Sheet) -> None:
    """Refuse what the window can show, however the sheet lies, and is not for the window."""
    if sheet != "first":
        return
    x, y, width, height = template.envelope.ever_seen
    allowed = [field for _, field, _ in fields if field.window]
    for text in shown:
        seen = text.left < x + width and text.right > x and text.top < y + height and text.bottom > y
        if seen and not any(_inside(text, field) for field in allowed):
            raise PageFault("窓から見える文字")


def _require_seal(found: Sequence[Picture], seal: Seal | None) -> None:
    """Compare the images of a static layer with the template's seal, place by place and sample by sample."""
    if len(found) != (1 if seal else 0):
        raise PageFault("印影")
    if seal and found[0].samples != _samples(seal.png):
        raise PageFault("印影")
    if seal and any(abs(here - there) > _EXACT for here, there in zip(found[0].box, seal.box, strict=True)):
        raise PageFault("印影")


@lru_cache(maxsize=len(Population))
def _samples(png: bytes) -> bytes:
    """Return the red, green and blue of every pixel."""
    return bytes(ImageReader(io.BytesIO(png)).getRGBData())  # type: ignore[no-untyped-call]


def _without(text: str, said: str) -> str | None:
    """Return what of a text follows the words of a line; None when the line says anything else.

    Blanks that begin a wrapped line may hang out of the line before.
    """
    for start in (text, text.lstrip()):
        if start.startswith(said):
            return start[len(said) :]
    return None


def _inside(shown: Shown, field: Field) -> bool:
    """Tell whether a text stands wholly in its box; blanks at its end may hang out, and tails below its em."""
    tail = max(_TOLERANCE, _TAIL * shown.size / POINTS)
    return (
        shown.left >= field.x - _TOLERANCE
        and shown.top >= field.y - tail
        and shown.bottom <= field.y + field.h + tail
        and (shown.right <= field.x + field.w + _TOLERANCE or shown.text != shown.text.rstrip())
    )
