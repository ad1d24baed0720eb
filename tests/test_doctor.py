"""Every row of the doctor: a house in which all is well, and one fault at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest

from mailround.doctor import ROWS, Account, Facts, Outcome, Place, examine, require_good
from mailround.errors import HouseError
from mailround.settings import TOKYO

NOW = datetime(2026, 11, 10, 7, 30, tzinfo=TOKYO)
PASSWORD = "kY7-wQ2-mN4-xZ9"  # noqa: S105 - it stands for one
METADATA = {"[database] sql_alchemy_conn": f"postgresql+psycopg2://airflow:{PASSWORD}@db/airflow?sslmode=verify-full"}
REGISTER = {"MAILROUND_REGISTER_URL": f"postgresql+psycopg2://register_app:{PASSWORD}@db/register?sslmode=require"}
BROKERS = {
    "[celery] broker_url": f"rediss://:{PASSWORD}@redis:6379/0?ssl_cert_reqs=required",
    "[celery] result_backend": f"db+postgresql://airflow:{PASSWORD}@db/airflow?sslmode=verify-ca",
}
SECRETS = {"[core] fernet_key": "f" * 44, "[api] secret_key": "s" * 32, "[api_auth] jwt_secret": "j" * 64}
FOLDERS = {
    "MAILROUND_INBOX": Place(Path("/srv/inbox"), 0o770, 1),
    "MAILROUND_DATA": Place(Path("/srv/data"), 0o700, 1),
    "MAILROUND_OUTBOX": Place(Path("/srv/outbox"), None, 1),
    "MAILROUND_VAULT": Place(Path("/keys/vault"), 0o700, 2),
}
SECRET_FILES = {
    "MAILROUND_VAULT_IDENTITY": Place(Path("/keys/identity"), 0o600, 2),
    "署名鍵": Place(Path("/keys/identity-checkpoint-key"), 0o600, 2),
}
WELL = Facts(
    demonstration=False,
    now=NOW,
    addresses={
        "MAILROUND_UI_URL": "https://mailround.ward.example",
        "[api] base_url": "https://mailround.ward.example",
    },
    secure_cookies=True,
    metadata=METADATA,
    register=REGISTER,
    brokers=BROKERS,
    secrets=SECRETS,
    accounts=(Account("datateam", ("DataTeam",), known_password=False),),
    roles=frozenset({"DataTeam", "Approver"}),
    folders=FOLDERS,
    servers={"MAILROUND_DATA のS3": "https://s3.ward.example"},
    buckets={"MAILROUND_DATA": ()},
    secret_files=SECRET_FILES,
    register_fault=None,
    clocks={"MAILROUND_REGISTER_URL": 4.9},
    certificates={"ca.pem": NOW + timedelta(days=31)},
    certificate_days=30,
    telemetry=(),
    mail=True,
    access_review=True,
    unsent=(),
    free={"MAILROUND_DATA": 5 * 2**30},
    least_free=5 * 2**30,
)


def url(mapping: dict[str, str], old: str, new: str) -> dict[str, str]:
    changed = {name: each.replace(old, new) for name, each in mapping.items()}
    assert changed != mapping
    return changed


def folder(name: str, place: Place) -> dict[str, Place]:
    assert name in FOLDERS
    return {**FOLDERS, name: place}


FAULTS: list[tuple[str, str, dict[str, object]]] = [
    ("ui_wire", "MAILROUND_UI_URL", {"addresses": {**WELL.addresses, "MAILROUND_UI_URL": "http://ward.example"}}),
    ("ui_wire", "[api] base_url", {"addresses": {**WELL.addresses, "[api] base_url": ""}}),
    ("cookies", "クッキー", {"secure_cookies": False}),
    ("metadata_wire", "sslmode", {"metadata": url(METADATA, "?sslmode=verify-full", "")}),
    ("metadata_wire", "sslmode", {"metadata": url(METADATA, "verify-full", "prefer")}),
    ("metadata_wire", "sslmode", {"metadata": url(url(METADATA, "psycopg2", "asyncpg"), "sslmode", "ssl_mode")}),
    ("register_wire", "MAILROUND_REGISTER_URL", {"register": url(REGISTER, "require", "disable")}),
    ("register_wire", "MAILROUND_REGISTER_URL", {"register": url(REGISTER, "@db/register?", "@/register?host=db&x=")}),
    ("broker_wire", "[celery] broker_url", {"brokers": url(BROKERS, "rediss", "redis")}),
    ("broker_wire", "[celery] broker_url", {"brokers": url(BROKERS, "=required", "=none")}),
    ("broker_wire", "[celery] result_backend", {"brokers": url(BROKERS, "?sslmode=verify-ca", "")}),
    ("passwords", "[database]", {"metadata": url(METADATA, f"airflow:{PASSWORD}", "airflow:airflow")}),
    ("passwords", "MAILROUND_REGISTER_URL", {"register": url(REGISTER, f":{PASSWORD}", "")}),
    ("passwords", "MAILROUND_REGISTER_URL", {"register": url(REGISTER, PASSWORD, "register_app")}),
    ("passwords", "[celery] broker_url", {"brokers": url(BROKERS, f":{PASSWORD}", ":elevenchars")}),
    ("secret_keys", "[api_auth] jwt_secret", {"secrets": {**SECRETS, "[api_auth] jwt_secret": "j" * 63}}),
    ("secret_keys", "[core] fernet_key", {"secrets": {**SECRETS, "[core] fernet_key": ""}}),
    ("secret_keys", "同じ値", {"secrets": dict.fromkeys(SECRETS, "x" * 64)}),
    ("accounts", "datateam", {"accounts": (Account("datateam", ("DataTeam",), known_password=True),)}),
    ("account_roles", "Custody", {"accounts": (Account("officer", ("Custody",), known_password=False),)}),
    ("folders", "MAILROUND_DATA", {"folders": folder("MAILROUND_DATA", Place(Path("/srv/data"), 0o705, 1))}),
    ("folders", "MAILROUND_INBOX", {"folders": folder("MAILROUND_INBOX", Place(Path("/srv/inbox"), 0o772, 1))}),
    ("secret_files", "署名鍵", {"secret_files": {**SECRET_FILES, "署名鍵": Place(Path("/keys/k"), 0o640, 2)}}),
    ("vault_apart", "記憶装置", {"folders": folder("MAILROUND_VAULT", Place(Path("/keys/vault"), 0o700, 1))}),
    ("vault_apart", "の中", {"folders": folder("MAILROUND_VAULT", Place(Path("/srv/data/vault"), 0o700, 2))}),
    (
        "vault_apart",
        "IDENTITY",
        {"secret_files": {**SECRET_FILES, "MAILROUND_VAULT_IDENTITY": Place(Path("/srv/outbox/id"), 0o600, 2)}},
    ),
    (
        "vault_apart",
        "バケット",
        {
            "folders": {
                **folder("MAILROUND_VAULT", Place(PurePosixPath("s3.ward.example/a/vault"), None, "s3.ward.example/a")),
                "MAILROUND_DATA": Place(PurePosixPath("s3.ward.example/a/data"), None, "s3.ward.example/a"),
            }
        },
    ),
    ("bucket_wire", "MAILROUND_DATA", {"servers": {"MAILROUND_DATA のS3": "http://s3.ward.example"}}),
    (
        "buckets",
        "MAILROUND_DATA（版が残る、誰でも開ける）",
        {"buckets": {"MAILROUND_DATA": ("版が残る", "誰でも開ける")}},
    ),
    ("register", "トリガー", {"register_fault": "管理簿の書換防止（トリガー）が設定されていません"}),
    ("clocks", "（+6秒）", {"clocks": {"MAILROUND_REGISTER_URL": 5.6}}),
    ("clocks", "（-3600秒）", {"clocks": {"MAILROUND_REGISTER_URL": -3600.0}}),
    ("certificates", "ca.pem", {"certificates": {"ca.pem": NOW}}),
    ("certificates", "ca.pem", {"certificates": {"ca.pem": None}}),
    ("certificates_soon", "ca.pem（2026-12-10まで）", {"certificates": {"ca.pem": NOW + timedelta(days=30)}}),
    ("telemetry", "GX_ANALYTICS_ENABLED", {"telemetry": ("GX_ANALYTICS_ENABLED",)}),
    ("mail", "smtp_default", {"mail": False}),
    ("access_review", "接続 access_review がなく", {"access_review": False}),
    ("unsent", "2通、2026-11-09 07:30 から", {"unsent": (NOW, NOW - timedelta(days=1))}),
    ("disk", "（5,119 MiB）", {"free": {"MAILROUND_DATA": 5 * 2**30 - 1}}),
]
LOOPBACK = replace(
    WELL,
    demonstration=True,
    addresses={"MAILROUND_UI_URL": "http://127.0.0.1:8080", "[api] base_url": "http://localhost:8080"},
    secure_cookies=False,
    metadata={"[database] sql_alchemy_conn": "postgresql://airflow:airflow@localhost/airflow"},
    register={"MAILROUND_REGISTER_URL": "postgresql://register_app:register_app@127.0.0.1/register"},
    brokers={"[celery] broker_url": "redis://127.0.0.1:6379/0"},
    servers={"MAILROUND_DATA のS3": "http://127.0.0.1:9000"},
    folders=folder("MAILROUND_VAULT", Place(Path("/keys/vault"), 0o700, 1)),
    free={"MAILROUND_DATA": 0},
)
LENIENT = {
    *("ui_wire", "cookies", "metadata_wire", "register_wire", "broker_wire", "passwords", "bucket_wire"),
    *("vault_apart", "disk"),
}


SOON = {"certificates_soon", "access_review", "unsent"}
"""Rows that turn the morning's check red and refuse no start."""


