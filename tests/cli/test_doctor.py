"""``mailround doctor`` as an installation runs it; which faults it finds is in tests/test_house.py."""

from __future__ import annotations

import subprocess
import sys

import pytest

from forked import Airflow
from mailround.local.airflow import LocalAirflow

DOCTOR = ("-m", "mailround.cli", "doctor")


@pytest.fixture(scope="module")
def ready(metadata: LocalAirflow) -> dict[str, str]:
    """The environment of an installation that is as it should be."""
    migrate = [sys.executable, "-m", "mailround.cli", "register", "migrate"]
    subprocess.run(migrate, env=metadata.environment(), check=True, capture_output=True)
    (metadata.home / "ward" / "inbox").mkdir(mode=0o700, parents=True, exist_ok=True)
    return metadata.environment() | {"COLUMNS": "400"}


def test_a_demonstration_may_start_and_what_was_let_pass_stands_in_the_table(ready: dict[str, str]) -> None:
    command = [sys.executable, *DOCTOR, "--strict"]
    done = subprocess.run(command, env=ready, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    rows = {line.split("│")[2].strip(): line.split("│")[1].strip() for line in done.stdout.splitlines() if "│" in line}
    assert rows["画面の通信"] == "許容"
    assert rows["管理簿"] == "良"
    assert len(rows) == 23


def test_a_ward_with_the_same_settings_may_not_and_is_told_what_to_do(ready: dict[str, str], airflow: Airflow) -> None:
    done = airflow.python(*DOCTOR, environment=ready | {"MAILROUND_PROFILE": "ward"})
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "画面の通信" in line]
    assert "否" in line
    assert "https:// で始まる" in line


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_what_cannot_be_seen_stops_only_the_start(
    ready: dict[str, str], airflow: Airflow, options: tuple[str, ...], code: int
) -> None:
    no_users_yet = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite://"}
    done = airflow.python(*DOCTOR, *options, environment=ready | no_users_yet)
    assert done.returncode == code, done.stdout
    assert "確認外" in done.stdout
