"""The values for workers that all installations share agree with each other."""

from __future__ import annotations

from mailround.settings import REPOSITORY

HEARTBEAT_SECONDS = 5
"""Airflow's own `[workers] min_heartbeat_interval`."""


def shared() -> dict[str, str]:
    lines = (REPOSITORY / "include" / "airflow.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_a_worker_cut_off_from_the_api_server_gives_a_task_up_before_another_gets_it() -> None:
    settings = shared()
    assert "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL" not in settings
    gives_up = int(settings["AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS"]) * HEARTBEAT_SECONDS
    assert gives_up < int(settings["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"])


def test_two_workers_have_a_slot_for_all_that_is_queued() -> None:
    settings = shared()
    assert int(settings["AIRFLOW__CORE__PARALLELISM"]) == 2 * int(settings["AIRFLOW__CELERY__WORKER_CONCURRENCY"])


def test_a_worker_takes_no_message_that_it_cannot_begin() -> None:
    settings = shared()
    assert settings["AIRFLOW__CELERY__TASK_ACKS_LATE"] == "True"
    assert settings["AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER"] == "1"
