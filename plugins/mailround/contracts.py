"""Contracts: one YAML under include/contracts/ per contract with a print-and-mail contractor.

Every person who may act is named here by a staff or handler id (control 4); names of staff stay out of the system.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailround.configuration import read_yaml


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(_Part):
    """A designated person (取扱者). For ward staff ``id`` is the Airflow user name."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
    valid_from: date
    valid_to: date

    def valid_on(self, day: date) -> bool:
        """Tell whether the designation covers the day."""
        return self.valid_from <= day <= self.valid_to


class Term(_Part):
    """First and last day of the contract."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start > self.end:
            raise ValueError("契約期間の開始日が終了日より後です")
        return self


class PrivacyMark(_Part):
    """The contractor's privacy mark (プライバシーマーク)."""

    number: str
    expires: date


class Deletion(_Part):
    """When the contractor must have deleted, and when to remind of it."""

    days_after_posting: int = Field(ge=0)
    remind_days_before: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="Days before the due date; after it, every day."
    )


class Contract(_Part):
    """A contract as the gates and forms need it."""

    name: str
    title: str
    term: Term
    privacy_mark: PrivacyMark
    posted_by: Literal["ward", "contractor"]
    minutes_between_handovers: int = Field(ge=1, description="Media and password: two occasions.")
    deletion: Deletion
    ward_handlers: tuple[Person, ...] = Field(min_length=1, description="May hand over and record.")
    ward_approvers: tuple[Person, ...] = Field(min_length=1, description="Second division: may approve a release.")
    contractor_handlers: tuple[Person, ...] = Field(min_length=1)

    def deletion_due(self, posted_on: date) -> date:
        """Return the deletion due date: the earlier of the rule and the contract's end (S)."""
        return min(posted_on + timedelta(days=self.deletion.days_after_posting), self.term.end)


def load_contract(include: Path, name: str) -> Contract:
    """Return the contract's YAML.

    Raises:
        ConfigurationError: Unknown or wrong.
    """
    return read_yaml(include / "contracts", name, Contract, "契約")
