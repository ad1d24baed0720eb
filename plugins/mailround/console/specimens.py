"""The page for those who word the notices: a specimen of any template, and what the check says of it."""

from __future__ import annotations

from mailround.configuration import names
from mailround.console import envelope_chart
from mailround.console.visit import Answer, NotFoundError, Visit
from mailround.errors import MailroundError
from mailround.fonts import load_font
from mailround.model import Population
from mailround.rounds import RoundKind, load_round_kind
from mailround.specimen_sheet import HOUSEHOLDS, draw_specimen, offered
from mailround.strata import POPULATIONS
from mailround.template_check import check_templates
from mailround.templates import read_template


def show(visit: Visit) -> Answer:
    """Return what the page says; ``kind``, ``population``, ``household`` and ``page`` ask for another specimen.

    Raises:
        NotFoundError: There is no such template.
    """
    kinds = {name: load_round_kind(visit.settings.include, name) for name in names(visit.settings.include / "rounds")}
    asked = {"kind": next(iter(kinds)), "population": "assistance", "household": "plain", "page": "1"}
    kind, population, household, page = chosen(visit.about(**{**asked, **visit.asked}))
    households = offered(kind, population)
    if household not in households:
        household, page = next(iter(households)), 1
    try:
        template = read_template(visit.settings.include, kind, population)
        pages = draw_specimen(template, kind, population, household, visit.settings).pages
        fault, envelope = None, template.envelope
    except MailroundError as error:
        pages, fault, envelope = 0, error, None
    return {
        "kinds": kinds,
        "kind": kind,
        "populations": POPULATIONS,
        "population": population,
        "households": households,
        "household": household,
        "number": min(page, pages),
        "count": pages,
        "fault": fault,
        "envelope": envelope,
        "overlay": envelope_chart.draw,
        "problems": _problems(visit, kind, population),
        "folder": f"include/templates/{kind.templates}/{population}",
    }


def chosen(visit: Visit) -> tuple[RoundKind, Population, str, int]:
    """Return the kind, population, household and page that the address names.

    Raises:
        NotFoundError: There is no such thing.
    """
    kind, household, page = visit.asked["kind"], visit.asked["household"], visit.asked["page"]
    known = kind in names(visit.settings.include / "rounds") and household in HOUSEHOLDS
    if not known or visit.asked["population"] not in [*Population] or not (page.isascii() and page.isdecimal()):
        raise NotFoundError("その見本はありません。", "元のページで選び直してください。")
    return load_round_kind(visit.settings.include, kind), Population(visit.asked["population"]), household, int(page)


def _problems(visit: Visit, kind: RoundKind, population: Population) -> tuple[str, ...]:
    found = check_templates(visit.settings.include, [kind], font=load_font(visit.settings), issue_date=visit.today)
    return tuple(each.problem for each in found if each.template == f"{kind.templates}/{population}")
