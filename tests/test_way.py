"""Whose turn it is in a round, until when, and what is out: from the register alone, as people would tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from answered import FORMS, lead_to, release_ready, settled
from mailround.context import RoundContext
from mailround.forms import Form
from mailround.model import Recipient
from mailround.register.entries import (
    Correction,
    Extracted,
    IncidentClosed,
    IncidentStep,
    PrintPlanned,
    QualityChecked,
    ReleaseApproved,
    RoundOpened,
    Sealed,
    latest,
)
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from mailround.way import READ, WAY, Standing, standing_of, standings
from mailround.withdrawal import WithdrawalAcknowledgement
from prepared import record
from registered import record_round

OPENED_ON = date(2026, 11, 10)
POSTING = OPENED_ON + timedelta(days=14)
ROUND = "2026-11-change"
TASKS = [step.task_id for step in WAY]


@pytest.fixture
def register(settings: Settings) -> Register:
    return Register(settings.register_url)


def stands(register: Register, round_id: str = ROUND) -> Standing:
    return standing_of(register.entries(round_id))


def append(register: Register, body: object, day: date = POSTING) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=TOKYO)
    register.append(body, round_id=ROUND, actor="officer", at=at)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", [each for each in FORMS if each is not WithdrawalAcknowledgement])
def test_whoever_a_form_asks_is_whose_turn_it_is(round_after: Callable[..., RoundContext], form: type[Form]) -> None:
    """Real rounds, led from form to form; a form about something else goes on beside them."""
    work = round_after(_ready)
    lead_to(form, work)
    now = standing_of(work.entries).now
    assert now
    assert now.task_id == {"record_returns": "purge"}.get(form.step, form.step)  # what Airflow does, no form does
    settled(form, work)
    after = standing_of(work.entries).now
    assert after
    assert TASKS.index(after.task_id) > TASKS.index(now.task_id)


def _ready(work: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    release_ready(work, make_recipient)


@pytest.mark.parametrize("number", range(len(WAY) - 1))
def test_after_a_step_the_next_one_is_due(register: Register, number: int) -> None:
    record_round(register, up_to=WAY[number].task_id)
    found = stands(register)
    assert found.now is WAY[number + 1]
    assert found.says == WAY[number + 1].doing
    assert [each.status for each in found.steps] == ["done"] * (number + 1) + ["now"] + ["ahead"] * (16 - number)
    assert found.over == ""


def test_at_the_end_nobody_is_waited_for_and_nothing_is_out(register: Register) -> None:
    record_round(register)
    found = stands(register)
    assert (found.now, found.over, found.says) == (None, "completed", "完了しました")
    assert (found.out, found.deletion) == ((), None)
    assert {each.status for each in found.steps} == {"done"}


def test_a_round_that_was_sent_back_is_over_and_says_when(register: Register) -> None:
    record_round(register, ended=True)
    found = stands(register)
    assert (found.now, found.over, found.says, found.until) == (None, "ended", "中止しました", None)
    assert found.ended_at.startswith("2026-11-12")
    assert found.steps[8].status == "now"


def test_where_nothing_is_held_nobody_is_asked(register: Register) -> None:
    record_round(register, up_to="check_quality")
    checked = latest(register.entries(ROUND), QualityChecked)
    assert checked
    append(register, checked.model_copy(update={"held": 0, "printable": checked.printable + checked.held}))
    found = stands(register)
    assert found.now
    assert found.now.task_id == "plan_print"
    assert found.steps[3].status == "skipped"


def test_what_is_done_anew_makes_what_rests_on_it_be_done_anew(register: Register) -> None:
    record_round(register, up_to="approve_release")
    extracted = latest(register.entries(ROUND), Extracted)
    assert extracted
    append(register, extracted.model_copy(update={"records_sha256": "9" * 64}))
    found = stands(register)
    assert found.now
    assert found.now.task_id == "check_quality"


def test_an_approval_of_an_earlier_package_does_not_count(register: Register) -> None:
    record_round(register, up_to="approve_release")
    sealed = latest(register.entries(ROUND), Sealed)
    assert sealed
    append(register, sealed.model_copy(update={"sha256": "9" * 64}))
    found = stands(register)
    assert found.now
    assert found.now.task_id == "approve_release"


def test_a_corrected_answer_is_asked_for_again(register: Register) -> None:
    record_round(register, up_to="approve_release")
    seq = next(each.seq for each in register.entries(ROUND) if isinstance(each.body, ReleaseApproved))
    append(register, Correction(corrects=seq, reason="誤り"))
    found = stands(register)
    assert found.now
    assert found.now.task_id == "approve_release"


@pytest.mark.parametrize(
    ("done", "day", "why"),
    [
        ("seal", POSTING, "発送予定日"),
        ("approve_release", OPENED_ON + timedelta(days=8), "承認の有効期限"),
        ("record_media_handover", OPENED_ON + timedelta(days=8), "承認の有効期限"),
        ("record_password_handover", POSTING, "発送予定日"),
        ("purge", POSTING + timedelta(days=30), "返却期限"),
        ("record_returns", POSTING + timedelta(days=30), "消去期限"),
    ],
)
def test_the_first_day_that_binds_is_told_with_its_reason(register: Register, done: str, day: date, why: str) -> None:
    record_round(register, up_to=done)
    until = stands(register).until
    assert until
    assert (until.day, until.why) == (day, why)
    assert until.left(day - timedelta(days=3)) == 3


def test_an_address_that_expires_binds_before_the_posting(register: Register) -> None:
    record_round(register, up_to="plan_print")
    planned = latest(register.entries(ROUND), PrintPlanned)
    assert planned
    append(register, planned.model_copy(update={"postable_until": POSTING - timedelta(days=2)}))
    until = stands(register).until
    assert until
    assert (until.day, until.why) == (POSTING - timedelta(days=2), "送付先の期限が切れる前")


def test_what_the_contractor_has_is_out_until_it_is_back_and_deleted(register: Register) -> None:
    record_round(register, up_to="approve_release")
    assert stands(register).out == ()
    record_round(register, up_to="purge")
    found = stands(register)
    assert [item.sort for item in found.out] == ["disc", "notice", "withdrawn", "spoiled", "data"]
    assert found.deletion
    assert found.deletion.day == POSTING + timedelta(days=30)
    assert found.warn_days == 7
    record_round(register, up_to="record_returns")
    assert [item.sort for item in stands(register).out] == ["data"]


def test_an_open_incident_is_told_with_the_next_report(register: Register) -> None:
    record_round(register, up_to="purge", incident=True)
    until = stands(register).incident_until
    assert until
    assert (until.day, until.why) == (POSTING + timedelta(days=2), "事故の速報")
    append(register, IncidentStep(incident_no=1, step="preliminary", reference="8新福生第1号", done_on=POSTING))
    until = stands(register).incident_until
    assert until
    assert until.why == "事故の確報"
    append(register, IncidentClosed(incident_no=1, outcome="影響なし", reference="8新福生第2号"))
    assert stands(register).incidents == ()
    assert stands(register).incident_until is None


def test_many_rounds_are_told_from_the_few_kinds_that_are_read(register: Register) -> None:
    record_round(register, "2026-04-asset", opened_on=date(2026, 4, 7), returned=3)
    record_round(register, "2026-07-change", opened_on=date(2026, 7, 6), ended=True)
    record_round(register, up_to="purge", incident=True)
    found = standings(register.of_kinds(READ))
    assert found == standings(register.entries())
    assert [each.round_id for each in found] == [ROUND, "2026-07-change", "2026-04-asset"]


def test_a_house_without_rounds_has_none(settings: Settings) -> None:
    assert standings(()) == ()


def test_without_its_opening_a_round_cannot_be_told(open_a_round: Callable[..., RoundContext]) -> None:
    work = open_a_round()
    opening = next(entry.seq for entry in work.entries if isinstance(entry.body, RoundOpened))
    record(work, Correction(corrects=opening, reason="誤り"))
    assert standings(work.entries) == ()