def outcomes(facts: Facts) -> dict[str, Outcome]:
    return {each.row.id: each.outcome for each in examine(facts)}


def test_a_house_in_which_all_is_well_passes_every_row() -> None:
    assert set(outcomes(WELL).values()) == {Outcome.GOOD}
    require_good(examine(WELL))


def test_every_row_has_a_fault_below() -> None:
    assert {row for row, _, _ in FAULTS} == {row.id for row in ROWS}
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("row", "told", "fault"), FAULTS, ids=[f"{row}-{told}" for row, told, _ in FAULTS])
def test_a_fault_is_found_by_its_row_alone_and_named(row: str, told: str, fault: dict[str, object]) -> None:
    facts = replace(WELL, **fault)  # type: ignore[arg-type]
    found = {each.row.id: each for each in examine(facts) if each.outcome != Outcome.GOOD}
    assert set(found) == {row}
    assert told in found[row].reason
    assert found[row].outcome == (Outcome.SOON if row in SOON else Outcome.BAD)
    with pytest.raises(HouseError) as refused:
        require_good(examine(facts))
    assert told in refused.value.happened
    assert found[row].row.remedy in refused.value.happened


@pytest.mark.parametrize("fault", [fault for _, _, fault in FAULTS])
def test_no_reason_repeats_a_password_a_key_or_an_address(fault: dict[str, object]) -> None:
    facts = replace(WELL, **fault)  # type: ignore[arg-type]
    said = repr(facts) + "".join(map(str, examine(facts)))
    assert not [each for each in (PASSWORD, "elevenchars", "f" * 44, "j" * 63, "@db") if each in said]


