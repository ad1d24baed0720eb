"""A step that has failed in Airflow is told on the pages; the register alone would say that it is still at work."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import date

from served import Served

from mailround.register.store import Register
from registered import record_round

FAILED = """
INSERT INTO task_instance (id, task_id, dag_id, run_id, map_index, state, try_number, pool, pool_slots)
VALUES (?, ?, 'mailing_round', ?, -1, ?, 1, 'default_pool', 1)
"""


def test_a_failed_step_is_told_with_the_way_to_its_log(served: Served) -> None:
    register = Register(served.ward.register_url)
    for round_id, state in (("2026-05-failed", "failed"), ("2026-05-works", "running")):
        record_round(register, round_id, opened_on=date(2026, 5, 1), up_to="check_quality")
        record_round(register, round_id, opened_on=date(2026, 5, 1), up_to="decide_holds")
        with closing(sqlite3.connect(served.airflow.home / "airflow.db")) as connection, connection:
            connection.execute(FAILED, (uuid.uuid4().hex, "plan_print", f"manual__{round_id}", state))
    page = served.get("datateam", "/rounds/2026-05-failed").text
    assert "止まっています：印刷計画" in page
    assert 'href="/dags/mailing_round/runs/manual__2026-05-failed/tasks/plan_print"' in page
    works = served.get("datateam", "/rounds/2026-05-works").text
    assert "止まっています" not in works
    assert "印刷の順番を決めています" in works
    assert served.get("datateam", "/rounds").text.count("止まっています：") == 1
