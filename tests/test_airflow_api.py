"""Airflow's event log and users, read from a real API server over a real metadata database, by a user of that role."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from mailround.local.airflow import LocalAirflow
from ports import free_port

READ = """
import json, os, sys
from mailround.errors import ConfigurationError
from mailround.airflow_api import read_accesses

found = []
for connection in json.load(sys.stdin):
    os.environ.pop("AIRFLOW_CONN_ACCESS_REVIEW", None)
    if connection is not None:
        os.environ["AIRFLOW_CONN_ACCESS_REVIEW"] = json.dumps(connection)
    try:
        acts, accounts = read_accesses(sys.argv[1])
    except ConfigurationError as error:
        found.append(str(error))
    else:
        told = [[a.at.isoformat(), a.who, a.kind] for a in acts]
        found.append([told, [[u.name, u.roles, u.logins, u.failed] for u in accounts]])
print(json.dumps(found))
"""
LOGGED = """
import json
from airflow.api_fastapi.core_api.routes.public import public_router

def logs(route):
    return any("action_logging" in each.dependency.__qualname__ for each in getattr(route, "dependencies", ()))

print(json.dumps(sorted({route.endpoint.__name__ for route in public_router.routes if logs(route)})))
"""
HARMLESS = {
    "favorite_dag",
    "unfavorite_dag",
    "get_task_instances_batch",
    "delete_asset_queued_events",
    "delete_dag_asset_queued_events",
    "delete_dag_asset_queued_event",
    "enqueue_connection_test",
    "reparse_dag_file",
}
"""What Airflow logs and the review counts as anything else."""
API, TASK = '{"method": "POST"}', '{"host_name": "w", "full_command": "[]"}'
PASSWORD = "as-good-as-any-2026"  # noqa: S105 - of a user of this test


@dataclass(frozen=True)
class Server:
    """A running API server, and what a process beside it needs."""

    url: str
    environment: dict[str, str]
    password: str
    database: Path

    def call(self, method: str, path: str, who: str, password: str = "", **arguments: Any) -> httpx.Response:
        login = {"username": who, "password": password or self.password}
        token = httpx.post(f"{self.url}/auth/token", json=login, timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=60, **arguments)

    def connection(self, login: str = "reviewer", password: str = PASSWORD) -> dict[str, str]:
        return {"conn_type": "http", "host": self.url, "login": login, "password": password}

    def read(self, month: str, *connections: dict[str, str] | None) -> list[Any]:
        done = subprocess.run(
            [sys.executable, "-c", READ, month],
            env=self.environment,
            input=json.dumps(connections),
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def log(self, *rows: tuple[str, str, str, str | None]) -> None:
        """Write events as Airflow does: moment, event, owner, extra."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.executemany("INSERT INTO log (dttm, event, owner, extra) VALUES (?, ?, ?, ?)", rows)


