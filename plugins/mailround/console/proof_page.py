"""One page of the proof as a picture: recorded first, marked with who looks and when, kept by nobody."""

from __future__ import annotations

from mailround.console.proof import round_of
from mailround.console.visit import Answer, File, NotFoundError, Visit
from mailround.proof_screen import view_page


def show(visit: Visit) -> Answer:
    """Return the picture.

    Raises:
        NotFoundError: The register knows no such round, or the address no such page.
        NotForYouError: This person may not approve this round.
        GateClosedError: Nobody is asked to approve it now, or the proof is destroyed or has no such page.
    """
    asked = visit.asked["page"]
    work = round_of(visit)
    if not (asked.isascii() and asked.isdecimal()):
        raise NotFoundError("その頁は、承認用見本にありません。", "頁の一覧から選び直してください。")
    return File(view_page(work, visit.user, int(asked), at=visit.at), "image/png")
