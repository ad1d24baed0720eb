"""What to look for in the register, as the part of a query that says so; every one of these has an index.

The words of a body are looked for in what is found by the rest, and among the youngest entries first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from mailround.register.entries import Body
from mailround.settings import TOKYO

_KIND = {
    "sqlite": "CASE WHEN json_valid(body) THEN json_extract(body, '$.kind') END",
    "postgresql": """substring(body from '"kind":"([a-z_]+)"')""",
}
"""A body's kind, written as in the migration that indexes it: otherwise no index is used."""
_ZONES = timedelta(days=1)
"""What the day in a text may differ from Tokyo's: the index narrows down by texts what is then looked at exactly."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an entry must be; None and the empty text ask for nothing.

    ``kinds`` are names of bodies, ``words`` stand in the body as it is stored, ``first_day`` and ``last_day`` are
    Tokyo's.
    """

    round_id: str = ""
    kinds: Collection[str] = ()
    actor: str = ""
    words: str = ""
    first_day: date | None = None
    last_day: date | None = None


def name(kind: type[Body]) -> str:
    """Return what a body's kind is called in the register."""
    return str(kind.model_fields["kind"].default)


def condition(table: sa.Table, dialect: str, wanted: Wanted) -> sa.ColumnElement[bool]:
    """Return what a row must be."""
    column = table.c
    asked: list[Any] = []
    if wanted.round_id:
        asked.append(column.round_id == wanted.round_id)
    if wanted.kinds:
        asked.append(sa.literal_column(f"({_KIND[dialect]})", sa.Text).in_(sorted(wanted.kinds)))
    if wanted.actor:
        asked.append(column.actor == wanted.actor)
    if wanted.words:
        asked.append(column.body.contains(wanted.words, autoescape=True))
    if wanted.first_day:
        asked.append(column.at >= (wanted.first_day - _ZONES).isoformat())
        asked.append(_moment(column.at, dialect) >= _midnight(wanted.first_day))
    if wanted.last_day:
        asked.append(column.at < (wanted.last_day + timedelta(days=1) + _ZONES).isoformat())
        asked.append(_moment(column.at, dialect) < _midnight(wanted.last_day + timedelta(days=1)))
    return sa.and_(sa.true(), *asked)


def _midnight(day: date) -> Any:  # noqa: ANN401 - a time for one database, a number for the other
    return int(datetime.combine(day, time(), TOKYO).timestamp())


def _moment(at: sa.ColumnElement[str], dialect: str) -> sa.ColumnElement[Any]:
    """Return an entry's time as seconds: the texts carry whichever zone they were written with."""
    if dialect == "sqlite":
        return sa.cast(sa.func.strftime("%s", at), sa.Integer)
    return sa.func.extract("epoch", sa.cast(at, sa.DateTime(timezone=True)))
