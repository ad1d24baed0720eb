"""The one place where the checker is called: everything goes through its public surface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sound import ISSUED, POSTED

if TYPE_CHECKING:
    from mailround.model import Recipient
    from mailround.quality import Assessment


def check(batches: Iterable[Iterable[Recipient]]) -> Assessment:
    """Return what the shipped suites find in a change-notice round."""
    from mailround.fonts import load_font
    from mailround.postcodes import load_postcodes
    from mailround.quality import assess
    from mailround.rounds import load_round_kind
    from mailround.settings import CheckSettings

    settings = CheckSettings()
    return assess(
        batches,
        kind=load_round_kind(settings.include, "change_notice"),
        postcodes=load_postcodes(),
        font=load_font(settings),
        include=settings.include,
        issue_date=ISSUED,
        posting_date=POSTED,
        processes=settings.check_processes,
    )
