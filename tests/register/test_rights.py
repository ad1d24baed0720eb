"""In PostgreSQL the role that works can read and append, nothing else; one that can do more is not worked with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from mailround.errors import RegisterError
from mailround.register.entries import RoundEnded
from mailround.register.store import Register
from tampered import execute, owner_url

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def kept(postgres_url: str) -> Register:
    """A register with one entry."""
    register = Register(postgres_url)
    register.migrate(owner_url(postgres_url))
    append(register)
    return register


@pytest.fixture
def superuser(postgres: str, postgres_url: str) -> Callable[[str], None]:
    url = sa.make_url(postgres).update_query_dict(dict(sa.make_url(postgres_url).query))

    def run(statement: str) -> None:
        with sa.create_engine(url, poolclass=sa.pool.NullPool).begin() as connection:
            connection.exec_driver_sql(statement)

    return run


def append(register: Register, files: int = 0) -> None:
    register.append(RoundEnded(step="seal", files=files), round_id="2026-11-change", actor="mailround", at=AT)


def user(url: str) -> str:
    return str(sa.make_url(url).username)


def schema(url: str) -> str:
    return str(sa.make_url(url).query["options"]).split("=")[1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE register_entry SET actor = 'someone'",
        "UPDATE register_version SET version_num = '0001'",
        "DELETE FROM register_entry",
        "TRUNCATE register_entry",
        "DROP TABLE register_entry",
        "DROP TRIGGER register_entry_no_update ON register_entry",
        "DROP FUNCTION register_entry_refuse() CASCADE",
        "CREATE OR REPLACE FUNCTION register_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS ''",
        "ALTER TABLE register_entry DISABLE TRIGGER ALL",
        "ALTER TABLE register_entry DISABLE TRIGGER register_entry_only_next",
        "ALTER TABLE register_entry ADD COLUMN note text",
        "CREATE TRIGGER a BEFORE INSERT ON register_entry FOR EACH ROW EXECUTE FUNCTION register_entry_refuse()",
        "CREATE RULE a AS ON INSERT TO register_entry DO INSTEAD NOTHING",
        "SELECT 1 FROM register_entry FOR UPDATE",
        "SET session_replication_role = replica",
        "SET ROLE {owner}",
        "GRANT UPDATE ON register_entry TO {worker}; UPDATE register_entry SET actor = ''",  # the first only warns
        "ALTER ROLE {worker} SUPERUSER",
    ],
)
def test_the_role_that_works_is_refused_everything_but_reading_and_appending(kept: Register, statement: str) -> None:
    before = kept.entries()
    named = statement.format(owner=user(owner_url(kept.url)), worker=user(kept.url))
    with (
        sa.create_engine(kept.url, poolclass=sa.pool.NullPool).connect() as connection,
        pytest.raises(sa.exc.DBAPIError, match=r"permission denied|must be owner|no privileges"),
    ):
        connection.exec_driver_sql(named)
    append(kept, 1)
    assert kept.entries()[:1] == before
    assert kept.verify().entries == 2


@pytest.mark.parametrize(
    "too_much",
    [
        "GRANT UPDATE ON register_entry TO {worker}",
        "GRANT DELETE ON register_entry TO {worker}",
        "GRANT TRUNCATE ON register_entry TO PUBLIC",
        "GRANT TRIGGER ON register_entry TO {worker}",
        "GRANT UPDATE (actor) ON register_entry TO {worker}",
    ],
)
def test_a_right_too_many_stops_every_use_until_migrating_takes_it_away(kept: Register, too_much: str) -> None:
    execute(kept, too_much.format(worker=user(kept.url)))
    again = Register(kept.url)
    with pytest.raises(RegisterError, match="読取りと追記のほかの権限"):
        append(again, 1)
    with pytest.raises(RegisterError, match="読取りと追記のほかの権限"):
        again.verify()
    again.migrate(owner_url(kept.url))
    append(again, 1)
    assert again.verify().entries == 2


@pytest.mark.parametrize(
    ("too_much", "back"),
    [
        ("GRANT {owner} TO {worker}", "REVOKE {owner} FROM {worker}"),
        ("GRANT {owner} TO {worker} WITH INHERIT FALSE", "REVOKE {owner} FROM {worker}"),
        ("ALTER ROLE {worker} SUPERUSER", "ALTER ROLE {worker} NOSUPERUSER"),
        ("ALTER ROLE {worker} CREATEROLE", "ALTER ROLE {worker} NOCREATEROLE"),
        ("GRANT pg_write_all_data TO {worker}", "REVOKE pg_write_all_data FROM {worker}"),
        ("GRANT pg_execute_server_program TO {worker}", "REVOKE pg_execute_server_program FROM {worker}"),
        ("ALTER SCHEMA {schema} OWNER TO {worker}", "ALTER SCHEMA {schema} OWNER TO {owner}"),
        ("ALTER TABLE register_entry OWNER TO {worker}", "ALTER TABLE register_entry OWNER TO {owner}"),
        ("ALTER DATABASE {database} OWNER TO {worker}", "ALTER DATABASE {database} OWNER TO {was}"),
    ],
)
def test_a_role_that_could_become_a_mightier_one_is_not_worked_with(
    kept: Register, superuser: Callable[[str], None], postgres: str, too_much: str, back: str
) -> None:
    names = {
        "owner": user(owner_url(kept.url)),
        "worker": user(kept.url),
        "schema": schema(kept.url),
        "database": sa.make_url(postgres).database,
        "was": sa.make_url(postgres).username,
    }
    superuser(too_much.format(**names))
    try:
        with pytest.raises(RegisterError, match="読取りと追記のほかの権限"):
            Register(kept.url).verify()
    finally:
        superuser(back.format(**names))
    Register(kept.url).migrate(owner_url(kept.url))  # whoever owned a thing for a while has lost what was granted
    assert Register(kept.url).verify().entries == 1


def test_the_owner_is_not_worked_with(kept: Register) -> None:
    with pytest.raises(RegisterError, match="MAILROUND_REGISTER_URL を追記だけの役割に"):
        append(Register(owner_url(kept.url)))


def test_a_mighty_role_that_plays_a_small_one_is_still_mighty(kept: Register, postgres: str) -> None:
    url = sa.make_url(postgres).update_query_dict(dict(sa.make_url(kept.url).query))
    options = f"{url.query['options']} -crole={user(kept.url)}"
    playing = url.update_query_dict({"options": options}).render_as_string(False)
    with pytest.raises(RegisterError, match="読取りと追記のほかの権限"):
        Register(playing).verify()


@pytest.mark.parametrize("owner", [None, "the same"])
def test_postgresql_is_not_migrated_without_an_owner_of_its_own(postgres_url: str, owner: str | None) -> None:
    with pytest.raises(RegisterError, match="MAILROUND_REGISTER_OWNER_URL"):
        Register(postgres_url).migrate(owner and postgres_url)
    with sa.create_engine(postgres_url, poolclass=sa.pool.NullPool).connect() as connection:
        assert not sa.inspect(connection).has_table("register_entry")


def test_a_role_that_does_not_exist_is_told(postgres_url: str) -> None:
    absent = sa.make_url(postgres_url).set(username="mailround_nobody").render_as_string(False)
    with pytest.raises(RegisterError, match="役割が、データベースにありません"):
        Register(absent).migrate(owner_url(postgres_url))


def test_a_database_made_as_an_installation_makes_it_is_migrated_and_worked_with(
    postgres: str, worker: tuple[str, str]
) -> None:
    certs = (Path(__file__).parents[2] / "deploy" / "certs").read_text(encoding="utf-8")
    name, password = worker
    every = certs.split("> secrets/database.sql <<SQL\n")[1].split("SQL\n")[0].splitlines()
    made = "\n".join(line for line in every if "register" in line).replace("$owner", password).replace("$app", password)
    assert made.count(";") == 5, "two roles, a database, and who may reach it"
    for told, own in (
        ("DATABASE register", f"DATABASE {name}"),
        ("register_owner", f"{name}_own"),
        ("register_app", f"{name}_app"),
    ):
        made = made.replace(told, own)
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in made.split(";")[:-1]:
            connection.exec_driver_sql(statement)
    try:
        app = sa.make_url(postgres).set(username=f"{name}_app", password=password, database=name)
        register = Register(app.render_as_string(hide_password=False))
        register.migrate(app.set(username=f"{name}_own").render_as_string(hide_password=False))
        append(register)
        assert register.verify().entries == 1
    finally:
        with engine.connect() as connection:
            for dropped in (f"DATABASE {name}", f"ROLE {name}_own", f"ROLE {name}_app"):
                connection.exec_driver_sql(f"DROP {dropped}")


def test_a_role_that_only_reads_may_verify(kept: Register, superuser: Callable[[str], None]) -> None:
    execute(kept, f"REVOKE INSERT ON register_entry FROM {user(kept.url)}")
    assert Register(kept.url).verify().entries == 1


def test_sqlite_has_no_roles_and_asks_for_no_owner(tmp_path: Path) -> None:
    register = Register(f"sqlite:///{tmp_path}/register/register.db")
    register.migrate()
    append(register)
    assert register.verify().entries == 1
