"""Custody items: what is out of the house at each moment of a round, and what accounts for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import take_back
from mailround.context import RoundContext
from mailround.items import Item, custody_items, missing, open_items
from mailround.register.entries import (
    ItemsReturned,
    MediaHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    Posted,
    WithdrawalAcknowledged,
    latest,
)
from prepared import AT, certify, hand_over, post, print_round, record

NOTICE = "パスワード通知書 PW-2026-11-change（{}部目）"
DATA = Item("data", "data", "データ（複製・印刷用の一時データを含む）", 7)
DISC = Item("disc", "disc", "媒体 DVD-0001", 1)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(print_round)


def acknowledge(work: RoundContext, request_no: int, *pulled: str) -> None:
    said = {"acknowledged_by": "C-001", "acknowledged_at": AT + timedelta(days=3)}
    record(work, WithdrawalAcknowledged(request_no=request_no, pulled=pulled, too_late=("PA000007Q",), **said))


def returned(**counts: int) -> ItemsReturned:
    back = {"discs": 1, "notices": 1, "withdrawn": 0, "spoiled": 0, "elsewhere": 0} | counts
    return ItemsReturned(reason="", reference="", received_by="officer", returned_on=date(2026, 12, 10), **back)


def spoil(work: RoundContext, *, withdrawn: int = 0, spoiled: int = 0) -> None:
    posted = latest(work.entries, Posted)
    assert posted is not None
    record(work, posted.model_copy(update={"withdrawn": withdrawn, "spoiled": spoiled}))


def test_nothing_is_out_before_the_media_handover(work: RoundContext) -> None:
    assert custody_items(work.entries) == open_items(work.entries) == ()


def test_the_disc_and_the_data_go_out_together(work: RoundContext) -> None:
    hand_over(work)
    assert custody_items(work.entries) == open_items(work.entries) == (DISC, DATA)


def test_a_handover_that_was_corrected_is_not_counted(work: RoundContext) -> None:
    hand_over(work)
    take_back(work, MediaHandedOver)
    assert custody_items(work.entries) == ()


def test_every_copy_of_the_notice_is_an_item_of_its_own_whether_handed_over_or_not(work: RoundContext) -> None:
    hand_over(work)
    number = {"notice_no": "PW-2026-11-change", "media_no": "DVD-0001"}
    record(work, PasswordNoticeIssued(**number))
    record(work, PasswordNoticeReprinted(copy_no=2, reason="紙詰まり", reference="第1号", **number))
    expected = [Item(f"notice-{copy}", "notice", NOTICE.format(copy), 1) for copy in (1, 2)]
    assert custody_items(work.entries)[1:-1] == tuple(expected)
    post(work)  # hands the first copy over
    assert custody_items(work.entries)[1:-1] == tuple(expected)


def test_a_notice_that_was_handed_over_is_out_although_its_making_is_not_recorded(work: RoundContext) -> None:
    hand_over(work)
    post(work)
    assert custody_items(work.entries)[1] == Item("notice-1", "notice", NOTICE.format(1), 1)


def test_pieces_that_were_pulled_are_out_as_soon_as_they_are_acknowledged(work: RoundContext) -> None:
    hand_over(work)
    acknowledge(work, 1, "PA000001V", "PA000002X")
    acknowledge(work, 2, "PA000003Z")
    acknowledge(work, 3)
    assert Item("withdrawn", "withdrawn", "抜き取った封書", 3) in custody_items(work.entries)


def test_an_acknowledgement_that_takes_anothers_place_is_not_counted_with_it(work: RoundContext) -> None:
    hand_over(work)
    acknowledge(work, 1, "PA000001V", "PA000002X")
    acknowledge(work, 1, "PA000001V")
    assert Item("withdrawn", "withdrawn", "抜き取った封書", 1) in custody_items(work.entries)


def test_once_posted_the_posting_tells_what_was_pulled_and_spoiled(work: RoundContext) -> None:
    hand_over(work)
    post(work)
    spoil(work, withdrawn=2, spoiled=3)
    assert custody_items(work.entries)[2:4] == (
        Item("withdrawn", "withdrawn", "抜き取った封書", 2),
        Item("spoiled", "spoiled", "使えなくなった用紙", 3),
    )


@pytest.mark.parametrize(
    ("counts", "left"),
    [
        ({}, {"withdrawn", "spoiled"}),
        ({"withdrawn": 2, "spoiled": 3}, set()),
        ({"withdrawn": 2, "spoiled": 2}, {"spoiled"}),
        ({"withdrawn": 2, "spoiled": 2, "elsewhere": 1}, set()),
        ({"withdrawn": 2, "elsewhere": 2}, {"spoiled"}),
        ({"discs": 0, "withdrawn": 2, "spoiled": 3}, {"disc"}),
        ({"notices": 0, "withdrawn": 2, "spoiled": 3}, {"notice"}),
        ({"notices": 0, "withdrawn": 2, "spoiled": 3, "elsewhere": 1}, set()),
        ({"discs": 9, "notices": 9, "withdrawn": 2, "spoiled": 0}, {"spoiled"}),
        ({"discs": 0, "notices": 0, "elsewhere": 7}, set()),
    ],
)
def test_things_are_open_until_as_many_are_back_or_accounted_for(
    work: RoundContext, counts: dict[str, int], left: set[str]
) -> None:
    hand_over(work)
    post(work)
    spoil(work, withdrawn=2, spoiled=3)
    record(work, returned(**counts))
    assert {item.sort for item in open_items(work.entries)} == left | {"data"}


def test_the_data_are_open_until_the_certificate_and_the_certificate_brings_no_thing_back(work: RoundContext) -> None:
    hand_over(work)
    post(work)
    certify(work)
    assert [item.id for item in open_items(work.entries)] == ["disc", "notice-1"]
    record(work, returned())
    assert open_items(work.entries) == ()


def test_returns_that_were_taken_back_account_for_nothing(work: RoundContext) -> None:
    hand_over(work)
    post(work)
    certify(work)
    record(work, returned())
    take_back(work, ItemsReturned)
    assert [item.id for item in open_items(work.entries)] == ["disc", "notice-1"]


@given(out=st.tuples(*[st.integers(0, 9)] * 4), back=st.tuples(*[st.integers(0, 9)] * 4), elsewhere=st.integers(0, 36))
def test_nothing_is_missing_exactly_when_all_that_did_not_come_back_is_named_elsewhere(
    out: tuple[int, ...], back: tuple[int, ...], elsewhere: int
) -> None:
    sorts = ("disc", "notice", "withdrawn", "spoiled")
    items = [Item(sort, sort, sort, quantity) for sort, quantity in zip(sorts, out, strict=True)]
    counts = dict(zip(("discs", "notices", "withdrawn", "spoiled"), back, strict=True))
    short = [max(0, went - came) for went, came in zip(out, back, strict=True)]
    assert (missing(items, returned(elsewhere=elsewhere, **counts)) == {}) == (sum(short) <= elsewhere)
