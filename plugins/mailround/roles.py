"""The two roles of a ward in Airflow's user table; run as ``python -m mailround.roles`` after each Airflow upgrade.

``Custody`` (second division, officer) may look, answer forms, report an incident, and ask for a withdrawal or record
returned mail; ``DataTeam`` may also start a round and clear a task.
"""

from __future__ import annotations

from typing import Any

CASEWORK = ("withdraw_pieces", "record_returned_mail", "report_incident")
"""The DAGs that a caseworker starts: those that act on a round that is out of the house, or report on one."""


def make_roles(manager: Any) -> None:  # noqa: ANN401 - Flask-AppBuilder's security manager has no types
    """Create both roles, or bring them up to date."""
    from airflow.providers.fab.www.security import permissions as may

    # Airflow lets only those answer a form who may edit the DAG (that is: pause it); starting a round and touching a
    # task's state stay with the data team.
    answer = [
        (may.ACTION_CAN_EDIT, may.RESOURCE_DAG),
        (may.ACTION_CAN_EDIT, may.RESOURCE_HITL_DETAIL),
        (may.ACTION_CAN_ACCESS_MENU, may.RESOURCE_HITL_DETAIL),
    ]
    # By DAG, not by Airflow's `access_control` in the DAG file, which fails where a role of that name is not made yet.
    casework = [(may.ACTION_CAN_CREATE, may.resource_name(dag, may.RESOURCE_DAG_RUN)) for dag in CASEWORK]
    trigger = [
        (may.ACTION_CAN_CREATE, may.RESOURCE_DAG_RUN),
        (may.ACTION_CAN_EDIT, may.RESOURCE_DAG_RUN),
        (may.ACTION_CAN_EDIT, may.RESOURCE_TASK_INSTANCE),
    ]
    manager.bulk_sync_roles(
        [
            {"role": "Custody", "perms": [*manager.VIEWER_PERMISSIONS, *answer, *casework]},
            {"role": "DataTeam", "perms": [*manager.VIEWER_PERMISSIONS, *answer, *casework, *trigger]},
        ]
    )


def main() -> None:
    """Make the roles in the metadata database of this environment."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        make_roles(builder.sm)


if __name__ == "__main__":
    main()
