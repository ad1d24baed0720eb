"""The rounds of a fiscal year on a calendar."""

from __future__ import annotations

import re
from datetime import date

import pytest

from mailround.console.year_chart import Bar, draw, fiscal_year

TODAY = date(2026, 11, 30)
BAR = Bar("2026-11-change", date(2026, 11, 10), date(2026, 11, 24), "posted", date(2026, 12, 24), late=False)


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 4, 1), 2026), (date(2026, 12, 31), 2026), (date(2027, 3, 31), 2026)]
)
def test_a_fiscal_year_begins_in_april(day: date, year: int) -> None:
    assert fiscal_year(day) == year


def classes(chart: str) -> list[str]:
    return re.findall(r'class="([a-z ]+)"', chart)


def test_a_posted_round_is_at_the_contractor_until_its_due_day() -> None:
    drawn = classes(draw(2026, [BAR], TODAY))
    assert [each for each in drawn if each in {"made", "kept", "posted", "kept late"}] == ["made", "kept", "posted"]


def test_what_is_overdue_goes_on_up_to_today() -> None:
    late = Bar("a", date(2026, 9, 1), date(2026, 9, 20), "posted", date(2026, 10, 20), late=True)
    assert "kept late" in classes(draw(2026, [late], TODAY))


def test_a_round_that_was_ended_has_no_posting() -> None:
    drawn = classes(draw(2026, [Bar("a", date(2026, 7, 6), date(2026, 7, 8), "ended", None, late=False)], TODAY))
    assert "made" in drawn
    assert not {"posted", "planned", "kept"} & {*drawn}


def test_today_is_drawn_in_its_own_year_alone() -> None:
    assert "today" in classes(draw(2026, [BAR], TODAY))
    assert "today" not in classes(draw(2025, [], TODAY))


def test_a_year_has_twelve_months_and_nothing_lies_outside_of_it() -> None:
    chart = draw(2026, [Bar("a", date(2025, 1, 1), date(2028, 1, 1), "planned", None, late=False)], TODAY)
    assert re.findall(r">([0-9]+)月</text>", chart) == [*map(str, (4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3))]
    wide = float(re.findall(r'width="([0-9.]+)"', chart)[0])
    assert all(float(each) <= wide for each in re.findall(r'cx="([0-9.]+)"', chart))
