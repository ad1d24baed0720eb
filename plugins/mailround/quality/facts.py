"""What the predicates look at: the records, and what is worked out from them once for several rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

from mailround.addresses import TownSplit, split_town
from mailround.model import Addressee, Recipient
from mailround.postcodes import Postcodes, seven_digits


class Font(Protocol):
    """The part of a font that checking needs."""

    def missing(self, text: str) -> str:
        """Return the characters and base-selector sequences that cannot be printed, empty for none."""
        ...


@dataclass(frozen=True)
class Facts:
    """The households under examination. Every tuple here is parallel to ``recipients``.

    ``posting_date`` is None when an export is tried before there is a round.
    """

    recipients: tuple[Recipient, ...]
    postcodes: Postcodes
    font: Font
    posting_date: date | None = None

    @cached_property
    def addressees(self) -> tuple[Addressee, ...]:
        """Return where each piece goes."""
        return tuple(recipient.addressee() for recipient in self.recipients)

    @cached_property
    def codes(self) -> tuple[str | None, ...]:
        """Return the seven digits of each piece's postcode, None for a malformed one."""
        return tuple(seven_digits(addressee.postcode) for addressee in self.addressees)

    @cached_property
    def splits(self) -> tuple[TownSplit, ...]:
        """Return each piece's address cut behind its town."""
        return tuple(split_town(each.address, each.postcode, self.postcodes) for each in self.addressees)

    @cached_property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Return every text of a household that is printed, line breaks of the reason left out."""
        return tuple(_printed(recipient) for recipient in self.recipients)


_BREAKS = re.compile(r"\r\n|\n")


def _printed(recipient: Recipient) -> tuple[str, ...]:
    decision = recipient.decision
    return (
        recipient.name,
        recipient.postcode,
        recipient.address,
        recipient.building,
        recipient.mailto_name,
        recipient.mailto_postcode,
        recipient.mailto_address,
        recipient.mailto_building,
        *((decision.document_no, _BREAKS.sub("", decision.reason)) if decision else ()),
    )
