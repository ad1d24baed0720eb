"""What a backup holds, and what it must not: everything that the deletion policy destroys, or that opens it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from installations import KEY, Installation, rows, ward_with
from mailround.archive import INCLUDE, MANIFEST, METADATA, REGISTER, opened
from mailround.backup import make_backup
from mailround.errors import BackupError, ConfigurationError, RegisterError
from mailround.local.airflow import LocalAirflow
from mailround.register.signing_key import make_key
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from tampered import tampering

AT = datetime(2026, 11, 29, 3, 0, tzinfo=TOKYO)
CANARY = b"canary-in-a-coal-mine"


@pytest.fixture
def house(metadata: LocalAirflow, settings: Settings, tmp_path: Path) -> Installation:
    shutil.copy(metadata.home / "airflow.db", tmp_path / "airflow.db")
    ward = ward_with(settings, tmp_path, settings.register_url)
    make_key(Register(ward.register_url), ward.checkpoint_key, at=AT)
    shutil.copytree(ward.include, tmp_path / "etc" / "include")
    return Installation(
        ward.model_copy(update={"include": tmp_path / "etc" / "include"}), f"sqlite:///{tmp_path}/airflow.db"
    )


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere"
    path.write_text(str(KEY), encoding="ascii")
    return path


def decrypted(archive: Path, identity: Path) -> dict[str, bytes]:
    with opened(archive, identity) as (manifest, members):
        return {MANIFEST: manifest.model_dump_json().encode(), **{name: file.read() for name, file in members.items()}}


def places_that_no_backup_may_hold(ward: Settings) -> Iterator[Path]:
    yield ward.vault / "2026-04-x" / "round-key"
    yield ward.vault_identity
    yield ward.checkpoint_key
    yield ward.data / "2026-04-x" / "records.age"
    yield ward.data / "index" / "2026-04-x.age"
    yield ward.outbox / "2026-04-x" / "package" / "package.zip"
    yield ward.inbox / "export.csv"
    yield ward.include.parent / "secrets.env"


def test_no_key_no_record_no_package_no_export_no_secret_and_no_login_is_in_a_backup(
    house: Installation, identity: Path
) -> None:
    ward = house.settings
    planted = list(places_that_no_backup_may_hold(ward))
    for place in planted:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(CANARY)
    engine = sa.create_engine(house.metadata_url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        statement = "INSERT INTO session (session_id, data, expiry) VALUES (:id, :data, '2030-01-01')"
        connection.execute(sa.text(statement), {"id": CANARY.decode(), "data": CANARY})
    found = decrypted(make_backup(ward, house.metadata_url, at=AT).path, identity)
    assert [name for name, content in found.items() if CANARY in content] == []
    (ward.include / "contracts" / "more.yaml").write_bytes(CANARY)  # the search would find one
    found = decrypted(make_backup(ward, house.metadata_url, at=AT + timedelta(seconds=1)).path, identity)
    assert [name for name, content in found.items() if CANARY in content] == [f"{INCLUDE}contracts/more.yaml"]


def test_a_backup_holds_the_database_the_register_and_what_a_ward_edits(house: Installation, identity: Path) -> None:
    made = make_backup(house.settings, house.metadata_url, at=AT)
    found = decrypted(made.path, identity)
    include = {
        path.relative_to(house.settings.include.parent).as_posix() for path in house.settings.include.rglob("*.*")
    }
    assert set(found) == {MANIFEST, METADATA, REGISTER, *include}
    entries = Register(house.settings.register_url).entries()
    assert [json.loads(line)["hash"] for line in found[REGISTER].decode().splitlines()] == [e.hash for e in entries]
    assert (made.manifest.entries, made.manifest.head) == (entries[-1].seq, entries[-1].hash)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.read_bytes().startswith(b"age-encryption.org/v1")
    assert b"register_entry" not in made.path.read_bytes()
    assert list(made.path.parent.iterdir()) == [made.path]


def test_backing_up_changes_nothing(house: Installation) -> None:
    before = rows(house.metadata_url), Register(house.settings.register_url).entries()
    make_backup(house.settings, house.metadata_url, at=AT)
    assert (rows(house.metadata_url), Register(house.settings.register_url).entries()) == before


def test_backups_whose_days_are_over_are_deleted_and_nothing_else_is(house: Installation) -> None:
    folder = house.settings.backup
    assert folder
    first = make_backup(house.settings, house.metadata_url, at=AT)
    others = [folder / "mailround-20200101T000000.backup.age.old", folder / "2020.age"]
    for other in others:
        other.touch()
    last_day = make_backup(house.settings, house.metadata_url, at=AT + timedelta(days=house.settings.backup_days))
    assert last_day.deleted == ()
    later = make_backup(
        house.settings, house.metadata_url, at=AT + timedelta(days=house.settings.backup_days, seconds=1)
    )
    assert later.deleted == (first.path.name,)
    assert sorted(folder.iterdir()) == sorted([*others, last_day.path, later.path])


@pytest.mark.parametrize("name", ["backup", "backup_recipient"])
def test_what_is_not_set_is_told(house: Installation, name: str) -> None:
    with pytest.raises(ConfigurationError, match="MAILROUND_BACKUP と MAILROUND_BACKUP_RECIPIENT"):
        make_backup(house.settings.model_copy(update={name: None}), house.metadata_url, at=AT)


@pytest.mark.parametrize("wrong", ["register_url", "nothing"])
def test_what_is_not_airflows_database_is_refused(house: Installation, tmp_path: Path, wrong: str) -> None:
    url = house.settings.register_url if wrong == "register_url" else f"sqlite:///{tmp_path}/nothing.db"
    with pytest.raises(BackupError, match="Airflowのデータベースでない"):
        make_backup(house.settings, url, at=AT)
    assert not (tmp_path / "nothing.db").exists()


def test_a_register_that_was_tampered_with_is_not_backed_up(house: Installation) -> None:
    register = Register(house.settings.register_url)
    with tampering(register), sa.create_engine(register.url, poolclass=sa.pool.NullPool).begin() as connection:
        connection.exec_driver_sql("UPDATE register_entry SET actor = 'somebody'")
    with pytest.raises(RegisterError, match="書き換えられています"):
        make_backup(house.settings, house.metadata_url, at=AT)


def test_a_link_in_include_is_refused_for_it_could_lead_to_a_key(house: Installation) -> None:
    (house.settings.include / "contracts" / "linked.yaml").symlink_to(house.settings.checkpoint_key)
    with pytest.raises(BackupError, match=r"リンク .*linked\.yaml"):
        make_backup(house.settings, house.metadata_url, at=AT)


@pytest.mark.parametrize("name", ["inbox", "data", "outbox", "vault", "vault_identity", "backup"])
def test_a_folder_that_no_backup_may_hold_does_not_lie_in_include(house: Installation, name: str) -> None:
    ward = house.settings.model_copy(update={name: house.settings.include / "inside"})
    with pytest.raises(BackupError, match="設定のフォルダの外へ"):
        make_backup(ward, house.metadata_url, at=AT)
