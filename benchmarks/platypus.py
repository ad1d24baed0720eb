"""The straightforward version: the notice as reportlab's own layout engine makes it, in paragraphs and tables.

What one writes in an afternoon with reportlab's user guide open: the font registered as a TTFont, the data escaped
into paragraphs, the amounts in a table, both codes as flowables. reportlab's own Data Matrix knows one size only, 44
× 44 modules, which is not this page's; so the modules come from zint, as ours do.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from comparison import change_notice, issued, runs
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table
from writer import FONT, measure
from writer import PIECES as FILE

from mailround.barcodes import BAR_ENDS, BAR_HEIGHT, BAR_MM
from mailround.composition import values
from mailround.inserter_mark import MarkPrinter
from mailround.model import AID_KINDS, Piece
from mailround.plan_print import PIECES
from mailround.templates import Template

_NAME = "IPAmj"


def _style(size: float, leading: float = 1.25, **more: object) -> ParagraphStyle:
    return ParagraphStyle("", fontName=_NAME, fontSize=size, leading=size * leading, wordWrap="CJK", **more)


_TEXT, _RIGHT, _SMALL_RIGHT = _style(10.5), _style(10.5, alignment=TA_RIGHT), _style(8.5, alignment=TA_RIGHT)
_ADDRESSEE, _ISSUER, _SMALL = _style(13), _style(12, alignment=TA_RIGHT), _style(7)
_TITLE, _SENTENCE, _CELL = _style(17, alignment=TA_CENTER), _style(10.5, 1.5), _style(10, 1.3)
_REASON, _APPEAL_TITLE, _APPEAL = _style(10, 1.4), _style(9), _style(8.5, 1.3)
_CONTACT, _PAGE_NO = _style(9, 1.35), _style(9, alignment=TA_CENTER)

_LINE, _BLACK = 0.2 * mm, (0, 0, 0)
_SIDE, _MARK_X = 18 * mm - 6, 176 * mm
"""Margin, less the six points that reportlab pads a frame with; the mark's place from the text's left edge."""
_BARE = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_BARE += [("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0)]
_RULED = [
    ("GRID", (0, 0), (-1, -1), _LINE, _BLACK),
    ("FONT", (0, 0), (-1, -1), _NAME, 10),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]
_AMOUNTS = [*_RULED, ("ALIGN", (0, 0), (-1, 0), "CENTER"), ("ALIGN", (1, 1), (-1, -1), "RIGHT")]
_DETAILS = [*_RULED, ("ALIGN", (0, 0), (0, -1), "CENTER")]


class Modules(Flowable):
    """The inserter's Data Matrix, in the margin beside the text: runs of dark modules."""

    def __init__(self, rows: bytes, count: int, side: float) -> None:
        """Keep the symbol; takes no room in the text."""
        super().__init__()
        self._rows, self._count, self._side = rows, count, side

    def wrap(self, *_: float) -> tuple[float, float]:
        """Take no room."""
        return 0, 0

    def draw(self) -> None:
        """Draw the dark modules."""
        for row, column, length in runs(self._rows, self._count):
            self.canv.rect(
                _MARK_X + column * self._side,
                -(row + 1) * self._side,
                length * self._side,
                self._side,
                stroke=0,
                fill=1,
            )


class Bars(Flowable):
    """The customer barcode."""

    def __init__(self, letters: str, point: float) -> None:
        """Keep the bars and their size."""
        super().__init__()
        self._letters, self._unit = letters, BAR_MM * mm * point / 10

    def wrap(self, *_: float) -> tuple[float, float]:
        """Take the room of all bars."""
        return 2 * len(self._letters) * self._unit, BAR_HEIGHT * self._unit

    def draw(self) -> None:
        """Draw the bars."""
        unit = self._unit
        for number, letter in enumerate(self._letters):
            bottom, top = BAR_ENDS[letter]
            self.canv.rect(2 * number * unit, bottom * unit, unit, (top - bottom) * unit, stroke=0, fill=1)


