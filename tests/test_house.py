"""The facts of a real house: its files, its databases and Airflow's configuration, with one real fault at a time.

Airflow takes seconds to import; so one process looks at all houses, each with its own environment.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.security import generate_password_hash

from forked import Airflow
from mailround.local.airflow import LocalAirflow

LOOK = """
import json, os, sys
from mailround.doctor import examine
from mailround.house import find_facts
from mailround.settings import load_settings

found = {}
for name, environment in json.load(sys.stdin).items():
    os.environ.clear()
    os.environ.update(environment)
    facts = find_facts(load_settings())
    found[name] = {each.row.id: [each.outcome, each.reason] for each in examine(facts)}
print(json.dumps(found))
"""
URL = """
import json, os, sys
import airflow.settings  # before: a task's process has imported it when Airflow hides the database
from mailround.errors import ConfigurationError
from mailround.house import metadata_url
from mailround.settings import load_settings

os.environ.update(json.loads(sys.argv[1]))
try:
    print(metadata_url(load_settings()))
except ConfigurationError as error:
    print(error)
"""
CHEAP = generate_password_hash("as good as any", method="pbkdf2:sha256:1")
"""One that takes no time to be guessed at, in so many houses."""
REMOTE = "postgresql+psycopg2://airflow:airflow@127.0.0.1:1/airflow"


def certificate(path: Path, ends: datetime) -> Path:
    """Write a certificate that ends then."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "ward.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .sign(key, None)
    )
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


class Houses:
    """Copies of one good house, each with a fault; all are looked at together."""

    def __init__(self, good: LocalAirflow, folder: Path, airflow: Airflow) -> None:
        self._good = good
        self._airflow = airflow
        self._folder = folder
        self.environments: dict[str, dict[str, str]] = {}

    def add(self, name: str, **environment: str) -> LocalAirflow:
        home = self._folder / name
        shutil.copytree(self._good.home, home)
        change(home / "airflow.db", "UPDATE ab_user SET password = ?", CHEAP)
        local = LocalAirflow(home, 1, 2)
        (home / "ward" / "inbox").mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in (home / "ward" / "data", home / "vault"):
            each.mkdir(mode=0o700)
        (home / "vault-identity").touch(mode=0o600)
        self.environments[name] = local.environment() | environment
        return local

    def looked_at(self) -> dict[str, dict[str, list[str]]]:
        done = self._airflow.python(
            "-c", LOOK, environment=self._good.environment(), told=json.dumps(self.environments)
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, dict[str, list[str]]] = json.loads(done.stdout.splitlines()[-1])
        return found


def change(database: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement, values)


