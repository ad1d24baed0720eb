"""The roles as a real metadata database has them: exactly what the file says, whatever stood there before."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash

from mailround.errors import ConfigurationError
from mailround.local.airflow import LocalAirflow
from mailround.local.people import PASSWORD_VARIABLE
from mailround.roles import Permission, load_roles
from mailround.settings import REPOSITORY

ROLES = load_roles(REPOSITORY / "include")
WHOLE = (REPOSITORY / "include" / "roles.yaml").read_text(encoding="utf-8")
MAY = """
SELECT p.name, v.name FROM ab_role r
JOIN ab_permission_view_role pr ON pr.role_id = r.id
JOIN ab_permission_view pv ON pv.id = pr.permission_view_id
JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id
WHERE r.name = ?
"""


OF_ACCOUNT = """
SELECT u.password, r.name FROM ab_user u
JOIN ab_user_role ur ON ur.user_id = u.id JOIN ab_role r ON r.id = ur.role_id WHERE u.username = ?
"""


def may(local: LocalAirflow, role: str) -> set[Permission]:
    with closing(sqlite3.connect(local.home / "airflow.db")) as connection:
        return set(connection.execute(MAY, (role,)).fetchall())


def change(local: LocalAirflow, statement: str) -> None:
    with closing(sqlite3.connect(local.home / "airflow.db")) as connection, connection:
        connection.execute(statement)


def apply(local: LocalAirflow, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailround.cli", "roles", "apply"],
        env=local.environment() | values,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    def writer(text: str) -> Path:
        (tmp_path / "roles.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return writer


@pytest.mark.parametrize("role", ROLES.roles)
def test_a_role_has_what_the_file_says_and_no_more(metadata: LocalAirflow, role: str) -> None:
    assert may(metadata, role) == ROLES.permissions(role)
    assert may(metadata, role)


def test_only_the_data_team_starts_rounds_and_touches_states_and_only_the_system_reaches_users() -> None:
    having = {
        permission: {role for role in ROLES.roles if permission in ROLES.permissions(role)}
        for permission in (
            ("can_create", "DAG Runs"),
            ("can_edit", "Task Instances"),
            ("can_edit", "DAGs"),
            ("can_edit", "Users"),
            ("can_read", "Variables"),
            ("can_read", "Connections"),
            ("can_edit", "HITL Detail"),
        )
    }
    assert list(having.values()) == [{"DataTeam"}] * 3 + [{"SystemAdmin"}] * 3 + [{"DataTeam", "Approver", "Carrier"}]


def test_nobody_may_delete_runs_or_tasks_or_write_what_travels_between_tasks_or_edit_roles() -> None:
    forbidden = {
        *(("can_delete", each) for each in ("DAGs", "DAG Runs", "Task Instances", "XComs")),
        *((action, "XComs") for action in ("can_create", "can_edit")),
        *((action, "Roles") for action in ("can_create", "can_edit", "can_delete")),
    }
    assert not {name for name in ROLES.roles if ROLES.permissions(name) & forbidden}


def test_every_dag_that_a_permission_names_is_there() -> None:
    named = {
        resource.partition(":")[2]
        for name in ROLES.roles
        for _, resource in ROLES.permissions(name)
        if resource.startswith(("DAG:", "DAG Run:"))
    }
    assert named == {"mailing_round", "report_incident", "access_review", "withdraw_pieces", "record_returned_mail"}
    assert all((REPOSITORY / "dags" / f"{each}.py").is_file() for each in named)


def test_what_was_added_or_taken_by_hand_is_put_right(metadata: LocalAirflow) -> None:
    change(
        metadata,
        "DELETE FROM ab_permission_view_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'Carrier')",
    )
    change(
        metadata,
        "INSERT INTO ab_permission_view_role (permission_view_id, role_id) SELECT pv.id, r.id "
        "FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id "
        "JOIN ab_view_menu v ON v.id = pv.view_menu_id, ab_role r "
        "WHERE p.name = 'can_edit' AND v.name = 'Users' AND r.name = 'Auditor'",
    )
    assert may(metadata, "Carrier") == set()
    assert ("can_edit", "Users") in may(metadata, "Auditor")
    done = apply(metadata)
    assert done.returncode == 0, done.stderr
    assert "Carrier（運搬担当・地区担当）" in done.stdout
    assert "注意" not in done.stderr
    assert may(metadata, "Carrier") == ROLES.permissions("Carrier")
    assert may(metadata, "Auditor") == ROLES.permissions("Auditor")


def test_a_role_of_an_earlier_version_may_do_nothing_any_more_and_its_users_are_told_of(metadata: LocalAirflow) -> None:
    change(metadata, "INSERT INTO ab_role (name) VALUES ('Custody')")
    change(
        metadata,
        "INSERT INTO ab_permission_view_role (permission_view_id, role_id) SELECT pr.permission_view_id, c.id "
        "FROM ab_permission_view_role pr JOIN ab_role d ON d.id = pr.role_id, ab_role c "
        "WHERE d.name = 'DataTeam' AND c.name = 'Custody'",
    )
    change(
        metadata,
        "INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r "
        "WHERE u.username = 'officer' AND r.name = 'Custody'",
    )
    assert may(metadata, "Custody")
    done = apply(metadata)
    assert done.returncode == 0, done.stderr
    assert may(metadata, "Custody") == set()
    assert "設定にない役割「Custody」を持つ利用者が1人います" in done.stderr
    change(metadata, "DELETE FROM ab_user_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'Custody')")


def test_the_account_of_the_access_review_becomes_what_its_connection_says(metadata: LocalAirflow) -> None:
    def account() -> tuple[str, list[str]]:
        with closing(sqlite3.connect(metadata.home / "airflow.db")) as connection:
            rows = connection.execute(OF_ACCOUNT, ("access-review",)).fetchall()
        return rows[0][0], [row[1] for row in rows]

    first, roles = account()
    assert roles == ["AccessReview"]
    change(metadata, "UPDATE ab_user SET password = 'another' WHERE username = 'access-review'")
    done = apply(metadata)
    assert done.returncode == 0, done.stderr
    assert "利用者「access-review」を、接続のとおりにしました" in done.stdout
    password = metadata.environment()[PASSWORD_VARIABLE]
    assert check_password_hash(first, password)
    assert check_password_hash(account()[0], password)
    assert password not in done.stdout + done.stderr


def test_a_persons_account_is_not_given_to_the_access_review(metadata: LocalAirflow) -> None:
    of_a_person = {"conn_type": "http", "host": metadata.url, "login": "officer", "password": "of-nobody-at-all-0123"}
    done = apply(metadata, AIRFLOW_CONN_ACCESS_REVIEW=json.dumps(of_a_person))
    assert done.returncode == 2
    assert "利用者「officer」を作れません" in done.stderr.replace("\n", "")
    with closing(sqlite3.connect(metadata.home / "airflow.db")) as connection:
        [(hashed, role)] = connection.execute(OF_ACCOUNT, ("officer",)).fetchall()
    assert role == "Carrier"
    assert not check_password_hash(hashed, "of-nobody-at-all-0123")


def test_a_misspelt_resource_is_refused_before_anything_is_changed(
    metadata: LocalAirflow, folder: Callable[[str], Path]
) -> None:
    before = {role: may(metadata, role) for role in ROLES.roles}
    done = apply(metadata, MAILROUND_INCLUDE=str(folder(WHOLE.replace("[can_read, XComs]", "[can_read, XCom]"))))
    assert done.returncode == 2
    assert "Airflowにありません：XCom。" in done.stderr.replace("\n", "")
    assert {role: may(metadata, role) for role in ROLES.roles} == before


@pytest.mark.parametrize(
    ("good", "wrong", "told"),
    [
        (
            "may: [look, look_inside, see_register, audit] }",
            "may: [look, audits] }",
            "abilities にない名前です：audits",
        ),
        ("[can_read, Jobs]", "[can_reed, Jobs]", "使える値のどれでもありません"),
        ("title: 監査担当,", "title: 監査担当, name: x,", "知らない項目です"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(
    folder: Callable[[str], Path], good: str, wrong: str, told: str
) -> None:
    assert good in WHOLE
    with pytest.raises(ConfigurationError, match=told):
        load_roles(folder(WHOLE.replace(good, wrong)))
