"""The monthly cleaning on a real scheduler: Airflow hides the database from its task, and is cleaned all the same."""

from __future__ import annotations

import os
import time

import pytest

from mailround.local.airflow import LocalAirflow
from mailround.local.drive import Driver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_the_house_is_cleaned_from_within_a_task(airflow: LocalAirflow, driver: Driver) -> None:
    left = airflow.home / "logs" / "dag_id=gone" / "run_id=gone" / "attempt=1.log"
    left.parent.mkdir(parents=True)
    left.touch()
    os.utime(left, (0, 0))
    datateam = driver.users["datateam"]
    run_id = datateam.trigger({}, dag="house_cleaning")
    deadline = time.monotonic() + 600
    while (state := datateam.run_state(run_id, dag="house_cleaning")) not in {"success", "failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert state == "success", datateam.log(run_id, "clean_house", dag="house_cleaning")
    assert not left.exists()
    assert datateam.run_state(run_id, dag="house_cleaning") == "success"  # itself is not among what was cleaned
