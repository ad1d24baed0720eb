"""The hold list: which households the checks found, by rule, and what a caseworker does about each.

It names no one, but it says of a case number what is the matter: it is shown to people only, and every showing is
recorded first. As a spreadsheet it leaves the encrypted workspace as plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from mailround.context import ROUND_KEY
from mailround.errors import GateClosedError
from mailround.hold_release import Holds, load_holds
from mailround.model import SEVERITIES
from mailround.records import read_recipients
from mailround.register.entries import HoldsShown, standing
from mailround.spreadsheet import spreadsheet as draw

if TYPE_CHECKING:
    from mailround.context import RoundContext
    from mailround.quality.assessment import RuleReport

COLUMNS = ("ケース番号", "地区", "担当", "検査", "理由", "対応", "状態")

_WIDTHS = (14, 8, 10, 8, 50, 50, 12)


@dataclass(frozen=True, slots=True)
class Line:
    """One household under one rule; ``state`` is empty, or that a person has released it from the rule."""

    kind: str
    case_no: str
    district: str
    caseworker: str
    rule: str
    message: str
    remedy: str
    state: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what stands under `COLUMNS`."""
        return (self.case_no, self.district, self.caseworker, self.rule, self.message, self.remedy, self.state)


def list_holds(work: RoundContext) -> tuple[Line, ...]:
    """Return the round's list, read from the encrypted workspace: by kind and rule, then district, caseworker, case.

    An excluded household stands under what excludes it and not among those for the counter, whatever else it is.

    Raises:
        WorkspaceError: The round was not checked yet.
        GateClosedError: As `load_holds`.
    """
    holds = load_holds(work)
    listed = frozenset[str]().union(*(rule["case_nos"] for rule in holds.report["rules"]))
    where = {
        each.case_no: (each.district, each.caseworker)
        for each in read_recipients(work.workspace)
        if each.case_no in listed
    }
    rules = sorted(holds.report["rules"], key=lambda rule: list(SEVERITIES).index(rule["severity"]))
    return tuple(line for rule in rules for line in _lines(rule, holds, where))


def show_holds(
    work: RoundContext,
    deliver: Callable[[Sequence[Line]], None],
    *,
    output: Literal["terminal", "xlsx", "console"],
    at: datetime,
    viewer: str = "mailround",
) -> int:
    """Record that the list leaves the workspace, then deliver it, and return its length; may be done again.

    The entry comes first: an output that fails leaves an entry too many, never one too few.

    Args:
        work: The round.
        deliver: Takes the lines to a person's eyes; raises when it could not.
        output: What it takes them to.
        at: The time of the entry.
        viewer: Who looks; by default nobody knows: a command line has no user.

    Raises:
        GateClosedError: The list was destroyed with the round's key.
        WorkspaceError: The round was not checked yet.
    """
    if not work.vault.holds(work.round_id, ROUND_KEY):
        raise GateClosedError(
            "この回の区側データは鍵とともに廃棄したため、保留の一覧は出力できません。",
            f"廃棄の記録は `mailround register list --round-id {work.round_id}` で確かめられます。",
        )
    lines = list_holds(work)
    while not _recorded(work, len(lines), output, viewer, at):
        pass  # somebody else looked just now: theirs is a copy of its own
    deliver(lines)
    return len(lines)


class _AnotherCopyError(Exception):
    """Somebody else looked in the meantime."""


def _recorded(
    work: RoundContext, rows: int, output: Literal["terminal", "xlsx", "console"], viewer: str, at: datetime
) -> bool:
    """Record a showing; tell whether nobody else has recorded theirs since it was counted."""
    before = len(standing(work.entries, HoldsShown))

    def last_look() -> None:
        if len(standing(work.entries, HoldsShown)) != before:
            raise _AnotherCopyError

    shown = HoldsShown(rows=rows, output=output, copy_no=before + 1)
    try:
        work.register.append_all([shown], round_id=work.round_id, actor=viewer, at=at, last_look=last_look)
    except _AnotherCopyError:
        return False
    return True


def spreadsheet(lines: Sequence[Line], *, at: datetime) -> bytes:
    """Return the list as an .xlsx with a sheet for every kind.

    Raises:
        PrintError: A text is longer than a cell holds, or there are more lines than a sheet has.
    """
    kinds = {kind: [line.cells for line in found] for kind, found in groupby(lines, key=lambda line: line.kind)}
    return draw(kinds or {"保留": []}, tuple(zip(COLUMNS, _WIDTHS, strict=True)), at=at)


def _lines(rule: RuleReport, holds: Holds, where: dict[str, tuple[str, str]]) -> Iterator[Line]:
    from mailround.quality.catalogue import CATALOGUE  # noqa: PLC0415 - imports pandas, which is slow, for this only

    remedies = {each.id: each.remedy for each in CATALOGUE}
    report = holds.report
    routed = {"hold": report["held"], "exclude": report["excluded"], "counter": report["counter"]}
    found = dict.fromkeys(rule["case_nos"])
    only = set(routed.get(rule["severity"], found))
    details = report["details"].get(rule["id"], {})
    left = holds.by_rule.get(rule["id"], frozenset())
    for case_no in sorted(found, key=lambda each: (*where[each], each)):
        if case_no in only:
            detail = details.get(case_no)
            yield Line(
                SEVERITIES[rule["severity"]],
                case_no,
                *where[case_no],
                rule["id"],
                f"{rule['message']}（{detail}）" if detail else rule["message"],
                remedies.get(rule["id"], "データ検査からやり直してください。"),
                "解除済み" if rule["severity"] == "hold" and case_no not in left else "",
            )
