"""The page that lays the last round's notice beside this one's, for the same made-up household, with what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mailround.console import change_chart
from mailround.console.proof import round_of
from mailround.console.specimens import chosen
from mailround.console.visit import Answer, Visit
from mailround.errors import MailroundError
from mailround.last_templates import compared_templates, template_change
from mailround.specimen_sheet import SpecimenSheet, draw_specimen, offered
from mailround.strata import POPULATIONS
from mailround.templates import Template

SHEETS = {"first": "1頁目", "more": "2頁目以降"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of both notices: its name in an address, and how many pages it has or why it cannot be drawn."""

    name: str
    title: str
    round_id: str
    template: Template
    count: int
    fault: MailroundError | None = None


def show(visit: Visit) -> Answer:
    """Return what the page says; ``population``, ``household`` and ``page`` ask for another notice.

    Raises:
        NotFoundError: The register knows no such round, or there is no such notice.
        WorkspaceError: The kept templates are not those that the register stands for.
    """
    work = round_of(visit)
    change = template_change(work)
    compared = compared_templates(work, change) if change and change.changed else None
    shown: dict[str, object] = {
        "title": f"様式の比較 {work.round_id}",
        "round_id": work.round_id,
        "change": change,
        "compared": compared,
    }
    if change is None or compared is None:
        return shown
    most = max(compared, key=lambda each: len(compared[each].changes))
    asked = {"population": most.value, "household": "plain", "page": "1"}
    _, population, household, page = chosen(visit.about(**{**asked, **visit.asked, "kind": work.kind.name}))
    households = offered(work.kind, population)
    if household not in households:
        household, page = next(iter(households)), 1
    both = compared[population]
    draw = partial(draw_specimen, kind=work.kind, population=population, household=household, settings=visit.settings)
    sides = (
        _side("before", "前回", change.last_round_id, both.before, draw),
        _side("now", "今回", work.round_id, both.now, draw),
    )
    count = max(each.count for each in sides)
    return shown | {
        "sides": sides,
        "populations": {each: f"{POPULATIONS[each]}（{len(found.changes)}か所）" for each, found in compared.items()},
        "population": population,
        "of": POPULATIONS[population],
        "households": households,
        "household": household,
        "number": max(min(page, count), 1),
        "count": count,
        "changes": both.changes,
        "overlay": change_chart.draw,
        "sheets": SHEETS,
    }


def _side(name: str, title: str, round_id: str, template: Template, draw: Callable[[Template], SpecimenSheet]) -> Side:
    try:
        return Side(name, title, round_id, template, draw(template).pages)
    except MailroundError as error:
        return Side(name, title, round_id, template, 0, error)
