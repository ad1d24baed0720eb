"""Returned mail at the command: a case, the follow-up list, and an entry for every look."""

from __future__ import annotations

import io
import stat
import zipfile
from datetime import date
from pathlib import Path

import pytest
from commanded import Run

from mailround.context import RoundContext
from mailround.purge import purge
from mailround.register.entries import MailReturned, MailSettled, ReturnedShown, standing
from prepared import AT, hand_over, post, record

CAME = date(2026, 11, 30)


@pytest.fixture
def purged(work: RoundContext) -> RoundContext:
    """A purged round to which two pieces came back, one of them settled."""
    hand_over(work)
    post(work)
    purge(work, at=AT)
    for piece_id, reason in (("PA000002X", "転居先不明"), ("PA000003Z", "受取拒否")):
        record(work, MailReturned(piece_id=piece_id, reason=reason, returned_on=CAME, run_id="manual__1"))
    record(work, MailSettled(piece_id="PA000002X", returned_on=CAME, action="窓口で交付", reference="第12号"))
    return work


def test_a_returned_piece_leads_to_its_case_once_the_round_is_purged_and_every_look_is_recorded(
    run: Run, work: RoundContext
) -> None:
    early = run("returned", "case", work.round_id, "PA000002X")
    assert early.exit_code == 2
    assert "索引は廃棄の工程でできます" in early.stderr
    hand_over(work)
    post(work)
    purge(work, at=AT)
    found = run("returned", "case", work.round_id, "PA000002X")
    assert (found.exit_code, found.stdout.strip()) == (0, "0000002")
    assert run("returned", "case", work.round_id, "pa000002x").stdout == found.stdout
    unknown = run("returned", "case", work.round_id, "P000YGHZJ")
    assert unknown.exit_code == 2
    assert "この回にありません" in unknown.stderr
    assert [(each.rows, each.copy_no) for each in standing(work.entries, ReturnedShown)] == [(1, 1), (1, 2)]


def test_the_list_shows_what_is_to_be_done_first(run: Run, purged: RoundContext) -> None:
    shown = run("returned", "show", purged.round_id)
    assert shown.exit_code == 0
    assert shown.stdout.index("0000003") < shown.stdout.index("0000002")
    assert "未処理" in shown.stdout
    assert "窓口で交付" in shown.stdout
    assert standing(purged.entries, ReturnedShown) == [ReturnedShown(rows=2, output="terminal", copy_no=1)]


def test_the_list_goes_into_a_private_spreadsheet_that_was_not_there(
    run: Run, purged: RoundContext, tmp_path: Path
) -> None:
    target = tmp_path / "returned.xlsx"
    written = run("returned", "show", purged.round_id, "--xlsx", target)
    assert written.exit_code == 0
    assert "暗号化されていません" in written.stdout
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as book:
        assert "0000003" in book.read("xl/sharedStrings.xml").decode("utf-8")
    again = run("returned", "show", purged.round_id, "--xlsx", target)
    assert again.exit_code == 2
    assert len(standing(purged.entries, ReturnedShown)) == 1, "what cannot be written is not shown"
    assert run("returned", "show", purged.round_id, "--xlsx", tmp_path / "a.csv").exit_code == 2


def test_a_round_without_returned_mail_says_so(run: Run, purged_empty: RoundContext) -> None:
    shown = run("returned", "show", purged_empty.round_id)
    assert "返戻の記録はありません" in shown.stdout


@pytest.fixture
def purged_empty(work: RoundContext) -> RoundContext:
    hand_over(work)
    post(work)
    purge(work, at=AT)
    return work
