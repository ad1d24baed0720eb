"""The page of the register: search, filter, and leaf from the youngest entry back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import get_args
from urllib.parse import urlencode

from mailround.console.visit import Answer, Visit
from mailround.register.entries import AnyBody
from mailround.register.listing import rows
from mailround.register.search import Wanted, name

PAGE = 50
FIELDS = ("round_id", "kind", "actor", "words", "first_day", "last_day")
"""What the form asks for, as it stands in the address."""
KINDS: dict[str, str] = {name(each): each.title for each in get_args(get_args(AnyBody)[0])}
"""Every kind of entry, with its Japanese title."""
MOST_WORDS = 80
MOST_DIGITS = 9
_YEARS = range(1970, 3000)
"""In which a day can be; at the ends of the calendar one cannot reckon."""


def show(visit: Visit) -> Answer:
    """Return what the page says of what was asked for."""
    wanted, wrong = read(visit.asked)
    before = visit.asked.get("before", "")
    found = visit.register.found(wanted, most=PAGE + 1, before=number_of(before))
    asked = {field: visit.asked[field] for field in FIELDS if visit.asked.get(field)}
    more = len(found) > PAGE
    return {
        "rows": rows(found[:PAGE]),
        "older": urlencode(asked | {"before": found[PAGE - 1].seq}) if more else "",
        "asked": {field: asked.get(field, "") for field in FIELDS},
        "narrowed": bool(asked),
        "query": urlencode(asked),
        "leafed": bool(before),
        "wrong": wrong,
        "kinds": sorted(KINDS.items(), key=lambda each: each[1]),
        "actors": visit.register.names("actor"),
        "rounds": visit.register.names("round_id"),
        "last": visit.register.last(),
    }


def read(asked: Mapping[str, str]) -> tuple[Wanted, tuple[str, ...]]:
    """Return what the address asks for, and what of it could not be read, in Japanese; that part asks for nothing."""
    wrong = []
    days: dict[str, date | None] = {}
    for field, title in (("first_day", "いつから"), ("last_day", "いつまで")):
        typed = asked.get(field, "")
        try:
            days[field] = _day(typed) if typed else None
        except ValueError:
            days[field] = None
            wrong.append(f"「{title}」は、2026-11-24 のような日付にしてください。")
    kind = asked.get("kind", "")
    if kind and kind not in KINDS:
        wrong.append("その種別はありません。一覧から選んでください。")
    words = asked.get("words", "")[:MOST_WORDS]
    return (
        Wanted(
            round_id=asked.get("round_id", ""),
            kinds=(kind,) if kind in KINDS else (),
            actor=asked.get("actor", ""),
            words=words,
            first_day=days["first_day"],
            last_day=days["last_day"],
        ),
        tuple(wrong),
    )


def number_of(typed: str) -> int | None:
    """Return the number of an entry that somebody typed; None when it is none."""
    return int(typed) if typed.isdecimal() and len(typed) <= MOST_DIGITS else None


def _day(typed: str) -> date:
    day = date.fromisoformat(typed)
    if day.year not in _YEARS:
        raise ValueError("no such year")
    return day
