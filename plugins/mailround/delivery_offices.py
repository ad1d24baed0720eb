"""Delivery offices: which post office delivers which postcodes, in include/delivery_offices.yaml.

A round is printed and bundled in *sections*: one for each office in the order of the file, then what goes outside the
city.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mailround.configuration import read_yaml

OUTSIDE = "out"
"""Code of the section of what no office of the city delivers."""
PREFIX = 3
"""Leading digits of a postcode that tell the delivery office."""


class DeliveryOffice(BaseModel):
    """One post office."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")] = Field(
        description="First part of its bundles' names in the package."
    )
    name: str = Field(min_length=1, max_length=20, description="Japanese name, printed on the bundle list.")
    prefixes: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")], ...] = Field(
        min_length=1, description="First three digits of the postcodes it delivers."
    )


class DeliveryOffices(BaseModel):
    """The city and its offices, in the order of printing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefecture: str = Field(min_length=1)
    city: str = Field(min_length=1, description="As the postcode table writes it.")
    outside: str = Field(min_length=1, max_length=20, description="Title of what goes outside the city.")
    offices: tuple[DeliveryOffice, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _require_distinct(self) -> DeliveryOffices:
        codes = [OUTSIDE, *(office.code for office in self.offices)]
        prefixes = [prefix for office in self.offices for prefix in office.prefixes]
        for what, values in (("code", codes), ("prefixes", prefixes)):
            if twice := [value for value, count in Counter(values).items() if count > 1]:
                raise ValueError(f"{what} の「{'、'.join(twice)}」が重なっています")
        return self

    def sections(self) -> dict[str, str]:
        """Return the Japanese title of every section by its code, in print order."""
        return {
            **{office.code: office.name for office in self.offices},
            OUTSIDE: self.outside,
        }

    def digest(self) -> str:
        """Return the SHA-256 over all that the list says, so that a plan tells which bundles it was made with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def delivering(self, postcode: str) -> str:
        """Return the code of the office that delivers a seven-digit postcode, OUTSIDE when none does."""
        return next((office.code for office in self.offices if postcode[:PREFIX] in office.prefixes), OUTSIDE)


def load_delivery_offices(include: Path) -> DeliveryOffices:
    """Return the ward's delivery offices.

    Raises:
        ConfigurationError: The file is missing or wrong.
    """
    return read_yaml(include, "delivery_offices", DeliveryOffices, "配達局の一覧")
