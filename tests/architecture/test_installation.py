"""What a ward installs from: compose file, shared Airflow settings, locks and README agree with the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_core import PydanticUndefined

from mailround.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))


def test_every_setting_is_told_in_the_readme_and_no_other() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    told = set(re.findall(r"`MAILROUND_([A-Z_]+)`", table))
    local = {"HOME", "PORT", "MAIL_PORT"}  # options of the command, for the local Airflow alone
    assert told == {name.upper() for name in Settings.model_fields} | local


def test_every_required_setting_has_its_place_in_an_installation(compose: Any) -> None:
    given = set(compose["x-airflow"]["environment"]) | set(re.findall(r"`([A-Z_]+)`", README.split("secrets.env")[1]))
    required = {
        f"MAILROUND_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.default is PydanticUndefined
    }
    assert required <= given


def test_only_what_migrates_knows_the_registers_owner(compose: Any) -> None:
    knowing = [name for name, service in compose["services"].items() if "owner.env" in service.get("env_file", ())]
    assert knowing == ["prepare"]
    assert "OWNER" not in str(compose["x-airflow"])
    assert set(compose["x-airflow"]["env_file"]) < set(compose["services"]["prepare"]["env_file"])
    assert re.search(r"`owner\.env`[^.]*`MAILROUND_REGISTER_OWNER_URL`", README)


def test_nothing_is_published_beyond_loopback(compose: Any) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_four_components_run_with_the_shared_settings(compose: Any) -> None:
    started = {" ".join(service.get("command", ())) for service in compose["services"].values()}
    for component in ("api-server", "scheduler", "dag-processor", "triggerer"):
        assert any(command.startswith(f"airflow {component}") for command in started)
    assert "include/airflow.env" in compose["x-airflow"]["env_file"]


def test_the_shared_settings_keep_airflow_small_and_quiet() -> None:
    lines = (ROOT / "include" / "airflow.env").read_text(encoding="utf-8").splitlines()
    shared = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert shared["AIRFLOW__CORE__PARALLELISM"] == "4"
    assert shared["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert shared["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Asia/Tokyo"
    assert shared["AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES"] == "mailround.model.*"


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_direct_dependency_is_locked_with_hashes(name: str) -> None:
    direct = {
        re.split(r"[=<>\s]", line)[0].lower()
        for line in (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    }
    lock = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)==\S+ \\$", lock, re.MULTILINE)
    assert direct <= set(pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock.replace("# ", ""), "a lock names packages, not places"
