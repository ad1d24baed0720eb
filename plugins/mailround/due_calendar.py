"""Last days as a file for one's own calendar (iCalendar, RFC 5545): ids of rounds and contracts, and dates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event

from mailround.items import Item

Sort = Literal["step", "return", "deletion", "incident", "contract", "mark", "check"]
SORTS: dict[Sort, str] = {
    "step": "回の工程",
    "return": "返却",
    "deletion": "消去・返却の証明",
    "incident": "事故の報告",
    "contract": "契約",
    "mark": "プライバシーマーク",
    "check": "点検・確認",
}
"""What a date is about, in the order of one day."""
MEDIA_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A last day. ``about`` is the round or contract it belongs to; ``what`` is Japanese and names nobody by name."""

    day: date
    sort: Sort
    what: str
    about: str
    round_id: str = ""

    @property
    def uid(self) -> str:
        """What a calendar tells it apart by: the same date of the same thing, whoever sends it, is one event."""
        told = f"{self.sort}/{self.about}/{self.what}/{self.day}"
        return f"{hashlib.sha256(told.encode()).hexdigest()[:32]}@mailround"

    def left(self, today: date) -> int:
        """Return the days that are left; negative when it is over."""
        return (self.day - today).days


def deletion_deadline(round_id: str, item: Item, day: date) -> Deadline:
    """Return until when the contractor must have deleted, or given back or destroyed, something of a round."""
    what = "データの消去と消去証明書の受領" if item.sort == "data" else f"{item.title}の返却か廃棄の証明"
    return Deadline(day, "deletion", what, round_id, round_id)


def incident_deadline(round_id: str, incident_no: int, awaits: str, day: date) -> Deadline:
    """Return until when an incident is to be reported."""
    return Deadline(day, "incident", f"事故 第{incident_no}号：{awaits}", round_id, round_id)


def calendar(deadlines: Iterable[Deadline], *, at: datetime) -> bytes:
    """Return the file: an event of a whole day for each.

    Args:
        deadlines: What it says.
        at: When it is written, with a zone.
    """
    file = Calendar()
    file.add("prodid", "mailround")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    for each in deadlines:
        event = Event()
        event.add("uid", each.uid)
        event.add("dtstamp", at.astimezone(UTC))
        event.add("dtstart", each.day)
        event.add("dtend", each.day + timedelta(days=1))
        event.add("summary", f"【期限】{each.about}：{each.what}")
        event.add("categories", [SORTS[each.sort]])
        event.add("transp", "TRANSPARENT")
        file.add_component(event)
    return bytes(file.to_ical())
