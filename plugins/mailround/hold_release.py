"""Who is held and who was released: the report of the checks, less what people have let go into print since.

A release names a rule and households. Which households, only the encrypted workspace knows; the register has their
number and the file's hash, so that neither can be changed without the other. A household is printed when every rule
that holds it has been released.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from mailround.errors import GateClosedError
from mailround.model import RuleFindings, Unprinted
from mailround.register.entries import releases, releases_sha256
from mailround.workspace import Workspace, parse_block

if TYPE_CHECKING:
    from mailround.context import RoundContext

UNPRINTED, RULES = "quality/unprinted", "quality/rules"
"""Workspace names of who is not printed, and of what every rule found: a stream, so many cases of a rule a block."""
_PART = 1_000
_UNPRINTED = TypeAdapter(Unprinted)
_RULES = TypeAdapter(tuple[RuleFindings, ...])


@dataclass(frozen=True)
class Counted:
    """How many cases a rule found, and how many of those it holds were held."""

    id: str
    severity: str
    message: str
    count: int
    held: int


@dataclass(frozen=True)
class Holds:
    """What the checks found and what is left of it.

    ``by_rule`` are the cases that a rule still holds, ``held`` those that any does, ``released`` those that had been
    held and are printed now. ``report_sha256`` is of all that the checks wrote; ``releases_sha256`` of all releases.
    """

    unprinted: Unprinted
    rules: tuple[Counted, ...]
    report_sha256: bytes
    by_rule: dict[str, frozenset[str]]
    held: frozenset[str]
    released: frozenset[str]
    releases_sha256: str

    @property
    def printable(self) -> int:
        """Return how many households go into print."""
        left_out = self.unprinted
        return left_out.rows - len(self.held) - len(left_out.excluded) - len(left_out.counter)


def write_report(workspace: Workspace, unprinted: Unprinted, rules: Iterable[RuleFindings]) -> bytes:
    """Write down what the checks found, and return its SHA-256; the rules are taken one by one."""
    first = workspace.write_records(UNPRINTED, _UNPRINTED, unprinted)
    parts = (part for rule in rules for part in _parted(rule))
    return hashlib.sha256(first + bytes.fromhex(workspace.write_stream(RULES, _RULES, parts, 1))).digest()


def read_rules(workspace: Workspace) -> Iterator[RuleFindings]:
    """Yield what every rule found, one rule in memory at a time.

    Raises:
        WorkspaceError: The round was not checked yet, or another version checked it.
    """
    for _, parts in groupby(workspace.read_stream(RULES, _RULES), key=lambda part: part.id):
        first, *more = parts
        details = first.details.copy()
        for part in more:
            details |= part.details
        yield replace(first, case_nos=tuple(chain(first.case_nos, *(part.case_nos for part in more))), details=details)


def _parted(rule: RuleFindings) -> Iterator[RuleFindings]:
    for start in range(0, len(rule.case_nos) or 1, _PART):
        case_nos = rule.case_nos[start : start + _PART]
        details = {case_no: rule.details[case_no] for case_no in case_nos if case_no in rule.details}
        yield replace(rule, case_nos=case_nos, details=details)


def load_holds(work: RoundContext) -> Holds:
    """Return who is held and who was released, read from the encrypted workspace.

    Raises:
        WorkspaceError: The round was not checked yet, another version checked it, or a release's file is missing.
        GateClosedError: A release's file is not the one that the register tells of.
    """
    content, of_rules = work.workspace.read(UNPRINTED), hashlib.sha256()
    unprinted = parse_block(content, _UNPRINTED, UNPRINTED)
    entries = work.entries
    held = frozenset(unprinted.held)  # who is excluded or for the counter is not, whatever else was found
    found: dict[str, frozenset[str]] = {}
    rules: dict[str, Counted] = {}
    for part in work.workspace.read_stream(RULES, _RULES, of_rules):
        if part.severity == "hold":
            found[part.id] = found.get(part.id, frozenset()).union(held.intersection(part.case_nos))
        rules[part.id] = Counted(part.id, part.severity, part.message, part.count, len(found.get(part.id, ())))
    left = dict(found)
    for release in releases(entries):
        released = work.workspace.read(_name(release.sha256))
        said = json.loads(released)
        if hashlib.sha256(released).hexdigest() != release.sha256 or said["rule"] != release.rule:
            raise GateClosedError(
                "保留の解除の内容が、管理簿に記録したときのものではありません。",
                "データ検査からやり直し、必要な世帯の保留を解除し直してください。",
            )
        left[release.rule] = left.get(release.rule, frozenset()).difference(said["case_nos"])
    once = frozenset[str]().union(*found.values())
    still = frozenset[str]().union(*left.values()) | (held - once)  # what no rule accounts for, nobody can release
    return Holds(
        unprinted=unprinted,
        rules=tuple(rules.values()),
        report_sha256=hashlib.sha256(hashlib.sha256(content).digest() + of_rules.digest()).digest(),
        by_rule=left,
        held=still,
        released=held - still,
        releases_sha256=releases_sha256(entries),
    )


def write_release(work: RoundContext, rule: str, case_nos: Iterable[str]) -> str:
    """Write down whom a rule no longer holds, and return the SHA-256 that the register entry must have.

    Until an entry names it, the file counts for nothing: a worker killed in between has released nobody.
    """
    content = json.dumps({"rule": rule, "case_nos": sorted(case_nos)}).encode("ascii")
    sha256 = hashlib.sha256(content).hexdigest()
    work.workspace.write(_name(sha256), content)
    return sha256


def releasable_by(rule_id: str) -> str:
    """Return who may release what that rule holds, a value of `Release`; nobody, when the catalogue lacks it."""
    from mailround.quality.catalogue import CATALOGUE  # noqa: PLC0415 - imports pandas, which no DAG file may

    found = {rule.id: rule.release.value for rule in CATALOGUE}
    return found.get(rule_id, "nobody")


def _name(sha256: str) -> str:
    return f"quality/release-{sha256}"
