"""The page of one round: its way, whether its counts add up, what the checks found, what is out, and the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from mailround.console import rule_chart, tally_chart
from mailround.console.rounds import kind_title
from mailround.console.rule_chart import Found
from mailround.console.visit import Answer, NotFoundError, Visit
from mailround.contracts import load_contract
from mailround.controls import load_controls
from mailround.delivery_offices import load_delivery_offices
from mailround.errors import ConfigurationError, MailroundError
from mailround.evidence import STATUSES, evidence
from mailround.forms import last_refusal
from mailround.handover import Item
from mailround.items import custody_items
from mailround.model import SEVERITIES
from mailround.package_check import MANIFEST
from mailround.register.entries import (
    HOUSE,
    AnswerRefused,
    Body,
    Entry,
    HandoverSheetPrinted,
    MailReturned,
    MailSettled,
    MediaHandedOver,
    PasswordHandedOver,
    PrintPlanned,
    QualityChecked,
    ReleaseApproved,
    RoundOpened,
    latest,
    standing,
)
from mailround.register.listing import STEPS, rows
from mailround.seal import package_path
from mailround.sealed_bundles import sealed_bundles
from mailround.settings import Settings
from mailround.tally import gaps, tally
from mailround.way import Standing, standing_of

MOST_ENTRIES = 12
_MANY = (MailReturned, MailSettled)
HOLDS, PROOF, TEMPLATES, SHEET = (
    f"/rounds/{{round_id}}/{page}" for page in ("holds", "proof", "templates", "handover-sheet/{item}")
)
"""The pages that not everybody may see."""
_SHEETS: dict[type[Body], Item] = {MediaHandedOver: "media", PasswordHandedOver: "password"}
"""Whose sheet is to be printed before what a step leaves."""


class Section(NamedTuple):
    """The bundles of one delivery office, counted."""

    title: str
    bundles: int
    pieces: int
    pages: int


def show(visit: Visit) -> Answer:
    """Return what the page says of the round that the address names.

    Raises:
        NotFoundError: The register knows no such round.
    """
    entries = entries_of(visit, visit.asked["round_id"])
    stages = tally(entries)
    every, entries = entries, _few(entries)
    round_ = standing_of(entries)
    report = evidence(entries, load_controls(visit.settings.include), house=visit.register.entries(HOUSE))
    found = _found(visit.settings, round_.opened.round_kind, latest(entries, QualityChecked))
    refused = _refused(every, round_)
    planned = latest(entries, PrintPlanned)
    return {
        "title": f"回 {round_.round_id}",
        "round": round_,
        "kind": kind_title(visit.settings, round_.opened.round_kind),
        "today": visit.today,
        "stopped": visit.stopped([round_.opened.run_id]),
        "people": _people(visit.settings, round_, visit.today),
        "refused": refused,
        "refused_step": STEPS.get(refused.step, refused.step) if refused else "",
        "stages": stages,
        "gaps": gaps(stages),
        "flow": tally_chart.draw(stages) if stages else None,
        "found": found,
        "bars": rule_chart.draw(found) if found else None,
        "planned": planned,
        **_bundles(visit.settings, round_.round_id),
        "holds": HOLDS if visit.may(HOLDS) else "",
        "proof": round_.now is not None and round_.now.leaves is ReleaseApproved and visit.may(PROOF),
        "sheet": _SHEETS.get(round_.now.leaves, "") if round_.now and visit.may(SHEET) else "",
        "templates": planned is not None and visit.may(TEMPLATES),
        "items": [(item, item in round_.out) for item in custody_items(entries)],
        "handovers": [each for kind in (MediaHandedOver, PasswordHandedOver) if (each := latest(entries, kind))],
        "sheets": Counter(each.item for each in standing(entries, HandoverSheetPrinted)),
        "digests": [(title, value) for title, value in report.digests if value],
        "controls": [(title, report.count(status)) for status, title in STATUSES.items()],
        "entries": rows(reversed(every[-MOST_ENTRIES:])),
        "count": len(every),
        "manifest": bool(planned) and package_path(visit.settings, round_.round_id).with_name(MANIFEST).is_file(),
        "closed": round_.over == "completed",
    }


def _refused(entries: Sequence[Entry], round_: Standing) -> AnswerRefused | None:
    """Return the answer that is to be given anew: to whose turn it is, or to a form beside the round's way."""
    refused = last_refusal(entries)
    others = {passed.step.task_id for passed in round_.steps if passed.step != round_.now}
    return refused if refused and refused.step not in others else None


def _few(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Leave out what a round may have thousands of, but for the last of each kind: that there are any is enough."""
    last = {type(entry.body): entry.seq for entry in entries}
    return tuple(each for each in entries if not isinstance(each.body, _MANY) or each.seq == last[type(each.body)])


def entries_of(visit: Visit, round_id: str) -> tuple[Entry, ...]:
    """Return the entries of a round.

    Raises:
        NotFoundError: The register knows no such round.
    """
    entries = visit.register.entries(round_id)
    if latest(entries, RoundOpened) is None:
        raise unknown_round()
    return entries


def unknown_round() -> NotFoundError:
    """Return what is told of a round that the register does not know."""
    return NotFoundError(
        "その番号の回は、管理簿にありません。",
        "回の一覧から選び直してください。開始が取り消された回は、管理簿のページで確かめられます。",
    )


def _found(settings: Settings, kind: str, checked: QualityChecked | None) -> Sequence[Found]:
    """Return what the checks found, the gravest first; a rule that is no longer in the catalogue keeps its id alone."""
    from mailround.quality.listing import rule_rows  # noqa: PLC0415 - pandas, for this page alone

    if checked is None:
        return ()
    try:
        known = {row["id"]: row for row in rule_rows(settings.include, kind)}
    except ConfigurationError:
        known = {}
    found = []
    for rule, households in checked.findings.items():
        row = known.get(rule)
        severity = row["severity"] if row else "info"
        found.append(Found(rule, row["message"] if row else "", severity, SEVERITIES[severity], households))
    order = [*SEVERITIES]
    return sorted((each for each in found if each.households), key=lambda each: (order.index(each.severity), each.rule))


def _bundles(settings: Settings, round_id: str) -> dict[str, object]:
    """Return the bundles, their sums by section, and what is wrong with them; a page is not hidden by that."""
    try:
        titles, bundles = load_delivery_offices(settings.include).sections(), sealed_bundles(settings, round_id)
    except MailroundError as error:
        return {"bundles": (), "sections": (), "unbundled": error}
    sums: dict[str, Section] = {}
    for row in bundles:
        before = sums.get(row.office, Section(titles.get(row.office, row.office), 0, 0, 0))
        sums[row.office] = Section(
            before.title, before.bundles + 1, before.pieces + row.pieces, before.pages + row.pages
        )
    return {"bundles": bundles, "sections": tuple(sums.values()), "unbundled": None}


def _people(settings: Settings, round_: Standing, today: date) -> tuple[str, ...]:
    """Return who may answer what is asked now, by the contract as it is today; nobody where it cannot be read."""
    if round_.now is None or round_.now.who == "自動":
        return ()
    try:
        contract = load_contract(settings.include, round_.opened.contract)
    except ConfigurationError:
        return ()
    people = contract.ward_approvers if round_.now.who == "承認者" else contract.ward_handlers
    barred = {round_.opened.triggered_by, round_.opened.extracted_by} if round_.now.who == "承認者" else set()
    return tuple(each.id for each in people if each.valid_on(today) and each.id not in barred)
