"""What the house's entries show of a round: the signed access reviews of its time are row 21's proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from accessed import reviewed
from mailround.context import RoundContext
from mailround.controls import load_controls
from mailround.evidence import ControlLine, Evidence, evidence
from mailround.register.entries import HOUSE, AccessReviewSigned, AnswerRefused, Correction
from mailround.settings import REPOSITORY
from prepared import AT, record

Opener = Callable[..., RoundContext]
SIGNED = AccessReviewSigned(
    month="2026-10", access_report_sha256="a" * 64, judgement="問題はなかった", reference="第160号"
)


@pytest.fixture
def work(open_a_round: Opener) -> RoundContext:
    return open_a_round()


def sign(work: RoundContext, **changes: str) -> int:
    body = SIGNED.model_copy(update=changes)
    return work.register.append(body, round_id=HOUSE, actor="chief", at=AT).seq


def told(work: RoundContext) -> Evidence:
    return evidence(work.entries, load_controls(REPOSITORY / "include"), house=work.register.entries(HOUSE))


def row_21(work: RoundContext) -> ControlLine:
    return next(each for each in told(work).controls if each.id == "W21")


def go_on(work: RoundContext, reason: str = "x") -> None:
    """Leave another entry of the round: what stands before it was recorded in its time."""
    record(work, AnswerRefused(step="x", reasons=(reason,), answered_at=AT))


def test_a_review_signed_while_the_round_runs_shows_row_21(work: RoundContext) -> None:
    before = row_21(work).status
    assert before != "recorded"
    seqs = [sign(work), sign(work, month="2026-11")]
    go_on(work)
    found = row_21(work)
    assert found.status == "recorded"
    assert [each.seq for each in found.proofs if each.title == SIGNED.title] == seqs
    assert {each.actor for each in found.proofs if each.title == SIGNED.title} == {"chief"}


def test_a_review_that_nobody_signed_shows_nothing(work: RoundContext) -> None:
    work.register.append(reviewed("2026-10"), round_id=HOUSE, actor="mailround", at=AT)
    go_on(work)
    assert row_21(work).status != "recorded"


def test_a_signature_after_the_last_entry_of_the_round_does_not_count(work: RoundContext) -> None:
    go_on(work)
    sign(work)
    assert row_21(work).status != "recorded"


def test_a_signature_that_is_taken_back_does_not_count(work: RoundContext) -> None:
    seq = sign(work)
    work.register.append(Correction(corrects=seq, reason="誤り"), round_id=HOUSE, actor="chief", at=AT)
    go_on(work)
    assert row_21(work).status != "recorded"


def test_the_houses_entries_are_not_listed_as_the_rounds_own(work: RoundContext) -> None:
    sign(work)
    go_on(work)
    assert SIGNED.title not in {each.title for each in told(work).entries}


def test_a_signature_before_the_round_was_opened_does_not_count(work: RoundContext) -> None:
    seq = sign(work)
    go_on(work)
    house = [replace(each, seq=0) for each in work.register.entries(HOUSE) if each.seq == seq]
    report = evidence(work.entries, load_controls(REPOSITORY / "include"), house=house)
    assert next(each for each in report.controls if each.id == "W21").status != "recorded"
