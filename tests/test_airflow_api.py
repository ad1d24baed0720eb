"""Airflow's event log, users and work, read from a real API server over a real database, by a user of that role."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from forked import Airflow
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
API, OF_TASK = '{"method": "POST"}', '{"host_name": "w", "full_command": "[]"}'


@dataclass(frozen=True)
class Server:
    """A running API server, and what a process beside it needs."""

    airflow: Airflow
    url: str
    environment: dict[str, str]
    password: str
    database: Path

    def call(self, method: str, path: str, who: str, password: str = "", **arguments: Any) -> httpx.Response:
        login = {"username": who, "password": password or self.password}
        token = httpx.post(f"{self.url}/auth/token", json=login, timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=60, **arguments)

    def connection(self, login: str = "access-review", password: str = "") -> dict[str, str]:
        return {"conn_type": "http", "host": self.url, "login": login, "password": password or self.password}

    def read(self, month: str, *connections: dict[str, str] | None, **environment: str) -> list[Any]:
        done = self.airflow.python(
            "-c", READ, month, environment=self.environment | environment, told=json.dumps(connections)
        )
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def log(self, *rows: tuple[str, str, str, str | None]) -> None:
        """Write events as Airflow does: moment, event, owner, extra."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.executemany("INSERT INTO log (dttm, event, owner, extra) VALUES (?, ?, ?, ?)", rows)


class Refusing(http.server.BaseHTTPRequestHandler):
    """Lets nobody in; that it was asked says that its certificate was trusted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def server(metadata: LocalAirflow, airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
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
        made = Server(airflow, local.url, environment, local.password, home / "airflow.db")
        while True:
            assert child.poll() is None, (home / "server.log").read_text(encoding="utf-8")
            try:
                httpx.get(f"{made.url}/api/v2/version", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.5)
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
        ("2025-10-15 01:00:00.000000", "running", "生活福祉課", OF_TASK),  # what nobody did
        ("2025-10-15 01:00:00.000000", "success", "生活福祉課", None),
        ("2025-10-15 01:00:00.000000", "failed", "生活福祉課", "no JSON"),
        ("2025-10-15 01:00:00.000000", "cli_scheduler", "airflow", OF_TASK),
        ("2025-10-15 01:00:00.000000", "cli_users_create", "root", OF_TASK),
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
    assert failures() == dict.fromkeys(("access-review", "admin", "auditor", "datateam"), 0) | {
        "officer": 3,
        "approver": 1,
    }
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
        "Airflowの記録を読む接続 access_review がないか、宛先・利用者・パスワードのどれかが足りません",
        "Airflowの記録を読む接続 access_review がないか、宛先・利用者・パスワードのどれかが足りません",
        "接続 access_review の利用者では、Airflowの記録を読めません（401 /auth/token）",
        "接続 access_review の利用者では、Airflowの記録を読めません（403 /api/v2/eventLogs）",
        "接続 access_review の利用者では、Airflowの記録を読めません（403 /auth/fab/v1/users）",
    ]
    assert all("【対応】" in answer and "wrong" not in answer for answer in answers)


DAGS = """
INSERT INTO dag (dag_id, is_paused, is_stale, bundle_name, dag_display_name, timetable_type, timetable_summary, fileloc,
    owners, partition_mapper_info, max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits)
VALUES (?, ?, 0, 'dags', ?, '', ?, '/dags/a.py', 'o', '[]', 16, 0, 0)
"""
RUN = """
INSERT INTO dag_run (dag_id, run_id, run_type, state, conf, queued_at, start_date, run_after)
VALUES (?, ?, 'manual', ?, ?, ?, ?, ?)
"""
TASK = """
INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, start_date, end_date, queued_dttm,
    scheduled_dttm, task_display_name, try_number, pool, pool_slots)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 'default_pool', 1)
"""
LOOK = """
import json, os, sys
from dataclasses import asdict
from datetime import datetime
from mailround.airflow_api import read_work
from mailround.watch import Limits, Seen, find

