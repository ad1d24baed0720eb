"""What the predicates look at: the records, and what is worked out from them once for several rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from mailround.addresses import TownSplit, split_town
from mailround.composition import Composer, household_values
from mailround.eras import FIRST_DAY
from mailround.fonts import FontStack
from mailround.model import Addressee, Decision, Population, Recipient
from mailround.piece_id import ALPHABET, piece_id
from mailround.postcodes import Postcodes, seven_digits
from mailround.templates import Template


@dataclass(frozen=True)
class Facts:
    """The households under examination. Every tuple here is parallel to ``recipients``.

    ``posting_date`` is None when an export is tried before there is a round.
    """

    recipients: tuple[Recipient, ...]
    postcodes: Postcodes
    font: FontStack
    templates: Mapping[Population, Template]
    issue_date: date
    posting_date: date | None = None

    @cached_property
    def addressees(self) -> tuple[Addressee, ...]:
        """Return where each piece goes; before there is a posting day, to every mail-to."""
        day = self.posting_date or date.min
        return tuple(recipient.addressee(day) for recipient in self.recipients)

    @cached_property
    def codes(self) -> tuple[str | None, ...]:
        """Return the seven digits of each piece's postcode, None for a malformed one."""
        return tuple(seven_digits(addressee.postcode) for addressee in self.addressees)

    @cached_property
    def splits(self) -> tuple[TownSplit, ...]:
        """Return each piece's address cut behind its town."""
        return tuple(split_town(each.address, each.postcode, self.postcodes) for each in self.addressees)

    @cached_property
    def composers(self) -> dict[Population, Composer]:
        """Return what measures the form of each legal population; the very thing that composes its pages."""
        return {population: Composer(template, self.font) for population, template in self.templates.items()}

    def values(self, recipient: Recipient, to: Addressee) -> dict[str, str] | None:
        """Return what a template may print of a household; None while its decision has no dates to print."""
        if recipient.decision and not is_dated(recipient.decision):
            return None
        known = household_values(recipient, to, self.templates[recipient.population], self.issue_date)
        return {"piece_id": self._widest_id, **known}

    def misfits(self, recipient: Recipient, to: Addressee) -> tuple[str, ...]:
        """Return the fields of its form that a household's texts do not fit, none while they are not known."""
        known = self.values(recipient, to)
        return self.composers[recipient.population].misfits(known) if known else ()

    @cached_property
    def _widest_id(self) -> str:
        """Return a text as wide as any id that is drawn later may be."""
        return max(ALPHABET, key=self.font.width) * len(piece_id(b""))

    @cached_property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Return every text of a household that is printed, line breaks of the reason left out."""
        return tuple(_printed(recipient, to) for recipient, to in zip(self.recipients, self.addressees, strict=True))


_BREAKS = re.compile(r"\r\n|\n")


def is_dated(decision: Decision) -> bool:
    """Tell whether the three dates are there and can be written in an era; placeholders like 0001/01/01 cannot."""
    dates = (decision.decision_date, decision.effective_date, decision.payment_date)
    return all(day is not None and day >= FIRST_DAY for day in dates)


def _printed(recipient: Recipient, to: Addressee) -> tuple[str, ...]:
    decision = recipient.decision
    return (
        recipient.name,
        to.name,
        to.postcode,
        to.address,
        to.building,
        recipient.district,
        *((decision.document_no, _BREAKS.sub("", decision.reason)) if decision else ()),
    )
