"""What is over goes with all that hangs on it; what waits stays for however many months, in Airflow's real database."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forked import Airflow
from mailround.context import RoundContext
from mailround.local.airflow import LocalAirflow
from mailround.local.people import USERS
from mailround.register.entries import RoundClosed
from mailround.register.store import Register
from mailround.settings import TOKYO

NOW = datetime.now(TOKYO)
LONG_AGO, LATELY = NOW - timedelta(days=420), NOW - timedelta(days=10)

SEED = """
import json, sys, uuid
from datetime import datetime
from airflow.models.dagrun import DagRun
from airflow.models.hitl import HITLDetail
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session

def put(session, model, **values):
    return session.execute(model.__table__.insert().values(**values)).inserted_primary_key

with create_session() as session:
    for run in json.load(sys.stdin):
        began, ended = datetime.fromisoformat(run["began"]), run["ended"] and datetime.fromisoformat(run["ended"])
        names = {"dag_id": run["dag"], "run_id": run["id"]}
        (number,) = put(session, DagRun, **names, run_type=run["type"], state=run["state"], run_after=began,
                        conf={"round_id": run["round"]}, queued_at=began, start_date=began, end_date=ended)
        step = dict(names, task_id="approve_release", map_index=-1)
        task = uuid.uuid4()
        put(session, TaskInstance, **step, id=task, try_number=1, max_tries=1, pool="default_pool", start_date=began,
            state="success" if ended else "awaiting_input")
        put(session, XComModel, **step, dag_run_id=number, key="return_value", value="1", timestamp=began)
        put(session, HITLDetail, ti_id=task, options=["OK"], subject="?", created_at=began)
        put(session, Log, event="trigger", dttm=began, dag_id=run["dag"], run_id=run["id"])
"""


class House:
    """A copy of a local Airflow, with runs as they come to be over the years."""

    def __init__(self, good: LocalAirflow, home: Path, register_url: str, airflow: Airflow) -> None:
        shutil.copytree(good.home, home)
        self._airflow = airflow
        self.home = home
        self.environment = LocalAirflow(home, 1, 2).environment() | {"MAILROUND_REGISTER_URL": register_url}
        self._runs: list[dict[str, Any]] = []

    def add(self, run_id: str, began: datetime, ended: datetime | None, **more: str) -> None:
        state = "failed" if more.get("state") == "failed" else "success" if ended else "running"
        run = {"dag": "mailing_round", "type": "manual", "round": "2020-01-none", **more}
        self._runs.append(run | {"id": run_id, "state": state, "began": str(began), "ended": ended and str(ended)})
        self.log(f"dag_id={run['dag']}/run_id={run_id}/task_id=approve_release/attempt=1.log", ended or began)

    def log(self, name: str, at: datetime) -> None:
        path = self.home / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (at.timestamp(), at.timestamp()))

    def seed(self) -> None:
        self._run("-c", SEED, told=json.dumps(self._runs))

    def clean(self, **environment: str) -> dict[str, int]:
        cleaned: dict[str, int] = json.loads(self._run("-m", "mailround.cleaning", **environment).splitlines()[-1])
        return cleaned

    def ids(self, table: str, column: str = "run_id") -> list[str]:
        with closing(sqlite3.connect(self.home / "airflow.db")) as connection:
            return sorted(value for (value,) in connection.execute(f"SELECT {column} FROM {table}"))  # noqa: S608

    def logs(self) -> list[str]:
        return sorted(path.relative_to(self.home / "logs").as_posix() for path in (self.home / "logs").rglob("*.log"))

    def _run(self, *arguments: str, told: str = "", **environment: str) -> str:
        done = self._airflow.python(*arguments, environment=self.environment | environment, told=told)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def house(metadata: LocalAirflow, airflow: Airflow, tmp_path: Path, open_a_round: Any) -> tuple[House, RoundContext]:
    work = open_a_round()
    made = House(metadata, tmp_path / "airflow", work.settings.register_url, airflow)
    made.add("over", LONG_AGO, LONG_AGO)
    made.add("over and red", LONG_AGO, LONG_AGO, state="failed")
    made.add("waits", LONG_AGO, None)
    made.add("took a year", LONG_AGO, LATELY)
    made.add("red, of an open round", LONG_AGO, LONG_AGO, state="failed", round=work.round_id)
    made.add("lately", LATELY, LATELY)
    made.add("watched", LONG_AGO, LONG_AGO, dag="deletion_watch", type="scheduled")
    made.add("watched last", LONG_AGO, LONG_AGO, dag="deletion_watch", type="scheduled")
    made.log("dag_processor/2020-01-01/dags.log", LONG_AGO)
    made.log("dag_processor/2026-01-01/dags.log", LATELY)
    made.seed()
    return made, work


KEPT = ["lately", "red, of an open round", "took a year", "waits", "watched last"]


def test_what_is_over_goes_and_what_waits_stays(house: tuple[House, RoundContext]) -> None:
    cleaned, work = house
    entries = work.entries
    assert cleaned.clean() == {"runs": 3, "log_files": 4}
    for table in ("dag_run", "task_instance", "xcom"):
        assert cleaned.ids(table) == KEPT, table
    assert len(cleaned.ids("hitl_detail", "subject")) == len(KEPT)
    assert cleaned.ids("log") == ["lately"]
    folders = {name: "deletion_watch" if name == "watched last" else "mailing_round" for name in KEPT}
    of_runs = [f"dag_id={dag}/run_id={name}/task_id=approve_release/attempt=1.log" for name, dag in folders.items()]
    assert cleaned.logs() == sorted([*of_runs, "dag_processor/2026-01-01/dags.log"])
    assert not (cleaned.home / "logs" / "dag_processor" / "2020-01-01").exists()
    assert not [name for name in cleaned.ids("sqlite_master", "name") if name.startswith("_airflow_deleted")]
    assert len(cleaned.ids("ab_user", "username")) == len(USERS) + 1  # and the account of the access review
    register = Register(work.settings.register_url)
    assert register.entries() == entries
    # Once the round is closed its run has no more to wait for; and the same again finds nothing.
    register.append(RoundClosed(report_sha256="c" * 64), round_id=work.round_id, actor="mailround", at=NOW)
    assert cleaned.clean() == {"runs": 1, "log_files": 1}
    assert cleaned.clean() == {"runs": 0, "log_files": 0}
    assert cleaned.ids("dag_run") == [name for name in KEPT if name != "red, of an open round"]


def test_the_days_are_the_wards(house: tuple[House, RoundContext]) -> None:
    cleaned, _ = house
    assert cleaned.clean(MAILROUND_METADATA_DAYS="500")["runs"] == 0
    assert len(cleaned.ids("dag_run")) == 8
    assert len(cleaned.ids("log")) == 8
