"""The page of all rounds."""

from __future__ import annotations

from mailround.console.visit import Answer, Visit
from mailround.register.entries import RoundOpened


def show(visit: Visit) -> Answer:
    """Return what the page says."""
    opened = [entry for entry in visit.register.entries() if isinstance(entry.body, RoundOpened)]
    return {"rounds": [(entry.round_id, entry.body, entry.at) for entry in reversed(opened)]}
