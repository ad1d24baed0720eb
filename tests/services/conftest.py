"""The services of a production installation, each a real one that the tests start or make and end."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ports import free_port


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker on a port of its own that keeps nothing on disk."""
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture(scope="session")
def metadata_url(postgres: str) -> Iterator[str]:
    """An empty database for Airflow, of a role that owns it and nothing else."""
    name, password = f"mailround_{secrets.token_hex(6)}_airflow", secrets.token_hex(16)
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {name}")
    yield sa.make_url(postgres).set(username=name, password=password, database=name).render_as_string(False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        connection.exec_driver_sql(f"DROP ROLE {name}")
