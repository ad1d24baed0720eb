"""The forms of a round as the checks need them: what they print of a household, and what they have no room for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from mailround.composition import Composer, household_values
from mailround.eras import FIRST_DAY
from mailround.fonts import FontStack
from mailround.model import Addressee, Decision, Population, Recipient
from mailround.piece_id import ALPHABET, piece_id
from mailround.templates import Template


@dataclass(frozen=True)
class Forms:
    """The templates of a round with the font that they are set in."""

    templates: Mapping[Population, Template]
    font: FontStack
    issue_date: date

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

    def belongs(self, population: Population) -> bool:
        """Tell whether a population has a form of its own."""
        template = self.templates.get(population)
        return template is not None and template.population is population

    @cached_property
    def composers(self) -> dict[Population, Composer]:
        """What measures the form of each legal population; the very thing that composes its pages."""
        return {population: Composer(template, self.font) for population, template in self.templates.items()}

    @cached_property
    def _widest_id(self) -> str:
        """A text as wide as any id that is drawn later may be."""
        return max(ALPHABET, key=self.font.width) * len(piece_id(b""))


def is_dated(decision: Decision) -> bool:
    """Tell whether the three dates are there and can be written in an era; placeholders like 0001/01/01 cannot."""
    dates = (decision.decision_date, decision.effective_date, decision.payment_date)
    return all(day is not None and day >= FIRST_DAY for day in dates)
