"""Run both suites over the records of a round and say what follows for each household."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

from mailround.errors import QualityStopError
from mailround.fonts import FontStack
from mailround.model import Recipient
from mailround.postcodes import Postcodes
from mailround.quality.catalogue import CATALOGUE, Rule, Severity
from mailround.quality.choices import load_choices
from mailround.quality.facts import Facts
from mailround.rounds import RoundKind
from mailround.templates import load_templates


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

    ``details`` has, per rule and case number, what is said beside the rule's message; reports of 0.1.0 have none.
    """

    held: list[str]
    excluded: list[str]
    warned: list[str]
    details: NotRequired[dict[str, dict[str, str]]]


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

    ``held``, ``excluded`` and ``warned`` are case numbers in record order: excluded wins over held, and warned are
    those of the rest a person should look at. rows = printable + held + excluded.
    """

    rows: int
    findings: tuple[Finding, ...]
    held: tuple[str, ...]
    excluded: tuple[str, ...]
    warned: tuple[str, ...]

    @property
    def printable(self) -> int:
        """Return how many households go into print."""
        return self.rows - len(self.held) - len(self.excluded)

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
            "warned": list(self.warned),
            "details": {each.id: dict(each.details) for each in self.findings if each.details},
        }


@dataclass(frozen=True, slots=True)
class Hold:
    """One line of the hold list, for the person who clears it up."""

    case_no: str
    district: str
    caseworker: str
    messages: tuple[str, ...]
    remedies: tuple[str, ...]


def assess(
    recipients: Sequence[Recipient],
    *,
    kind: RoundKind,
    postcodes: Postcodes,
    font: FontStack,
    include: Path,
    issue_date: date,
    posting_date: date | None = None,
) -> Assessment:
    """Check every household and the round as a whole. Pure.

    An excluded household is not examined any further: it is not printed, and its data may rightly be old.

    Raises:
        ConfigurationError: include/expectations does not fit the catalogue, or a template is wrong.
        QualityStopError: A check could not be carried out.
    """
    from mailround.quality.expectations import Outcome, run_suite  # noqa: PLC0415 - seconds to import, for checks only

    choices = load_choices(include, kind.name)
    rules = [rule for rule in CATALOGUE if kind.decision or not rule.decision]
    everyone = Facts(tuple(recipients), postcodes, font, load_templates(include, kind), issue_date, posting_date)

    def run(suite: Literal["round", "household"], columns: dict[str, list[bool] | None]) -> dict[str, Outcome]:
        return run_suite(suite, [each.record_no for each in recipients], columns, choices)

    def found(severity: Severity) -> set[int]:
        return {
            record_no
            for rule_id, outcome in outcomes.items()
            if choices[rule_id].severity is severity
            for record_no in outcome.record_nos
        }

    household = [rule for rule in rules if rule.suite == "household"]
    excluding = [rule for rule in household if choices[rule.id].severity is Severity.EXCLUDE]
    columns = {rule.id: _answers(rule, everyone) for rule in excluding}
    active = [all(answers) for answers in zip(*columns.values(), strict=True)] if columns else [True] * len(recipients)
    examined = replace(
        everyone, recipients=tuple(each for each, is_active in zip(recipients, active, strict=True) if is_active)
    )
    for rule in household:
        if rule not in excluding:
            answers = iter(_answers(rule, examined))
            columns[rule.id] = [next(answers) if is_active else True for is_active in active]
    outcomes = run("household", dict(columns))
    excluded = found(Severity.EXCLUDE)
    held = found(Severity.HOLD)
    outcomes |= run(
        "round",
        {rule.id: _answers(rule, everyone) if rule.predicate else None for rule in rules if rule.suite == "round"},
    )

    def cases(record_nos: set[int] | frozenset[int]) -> tuple[str, ...]:
        return tuple(each.case_no for each in recipients if each.record_no in record_nos)

    def finding(rule: Rule) -> Finding:
        outcome = outcomes[rule.id]
        severity = choices[rule.id].severity if outcome.passed else Severity.STOP
        if not rule.fields:
            return Finding(rule, severity, int(not outcome.passed), (), {})
        found_cases = cases(outcome.record_nos)
        details = {
            each.case_no: rule.detail(everyone, place)
            for place, each in enumerate(recipients)
            if rule.detail and each.record_no in outcome.record_nos
        }
        return Finding(rule, severity, len(found_cases), found_cases, details)

    return Assessment(
        rows=len(recipients),
        findings=tuple(finding(rule) for rule in rules),
        held=cases(held),
        excluded=cases(excluded),
        warned=cases(found(Severity.WARN) - held - excluded),
    )


def hold_list(recipients: Sequence[Recipient], report: RoundReport) -> tuple[Hold, ...]:
    """Return a line for every household that is held or stops the round, by district, caseworker and case."""
    rules = {rule.id: rule for rule in CATALOGUE}
    details = report.get("details", {})

    def message(rule: Rule, case_no: str) -> str:
        detail = details.get(rule.id, {}).get(case_no)
        return f"{rule.message}（{detail}）" if detail else rule.message

    found: dict[str, list[Rule]] = {}
    for each in report["rules"]:
        if each["severity"] in {Severity.HOLD, Severity.STOP}:
            for case_no in dict.fromkeys(each["case_nos"]):
                found.setdefault(case_no, []).append(rules[each["id"]])
    lines = (
        Hold(
            each.case_no,
            each.district,
            each.caseworker,
            tuple(message(rule, each.case_no) for rule in found[each.case_no]),
            tuple(dict.fromkeys(rule.remedy for rule in found[each.case_no])),
        )
        for each in recipients
        if each.case_no in found
    )
    return tuple(sorted(lines, key=lambda line: (line.district, line.caseworker, line.case_no)))


def _answers(rule: Rule, facts: Facts) -> list[bool]:
    try:
        return list(rule.predicate(facts)) if rule.predicate else []
    except Exception:  # noqa: BLE001 - whatever it was, its text may hold a cell and must not travel on
        raise QualityStopError(
            f"検査「{rule.id}」を実行できませんでした。データの良否は分かっていません。",
            "システム担当へ連絡してください。",
        ) from None
