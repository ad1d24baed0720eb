"""The hold list: everybody under every rule, the showing recorded first, and a spreadsheet of texts alone."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from answered import report
from mailround.context import ROUND_KEY, RoundContext
from mailround.errors import GateClosedError, PrintError, WorkspaceError
from mailround.hold_list import COLUMNS, Line, list_holds, show_holds, spreadsheet
from mailround.hold_release import write_release
from mailround.model import Recipient
from mailround.records import write_recipients
from mailround.register.entries import HoldsReleased, HoldsShown, QualityChecked, standing
from prepared import AT, record

LINE = Line("保留", "0000001", "01", "W01", "A04", "郵便番号と住所が一致しません。", "確認してください。", "")


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]) -> RoundContext:
    """Seven households in three districts; some were found by more than one rule, and one is released from one."""
    opened = open_a_round()
    districts = ("03", "02", "01", "01", "01", "02", "03")
    write_recipients(
        opened.workspace,
        [make_recipient(record_no=each, district=district) for each, district in enumerate(districts, 1)],
    )
    report(
        opened,
        rows=7,
        A04=("0000001", "0000003", "0000005"),
        C01=("0000002", "0000003"),
        C02=("0000003", "0000004"),
        P01=("0000005", "0000006"),
        P07=("0000006", "0000007"),
    )
    checked = {"rows": 7, "printable": 1, "held": 3, "excluded": 2, "counter": 1, "warned": 2}
    record(opened, QualityChecked(export_sha256="e" * 64, findings={}, checked_sha256="c" * 64, **checked))
    said = {"rule": "A04", "cases": 1, "reason": "データは正しい（例外）", "reference": "第1号"}
    sha256 = write_release(opened, "A04", ["0000001"])
    record(opened, HoldsReleased(checked_sha256="c" * 64, sha256=sha256, answered_at=AT, **said))
    return opened


def test_it_lists_by_kind_and_rule_then_by_district_and_sends_nobody_to_the_counter_who_gets_nothing(
    work: RoundContext,
) -> None:
    assert [(line.kind, line.rule, line.district, line.case_no, line.state) for line in list_holds(work)] == [
        ("保留", "A04", "01", "0000003", ""),
        ("保留", "A04", "03", "0000001", "解除済み"),
        ("保留", "C01", "01", "0000003", ""),
        ("保留", "C01", "02", "0000002", ""),
        ("対象外", "P01", "01", "0000005", ""),
        ("対象外", "P01", "02", "0000006", ""),
        ("窓口交付", "P07", "03", "0000007", ""),
        ("注意", "C02", "01", "0000003", ""),
        ("注意", "C02", "01", "0000004", ""),
    ]
    assert all(line.remedy.endswith("。") for line in list_holds(work))


def test_every_showing_is_recorded_before_it_is_made(work: RoundContext) -> None:
    def deliver(lines: Sequence[Line]) -> None:
        assert [each.copy_no for each in standing(work.entries, HoldsShown)][-1] == len(shown) + 1
        shown.append(len(lines))

    def break_down(_: Sequence[Line]) -> None:
        raise OSError

    shown: list[int] = []
    assert show_holds(work, deliver, output="terminal", at=AT) == 9
    assert show_holds(work, deliver, output="xlsx", at=AT) == 9
    with pytest.raises(OSError):  # noqa: PT011 - whatever the printer does
        show_holds(work, break_down, output="xlsx", at=AT)
    assert standing(work.entries, HoldsShown) == [
        HoldsShown(rows=9, output="terminal", copy_no=1),
        HoldsShown(rows=9, output="xlsx", copy_no=2),
        HoldsShown(rows=9, output="xlsx", copy_no=3),
    ]


def test_everybody_who_looks_at_once_is_recorded(work: RoundContext) -> None:
    def look(viewer: str) -> int:
        return show_holds(work, lambda _: None, output="console", at=AT, viewer=viewer)

    viewers = [f"viewer{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(look, viewers)) == [9] * 4
    shown = [entry for entry in work.entries if isinstance(entry.body, HoldsShown)]
    assert {entry.actor for entry in shown} == set(viewers)
    assert [entry.body.copy_no for entry in shown if isinstance(entry.body, HoldsShown)] == [1, 2, 3, 4]


def test_a_round_that_was_not_checked_or_is_destroyed_has_no_list(open_a_round: Callable[..., RoundContext]) -> None:
    work = open_a_round()
    with pytest.raises(WorkspaceError, match="quality/report"):
        show_holds(work, print, output="terminal", at=AT)
    work.vault.destroy(work.round_id, ROUND_KEY)
    with pytest.raises(GateClosedError, match="鍵とともに廃棄した"):
        show_holds(work, print, output="terminal", at=AT)
    assert standing(work.entries, HoldsShown) == []


AWKWARD = (
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "http://example.test/x",
    "mailto:a@example.test",
    "{=1+1}",
    "0000101",
    "1E5",
    "<b>&amp;",
    "\x0b_x0041_",
    "𠮷\U000e0100　髙﨑",
    " 前後の空白 ",
)


def test_the_spreadsheet_has_a_sheet_for_every_kind_and_nothing_in_it_but_texts() -> None:
    lines = [Line("保留", text, text, text, "A04", text, text, "") for text in AWKWARD] + [
        Line("窓口交付", "0000002", "01", "W01", "P07", "窓口交付です。", "交付してください。", "")
    ]
    with zipfile.ZipFile(io.BytesIO(spreadsheet(lines, at=AT))) as book:
        names = book.namelist()
        sheets = [book.read(name).decode() for name in sorted(names) if name.startswith("xl/worksheets/sheet")]
        workbook, shared = book.read("xl/workbook.xml").decode(), book.read("xl/sharedStrings.xml").decode()
    assert re.findall(r'<sheet name="([^"]+)"', workbook) == ["保留", "窓口交付"]
    assert not [name for name in names if "_rels" in name and "sheet" in name], "no link leads anywhere"
    for sheet in sheets:
        cells = re.findall(r"<c [^>]*>", sheet)
        assert cells
        assert all('t="s"' in cell for cell in cells if "/>" not in cell)
        assert not re.search(r"<f[ >]|<hyperlink", sheet)
    assert len(re.findall(r"<row ", sheets[0])) == len(AWKWARD) + 1
    for column in COLUMNS:
        assert f">{column}</t>" in shared
    for told in ("=cmd|'/C calc'!A0", "{=1+1}", "&lt;b&gt;&amp;amp;", "_x000B__x005F_x0041_", "𠮷\U000e0100　髙﨑"):
        assert f">{told}</t>" in shared
    assert ' xml:space="preserve"> 前後の空白 </t>' in shared


def test_an_empty_list_is_still_a_spreadsheet() -> None:
    with zipfile.ZipFile(io.BytesIO(spreadsheet((), at=AT))) as book:
        assert "保留" in book.read("xl/workbook.xml").decode()


def test_a_text_that_no_cell_holds_is_not_left_out_in_silence() -> None:
    too_long = Line("保留", "0000001", "あ" * 32_768, "W01", "A04", "", "", "")
    with pytest.raises(PrintError, match="入りません"):
        spreadsheet([LINE, too_long], at=AT)
    assert spreadsheet([LINE], at=AT)


def test_the_spreadsheet_leaves_no_file_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("temporary")
    folder.chmod(0o500)
    monkeypatch.setattr("tempfile.tempdir", str(folder / "missing"))  # whoever writes there fails
    assert spreadsheet([LINE] * 1_000, at=AT)
