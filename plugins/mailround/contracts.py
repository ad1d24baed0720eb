"""Contracts: one YAML under include/contracts/ per contract with a print-and-mail contractor.

Every person who may act is named here by a staff or handler id (control 4); names of staff stay out of the system.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailround.configuration import read_yaml
from mailround.settings import MailAddress


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Version = Annotated[str, Field(min_length=1, max_length=40)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
_Reference = Annotated[str, Field(min_length=1, max_length=40)]
"""The number of a paper on file."""


class Person(_Part):
    """A designated person (取扱者)."""

    id: _Id
    valid_from: date
    valid_to: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.valid_from > self.valid_to:
            raise ValueError("指定の開始日が終了日より後です")
        return self

    def valid_on(self, day: date) -> bool:
        """Tell whether the designation covers the day."""
        return self.valid_from <= day <= self.valid_to


class WardPerson(Person):
    """Somebody of the ward's staff; ``id`` is the Airflow user name."""

    division: str = Field(min_length=1, max_length=40, description="Who approves is of another than who extracted.")


class Responsible(_Part):
    """Who answers for the handling on each side (取扱責任者)."""

    ward: tuple[WardPerson, ...] = Field(min_length=1)
    contractor: tuple[Person, ...] = Field(min_length=1)


class Contractor(_Part):
    """Who prints and mails; an overdue deletion of one contract counts for every other with the same ``id``."""

    id: _Id
    title: str = Field(min_length=1)


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


class Provisions(_Part):
    """The special provisions on personal data (特記事項) that are part of the contract (control 1)."""

    version: _Version
    sha256: _Sha256 = Field(description="Of the file that both sides signed.")


class Flow(_Part):
    """The document of the work flow, and when the contractor acknowledged this version of it (control 5)."""

    version: _Version
    sha256: _Sha256
    acknowledged_on: date


class ApprovedItems(_Part):
    """What may be handed over for one kind of round: fields of the templates and columns of the package's lists."""

    version: _Version
    approved_on: date
    items: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len(set(self.items)) < len(self.items):
            raise ValueError("同じ項目が二度あります")
        return self


class Subcontractor(_Part):
    """A party that the ward has approved and inspected (control 3)."""

    id: _Id
    approval_no: _Reference
    approved_on: date
    inspected_on: date


class Contact(_Part):
    """Whom to tell of an incident, and when the address was last tried (control 12)."""

    id: _Id
    mail: MailAddress
    verified_on: date


class Returns(_Part):
    """When discs, notices and paper must have come back (control 11)."""

    days_after_posting: int = Field(ge=0)


class Deletion(_Part):
    """When the contractor must have deleted, and when to remind of it."""

    days_after_posting: int = Field(ge=0)
    remind_days_before: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="Days before the due date; on it always, and after it on every working day."
    )


class IncidentClocks(_Part):
    """Within how many days of noticing an incident each report goes to the authority; the day itself is the first.

    The law's limits may be kept earlier, not later.

    Source: 個人情報の保護に関する法律 68, 同施行規則 44: promptly (read as 3 to 5 days), then 30 days, or 60 when the
    purpose may be wrongful.
    """

    preliminary_days: int = Field(ge=1, le=5)
    final_days: int = Field(ge=1, le=30)
    final_days_malicious: int = Field(ge=1, le=60)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.preliminary_days <= self.final_days <= self.final_days_malicious:
            raise ValueError("速報、確報、不正の目的による場合の確報の順に、日数を同じか大きくしてください")
        return self


class Attestation(_Part):
    """A control that software cannot see, attested by a paper on file."""

    control: str = Field(pattern=r"^[WC](0[1-9]|1[0-9]|2[0-4])$", description="Its id in the checklist.")
    reference: _Reference
    attested_on: date
    valid_until: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.attested_on > self.valid_until:
            raise ValueError("確認日が有効期限より後です")
        return self


class Contract(_Part):
    """A contract as the gates and forms need it."""

    name: str
    title: str
    contractor: Contractor
    term: Term
    privacy_mark: PrivacyMark
    provisions: Provisions
    flow: Flow
    approved_items: dict[str, ApprovedItems] = Field(min_length=1, description="By the name of the kind of round.")
    subcontractors: tuple[Subcontractor, ...] = Field(description="Empty where there is none.")
    posted_by: Literal["ward", "contractor"]
    minutes_between_handovers: int = Field(ge=1, description="Media and password: two occasions.")
    approval_days: int = Field(ge=1, description="For so many days after it an approval may be acted on.")
    returns: Returns
    deletion: Deletion
    escalate_to: tuple[MailAddress, ...] = Field(min_length=1, description="Told of what is overdue.")
    incident: IncidentClocks
    contacts: tuple[Contact, ...] = Field(min_length=1)
    contacts_max_age_days: int = Field(ge=1, description="For so many days after it a verified contact counts.")
    responsible: Responsible
    ward_handlers: tuple[WardPerson, ...] = Field(min_length=1, description="May hand over and record.")
    ward_approvers: tuple[WardPerson, ...] = Field(min_length=1, description="Second division: may approve a release.")
    contractor_handlers: tuple[Person, ...] = Field(min_length=1)
    attestations: tuple[Attestation, ...] = Field(description="Empty where nothing is attested.")

    @model_validator(mode="after")
    def _two_sides(self) -> Self:
        """Refuse an id that acts for both: who gives would be who receives."""
        ward = (*self.ward_handlers, *self.ward_approvers, *self.responsible.ward)
        contractor = (*self.contractor_handlers, *self.responsible.contractor)
        both = {person.id.casefold() for person in ward} & {person.id.casefold() for person in contractor}
        if both:
            raise ValueError(f"区と委託先の両方に同じIDがあります：{'・'.join(sorted(both))}")
        return self

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        for title, ids in (
            ("再委託先", [each.id for each in self.subcontractors]),
            ("緊急連絡先", [each.id for each in self.contacts]),
            ("点検項目", [each.control for each in self.attestations]),
        ):
            if len({each.casefold() for each in ids}) < len(ids):
                raise ValueError(f"同じ{title}が二度あります")
        return self


def load_contract(include: Path, name: str) -> Contract:
    """Return the contract's YAML.

    Raises:
        ConfigurationError: Unknown or wrong.
    """
    return read_yaml(include / "contracts", name, Contract, "契約")
