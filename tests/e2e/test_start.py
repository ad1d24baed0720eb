"""What the calendar begins as soon as the local Airflow is up."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from mailround.local.airflow import LocalAirflow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
TRIES = "SELECT max(try_number) FROM task_instance WHERE run_id LIKE 'scheduled!_!_%' ESCAPE '!'"


def test_no_task_came_before_the_api_server_and_had_to_be_tried_again(airflow: LocalAirflow) -> None:
    with closing(sqlite3.connect(f"file:{airflow.home}/airflow.db?mode=ro", uri=True)) as database:
        assert database.execute(TRIES).fetchall() == [(1,)]
