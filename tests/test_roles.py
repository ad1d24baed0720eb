"""The two roles as a real metadata database has them: who may look, answer, start and clear, and who may not."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from mailround.local.airflow import LocalAirflow

MAY = """
SELECT p.name, v.name FROM ab_role r
JOIN ab_permission_view_role pr ON pr.role_id = r.id
JOIN ab_permission_view pv ON pv.id = pr.permission_view_id
JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id
WHERE r.name = ?
"""
ANSWER = {("can_edit", "DAGs"), ("can_edit", "HITL Detail"), ("menu_access", "HITL Detail")}
CASEWORK = {("can_create", f"DAG Run:{dag}") for dag in ("withdraw_pieces", "record_returned_mail", "report_incident")}
TRIGGER = {("can_create", "DAG Runs"), ("can_edit", "DAG Runs"), ("can_edit", "Task Instances")}


STARTS = """
import json
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

with get_application_builder() as builder:
    manager = create_auth_manager()
    manager.appbuilder = builder
    print(json.dumps({
        name: [
            dag
            for dag in ("deletion_watch", "mailing_round", "report_incident")
            if manager.is_authorized_dag(
                method="POST",
                access_entity=DagAccessEntity.RUN,
                details=DagDetails(id=dag),
                user=builder.sm.find_user(name),
            )
        ]
        for name in ("officer", "approver", "datateam", "auditor")
    }))
"""


def may(local: LocalAirflow, role: str) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(local.home / "airflow.db")) as connection:
        return set(connection.execute(MAY, (role,)).fetchall())


def test_custody_may_answer_and_start_casework_and_the_data_team_may_start_rounds_and_clear_besides(
    metadata: LocalAirflow,
) -> None:
    custody, team, viewer = may(metadata, "Custody"), may(metadata, "DataTeam"), may(metadata, "Viewer")
    assert viewer
    assert custody - viewer == ANSWER | CASEWORK
    assert team - custody == TRIGGER
    assert custody - team == set()


def test_everybody_but_the_auditor_may_report_an_incident_and_only_the_data_team_may_start_a_round(
    metadata: LocalAirflow,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS], env=metadata.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "officer": ["report_incident"],
        "approver": ["report_incident"],
        "datateam": ["deletion_watch", "mailing_round", "report_incident"],
        "auditor": [],
    }


@pytest.mark.parametrize("role", ["Custody", "DataTeam"])
def test_nobody_in_a_wards_role_may_delete_or_reach_users_connections_and_variables(
    metadata: LocalAirflow, role: str
) -> None:
    found = may(metadata, role)
    assert found
    assert not {thing for action, thing in found if action == "can_delete"}
    assert not {thing for _, thing in found} & {"Users", "Roles", "Connections", "Variables"}


def test_a_role_that_lost_its_permissions_gets_them_back_when_the_module_is_run(metadata: LocalAirflow) -> None:
    whole = may(metadata, "Custody")
    with closing(sqlite3.connect(metadata.home / "airflow.db")) as connection, connection:
        connection.execute(
            "DELETE FROM ab_permission_view_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'Custody')"
        )
    assert may(metadata, "Custody") == set()
    subprocess.run([sys.executable, "-m", "mailround.roles"], env=metadata.environment(), check=True)
    assert may(metadata, "Custody") == whole
