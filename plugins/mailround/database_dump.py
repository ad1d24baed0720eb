"""Airflow's database as one file, and back: PostgreSQL (pg_dump's custom format) or SQLite (its backup API).

A dump holds no login that is open: the table of sessions comes without its rows, or whoever reads a backup could be
somebody. Passwords of connections go through the environment, never through a command line that `ps` shows.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import sqlalchemy as sa

from mailround.errors import BackupError
from mailround.private_files import write_new
from mailround.settings import environment_with

_SESSIONS = "session"
_PARAMETERS = ("--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data=*.{_SESSIONS}")


def tables(url: str) -> frozenset[str]:
    """Return the names of the tables; a SQLite file that is not there has none, and stays so."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return frozenset()
    try:
        return frozenset(sa.inspect(sa.create_engine(url, poolclass=sa.pool.NullPool)).get_table_names())
    except sa.exc.OperationalError:
        raise BackupError(
            f"データベース（{parsed.database}）につながりません。",
            "データベースが動いているか、接続先を確かめてください。",
        ) from None


def require_loader(url: str, tools: Path | None) -> None:
    """Refuse before anything is touched.

    Raises:
        BackupError: The database is PostgreSQL, and pg_restore is not there.
    """
    if sa.make_url(url).get_backend_name() == "postgresql":
        _tool("pg_restore", tools)


def dump(url: str, target: IO[bytes], tools: Path | None) -> None:
    """Write the database to an open file.

    Raises:
        BackupError: The program is missing, or says that it did not succeed.
    """
    if sa.make_url(url).get_backend_name() == "sqlite":
        target.write(_sqlite_copy(url))
    else:
        _run("pg_dump", tools, url, *_PARAMETERS, stdin=None, stdout=target)


def load(url: str, source: IO[bytes], tools: Path | None) -> None:
    """Fill an empty database with a dump from one of its kind: all of it or nothing.

    Raises:
        BackupError: The program is missing, or says that it did not succeed; or the SQLite file is there already.
    """
    if (parsed := sa.make_url(url)).get_backend_name() == "sqlite":
        try:
            write_new(Path(parsed.database or ""), source.read())
        except FileExistsError:
            raise BackupError(f"{parsed.database} が既にあります。", "別の場所へ移してから実行してください。") from None
    else:
        parameters = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        with TemporaryFile() as file:  # a program needs a file of its own, not a part of ours
            shutil.copyfileobj(source, file)
            file.seek(0)
            _run("pg_restore", tools, url, *parameters, stdin=file, stdout=None)


def _sqlite_copy(url: str) -> bytes:
    file = Path(sa.make_url(url).database or "")
    read_only = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        if copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_SESSIONS,)).fetchone():
            copy.execute(f"DELETE FROM {_SESSIONS}")  # noqa: S608 - a constant
            copy.commit()
            copy.execute("VACUUM")  # or the rows stay in free pages
        return copy.serialize()


def _tool(name: str, folder: Path | None) -> str:
    found = shutil.which(name, path=str(folder) if folder else None)
    if found is None:
        raise BackupError(
            f"PostgreSQLの {name} がありません。何も変えていません。",
            "サーバーと同じ版の postgresql-client を入れるか、その場所を MAILROUND_POSTGRES_TOOLS に設定してください。",
        )
    return found


def _run(
    name: str, folder: Path | None, url: str, *parameters: str, stdin: IO[bytes] | None, stdout: IO[bytes] | None
) -> None:
    parsed = sa.make_url(url)
    target = sa.URL.create(
        "postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database, parsed.query
    ).render_as_string(False)
    password = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, found by the setting or on PATH
        [_tool(name, folder), *parameters, f"--dbname={target}"],
        env=environment_with({**password, "LC_ALL": "C"}),
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        # The first line says what; those after it may quote a row.
        said = done.stderr.decode("utf-8", errors="replace").strip().partition("\n")[0]
        raise BackupError(
            f"{name} が終わりませんでした（{said}）。",
            "サーバーと道具の版、接続先、役割の権限、空き容量を確かめてください。",
        )
