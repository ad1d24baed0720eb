"""How days, times and numbers are written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailround.console import words


def test_a_day_has_its_weekday() -> None:
    assert words.day(date(2026, 11, 24)) == "2026年11月24日（火）"
    assert words.short_day(date(2027, 1, 3)) == "1月3日（日）"


@pytest.mark.parametrize("value", [datetime(2026, 11, 23, 15, 5, tzinfo=UTC), "2026-11-24T00:05:00+09:00"])
def test_a_moment_is_tokyos(value: datetime | str) -> None:
    assert words.moment(value) == "2026-11-24 00:05"


@pytest.mark.parametrize(("days", "says"), [(12, "あと12日"), (1, "あと1日"), (0, "今日まで"), (-3, "3日超過")])
def test_days_left_are_words(days: int, says: str) -> None:
    assert words.days_left(days) == says


def test_what_is_to_be_typed_is_code_and_everything_is_escaped() -> None:
    assert words.typed("`a --b <c>` で、`d` と <e>") == "<code>a --b &lt;c&gt;</code> で、<code>d</code> と &lt;e&gt;"
    assert words.typed("一つだけの ` は、そのまま") == "一つだけの ` は、そのまま"


def test_numbers_are_grouped() -> None:
    assert words.number(8412) == "8,412"
