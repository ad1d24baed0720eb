"""An incident's run, task by task as its DAG file makes them: entry first, then the mails, then the forms."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiosmtpd.controller import Controller

from forked import Airflow
from mailround.context import RoundContext
from mailround.incident import open_incidents
from mailround.local.airflow import LocalAirflow
from mailround.local.mailbox import Mailbox
from mailround.register.entries import (
    IncidentClosed,
    IncidentReminded,
    IncidentReported,
    IncidentStep,
    IncidentTold,
    standing,
)
from mailround.settings import Settings
from ports import free_port
from prepared import own_include
from reported import ONE, PARAMS

RUN = """
import dataclasses, json, sys
from datetime import datetime
from types import SimpleNamespace
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowException, TaskAwaitingInput
from mailround import operators, tasks
from mailround.model import IncidentRef

case = json.loads(sys.argv[2])
operators.HITLOperator.execute = lambda self, context: (_ for _ in ()).throw(TaskAwaitingInput(method_name="x"))
bag = DagBag(sys.argv[1], safe_mode=False)
dag = bag.dags["report_incident"]
asked = {}
tasks.get_current_context = lambda: asked

def done(call):
    try:
        outcome = call()
    except TaskAwaitingInput as parked:
        return {"parked": parked.kwargs["shown"]}
    except (AirflowException, OSError) as error:
        return {"failed": type(error).__name__, "text": str(error)}
    return dataclasses.asdict(outcome) if outcome is not None and not isinstance(outcome, int) else outcome

def one(do, at, run_id="r", user="datateam", params={}, fields={}, incident_no=1):
    moment = datetime.fromisoformat(at)
    operators.now = tasks.now = lambda: moment
    asked.clear()
    asked.update(params=params, run_id=run_id, dag_run=SimpleNamespace(triggering_user_name=user))
    asked["task_instance"] = SimpleNamespace(id="1", dag_id=dag.dag_id, run_id=run_id, task_id=do, map_index=-1)
    if do == "report_incident":
        return done(dag.get_task(do).python_callable)
    if do == "tell_contacts":
        ref = IncidentRef(round_id="2026-11-change", incident_no=incident_no)
        return done(lambda: dag.get_task(do).python_callable(ref))
    if do == "watch_incidents":
        return done(bag.dags["deletion_watch"].get_task(do).python_callable)
    asked["params"] = {"round_id": "2026-11-change"}
    form = dag.get_task(do)
    shown = done(lambda: form.execute(asked))
    if not shown or not fields:
        return shown
    event = {
        "chosen_options": ["記録する"], "params_input": fields, "responded_at": moment,
        "responded_by_user": {"id": "3", "name": user},
    }
    return done(lambda: form.execute_complete(asked, event, shown=shown["parked"]))

schemas = {name: dag.params.get_param(name).schema for name in dag.params}
print(json.dumps({"outcomes": [one(**each) for each in case], "schemas": schemas}))
"""
REPORTED_AT = "2026-11-17T15:00:00+09:00"
REPORT: dict[str, object] = {"do": "report_incident", "at": REPORTED_AT, "params": PARAMS}
TELL: dict[str, object] = {"do": "tell_contacts", "at": REPORTED_AT}
STEPS: list[dict[str, object]] = [
    {
        "do": "record_preliminary_report",
        "at": "2026-11-18T10:00:00+09:00",
        "user": "officer",
        "fields": {"reference": "第123号", "done_on": "2026-11-18"},
    },
    {
        "do": "record_final_report",
        "at": "2026-12-15T10:00:00+09:00",
        "user": "officer",
        "fields": {"reference": "第140号", "done_on": "2026-12-15"},
    },
    {
        "do": "close_incident",
        "at": "2026-12-20T10:00:00+09:00",
        "user": "chief",
        "fields": {"reference": "第150号", "result": "すべて回収した"},
    },
]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with contracts that may be broken."""
    return own_include(settings, tmp_path)


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    return open_a_round()


