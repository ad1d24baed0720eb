"""The receipt: counts made by the contractor, recorded as they are, and nothing goes on until they agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from answered import ANSWERED, answer, day, lead_to, refused, release_ready, settled, take_back
from mailround.context import RoundContext
from mailround.errors import GateClosedError, RegisterError
from mailround.forms import settle
from mailround.model import Recipient
from mailround.posting import Posting
from mailround.receipt import Receipt
from mailround.register.entries import MediaHandedOver, PasswordHandedOver, ReceiptConfirmed, ReceiptDisputed, standing
from mailround.settings import TOKYO


def with_the_contractor(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    release_ready(opened, make_recipient)
    lead_to(Receipt, opened)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(with_the_contractor)


def test_counts_that_agree_are_the_receipt(work: RoundContext) -> None:
    outcome = settled(Receipt, work)
    assert outcome.body == ReceiptConfirmed(
        receiver="C-002", received_at=day(11, 16, 15).astimezone(TOKYO), discs=1, pieces=7, pages=9
    )
    assert not outcome.asks_again
    assert Receipt.warning(work) == ""


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"discs": 2}, "媒体 引渡し 1 枚・受領 2 枚"),
        ({"discs": 0}, "媒体 引渡し 1 枚・受領 0 枚"),
        ({"pieces": 6}, "通知書 引渡し 7 通・受領 6 通"),
        ({"pieces": 8}, "通知書 引渡し 7 通・受領 8 通"),
        ({"pages": 7}, "頁数 引渡し 9 頁・受領 7 頁"),
        ({"pieces": 6, "pages": 8}, "通知書 引渡し 7 通・受領 6 通、頁数 引渡し 9 頁・受領 8 頁"),
    ],
)
def test_counts_that_differ_are_recorded_told_and_asked_for_again(
    work: RoundContext, counts: dict[str, int], told: str
) -> None:
    before = Receipt.body(work)
    outcome = settled(Receipt, work, **counts)
    assert isinstance(outcome.body, ReceiptDisputed)
    assert outcome.asks_again
    assert outcome.goes_on
    assert Receipt.needed(work)
    assert standing(work.entries, ReceiptConfirmed) == []
    assert told not in before
    assert told in Receipt.body(work)
    assert told in Receipt.warning(work)


def test_nothing_is_posted_on_counts_that_differ(work: RoundContext) -> None:
    settled(Receipt, work, pieces=6)
    with pytest.raises(GateClosedError, match="受領の確認"):
        Posting.body(work)
    with pytest.raises(GateClosedError, match="受領の確認"):
        settle(Posting, work, answer(Posting), at=day(11, 25))


def test_a_recount_that_agrees_is_the_receipt_and_both_stay_in_the_register(work: RoundContext) -> None:
    settled(Receipt, work, pieces=6)
    settled(Receipt, work, pieces=6)  # a worker killed after the entry
    settled(Receipt, work, pieces=8)
    settled(Receipt, work)
    assert [each.pieces for each in standing(work.entries, ReceiptDisputed)] == [6, 8]
    assert not Receipt.needed(work)
    assert Receipt.warning(work) == "", "it is settled: nobody need be told again when the task is cleared"
    Posting.body(work)


def test_an_earlier_count_given_again_after_the_receipt_is_no_further_entry(work: RoundContext) -> None:
    for pieces in (6, 8, 7):
        settled(Receipt, work, pieces=pieces)
    before = work.entries
    settled(Receipt, work, pieces=6)
    assert work.entries == before


def test_no_dispute_comes_after_the_receipt(work: RoundContext) -> None:
    settled(Receipt, work)
    with pytest.raises(RegisterError, match="既に別の回答"):
        settle(Receipt, work, answer(Receipt, pieces=6), at=ANSWERED[Receipt])
    assert standing(work.entries, ReceiptDisputed) == []


def test_the_question_does_not_tell_the_numbers_that_are_to_be_found(work: RoundContext) -> None:
    text = Receipt.body(work)
    assert "DVD-0001" in text
    assert not any(number in text for number in ("7 通", "9 頁", "1 枚"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"received_at": "2026-11-16T11:19"}, "パスワード通知書の引渡し（2026-11-16 11:20）以後"),
        ({"received_at": "2026-11-17T15:01"}, "回答した時刻より後"),
        ({"received_at": "2026-11-16"}, "「受領を確認した日時」が正しくありません"),
        ({"receiver": "officer"}, "`C-001`、`C-002`"),
        ({"receiver": "C-999"}, "`C-001`、`C-002`"),
        ({"pieces": -1}, "「通知書（通）」が正しくありません"),
        ({"pages": 10**9}, "「頁数（頁）」が正しくありません"),
        ({"discs": None}, "「媒体（枚）」が未入力です"),
    ],
)
def test_an_answer_that_cannot_be_is_asked_again(work: RoundContext, changes: dict[str, object], told: str) -> None:
    assert any(told in reason for reason in refused(Receipt, work, **changes))


def test_it_may_be_counted_in_the_minute_of_the_handover(work: RoundContext) -> None:
    settled(Receipt, work, received_at="2026-11-16T11:20")


@pytest.mark.parametrize("kind", [MediaHandedOver, PasswordHandedOver])
def test_nothing_is_received_before_both_handovers(work: RoundContext, kind: type) -> None:
    take_back(work, kind)
    with pytest.raises(GateClosedError, match=kind.title):
        Receipt.body(work)
    with pytest.raises(GateClosedError, match=kind.title):
        settle(Receipt, work, answer(Receipt), at=ANSWERED[Receipt])
