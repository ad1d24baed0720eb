"""The proof on a screen: page by page, for those whose approval it is to inform, as long as they are asked for it.

Every page that is shown is an entry of the register, and the picture says to whom and when: what somebody photographs
off a screen leads back to them. The pictures are made in memory; no file of them ever exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailround.approve_release import ReleaseApproval, barred
from mailround.context import RoundContext
from mailround.envelopes import Envelope
from mailround.errors import GateClosedError, NotForYouError
from mailround.page_image import page_image
from mailround.plan_print import planned_templates
from mailround.proof import CHOSEN, LIST, kept_proof, proof_pages
from mailround.register.entries import (
    Entry,
    PrintPlanned,
    ProofMade,
    ProofPageViewed,
    QualityChecked,
    Sealed,
    Verified,
    latest,
    standing,
)
from mailround.settings import TOKYO
from mailround.strata import Chosen

_CHECKS = (QualityChecked, Verified, Sealed, ProofMade)


@dataclass(frozen=True, slots=True)
class ProofPage:
    """A page of the proof; ``piece`` is None on a cover, else ``of_piece`` counts the piece's own pages from 1."""

    number: int
    piece: Chosen | None
    of_piece: int = 0


def list_pages(work: RoundContext, viewer: str, *, at: datetime) -> tuple[ProofPage, ...]:
    """Return the pages of the proof, covers first: numbers and reasons, nobody's name.

    Args:
        work: The round.
        viewer: Who asks.
        at: Now, with a zone.

    Raises:
        NotForYouError: This person may not approve this round.
        GateClosedError: Nobody is asked to approve it, or the proof is not there or destroyed.
    """
    made = _open_to(work, viewer, at)
    chosen = work.workspace.read_records(LIST, CHOSEN)
    covers = made.pages - sum(each.pages for each in chosen)
    found = [ProofPage(number, None) for number in range(1, covers + 1)]
    for each in chosen:
        found += [ProofPage(len(found) + page, each, page) for page in range(1, each.pages + 1)]
    return tuple(found)


def view_page(work: RoundContext, viewer: str, page: int, *, at: datetime) -> bytes:
    """Record that somebody sees a page of the proof, and return its picture as a PNG, with who and when all over it.

    The entry comes first: a picture that does not arrive leaves an entry too many, never one too few.

    Args:
        work: The round.
        viewer: Who asks.
        page: Its number, from 1.
        at: Now, with a zone.

    Raises:
        NotForYouError: As `list_pages`.
        GateClosedError: As `list_pages`, or there is no such page.
        WorkspaceError: The file is missing or not the recorded one.
    """
    made = _open_to(work, viewer, at)
    if not 1 <= page <= made.pages:
        raise GateClosedError("その頁は、承認用見本にありません。", "頁の一覧から選び直してください。")
    content = proof_pages(work, made)
    body = ProofPageViewed(proof_sha256=made.sha256, page=page, viewer=viewer, viewed_at=at)
    work.register.append(body, round_id=work.round_id, actor=viewer, at=at)
    return page_image(content, page, f"{viewer}  {at.astimezone(TOKYO):%Y-%m-%d %H:%M}")


def passed_checks(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries of the checks that the sealed package has passed, in their order."""
    plan = max((entry.seq for entry in entries if isinstance(entry.body, PrintPlanned)), default=0)
    counts = {id(body) for kind in _CHECKS for body in standing(entries, kind)}
    of_plan = [entry for entry in entries if id(entry.body) in counts and entry.seq > plan]
    checked = [entry for entry in entries if isinstance(entry.body, QualityChecked) and id(entry.body) in counts]
    return (*checked[-1:], *(entry for entry in of_plan if not isinstance(entry.body, QualityChecked)))


def envelope_of(work: RoundContext) -> Envelope | None:
    """Return the envelope that all pages are folded for; None where templates differ in it."""
    envelopes = {template.envelope for template in planned_templates(work).values()}
    return envelopes.pop() if len(envelopes) == 1 else None


def _open_to(work: RoundContext, viewer: str, at: datetime) -> ProofMade:
    """Return the proof that this person may look at now."""
    if reasons := barred(work, viewer, at):
        raise NotForYouError(
            f"承認用見本は、この回を承認できる人だけが見られます。{''.join(reasons)}",
            "承認者として指定された人が開いてください。件数と記録は、回のページで確かめられます。",
        )
    made = kept_proof(work)
    if work.released(ProofMade) and not ReleaseApproval.lapsed(work, at):
        raise GateClosedError(
            "この回の引渡しは承認済みです。承認用見本を見られるのは、承認を待つ間だけです。",
            "承認の記録は、回のページで確かめられます。",
        )
    sealed = latest(work.entries, Sealed)
    if sealed is None or made.package_sha256 != sealed.sha256:
        raise GateClosedError(
            "承認用見本が、封緘したパッケージのものではありません。",
            "「08 封緘（暗号化）」が終わってから開き直してください。終わっていれば、そこからやり直してください。",
        )
    return made
