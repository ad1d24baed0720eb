"""Run both suites over the records of a round and say what follows for each household."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd

from mailround.errors import QualityStopError
from mailround.fonts import FontStack
from mailround.model import Recipient
from mailround.postcodes import Postcodes
from mailround.quality.catalogue import CATALOGUE, Rule, Severity
from mailround.quality.choices import Choice, load_choices
from mailround.quality.facts import Block, Given, Kept, Whole
from mailround.quality.forms import Forms
from mailround.rounds import RoundKind
from mailround.templates import load_templates

if TYPE_CHECKING:
    from mailround.quality.expectations import Outcome

_BLOCK = 10_000
"""Records that are held at a time."""
_ROUTED = frozenset({Severity.EXCLUDE, Severity.COUNTER})
_NOBODY = pd.Series(dtype=bool)


def batched(recipients: Iterable[Recipient], size: int) -> Iterator[tuple[Recipient, ...]]:
    """Yield the records in tuples of so many."""
    rest = iter(recipients)
    while batch := tuple(islice(rest, size)):
        yield batch


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking, every few thousand records, through millions that hold no cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _discreet(what: str) -> Iterator[None]:
    """Let no error but one that says what could not be done come out of working on records.

    Raises:
        QualityStopError: Something went wrong.
    """
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it was, its text may hold a cell and must not travel on
        raise QualityStopError(
            f"検査「{what}」を実行できませんでした。データの良否は分かっていません。",
            "システム担当へ連絡してください。",
        ) from None


class RuleReport(TypedDict):
    """One rule of a report."""

    id: str
    severity: str
    message: str
    count: int
    case_nos: list[str]


class Report(TypedDict):
    """A quality report: numbers of cases, no values."""

    rows: int
    rules: list[RuleReport]


class RoundReport(Report):
    """The report a round keeps: also what the print plan leaves out and what a person should look at.

    ``details`` has, per rule and case number, what is said beside the rule's message.
    """

    held: list[str]
    excluded: list[str]
    counter: list[str]
    warned: list[str]
    details: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found. ``case_nos`` is in record order, one for every record found; ``details`` are by case."""

    rule: Rule
    severity: Severity
    count: int
    case_nos: tuple[str, ...]
    details: Mapping[str, str]

    @property
    def id(self) -> str:
        """Return the rule's id."""
        return self.rule.id

    @property
    def message(self) -> str:
        """Return what is wrong, in Japanese."""
        return self.rule.message

    @property
    def remedy(self) -> str:
        """Return what to do, in Japanese."""
        return self.rule.remedy


@dataclass(frozen=True, slots=True)
class Assessment:
    """The result of both suites; ``findings`` has every rule that ran, also those that found nothing.

    ``held``, ``excluded``, ``counter`` and ``warned`` are case numbers in record order: excluded wins over
    counter, that over held, and warned are those of the rest a person should look at.
    rows = printable + held + excluded + counter.
    """

    rows: int
    findings: tuple[Finding, ...]
    held: tuple[str, ...]
    excluded: tuple[str, ...]
    counter: tuple[str, ...]
    warned: tuple[str, ...]

    @property
    def printable(self) -> int:
        """Return how many households go into print."""
        return self.rows - len(self.held) - len(self.excluded) - len(self.counter)

    @property
    def stops(self) -> tuple[Finding, ...]:
        """Return the findings that stop the round."""
        return tuple(each for each in self.findings if each.severity is Severity.STOP and each.count)

    def report(self) -> Report:
        """Return the report that ``mailround check --json`` prints."""
        return {
            "rows": self.rows,
            "rules": [
                {
                    "id": each.id,
                    "severity": each.severity.value,
                    "message": each.message,
                    "count": each.count,
                    "case_nos": list(each.case_nos),
                }
                for each in self.findings
            ],
        }

    def round_report(self) -> RoundReport:
        """Return the report a round keeps."""
        return {
            **self.report(),
            "held": list(self.held),
            "excluded": list(self.excluded),
            "counter": list(self.counter),
            "warned": list(self.warned),
            "details": {each.id: dict(each.details) for each in self.findings if each.details},
        }


def assess(
    recipients: Iterable[Recipient],
    *,
    kind: RoundKind,
    postcodes: Postcodes,
    font: FontStack,
    include: Path,
    issue_date: date,
    posting_date: date | None = None,
    change_exceeded: bool = False,
) -> Assessment:
    """Check every household and the round as a whole, holding a bounded number of records at a time.

    An excluded household, or one for the counter, is not examined any further: it is not printed, and the data of the
    former may rightly be old.

    Raises:
        ConfigurationError: include/expectations does not fit the catalogue, or a template is wrong.
        QualityStopError: A check could not be carried out.
    """
    from mailround.quality.expectations import run_suite  # noqa: PLC0415 - seconds to import, for checks only

    choices = load_choices(include, kind.name)
    rules = [rule for rule in CATALOGUE if kind.decision or not rule.decision]
    given = Given(
        postcodes,
        Forms(load_templates(include, kind), font, issue_date),
        kind.thresholds,
        issue_date,
        posting_date,
        decision=kind.decision,
    )
    answers = _Answers(rules, choices, given)
    with _uncollected():
        for batch in batched(recipients, _BLOCK):
            with _discreet("準備"):
                block = Block.of(batch, given)
            answers.add(block)
        answers.compare()
    outcomes: dict[str, Outcome] = {}
    for suite in ("household", "round"):
        asked = {
            rule.id: answers.column(rule, change_exceeded=change_exceeded) for rule in rules if rule.suite == suite
        }
        outcomes |= run_suite(suite, answers.record_nos, asked, choices)
    return _concluded(rules, choices, outcomes, answers)


