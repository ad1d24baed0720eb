"""The demo's roles and users, and the process that puts them and the schema into a fresh metadata database.

Run as ``python -m mailround.local.people`` inside the Airflow environment: one process instead of one CLI call of
several seconds per user.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

PASSWORD_VARIABLE = "MAILROUND_DEMO_PASSWORD"  # noqa: S105 - the name of a variable, not a password


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user of the demo: ``name`` is the id that contracts know; ``title`` is what the console prints."""

    name: str
    role: str
    title: str


USERS = (
    DemoUser("datateam", "DataTeam", "データ担当（回を開始する人）"),
    DemoUser("approver", "Custody", "第二課の承認者"),
    DemoUser("officer", "Custody", "媒体を運ぶ担当者"),
    DemoUser("auditor", "Viewer", "監査担当（見るだけ）"),
    DemoUser("admin", "Admin", "システム管理者"),
)


def main() -> None:
    """Create the schema, the two ward roles and the demo users."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.providers.fab.www.security import permissions as may
    from airflow.utils.db import initdb

    initdb()
    # Airflow lets only those answer a form who may edit the DAG (that is: pause it); starting a run and touching a
    # task's state stay with the data team.
    answer = [
        (may.ACTION_CAN_EDIT, may.RESOURCE_DAG),
        (may.ACTION_CAN_EDIT, may.RESOURCE_HITL_DETAIL),
        (may.ACTION_CAN_ACCESS_MENU, may.RESOURCE_HITL_DETAIL),
    ]
    trigger = [
        (may.ACTION_CAN_CREATE, may.RESOURCE_DAG_RUN),
        (may.ACTION_CAN_EDIT, may.RESOURCE_DAG_RUN),
        (may.ACTION_CAN_EDIT, may.RESOURCE_TASK_INSTANCE),
    ]
    password = os.environ[PASSWORD_VARIABLE]
    with get_application_builder() as builder:
        manager = builder.sm
        manager.bulk_sync_roles(
            [
                {"role": "Custody", "perms": [*manager.VIEWER_PERMISSIONS, *answer]},
                {"role": "DataTeam", "perms": [*manager.VIEWER_PERMISSIONS, *answer, *trigger]},
            ]
        )
        for user in USERS:
            if manager.find_user(user.name) is None and not manager.add_user(
                user.name, user.name, "demo", f"{user.name}@mailround.invalid", manager.find_role(user.role), password
            ):
                raise SystemExit(f"利用者「{user.name}」を作成できませんでした。")


if __name__ == "__main__":
    main()
