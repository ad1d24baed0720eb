"""The templates of a round beside those of the last closed one of its kind: what an approver reads again."""

from __future__ import annotations

from dataclasses import dataclass

from mailround.context import RoundContext
from mailround.kept_templates import read_templates
from mailround.last_round import last_closed
from mailround.model import Population
from mailround.register.entries import Correction, PrintPlanned, RoundClosed, RoundOpened, latest
from mailround.template_diff import Change, template_diff
from mailround.templates import Template


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """The digests of all templates, of this round and of the last closed one of its kind."""

    last_round_id: str
    before: str
    now: str

    @property
    def changed(self) -> bool:
        """Whether anything that is printed on every page is another than last time."""
        return self.before != self.now


@dataclass(frozen=True, slots=True)
class Compared:
    """A population's template of the last round and of this one, and what differs."""

    before: Template
    now: Template
    changes: tuple[Change, ...]


def template_change(work: RoundContext) -> TemplateChange | None:
    """Return the digests of the templates, of this round and the last one; None where there is none to compare with.

    The last one is the last that was closed before this one was planned, and stays that however many are closed since.
    """
    told = work.register.of_kinds((RoundOpened, PrintPlanned, RoundClosed, Correction))
    own = [entry for entry in told if entry.round_id == work.round_id]
    planned = latest(own, PrintPlanned)
    if planned is None:
        return None
    until = max(entry.seq for entry in own if isinstance(entry.body, PrintPlanned))
    entries = [
        entry
        for entry in told
        if entry.round_id != work.round_id and (entry.seq < until or isinstance(entry.body, Correction))
    ]
    last = last_closed(entries, work.opened.round_kind)
    before = latest(last[1], PrintPlanned) if last else None
    if last is None or before is None:
        return None
    return TemplateChange(last[0], before.templates_sha256, planned.templates_sha256)


def compared_templates(work: RoundContext, change: TemplateChange) -> dict[Population, Compared] | None:
    """Return both templates of every population, as they were kept; None where those of a round are not.

    Raises:
        WorkspaceError: What was kept is not what the register stands for, or cannot be read any more.
    """
    before = read_templates(work.settings, change.last_round_id, change.before)
    now = read_templates(work.settings, work.round_id, change.now)
    if before is None or now is None:
        return None
    return {each: Compared(before[each], now[each], template_diff(before[each], now[each])) for each in now}
