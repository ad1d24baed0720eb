"""Returned mail: recorded once per piece and day, followed up until settled, looked up under record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest

from answered import ANSWERED, CANARY, FIELDS, lead_to, release_ready
from mailround.context import RoundContext
from mailround.errors import CountMismatchError, GateClosedError, RegisterError, VaultError
from mailround.forms import Answer, AskAgain, Settled, settle
from mailround.model import Recipient
from mailround.purge import index_path, purge
from mailround.register.entries import (
    MailReturned,
    MailSettled,
    ReturnedShown,
    RoundClosed,
    standing,
)
from mailround.returned_mail import (
    REASONS,
    Line,
    ReturnedMailSettlement,
    list_returned,
    look_up,
    record_returned,
    show_returned,
    unsettled,
)
from mailround.returns import Returns
from prepared import record

AT = ANSWERED[Returns]
CAME = date(2026, 12, 1)
PULLED = "PA000002X"
"""The piece that was acknowledged as pulled."""


def purged(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    release_ready(opened, make_recipient)
    lead_to(Returns, opened)
    purge(opened, at=AT)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    """A posted and purged round, for a run."""
    return replace(round_after(purged), run_id="manual__7")


def came_back(
    work: RoundContext, typed: str, reason: str = "転居先不明", on: date = CAME, by: str = "officer"
) -> tuple[MailReturned, ...]:
    return record_returned(work, typed, reason, on, recorded_by=by, at=AT)


def answer(work: RoundContext, piece_ids: str, **changes: object) -> Settled | AskAgain:
    fields = {"piece_ids": piece_ids, "action": "窓口で交付", "reference": "第12号"} | changes
    given = Answer(option="記録する", fields=fields, responder="officer", answered_at=AT)
    return settle(ReturnedMailSettlement, work, given, at=AT)


def test_each_piece_is_recorded_with_its_reason_and_day_under_the_name_of_who_recorded_it(work: RoundContext) -> None:
    expected = tuple(
        MailReturned(piece_id=each, reason="転居先不明", returned_on=CAME, run_id="manual__7")
        for each in ("PA000003Z", "PA000001V")
    )
    assert came_back(work, "pa000003z、PA000001V") == expected
    assert standing(work.entries, MailReturned) == list(expected)
    assert work.entries[-1].actor == "officer"
    assert unsettled(work.entries) == expected


def test_a_cleared_run_records_nothing_twice_even_when_settled_or_closed(work: RoundContext) -> None:
    came_back(work, "PA000001V PA000003Z")
    answer(work, "すべて")
    entries = work.entries
    assert [each.piece_id for each in came_back(work, "PA000001V PA000003Z")] == ["PA000001V", "PA000003Z"]
    assert work.entries == entries
    record(work, RoundClosed(report_sha256="0" * 64))
    came_back(work, "PA000001V PA000003Z")
    assert len(standing(work.entries, MailReturned)) == 2
    assert not ReturnedMailSettlement.needed(work)


def test_a_killed_run_records_what_was_left(work: RoundContext) -> None:
    record(work, MailReturned(piece_id="PA000001V", reason="転居先不明", returned_on=CAME, run_id="manual__7"))
    assert [each.piece_id for each in came_back(work, "PA000001V PA000003Z")] == ["PA000001V", "PA000003Z"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "番号がありません"),
        ("PA000001V PA000033K", "この回にない番号 1 通（2番目）"),
        ("PA000001V pa000001v", "二度書かれた番号 2 通（1番目、2番目）"),
        (CANARY, "この回にない番号 2 通"),
        ("0000101", "この回にない番号 1 通（1番目）"),
        ("PA000004H PA000001V", "既に記録され、処理を待つ番号 1 通（1番目）"),
    ],
)
def test_a_wrong_id_is_told_by_its_place_and_nothing_is_recorded(work: RoundContext, typed: str, told: str) -> None:
    came_back(replace(work, run_id="manual__6"), "PA000004H")
    before = work.entries
    with pytest.raises(CountMismatchError) as error:
        came_back(work, typed)
    assert told in str(error.value)
    assert not any(each in str(error.value) for each in ("髙﨑", "0000101", "PA000"))
    assert work.entries == before


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reason": CANARY}, "選択肢にありません"),
        ({"reason": "死亡"}, "選択肢にありません"),
        ({"on": date(2026, 11, 23)}, "発送日（2026-11-24）から今日まで"),
        ({"on": date(2026, 12, 9)}, "発送日（2026-11-24）から今日まで"),
        ({"by": "approver"}, "区の取扱者だけ"),
        ({"by": "C-001"}, "区の取扱者だけ"),
    ],
)
def test_what_cannot_be_is_not_recorded(work: RoundContext, changes: dict[str, object], told: str) -> None:
    with pytest.raises(GateClosedError, match=told) as error:
        came_back(work, "PA000001V", **changes)  # type: ignore[arg-type]
    assert CANARY not in str(error.value)
    assert standing(work.entries, MailReturned) == []


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("on", [date(2026, 11, 24), date(2026, 12, 8)])
def test_every_reason_and_the_first_and_last_day_are_good(work: RoundContext, reason: str, on: date) -> None:
    came_back(work, "PA000001V", reason=reason, on=on)


def test_nothing_is_recorded_or_looked_up_before_the_purge_or_after_the_closing(
    open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]
) -> None:
    work = release_ready(open_a_round(), make_recipient)
    lead_to(Returns, work)
    for call in (lambda: came_back(work, "PA000001V"), lambda: list_returned(work), lambda: look_up(work, "P1", at=AT)):
        with pytest.raises(GateClosedError, match="まだありません"):
            call()
    purge(work, at=AT)
    record(work, RoundClosed(report_sha256="0" * 64))
    for call in (lambda: came_back(work, "PA000001V"), lambda: list_returned(work), lambda: look_up(work, "P1", at=AT)):
        with pytest.raises(GateClosedError, match="封書索引は廃棄した"):
            call()
    assert standing(work.entries, ReturnedShown) == []


def test_a_batch_is_settled_part_by_part_and_asked_about_until_nothing_is_left(work: RoundContext) -> None:
    came_back(work, "PA000001V PA000003Z PA000004H")
    assert ReturnedMailSettlement.needed(work)
    first = answer(work, "PA000003Z")
    assert isinstance(first, Settled)
    assert first.asks_again
    assert "PA000003Z" not in ReturnedMailSettlement.body(work)
    last = answer(work, "すべて", action="送付先を確かめて再送", reference="第13号")
    assert isinstance(last, Settled)
    assert not last.asks_again
    assert not ReturnedMailSettlement.needed(work)
    assert unsettled(work.entries) == ()
    done = [(each.piece_id, each.action, each.reference) for each in standing(work.entries, MailSettled)]
    assert done == [
        ("PA000003Z", "窓口で交付", "第12号"),
        ("PA000001V", "送付先を確かめて再送", "第13号"),
        ("PA000004H", "送付先を確かめて再送", "第13号"),
    ]


@pytest.mark.parametrize(
    ("piece_ids", "changes", "told"),
    [
        ("PA000001V PA000001V", {}, "同じ番号が二度"),
        ("PA000001V PA000005K", {}, "この一覧にないものが 1 通"),
        ("なし", {}, "この一覧にないものが 1 通"),
        ("", {}, "「処理した封書の番号」が未入力です"),
        (CANARY, {}, "「処理した封書の番号」が正しくありません"),
        ("PA000001V", {"action": "捨てた"}, "「処理」が正しくありません"),
        ("PA000001V", {"reference": CANARY}, "「起案・記録の番号」が正しくありません"),
    ],
)
def test_a_settlement_of_what_is_not_there_is_asked_again(
    work: RoundContext, piece_ids: str, changes: dict[str, object], told: str
) -> None:
    came_back(work, "PA000001V PA000003Z")
    came_back(replace(work, run_id="manual__8"), "PA000005K")
    outcome = answer(work, piece_ids, **changes)
    assert isinstance(outcome, AskAgain)
    assert any(told in reason for reason in outcome.reasons), outcome.reasons
    assert not any("PA000" in reason or "髙﨑" in reason for reason in outcome.reasons)
    assert len(unsettled(work.entries)) == 3


def test_a_batch_settled_already_takes_no_other_answer(work: RoundContext) -> None:
    came_back(work, "PA000001V")
    answer(work, "すべて")
    ReturnedMailSettlement.body(work)  # a worker killed after the entry asks for the text once more
    for piece_ids in ("すべて", "PA000001V"):
        with pytest.raises(RegisterError, match="既に別の回答"):
            answer(work, piece_ids, action="公示送達")
    assert [each.action for each in standing(work.entries, MailSettled)] == ["窓口で交付"]


def test_a_piece_that_was_sent_again_may_come_back_on_another_day(work: RoundContext) -> None:
    came_back(work, "PA000001V")
    answer(work, "すべて", action="送付先を確かめて再送")
    later = replace(work, run_id="manual__9")
    came_back(later, "PA000001V", on=date(2026, 12, 7))
    assert [each.returned_on for each in unsettled(work.entries)] == [date(2026, 12, 7)]
    assert not ReturnedMailSettlement.needed(work), "the first run has nothing left to ask"
    answer(later, "すべて", action="送付先を確かめて再送")
    assert unsettled(work.entries) == ()


def test_a_run_that_recorded_nothing_has_nothing_to_ask(work: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="この実行の返戻の記録"):
        ReturnedMailSettlement.body(work)


def test_a_piece_that_was_pulled_and_yet_posted_is_recorded_shown_and_told_by_mail(work: RoundContext) -> None:
    came_back(work, f"PA000001V {PULLED}")
    assert f"| `{PULLED}` | 転居先不明（抜き取ったはずの封書） |" in ReturnedMailSettlement.body(work)
    told = ReturnedMailSettlement.warning(work)
    assert "1 通、発送されて戻りました" in told
    assert "PA000" not in told
    assert ReturnedMailSettlement.warning(replace(work, run_id="manual__8")) == ""


def test_the_question_and_its_fields_name_nobody(work: RoundContext) -> None:
    came_back(work, "PA000001V")
    text = ReturnedMailSettlement.body(work)
    assert not any(part in text for part in ("髙﨑", "0000001", "新宿"))
    assert FIELDS.keys().isdisjoint({ReturnedMailSettlement}), "it is no step of the round's own run"


def test_the_follow_up_list_is_recorded_before_it_is_delivered_and_has_what_is_open_first(work: RoundContext) -> None:
    came_back(work, "PA000001V PA000003Z PA000004H")
    answer(work, "PA000001V")
    delivered: list[Sequence[Line]] = []

    def deliver(lines: Sequence[Line]) -> None:
        assert len(standing(work.entries, ReturnedShown)) == len(delivered) + 1
        delivered.append(lines)

    assert show_returned(work, deliver, output="terminal", at=AT) == 3
    assert show_returned(work, deliver, output="xlsx", at=AT) == 3
    assert [line.cells for line in delivered[0]] == [
        ("PA000003Z", "0000003", "転居先不明", "2026-12-01", "未処理", ""),
        ("PA000004H", "0000004", "転居先不明", "2026-12-01", "未処理", ""),
        ("PA000001V", "0000001", "転居先不明", "2026-12-01", "窓口で交付", "第12号"),
    ]
    assert standing(work.entries, ReturnedShown) == [
        ReturnedShown(rows=3, output="terminal", copy_no=1),
        ReturnedShown(rows=3, output="xlsx", copy_no=2),
    ]


def test_a_list_that_could_not_be_delivered_stands_as_shown(work: RoundContext) -> None:
    def fail(_: Sequence[Line]) -> None:
        raise OSError("no printer")

    with pytest.raises(OSError, match="no printer"):
        show_returned(work, fail, output="terminal", at=AT)
    assert len(standing(work.entries, ReturnedShown)) == 1


def test_every_look_up_is_an_entry_and_a_miss_is_none(work: RoundContext) -> None:
    assert look_up(work, " pa000005k ", at=AT) == "0000005"
    assert look_up(work, "PA000005K", at=AT) == "0000005"
    with pytest.raises(CountMismatchError):
        look_up(work, "PA000033K", at=AT)
    assert [each.copy_no for each in standing(work.entries, ReturnedShown)] == [1, 2]


def test_a_lost_index_is_told_and_nothing_is_recorded(work: RoundContext) -> None:
    index_path(work.settings, work.round_id).unlink()
    with pytest.raises(VaultError):
        came_back(work, "PA000001V")
    assert standing(work.entries, MailReturned) == []
