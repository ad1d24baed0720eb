"""The page of all rounds: each in a line, and on the calendar of its fiscal year."""

from __future__ import annotations

from datetime import date, datetime

from mailround.console import year_chart
from mailround.console.visit import Answer, Visit
from mailround.console.year_chart import Bar, fiscal_year
from mailround.errors import ConfigurationError
from mailround.register.entries import DeletionCertified, Posted
from mailround.rounds import load_round_kind
from mailround.settings import TOKYO, Settings
from mailround.tally import tally
from mailround.way import READ, Standing, standings


def show(visit: Visit) -> Answer:
    """Return what the page says; ``year`` asks for another fiscal year than this one."""
    entries = visit.register.of_kinds(READ)
    rounds = standings(entries)
    counts = {}
    for each in rounds:
        stages = tally(entry for entry in entries if entry.round_id == each.round_id)
        counts[each.round_id] = stages[-1] if stages else None
    years = sorted({fiscal_year(each.opened.posting_date) for each in rounds} | {fiscal_year(visit.today)})
    asked = visit.asked.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else fiscal_year(visit.today)
    of_year = [each for each in rounds if fiscal_year(each.opened.posting_date) == year]
    return {
        "going": [each for each in rounds if not each.over or each.out or each.incidents],
        "over": [each for each in of_year if each.over and not each.out and not each.incidents],
        "counts": counts,
        "kinds": {each.opened.round_kind: kind_title(visit.settings, each.opened.round_kind) for each in rounds},
        "today": visit.today,
        "year": year,
        "years": years,
        "chart": year_chart.draw(year, [_bar(each, visit.today) for each in reversed(of_year)], visit.today),
        "any": bool(of_year),
    }


def kind_title(settings: Settings, kind: str) -> str:
    """Return the Japanese title of a kind of round; its name where its file is gone: the round is still to be seen."""
    try:
        return load_round_kind(settings.include, kind).title
    except ConfigurationError:
        return kind


def _bar(each: Standing, today: date) -> Bar:
    done = {type(passed.entry.body): passed.entry.body for passed in each.steps if passed.entry}
    posted, certified = done.get(Posted), done.get(DeletionCertified)
    until = None
    if isinstance(certified, DeletionCertified):
        until = certified.deleted_on
    elif each.deletion:
        until = each.deletion.day
    posting = posted.posted_on if isinstance(posted, Posted) else each.opened.posting_date
    return Bar(
        name=each.round_id,
        opened=datetime.fromisoformat(each.opened_at).astimezone(TOKYO).date(),
        posting=posting,
        posted=isinstance(posted, Posted),
        until=until if isinstance(posted, Posted) else None,
        late=bool(each.deletion and each.deletion.day < today),
    )


