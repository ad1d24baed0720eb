"""What Airflow itself costs per mapped task: runs of mapped tasks that do nothing, on a local Airflow of its own.

Not a test: it starts the four components of ``mailround local`` with LocalExecutor in a folder that is deleted after.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from mailround.local.airflow import LocalAirflow

TASKS = int(os.environ.get("TASKS", "64"))
SLOTS = (1, 2)
_PATIENCE = 900
_DAGS = """
from airflow.sdk import dag, task


@task
def nothing(number: int) -> int:
    return number


@task
def last(numbers: list[int]) -> int:
    return len(list(numbers))


def mapped() -> None:
    last(nothing.expand(number=list(range({tasks}))))


for slots in {slots}:
    dag(dag_id=f"mapped_{{slots}}", schedule=None, max_active_tasks=slots)(mapped)()
"""


def measure() -> dict[str, Any]:
    """Return the seconds per task and the rows per task, by how many tasks may run at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dags").mkdir()
        (folder / "dags" / "mapped.py").write_text(_DAGS.format(tasks=TASKS, slots=SLOTS), encoding="utf-8")
        local = LocalAirflow(
            folder / "home", _free(), _free(), extra=(("AIRFLOW__CORE__DAGS_FOLDER", str(folder / "dags")),)
        )
        try:
            local.start(print)
            return {
                "tasks": TASKS,
                "load": os.getloadavg()[0],
                "slots": [{"slots": slots} | _run(local, f"mapped_{slots}") for slots in SLOTS],
            }
        finally:
            local.stop()


def _run(local: LocalAirflow, dag: str) -> dict[str, Any]:
    database = local.home / "airflow.db"
    deadline = time.monotonic() + _PATIENCE
    while not _asked(database, "select 1 from dag where dag_id = ?", dag):
        _sleep_until(deadline)
    before, processor = _rows(database), _processor_seconds(local)
    command = [Path(sys.executable).with_name("airflow"), "dags", "trigger", dag]
    subprocess.run(command, env=local.environment(), check=True, stdout=subprocess.DEVNULL)
    while _asked(database, "select state from dag_run where dag_id = ?", dag) != [("success",)]:
        _sleep_until(deadline)
    after, spent = _rows(database), _processor_seconds(local) - processor
    question = "select start_date, end_date, duration from task_instance where dag_id = ? and task_id = 'nothing'"
    times = _asked(database, question, dag)
    moments = [datetime.fromisoformat(moment) for start, end, _ in times for moment in (start, end)]
    rows = {table: after[table] - before[table] for table in after if after[table] - before[table] >= TASKS // 2}
    return {
        "seconds": (max(moments) - min(moments)).total_seconds(),
        "seconds_inside": sum(duration for *_, duration in times) / len(times),
        "cpu_seconds": spent,
        "rows": rows,
    }


def _asked(database: Path, question: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute(question, values).fetchall()


def _rows(database: Path) -> dict[str, int]:
    tables = _asked(database, "select name from sqlite_master where type = 'table'")
    return {name: _asked(database, f'select count(*) from "{name}"')[0][0] for (name,) in tables}  # noqa: S608 - names of its own


def _processor_seconds(local: LocalAirflow) -> float:
    """Return what all components, and the tasks that ended under them, have taken of the processor."""
    spent = 0
    sessions = {str(child.pid) for child in local._children}  # noqa: SLF001 - each component is a session of its own
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] in sessions:
            spent += sum(map(int, fields[11:15]))
    return spent / os.sysconf("SC_CLK_TCK")


def _sleep_until(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise SystemExit("Airflow did not do it in time")
    time.sleep(0.2)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
