"""The monthly review on a real Airflow: its log read over the API in a task, a form about the house, signed."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime

import pytest
from asked import answer_until

from mailround.access_review import month_span, previous_month
from mailround.local.airflow import LocalAirflow
from mailround.local.client import AirflowUser
from mailround.local.drive import Driver
from mailround.register.entries import HOUSE, AccessReviewed, AccessReviewSigned, AnswerRefused, standing
from mailround.review_access import access_report_path
from mailround.settings import TOKYO

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
DAG = "access_review"
SIGN = "sign_access_review"


def reach(user: AirflowUser, run_id: str, wanted: str) -> None:
    """Wait until the form is in that state; nothing may fail before."""
    deadline = time.monotonic() + 600
    while True:
        states = {each.task_id: each.state for each in user.tasks(run_id, dag=DAG)}
        if states.get(SIGN) == wanted:
            return
        assert "failed" not in states.values(), user.log(run_id, "review_access", dag=DAG)
        assert time.monotonic() < deadline, states
        time.sleep(0.5)


def test_a_responsible_person_signs_what_the_task_gathered(airflow: LocalAirflow, driver: Driver) -> None:
    datateam, officer = driver.users["datateam"], driver.users["officer"]
    # The month before the last one: Airflow itself has begun the run for the last, and of two about a month one asks.
    begin, _ = month_span(previous_month(datetime.now(TOKYO).date()))
    month = previous_month(begin.date())
    run_id = datateam.trigger({"month": month}, dag=DAG)
    reach(datateam, run_id, "awaiting_input")
    (made,) = (each for each in standing(driver.register.entries(HOUSE), AccessReviewed) if each.run_id == run_id)
    assert made.month == month
    assert {"datateam（DataTeam）", "officer（Carrier）", "admin（SystemAdmin）"} <= set(made.users)
    assert made.counts["ログイン:datateam"] >= 1, "the driver is logged in"
    report = access_report_path(driver.settings, month).read_bytes()
    assert hashlib.sha256(report).hexdigest() == made.access_report_sha256
    assert made.access_report_sha256 in datateam.request(run_id, SIGN, dag=DAG)["body"]

    signed = (run_id, SIGN, "署名する")
    fields: dict[str, object] = {"judgement": "問題はなかった", "reference": "8新福生第160号"}
    # Airflow lets the data team send one, the register refuses it.
    refused = lambda: bool(standing(driver.register.entries(HOUSE), AnswerRefused))  # noqa: E731
    answer_until(refused, datateam, *signed, dag=DAG, fields=lambda: fields, airflow=driver.airflow)
    over = lambda: datateam.run_state(run_id, dag=DAG) in {"success", "failed"}  # noqa: E731
    answer_until(over, officer, *signed, dag=DAG, fields=lambda: fields, airflow=driver.airflow)
    assert datateam.run_state(run_id, dag=DAG) == "success"
    (entry,) = (each for each in driver.register.entries(HOUSE) if isinstance(each.body, AccessReviewSigned))
    assert entry.actor == "officer"
    assert entry.body.access_report_sha256 == made.access_report_sha256
    driver.register.verify()
