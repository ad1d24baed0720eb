"""Working days of the ward: not the weekends, not the national holidays, not the days on which its offices are closed.

The holidays, with substitute holidays (振替休日) and the days between two holidays (国民の休日), are computed by
jpholiday after the Act on National Holidays. They are certain for the years that the Cabinet Office has announced
(until the February before); a holiday that a law moves later on is corrected by updating that library. A ward's own
closing days are no holidays in the sense of that Act but follow from its ordinance (地方自治法第4条の2): they are data,
in include/closing_days.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from mailround.configuration import read_yaml

if TYPE_CHECKING:
    from jpholiday import JPHoliday

_SATURDAY = 5
_LEAP_YEAR = 2000


def _possible(day: str) -> str:
    try:
        date.fromisoformat(f"{_LEAP_YEAR}-{day}")
    except ValueError:
        raise ValueError("存在しない月日です") from None
    return day


_MonthDay = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}-[0-9]{2}$"), AfterValidator(_possible)]


class ClosingDays(BaseModel):
    """The days on which the ward's offices are closed, beside weekends and holidays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    yearly: tuple[_MonthDay, ...] = Field(
        max_length=31, description="Month and day, every year: the days around the New Year."
    )
    once: tuple[date, ...] = Field(description="Single days, as for an inspection of the building.")


def load_closing_days(include: Path) -> ClosingDays:
    """Return the ward's closing days.

    Raises:
        ConfigurationError: The file is missing or wrong.
    """
    return read_yaml(include, "closing_days", ClosingDays, "閉庁日の一覧")


def is_working_day(day: date, closing: ClosingDays) -> bool:
    """Tell whether the ward's offices are open on that day."""
    closed = day in closing.once or f"{day:%m-%d}" in closing.yearly
    return day.weekday() < _SATURDAY and not closed and not _holidays().is_holiday(day)


def next_working_day(day: date, closing: ClosingDays) -> date:
    """Return the first working day after that day."""
    return next(_working(day, closing, timedelta(days=1)))


def previous_working_day(day: date, closing: ClosingDays) -> date:
    """Return the last working day before that day."""
    return next(_working(day, closing, timedelta(days=-1)))


def working_days_after(day: date, closing: ClosingDays) -> Iterator[date]:
    """Yield every working day after that day, in order and without end."""
    return _working(day, closing, timedelta(days=1))


def _working(day: date, closing: ClosingDays, step: timedelta) -> Iterator[date]:
    while True:
        day += step
        if is_working_day(day, closing):
            yield day


@cache
def _holidays() -> JPHoliday:
    """Return the calendar; an object of our own, for what others register with the library's common one is not ours."""
    from jpholiday import JPHoliday  # noqa: PLC0415 - a DAG file imports this module at every parse

    return JPHoliday()
