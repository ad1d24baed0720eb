"""What somebody can do to a register who has its file, or the rights of its table's owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from mailround.register.chain import GENESIS, Stored, digest
from mailround.register.store import TRIGGERS, Register, register_entry


def owner_url(url: str) -> str:
    """Return the URL of the role that owns the tables; in SQLite it is the same."""
    made = sa.make_url(url)
    return made.set(username=f"{made.username}_owner").render_as_string(False) if postgresql(url) else url


def postgresql(url: str) -> bool:
    return sa.make_url(url).get_backend_name() == "postgresql"


def database(register: Register) -> Path:
    """Return the file of a register in SQLite."""
    return Path(str(sa.make_url(register.url).database))


def execute(register: Register, *statements: str) -> None:
    """Execute statements as the table's owner."""
    engine = sa.create_engine(owner_url(register.url), poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def without_triggers(register: Register) -> list[str]:
    """Drop the triggers and return the statements that make them again, as a careful forger would."""
    engine = sa.create_engine(owner_url(register.url), poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        if not postgresql(register.url):
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            triggers = {name: [made] for name, made in connection.exec_driver_sql(query).all()}
            dropped = "DROP TRIGGER {}"
        else:
            query = (
                "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = to_regclass('register_entry')"
            )
            enabled = "ALTER TABLE register_entry ENABLE ALWAYS TRIGGER {}"
            triggers = {name: [made, enabled.format(name)] for name, made in connection.exec_driver_sql(query).all()}
            dropped = "DROP TRIGGER {} ON register_entry"
        assert set(triggers) == TRIGGERS[connection.dialect.name]
        for name in triggers:
            connection.exec_driver_sql(dropped.format(name))
    return [statement for statements in triggers.values() for statement in statements]


@contextmanager
def tampering(register: Register) -> Iterator[None]:
    """Let the test write what it likes, also entries that claim the same one before them; then all guards are back."""
    guards = without_triggers(register)
    yield
    execute(register, *guards)


def stored(register: Register) -> list[Stored]:
    """Return all rows as they are stored."""
    with sa.create_engine(register.url, poolclass=sa.pool.NullPool).connect() as connection:
        return [
            Stored._make(row) for row in connection.execute(sa.select(register_entry).order_by(register_entry.c.seq))
        ]


def replace_all(register: Register, rows: Iterable[Stored]) -> None:
    """Leave exactly these rows, past triggers and the uniqueness of ``previous`` and ``hash``."""
    with tampering(register):
        if postgresql(register.url):
            execute(
                register,
                *(
                    f"ALTER TABLE register_entry DROP CONSTRAINT IF EXISTS register_entry_{name}_key"
                    for name in ("previous", "hash")
                ),
            )
        else:  # SQLite drops no constraint: a table of the same look takes the place
            columns = ", ".join(f"{each.name} {each.type} NOT NULL" for each in register_entry.columns).replace(
                "seq INTEGER", "seq INTEGER PRIMARY KEY"
            )
            execute(register, "DROP TABLE register_entry", f"CREATE TABLE register_entry ({columns})")
        engine = sa.create_engine(owner_url(register.url), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.delete(register_entry))
            if values := [row._asdict() for row in rows]:
                connection.execute(sa.insert(register_entry), values)


def chained(rows: Iterable[Stored], before: Stored | None = None) -> list[Stored]:
    """Return the rows numbered and hashed anew, as somebody would who makes a history that holds."""
    made: list[Stored] = [before] if before else []
    for row in rows:
        number, previous = (made[-1].seq + 1, made[-1].hash) if made else (1, GENESIS)
        linked = row._replace(seq=number, previous=previous)
        made.append(linked._replace(hash=digest(linked)))
    return made[1:] if before else made
