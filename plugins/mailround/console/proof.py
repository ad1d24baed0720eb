"""The approver's page: the proof of a round that waits for approval, page by page, and what was checked before."""

from __future__ import annotations

from mailround.console import envelope_chart
from mailround.console.round import unknown_round
from mailround.console.visit import Answer, NotFoundError, Visit
from mailround.context import RoundContext, load_round
from mailround.envelopes import Envelope
from mailround.errors import GateClosedError, RoundRefusedError, WorkspaceError
from mailround.last_templates import Compared, TemplateChange, compared_templates, template_change
from mailround.model import Population
from mailround.proof_screen import ProofPage, envelope_of, list_pages, passed_checks
from mailround.register.listing import rows
from mailround.strata import POPULATIONS
from mailround.way import standing_of


def show(visit: Visit) -> Answer:
    """Return what the page says; ``page`` asks for another page than the first of a piece.

    Raises:
        NotFoundError: The register knows no such round, or the proof no such page.
        NotForYouError: This person may not approve this round.
        GateClosedError: Nobody is asked to approve it now, or the proof is destroyed.
    """
    work = round_of(visit)
    pages = list_pages(work, visit.user, at=visit.at)
    now = _asked(visit, pages)
    entries = work.entries
    change = template_change(work)
    compared, altered = _compared(work, change)
    of = now.piece.population if now.piece else None
    return {
        "title": f"承認用見本 {work.round_id}",
        "round": standing_of(entries),
        "now": now,
        "sheets": pages,
        "before": pages[now.number - 2] if now.number > 1 else None,
        "after": pages[now.number] if now.number < len(pages) else None,
        "firsts": [each for each in pages if each.of_piece == 1],
        "covers": sum(each.piece is None for each in pages),
        "envelope": _envelope(work) if now.piece else None,
        "overlay": envelope_chart.draw,
        "checks": rows(passed_checks(entries)),
        "change": change,
        "altered": altered,
        "compared": compared,
        "of": of,
        "populations": POPULATIONS,
    }


def round_of(visit: Visit) -> RoundContext:
    """Return the round that the address names.

    Raises:
        NotFoundError: The register knows no such round.
    """
    try:
        return load_round(visit.settings, visit.asked["round_id"])
    except RoundRefusedError:
        raise unknown_round() from None


def _compared(
    work: RoundContext, change: TemplateChange | None
) -> tuple[dict[Population, Compared] | None, WorkspaceError | None]:
    """Return both templates of every population, or what keeps them from being compared: the pages are shown anyway."""
    try:
        return (compared_templates(work, change) if change and change.changed else None), None
    except WorkspaceError as error:
        return None, error


def _asked(visit: Visit, pages: tuple[ProofPage, ...]) -> ProofPage:
    asked = visit.asked.get("page", "")
    if not asked:
        return next((each for each in pages if each.piece), pages[0])
    if not (asked.isascii() and asked.isdecimal() and 1 <= int(asked) <= len(pages)):
        raise NotFoundError("その頁は、承認用見本にありません。", "頁の一覧から選び直してください。")
    return pages[int(asked) - 1]


def _envelope(work: RoundContext) -> Envelope | None:
    """Return the envelope to lay over the page; none where the templates are no longer those that were printed."""
    try:
        return envelope_of(work)
    except GateClosedError:
        return None
