"""The evidence report on paper: what an auditor reads first, the checklist, then every entry of the round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, Paragraph, Spacer, Table, TableStyle

from mailround.evidence import STATUSES, ControlLine, Evidence
from mailround.report_pages import PALE, WIDTH, Sheet, build
from mailround.settings import CheckSettings

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
    return build(settings, title, lambda sheet: _story(sheet, title, told))


def _story(sheet: Sheet, title: str, told: Evidence) -> Iterator[Flowable]:
    """Yield the report's parts from the first page on."""
    yield sheet.text(title, sheet.title)
    yield sheet.text("管理簿の記録だけから作成しました。個人情報は含みません。")
    yield Spacer(0, 2 * mm)
    yield sheet.grid(_facts(told), (34 * mm, WIDTH - 34 * mm), head=False)
    if told.tally:
        yield sheet.text("件数の照合", sheet.heading)
        yield sheet.grid(
            [(name, f"{count:,}") for name, count in told.tally], (50 * mm, 30 * mm), head=False, figures=1
        )
    yield sheet.text("点検表（区24項目・委託先24項目）", sheet.heading)
    yield sheet.text(_summary(told))
    yield sheet.text(_HONEST, sheet.small)
    for side, name in _SIDES.items():
        yield Spacer(0, 3 * mm)
        yield _controls(sheet, name, [each for each in told.controls if each.id.startswith(side)])
    yield sheet.text("受け渡されたもののハッシュ（SHA-256）", sheet.heading)
    yield sheet.grid([each for each in told.digests if each[1]], (34 * mm, WIDTH - 34 * mm), head=False)
    yield sheet.text("この回の全記録", sheet.heading)
    lines = [(f"{each.seq}", each.at, each.actor, each.title, each.content) for each in told.entries]
    widths = (11 * mm, 31 * mm, 20 * mm, 30 * mm, WIDTH - 92 * mm)
    yield sheet.grid([_COLUMNS, *lines], widths, head=True)
    yield sheet.text("管理簿の検証", sheet.heading)
    yield sheet.text(f"この回の末尾は第{told.last_entry}号、そのハッシュは次のとおりです。")
    yield sheet.text(told.head)
    if told.checkpoint:
        yield sheet.text("検証点（register verify に渡すと、この時点までの管理簿が変わっていないことを確かめられます）")
        yield sheet.text(told.checkpoint)


def _controls(sheet: Sheet, name: str, lines: Sequence[ControlLine]) -> Table:
    """Return the rows of one side: number, promise, status, and the entries that show it."""
    cells = [[sheet.text(each, sheet.small) for each in ("番号", name, "状態", "証拠（管理簿の番号・日時・取扱者）")]]
    for each in lines:
        status = sheet.text(STATUSES[each.status], sheet.centred)
        cells.append(
            [sheet.text(each.id, sheet.small), sheet.text(each.text, sheet.small), status, _proofs(sheet, each)]
        )
    boxes = [("BOX", (2, row), (2, row), 1.2, black) for row, each in enumerate(lines, 1) if each.status == "open"]
    style = TableStyle([*sheet.rules, ("BACKGROUND", (0, 0), (-1, 0), PALE), *boxes])
    return LongTable(cells, (10 * mm, 76 * mm, 13 * mm, WIDTH - 99 * mm), repeatRows=1, style=style)


def _proofs(sheet: Sheet, line: ControlLine) -> Paragraph:
    shown = line.proofs[-_MOST_PROOFS:]
    told = [f"第{each.seq}号 {each.title}　{each.at[:16]}　{each.actor}" for each in shown]
    if len(line.proofs) > len(shown):
        told.insert(0, f"ほか{len(line.proofs) - len(shown)}件")
    return sheet.lines(told, sheet.small)


_COLUMNS = ("番号", "日時", "取扱者", "種別", "内容")


def _facts(told: Evidence) -> list[tuple[str, str]]:
    return [
        ("発送種別", told.round_kind),
        ("契約・委託先", "　".join(filter(None, (told.contract, told.contractor)))),
        ("発行日・発送予定日", f"{told.issue_date}　{told.posting_date}"),
        ("開始者・データ出力者", "　".join(filter(None, (told.triggered_by, told.extracted_by)))),
    ]


def _summary(told: Evidence) -> str:
    return "　".join(f"{name} {told.count(status)}項目" for status, name in STATUSES.items())
