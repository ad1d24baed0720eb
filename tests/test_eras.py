"""Era dates mean exactly one day, and impossible ones are refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.eras import read_era, write_era


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("R7.10.1", date(2025, 10, 1)),
        ("R07.10.01", date(2025, 10, 1)),
        ("令和7年10月1日", date(2025, 10, 1)),
        ("R1.5.1", date(2019, 5, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R元.5.1", date(2019, 5, 1)),
        ("H31.4.30", date(2019, 4, 30)),
        ("H1.1.8", date(1989, 1, 8)),
        ("S64.1.7", date(1989, 1, 7)),
        ("S26.3.4", date(1951, 3, 4)),
        ("昭和26年3月4日", date(1951, 3, 4)),
        ("S1.12.25", date(1926, 12, 25)),
        ("T15.12.25", date(1926, 12, 25)),
        ("M45.7.30", date(1912, 7, 30)),
        ("R6.2.29", date(2024, 2, 29)),
    ],
)
def test_an_era_date_means_one_day(text: str, day: date) -> None:
    assert read_era(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "R7.2.29",
        "R7.2.30",
        "H31.5.1",
        "R1.4.30",
        "S64.1.8",
        "H1.1.7",
        "T15.12.26",
        "R0.5.1",
        "R7.13.1",
        "R7.0.1",
        "R7.10",
        "R7.10.1 ",
        "R7.10.1\n",
        "R7/10/1",
        "r7.10.1",
        "X7.10.1",
        "R7.10月1日",
        "Ｒ７.１０.１",
        "令和７年１０月１日",
        "2025.10.1",
        "",
    ],
)
def test_what_is_no_day_of_its_era_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"era|day|month|date"):
        read_era(text)


@given(st.dates(min_value=date(1868, 10, 23), max_value=date(2099, 12, 31)), st.booleans())
def test_a_written_day_is_read_back(day: date, long: bool) -> None:
    assert read_era(write_era(day, long=long)) == day


def test_the_first_year_is_written_as_gannen_only_in_the_long_form() -> None:
    assert write_era(date(2019, 12, 1), long=True) == "令和元年12月1日"
    assert write_era(date(2019, 12, 1)) == "R1.12.1"
    assert write_era(date(2026, 11, 20), long=True) == "令和8年11月20日"


def test_a_day_before_meiji_has_no_era_here() -> None:
    with pytest.raises(ValueError, match="Meiji"):
        write_era(date(1868, 10, 22))
