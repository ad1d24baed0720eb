"""The page of last days: what is late, what comes soon, what comes within a year."""

from __future__ import annotations

from mailround.console.visit import Answer, Visit
from mailround.deadlines import READ, deadlines, unreadable
from mailround.due_calendar import SORTS, Deadline

SOON, FAR = 30, 366
"""Days: what is shown as near, and beyond which nothing is shown."""


def show(visit: Visit) -> Answer:
    """Return what the page says."""
    found = due_of(visit)
    left = {each: each.left(visit.today) for each in found}
    return {
        "groups": (
            ("期限を過ぎたもの", [each for each in found if left[each] < 0]),
            (f"{SOON}日以内", [each for each in found if 0 <= left[each] <= SOON]),
            ("1年以内", [each for each in found if SOON < left[each] <= FAR]),
        ),
        "later": sum(days > FAR for days in left.values()),
        "today": visit.today,
        "soon": SOON,
        "sorts": SORTS,
        "unread": unreadable(visit.settings.include),
    }


def due_of(visit: Visit) -> tuple[Deadline, ...]:
    """Return every last day, the earliest first."""
    return deadlines(visit.register.of_kinds(READ), visit.settings.include, visit.today)
