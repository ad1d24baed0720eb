"""Views asked without a web server: what a page is filled with, by a user who may see everything."""

from __future__ import annotations

from datetime import date, datetime, time

from mailround.console.visit import Visit
from mailround.settings import TOKYO, Settings


def visit(settings: Settings, day: date = date(2026, 11, 30), **asked: str) -> Visit:
    at = datetime.combine(day, time(7, 40), TOKYO)
    return Visit(
        user="auditor", settings=settings, at=at, asked=asked, may=lambda _: True, stopped=lambda _: frozenset()
    )