@pytest.fixture(scope="module")
def server(metadata: LocalAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("served") / "airflow"
    shutil.copytree(metadata.home, home)
    local = LocalAirflow(home, free_port(), 2)
    environment = local.environment()
    command = [str(Path(sys.executable).with_name("airflow")), "api-server", "--workers", "1"]
    with (home / "server.log").open("wb") as log:
        child = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        made = Server(local.url, environment, local.password, home / "airflow.db")
        while True:
            assert child.poll() is None, (home / "server.log").read_text(encoding="utf-8")
            try:
                httpx.get(f"{made.url}/api/v2/version", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.5)
        body = {"username": "reviewer", "email": "r@mailround.invalid", "first_name": "r", "last_name": "r"}
        body |= {"password": PASSWORD, "roles": [{"name": "AccessReview"}]}  # type: ignore[dict-item]
        assert made.call("POST", "/auth/fab/v1/users", "admin", json=body).status_code == 200
        yield made
    finally:
        child.terminate()
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:  # it waits for its own worker, on a busy machine for long
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def test_every_event_of_the_month_and_no_other_is_read_page_by_page(server: Server) -> None:
    server.log(
        ("2025-09-30 14:59:59.999999", "trigger_dag_run", "before", API),  # September in Tokyo
        ("2025-09-30 15:00:00.000000", "trigger_dag_run", "first", API),
        *[("2025-10-15 01:00:00.000000", "update_hitl_detail", "officer", API)] * 250,
        ("2025-10-31 14:59:59.999999", "patch_task_instance", "last", API),
        ("2025-10-31 15:00:00.000000", "trigger_dag_run", "after", API),
        ("2025-10-15 01:00:00.000000", "running", "生活福祉課", TASK),  # what nobody did
        ("2025-10-15 01:00:00.000000", "success", "生活福祉課", None),
        ("2025-10-15 01:00:00.000000", "failed", "生活福祉課", "no JSON"),
        ("2025-10-15 01:00:00.000000", "cli_scheduler", "airflow", TASK),
        ("2025-10-15 01:00:00.000000", "cli_users_create", "root", TASK),
        ("2025-10-15 01:00:00.000000", "made_by_the_next_version", "officer", API),
    )
    ((acts, _),) = server.read("2025-10", server.connection())
    assert Counter((who, kind) for _, who, kind in acts) == {
        ("first", "started"): 1,
        ("officer", "answered"): 250,
        ("last", "marked"): 1,
        ("root", "commanded"): 1,
        ("officer", "other"): 1,
    }
    assert acts[0][0] in {"2025-09-30T15:00:00+00:00", "2025-10-01T00:00:00+09:00"}


def test_what_is_done_through_the_api_is_read_and_nothing_of_what_was_said(server: Server) -> None:
    variable = {"key": "seen", "value": "CANARY", "description": "CANARY"}
    assert server.call("POST", "/api/v2/variables", "admin", json=variable).status_code == 201
    assert server.call("POST", "/api/v2/variables", "auditor", json=variable).status_code == 403
    month = time.strftime("%Y-%m", time.gmtime(time.time() + 9 * 3600))
    found = server.read(month, server.connection())
    ((acts, _),) = found
    assert {(who, kind) for _, who, kind in acts} == {("admin", "configured"), ("auditor", "configured")}, (
        "an attempt that is refused is logged too"
    )
    assert "CANARY" not in json.dumps(found)


def test_failed_logins_in_a_row_are_seen_and_a_success_hides_them(server: Server) -> None:
    def failures() -> dict[str, int]:
        ((_, accounts),) = server.read("2026-01", server.connection())
        return {name: failed for name, _, _, failed in accounts}

    for name in ("officer", "officer", "officer", "approver", "nobody"):
        wrong = {"username": name, "password": "wrong"}
        assert httpx.post(f"{server.url}/auth/token", json=wrong, timeout=60).status_code == 401
    assert failures() == dict.fromkeys(("admin", "auditor", "datateam", "reviewer"), 0) | {"officer": 3, "approver": 1}
    server.call("GET", "/api/v2/version", "officer")
    assert failures()["officer"] == 0


def test_users_are_told_with_their_roles_and_how_often_they_logged_in_and_only_while_active(server: Server) -> None:
    def told() -> dict[str, tuple[list[str], int]]:
        ((_, accounts),) = server.read("2026-01", server.connection())
        return {name: (roles, logins) for name, roles, logins, _ in accounts}

    before = told()["auditor"]
    server.call("GET", "/api/v2/version", "auditor")
    assert told()["auditor"] == (["Auditor"], before[1] + 1)
    with closing(sqlite3.connect(server.database)) as connection, connection:
        connection.execute("UPDATE ab_user SET active = 0 WHERE username = 'auditor'")
    try:
        assert "auditor" not in told()
    finally:
        with closing(sqlite3.connect(server.database)) as connection, connection:
            connection.execute("UPDATE ab_user SET active = 1 WHERE username = 'auditor'")


def test_who_may_not_read_or_log_in_and_a_missing_connection_are_told_with_the_remedy(server: Server) -> None:
    answers = server.read(
        "2026-01",
        None,
        server.connection() | {"password": ""},
        server.connection() | {"password": "wrong"},
        server.connection("officer", server.password),  # sees no event log
        server.connection("auditor", server.password),  # sees the event log, but no users
    )
    assert [answer.split("。")[0] for answer in answers] == [
        "監査記録を読む接続 access_review がないか、宛先・利用者・パスワードのどれかが足りません",
        "監査記録を読む接続 access_review がないか、宛先・利用者・パスワードのどれかが足りません",
        "接続 access_review の利用者では、監査記録を読めません（401 /auth/token）",
        "接続 access_review の利用者では、監査記録を読めません（403 /api/v2/eventLogs）",
        "接続 access_review の利用者では、監査記録を読めません（403 /auth/fab/v1/users）",
    ]
    assert all("【対応】" in answer and "wrong" not in answer for answer in answers)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v2/dags/mailing_round/dagRuns", {"logical_date": None}),
        ("PATCH", "/api/v2/dags/mailing_round", {"is_paused": True}),
        ("GET", "/api/v2/connections", None),
        ("POST", "/auth/fab/v1/users", {"username": "x"}),
        ("GET", "/api/v2/dags/mailing_round/dagRuns", None),
    ],
)
def test_the_role_may_do_nothing_else(server: Server, method: str, path: str, body: dict[str, Any] | None) -> None:
    assert server.call(method, path, "reviewer", PASSWORD, json=body).status_code == 403


def test_every_call_that_airflow_logs_has_its_kind(metadata: LocalAirflow) -> None:
    from mailround.airflow_api import KINDS  # noqa: PLC0415 - beside what it is compared with

    done = subprocess.run(
        [sys.executable, "-c", LOGGED], env=metadata.environment(), capture_output=True, text=True, check=True
    )
    logged = set(json.loads(done.stdout.splitlines()[-1]))
    known = set().union(*KINDS.values())
    assert logged - known == HARMLESS
    assert known - logged <= {"bulk_task_instances", "delete_task_instance"}
