"""The register on both real databases: SQLite in a file, PostgreSQL in a schema of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from mailround.register.store import Register

POSTGRES = os.environ.get("MAILROUND_TEST_POSTGRES", "postgresql+psycopg2://postgres@127.0.0.1:5432/test")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh schema, dropped afterwards. No server or no driver is a failure: the register must run on it."""
    schema = f"mailround_{secrets.token_hex(6)}"
    engine = sa.create_engine(POSTGRES, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    yield sa.make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
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
