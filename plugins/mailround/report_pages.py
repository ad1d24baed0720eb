"""A report of many pages: Japanese text and tables that flow, with the font embedded.

The story is told twice: to a draft, which tells what the font must hold, and to the paper.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, LongTable, PageTemplate, Paragraph, Table, TableStyle

from mailround.errors import PrintError
from mailround.fonts import load_font
from mailround.pdf_font import EmbeddedFont
from mailround.settings import CheckSettings

_MARGIN, _FOOT = 18 * mm, 20 * mm
WIDTH = A4[0] - 2 * _MARGIN
"""Between the margins, in points."""
PALE, LINE = HexColor("#eeeeee"), HexColor("#999999")
_RULES = (
    ("GRID", (0, 0), (-1, -1), 0.4, LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 2.5),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
)
_ANY_FONT = "Helvetica"
"""Of a draft that is never drawn: it tells which characters the font must hold."""
_FOOT_SIGNS = "0123456789 頁"


class Sheet:
    """The parts of a report in one font."""

    def __init__(self, font: str) -> None:
        """Make the styles."""
        self.font = font
        # A table sets its own font before each cell, whatever the cell's is: the file would list one that is not in it.
        self.rules = (*_RULES, ("FONTNAME", (0, 0), (-1, -1), font))
        """How every table looks."""
        self.texts: list[str] = []
        """What was set so far: what the font must hold."""
        self.plain = ParagraphStyle("plain", fontName=font, fontSize=9, leading=13, wordWrap="CJK")
        self.small = ParagraphStyle("small", self.plain, fontSize=7.5, leading=10.5)
        self.centred = ParagraphStyle("centred", self.small, alignment=TA_CENTER)
        self.figure = ParagraphStyle("figure", self.small, alignment=TA_RIGHT)
        self.title = ParagraphStyle("title", self.plain, fontSize=16, leading=22, spaceAfter=3 * mm)
        self.heading = ParagraphStyle(
            "heading", self.plain, fontSize=11.5, leading=16, spaceBefore=5 * mm, spaceAfter=2 * mm
        )

    def text(self, text: str, style: ParagraphStyle | None = None) -> Paragraph:
        """Return one paragraph; what looks like markup is printed as it is."""
        return self.lines([text], style or self.plain)

    def lines(self, lines: Sequence[str], style: ParagraphStyle) -> Paragraph:
        """Return lines that stay under each other."""
        self.texts += lines
        return Paragraph("<br/>".join(map(escape, lines)), style)

    def grid(
        self, lines: Sequence[Sequence[str]], widths: Sequence[float], *, head: bool, figures: int | None = None
    ) -> Table:
        """Return a table with a head or else a column of labels.

        Args:
            lines: The cells.
            widths: Of the columns.
            head: Whether the first line is one.
            figures: The column from which on figures stand, at its right end.
        """
        from_column = len(widths) if figures is None else figures
        cells = [
            [self.text(cell, self.figure if at >= from_column else self.small) for at, cell in enumerate(line)]
            for line in lines
        ]
        pale = ("BACKGROUND", (0, 0), (-1, 0) if head else (0, -1), PALE)
        return LongTable(cells, widths, repeatRows=int(head), style=TableStyle([*self.rules, pale]), hAlign="LEFT")


def build(settings: CheckSettings, title: str, story: Callable[[Sheet], Iterable[Flowable]]) -> bytes:
    """Return the report as an A4 PDF with title and page number at the foot; the same story gives the same bytes.

    Raises:
        PrintError: The font lacks a character of the report; nothing is replaced silently.
    """
    drafted = Sheet(_ANY_FONT)
    for _ in story(drafted):
        pass
    texts = [*drafted.texts, title, _FOOT_SIGNS]
    full = load_font(settings)
    if full.missing("".join(texts)):
        raise PrintError(f"「{title}」に印字できない文字があります。", "システム担当へ連絡してください。")
    font = EmbeddedFont(full.subset(texts)).fontName
    target = io.BytesIO()
    document = BaseDocTemplate(
        target, pagesize=A4, title=title, invariant=1, initialFontName=font, leftMargin=_MARGIN, rightMargin=_MARGIN
    )
    frame = Frame(_MARGIN, _FOOT, WIDTH, A4[1] - _FOOT - _MARGIN, 0, 0, 0, 0)

    def foot(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFont(font, 8)
        canvas.drawString(_MARGIN, 11 * mm, title)
        canvas.drawRightString(A4[0] - _MARGIN, 11 * mm, f"{canvas.getPageNumber()} 頁")

    document.addPageTemplates(PageTemplate(frames=[frame], onPage=foot))
    document.build([*story(Sheet(font))])
    return target.getvalue()
