"""Which deletions of a contractor's other rounds are still to be certified, from the register alone.

One that is overdue stops the next handover to that contractor (control 11).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from mailround.register.entries import (
    ContractStated,
    DeletionCertified,
    Entry,
    MediaHandedOver,
    Posted,
    RoundEnded,
    RoundOpened,
    latest,
)

if TYPE_CHECKING:
    from mailround.contracts import Contract


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A round whose deletion is not certified, and the last day on which it may be without being overdue."""

    round_id: str
    due: date


def outstanding_deletions(entries: Iterable[Entry], contract: Contract, *, besides: str) -> tuple[Outstanding, ...]:
    """Return the uncertified deletions of everything that this contractor holds, the most urgent first.

    Args:
        entries: The register, all rounds, oldest first.
        contract: The contract under which something is to be handed over. Rounds under another contract count when
            they state the same contractor. A round of an older version states nothing: it counts when it names this
            very contract, by whose rule it is then judged.
        besides: The round to leave out: the one that asks.
    """
    of_rounds: dict[str, list[Entry]] = {}
    for entry in entries:
        of_rounds.setdefault(entry.round_id, []).append(entry)
    found = [
        Outstanding(round_id, due)
        for round_id, its in of_rounds.items()
        if round_id != besides and (due := _due(its, contract)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.due, each.round_id)))


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides when a contractor must have deleted, and when to remind of it."""

    days_after_posting: int
    remind_days_before: tuple[int, ...]
    term_end: date

    def after(self, posted_on: date) -> date:
        """Return the due date of what is posted on that day: the earlier of the rule and the contract's end (S)."""
        return min(posted_on + timedelta(days=self.days_after_posting), self.term_end)

    def due(self, entries: Iterable[Entry]) -> date:
        """Return a round's due date: the contract's last day until it is posted.

        Never later than the one that was told at the posting, whatever the rule says since.
        """
        posted = latest(entries, Posted)
        if posted is None:
            return self.term_end
        return min(posted.due or date.max, self.after(posted.posted_on))


def stated_rule(entries: Iterable[Entry]) -> Rule | None:
    """Return the rule by what the register states of the contract; None where an older version stated nothing."""
    stated = latest(entries, ContractStated)
    return Rule(stated.days_after_posting, stated.remind_days_before, stated.term_end) if stated else None


def written_rule(contract: Contract) -> Rule:
    """Return the rule as the contract's file has it now."""
    return Rule(contract.deletion.days_after_posting, contract.deletion.remind_days_before, contract.term.end)


def return_due(entries: Iterable[Entry], contract: Contract, posted_on: date) -> date:
    """Return by when things must be back that belong to what is posted on that day, by what the register states.

    Where an older version stated nothing, the contract's file is asked.
    """
    stated = latest(entries, ContractStated)
    if stated:
        return stated_return(stated, posted_on)
    return min(posted_on + timedelta(days=contract.returns.days_after_posting), contract.term.end)


def stated_return(stated: ContractStated, posted_on: date) -> date:
    """Return by when things must be back that belong to what is posted on that day, by a stated contract."""
    return min(posted_on + timedelta(days=stated.return_days), stated.term_end)


def _due(entries: list[Entry], contract: Contract) -> date | None:
    """Return the due date of a round that the contractor has something of; None for every other round."""
    opened, stated = latest(entries, RoundOpened), latest(entries, ContractStated)
    if opened is None or latest(entries, MediaHandedOver) is None:
        return None
    if latest(entries, DeletionCertified) or latest(entries, RoundEnded):
        return None
    if stated is None:
        return written_rule(contract).due(entries) if opened.contract == contract.name else None
    same = stated.contractor.casefold() == contract.contractor.id.casefold()
    rule = stated_rule(entries)
    return rule.due(entries) if rule and same else None
