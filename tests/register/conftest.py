"""The register on both real databases: SQLite in a file, PostgreSQL in a schema and with roles of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailround.register.store import Register
from tampered import owner_url


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Register:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/register-of-its-own/register.db"
    else:
        url = request.getfixturevalue("postgres_url")
    made = Register(url)
    made.migrate(owner_url(url))
    return made
