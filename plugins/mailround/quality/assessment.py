"""Run both suites over the records of a round and say what follows for each household."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import pandas as pd

from mailround.fonts import FontStack
from mailround.model import Recipient, RuleFindings, Unprinted
from mailround.postcodes import Postcodes
from mailround.quality.answers import Answers, Questions
from mailround.quality.catalogue import Rule, Severity
from mailround.quality.choices import load_choices
from mailround.quality.facts import Given
from mailround.quality.forms import Forms
from mailround.rounds import RoundKind
from mailround.templates import load_templates

if TYPE_CHECKING:
    from mailround.quality.expectations import Outcome


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

    def unprinted(self) -> Unprinted:
        """Return whom a round leaves out."""
        return Unprinted(rows=self.rows, held=self.held, excluded=self.excluded, counter=self.counter)

    def by_rule(self) -> Iterator[RuleFindings]:
        """Yield what a round keeps of every rule."""
        for each in self.findings:
            yield RuleFindings(
                id=each.id,
                severity=each.severity.value,
                message=each.message,
                count=each.count,
                case_nos=each.case_nos,
                details=dict(each.details),
            )


def assess(
    batches: Iterable[Iterable[Recipient]],
    *,
    kind: RoundKind,
    postcodes: Postcodes,
    font: FontStack,
    include: Path,
    issue_date: date,
    posting_date: date | None = None,
    change_exceeded: bool = False,
    processes: int = 1,
) -> Assessment:
    """Check every household and the round as a whole, holding a few batches of records at a time.

    Records come in batches of any size, each of which is checked in one of so many processes; where there is but one
    batch, no other process is needed. An excluded household, or one for the counter, is not examined any further: it is
    not printed, and the data of the former may rightly be old.

    Raises:
        ConfigurationError: include/expectations does not fit the catalogue, or a template is wrong.
        QualityStopError: A check could not be carried out.
    """
    given = Given(
        postcodes,
        Forms(load_templates(include, kind), font, issue_date),
        kind.thresholds,
        issue_date,
        posting_date,
        decision=kind.decision,
    )
    questions = Questions(load_choices(include, kind.name), given)
    answers = questions.answers(batches, processes)
    from mailround.quality.expectations import run_suite  # noqa: PLC0415 - seconds to import, for checks only

    of_the_round = {"R01": None, "R05": np.full(len(answers.record_nos), not change_exceeded)}
    outcomes: dict[str, Outcome] = {}
    for suite in ("household", "round"):
        asked = {
            rule.id: answers.columns[rule.id] if rule.predicate else of_the_round[rule.id]
            for rule in questions.rules
            if rule.suite == suite
        }
        outcomes |= run_suite(suite, answers.record_nos, asked, questions.choices)
    return _concluded(questions, outcomes, answers)


def _concluded(questions: Questions, outcomes: Mapping[str, Outcome], answers: Answers) -> Assessment:
    """Say what follows from the outcomes."""
    rules, choices = questions.rules, questions.choices
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
