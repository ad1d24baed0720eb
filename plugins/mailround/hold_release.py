"""Who is held and who was released: the report of the checks, less what people have let go into print since.

A release names a rule and households. Which households, only the encrypted workspace knows; the register has their
number and the file's hash, so that neither can be changed without the other. A household is printed when every rule
that holds it has been released.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailround.errors import GateClosedError
from mailround.register.entries import releases, releases_sha256

if TYPE_CHECKING:
    from mailround.context import RoundContext
    from mailround.quality.assessment import RoundReport

REPORT = "quality/report"
"""Workspace name of the report: case numbers per rule, and those held and excluded; no values."""


@dataclass(frozen=True)
class Holds:
    """What the checks found and what is left of it.

    ``by_rule`` are the cases that a rule still holds, ``held`` those that any does, ``released`` those that had been
    held and are printed now. ``report_bytes`` is the report as it is stored; ``releases_sha256`` is of all releases.
    """

    report: RoundReport
    report_bytes: bytes
    by_rule: dict[str, frozenset[str]]
    held: frozenset[str]
    released: frozenset[str]
    releases_sha256: str

    @property
    def printable(self) -> int:
        """Return how many households go into print."""
        return self.report["rows"] - len(self.held) - len(self.report["excluded"]) - len(self.report["counter"])


def load_holds(work: RoundContext) -> Holds:
    """Return who is held and who was released, read from the encrypted workspace.

    Raises:
        WorkspaceError: The round was not checked yet, or a release's file is missing.
        GateClosedError: A release's file is not the one that the register tells of.
    """
    content = work.workspace.read(REPORT)
    report: RoundReport = json.loads(content)
    entries = work.entries
    held = frozenset(report["held"])  # who is excluded or for the counter is not, whatever else was found
    found = {each["id"]: held.intersection(each["case_nos"]) for each in report["rules"] if each["severity"] == "hold"}
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
    return Holds(report, content, left, still, held - still, releases_sha256(entries))


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
