"""The last days of a year as a file."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from icalendar import Calendar
from visited import visit

from mailround.console import due, due_calendar
from mailround.console.visit import File
from mailround.register.store import Register
from mailround.settings import Settings
from registered import record_round

TODAY = date(2026, 12, 26)


def test_the_file_holds_the_same_and_nothing_beyond_a_year(settings: Settings) -> None:
    record_round(Register(settings.register_url), "2026-11-change", up_to="record_posting")
    file = due_calendar.show(visit(settings, TODAY))
    assert isinstance(file, File)
    assert file.name == "kigen-20261226.ics"
    events = Calendar.from_ical(file.content).walk("VEVENT")
    told: Any = due.show(visit(settings, TODAY))
    assert len(events) == sum(len(found) for _, found in told["groups"])
    assert max(each["DTSTART"].dt for each in events) <= TODAY + timedelta(days=366)
