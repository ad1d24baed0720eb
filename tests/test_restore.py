"""A whole installation, lost and brought back, on both kinds of databases; and all that must not be brought back."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forked import Airflow
from installations import KEY, Installation, database, rows, ward_with
from mailround.archive import INCLUDE, METADATA, REGISTER, Manifest, opened, write
from mailround.backup import make_backup
from mailround.errors import BackupError, MailroundError, RegisterError
from mailround.local.airflow import LocalAirflow
from mailround.register.entries import HOUSE
from mailround.register.signing_key import make_key
from mailround.register.store import TRIGGERS, Register
from mailround.restore import restore
from mailround.settings import TOKYO, Settings
from tampered import owner_url, postgresql

AT = datetime(2026, 11, 29, 3, 0, tzinfo=TOKYO)


@pytest.fixture(scope="module")
def airflow_on_postgres(
    metadata: LocalAirflow, airflow: Airflow, postgres: str, worker: tuple[str, str]
) -> Iterator[str]:
    """Airflow's real schema and the demo's people in a database of its own."""
    with database(postgres, worker) as url:
        environment = metadata.environment() | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": owner_url(url)}
        done = airflow.python("-m", "mailround.local.people", environment=environment)
        assert done.returncode == 0, done.stderr
        yield owner_url(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def house(kind: str, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation with a register of a few entries, and somebody logged in to Airflow."""
    with ExitStack() as stack:
        if kind == "sqlite":
            local: LocalAirflow = request.getfixturevalue("metadata")
            shutil.copy(local.home / "airflow.db", tmp_path / "airflow.db")
            url, register_url = f"sqlite:///{tmp_path}/airflow.db", settings.register_url
        else:
            url = request.getfixturevalue("airflow_on_postgres")
            fresh = database(request.getfixturevalue("postgres"), request.getfixturevalue("worker"))
            register_url = stack.enter_context(fresh)
        ward = ward_with(settings, tmp_path, register_url)
        register = Register(register_url)
        register.migrate(ward.register_owner_url)
        make_key(register, ward.checkpoint_key, at=AT)
        statement = sa.text("INSERT INTO session (session_id, expiry) VALUES ('canary-of-a-login', '2030-01-01')")
        with sa.create_engine(url, poolclass=sa.pool.NullPool).begin() as connection:
            connection.execute(sa.text("DELETE FROM session"))
            connection.execute(statement)
        yield Installation(ward, url)


