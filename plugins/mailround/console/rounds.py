"""The page of all rounds: each in a line, and on the calendar of its fiscal year."""

from __future__ import annotations

from datetime import date, datetime

from mailround.console import year_chart
from mailround.console.visit import Answer, Visit
from mailround.console.year_chart import Bar, fiscal_year
from mailround.errors import ConfigurationError
from mailround.register.entries import DeletionCertified, Entry, Posted
from mailround.rounds import load_round_kind
from mailround.settings import TOKYO, Settings
from mailround.tally import tally
from mailround.way import READ, Standing, standings


def show(visit: Visit) -> Answer:
    """Return what the page says; ``year`` asks for another fiscal year than this one."""
    entries = visit.register.of_kinds(READ)
    rounds = standings(entries)
    by_round: dict[str, list[Entry]] = {each.round_id: [] for each in rounds}
    for entry in entries:
        if entry.round_id in by_round:
            by_round[entry.round_id].append(entry)
    counts = {round_id: tally(its)[-1:] for round_id, its in by_round.items()}
    years = sorted({fiscal_year(each.opened.posting_date) for each in rounds} | {fiscal_year(visit.today)})
    asked = visit.asked.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else fiscal_year(visit.today)
    of_year = [each for each in rounds if fiscal_year(each.opened.posting_date) == year]
    going = sorted((each for each in rounds if _is_going_on(each)), key=_most_urgent)
    return {
        "going": going,
        "stopped": visit.stopped([each.opened.run_id for each in going]),
        "over": [each for each in of_year if not _is_going_on(each)],
        "counts": counts,
        "kinds": {kind: kind_title(visit.settings, kind) for kind in {each.opened.round_kind for each in rounds}},
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


def _is_going_on(each: Standing) -> bool:
    """Tell whether somebody still has something to do: also after its end, while something is out or went wrong."""
    return not each.over or bool(each.out or each.incidents)


def _most_urgent(each: Standing) -> tuple[date, str]:
    bounds = (each.until, each.deletion, each.incident_until)
    return min((bound.day for bound in bounds if bound), default=date.max), each.round_id


def _bar(each: Standing, today: date) -> Bar:
    done = {type(passed.entry.body): passed.entry for passed in each.steps if passed.entry}
    posted = done[Posted].body if Posted in done else None
    certified = done[DeletionCertified].body if DeletionCertified in done else None
    opened, posting = _day(each.opened_at), each.opened.posting_date
    until = None
    if isinstance(posted, Posted):
        posting = posted.posted_on
        until = certified.deleted_on if isinstance(certified, DeletionCertified) else None
        until = until or (each.deletion.day if each.deletion else None)
    elif each.over:
        posting = max(_day(each.ended_at), opened)
    return Bar(
        name=each.round_id,
        opened=opened,
        posting=posting,
        state="posted" if posted else "ended" if each.over else "planned",
        until=until,
        late=bool(each.deletion and each.deletion.day < today),
    )


def _day(at: str) -> date:
    return datetime.fromisoformat(at).astimezone(TOKYO).date()
