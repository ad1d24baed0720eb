"""What the register says of a round decides whether a step does its work, gives back what stands, or is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailround.context import RoundContext
from mailround.errors import GateClosedError, RoundEndedError
from mailround.register.entries import (
    AnyBody,
    Correction,
    HoldsDecided,
    QualityChecked,
    ReleaseApproved,
    ReleaseRefused,
    RoundEnded,
    RoundOpened,
    Sealed,
    Verified,
)
from prepared import AT, record

APPROVED = ReleaseApproved(package_sha256="a" * 64, answered_at=AT)
SEALED = Sealed(pieces=1, pages=1, members=1, bytes=1, sha256="a" * 64, algorithm="AES-256")


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    return open_a_round()


def verified(first: int, last: int, sha256: str = "a" * 64) -> Verified:
    return Verified(first=first, last=last, pieces=1, pages=1, sha256=sha256)


def test_before_the_approval_every_step_has_to_be_done(work: RoundContext) -> None:
    assert work.released(RoundOpened) is None
    record(work, HoldsDecided(held=1, go_on=True, answered_at=AT))
    assert work.released(RoundOpened) is None


def test_after_the_approval_the_last_entry_of_the_step_stands(work: RoundContext) -> None:
    for body in (verified(1, 2), verified(3, 4), verified(1, 2, "b" * 64), SEALED, APPROVED):
        record(work, body)
    assert work.released(RoundOpened) == work.opened
    assert work.released(Verified, first=1, last=2) == verified(1, 2, "b" * 64)
    assert work.released(Verified, first=3, last=4) == verified(3, 4)


@pytest.mark.parametrize("group", [{"first": 1, "last": 4}, {"first": 2, "last": 2}])
def test_an_approved_round_without_the_entry_of_a_step_is_not_passed_over(
    work: RoundContext, group: dict[str, int]
) -> None:
    for body in (verified(1, 2), SEALED, APPROVED):
        record(work, body)
    with pytest.raises(GateClosedError, match="「全頁照合」の記録がありません"):
        work.released(Verified, **group)
    with pytest.raises(GateClosedError, match="「データ検査」の記録がありません"):
        work.released(QualityChecked)


def test_an_approval_of_another_than_the_last_sealed_package_stands_for_nothing(work: RoundContext) -> None:
    record(work, APPROVED)
    assert work.released(RoundOpened) is None
    record(work, SEALED)
    assert work.released(RoundOpened) == work.opened
    record(work, SEALED.model_copy(update={"sha256": "b" * 64}))
    assert work.released(RoundOpened) is None


def test_an_approval_taken_back_opens_the_steps_again(work: RoundContext) -> None:
    record(work, SEALED)
    record(work, APPROVED)
    record(work, Correction(corrects=work.entries[-1].seq, reason="別の回の承認"))
    assert work.released(RoundOpened) is None


ENDINGS: dict[str, AnyBody] = {
    "at the holds": HoldsDecided(held=1, go_on=False, answered_at=AT),
    "at the approval": ReleaseRefused(package_sha256="a" * 64, answered_at=AT),
    "and erased": RoundEnded(step="approve_release", files=1),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_round_that_a_person_ended_is_refused(work: RoundContext, ending: str) -> None:
    record(work, ENDINGS[ending])
    with pytest.raises(RoundEndedError) as caught:
        work.released(RoundOpened)
    assert work.round_id in caught.value.happened
    assert "新しい回の番号" in caught.value.remedy
