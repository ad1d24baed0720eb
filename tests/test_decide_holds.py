"""The hold decision: asked only when something is held, on the latest check, and final when it says stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from answered import ANSWERED, answer, report, settled
from mailround.context import RoundContext
from mailround.decide_holds import GO_ON, STOP, HoldDecision, holds_table
from mailround.errors import GateClosedError, RoundEndedError, WorkspaceError
from mailround.forms import AskAgain, settle
from mailround.register.entries import HoldsDecided, QualityChecked, standing

AT = ANSWERED[HoldDecision]


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    opened = open_a_round()
    report(opened)
    return opened


def checked(work: RoundContext, held: int) -> None:
    body = QualityChecked(
        export_sha256="e" * 64, rows=10, printable=9 - held, held=held, excluded=1, warned=0, findings={"name": held}
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=AT)


def test_nothing_is_asked_when_nothing_is_held(work: RoundContext) -> None:
    checked(work, held=0)
    assert not HoldDecision.needed(work)


def test_a_decision_needs_a_check(work: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="データ検査"):
        HoldDecision.needed(work)


def test_a_person_decides_when_something_is_held(work: RoundContext) -> None:
    checked(work, held=2)
    assert HoldDecision.needed(work)
    assert settled(HoldDecision, work).body == HoldsDecided(held=2, go_on=True, answered_at=AT)
    assert not HoldDecision.needed(work)
    assert not HoldDecision.stopped(work)


def test_stopping_ends_the_round_and_no_second_answer_revives_it(work: RoundContext) -> None:
    checked(work, held=2)
    outcome = settled(HoldDecision, work, option=STOP)
    assert outcome.body == HoldsDecided(held=2, go_on=False, answered_at=AT)
    assert not outcome.goes_on
    assert HoldDecision.stopped(work)
    with pytest.raises(RoundEndedError):
        settle(HoldDecision, work, answer(HoldDecision, option=GO_ON), at=AT)
    assert len(standing(work.entries, HoldsDecided)) == 1


def test_going_on_with_nobody_is_asked_again(work: RoundContext) -> None:
    checked(work, held=9)
    outcome = settle(HoldDecision, work, answer(HoldDecision, option=GO_ON), at=AT)
    assert isinstance(outcome, AskAgain)
    assert "印刷できる世帯が残らない" in outcome.reasons[0]
    assert not settled(HoldDecision, work, option=STOP).goes_on


def test_a_decision_on_an_earlier_check_does_not_count(work: RoundContext) -> None:
    checked(work, held=2)
    settled(HoldDecision, work)
    checked(work, held=3)
    assert HoldDecision.needed(work)


def test_the_question_shows_counts_per_rule_and_where_to_read_the_list(work: RoundContext) -> None:
    checked(work, held=2)
    text = HoldDecision.body(work)
    assert "**2 世帯**" in text
    assert "残り 7 世帯" in text
    assert "| 【保留】氏名が空です | 2 |" in text
    assert "| 【対象外】廃止の世帯です | 1 |" in text
    assert "窓口交付" not in text
    assert "カナ" not in text
    assert f"mailround holds {work.round_id}" in text


def test_no_findings_are_shown_as_none(work: RoundContext) -> None:
    work.workspace.write("quality/report", b'{"rows": 0, "rules": []}')
    assert holds_table(work).endswith("| なし | 0 |")


def test_a_missing_report_stops_the_question(open_a_round: Callable[..., RoundContext]) -> None:
    opened = open_a_round()
    checked(opened, held=2)
    with pytest.raises(WorkspaceError):
        HoldDecision.body(opened)
