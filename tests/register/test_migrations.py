"""The migrations make what the register expects in either database, once, and however often and in whatever race."""

from __future__ import annotations

import ast
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

import mailround.register
from mailround.register.chain import GENESIS, Stored, undivided_digest
from mailround.register.entries import RoundEnded
from mailround.register.store import TRIGGERS, Register, register_entry
from tampered import owner_url, stored

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
MIGRATIONS = Path(mailround.register.__file__).with_name("migrations")


def _migrate(url: str) -> None:
    Register(url).migrate(owner_url(url))


@pytest.fixture
def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def seen(register: Register, look: Callable[[sa.Connection], object]) -> object:
    with sa.create_engine(register.url, poolclass=sa.pool.NullPool).connect() as connection:
        return look(connection)


def test_the_revisions_are_one_line_from_the_first_to_the_head(scripts: ScriptDirectory) -> None:
    assert len(scripts.get_heads()) == 1
    revisions = [each.revision for each in scripts.walk_revisions()]
    assert sorted(revisions) == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    assert {path.stem[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")} == set(revisions)


def test_no_revision_rebuilds_the_table_and_drops_its_triggers() -> None:
    for path in (MIGRATIONS / "versions").glob("*.py"):
        calls = [node.attr for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Attribute)]
        assert "batch_alter_table" not in calls, path.name


def test_the_table_is_the_one_that_the_register_reads_and_writes(register: Register) -> None:
    def look(connection: sa.Connection) -> object:
        found = sa.inspect(connection)
        columns = [(each["name"], str(each["type"]), each["nullable"]) for each in found.get_columns("register_entry")]
        unique = {tuple(each["column_names"]) for each in found.get_unique_constraints("register_entry")}
        indexes = [each for each in found.get_indexes("register_entry") if None not in each["column_names"]]
        indexed = {tuple(each["column_names"]) for each in indexes} - unique  # that of an expression is in test_search
        return columns, unique, indexed, found.get_pk_constraint("register_entry")["constrained_columns"]

    expected = [(each.name, str(each.type), bool(each.nullable)) for each in register_entry.columns]
    assert seen(register, look) == (
        expected,
        {("previous",), ("hash",)},
        {("round_id",), ("actor", "seq"), ("at",)},
        ["seq"],
    )


def test_the_triggers_are_those_that_every_use_looks_for(register: Register) -> None:
    dialect = sa.make_url(register.url).get_backend_name()
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('register_entry')",
    }[dialect]
    assert seen(register, lambda connection: set(connection.execute(sa.text(query)).scalars())) == TRIGGERS[dialect]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_register_of_the_first_version_goes_on_and_verifies(
    request: pytest.FixtureRequest, tmp_path: Path, dialect: str
) -> None:
    file = f"sqlite:///{tmp_path}/register/register.db"
    url = request.getfixturevalue("postgres_url") if dialect == "postgresql" else file
    (tmp_path / "register").mkdir()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", owner_url(url).replace("%", "%%"))
    command.upgrade(config, "0001")
    written: list[Stored] = []
    with sa.create_engine(owner_url(url), poolclass=sa.pool.NullPool).begin() as connection:
        for seq in (1, 2):
            body = f'{{"exports":null,"files":{seq},"kind":"round_ended","step":"a"}}'
            row = Stored(seq, "2026-11-10T09:00:00+00:00", "mailround", "2026-11-change", body, "", "")
            row = row._replace(previous=written[-1].hash if written else GENESIS)
            written.append(row._replace(hash=undivided_digest(row)))
            connection.execute(sa.insert(register_entry).values(written[-1]._asdict()))
    register = Register(url)
    register.migrate(owner_url(url))
    again = register.append(RoundEnded(step="a", files=2), round_id="2026-11-change", actor="mailround", at=AT)
    assert again.seq == 2
    assert register.append(RoundEnded(step="a", files=3), round_id="2026-11-change", actor="mailround", at=AT).seq == 3
    chain = register.verify()
    assert (chain.entries, chain.undivided) == (3, 2)
    assert stored(register)[:2] == written


def test_migrating_twice_or_at_the_same_time_is_harmless(tmp_path: Path, postgres_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    urls = (f"sqlite:///{tmp_path}/register/register.db", postgres_url)
    racing = [context.Process(target=_migrate, args=(url,)) for url in urls for _ in range(2)]
    for process in racing:
        process.start()
    for process in racing:
        process.join(60)
    assert [process.exitcode for process in racing] == [0] * 4
    for url in urls:
        _migrate(url)
        assert (
            Register(url).append(RoundEnded(step="a", files=0), round_id="2026-11-change", actor="mailround", at=AT).seq
            == 1
        )