@pytest.fixture
def mail_port(tmp_path: Path) -> Iterator[int]:
    """A mail server that keeps what it gets in ``mail``."""
    port = free_port()
    controller = Controller(Mailbox(tmp_path / "mail"), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def mails(work: RoundContext) -> list[EmailMessage]:
    found = sorted((work.settings.inbox.parent / "mail").glob("*.eml"))
    return [email.message_from_bytes(each.read_bytes(), policy=default) for each in found]  # type: ignore[misc]


@pytest.fixture
def run(work: RoundContext, tmp_path: Path, mail_port: int, airflow: Airflow) -> Callable[..., Any]:
    """Do some tasks one after the other on the round's ward; return what came of each, or the params' schemas."""
    settings = work.settings
    environment = LocalAirflow(tmp_path / "airflow", 1, mail_port).environment() | {
        "MAILROUND_INCLUDE": str(settings.include),
        "MAILROUND_INBOX": str(settings.inbox),
        "MAILROUND_DATA": str(settings.data),
        "MAILROUND_OUTBOX": str(settings.outbox),
        "MAILROUND_VAULT": str(settings.vault),
        "MAILROUND_VAULT_IDENTITY": str(settings.vault_identity),
        "MAILROUND_REGISTER_URL": settings.register_url,
        "MAILROUND_ALERT_TO": "data@example.org",
    }

    def runner(*case: dict[str, object], server: bool = True, wanted: str = "outcomes") -> Any:
        told = environment if server else environment | {"AIRFLOW_CONN_SMTP_DEFAULT": "smtp://127.0.0.1:1"}
        dags = environment["AIRFLOW__CORE__DAGS_FOLDER"]
        return airflow.run(RUN, dags, json.dumps(case), folder=tmp_path, environment=told)[wanted]

    return runner


def test_an_incident_runs_from_its_report_to_its_closing(run: Callable[..., Any], work: RoundContext) -> None:
    reported, told, *answered = run(REPORT, TELL, *STEPS)
    assert reported == {"round_id": "2026-11-change", "incident_no": 1}
    assert [told, *answered] == [None] * 4
    assert [type(entry.body) for entry in work.entries[-5:]] == [
        IncidentReported,
        IncidentTold,
        IncidentStep,
        IncidentStep,
        IncidentClosed,
    ]
    assert [entry.actor for entry in work.entries[-5:]] == ["datateam", "mailround", "officer", "officer", "chief"]
    assert open_incidents(work.entries) == ()


def test_every_task_of_a_settled_incident_can_be_cleared(run: Callable[..., Any], work: RoundContext) -> None:
    run(REPORT, TELL, *STEPS)
    before = work.entries
    again = run(REPORT, TELL, *STEPS)
    assert again == [{"round_id": "2026-11-change", "incident_no": 1}, None, None, None, None]
    assert work.entries == before
    assert len(mails(work)) == 1


def test_the_contacts_and_the_people_in_charge_get_counts_and_no_ids(
    run: Callable[..., Any], work: RoundContext
) -> None:
    run(REPORT | {"params": PARAMS | {"piece_ids": ONE}}, TELL)
    assert standing(work.entries, IncidentReported)[0].piece_ids == (ONE,)
    (mail,) = mails(work)
    assert mail["To"] == "data@example.org, privacy@ward.example, privacy@print.example"
    assert mail["Subject"] == "[mailround] 【事故】回 2026-11-change 第1号（紛失）"
    text = mail.as_string() + str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]
    assert "7 通" in text
    assert ONE not in text
    assert "datateam" not in text


def test_an_incident_is_recorded_although_the_mail_server_is_down_and_the_mail_is_tried_again(
    run: Callable[..., Any], work: RoundContext
) -> None:
    _, told = run(REPORT, TELL, server=False)
    assert told["failed"] == "ConnectionRefusedError", "no AirflowFailException: the task is tried again"
    assert len(open_incidents(work.entries)) == 1
    assert standing(work.entries, IncidentTold) == []
    assert run(TELL, TELL) == [None, None]
    assert len(mails(work)) == len(standing(work.entries, IncidentTold)) == 1


