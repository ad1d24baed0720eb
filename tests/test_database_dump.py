"""Dumps of single databases; whole installations are in tests/test_restore.py."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile

import pytest
import sqlalchemy as sa

from installations import database, postgres_tools, rows
from mailround.database_dump import dump, load, tables
from mailround.errors import BackupError
from tampered import owner_url


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "it's.db")) as connection, connection:
        connection.execute("PRAGMA secure_delete = OFF")  # as SQLite is built elsewhere than on Debian
        connection.execute("CREATE TABLE dag_run (id INTEGER)")
        connection.execute("CREATE TABLE session (id TEXT)")
        connection.execute("INSERT INTO dag_run VALUES (1)")
        ended = [("canary-of-a-login-that-ended",)] * 1000
        connection.executemany("INSERT INTO session VALUES (?)", ended)
        connection.commit()
        connection.execute("DELETE FROM session")
        connection.execute("INSERT INTO session VALUES ('canary-of-a-login')")
    assert b"that-ended" in (tmp_path / "it's.db").read_bytes()
    return f"sqlite:///{tmp_path}/it's.db"


def test_sqlite_comes_back_0600_without_its_sessions(sqlite: str, tmp_path: Path) -> None:
    target = io.BytesIO()
    dump(sqlite, target, None)
    assert b"canary" not in target.getvalue()  # nor in its free pages
    target.seek(0)
    load(f"sqlite:///{tmp_path}/new/airflow.db", target, None)
    assert rows(f"sqlite:///{tmp_path}/new/airflow.db") == {"dag_run": [(1,)], "session": []}
    assert (tmp_path / "new" / "airflow.db").stat().st_mode & 0o777 == 0o600
    assert rows(sqlite)["session"]


def test_a_sqlite_file_that_is_there_is_not_written_over(sqlite: str) -> None:
    before = rows(sqlite)
    with pytest.raises(BackupError, match="既にあります"):
        load(sqlite, io.BytesIO(b"x"), None)
    assert rows(sqlite) == before


def test_asking_for_the_tables_makes_no_file(tmp_path: Path) -> None:
    assert tables(f"sqlite:///{tmp_path}/none.db") == frozenset()
    assert list(tmp_path.iterdir()) == []


def test_postgresql_comes_back_without_its_sessions_and_no_password_is_in_sight(
    postgres: str, worker: tuple[str, str], tmp_path: Path
) -> None:
    """The program that is called is a real one behind one that writes down how it was called."""
    tools = postgres_tools()
    for name in ("pg_dump", "pg_restore"):
        real = tools / name if tools else name
        script = f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/called\nexec {real} "$@"\n'
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o700)
    with database(postgres, worker) as first, database(postgres, worker) as second, TemporaryFile() as file:
        with sa.create_engine(owner_url(first), poolclass=sa.pool.NullPool).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE dag_run (id serial PRIMARY KEY, conf json)")
            connection.exec_driver_sql("CREATE TABLE session (id text)")
            connection.exec_driver_sql("INSERT INTO dag_run (conf) VALUES ('{}')")
            connection.exec_driver_sql("INSERT INTO session VALUES ('canary-of-a-login')")
        dump(owner_url(first), file, tmp_path)
        file.seek(0)
        load(owner_url(second), file, tmp_path)
        assert rows(owner_url(second)) == {"dag_run": [(1, {})], "session": []}
    called = (tmp_path / "called").read_text()
    assert "pg_dump" in called
    assert "pg_restore" in called
    assert worker[1] not in called


def test_what_the_program_says_is_told_without_the_password(
    postgres: str, worker: tuple[str, str], tmp_path: Path
) -> None:
    with database(postgres, worker) as url, TemporaryFile() as file:
        with sa.create_engine(owner_url(url), poolclass=sa.pool.NullPool).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE dag_run (id int)")
        with pytest.raises(BackupError, match=r"pg_dump が終わりませんでした（.*permission denied") as refused:
            dump(url, file, postgres_tools())  # as the role that may not read it
        assert worker[1] not in str(refused.value)


def test_a_database_that_is_not_there_is_told(postgres: str) -> None:
    with pytest.raises(BackupError, match="つながりません"):
        tables(sa.make_url(postgres).set(database="no_such_database").render_as_string(False))
