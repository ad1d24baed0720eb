"""How the console writes days, times, numbers and what is to be typed: the filters of its templates."""

from __future__ import annotations

import re
from datetime import date, datetime

from markupsafe import Markup, escape

from mailround.settings import TOKYO

_WEEKDAYS = "月火水木金土日"


def day(value: date) -> str:
    """Return ``2026年11月24日（火）``."""
    return f"{value.year}年{value.month}月{value.day}日（{_WEEKDAYS[value.weekday()]}）"


def short_day(value: date) -> str:
    """Return ``11月24日（火）``, where the year is said elsewhere."""
    return f"{value.month}月{value.day}日（{_WEEKDAYS[value.weekday()]}）"


def moment(value: datetime | str) -> str:
    """Return ``2026-11-24 10:05``, in Tokyo's time; entries of the register hold texts."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")


def number(value: int) -> str:
    """Return ``8,412``."""
    return f"{value:,}"


def days_left(value: int) -> str:
    """Return ``あと12日``, ``今日まで`` or ``3日超過``."""
    if value < 0:
        return f"{-value}日超過"
    return f"あと{value}日" if value else "今日まで"


def typed(text: str) -> Markup:
    """Return a sentence escaped, and what stands in it between backticks as a command or a code to be typed."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just now


FILTERS = {each.__name__: each for each in (day, short_day, moment, number, days_left, typed)}
