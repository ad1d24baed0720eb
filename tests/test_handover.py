"""What holds for both handovers, and what the posting after them says alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from answered import (
    answer,
    closed_gates,
    day,
    disc_made,
    expire,
    lead_to,
    refused,
    release_ready,
    settled,
)
from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.forms import Form, Settled, question, settle
from mailround.gates import FRESH, HANDOVER, ITEMS, OPENING, SETTLED
from mailround.media_handover import MediaHandover
from mailround.password_handover import PasswordHandover
from mailround.posting import Posting
from mailround.register.entries import (
    AnyBody,
    ContractStated,
    Correction,
    DeletionCertified,
    GatesEvaluated,
    IncidentClosed,
    IncidentReported,
    MediaHandedOver,
    Posted,
    ReleaseApproved,
    Sealed,
    latest,
    standing,
)
from mailround.seal import package_path


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(release_ready)


@pytest.mark.parametrize("form", [MediaHandover, PasswordHandover, Posting])
def test_the_questions_say_until_when_the_pieces_may_be_posted(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    assert "発送できる最後の日" not in form.body(work)
    expire(work, day(11, 24))
    assert "| 発送できる最後の日 | 2026-11-24" in form.body(work)


@pytest.mark.parametrize("form", [MediaHandover, PasswordHandover])
def test_a_privacy_mark_that_expired_before_the_handover_closes_it(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    mark = work.contract.privacy_mark.model_copy(update={"expires": day(11, 15).date()})
    object.__setattr__(work, "contract", work.contract.model_copy(update={"privacy_mark": mark}))
    before = work.entries
    with pytest.raises(GateClosedError, match="点検表1"):
        settle(form, work, answer(form), at=day(11, 17))
    assert closed_gates(work, before) == ("privacy_mark_valid",)


BOTH = pytest.mark.parametrize("form", [MediaHandover, PasswordHandover])
HANDED_OVER = day(11, 16).date()
INCIDENT: dict[str, Any] = {
    "what": "媒体の紛失",
    "noticed_at": day(11, 15),
    "pieces": 7,
    "piece_ids": (),
    "encrypted": True,
    "malicious": False,
    "preliminary_by": date(2026, 11, 18),
    "final_by": date(2026, 12, 15),
    "run_id": "manual__9",
}


def put(work: RoundContext, body: AnyBody, round_id: str | None = None) -> None:
    work.register.append(body, round_id=round_id or work.round_id, actor="officer", at=day(11, 16))


def amend(work: RoundContext, **changes: object) -> None:
    object.__setattr__(work, "contract", work.contract.model_copy(update=changes))


def amend_part(work: RoundContext, part: str, **changes: object) -> None:
    amend(work, **{part: getattr(work.contract, part).model_copy(update=changes)})


def approve_items(work: RoundContext, **changes: object) -> None:
    approved = work.contract.approved_items["change_notice"].model_copy(update=changes)
    amend(work, approved_items=work.contract.approved_items | {"change_notice": approved})


def change_package(work: RoundContext) -> None:
    with package_path(work.settings, work.round_id).open("ab") as package:
        package.write(b"\0")


def owe_deletion(work: RoundContext, due: date = HANDED_OVER - timedelta(days=1)) -> None:
    """Leave another round of this contractor, under another contract, handed over and posted but not certified."""
    stated = latest(work.entries, ContractStated)
    assert stated is not None
    handed = MediaHandedOver(
        package_sha256="d" * 64,
        giver="officer",
        receiver="C-001",
        handed_over_at=day(8, 1),
        media_no="DVD-0000",
        quantity=1,
        bag_no="BAG-01",
        locked=True,
        storage="耐火金庫1",
    )
    counts = {"handed_over": 7, "withdrawn": 0, "spoiled": 0, "reprinted": 0, "posted": 7}
    for body in (
        work.opened.model_copy(update={"contract": "other"}),
        stated.model_copy(update={"contract": "other", "contractor": stated.contractor.upper()}),
        handed,
        Posted(posted_on=due - timedelta(days=30), due=due, **counts),
    ):
        put(work, body, "2026-08-change")


def expire_approval(work: RoundContext) -> None:
    amend(work, approval_days=3)


FAULTS: dict[str, tuple[Callable[[RoundContext], None], str]] = {
    "contract_in_term": (lambda work: amend_part(work, "term", end=day(11, 15).date()), "契約期間"),
    "privacy_mark_valid": (lambda work: amend_part(work, "privacy_mark", expires=day(11, 15).date()), "（点検表1）"),
    "subcontractors_approved": (
        lambda work: amend(
            work,
            subcontractors=tuple(
                each.model_copy(update={"inspected_on": day(11, 17).date()}) for each in work.contract.subcontractors
            ),
        ),
        "（点検表3）",
    ),
    "responsible_designated": (lambda work: amend_part(work, "responsible", contractor=()), "取扱責任者"),
    "handlers_designated": (lambda work: amend(work, ward_approvers=()), "区の承認者"),
    "flow_acknowledged": (lambda work: amend_part(work, "flow", acknowledged_on=day(11, 17).date()), "（点検表5）"),
    "contacts_verified": (lambda work: amend(work, contacts_max_age_days=45), "（点検表12）"),
    "two_divisions": (lambda work: amend(work, ward_approvers=work.contract.ward_handlers), "すべて同じ課"),
    "items_approved": (
        lambda work: approve_items(work, items=("head", "address")),
        "承認されていない項目があります［addressee",
    ),
    "package_unchanged": (change_package, "（点検表7）"),
    "release_approved": (
        lambda work: put(work, latest_sealed(work).model_copy(update={"sha256": "c" * 64})),
        "承認されたパッケージと封緘の記録が一致しません",
    ),
    "approval_fresh": (expire_approval, "最後の承認は 2026-11-15 まで"),
    "deletion_not_overdue": (owe_deletion, "2026-08-change（期限 2026-11-15）（点検表11）"),
    "no_open_incident": (lambda work: put(work, IncidentReported(incident_no=1, **INCIDENT)), "（点検表13）"),
}
"""What closes each gate of the handovers, and words of the message."""


def latest_sealed(work: RoundContext) -> Sealed:
    sealed = latest(work.entries, Sealed)
    assert sealed is not None
    return sealed


def test_every_gate_of_the_handovers_has_its_fault() -> None:
    assert set(FAULTS) == {gate.id for group in (OPENING, ITEMS, HANDOVER, FRESH, SETTLED) for gate in group}


@BOTH
@pytest.mark.parametrize("gate", sorted(FAULTS))
def test_a_closed_gate_refuses_the_handover_tells_why_and_stays_on_record(
    work: RoundContext, form: type[Form], gate: str
) -> None:
    lead_to(form, work)
    spoil, told = FAULTS[gate]
    spoil(work)
    if gate == "release_approved" and form is MediaHandover:
        with pytest.raises(GateClosedError, match="承認の記録が管理簿にありません"):
            settle(form, work, answer(form), at=day(11, 17))
        return
    before = work.entries
    for _ in range(2):  # the second time nothing more is recorded
        with pytest.raises(GateClosedError) as caught:
            settle(form, work, answer(form), at=day(11, 17))
        assert told in caught.value.happened
        assert caught.value.remedy.startswith(form.recall)
        assert gate in closed_gates(work, before)
    evaluated = standing(work.entries, GatesEvaluated)[-1]
    assert (evaluated.step, evaluated.day) == (form.step, HANDED_OVER)
    assert latest(work.entries, form.records) is None


@BOTH
def test_a_handover_leaves_which_gates_held_and_what_the_contract_said_then(
    work: RoundContext, form: type[Form]
) -> None:
    lead_to(form, work)
    amend_part(work, "provisions", version="令和8年10月版")
    settled(form, work)
    evaluated = standing(work.entries, GatesEvaluated)[-1]
    assert (evaluated.step, evaluated.day, evaluated.closed) == (form.step, HANDED_OVER, ())
    assert set(evaluated.passed) >= set(FAULTS)
    stated = latest(work.entries, ContractStated)
    assert stated is not None
    assert stated.provisions_version == "令和8年10月版"
    count = len(work.entries)
    settled(form, work)
    assert len(work.entries) == count


@BOTH
def test_what_is_settled_in_time_stops_nothing(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    owe_deletion(work, HANDED_OVER)  # its last day
    put(work, IncidentReported(incident_no=1, **INCIDENT))
    text = form.body(work)
    assert "| 対応中の事故 | **1件。対応を終えるまで渡せない** |" in text
    assert "2026-08-change（期限 2026-11-16）。期限を過ぎたら、受領するまで渡せない" in text
    put(work, IncidentClosed(incident_no=1, outcome="影響なし", reference="第1号"))
    assert "対応中の事故" not in form.body(work)
    settled(form, work)


def test_a_certified_deletion_of_an_earlier_round_stops_nothing(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    owe_deletion(work)
    certificate = DeletionCertified(
        certificate_no="DEL-0000",
        responsible="C-001",
        method="物理破壊",
        deleted_on=day(11, 14).date(),
        media_returned=True,
        notice_returned=True,
        copies_included=True,
    )
    put(work, certificate, "2026-08-change")
    settled(MediaHandover, work)


def test_an_expired_approval_is_asked_for_again_and_then_covers_a_later_handover(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    expire_approval(work)
    late = {"handed_over_at": "2026-11-16T10:30"}
    with pytest.raises(GateClosedError, match="「09 引渡し承認」を Clear し"):
        settle(MediaHandover, work, answer(MediaHandover, **late), at=day(11, 16))
    assert not ReleaseApproval.needed(work)
    assert not ReleaseApproval.lapsed(work, day(11, 15, 23, 59))
    assert ReleaseApproval.lapsed(work, day(11, 16, 0))
    assert "| 承認の有効期限 | 2026-11-15 |" in MediaHandover.body(work)
    settled(ReleaseApproval, work, answered_at=day(11, 16, 12))
    assert not ReleaseApproval.lapsed(work, day(11, 16, 12))
    assert "| 承認の有効期限 | 2026-11-19 |" in MediaHandover.body(work)
    with pytest.raises(GateClosedError, match="有効な承認がありません"):  # between the two approvals nothing counted
        settle(MediaHandover, work, answer(MediaHandover, answered_at=day(11, 16, 14), **late), at=day(11, 16, 14))
    settled(MediaHandover, work, handed_over_at="2026-11-16T13:00", answered_at=day(11, 16, 14))


def test_an_approval_that_expires_between_the_two_handovers_is_asked_for_again_and_not_after_them(
    work: RoundContext,
) -> None:
    lead_to(PasswordHandover, work)
    expire_approval(work)
    assert ReleaseApproval.lapsed(work, day(11, 17))
    amend(work, approval_days=7)
    settled(PasswordHandover, work)
    assert not ReleaseApproval.lapsed(work, day(12, 31))


def test_an_approval_of_a_clock_that_ran_ahead_is_asked_for_again_once_it_is_put_right(work: RoundContext) -> None:
    ahead, right = day(12, 12), day(11, 16)
    settle(ReleaseApproval, work, answer(ReleaseApproval, answered_at=ahead), at=ahead)
    assert ReleaseApproval.lapsed(work, right), "until that day it does not count"
    given = answer(ReleaseApproval, answered_at=right)
    for _ in range(2):
        assert isinstance(settle(ReleaseApproval, work, given, at=right), Settled)
    assert not ReleaseApproval.lapsed(work, right)
    assert [each.answered_at for each in standing(work.entries, ReleaseApproved)] == [ahead, right]
    disc_made(work)
    settled(MediaHandover, work, handed_over_at="2026-11-16T10:30")


def test_an_approval_taken_back_has_not_lapsed_but_is_missing(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    seq = next(entry.seq for entry in work.entries if isinstance(entry.body, ReleaseApproval.records))
    put(work, Correction(corrects=seq, reason="試験"))
    assert ReleaseApproval.needed(work)
    assert not ReleaseApproval.lapsed(work, day(12, 31))
    with pytest.raises(GateClosedError, match="点検表19"):
        question(MediaHandover, work, at=day(11, 16))


def test_a_package_of_an_older_version_is_handed_over_without_its_items(work: RoundContext) -> None:
    put(work, latest_sealed(work).model_copy(update={"carried": None}))
    lead_to(MediaHandover, work)
    settled(MediaHandover, work)


@BOTH
def test_who_gives_is_not_who_receives(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    people = (*work.contract.contractor_handlers, work.contract.ward_handlers[0].model_copy(update={"id": "OFFICER"}))
    amend(work, contractor_handlers=people)
    (reason,) = refused(form, work, giver="officer", receiver="OFFICER")
    assert "「渡した人」と「受け取った人」が同じです" in reason
