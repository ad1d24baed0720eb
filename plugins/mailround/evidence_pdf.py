"""The evidence report on paper: what an auditor reads first, the checklist, then every entry of the round."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor, black
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from mailround.errors import PrintError
from mailround.evidence import STATUSES, ControlLine, Evidence
from mailround.fonts import load_font
from mailround.pdf_font import EmbeddedFont
from mailround.settings import CheckSettings

_MARGIN, _FOOT = 18 * mm, 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_ANY_FONT = "Helvetica"
"""Of a draft that is never drawn: it tells which characters the font must hold."""
_FOOT_SIGNS = "0123456789 頁"
_PALE, _LINE = HexColor("#eeeeee"), HexColor("#999999")
_MOST_PROOFS = 6
"""Entries that a row of the checklist names; all of them stand in the list of entries."""
_SIDES = {"W": "区が行う対策", "C": "委託先に行わせる対策"}
_HONEST = (
    "「強制」は、その都度の前提条件として守られたもの、「記録」は、管理簿の記録で示されるもの、「確認」は、保管する書類で示されるもの、"
    "「未確認」は、いずれもないものです。"
)


def draw_evidence(settings: CheckSettings, told: Evidence) -> bytes:
    """Return the report as an A4 PDF; the same report gives the same bytes.

    Raises:
        PrintError: The font lacks a character of the report; nothing is replaced silently.
    """
    title = f"証跡報告書　回 {told.round_id}"
    drafted = _Pages(_ANY_FONT)
    for _ in drafted.story(title, told):
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
    frame = Frame(_MARGIN, _FOOT, _WIDTH, A4[1] - _FOOT - _MARGIN, 0, 0, 0, 0)

    def foot(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFont(font, 8)
        canvas.drawString(_MARGIN, 11 * mm, title)
        canvas.drawRightString(A4[0] - _MARGIN, 11 * mm, f"{canvas.getPageNumber()} 頁")

    document.addPageTemplates(PageTemplate(frames=[frame], onPage=foot))
    document.build([*_Pages(font).story(title, told)])
    return target.getvalue()


class _Pages:
    """The parts of the report in one font."""

    def __init__(self, font: str) -> None:
        self.texts: list[str] = []
        """What was set so far: what the font must hold."""
        plain = ParagraphStyle("plain", fontName=font, fontSize=9, leading=13, wordWrap="CJK")
        self._plain = plain
        self._small = ParagraphStyle("small", plain, fontSize=7.5, leading=10.5)
        self._status = ParagraphStyle("status", self._small, alignment=TA_CENTER)
        self._figure = ParagraphStyle("figure", self._small, alignment=TA_RIGHT)
        self._title = ParagraphStyle("title", plain, fontSize=16, leading=22, spaceAfter=3 * mm)
        self._heading = ParagraphStyle(
            "heading", plain, fontSize=11.5, leading=16, spaceBefore=5 * mm, spaceAfter=2 * mm
        )

    def story(self, title: str, told: Evidence) -> Iterator[Flowable]:
        """Yield the report's parts from the first page on."""
        yield self._text(title, self._title)
        yield self._text("管理簿の記録だけから作成しました。個人情報は含みません。")
        yield Spacer(0, 2 * mm)
        yield self._grid(_facts(told), (34 * mm, _WIDTH - 34 * mm), head=False)
        if told.tally:
            yield self._text("件数の照合", self._heading)
            yield self._grid(
                [(name, f"{count:,}") for name, count in told.tally], (50 * mm, 30 * mm), head=False, right=True
            )
        yield self._text("点検表（区24項目・委託先24項目）", self._heading)
        yield self._text(_summary(told))
        yield self._text(_HONEST, self._small)
        for side, name in _SIDES.items():
            yield Spacer(0, 3 * mm)
            yield self._controls(name, [each for each in told.controls if each.id.startswith(side)])
        yield self._text("受け渡されたもののハッシュ（SHA-256）", self._heading)
        yield self._grid([each for each in told.digests if each[1]], (34 * mm, _WIDTH - 34 * mm), head=False)
        yield self._text("この回の全記録", self._heading)
        lines = [(f"{each.seq}", each.at, each.actor, each.title, each.content) for each in told.entries]
        widths = (11 * mm, 31 * mm, 20 * mm, 30 * mm, _WIDTH - 92 * mm)
        yield self._grid([_COLUMNS, *lines], widths, head=True)
        yield self._text("管理簿の検証", self._heading)
        yield self._text(f"この回の末尾は第{told.last_entry}号、そのハッシュは次のとおりです。")
        yield self._text(told.head)
        if told.checkpoint:
            yield self._text(
                "検証点（register verify に渡すと、この時点までの管理簿が変わっていないことを確かめられます）"
            )
            yield self._text(told.checkpoint)

    def _text(self, text: str, style: ParagraphStyle | None = None) -> Paragraph:
        return self._lines([text], style or self._plain)

    def _lines(self, lines: Sequence[str], style: ParagraphStyle) -> Paragraph:
        self.texts += lines
        return Paragraph("<br/>".join(map(escape, lines)), style)

    def _grid(
        self, lines: Sequence[Sequence[str]], widths: Sequence[float], *, head: bool, right: bool = False
    ) -> Table:
        """Return a table with a head or else a column of labels; ``right``: figures are in the last column."""
        last = self._figure if right else self._small
        cells = [[*(self._text(cell, self._small) for cell in line[:-1]), self._text(line[-1], last)] for line in lines]
        pale = ("BACKGROUND", (0, 0), (-1, 0) if head else (0, -1), _PALE)
        return LongTable(cells, widths, repeatRows=int(head), style=TableStyle([*_RULES, pale]), hAlign="LEFT")

    def _controls(self, name: str, lines: Sequence[ControlLine]) -> Table:
        """Return the rows of one side: number, promise, status, and the entries that show it."""
        cells = [
            [self._text(each, self._small) for each in ("番号", name, "状態", "証拠（管理簿の番号・日時・取扱者）")]
        ]
        for each in lines:
            status = self._text(STATUSES[each.status], self._status)
            cells.append(
                [self._text(each.id, self._small), self._text(each.text, self._small), status, self._proofs(each)]
            )
        boxes = [("BOX", (2, row), (2, row), 1.2, black) for row, each in enumerate(lines, 1) if each.status == "open"]
        style = TableStyle([*_RULES, ("BACKGROUND", (0, 0), (-1, 0), _PALE), *boxes])
        return LongTable(cells, (10 * mm, 76 * mm, 13 * mm, _WIDTH - 99 * mm), repeatRows=1, style=style)

    def _proofs(self, line: ControlLine) -> Paragraph:
        shown = line.proofs[-_MOST_PROOFS:]
        told = [f"第{each.seq}号 {each.title}　{each.at[:16]}　{each.actor}" for each in shown]
        if len(line.proofs) > len(shown):
            told.insert(0, f"ほか{len(line.proofs) - len(shown)}件")
        return self._lines(told, self._small)


_COLUMNS = ("番号", "日時", "取扱者", "種別", "内容")
_RULES = (
    ("GRID", (0, 0), (-1, -1), 0.4, _LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 2.5),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
)


def _facts(told: Evidence) -> list[tuple[str, str]]:
    return [
        ("発送種別", told.round_kind),
        ("契約・委託先", "　".join(filter(None, (told.contract, told.contractor)))),
        ("発行日・発送予定日", f"{told.issue_date}　{told.posting_date}"),
        ("開始者・データ出力者", "　".join(filter(None, (told.triggered_by, told.extracted_by)))),
    ]


def _summary(told: Evidence) -> str:
    return "　".join(f"{name} {told.count(status)}項目" for status, name in STATUSES.items())
