"""Every role against every action of the REST API, with real logins; what FAB cannot tell apart, the register refuses.

An action is tried so that nothing happens where it is allowed: on a run that is not there, as a dry run, or with a body
that is refused once the right to send it is established. ``allowed`` is the status that says so.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from asked import answer_until

from mailround.local.airflow import LocalAirflow
from mailround.local.client import AirflowUser
from mailround.local.drive import ANSWERS, Driver
from mailround.local.people import USERS
from mailround.register.entries import (
    AnswerRefused,
    MediaHandedOver,
    ReleaseApproved,
    standing,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

EVERYBODY = {user.name for user in USERS}
DATA_TEAM, SYSTEM, NOBODY = {"datateam"}, {"admin"}, set[str]()
INSIDE = {"datateam", "auditor", "admin"}
ROUND_FORMS = (
    "decide_holds",
    "approve_release",
    "record_media_handover",
    "record_password_handover",
    "record_receipt",
    "record_posting",
    "record_returns",
    "record_deletion_certificate",
)
INCIDENT_FORMS = ("record_preliminary_report", "record_final_report", "close_incident")
WARD, CASEWORK = {"datateam", "approver", "officer"}, {"datateam", "officer"}
NO_RUN = "/api/v2/dags/mailing_round/dagRuns/none"
RUN = "/api/v2/dags/mailing_round/dagRuns/{run}"
ANSWER = {"chosen_options": ["承認"], "params_input": {}}
CLEAR = {"dry_run": True, "dag_run_id": "{run}", "task_ids": ["extract"], "only_failed": False}


@dataclass(frozen=True, slots=True)
class Action:
    """One call: what it is, who may make it, and what those are told who may."""

    what: str
    method: str
    path: str
    may: set[str]
    allowed: int = 200
    body: dict[str, Any] | None = None


def answering(dag: str, form: str, may: set[str]) -> Action:
    path = f"/api/v2/dags/{dag}/dagRuns/none/taskInstances/{form}/-1/hitlDetails"
    return Action(f"answer {form}", "PATCH", path, may, 404, ANSWER)


def starting(dag: str, may: set[str]) -> Action:
    return Action(f"start {dag}", "POST", f"/api/v2/dags/{dag}/dagRuns", may, 422, {"logical_date": "never"})


def pausing(dag: str, may: set[str]) -> Action:
    return Action(f"pause {dag}", "PATCH", f"/api/v2/dags/{dag}", may, 422, {"is_paused": "perhaps"})


ACTIONS = (
    Action("see DAGs", "GET", "/api/v2/dags", EVERYBODY),
    Action("see runs", "GET", "/api/v2/dags/mailing_round/dagRuns", EVERYBODY),
    Action("see tasks", "GET", RUN + "/taskInstances", EVERYBODY),
    Action("see a form", "GET", RUN + "/taskInstances/approve_release/-1/hitlDetails", EVERYBODY),
    Action("read a log", "GET", RUN + "/taskInstances/open_round/logs/1", EVERYBODY),
    Action("read XCom", "GET", RUN + "/taskInstances/open_round/xcomEntries/return_value", INSIDE),
    Action("read the DAG's source", "GET", "/api/v2/dagSources/mailing_round", INSIDE),
    Action("read the event log", "GET", "/api/v2/eventLogs", {"auditor", "admin"}),
    starting("mailing_round", DATA_TEAM),
    starting("deletion_watch", DATA_TEAM),
    starting("access_review", DATA_TEAM),
    starting("withdraw_pieces", CASEWORK),
    starting("record_returned_mail", CASEWORK),
    starting("report_incident", WARD),
    *(answering("mailing_round", form, WARD) for form in ROUND_FORMS),
    *(answering("report_incident", form, WARD) for form in INCIDENT_FORMS),
    answering("access_review", "sign_access_review", WARD),
    answering("withdraw_pieces", "acknowledge_withdrawal", CASEWORK),
    answering("record_returned_mail", "settle_returned_mail", CASEWORK),
    Action("clear a task", "POST", "/api/v2/dags/mailing_round/clearTaskInstances", DATA_TEAM, 200, CLEAR),
    Action("clear a run", "POST", NO_RUN + "/clear", DATA_TEAM, 404, {"dry_run": True}),
    Action(
        "mark a task",
        "PATCH",
        RUN + "/taskInstances/approve_release/dry_run",
        DATA_TEAM,
        200,
        {"new_state": "success"},
    ),
    Action("mark a run", "PATCH", NO_RUN, DATA_TEAM, 404, {"state": "success"}),
    Action("delete a run", "DELETE", NO_RUN, NOBODY),
    Action("delete a task", "DELETE", RUN + "/taskInstances/extract", NOBODY),
    # Whoever may answer a form of a DAG may pause that DAG: to FAB it is the same right.
    pausing("mailing_round", WARD),
    pausing("report_incident", WARD),
    pausing("withdraw_pieces", CASEWORK),
    pausing("deletion_watch", DATA_TEAM),
    Action("write XCom", "POST", RUN + "/taskInstances/open_round/xcomEntries", NOBODY, body={"key": "a", "value": 1}),
    Action("read variables", "GET", "/api/v2/variables", SYSTEM),
    Action("add a variable", "POST", "/api/v2/variables", SYSTEM, 422, {"value": 1}),
    Action("edit a variable", "PATCH", "/api/v2/variables/none", SYSTEM, 404, {"key": "none", "value": "1"}),
    Action("delete a variable", "DELETE", "/api/v2/variables/none", SYSTEM, 404),
    Action("read connections", "GET", "/api/v2/connections", SYSTEM),
    Action("add a connection", "POST", "/api/v2/connections", SYSTEM, 422, {"conn_type": 1}),
    Action("delete a connection", "DELETE", "/api/v2/connections/none", SYSTEM, 404),
    Action("add a pool", "POST", "/api/v2/pools", SYSTEM, 422, {"slots": "many"}),
    Action("read users", "GET", "/auth/fab/v1/users", SYSTEM),
    Action("add a user", "POST", "/auth/fab/v1/users", SYSTEM, 422, {"username": "x"}),
    Action("edit a user", "PATCH", "/auth/fab/v1/users/none", SYSTEM, 422, {"username": 1}),
    Action("delete a user", "DELETE", "/auth/fab/v1/users/none", SYSTEM, 404),
    Action("read roles", "GET", "/auth/fab/v1/roles", SYSTEM),
    Action("add a role", "POST", "/auth/fab/v1/roles", NOBODY, body={"name": "x", "actions": []}),
    Action("edit a role", "PATCH", "/auth/fab/v1/roles/Auditor", NOBODY, body={"name": "x"}),
    Action("delete a role", "DELETE", "/auth/fab/v1/roles/Auditor", NOBODY),
)


@pytest.fixture(scope="module")
def people(airflow: LocalAirflow, driver: Driver) -> Iterator[dict[str, AirflowUser]]:
    users = {name: AirflowUser(airflow.url, name, airflow.password) for name in EVERYBODY}
    yield users
    for user in users.values():
        user.close()


@pytest.fixture(scope="module")
def waiting(driver: Driver, begun_round: tuple[str, str]) -> tuple[str, str]:
    """A round whose package waits for its approval: the ids of its run and of itself."""
    run_id, round_id = begun_round
    until(driver, run_id, "approve_release", "decide_holds")
    while states(driver, run_id).get("decide_holds") == "awaiting_input":
        ANSWERS["decide_holds"](driver, run_id, round_id)
        until(driver, run_id, "approve_release", "decide_holds")
    return begun_round


def states(driver: Driver, run_id: str) -> dict[str, str | None]:
    return {each.task_id: each.state for each in driver.users["datateam"].tasks(run_id)}


def until(driver: Driver, run_id: str, *tasks: str, state: str = "awaiting_input", seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    time.sleep(2)  # an answer given just now is not shown yet
    while not any(states(driver, run_id).get(task) == state for task in tasks):
        assert time.monotonic() < deadline, states(driver, run_id)
        time.sleep(0.5)


def called(user: AirflowUser, action: Action, run_id: str) -> int:
    body = action.body and {
        key: value.format(run=run_id) if isinstance(value, str) else value for key, value in action.body.items()
    }
    return user.send(action.method, action.path.format(run=run_id), json=body).status_code


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.what)
def test_an_action_is_allowed_to_these_roles_and_refused_to_all_others(
    people: dict[str, AirflowUser], waiting: tuple[str, str], action: Action
) -> None:
    told = {name: called(user, action, waiting[0]) for name, user in people.items()}
    assert told == {name: action.allowed if name in action.may else 403 for name in EVERYBODY}


def test_every_form_and_every_role_is_in_the_table(driver: Driver) -> None:
    named = {action.path.split("/")[4] for action in ACTIONS if action.path.startswith("/api/v2/dags/")}
    assert {"mailing_round", "report_incident", "withdraw_pieces", "record_returned_mail"} <= named
    assert len({user.role for user in USERS}) == len(EVERYBODY) == 5


def test_the_register_refuses_the_answer_that_the_api_let_through(
    driver: Driver, people: dict[str, AirflowUser], waiting: tuple[str, str]
) -> None:
    """The carrier and the data team may answer forms of this DAG, but not this one."""
    run_id, round_id = waiting
    for name in ("officer", "datateam"):
        done = lambda name=name: name in refused(driver, round_id)  # noqa: E731
        answer_until(done, people[name], run_id, "approve_release", "承認", airflow=driver.airflow)
    assert set(refused(driver, round_id)) == {"officer", "datateam"}
    assert standing(driver.register.entries(round_id), ReleaseApproved) == []


def test_an_approval_that_is_only_marked_successful_releases_nothing(
    driver: Driver, people: dict[str, AirflowUser], waiting: tuple[str, str]
) -> None:
    """Airflow then goes on; the register, which knows no approval, does not: no form, no image, no entry."""
    run_id, round_id = waiting
    until(driver, run_id, "approve_release")
    time.sleep(3)
    mark = Action("mark", "PATCH", RUN + "/taskInstances/approve_release", DATA_TEAM, 200, {"new_state": "success"})
    assert called(people["datateam"], mark, run_id) == 200
    until(driver, run_id, "record_media_handover", state="failed")
    assert states(driver, run_id)["approve_release"] == "success"
    log = people["officer"].log(run_id, "record_media_handover")
    assert "引渡し承認" in log
    assert "【対応】" in log
    with pytest.raises(subprocess.CalledProcessError):
        driver.command("media", "image", round_id)
    entries = driver.register.entries(round_id)
    assert standing(entries, ReleaseApproved) == []
    assert standing(entries, MediaHandedOver) == []
    assert called(people["officer"], answering("mailing_round", "record_media_handover", WARD), run_id) == 404


def test_cleared_it_is_asked_again_and_the_approver_may_approve_but_not_hand_over(
    driver: Driver, people: dict[str, AirflowUser], waiting: tuple[str, str]
) -> None:
    run_id, round_id = waiting
    # Airflow's scheduler on SQLite dies of a task that is cleared while it still marks what comes behind as failed.
    over = time.monotonic() + 300
    while people["datateam"].run_state(run_id) != "failed":
        assert time.monotonic() < over
        time.sleep(1)
    people["datateam"].clear(run_id, "approve_release")
    until(driver, run_id, "approve_release")
    approver = people["approver"]
    approved = lambda: standing(driver.register.entries(round_id), ReleaseApproved)  # noqa: E731
    answer_until(lambda: bool(approved()), approver, run_id, "approve_release", "承認", airflow=driver.airflow)
    assert "approver" not in refused(driver, round_id)
    handed = ("record_media_handover", "記録する")
    answer_until(lambda: "approver" in refused(driver, round_id), approver, run_id, *handed, airflow=driver.airflow)
    assert standing(driver.register.entries(round_id), MediaHandedOver) == []


def refused(driver: Driver, round_id: str) -> list[str]:
    """Return whose answers the register refused, one after the other."""
    return [entry.actor for entry in driver.register.entries(round_id) if isinstance(entry.body, AnswerRefused)]


def test_the_login_page_is_japanese(airflow: LocalAirflow) -> None:
    page = httpx.get(f"{airflow.url}/auth/login/", timeout=30, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    for words in ("ユーザー名", "パスワード", "サインイン"):
        assert words in page.text
    assert "Sign In" not in page.text


def test_the_login_page_gives_an_address_ten_attempts(airflow: LocalAirflow) -> None:
    told = []
    with httpx.Client(base_url=airflow.url, follow_redirects=True, timeout=60) as browser:
        for _ in range(11):
            form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/auth/login/").text)
            assert form is not None
            wrong = {"csrf_token": form[1], "username": "admin", "password": "admin"}
            told.append(browser.post("/auth/login/", data=wrong).status_code)
    assert 429 not in told[:10]
    assert told[10] == 429
