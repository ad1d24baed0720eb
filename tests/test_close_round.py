"""Closing: nothing points to a household any more, and the evidence says what was done."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from mailround.close_round import REQUIRED, close_round, report_path
from mailround.context import RoundContext
from mailround.errors import GateClosedError, RegisterError, VaultError, WorkspaceError
from mailround.evidence import Evidence
from mailround.model import Recipient
from mailround.purge import index_path, purge, read_index
from mailround.register.bodies.custody import KEY_DESTRUCTION
from mailround.register.checkpoint import check, read
from mailround.register.entries import (
    AnyBody,
    Body,
    Correction,
    IncidentClosed,
    IncidentReported,
    ItemsReturned,
    MailReturned,
    ReceiptConfirmed,
    RoundClosed,
    WithdrawalRequested,
    latest,
    standing,
)
from mailround.register.signing_key import make_key
from prepared import AT, CANARY, certify, hand_over, post, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


RETURNED = ItemsReturned(
    discs=1,
    notices=1,
    withdrawn=0,
    spoiled=0,
    elsewhere=0,
    reason="",
    reference="",
    received_by="officer",
    returned_on=AT.date(),
)
REQUEST = WithdrawalRequested(
    request_no=1, piece_ids=("P1",), reason="送付先の変更", requested_by="officer", run_id="w"
)
RETURN = MailReturned(piece_id="P1", reason="宛所不明", returned_on=AT.date(), run_id="r")
INCIDENT = IncidentReported(
    incident_no=1,
    what="紛失",
    noticed_at=AT,
    pieces=1,
    piece_ids=(),
    encrypted=True,
    malicious=False,
    preliminary_by=AT.date(),
    final_by=AT.date(),
    run_id="i",
)


def certified(opened: RoundContext, make_recipient: Maker) -> None:
    make_key(opened.register, opened.settings.checkpoint_key, at=AT)
    print_round(opened, make_recipient)
    hand_over(opened)
    post(opened)
    counted = {"discs": 1, "pieces": 7, "pages": 7}
    record(opened, ReceiptConfirmed(receiver="C-001", received_at=AT, **counted))
    purge(opened, at=AT)
    record(opened, RETURNED)
    certify(opened)


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    return round_after(certified)


def report(work: RoundContext) -> Evidence:
    return Evidence.model_validate_json(report_path(work.settings, work.round_id).read_bytes())


def files(work: RoundContext) -> dict[str, bytes]:
    return {path.suffix: path.read_bytes() for path in report_path(work.settings, work.round_id).parent.iterdir()}


def test_the_piece_index_and_its_key_are_destroyed(work: RoundContext) -> None:
    assert len(read_index(work)) == 7
    close_round(work, at=AT)
    assert not index_path(work.settings, work.round_id).exists()
    assert list(work.settings.vault.rglob("*")) == []
    with pytest.raises(VaultError, match="廃棄済み"):
        read_index(work)


def test_a_closing_that_was_killed_while_it_wrote_the_report_is_finished_by_the_next_try(work: RoundContext) -> None:
    path = report_path(work.settings, work.round_id)
    for suffix in (".json", ".pdf"):
        path.with_name(f".{path.stem}{suffix}.0123456789abcdef.partial").write_bytes(b"half of")
    close_round(work, at=AT)
    assert set(files(work)) == {".json", ".pdf", ".jsonl"}
    assert len(standing(work.entries, RoundClosed)) == 1


def test_the_entry_is_bound_to_both_files_of_the_report(work: RoundContext) -> None:
    close_round(work, at=AT)
    digests = {suffix: hashlib.sha256(content).hexdigest() for suffix, content in files(work).items()}
    assert latest(work.entries, RoundClosed) == RoundClosed(
        report_sha256=digests[".json"], report_json_sha256=digests[".json"], report_pdf_sha256=digests[".pdf"]
    )
    folder = report_path(work.settings, work.round_id).parent
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_report_holds_every_entry_and_the_chains_head(work: RoundContext) -> None:
    before = work.entries
    close_round(work, at=AT)
    told = report(work)
    assert [each.seq for each in told.entries] == [entry.seq for entry in before]
    assert (told.last_entry, told.head) == (before[-1].seq, before[-1].hash)


def test_the_reports_checkpoint_covers_all_that_it_tells(work: RoundContext) -> None:
    last = work.entries[-1].seq
    close_round(work, at=AT)
    checkpoint = read(report(work).checkpoint)
    assert checkpoint.entries >= last
    assert check(work.register, [checkpoint]).chain.entries > checkpoint.entries


def test_the_report_names_no_household(work: RoundContext) -> None:
    close_round(work, at=AT)
    told = files(work)
    paper = "".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(told[".pdf"]))
    assert "".join(KEY_DESTRUCTION.split()) in "".join(paper.split())
    for text in (told[".json"].decode("utf-8"), paper):
        assert CANARY not in text
        assert "0000001" not in text


def test_closing_again_writes_the_same_report_and_records_nothing(work: RoundContext) -> None:
    close_round(work, at=AT)
    first = files(work)
    record(work, Correction(corrects=1, reason="閉じた後の訂正"))
    before = work.register.verify()
    close_round(work, at=AT + timedelta(days=1))
    assert files(work) == first
    assert len(standing(work.entries, RoundClosed)) == 1
    assert work.register.verify() == before


def test_without_the_signing_key_nothing_is_closed(work: RoundContext) -> None:
    work.settings.checkpoint_key.unlink()
    with pytest.raises(VaultError):
        close_round(work, at=AT)
    assert latest(work.entries, RoundClosed) is None


def test_a_cleared_purge_after_closing_changes_nothing(work: RoundContext) -> None:
    close_round(work, at=AT)
    before = work.register.verify()
    purge(work, at=AT)
    assert work.register.verify() == before


@pytest.mark.parametrize("kind", REQUIRED)
def test_every_required_record_is_required(work: RoundContext, kind: type[Body]) -> None:
    [seq] = [entry.seq for entry in work.entries if isinstance(entry.body, kind)]
    record(work, Correction(corrects=seq, reason="試験"))
    with pytest.raises(GateClosedError, match=kind.title):
        close_round(work, at=AT)
    assert index_path(work.settings, work.round_id).exists()
    assert latest(work.entries, RoundClosed) is None


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (RETURNED.model_copy(update={"discs": 0}), "消去の証明がない物（媒体 DVD-0001）"),
        (RETURNED.model_copy(update={"notices": 0}), "消去の証明がない物（パスワード通知書"),
        (REQUEST, "結果の記録がない抜取り（依頼番号 1）"),
        (RETURN, "処理の記録がない返戻（1 通）"),
        (INCIDENT, "終わっていない事故対応（事故番号 1）"),
    ],
)
def test_a_round_is_not_closed_while_something_is_not_accounted_for(
    work: RoundContext, left: AnyBody, told: str
) -> None:
    record(work, left)
    with pytest.raises(GateClosedError) as refused:
        close_round(work, at=AT)
    assert told in refused.value.happened
    assert index_path(work.settings, work.round_id).exists()
    assert latest(work.entries, RoundClosed) is None


def test_a_round_whose_incident_is_closed_can_be_closed(
    work: RoundContext,
) -> None:
    record(work, INCIDENT)
    record(work, IncidentClosed(incident_no=1, outcome="発見", reference="第1号"))
    close_round(work, at=AT)
    assert any(KEY_DESTRUCTION in each.content for each in report(work).entries)


def test_every_missing_record_is_named_at_once(open_a_round: Opener) -> None:
    with pytest.raises(GateClosedError) as refused:
        close_round(open_a_round(), at=AT)
    assert all(kind.title in refused.value.happened for kind in REQUIRED)


def test_a_broken_chain_is_not_closed(work: RoundContext) -> None:
    database = Path(work.settings.register_url.removeprefix("sqlite:///"))
    connection = sqlite3.connect(database)
    [trigger] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'register_entry_no_update'").fetchone()
    connection.execute("DROP TRIGGER register_entry_no_update")
    connection.execute("UPDATE register_entry SET actor = 'someone' WHERE seq = 4")
    connection.execute(trigger)
    connection.commit()
    connection.close()
    with pytest.raises(RegisterError, match="第4号"):
        close_round(work, at=AT)
    assert index_path(work.settings, work.round_id).exists()


def test_a_file_that_came_back_stops_the_closing(work: RoundContext) -> None:
    (work.settings.data / "2026-11-change.csv").write_bytes(b"")
    with pytest.raises(WorkspaceError, match="data 1件"):
        close_round(work, at=AT)
    assert latest(work.entries, RoundClosed) is None
