"""Working days: weekends, the holidays of the law with their substitutes, and the ward's own closing days."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice, takewhile
from pathlib import Path

import jpholiday
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jpholiday.checker.interface import OriginalHolidayCheckerInterface

from mailround.errors import ConfigurationError
from mailround.settings import REPOSITORY
from mailround.working_days import (
    ClosingDays,
    is_working_day,
    load_closing_days,
    next_working_day,
    previous_working_day,
    working_days_after,
)

WARD = load_closing_days(REPOSITORY / "include")
OPEN_ALL_YEAR = ClosingDays(yearly=(), once=())


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-02", True),  # Monday between a Sunday and a holiday: no bridge day in the law
        ("2026-11-03", False),  # 文化の日
        ("2026-11-07", False),  # Saturday
        ("2026-11-08", False),  # Sunday
        ("2026-11-23", False),  # 勤労感謝の日
        ("2026-05-03", False),  # 憲法記念日 on a Sunday …
        ("2026-05-06", False),  # … whose substitute is the Wednesday, for Monday and Tuesday are holidays themselves
        ("2026-05-07", True),
        ("2026-09-22", False),  # 国民の休日, between 敬老の日 and 秋分の日
        ("2025-09-22", True),  # a Monday before 秋分の日, which is no 国民の休日
        ("2027-03-22", False),  # substitute of 春分の日 on a Sunday
        ("2025-02-24", False),  # substitute of 天皇誕生日 on a Sunday
        ("2023-02-23", False),  # 天皇誕生日 since 2020 …
        ("2026-12-23", True),  # … and no longer in December
        ("2019-04-30", False),  # between two holidays of the accession
        ("2019-05-01", False),  # the accession itself
        ("2020-07-24", False),  # moved for the Olympic Games …
        ("2020-10-12", True),  # … from here
        ("2021-08-09", False),  # substitute of the moved 山の日
        ("2024-02-29", True),
        ("2028-02-29", True),
        ("2026-12-28", True),
        ("2026-12-29", False),  # closed from here
        ("2026-12-31", False),
        ("2027-01-01", False),
        ("2027-01-03", False),
        ("2027-01-04", True),
        ("2026-01-02", False),  # a Friday, no holiday by law
        ("2026-01-05", True),
    ],
)
def test_a_day_is_a_working_day_or_not(day: str, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day), WARD) is works


@pytest.mark.parametrize(
    ("day", "after", "before"),
    [
        ("2026-11-12", "2026-11-13", "2026-11-11"),  # never the day itself
        ("2026-11-13", "2026-11-16", "2026-11-12"),  # Friday
        ("2026-11-14", "2026-11-16", "2026-11-13"),
        ("2026-11-20", "2026-11-24", "2026-11-19"),  # a long weekend
        ("2026-05-01", "2026-05-07", "2026-04-30"),
        ("2026-09-18", "2026-09-24", "2026-09-17"),
        ("2026-12-28", "2027-01-04", "2026-12-25"),
        ("2025-12-26", "2026-01-05", "2025-12-25"),  # the longest closing: ten days in a row
        ("2027-01-04", "2027-01-05", "2026-12-28"),
        ("2028-12-28", "2029-01-04", "2028-12-27"),
    ],
)
def test_the_next_and_the_previous_working_day_skip_what_is_closed(day: str, after: str, before: str) -> None:
    start = date.fromisoformat(day)
    assert next_working_day(start, WARD).isoformat() == after
    assert previous_working_day(start, WARD).isoformat() == before


def test_every_working_day_after_a_due_date_at_the_years_end() -> None:
    found = takewhile(lambda day: day <= date(2027, 1, 7), working_days_after(date(2026, 12, 24), WARD))
    assert [day.isoformat() for day in found] == [
        *("2026-12-25", "2026-12-28"),
        *("2027-01-04", "2027-01-05", "2027-01-06", "2027-01-07"),
    ]


def test_the_closing_days_are_the_wards_own() -> None:
    assert is_working_day(date(2026, 12, 29), OPEN_ALL_YEAR)
    assert not is_working_day(date(2027, 1, 1), OPEN_ALL_YEAR)  # the law's, whatever the ward says
    inspected = ClosingDays(yearly=(), once=(date(2027, 2, 1),))
    assert [is_working_day(date(year, 2, 1), inspected) for year in (2027, 2028)] == [False, True]


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_next_and_previous_are_one_anothers_reverse(day: date) -> None:
    after = next_working_day(day, WARD)
    assert after > day
    assert is_working_day(after, WARD)
    between = (day + timedelta(days=each) for each in range(1, (after - day).days))
    assert not any(is_working_day(each, WARD) for each in between)
    assert previous_working_day(after, WARD) == (day if is_working_day(day, WARD) else previous_working_day(day, WARD))
    first, second = islice(working_days_after(day, WARD), 2)
    assert (first, second) == (after, next_working_day(after, WARD))


class _Company(OriginalHolidayCheckerInterface):
    def is_holiday(self, date: date) -> bool:
        return bool(date)

    def holiday_name(self, date: date) -> str:  # noqa: ARG002 - the library's interface
        return "創立記念日"


def test_what_others_register_as_holidays_of_theirs_is_no_business_of_the_wards() -> None:
    company = _Company()
    jpholiday.register(company)
    try:
        assert jpholiday.is_holiday(date(2031, 6, 12))
        assert is_working_day(date(2031, 6, 12), WARD)
    finally:
        jpholiday.unregister(company)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('yearly: ["12-32"]\nonce: []', "yearly.0（存在しない月日です）"),
        ('yearly: ["2-1"]\nonce: []', "yearly.0（書式が違います）"),
        ('yearly: ["0２-01"]\nonce: []', "yearly.0（書式が違います）"),
        ("yearly: [1229]\nonce: []", "yearly.0（文字列にしてください"),
        ('yearly: []\nonce: ["2027-02-30"]', "once.0"),
        ("yearly: []", "once（必要な項目です）"),
        ("yearly: []\nonce: []\nholidays: []", "holidays（知らない項目です）"),
    ],
)
def test_a_mistake_is_told_in_japanese_with_its_place(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "closing_days.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_closing_days(tmp_path)
    assert told in caught.value.happened
    assert "閉庁日の一覧" in caught.value.happened


def test_the_29th_of_february_may_be_a_closing_day(tmp_path: Path) -> None:
    (tmp_path / "closing_days.yaml").write_text('yearly: ["02-29"]\nonce: ["2027-02-01"]', encoding="utf-8")
    leap = load_closing_days(tmp_path)
    assert not is_working_day(date(2028, 2, 29), leap)
    assert is_working_day(date(2027, 3, 1), leap)


def test_no_list_closes_the_ward_for_good(tmp_path: Path) -> None:
    """Else looking for the next working day would never end."""
    every = ", ".join(f'"{date(2000, 1, 1) + timedelta(days=each):%m-%d}"' for each in range(366))
    (tmp_path / "closing_days.yaml").write_text(f"yearly: [{every}]\nonce: []", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="yearly"):
        load_closing_days(tmp_path)
