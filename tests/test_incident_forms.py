"""The forms of an incident: both reports, in order, and its closing by somebody else than who reported it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import jsonschema
import pytest
from airflow.sdk import Param

from answered import CANARY, day
from mailround.context import RoundContext, load_round
from mailround.errors import GateClosedError, RegisterError
from mailround.forms import Answer, AskAgain, Form, Settled, settle
from mailround.incident import open_incidents, report_incident
from mailround.incident_forms import FinalReport, IncidentClosing, PreliminaryReport
from mailround.register.entries import (
    AnswerRefused,
    Correction,
    IncidentClosed,
    IncidentReported,
    IncidentStep,
    RoundClosed,
    standing,
)
from mailround.settings import Settings
from prepared import record
from reported import PARAMS

Opener = Callable[..., RoundContext]
FORMS: tuple[type[Form], ...] = (PreliminaryReport, FinalReport, IncidentClosing)
GOOD: dict[type[Form], tuple[str, datetime, dict[str, object]]] = {
    PreliminaryReport: ("officer", day(11, 19), {"reference": "8新福生第123号", "done_on": "2026-11-18"}),
    FinalReport: ("officer", day(12, 16), {"reference": "8新福生第140号", "done_on": "2026-12-15"}),
    IncidentClosing: ("chief", day(12, 20), {"reference": "8新福生第150号", "result": "すべて回収した"}),
}


@pytest.fixture
def work(open_a_round: Opener, settings: Settings) -> RoundContext:
    """A round with an incident, as the run sees it that reported it."""
    opened = open_a_round()
    go_on(opened, "r", incident_no=None)
    return load_round(settings, opened.round_id, "r")


def go_on(work: RoundContext, run_id: str, by: str = "datateam", **changes: object) -> RoundContext:
    report_incident(work, PARAMS | changes, run_id=run_id, reported_by=by, at=day(11, 17, 15))
    return load_round(work.settings, work.round_id, run_id)


def give(form: type[Form], work: RoundContext, **changes: object) -> Settled | AskAgain:
    responder, answered_at, fields = GOOD[form]
    chosen = {"option": "記録する", "responder": responder, "answered_at": answered_at}
    chosen |= {key: changes.pop(key) for key in tuple(changes) if key in chosen}
    answer = Answer(fields=fields | changes, **chosen)  # type: ignore[arg-type]
    return settle(form, work, answer, at=answer.answered_at)


def settled(form: type[Form], work: RoundContext, **changes: object) -> None:
    outcome = give(form, work, **changes)
    assert isinstance(outcome, Settled), outcome


def refused(form: type[Form], work: RoundContext, **changes: object) -> str:
    outcome = give(form, work, **changes)
    assert isinstance(outcome, AskAgain), outcome
    assert isinstance(work.entries[-1].body, AnswerRefused)
    return "\n".join(outcome.reasons)


def lead_to(form: type[Form], work: RoundContext) -> None:
    for each in FORMS[: FORMS.index(form)]:
        settled(each, work)


@pytest.mark.parametrize("form", FORMS)
def test_airflow_accepts_the_params_and_their_defaults(form: type[Form]) -> None:
    for name, schema in form.params().items():
        jsonschema.Draft202012Validator.check_schema({key: each for key, each in schema.items() if key != "default"})
        assert Param(**schema).resolve() == schema["default"], name
        assert not schema["title"].isascii(), name
        assert schema["description"].endswith("。"), name
    assert not form.subject.isascii()
    assert "round_id" not in form.params(), "it would hide the run's"


def test_an_incident_is_reported_twice_and_closed(work: RoundContext) -> None:
    for form in FORMS:
        assert form.needed(work)
        settled(form, work)
        assert not form.needed(work)
    assert standing(work.entries, IncidentStep) == [
        IncidentStep(incident_no=1, step="preliminary", reference="8新福生第123号", done_on=date(2026, 11, 18)),
        IncidentStep(incident_no=1, step="final", reference="8新福生第140号", done_on=date(2026, 12, 15)),
    ]
    assert standing(work.entries, IncidentClosed) == [
        IncidentClosed(incident_no=1, outcome="すべて回収した", reference="8新福生第150号")
    ]
    assert open_incidents(work.entries) == ()


@pytest.mark.parametrize("form", FORMS)
def test_the_question_shows_what_is_known_and_nobody(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    text = form.body(work)
    for row in (
        "| 事故番号 | 1 |",
        "| 何が起きたか | 紛失 |",
        "| 速報の期限 | 2026-11-19 |",
        "| 確報の期限 | 2026-12-16 |",
    ):
        assert row in text
    assert ("| 速報 | 2026-11-18（8新福生第123号） |" in text) is (form is not PreliminaryReport)
    assert ("| 確報 | 2026-12-15（8新福生第140号） |" in text) is (form is IncidentClosing)
    assert "datateam" not in text


@pytest.mark.parametrize("form", FORMS)
def test_a_form_sent_as_it_was_shown_is_refused_field_by_field(work: RoundContext, form: type[Form]) -> None:
    outcome = form.read({name: schema["default"] for name, schema in form.params().items()})
    assert isinstance(outcome, tuple)
    assert len(outcome) == len(form.model_fields)


@pytest.mark.parametrize(
    ("form", "changes", "told"),
    [
        (PreliminaryReport, {"done_on": "2026-11-16"}, "事故を知った日（2026-11-17）以後"),
        (PreliminaryReport, {"done_on": "2026-11-20"}, "回答した日より後"),
        (PreliminaryReport, {"done_on": None}, "「提出日」が未入力です"),
        (PreliminaryReport, {"reference": ""}, "「報告書の番号」が未入力です"),
        (PreliminaryReport, {"reference": CANARY}, "「報告書の番号」が正しくありません"),
        (FinalReport, {"done_on": "2026-11-17"}, "速報の提出日（2026-11-18）以後"),
        (FinalReport, {"done_on": "2026-12-17"}, "回答した日より後"),
        (IncidentClosing, {"result": "（選んでください）"}, "「結果」が未入力です"),
        (IncidentClosing, {"result": CANARY}, "「結果」が正しくありません"),
        (IncidentClosing, {"reference": CANARY}, "「終了の決裁の番号」が正しくありません"),
        (IncidentClosing, {"option": "終わり"}, "「記録する」から選んで"),
    ],
)
def test_a_bad_answer_is_asked_again_without_repeating_it(
    work: RoundContext, form: type[Form], changes: dict[str, object], told: str
) -> None:
    lead_to(form, work)
    reasons = refused(form, work, **changes)
    assert told in reasons
    assert "髙﨑" not in reasons
    assert form.needed(work)


@pytest.mark.parametrize(
    ("form", "responder", "good"),
    [
        (PreliminaryReport, "officer", True),
        (PreliminaryReport, "datateam", True),
        (FinalReport, "chief", True),
        (FinalReport, "C-001", False),
        (PreliminaryReport, "auditor", False),
        (PreliminaryReport, None, False),
        (IncidentClosing, "chief", True),
        (IncidentClosing, "approver", True),
        (IncidentClosing, "officer", False),
        (IncidentClosing, "C-000", False),
    ],
)
def test_reports_are_the_first_divisions_and_the_closing_the_responsible_persons_or_the_seconds(
    work: RoundContext, form: type[Form], responder: str | None, good: bool
) -> None:
    lead_to(form, work)
    assert isinstance(give(form, work, responder=responder), Settled) is good


@pytest.mark.parametrize(
    ("reporter", "responder"), [("approver", "approver"), ("Approver", "approver"), ("approver", "APPROVER")]
)
def test_whoever_reported_an_incident_or_added_to_it_does_not_close_it(
    work: RoundContext, reporter: str, responder: str
) -> None:
    go_on(work, "s", by=reporter, incident_no=1)
    lead_to(IncidentClosing, work)
    assert "報告した本人は回答できません" in refused(IncidentClosing, work, responder=responder)
    settled(IncidentClosing, work, responder="approver2")


def test_after_the_contract_has_ended_and_the_round_is_closed_an_incident_is_still_settled(work: RoundContext) -> None:
    record(work, RoundClosed(report_sha256="a" * 64))
    years_later = {"answered_at": day(12, 20).replace(year=2029)}
    for form in FORMS:
        settled(form, work, **years_later)
    assert open_incidents(work.entries) == ()


def test_a_late_report_is_recorded_as_it_was(work: RoundContext) -> None:
    settled(PreliminaryReport, work, done_on="2026-11-25", answered_at=day(11, 26))


def test_nothing_is_recorded_out_of_order(work: RoundContext) -> None:
    for form, missing in ((FinalReport, "速報"), (IncidentClosing, "速報")):
        with pytest.raises(GateClosedError, match=missing):
            form.body(work)
        with pytest.raises(GateClosedError, match=missing):
            give(form, work)
    settled(PreliminaryReport, work)
    with pytest.raises(GateClosedError, match="確報"):
        IncidentClosing.body(work)
    settled(FinalReport, work)
    record(work, Correction(corrects=work.entries[-1].seq, reason="別の事故の確報"))
    assert FinalReport.needed(work)
    with pytest.raises(GateClosedError, match="確報"):
        IncidentClosing.body(work)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_answer_again_adds_nothing_and_a_different_one_is_not_taken(
    work: RoundContext, form: type[Form]
) -> None:
    lead_to(form, work)
    settled(form, work)
    before = work.entries
    if form is IncidentClosing:  # nothing is open any more
        for changes in ({}, {"reference": "第9号"}):
            with pytest.raises(GateClosedError, match="対応中の事故が管理簿にありません"):
                give(form, work, **changes)
        assert work.entries == before
        return
    settled(form, work)
    assert work.entries == before
    with pytest.raises(RegisterError, match="既に別の回答"):
        give(form, work, reference="第9号")
    assert [type(entry.body) for entry in work.entries[len(before) :]] == [AnswerRefused]


def test_each_run_is_about_its_own_incident(work: RoundContext) -> None:
    other = go_on(work, "s")
    settled(PreliminaryReport, other)
    assert [each.incident_no for each in standing(work.entries, IncidentStep)] == [2]
    assert PreliminaryReport.needed(work)
    for form in FORMS:
        settled(form, work)
    assert [each.incident_no for each in open_incidents(work.entries)] == [2]
    settled(FinalReport, other)
    settled(IncidentClosing, other)
    assert open_incidents(work.entries) == ()


def test_a_run_that_goes_on_with_an_incident_settles_it_and_the_first_run_has_nothing_left_to_ask(
    work: RoundContext,
) -> None:
    settled(PreliminaryReport, work)
    other = go_on(work, "s", incident_no=1)
    assert [form.needed(other) for form in FORMS] == [False, True, True]
    settled(FinalReport, other)
    settled(IncidentClosing, other)
    assert not any(form.needed(each) for form in FORMS for each in (work, other))


@pytest.mark.parametrize("form", FORMS)
def test_a_report_that_was_taken_back_leaves_nothing_to_ask(work: RoundContext, form: type[Form]) -> None:
    (seq,) = [entry.seq for entry in work.entries if isinstance(entry.body, IncidentReported)]
    record(work, Correction(corrects=seq, reason="別の回の事故"))
    assert not form.needed(work)
    with pytest.raises(GateClosedError, match="対応中の事故が管理簿にありません"):
        form.body(work)
    with pytest.raises(GateClosedError, match="対応中の事故が管理簿にありません"):
        give(form, work)


@pytest.mark.parametrize("form", FORMS)
def test_a_run_without_an_incident_asks_nothing(work: RoundContext, form: type[Form]) -> None:
    assert not form.needed(load_round(work.settings, work.round_id, "another"))
    assert not form.needed(load_round(work.settings, work.round_id))
