"""Posting: a table of bad answers, and counts that must add up to what was handed over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import (
    answer,
    day,
    expire,
    lead_to,
    refused,
    release_ready,
    settled,
    take_back,
)
from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.forms import settle
from mailround.incident import report_incident
from mailround.posting import Posting
from mailround.register.entries import (
    IncidentClosed,
    PasswordHandedOver,
    Posted,
)
from reported import PARAMS


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(release_ready)


@pytest.mark.parametrize(("until", "late"), [(23, True), (24, False), (None, False)])
def test_a_posting_after_an_address_expired_is_recorded_and_the_people_in_charge_are_told(
    work: RoundContext, until: int | None, late: bool
) -> None:
    lead_to(Posting, work)
    if until:
        expire(work, day(11, until))
    assert settled(Posting, work).goes_on
    told = Posting.warning(work)
    assert bool(told) is late
    assert not late or "送付先の期限が 2026-11-23 以後、2026-11-24 より前の世帯を調べ" in told


def test_a_posting_while_an_incident_is_open_is_recorded_and_the_people_in_charge_are_told(work: RoundContext) -> None:
    lead_to(Posting, work)
    report_incident(work, PARAMS, run_id="r", reported_by="officer", at=day(11, 18))
    assert settled(Posting, work).goes_on
    assert "対応中の事故（第1号）がある間に" in Posting.warning(work)
    expire(work, day(11, 23))
    assert "対応中の事故（第1号）" in Posting.warning(work)
    assert "届いたおそれ" in Posting.warning(work)
    closing = IncidentClosed(incident_no=1, outcome="すべて回収した", reference="第3号")
    work.register.append(closing, round_id=work.round_id, actor="chief", at=day(11, 26))
    assert "対応中の事故" not in Posting.warning(work)


def test_the_posting_is_recorded_when_it_reconciles(work: RoundContext) -> None:
    lead_to(Posting, work)
    assert settled(Posting, work).body == Posted(
        posted_on=day(11, 24).date(),
        handed_over=7,
        withdrawn=1,
        spoiled=2,
        reprinted=2,
        posted=6,
        due=day(12, 24).date(),
        withdrawal_pieces=1,
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"posted": 7}, "＝ 6 通に対し、発送は 7 通です"),
        ({"posted": 5}, "＝ 6 通に対し、発送は 5 通です"),
        ({"posted": 0}, "発送数が合いません"),
        ({"withdrawn": 0}, "＝ 7 通に対し、発送は 6 通です"),
        ({"withdrawn": 0, "posted": 7}, "記録は 1 通、回答は 0 通です"),
        ({"withdrawn": 2, "posted": 5}, "記録は 1 通、回答は 2 通です"),
        ({"reprinted": 3, "posted": 7}, "「再印刷」が「破損」より多く"),
        ({"withdrawn": 9, "posted": 0}, "＝ -2 通に対し"),
        ({"posted_on": "2026-11-15"}, "受領を確認した日（2026-11-16）以後"),
        ({"posted_on": "2026-11-26"}, "回答した日より後"),
        ({"posted_on": None}, "「発送日」が未入力です"),
        ({"posted_on": "2026-11-31"}, "「発送日」が正しくありません"),
        ({"posted_on": "11/24"}, "「発送日」が正しくありません"),
        ({"posted": -1}, "「発送（通）」が正しくありません"),
        ({"posted": 6.0}, "「発送（通）」が正しくありません"),
        ({"posted": "6"}, "「発送（通）」が正しくありません"),
        ({"spoiled": 10**9}, "「破損（通）」が正しくありません"),
    ],
)
def test_a_posting_that_does_not_reconcile_is_asked_again(
    work: RoundContext, changes: dict[str, object], told: str
) -> None:
    lead_to(Posting, work)
    reasons = refused(Posting, work, **changes)
    assert any(told in reason for reason in reasons), reasons


def test_posting_on_the_day_of_the_password_handover_and_of_the_answer_counts(work: RoundContext) -> None:
    lead_to(Posting, work)
    settled(Posting, work, posted_on="2026-11-16", answered_at=day(11, 16, 18))


def test_nothing_is_posted_before_both_handovers(work: RoundContext) -> None:
    lead_to(Posting, work)
    take_back(work, PasswordHandedOver)
    with pytest.raises(GateClosedError, match="パスワード通知書の引渡し"):
        Posting.body(work)
    with pytest.raises(GateClosedError, match="パスワード通知書の引渡し"):
        settle(Posting, work, answer(Posting), at=day(11, 25))


def test_the_posting_question_says_how_many_must_be_accounted_for(work: RoundContext) -> None:
    lead_to(Posting, work)
    text = Posting.body(work)
    assert "| 引渡し | 7 通 |" in text
    assert "| 発送する者 | 委託先 |" in text


@given(counts=st.tuples(*[st.integers(0, 20)] * 4), handed_over=st.integers(1, 20))
def test_a_posting_has_no_objection_exactly_when_its_counts_add_up(
    counts: tuple[int, int, int, int], handed_over: int
) -> None:
    withdrawn, spoiled, reprinted, posted = counts
    form = Posting(
        posted_on=day(11, 24).date(), withdrawn=withdrawn, spoiled=spoiled, reprinted=reprinted, posted=posted
    )
    adds_up = handed_over - withdrawn - spoiled + reprinted == posted and reprinted <= spoiled
    assert (not list(form.unreconciled(handed_over))) == adds_up
