"""Returns: every thing that went out comes back or is accounted for, sort by sort."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import CANARY, FIELDS, answer, day, lead_to, refused, release_ready, settled, take_back
from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.forms import UNCHOSEN, settle
from mailround.items import Sort, open_items
from mailround.model import Recipient
from mailround.register.entries import ItemsReturned, PasswordNoticeReprinted, Posted
from mailround.returns import Returns
from prepared import record

LOST = {"reason": "紛失（事故として報告済み）", "reference": "8新福生第12号"}


def posted(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    release_ready(opened, make_recipient)
    lead_to(Returns, opened)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(posted)


def test_when_everything_is_back_only_the_data_are_open(work: RoundContext) -> None:
    assert [item.id for item in open_items(work.entries)] == ["disc", "notice-1", "withdrawn", "spoiled", "data"]
    outcome = settled(Returns, work)
    assert outcome.body == ItemsReturned(
        discs=1,
        notices=1,
        withdrawn=1,
        spoiled=2,
        elsewhere=0,
        reason="",
        reference="",
        received_by="officer",
        returned_on=day(12, 7).date(),
    )
    assert [item.id for item in open_items(work.entries)] == ["data"]


def test_the_question_lists_every_thing_and_the_day_by_which_it_must_be_back(work: RoundContext) -> None:
    text = Returns.body(work)
    for line in (
        "| 媒体 DVD-0001 | 1 枚 |",
        "| パスワード通知書 PW-2026-11-change（1部目） | 1 部 |",
        "| 抜き取った封書 | 1 通 |",
        "| 使えなくなった用紙 | 2 通 |",
        f"| 返却の期限 | {day(12, 24).date()} |",
    ):
        assert line in text, line
    assert "データ" not in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"discs": 0}, "媒体（枚） 出した数 1・戻った数 0"),
        ({"notices": 0}, "パスワード通知書（部） 出した数 1・戻った数 0"),
        ({"withdrawn": 0}, "抜き取った封書（通） 出した数 1・戻った数 0"),
        ({"spoiled": 1}, "使えなくなった用紙（通） 出した数 2・戻った数 1"),
        ({"spoiled": 0, "discs": 0}, "足りないのは 3（媒体（枚） 出した数 1・戻った数 0、使えなくなった用紙"),
        ({"discs": 2}, "媒体（枚）が、出した数より多く"),
        ({"spoiled": 3}, "出した数は 2、戻った数は 3 です"),
        ({"discs": 2, "spoiled": 1}, "使えなくなった用紙（通） 出した数 2・戻った数 1"),
        ({"spoiled": 1, "elsewhere": 1}, "「戻らない理由」と「理由を示す文書の番号」が要ります"),
        ({"spoiled": 1, "elsewhere": 1, "reason": LOST["reason"]}, "が要ります"),
        ({"spoiled": 1, "elsewhere": 1, "reference": LOST["reference"]}, "が要ります"),
        ({"spoiled": 1, "elsewhere": 2, **LOST}, "足りないのは 1"),
        ({"elsewhere": 1, **LOST}, "足りない物はありません"),
        (LOST, "を空にしてください"),
        ({"spoiled": 1, "elsewhere": 1, **LOST, "reference": CANARY}, "「理由を示す文書の番号」が正しくありません"),
        ({"spoiled": 1, "elsewhere": 1, **LOST, "reason": "捨てた"}, "「戻らない理由」が正しくありません"),
        ({"returned_on": "2026-11-15"}, "パスワード通知書の引渡し日（2026-11-16）以後"),
        ({"returned_on": "2026-12-09"}, "回答した日より後"),
        ({"received_by": "C-001"}, "その日に有効な取扱者ではありません"),
        ({"received_by": "stranger"}, "その日に有効な取扱者ではありません"),
    ],
)
def test_what_is_neither_back_nor_accounted_for_is_asked_again(
    work: RoundContext, changes: dict[str, object], told: str
) -> None:
    reasons = refused(Returns, work, **changes)
    assert any(told in reason for reason in reasons), reasons


def test_what_does_not_come_back_is_accounted_for_by_a_reason_and_a_paper(work: RoundContext) -> None:
    settled(Returns, work, discs=0, spoiled=1, elsewhere=2, **LOST)
    assert [item.id for item in open_items(work.entries)] == ["data"]


def test_blank_reasons_as_the_ui_sends_them_are_none(work: RoundContext) -> None:
    settled(Returns, work, reason=UNCHOSEN, reference="")


def test_every_copy_of_the_notice_must_come_back(work: RoundContext) -> None:
    copy = {"notice_no": "PW-2026-11-change", "media_no": "DVD-0001", "reason": "紙詰まり", "reference": "第1号"}
    record(work, PasswordNoticeReprinted(copy_no=2, **copy))
    assert "パスワード通知書（部） 出した数 2・戻った数 1" in refused(Returns, work)[0]
    settled(Returns, work, notices=2)


def test_nothing_is_returned_before_the_posting(work: RoundContext) -> None:
    take_back(work, Posted)
    with pytest.raises(GateClosedError, match="発送の記録"):
        Returns.body(work)


def test_an_answer_with_a_thing_missing_is_not_recorded_by_any_option(work: RoundContext) -> None:
    settle(Returns, work, answer(Returns, option="OK"), at=day(12, 8))
    assert [item.id for item in open_items(work.entries)] == ["disc", "notice-1", "withdrawn", "spoiled", "data"]


COUNTS = ("discs", "notices", "withdrawn", "spoiled")
SORTS: tuple[Sort, ...] = ("disc", "notice", "withdrawn", "spoiled")


@given(out=st.tuples(*[st.integers(0, 4)] * 4), back=st.tuples(*[st.integers(0, 4)] * 4), elsewhere=st.integers(0, 6))
def test_counts_are_good_exactly_when_nothing_is_too_much_and_what_is_short_is_named(
    out: tuple[int, ...], back: tuple[int, ...], elsewhere: int
) -> None:
    reason = LOST if elsewhere else {}
    counts = dict(zip(COUNTS, back, strict=True)) | {"elsewhere": elsewhere}
    form = Returns.read({**FIELDS[Returns], **counts, **reason})
    assert isinstance(form, Returns)
    pairs = list(zip(out, back, strict=True))
    good = all(came <= given for given, came in pairs) and sum(given - came for given, came in pairs) == elsewhere
    assert (not list(form.unaccounted(dict(zip(SORTS, out, strict=True))))) is good