class _Answers:
    """What all questions were answered, block after block."""

    def __init__(self, rules: Sequence[Rule], choices: Mapping[str, Choice], given: Given) -> None:
        self._given = given
        self._of_records = [rule for rule in rules if rule.predicate and not rule.across]
        self._routing = [rule for rule in self._of_records if choices[rule.id].severity in _ROUTED]
        self._across = [rule for rule in rules if rule.across]
        self._excluding = {rule.id for rule in self._routing if choices[rule.id].severity is Severity.EXCLUDE}
        self._columns: dict[str, list[npt.NDArray[np.bool_]]] = {rule.id: [] for rule in rules if rule.predicate}
        self._kept: list[Kept] = []
        self.details: dict[str, dict[int, str]] = {}

    def add(self, block: Block) -> None:
        """Ask the records of a block everything that can be asked of one."""
        every = pd.Series(data=True, index=block.frame.index)
        active, examined = every.copy(), every.copy()
        for rule in self._routing:
            well = self._ask(rule, block, every)
            examined &= well
            if rule.id in self._excluding:
                active &= well
        rest = block.only(examined)
        for rule in self._of_records:
            if rule not in self._routing:
                self._ask(rule, rest, every)
        with _discreet("準備"):
            self._kept.append(block.kept(active))

    def compare(self) -> None:
        """Ask what compares records of the whole round: in the household suite, those that are not excluded."""
        with _discreet("準備"):
            whole = Whole.of(self._kept or [Block.of((), self._given).kept(_NOBODY)], self._given)
        self._kept = []
        self.record_nos = whole.frame.index.to_numpy()
        self.case_nos = whole.frame["case_no"].to_numpy()
        every = pd.Series(data=True, index=whole.frame.index)
        active = whole.only(whole.frame["active"])
        for rule in self._across:
            self._ask(rule, whole if rule.suite == "round" else active, every)

    def column(self, rule: Rule, *, change_exceeded: bool) -> npt.NDArray[np.bool_] | None:
        """Return a rule's answer for every record; None for whether there is one at all."""
        if rule.predicate:
            parts = self._columns[rule.id]
            return np.concatenate(parts) if parts else np.ones(0, dtype=bool)
        return None if rule.id == "R01" else np.full(len(self.record_nos), not change_exceeded)

    def _ask(self, rule: Rule, table: Block | Whole, every: pd.Series) -> pd.Series:
        """Put a question to a table; who is not in it is well."""
        well = every.copy()
        if len(table.frame):
            with _discreet(rule.id):
                found = rule.answers(table)
                well[table.frame.index] = found
                self.details.setdefault(rule.id, {}).update(rule.details(table, ~found))
        self._columns[rule.id].append(well.to_numpy(dtype=bool))
        return well


def _concluded(
    rules: Sequence[Rule], choices: Mapping[str, Choice], outcomes: Mapping[str, Outcome], answers: _Answers
) -> Assessment:
    """Say what follows from the outcomes."""
    position = pd.Series(range(len(answers.record_nos)), index=answers.record_nos)

    def cases(record_nos: Iterable[int]) -> tuple[str, ...]:
        return tuple(answers.case_nos[np.sort(position[list(record_nos)].to_numpy(dtype=int))])

    def found(severity: Severity) -> set[int]:
        return {
            record_no
            for rule_id, outcome in outcomes.items()
            if choices[rule_id].severity is severity
            for record_no in outcome.record_nos
        }

    def finding(rule: Rule) -> Finding:
        outcome = outcomes[rule.id]
        severity = choices[rule.id].severity if outcome.passed else Severity.STOP
        if not rule.columns:
            return Finding(rule, severity, int(not outcome.passed or bool(outcome.record_nos)), (), {})
        found_cases = cases(outcome.record_nos)
        told = answers.details.get(rule.id, {})
        details = {str(answers.case_nos[position[number]]): text for number, text in told.items()}
        return Finding(rule, severity, len(found_cases), found_cases, details)

    excluded = found(Severity.EXCLUDE)
    counter = found(Severity.COUNTER) - excluded
    held = found(Severity.HOLD) - excluded - counter
    of_round = {rule.id for rule in rules if not rule.columns}
    warned = {
        number
        for rule_id, outcome in outcomes.items()
        if choices[rule_id].severity is Severity.WARN and rule_id not in of_round
        for number in outcome.record_nos
    }
    return Assessment(
        rows=len(answers.record_nos),
        findings=tuple(finding(rule) for rule in rules),
        held=cases(held),
        excluded=cases(excluded),
        counter=cases(counter),
        warned=cases(warned - held - excluded - counter),
    )
