"""The households that the checks found, by rule, for those who decide on them: recorded first, then shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from mailround.console.handlers import handled_round
from mailround.console.visit import Answer, Visit
from mailround.decide_holds import HoldDecision
from mailround.hold_list import Line, show_holds
from mailround.hold_release import releasable_by
from mailround.model import SEVERITIES
from mailround.register.entries import HoldsShown
from mailround.way import standing_of

_RELEASED_BY = {
    "person": "取扱者が解除できます",
    "second": "回を始めた人でも、続ける判断をする人でもない取扱者が、ケース番号を指定して解除できます",
    "nobody": "解除できません（正しく印刷・送付できないため）",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule found; ``release`` says who may release it, empty where nothing is held by it."""

    kind: str
    rule: str
    remedy: str
    release: str
    lines: tuple[Line, ...]

    @property
    def released(self) -> int:
        """How many of the households a person has released from it."""
        return sum(bool(line.state) for line in self.lines)


def show(visit: Visit) -> Answer:
    """Return what the page says, once it stands in the register that it was seen.

    Raises:
        NotFoundError: The register knows no such round.
        NotForYouError: This person does not handle the rounds of the contract.
        GateClosedError: The list was destroyed with the round's key.
        WorkspaceError: The round was not checked yet.
    """
    work = handled_round(visit, HoldDecision.responders, "保留の一覧を見られるのは")
    lines: list[Line] = []
    show_holds(work, lines.extend, output="console", at=visit.at, viewer=visit.user)
    entries = work.entries
    found = _by_rule(lines)
    return {
        "title": f"保留の一覧 {work.round_id}",
        "round": standing_of(entries),
        "kinds": [(kind, tuple(its)) for kind, its in groupby(found, key=lambda each: each.kind)],
        "counts": Counter(kind for kind, _ in {(line.kind, line.case_no) for line in lines}),
        "decides": HoldDecision.step,
        "entry": max(e.seq for e in entries if isinstance(e.body, HoldsShown) and e.actor == visit.user),
    }


def _by_rule(lines: Sequence[Line]) -> list[Found]:
    return [
        Found(
            kind,
            rule,
            remedy,
            _RELEASED_BY.get(releasable_by(rule), "") if kind == SEVERITIES["hold"] else "",
            tuple(its),
        )
        for (kind, rule, remedy), its in groupby(lines, key=lambda line: (line.kind, line.rule, line.remedy))
    ]