def test_a_socket_or_a_file_of_this_machine_is_no_wire() -> None:
    urls = ("postgresql://register_app@/register?host=/run/postgresql", "sqlite:////srv/register.db")
    for each in urls:
        assert outcomes(replace(WELL, register={"MAILROUND_REGISTER_URL": each}))["register_wire"] == Outcome.GOOD


def test_a_demonstration_on_loopback_is_let_pass_in_these_rows_and_says_so() -> None:
    found = outcomes(LOOPBACK)
    assert {row for row, outcome in found.items() if outcome == Outcome.LENIENT} == LENIENT
    assert set(found.values()) == {Outcome.GOOD, Outcome.LENIENT}
    require_good(examine(LOOPBACK))


def test_a_ward_is_let_pass_in_none() -> None:
    found = outcomes(replace(LOOPBACK, demonstration=False))
    assert {row for row, outcome in found.items() if outcome == Outcome.BAD} == LENIENT


LEAVING = [
    (row, fault)
    for row, told, fault in FAULTS
    if row not in {"vault_apart", "disk", "cookies"} and told != "[api] base_url"  # an empty address leads nowhere
]


@pytest.mark.parametrize(("row", "fault"), LEAVING)
def test_a_demonstration_that_leaves_this_machine_is_let_pass_in_none_of_the_others(
    row: str, fault: dict[str, object]
) -> None:
    found = outcomes(replace(WELL, demonstration=True, **fault))  # type: ignore[arg-type]
    assert found[row] == (Outcome.SOON if row in SOON else Outcome.BAD)


def test_what_a_task_does_not_see_is_said_to_be_unseen() -> None:
    found = outcomes(replace(WELL, metadata=None, accounts=None, secrets=None))
    unseen = {row for row, outcome in found.items() if outcome == Outcome.UNSEEN}
    assert unseen == {"metadata_wire", "accounts", "account_roles", "secret_keys"}