def prepare(folder: Path) -> tuple[Sequence[Piece], Callable[[Sequence[Piece]], bytes]]:
    """Register the font."""
    pdfmetrics.registerFont(TTFont(_NAME, str(folder / FONT)))
    templates = change_notice()
    round_id, issue_date = issued(folder)

    def write(pieces: Sequence[Piece]) -> bytes:
        file = io.BytesIO()
        document = SimpleDocTemplate(
            file, pagesize=A4, leftMargin=_SIDE, rightMargin=_SIDE, topMargin=10 * mm, bottomMargin=6 * mm, lang="ja-JP"
        )
        story: list[Flowable] = []
        for piece in pieces:
            story += _notice(piece, templates[piece.recipient.population], round_id, issue_date)
        document.build(story)
        return file.getvalue()

    return PIECES.validate_json((folder / FILE).read_bytes()), write


def _notice(piece: Piece, template: Template, round_id: str, issue_date: date) -> list[Flowable]:
    known = {name: escape(text) for name, text in values(piece, template, issue_date).items()}
    wording = {name: template.wording(field).format_map(known | _PAGE) for name, field in template.fields.items()}
    texts = template.texts

    def text(name: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(wording[name].replace("\n", "<br/>"), style)

    marks = MarkPrinter(round_id, piece.enclosure_set)
    head = [
        [text("postcode", _TEXT), text("address", _TEXT), text("building", _TEXT), Spacer(0, 2 * mm)],
        [text("addressee", _ADDRESSEE), text("on_behalf", _CONTACT), Spacer(0, 2 * mm)],
        [text("piece_id", _SMALL), Spacer(0, 2 * mm)],
        [Bars(piece.barcode, template.barcode.point)],
    ]
    left = [each for part in head for each in part]
    right = [
        text("document_no", _RIGHT),
        text("issue_date", _RIGHT),
        Spacer(0, 10 * mm),
        text("issuer", _ISSUER),
        text("seal", _SMALL_RIGHT),
    ]
    rows = [["区分", "変更前", "変更後", "増減"]]
    rows += [[texts[f"label_{kind}"], *_amounts(known, kind)] for kind in (*AID_KINDS, "income", "total")]
    dates = [["変更年月日", known["effective_date"], "決定年月日", known["decision_date"]]]
    details = [
        ["支給日・方法", f"{known['payment_date']}　{known['payment_method']}"],
        ["根拠法令", text("basis", _CELL)],
        ["決定の理由", text("reason", _REASON)],
    ]
    return [
        Table([[left, right]], colWidths=[94 * mm, 80 * mm], rowHeights=[52 * mm], style=_BARE),
        text("title", _TITLE),
        Spacer(0, 5 * mm),
        Table(
            [[text("head_label", _TEXT), text("head", _TEXT), text("case_no", _RIGHT)]],
            colWidths=[24 * mm, 98 * mm, 52 * mm],
            style=_BARE,
        ),
        Spacer(0, 3 * mm),
        text("sentence", _SENTENCE),
        text("unit", _SMALL_RIGHT),
        Modules(marks.rows(piece.piece_id, 1, 1), marks.modules, template.mark.module * mm),
        Table(
            rows, colWidths=[54 * mm, *[40 * mm] * 3], rowHeights=[6.5 * mm, *[5.5 * mm] * 9, 7 * mm], style=_AMOUNTS
        ),
        Spacer(0, 3.5 * mm),
        Table(dates, colWidths=[30 * mm, 57 * mm] * 2, rowHeights=[6.5 * mm], style=_DETAILS),
        Table(details, colWidths=[30 * mm, 144 * mm], rowHeights=[6.5 * mm, 10 * mm, 33 * mm], style=_DETAILS),
        Spacer(0, 2 * mm),
        text("appeal_title", _APPEAL_TITLE),
        text("appeal", _APPEAL),
        Spacer(0, 2 * mm),
        Table(
            [["問合せ先", text("contact", _CONTACT)]],
            colWidths=[30 * mm, 144 * mm],
            rowHeights=[10 * mm],
            style=_DETAILS,
        ),
        Spacer(0, 2 * mm),
        text("page_no", _PAGE_NO),
        PageBreak(),
    ]


_PAGE = {"page": "1", "pages": "1", "continued": ""}


def _amounts(known: dict[str, str], what: str) -> list[str]:
    return [known[f"{time}_{what}"] for time in ("before", "after", "difference")]


if __name__ == "__main__":
    measure(prepare)
