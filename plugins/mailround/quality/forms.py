"""The forms of a round as the checks need them: what they print of a household, and what they have no room for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from mailround.composition import (
    AMOUNTS,
    LINE_BREAK,
    POINTS,
    Composer,
    Paragraph,
    household_values,
    lines_at_most,
    measured,
    room_of,
    yen,
)
from mailround.eras import FIRST_DAY, write_era
from mailround.fonts import FontStack
from mailround.model import Addressee, Decision, Population, Recipient
from mailround.piece_id import ALPHABET, piece_id
from mailround.templates import BASIC_VALUES, DECISION_VALUES, Template, literal, placeholders

_REMEMBERED = 8192
"""Reasons, days and sizes of amounts that are composed once."""
_TWO_PAGES = "理由。\n" * 12
"""More than one page shows, and less than two."""
PRINTED = ("head", "addressee", "address", "building", "case_no", "district", "document_no")
"""The texts of a household that are mostly on one line; the last one is there only with a decision."""
_DAYS = ("decision_date", "effective_date", "payment_date")


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

    def fits(self, recipient: Recipient, to: Addressee, *, narrow: bool = False) -> bool:
        """Tell whether `misfits` finds nothing, mostly without composing anything.

        A text that is narrow enough for one line needs no composing, and what recurs is composed once: dates, reasons,
        and amounts by their number of digits, which are all of one width. ``narrow`` tells that each of the `PRINTED`
        texts is known to be on one line.
        """
        room, decision = self._rooms[recipient.population], recipient.decision
        if decision and not is_dated(decision):
            return True
        wide = {} if narrow and not to.on_behalf_of else self._wide(recipient, to)
        if not room.takes(wide):
            return not self.misfits(recipient, to)
        return decision is None or room.holds(decision) or not self.misfits(recipient, to)

    def most_letters(self, population: Population, widest: float) -> list[float]:
        """Return of how many letters each of the `PRINTED` texts may be so that it surely is on one line.

        ``widest`` is the width of the widest letter in any of them, in em.
        """
        return [self._rooms[population].capacity[name] / widest for name in PRINTED]

    def _wide(self, recipient: Recipient, to: Addressee) -> dict[str, str]:
        """Return the texts of a household, the reason excepted, that may be too wide for one line."""
        capacity = self._rooms[recipient.population].capacity
        texts = {
            "head": recipient.name,
            "addressee": to.name,
            "address": to.address,
            "building": to.building,
            "case_no": recipient.case_no,
            "district": recipient.district,
            "document_no": recipient.decision.document_no if recipient.decision else "",
            "on_behalf": f"（{to.on_behalf_of}　様分）" if to.on_behalf_of else "",
        }
        return {
            name: text
            for name, text in texts.items()
            if text and ("\n" in text or "\r" in text or self.font.width(text) > capacity[name])
        }

    @cached_property
    def _rooms(self) -> dict[Population, _Room]:
        return {
            population: _Room(self.composers[population], template, self.font, self._widest_id, self.issue_date)
            for population, template in self.templates.items()
        }

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


class _Room:
    """What a form surely has room for, whoever the household is."""

    def __init__(
        self, composer: Composer, template: Template, font: FontStack, widest_id: str, issue_date: date
    ) -> None:
        self._composer = composer
        self._template = template
        self._known = dict.fromkeys((*BASIC_VALUES, *DECISION_VALUES), "") | {
            "piece_id": widest_id,
            "postcode": "000-0000",
            "issue_date": write_era(issue_date, long=True),
        }
        self.capacity = {name: self._capacity(name, font) for name in self._known}
        self._blank = self._alone()
        goes_on = self._alone(reason=_TWO_PAGES)
        self._with_reason = [
            [field, *([template.fields[field.continues]] if field.continues and goes_on else [])]
            if not literal(wording)
            else []
            for field, wording in template.moving.values()
            if "reason" in placeholders(wording)
        ]
        self._most_lines = [[room_of(field, field.size) for field in fields] for fields in self._with_reason]
        self.lines = lru_cache(maxsize=_REMEMBERED)(lambda paragraph: self._lines(measured(paragraph, font)))
        self.amounts = lru_cache(maxsize=_REMEMBERED)(self._amounts)
        self.days = lru_cache(maxsize=_REMEMBERED)(self._days)
        self.reason = lru_cache(maxsize=_REMEMBERED)(self._reason)

    def takes(self, wide: Mapping[str, str]) -> bool:
        """Tell whether these texts surely have room, on one page and on two; all others are on one line."""
        return self._alone(**wide) and self._alone(**wide, reason=_TWO_PAGES) if wide else self._blank

    def holds(self, decision: Decision) -> bool:
        """Tell whether a decision's own values surely have room; False where that is not known."""
        largest = max(
            *decision.before,
            *decision.after,
            decision.income_before,
            decision.income_after,
            abs(decision.total_before),
            abs(decision.total_after),
        )
        days = (decision.decision_date, decision.effective_date, decision.payment_date)
        method = self._template.texts[f"payment_{decision.payment_method}"]
        return self.amounts(len(str(largest))) and self.days(days, method) and self.reason(decision.reason)

    def _alone(self, **values: str) -> bool:
        """Tell whether the form has room for these values, all others being blank."""
        return not self._composer.misfits(self._known | values)

    def _amounts(self, digits: int) -> bool:
        return self._alone(**dict.fromkeys(AMOUNTS, yen(1 - 10**digits)))

    def _days(self, days: Sequence[date | None], method: str) -> bool:
        return self._alone(payment_method=method, **dict(zip(_DAYS, map(_written, days), strict=True)))

    def _reason(self, reason: str) -> bool:
        """Tell whether each field that shows a reason, or where it goes on, surely has room for it."""
        paragraphs = [self.lines(each) for each in LINE_BREAK.split(reason)[::2]]
        needed = zip(*paragraphs, strict=True)
        return all(
            any(sum(lines) <= most for lines, most in zip(zip(*of_fields, strict=True), rooms, strict=True))
            for of_fields, rooms in zip(needed, self._most_lines, strict=True)
        ) or self._alone(reason=reason)

    def _lines(self, paragraph: Paragraph | None) -> list[list[float]]:
        """Return how many lines a paragraph takes at most in each field that shows a reason, and where it goes on."""
        return [
            [lines_at_most(paragraph, field.w * POINTS / field.size, hang=field.hang) for field in fields]
            for fields in self._with_reason
        ]

    def _capacity(self, name: str, font: FontStack) -> float:
        """Return how many em of a value fit on one line in every field that shows it, -1 where that cannot be told."""
        found = [math.inf]
        for field, wording in self._template.moving.values():
            names = placeholders(wording)
            if names == [name] and field.h * POINTS >= field.size:
                smallest = min(field.size, field.min_size or field.size)  # as `fit` steps down for one line
                found.append(field.w * POINTS / smallest - font.width(literal(wording)))
            elif name in names:
                found.append(-1)
        return min(found)


def _written(day: date | None) -> str:
    return write_era(day, long=True) if day else ""


def is_dated(decision: Decision) -> bool:
    """Tell whether the three dates are there and can be written in an era; placeholders like 0001/01/01 cannot."""
    dates = (decision.decision_date, decision.effective_date, decision.payment_date)
    return all(day is not None and day >= FIRST_DAY for day in dates)
