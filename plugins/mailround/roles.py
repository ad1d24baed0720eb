"""The roles of a ward in Airflow's user table, as ``include/roles.yaml`` says; applied after each Airflow upgrade.

They are a second fence. Who may answer which form is said by the contract and held by the register (docs/adr/0026).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailround.configuration import read_yaml
from mailround.errors import ConfigurationError

Action = Literal["can_create", "can_read", "can_edit", "can_delete", "menu_access"]
Permission = tuple[Action, str]

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


def load_roles(include: Path) -> Roles:
    """Return what the file says.

    Raises:
        ConfigurationError: It is missing or wrong.
    """
    return read_yaml(include, "roles", Roles, "役割の設定")


def apply_roles(roles: Roles) -> dict[str, int]:
    """Give every role exactly the permissions of the file, and take all of them from roles of earlier versions.

    Works on the metadata database of this environment, and makes Airflow's own roles and resources first.

    Returns:
        How many users have a role that is not in the file, by its name. Airflow's own are among them: its ``Admin``
        may do everything, and gets it back at every start.

    Raises:
        ConfigurationError: The file names a resource that Airflow does not have; nothing has been changed.
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
        held = (role.name for user in manager.get_all_users() for role in user.roles)
        return Counter(name for name in held if name not in roles.roles)


def _require_known(manager: Any, roles: Roles) -> None:  # noqa: ANN401 - Flask-AppBuilder's has no types
    """A misspelt resource would be made by Airflow and asked for by nobody: a right that is missing in silence."""
    from airflow.providers.fab.www.security.permissions import PREFIX_LIST

    named = {resource for name in roles.roles for _, resource in roles.permissions(name)}
    unknown = sorted(
        each for each in named if not each.startswith(tuple(PREFIX_LIST)) and manager.get_resource(each) is None
    )
    if unknown:
        raise ConfigurationError(
            f"役割の設定にある対象が、Airflowにありません：{'、'.join(unknown)}。",
            "roles.yaml の名前を直してください。Airflowを更新した後なら、更新の説明で新しい名前を確かめてください。",
        )
