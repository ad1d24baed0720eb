"""The demo's people as the real metadata database has them after the process that puts them there."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from forked import Airflow
from mailround.local.airflow import LocalAirflow
from mailround.local.people import PASSWORD_VARIABLE, USERS

PEOPLE = """
SELECT u.username, r.name, u.active FROM ab_user u
JOIN ab_user_role ur ON ur.user_id = u.id JOIN ab_role r ON r.id = ur.role_id ORDER BY u.id
"""
REVIEWER = ("access-review", "AccessReview", 1)
"""Nobody; `mailround.roles` makes it, and gives it the password of its connection at every start."""


def people(local: LocalAirflow) -> list[tuple[str, str, int]]:
    with closing(sqlite3.connect(local.home / "airflow.db")) as connection:
        return connection.execute(PEOPLE).fetchall()


def hashes(local: LocalAirflow) -> list[tuple[str]]:
    """Of the people."""
    with closing(sqlite3.connect(local.home / "airflow.db")) as connection:
        return connection.execute(
            "SELECT password FROM ab_user WHERE username <> ? ORDER BY id", REVIEWER[:1]
        ).fetchall()


def test_every_user_is_there_with_its_one_role(metadata: LocalAirflow) -> None:
    assert people(metadata) == [REVIEWER, *((user.name, user.role, 1) for user in USERS)]


def test_the_password_stands_nowhere_in_the_database(metadata: LocalAirflow) -> None:
    assert len(hashes(metadata)) == len(USERS)
    assert metadata.password.encode() not in (metadata.home / "airflow.db").read_bytes()


def test_a_second_start_adds_nobody_and_changes_no_password(metadata: LocalAirflow, airflow: Airflow) -> None:
    before = people(metadata), hashes(metadata)
    environment = metadata.environment() | {PASSWORD_VARIABLE: "another one"}
    assert airflow.python("-m", "mailround.local.people", environment=environment).returncode == 0
    assert (people(metadata), hashes(metadata)) == before
