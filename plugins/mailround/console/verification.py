"""The page that shows how far the verification of the register is, and what it found."""

from __future__ import annotations

from mailround.console.verify_register import latest
from mailround.console.visit import Answer, Visit


def show(_: Visit) -> Answer:
    """Return what the page says; it asks for itself again until the verification is over."""
    found = latest()
    return {"found": found, "again": found is not None and not found.over}