def test_nobody_in_particular_reports_nothing(run: Callable[..., Any], work: RoundContext) -> None:
    before = work.entries
    (outcome,) = run(REPORT | {"user": None})
    assert outcome["failed"] == "AirflowFailException"
    assert "誰がこの実行を開始したか分かりません" in outcome["text"]
    assert work.entries == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"noticed_at": "2026-11-18T10:00:00+09:00"}, "報告の時刻より後"),
        ({"round_id": "2026-12-change"}, "管理簿にありません"),
        ({"piece_ids": "0000101"}, "封書の番号でないもの"),
    ],
)
def test_a_wrong_report_fails_at_once_and_says_why(
    run: Callable[..., Any], work: RoundContext, changes: dict[str, object], words: str
) -> None:
    (outcome,) = run(REPORT | {"params": PARAMS | changes})
    assert outcome["failed"] == "AirflowFailException"
    assert words in outcome["text"]
    assert open_incidents(work.entries) == ()


def test_the_trigger_form_takes_a_good_report_and_keeps_names_out_of_airflow(run: Callable[..., Any]) -> None:
    schemas = run(wanted="schemas")

    def taken(**changes: object) -> bool:
        typed = PARAMS | changes
        checker = jsonschema.FormatChecker()
        return all(
            jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(typed[name])
            for name, schema in schemas.items()
        )

    assert taken()
    assert taken(piece_ids=f"{ONE}, {ONE}\n{ONE.lower()}", pieces=None, incident_no=3)
    for wrong in (
        {"piece_ids": "髙﨑　𠮷郎"},
        {"piece_ids": "タカサキ"},
        {"what": ""},
        {"what": "髙﨑"},
        {"noticed_at": None},
        {"noticed_at": "昨日"},
        {"noticed_at": "2026-11-17"},
        {"noticed_at": "髙﨑 2026-11-17 10:00"},
        {"encrypted": None},
        {"malicious": True},
        {"pieces": -1},
        {"incident_no": 0},
        {"round_id": "髙﨑"},
    ):
        assert not taken(**wrong), wrong


def test_the_watch_reminds_daily_of_what_is_open_and_those_above_of_what_is_overdue(
    run: Callable[..., Any], work: RoundContext
) -> None:
    watch: dict[str, object] = {"do": "watch_incidents"}
    days = ("2026-11-18", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21")
    outcomes = run(REPORT, *(watch | {"at": f"{day}T08:30:00+09:00"} for day in days))
    assert outcomes[1:] == [1, 0, 1, 1, 1]
    late = "data@example.org, chief@ward.example"
    assert [mail["To"] for mail in mails(work)] == ["data@example.org"] * 2 + [late] * 2
    assert [each.on.day for each in standing(work.entries, IncidentReminded)] == [18, 19, 20, 21]


def test_a_reminder_that_nobody_got_is_not_recorded_as_sent(run: Callable[..., Any], work: RoundContext) -> None:
    watch = {"do": "watch_incidents", "at": "2026-11-18T08:30:00+09:00"}
    _, outcome = run(REPORT, watch, server=False)
    assert outcome["failed"] == "ConnectionRefusedError"
    assert standing(work.entries, IncidentReminded) == []
    assert run(watch) == [1]


def test_without_the_contract_the_usual_people_are_reminded_and_the_watch_is_red(
    run: Callable[..., Any], work: RoundContext
) -> None:
    run(REPORT)
    (work.settings.include / "contracts" / "r8-print.yaml").unlink()
    (outcome,) = run({"do": "watch_incidents", "at": "2026-11-20T08:30:00+09:00"})
    assert outcome["failed"] == "AirflowFailException"
    assert "契約" in outcome["text"]
    assert [mail["To"] for mail in mails(work)] == ["data@example.org"]
    assert len(standing(work.entries, IncidentReminded)) == 1