os.environ["AIRFLOW_CONN_ACCESS_REVIEW"] = sys.argv[1]
work = read_work()
limits = Limits(running={"render": 120}, other=30, waiting=15, idle=15, workers=1)
seen = Seen(datetime.fromisoformat(sys.argv[2]), work, None, {}, 0)
print(json.dumps([asdict(work), {each.key: each.says for each in find(seen, limits)}], default=str))
"""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def before(minutes: int | None) -> str | None:
    """Return a moment as Airflow writes it."""
    return None if minutes is None else f"{NOW - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S.%f}"


@pytest.fixture
def looked(server: Server) -> Iterator[tuple[Any, dict[str, str]]]:
    """Runs of every kind, in Airflow's own schema; what is read of them, and what the watch says to it."""
    tasks = [
        # run, task, map index, state, and how many minutes ago it began, ended, was queued, was scheduled
        ("hangs", "extract", -1, "success", 300, 299, 301, 301),
        ("hangs", "render", 0, "running", 121, None, 125, 125),
        ("hangs", "render", 1, "running", 119, None, 125, 125),
        ("hangs", "render", 2, "queued", None, None, 16, 125),
        ("hangs", "render", 3, "scheduled", None, None, None, 17),
        ("hangs", "verify", -1, None, None, None, None, None),
        ("asks", "approve_release", -1, "awaiting_input", 90_000, None, 90_001, 90_001),
        ("awaits a day", "deletion_due_reminder", -1, "deferred", 90_000, None, 90_001, 90_001),
        ("tries again", "seal", -1, "up_for_retry", 400, 3, 401, 401),
        ("stands still", "extract", -1, "success", 100, 16, 101, 101),
        ("stands still", "check_quality", -1, None, None, None, None, None),
        ("goes on", "extract", -1, "success", 100, 14, 101, 101),
        ("is over", "extract", -1, "failed", 100, 99, 101, 101),
    ]
    states = {"does not begin": "queued", "is over": "failed"}
    with closing(sqlite3.connect(server.database)) as connection, connection:
        connection.execute("INSERT OR IGNORE INTO dag_bundle (name, active) VALUES ('dags', 1)")
        connection.executemany(DAGS, [
            ("mailing_round", False, "一斉送付の回", None),
            ("deletion_watch", True, "消去期限の見回り", "30 8 * * *"),
            ("report_incident", True, "事故の報告", None),
        ])  # fmt: skip
        for name in (*dict.fromkeys(task[0] for task in tasks), "does not begin"):
            conf = json.dumps({"round_id": f"2026-11-{name[:4]}", "reason": "CANARY"})
            state = states.get(name, "running")
            moments = (before(40), None if state == "queued" else before(90_000), before(90_002))
            connection.execute(RUN, ("mailing_round", f"manual__{name}+1", state, conf, *moments))
        connection.executemany(TASK, [
            (uuid.uuid4().hex, "mailing_round", f"manual__{run}+1", task, index, state,
             *map(before, minutes), {"render": "06 通知書作成"}.get(task, task))
            for run, task, index, state, *minutes in tasks
        ])  # fmt: skip
    done = server.airflow.python(
        "-c", LOOK, json.dumps(server.connection()), NOW.isoformat(), environment=server.environment
    )
    assert done.returncode == 0, done.stderr
    work, told = json.loads(done.stdout.splitlines()[-1])
    yield work, told
    with closing(sqlite3.connect(server.database)) as connection, connection:
        for table in ("task_instance", "dag_run", "dag"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - these names


def test_the_work_is_read_as_it_stands_in_airflows_database_and_what_is_stuck_is_told(
    looked: tuple[Any, dict[str, str]],
) -> None:
    work, told = looked
    assert {run["run_id"] for run in work["runs"]} == {
        f"manual__{name}+1"
        for name in ("hangs", "asks", "awaits a day", "tries again", "stands still", "goes on", "does not begin")
    }
    assert {run["title"] for run in work["runs"]} == {"一斉送付の回"}
    step, run = "回 2026-11-hangの工程「06 通知書作成」", "mailing_round/manual__hangs+1"
    assert told == {
        f"running/{run}/render/0": f"{step}（1組目）が121分、動いたまま終わらない（目安は120分）",
        f"waiting/{run}/render": f"{step}が2件、17分、始まらない",
        "idle/mailing_round/manual__stands still+1": "回 2026-11-stanの実行で16分、何も動かず、誰にも尋ねていない",
        "queued/mailing_round/manual__does not begin+1": "回 2026-11-doesの実行が40分、始まらない",
        "paused/deletion_watch": "DAG「消去期限の見回り」が一時停止されている",
        "component/scheduler": "Airflowのスケジューラから合図がない",
        "component/triggerer": "Airflowのトリガラから合図がない",
        "component/dag_processor": "AirflowのDAGプロセッサから合図がない",
    }
    assert "CANARY" not in json.dumps(looked)


def test_an_api_server_with_a_certificate_of_the_houses_own_authority_is_trusted_as_airflow_trusts_it(
    server: Server, tmp_path: Path
) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-noenc",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=api-server", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "ca.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as listener:
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        threading.Thread(target=listener.serve_forever).start()
        secure = server.connection() | {"host": f"https://127.0.0.1:{listener.server_port}"}
        try:
            (answer,) = server.read("2026-01", secure, AIRFLOW__API__SSL_CA_FILE=str(tmp_path / "ca.pem"))
        finally:
            listener.shutdown()
    assert "（401 /auth/token）" in answer


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v2/dags/mailing_round/dagRuns", {"logical_date": None}),
        ("PATCH", "/api/v2/dags/mailing_round", {"is_paused": True}),
        ("GET", "/api/v2/connections", None),
        ("POST", "/auth/fab/v1/users", {"username": "x"}),
        ("GET", "/api/v2/dags/mailing_round/dagRuns/manual__1/taskInstances/extract/logs/1", None),
        ("GET", "/api/v2/dags/mailing_round/dagRuns/manual__1/taskInstances/extract/xcomEntries", None),
    ],
)
def test_the_role_may_do_nothing_else(server: Server, method: str, path: str, body: dict[str, Any] | None) -> None:
    assert server.call(method, path, "access-review", json=body).status_code == 403


def test_every_call_that_airflow_logs_has_its_kind(metadata: LocalAirflow, airflow: Airflow) -> None:
    from mailround.airflow_api import KINDS  # noqa: PLC0415 - beside what it is compared with

    done = airflow.python("-c", LOGGED, environment=metadata.environment())
    assert done.returncode == 0, done.stderr
    logged = set(json.loads(done.stdout.splitlines()[-1]))
    known = set().union(*KINDS.values())
    assert logged - known == HARMLESS
    assert known - logged <= {"bulk_task_instances", "delete_task_instance"}
