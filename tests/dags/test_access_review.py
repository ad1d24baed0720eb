"""The access review's run, task by task as its DAG file makes them: a report, then a signature about the house."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiosmtpd.controller import Controller

from forked import Airflow
from mailround.local.airflow import LocalAirflow
from mailround.local.mailbox import Mailbox
from mailround.register.entries import AccessReviewed, AccessReviewSigned, AnswerRefused
from mailround.register.store import Register
from mailround.review_access import access_report_path
from mailround.settings import Settings
from ports import free_port

RUN = """
import json, sys
from datetime import datetime
from types import SimpleNamespace
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowException, TaskAwaitingInput
from mailround import airflow_api, operators, tasks
from mailround.access_review import Account, Act

operators.HITLOperator.execute = lambda self, context: (_ for _ in ()).throw(TaskAwaitingInput(method_name="x"))
operators.upsert_hitl_detail = lambda **_: None  # Airflow's own server; the end-to-end test has one
dag = DagBag(sys.argv[1], safe_mode=False).dags["access_review"]
asked = {}
tasks.get_current_context = lambda: asked
read = []

def accesses(month):  # the real ones are read in test_airflow_api
    read.append(month)
    return (Act(datetime.fromisoformat(f"{month}-06T10:00:00+09:00"), "datateam", "started"),), (
        Account("datateam", ("DataTeam",), 1, 0),
    )

airflow_api.read_accesses = accesses

def done(call):
    try:
        return call()
    except TaskAwaitingInput as parked:
        return {"parked": parked.kwargs["shown"]}
    except AirflowException as error:
        return {"failed": type(error).__name__, "text": str(error)}

def one(do, at="2026-11-04T06:00:00+09:00", run_id="r", month=None, user="chief", fields={}):
    moment = datetime.fromisoformat(at)
    operators.now = tasks.now = lambda: moment
    asked.update(params={"month": month}, run_id=run_id, dag_run=SimpleNamespace(run_after=moment))
    asked["task_instance"] = SimpleNamespace(id="1", dag_id=dag.dag_id, run_id=run_id, task_id=do, map_index=-1)
    if do == "review_access":
        return done(dag.get_task(do).python_callable)
    form = dag.get_task(do)
    shown = done(lambda: form.execute(asked))
    if not shown or "failed" in shown or not fields:
        return shown
    event = {
        "chosen_options": ["署名する"], "params_input": fields, "responded_at": moment,
        "responded_by_user": {"id": "3", "name": user},
    }
    return done(lambda: form.execute_complete(asked, event, shown=shown["parked"]))

outcomes = [one(**each) for each in json.loads(sys.argv[2])]
print(json.dumps({"outcomes": outcomes, "read": read, "schema": dag.params.get_param("month").schema}))
"""
REVIEW: dict[str, object] = {"do": "review_access"}
SIGN: dict[str, object] = {
    "do": "sign_access_review",
    "at": "2026-11-05T10:00:00+09:00",
    "fields": {"judgement": "問題はなかった", "reference": "8新福生第160号"},
}


@pytest.fixture
def mail_port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    controller = Controller(Mailbox(tmp_path / "mail"), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def run(settings: Settings, tmp_path: Path, mail_port: int, airflow: Airflow) -> Callable[..., Any]:
    environment = LocalAirflow(tmp_path / "airflow", 1, mail_port).environment() | {
        "MAILROUND_OUTBOX": str(settings.outbox),
        "MAILROUND_REGISTER_URL": settings.register_url,
        "MAILROUND_ALERT_TO": "data@example.org",
    }

    def runner(*case: dict[str, object]) -> Any:
        dags = environment["AIRFLOW__CORE__DAGS_FOLDER"]
        return airflow.run(RUN, dags, json.dumps(case), folder=tmp_path, environment=environment)

    return runner


def bodies(settings: Settings) -> list[type]:
    return [type(entry.body) for entry in Register(settings.register_url).entries()]


def test_the_month_before_is_reviewed_and_signed(run: Callable[..., Any], settings: Settings) -> None:
    found = run(REVIEW, SIGN)
    assert found["outcomes"] == [None, None]
    assert found["read"] == ["2026-10"]
    assert bodies(settings) == [AccessReviewed, AccessReviewSigned]
    assert access_report_path(settings, "2026-10").read_bytes().startswith(b"%PDF")


def test_both_tasks_can_be_cleared(run: Callable[..., Any], settings: Settings) -> None:
    run(REVIEW, SIGN)
    assert run(REVIEW, SIGN)["outcomes"] == [None, None]
    assert len(bodies(settings)) == 2


@pytest.mark.parametrize(
    ("at", "month", "read"),
    [
        ("2026-10-31T15:30:00+00:00", None, "2026-10"),  # November in Tokyo
        ("2027-01-04T06:00:00+09:00", None, "2026-12"),
        ("2026-11-04T06:00:00+09:00", "2026-08", "2026-08"),
    ],
)
def test_the_month_is_that_of_tokyo_or_the_one_asked_for(
    run: Callable[..., Any], at: str, month: str | None, read: str
) -> None:
    found = run(REVIEW | {"at": at, "month": month})
    assert found["outcomes"] == [None]
    assert found["read"] == [read]


def test_a_month_that_is_not_over_fails_at_once(run: Callable[..., Any], settings: Settings) -> None:
    (outcome,) = run(REVIEW | {"month": "2026-11"})["outcomes"]
    assert outcome["failed"] == "AirflowFailException"
    assert "まだ終わっていない" in outcome["text"]
    assert bodies(settings) == []


def test_without_a_report_the_form_does_not_ask(run: Callable[..., Any]) -> None:
    (outcome,) = run(SIGN)["outcomes"]
    assert outcome["failed"] == "AirflowFailException"
    assert "点検報告書が管理簿にない" in outcome["text"]


def test_a_wrong_answer_is_asked_again_and_its_mail_names_no_round(
    run: Callable[..., Any], settings: Settings, tmp_path: Path
) -> None:
    _, outcome = run(REVIEW, SIGN | {"user": "approver"})["outcomes"]
    assert "parked" in outcome
    assert bodies(settings) == [AccessReviewed, AnswerRefused]
    (mail,) = (tmp_path / "mail").glob("*.eml")
    message = email.message_from_bytes(mail.read_bytes(), policy=default)
    assert message["Subject"] == "[mailround] 再回答のお願い：「共通」／2 署名"
    text = message.get_body(("html",)).get_content()  # type: ignore[attr-defined]
    assert "対象：「共通」" in text
    assert "/mailround/register?kind=answer_refused" in text
    assert "house" not in text


@pytest.mark.parametrize("good", [None, "2026-10", "2026-01"])
def test_the_trigger_form_takes_a_month_or_nothing(run: Callable[..., Any], good: str | None) -> None:
    schema = run()["schema"]
    assert jsonschema.Draft202012Validator(schema).is_valid(good)
    for wrong in ("2026-13", "10", "2026-10-01", "髙﨑", 202610):
        assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)