@pytest.fixture(scope="module")
def found(
    metadata: LocalAirflow, airflow: Airflow, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, list[str]]]:
    folder = tmp_path_factory.mktemp("houses")
    migrate = [sys.executable, "-m", "mailround.cli", "register", "migrate"]
    subprocess.run(migrate, env=metadata.environment(), check=True, capture_output=True)
    houses = Houses(metadata, folder, airflow)
    now = datetime.now(UTC)
    houses.add("good")
    houses.add("in a ward", MAILROUND_PROFILE="ward")
    (houses.add("open folder").home / "ward" / "data").chmod(0o705)
    (houses.add("open identity").home / "vault-identity").chmod(0o644)
    (houses.add("open register").home / "ward" / "register" / "register.db").chmod(0o644)
    inside = houses.add("vault inside", MAILROUND_PROFILE="ward")
    houses.environments["vault inside"]["MAILROUND_VAULT"] = str(inside.home / "ward" / "data" / "vault")
    change(houses.add("no trigger").home / "ward" / "register" / "register.db", "DROP TRIGGER register_entry_no_update")
    expired = certificate(folder / "expired.pem", now - timedelta(days=1))
    houses.add("expired", MAILROUND_CERTIFICATES=str(expired))
    houses.add("unreadable", AIRFLOW__API__SSL_CERT=str(folder / "missing.pem"))
    ending = certificate(folder / "ending.pem", now + timedelta(days=20))
    houses.add("ending", MAILROUND_CERTIFICATES=str(ending))
    houses.add("ending later", MAILROUND_CERTIFICATES=str(ending), MAILROUND_CERTIFICATE_DAYS="10")
    houses.add("telling", GX_ANALYTICS_ENABLED="true", AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="True")
    houses.add("mute")
    del houses.environments["mute"]["AIRFLOW_CONN_SMTP_DEFAULT"]
    houses.add("blind")
    del houses.environments["blind"]["AIRFLOW_CONN_ACCESS_REVIEW"]
    waits = json.dumps({"subject": "s", "body": "b", "link": "l", "since": "2026-11-10T09:00:00+09:00"})
    mails = houses.add("mail waits").home / "ward" / "data" / "unsent"
    mails.mkdir(mode=0o700)
    (mails / "1.json").write_text(waits, encoding="utf-8")
    houses.add("full", MAILROUND_FREE_GIB="1e9", MAILROUND_PROFILE="ward")
    houses.add("short key", AIRFLOW__API_AUTH__JWT_SECRET="x" * 63)
    known = generate_password_hash("approver")
    change(
        houses.add("known password").home / "airflow.db",
        "UPDATE ab_user SET password = ? WHERE username = 'approver'",
        known,
    )
    change(
        houses.add("old role").home / "airflow.db",
        "INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r "
        "WHERE u.username = 'officer' AND r.name = 'Admin'",
    )
    change(
        houses.add("gone user").home / "airflow.db",
        "UPDATE ab_user SET password = ?, active = 0 WHERE username = 'approver'",
        known,
    )
    houses.add("no tables", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite://")
    houses.add("in a task", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="airflow-db-not-allowed:///")
    houses.add("other wire", MAILROUND_METADATA_URL=REMOTE, MAILROUND_PROFILE="ward")
    houses.add(
        "celery",
        AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
        AIRFLOW__CELERY__BROKER_URL=f"rediss://:{'p' * 20}@redis:6379/0?ssl_ca_certs={expired}",
        AIRFLOW__CELERY__RESULT_BACKEND=f"db+{REMOTE}",
        MAILROUND_PROFILE="ward",
    )
    return houses.looked_at()


def wrong(looked: dict[str, list[str]]) -> dict[str, str]:
    return {row: reason for row, (outcome, reason) in looked.items() if outcome in {"否", "注意"}}


def test_a_local_airflow_is_well_for_a_demonstration_and_not_for_a_ward(found: dict[str, Any]) -> None:
    assert wrong(found["good"]) == {}
    assert {row for row, (outcome, _) in found["good"].items() if outcome == "許容"} >= {"ui_wire", "cookies"}
    assert set(found["good"]) - set(wrong(found["in a ward"])) >= {"folders", "register", "accounts", "mail"}
    assert set(wrong(found["in a ward"])) >= {"ui_wire", "cookies", "vault_apart"}


@pytest.mark.parametrize(
    ("house", "row", "told"),
    [
        ("open folder", "folders", "MAILROUND_DATA を"),
        ("open identity", "secret_files", "MAILROUND_VAULT_IDENTITY を"),
        ("open register", "secret_files", "管理簿のファイル を"),
        ("no trigger", "register", "書換防止（トリガー）"),
        ("expired", "certificates", "MAILROUND_CERTIFICATES の expired.pem"),
        ("unreadable", "certificates", "[api] ssl_cert"),
        ("ending", "certificates_soon", "MAILROUND_CERTIFICATES の ending.pem"),
        ("telling", "telemetry", "GX_ANALYTICS_ENABLED、[usage_data_collection] enabled"),
        ("mute", "mail", "smtp_default"),
        ("blind", "access_review", "接続 access_review がなく"),
        ("mail waits", "unsent", "1通、2026-11-10 09:00 から"),
        ("short key", "secret_keys", "[api_auth] jwt_secret"),
        ("known password", "accounts", "approver の"),
        ("old role", "account_roles", "Admin という"),
    ],
)
def test_a_real_fault_is_found(found: dict[str, Any], house: str, row: str, told: str) -> None:
    assert list(wrong(found[house])) == [row]
    assert told in found[house][row][1]


def test_a_vault_within_the_data_is_found_before_it_is_made(found: dict[str, Any]) -> None:
    assert "一方が、他方の中にある" in wrong(found["vault inside"])["vault_apart"]


def test_a_full_disk_is_found(found: dict[str, Any]) -> None:
    assert "MAILROUND_VAULT（" in wrong(found["full"])["disk"]


def test_the_wires_of_a_queue_are_read_from_airflows_configuration(found: dict[str, Any]) -> None:
    told = wrong(found["celery"])
    assert told["broker_wire"].startswith("[celery] result_backend が")
    assert told["passwords"].startswith("[celery] result_backend の")
    assert told["certificates"].startswith("[celery] broker_url の ssl_ca_certs の")


def test_the_wire_by_which_the_house_is_cleaned_and_backed_up_is_looked_at(found: dict[str, Any]) -> None:
    told = wrong(found["other wire"])
    assert told["metadata_wire"].startswith("MAILROUND_METADATA_URL に")
    assert told["passwords"].startswith("MAILROUND_METADATA_URL の")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"MAILROUND_METADATA_URL": "sqlite:////of-the-ward"}, "sqlite:////of-the-ward"),
        ({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////of-airflow"}, "sqlite:////of-airflow"),
        ({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "airflow-db-not-allowed:///"}, "MAILROUND_METADATA_URL を設定"),
    ],
)
def test_airflows_database_is_the_one_that_is_set_or_the_one_that_airflow_knows(
    metadata: LocalAirflow, airflow: Airflow, environment: dict[str, str], told: str
) -> None:
    inherited = metadata.environment()
    del inherited["MAILROUND_METADATA_URL"]
    done = airflow.python("-c", URL, json.dumps(environment), environment=inherited)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("house", ["ending later", "gone user"])
def test_what_is_not_wrong_is_not_told(found: dict[str, Any], house: str) -> None:
    assert wrong(found[house]) == {}


def test_what_airflow_hides_from_a_task_is_said_to_be_unseen(found: dict[str, Any]) -> None:
    def unseen(house: str) -> set[str]:
        return {row for row, (outcome, _) in found[house].items() if outcome == "確認外"}

    assert unseen("good") == set()
    assert unseen("in a task") == {"metadata_wire", "accounts", "account_roles", "secret_keys"}
    assert unseen("no tables") == {"accounts", "account_roles"}
