"""What a ward installs from: compose file, shared Airflow settings, locks and README agree with the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_core import PydanticUndefined

from mailround.notices import HOUSE_QUEUE
from mailround.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))


def test_every_setting_is_told_in_the_readme_and_no_other() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    told = set(re.findall(r"`MAILROUND_([A-Z0-9_]+)`", table))
    local = {"HOME", "PORT", "MAIL_PORT"}  # options of the command, for the local Airflow alone
    assert told == {name.upper() for name in Settings.model_fields} | local


SERVERS = ("api-server", "scheduler", "dag-processor", "triggerer")
CERTS = (ROOT / "deploy" / "certs").read_text(encoding="utf-8")


def test_every_required_setting_has_its_place_in_an_installation(compose: Any) -> None:
    asked = set(re.findall(r"^(MAILROUND_[A-Z_]+)=", CERTS, re.MULTILINE))
    required = {
        f"MAILROUND_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.default is PydanticUndefined
    }
    assert required
    for name in ("prepare", *SERVERS, "worker", "house"):
        service = compose["services"][name]
        files = {each.upper() for each in service["secrets"]}
        assert required <= set(service["environment"]) | files | asked


def test_only_what_migrates_knows_the_registers_owner(compose: Any) -> None:
    knowing = [name for name, each in compose["services"].items() if "mailround_register_owner_url" in str(each)]
    assert knowing == ["prepare"]


def test_a_worker_has_neither_the_metadata_database_nor_airflows_keys(compose: Any) -> None:
    worker = compose["services"]["worker"]
    assert set(worker["secrets"]) == {"broker_url", "result_backend", "connections.json", "mailround_register_url"}
    used = {value.removeprefix("cat /run/secrets/") for name, value in worker["environment"].items() if "_CMD" in name}
    assert used < set(worker["secrets"])


def test_what_needs_airflows_database_has_a_worker_of_its_own_which_has_no_key_of_a_round(compose: Any) -> None:
    house, worker = compose["services"]["house"], compose["services"]["worker"]
    assert house["command"] == [*worker["command"], "--queues", HOUSE_QUEUE]
    assert set(house["secrets"]) == {*worker["secrets"], "mailround_metadata_url"}
    assert set(worker["volumes"]) - set(house["volumes"]) == {"inbox:/srv/mailround/inbox", "vault:/srv/vault"}
    [backup] = set(house["volumes"]) - set(worker["volumes"])
    assert backup.endswith(f":{house['environment']['MAILROUND_BACKUP']}")
    tool = "postgresql-client-15"
    assert tool in (ROOT / "Dockerfile").read_text(encoding="utf-8").split("AS mailround\n")[1]


def test_no_secret_stands_in_the_file_or_its_environment(compose: Any) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            secret = re.search(r"PASSWORD|SECRET_KEY|JWT_SECRET|FERNET|_CONN|BROKER_URL|RESULT_BACKEND", variable)
            assert not secret or variable.endswith("_CMD"), (name, variable)
            assert not re.search(r"://[^/]*:[^/]*@", value), (name, variable)
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
    written = set(re.findall(r"keep (\S+) ", CERTS)) | {"database.sql"}
    keys = {f"{each}.key" for each in re.search(r"for service in (.*); do", CERTS)[1].split()}  # type: ignore[index]
    assert written | keys == set(compose["secrets"])


def test_only_the_proxy_is_published_and_beyond_no_loopback(compose: Any) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert list(published) == ["proxy"]
    assert all(port.startswith("127.0.0.1:") for port in published["proxy"])


def test_whatever_touches_data_has_no_way_out(compose: Any) -> None:
    assert compose["networks"]["inner"]["internal"] is True
    assert [name for name, each in compose["services"].items() if "outer" in each["networks"]] == ["proxy"]


def test_every_container_is_hardened(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"mem_limit", "pids_limit", "restart"} <= set(service), name
        assert "healthcheck" in service or name in {"prepare", "mail"}, name
        assert re.search(r":\d+\.\d+\.\d+$", service["image"]), name


def test_the_components_run_with_the_shared_settings(compose: Any) -> None:
    for component in (*SERVERS, "celery worker"):
        name = component.removeprefix("celery ")
        service = compose["services"][name]
        assert " ".join(service["command"]).startswith(f"airflow {component}")
        assert "include/airflow.env" in service["env_file"]
        assert service["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


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
        re.split(r"[=<>\[\s]", line)[0].lower()
        for line in (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    }
    lock = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)==\S+ \\$", lock, re.MULTILINE)
    assert direct <= set(pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock.replace("# ", ""), "a lock names packages, not places"
