"""The last days of a year, and those that have passed, as a file for one's own calendar."""

from __future__ import annotations

from mailround.console.due import FAR, due_of
from mailround.console.visit import Answer, File, Visit
from mailround.due_calendar import MEDIA_TYPE, calendar


def show(visit: Visit) -> Answer:
    """Return the file."""
    near = [each for each in due_of(visit) if each.left(visit.today) <= FAR]
    return File(calendar(near, at=visit.at), MEDIA_TYPE, f"kigen-{visit.today:%Y%m%d}.ics")