@pytest.fixture
def empty(kind: str, house: Installation, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Where nothing is yet."""
    folder = tmp_path / "new"
    folder.mkdir()
    with ExitStack() as stack:
        if kind == "sqlite":
            url, register_url = f"sqlite:///{folder}/airflow.db", f"sqlite:///{folder}/register/register.db"
        else:
            fresh = [
                stack.enter_context(database(request.getfixturevalue("postgres"), request.getfixturevalue("worker")))
                for _ in range(2)
            ]
            url, register_url = owner_url(fresh[0]), fresh[1]
        yield Installation(ward_with(house.settings, tmp_path, register_url), url)


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere"
    path.write_text(f"# public key: {KEY.to_public()}\n{KEY}\n", encoding="ascii")
    return path


@pytest.fixture
def archive(house: Installation) -> Path:
    return make_backup(house.settings, house.metadata_url, at=AT).path


def nothing_in(empty: Installation, include: Path) -> bool:
    """Tell whether an installation is as it was delivered, to the last table."""
    if postgresql(empty.metadata_url):
        clean = not rows(empty.metadata_url) and not rows(owner_url(empty.settings.register_url))
    else:
        clean = not list(include.parent.iterdir())
    return clean and not include.exists()


def test_a_lost_installation_comes_back_and_goes_on(
    house: Installation, empty: Installation, archive: Path, identity: Path, tmp_path: Path
) -> None:
    include = tmp_path / "new" / "include"
    restored = restore(empty.settings, empty.metadata_url, archive, identity, include)
    assert restored.chain == Register(house.settings.register_url).verify()
    before, after = rows(house.metadata_url), rows(empty.metadata_url)
    assert before.pop("session")
    assert after.pop("session") == []
    assert "ab_user" in after
    assert after == before
    assert contents(include) == contents(house.settings.include)
    assert {each.stat().st_mode & 0o777 for each in include.rglob("*") if each.is_file()} == {0o600}
    register = Register(empty.settings.register_url)
    before_it = register.entries()
    assert before_it == Register(house.settings.register_url).entries()
    register.append(before_it[-1].body.model_copy(update={"fingerprint": "0" * 32}), round_id=HOUSE, actor="t", at=AT)
    assert register.verify().entries == restored.chain.entries + 1


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_triggers_and_rights_stand_after_a_restore(
    empty: Installation, archive: Path, identity: Path, tmp_path: Path
) -> None:
    restore(empty.settings, empty.metadata_url, archive, identity, tmp_path / "new" / "include")
    url = empty.settings.register_url
    for statement in ("DELETE FROM register_entry", "UPDATE register_entry SET actor = 'x'"):
        for role in {url, owner_url(url)}:
            engine = sa.create_engine(role, poolclass=sa.pool.NullPool)
            with (
                pytest.raises(sa.exc.DBAPIError, match=r"never changed|permission denied"),
                engine.begin() as connection,
            ):
                connection.exec_driver_sql(statement)
    assert len(TRIGGERS["postgresql" if postgresql(url) else "sqlite"]) >= 3


def test_what_is_not_empty_is_left_as_it_is(
    house: Installation, empty: Installation, archive: Path, identity: Path, tmp_path: Path
) -> None:
    include = tmp_path / "new" / "include"
    with pytest.raises(BackupError, match="空でないので復元しません：Airflowのデータベース、管理簿。"):
        restore(house.settings, house.metadata_url, archive, identity, include)
    assert not include.exists()
    with pytest.raises(BackupError, match="空でないので復元しません：管理簿。"):
        restore(house.settings, empty.metadata_url, archive, identity, include)
    assert nothing_in(empty, include)
    include.mkdir()
    (include / "contract.yaml").touch()
    with pytest.raises(BackupError, match="空でないので復元しません：設定のフォルダ"):
        restore(empty.settings, empty.metadata_url, archive, identity, include)
    assert list(include.iterdir()) == [include / "contract.yaml"]


def remade(archive: Path, identity: Path, change: Callable[[Manifest, dict[str, bytes]], Manifest]) -> Path:
    """Decrypt, change, and encrypt again with a manifest of the changed members, as only a forger would."""
    with opened(archive, identity) as (manifest, members):
        contents = {name: file.read() for name, file in members.items()}
    changed = change(manifest, contents)
    path = archive.with_name("remade.age")
    write(path, changed, {name: io.BytesIO(content) for name, content in contents.items()}, str(KEY.to_public()))
    return path


def touched(manifest: Manifest, members: dict[str, bytes]) -> Manifest:
    members[REGISTER] = members[REGISTER].replace(b'"actor": "mailround"', b'"actor": "mailroumd"', 1)
    return manifest


def another_head(manifest: Manifest, members: dict[str, bytes]) -> Manifest:
    return manifest.model_copy(update={"head": "0" * 64})


def newer(manifest: Manifest, members: dict[str, bytes]) -> Manifest:
    versions = manifest.versions.model_copy(update={"airflow": "3.10.0"})
    return manifest.model_copy(update={"versions": versions})


def outside(manifest: Manifest, members: dict[str, bytes]) -> Manifest:
    members[f"{INCLUDE}../../planted"] = b"x"
    return manifest


def of_another_kind(manifest: Manifest, members: dict[str, bytes]) -> Manifest:
    other = "postgresql" if manifest.database == "sqlite" else "sqlite"
    return manifest.model_copy(update={"database": other})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (touched, "連鎖が切れています"),
        (another_head, "末尾が目録と一致しません"),
        (newer, "新しい版"),
        (outside, "戻せる場所のファイルではありません"),
        (of_another_kind, "別の種類"),
    ],
)
def test_a_forged_backup_changes_nothing(
    empty: Installation,
    archive: Path,
    identity: Path,
    change: Callable[[Manifest, dict[str, bytes]], Manifest],
    told: str,
) -> None:
    include = identity.parent / "new" / "include"
    with pytest.raises(MailroundError, match=told):
        restore(empty.settings, empty.metadata_url, remade(archive, identity, change), identity, include)
    assert nothing_in(empty, include)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_without_the_programs_nothing_is_changed(
    house: Installation, empty: Installation, archive: Path, identity: Path, tmp_path: Path
) -> None:
    nowhere = {"postgres_tools": tmp_path}
    include = tmp_path / "new" / "include"
    with pytest.raises(BackupError, match="pg_restore がありません。何も変えていません。"):
        restore(empty.settings.model_copy(update=nowhere), empty.metadata_url, archive, identity, include)
    assert nothing_in(empty, include)
    kept = sorted(archive.parent.iterdir())
    with pytest.raises(BackupError, match="pg_dump がありません。何も変えていません。"):
        make_backup(house.settings.model_copy(update=nowhere), house.metadata_url, at=AT + timedelta(days=90))
    assert sorted(archive.parent.iterdir()) == kept


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_after_a_restore_that_the_server_refused_the_next_one_succeeds(
    empty: Installation, archive: Path, identity: Path, tmp_path: Path
) -> None:
    """A type that is in the way, which is no table: only pg_restore finds it."""
    include = tmp_path / "new" / "include"
    engine = sa.create_engine(empty.metadata_url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DOMAIN dag_run AS text")
    with pytest.raises(BackupError, match="pg_restore が終わりませんでした"):
        restore(empty.settings, empty.metadata_url, archive, identity, include)
    assert rows(empty.metadata_url) == {}
    assert Register(empty.settings.register_url).entries() == ()
    assert not include.exists()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP DOMAIN dag_run")
    restore(empty.settings, empty.metadata_url, archive, identity, include)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_one_role_for_the_register_is_refused_before_airflows_database_is_filled(
    empty: Installation, archive: Path, identity: Path, tmp_path: Path
) -> None:
    include = tmp_path / "new" / "include"
    ward = empty.settings.model_copy(update={"register_owner_url": None})
    with pytest.raises(RegisterError, match="MAILROUND_REGISTER_OWNER_URL"):
        restore(ward, empty.metadata_url, archive, identity, include)
    assert nothing_in(empty, include)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_member_that_is_missing_is_told(archive: Path, identity: Path) -> None:
    def without(manifest: Manifest, members: dict[str, bytes]) -> Manifest:
        del members[METADATA]
        return manifest

    with pytest.raises(BackupError, match="目録が一致しません"), opened(remade(archive, identity, without), identity):
        pass
