"""The rounds of a fiscal year on a calendar: made, posted, and at the contractor until it must have deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from drawsvg import Circle, Drawing, Line, Rectangle, Text
from markupsafe import Markup

from mailround.console.svg import placed

NAMES, WIDE, HEAD, ROW = 150, 840, 30, 30
APRIL, MONTHS = 4, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A round: made from ``opened`` to ``posting``, then at the contractor up to ``until``, None while nothing is.

    ``state`` says whether the posting was, is still to be, or will never be; ``late``: it should have ended by then.
    """

    name: str
    opened: date
    posting: date
    state: Literal["posted", "planned", "ended"]
    until: date | None
    late: bool


def fiscal_year(day: date) -> int:
    """Return the year in whose April the fiscal year of a day begins."""
    return day.year if day.month >= APRIL else day.year - 1


def draw(year: int, bars: Sequence[Bar], today: date) -> Markup:
    """Return the chart of one fiscal year."""
    first, last = date(year, APRIL, 1), date(year + 1, APRIL, 1)
    high = HEAD + len(bars) * ROW + 6
    drawing = Drawing(NAMES + WIDE, high, class_="year")

    def across(day: date) -> float:
        part = (min(max(day, first), last) - first).days / (last - first).days
        return NAMES + WIDE * part

    for month in range(MONTHS):
        number = (month + APRIL - 1) % MONTHS + 1
        begins = across(date(year + (number < APRIL), number, 1))
        drawing.append(Line(begins, HEAD - 8, begins, high, class_="month"))
        drawing.append(Text(f"{number}月", 12, begins + 6, HEAD - 12, class_="quiet"))
    for number, bar in enumerate(bars):
        middle = HEAD + number * ROW + ROW / 2
        drawing.append(Text(bar.name, 13, 0, middle + 5))
        opened, posting = across(bar.opened), across(bar.posting)
        drawing.append(Rectangle(opened, middle - 6, max(posting - opened, 2), 12, rx=2, class_="made"))
        if bar.until:
            until = across(bar.until)
            drawing.append(Rectangle(posting, middle - 6, max(until - posting, 2), 12, rx=2, class_="kept"))
            if bar.late:
                drawing.append(
                    Rectangle(until, middle - 6, max(across(today) - until, 2), 12, rx=2, class_="kept late")
                )
        if bar.state != "ended":
            drawing.append(Circle(posting, middle, 6, class_=bar.state))
    if first <= today < last:
        drawing.append(Line(across(today), HEAD - 8, across(today), high, class_="today"))
    return placed(drawing, f"{year}年度の回の予定と経過")
