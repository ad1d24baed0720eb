"""The demo's roles and users, and the process that puts them and the schema into a fresh metadata database.

Run as ``python -m mailround.local.people`` inside the Airflow environment: one process instead of one CLI call of
several seconds per user.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from mailround.settings import CheckSettings

PASSWORD_VARIABLE = "MAILROUND_DEMO_PASSWORD"  # noqa: S105 - the name of a variable, not a password


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user of the demo: ``name`` is the id that contracts know; ``title`` is what the console prints."""

    name: str
    role: str
    title: str


USERS = (
    DemoUser("datateam", "DataTeam", "データ担当（回を開始する人）"),
    DemoUser("approver", "Approver", "第二課の承認者"),
    DemoUser("officer", "Carrier", "媒体を運ぶ担当者"),
    DemoUser("auditor", "Auditor", "監査担当（見るだけ）"),
    DemoUser("admin", "SystemAdmin", "システム管理者（利用者と接続だけ）"),
)


def main() -> None:
    """Create the schema, the ward's roles and the demo users."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.utils.db import initdb

    from mailround.roles import apply_roles, load_roles, reviewer

    initdb()
    apply_roles(load_roles(CheckSettings().include), reviewer())
    password = os.environ[PASSWORD_VARIABLE]
    with get_application_builder() as builder:
        manager = builder.sm
        for user in USERS:
            if manager.find_user(user.name) is None and not manager.add_user(
                user.name, user.name, "demo", f"{user.name}@mailround.invalid", manager.find_role(user.role), password
            ):
                raise SystemExit(f"利用者「{user.name}」を作成できませんでした。")


if __name__ == "__main__":
    main()
