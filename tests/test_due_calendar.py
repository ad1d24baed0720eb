"""Last days as a calendar file: whole days, one event for one thing whoever sends it, Japanese as it is."""

from __future__ import annotations

from datetime import date

import pytest
from icalendar import Calendar

from mailround.due_calendar import SORTS, Deadline, calendar, deletion_deadline, incident_deadline
from mailround.items import Item
from prepared import AT

DAY = date(2026, 12, 31)


def test_every_day_is_an_event_of_a_whole_day() -> None:
    content = calendar([Deadline(DAY, sort, "委託先の返却", "2026-11-change") for sort in SORTS], at=AT)
    events = Calendar.from_ical(content).walk("VEVENT")
    assert len(events) == len(SORTS)
    assert {(each["DTSTART"].dt, each["DTEND"].dt) for each in events} == {(DAY, date(2027, 1, 1))}
    assert {str(each["SUMMARY"]) for each in events} == {"【期限】2026-11-change：委託先の返却"}
    assert len({str(each["UID"]) for each in events}) == len(SORTS)
    assert b"\r\n" in content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_none_is_a_calendar_too() -> None:
    assert Calendar.from_ical(calendar([], at=AT)).walk("VEVENT") == []


def test_who_imports_it_twice_has_it_once() -> None:
    item = Item("data", "data", "データ", 1)
    first, again = (
        calendar([deletion_deadline("2026-11-change", item, DAY)], at=at) for at in (AT, AT.replace(hour=12))
    )
    uids = [Calendar.from_ical(each).walk("VEVENT")[0]["UID"] for each in (first, again)]
    assert uids[0] == uids[1]
    assert first != again


@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        (deletion_deadline("2026-11-change", Item("data", "data", "データ", 1), DAY), "消去証明書の受領"),
        (deletion_deadline("2026-11-change", Item("disc", "disc", "媒体 DVD-1", 1), DAY), "媒体 DVD-1の返却"),
        (incident_deadline("2026-11-change", 1, "速報の提出", DAY), "事故 第1号：速報の提出"),
    ],
)
def test_what_is_due_is_said_in_words(deadline: Deadline, words: str) -> None:
    assert words in deadline.what
    assert deadline.round_id == "2026-11-change"


def test_days_left_count_down_through_zero() -> None:
    due = Deadline(DAY, "return", "返却", "r")
    assert [due.left(date(2026, 12, 30)), due.left(DAY), due.left(date(2027, 1, 2))] == [1, 0, -2]
