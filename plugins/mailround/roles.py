"""The roles of a ward in Airflow's user table, as ``include/roles.yaml`` says; applied after each Airflow upgrade.

They are a second fence. Who may answer which form is said by the contract and held by the register (docs/adr/0026).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailround.configuration import read_yaml
from mailround.errors import ConfigurationError

Action = Literal["can_create", "can_read", "can_edit", "can_delete", "menu_access"]
Permission = tuple[Action, str]
ConsoleResource = Literal[
    "mailround: Rounds",
    "mailround: Register",
    "mailround: Proofs",
    "mailround: Holds",
    "mailround: Handover sheets",
    "mailround: Due",
    "mailround: Specimens",
]
"""What the console's pages are to FAB (``can_read`` on it); Airflow itself asks for none of these."""

CONNECTION = "access_review"
REVIEWER = "AccessReview"
"""The role of the account as which the access review asks: nobody's, and the only one of its account."""
OBSOLETE = ("Custody",)
"""Roles of earlier versions. Whoever still has one gets a new one by hand: the old name does not tell which."""


class Role(BaseModel):
    """One role: its Japanese title, and the names of what it may do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    may: tuple[str, ...] = Field(min_length=1)


class Roles(BaseModel):
    """The whole file: abilities, each a list of Airflow's permissions, and the roles that have them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    abilities: dict[str, tuple[Permission, ...]]
    roles: dict[str, Role] = Field(min_length=1)

    @model_validator(mode="after")
    def _abilities_are_described(self) -> Self:
        unknown = sorted({each for role in self.roles.values() for each in role.may} - set(self.abilities))
        if unknown:
            raise ValueError(f"abilities にない名前です：{'、'.join(unknown)}")
        return self

    def permissions(self, role: str) -> frozenset[Permission]:
        """Return all that a role may do."""
        return frozenset(each for ability in self.roles[role].may for each in self.abilities[ability])


@dataclass(frozen=True, slots=True)
class Reviewer:
    """As whom the access review asks the API server, and where it is."""

    host: str
    login: str
    password: str = field(repr=False)


def reviewer() -> Reviewer | None:
    """Return whom the connection names; None where it is missing or says too little."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        return None
    if not (found.host and found.login and found.password):
        return None
    return Reviewer(found.host, found.login, found.password)


def load_roles(include: Path) -> Roles:
    """Return what the file says.

    Raises:
        ConfigurationError: It is missing or wrong.
    """
    return read_yaml(include, "roles", Roles, "役割の設定")


def apply_roles(roles: Roles, account: Reviewer | None) -> dict[str, int]:
    """Give every role exactly the permissions of the file, and take all of them from roles of earlier versions.

    The account of the access review is made, or gets the password its connection has.

    Works on the metadata database of this environment, and makes Airflow's own roles and resources first.

    Returns:
        How many users have a role that is not in the file, by its name. Airflow's own are among them: its ``Admin``
        may do everything, and gets it back at every start.

    Raises:
        ConfigurationError: The file names a resource that Airflow does not have, and nothing has been changed; or the
            account cannot be made: the name is a person's.
    """
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        _require_known(manager, roles)
        for name in roles.roles:
            role = manager.find_role(name) or manager.add_role(name)
            role.permissions = [manager.create_permission(*each) for each in sorted(roles.permissions(name))]
        for name in OBSOLETE:
            if role := manager.find_role(name):
                role.permissions = []
        manager.session.commit()
        if account:
            _apply_reviewer(manager, account)
        held = (role.name for user in manager.get_all_users() for role in user.roles)
        return Counter(name for name in held if name not in roles.roles)


def _apply_reviewer(manager: Any, account: Reviewer) -> None:  # noqa: ANN401 - Flask-AppBuilder's has no types
    """Make the account, or give it that password; one that has any other role is a person's and stays."""
    role, user = manager.find_role(REVIEWER), manager.find_user(account.login)
    if user is None:
        mail = f"{account.login}@mailround.invalid"
        user = manager.add_user(account.login, account.login, "mailround", mail, role, account.password)
    elif user.roles == [role]:
        manager.reset_password(user.id, account.password)
    else:
        user = None
    if not user:
        raise ConfigurationError(
            f"アクセスの点検に使う利用者「{account.login}」を作れません。",
            "人が使っている名前なら、接続 access_review の利用者を別の名前に変えてください。",
        )


def _require_known(manager: Any, roles: Roles) -> None:  # noqa: ANN401 - Flask-AppBuilder's has no types
    """A misspelt resource would be made by Airflow and asked for by nobody: a right that is missing in silence."""
    from airflow.providers.fab.www.security.permissions import PREFIX_LIST

    named = {resource for name in roles.roles for _, resource in roles.permissions(name)} - {*get_args(ConsoleResource)}
    unknown = sorted(
        each for each in named if not each.startswith(tuple(PREFIX_LIST)) and manager.get_resource(each) is None
    )
    if unknown:
        raise ConfigurationError(
            f"役割の設定にある対象が、Airflowにありません：{'、'.join(unknown)}。",
            "roles.yaml の名前を直してください。Airflowを更新した後なら、更新の説明で新しい名前を確かめてください。",
        )
