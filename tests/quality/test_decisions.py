"""Decisions: numbers, days, amounts."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.quality import decisions


@pytest.mark.parametrize(
    ("numbers", "well"),
    [
        (["第1号", "第2号", "第3号"], [True, True, True]),
        (["第3号", "第1号", "第2号"], [True, True, True]),
        (["第1号", "第3号", "第4号"], [True, False, True]),
        (["第1号", "第０００００３号", "第4号"], [True, False, True]),
        (["甲第1号", "乙第3号", "甲第2号"], [True, True, True]),
        (["第1号", "第1号", "第2号"], [True, True, True]),
        (["第9号", "第10号", "第12号"], [True, True, False]),
        (["番号なし", "", "第5号"], [True, True, True]),
        (["第" + "9" * 30 + "号", "第1号", "第2号"], [True, True, True]),
    ],
)
def test_a_gap_in_a_series_of_document_numbers_is_told_at_the_number_after_it(
    numbers: list[str], well: list[bool]
) -> None:
    assert list(decisions.document_no_gapless(pd.Series(numbers))) == well


def test_a_number_stands_on_one_document_whatever_blanks_are_round_it() -> None:
    assert list(decisions.document_no_unique(pd.Series(["第1号", "　第1号 ", "", "", "第2号"]))) == [
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("day", "well"),
    [(None, False), (date(1, 1, 1), False), (date(1868, 10, 22), False), (date(1868, 10, 23), True)],
)
def test_a_day_is_one_that_can_be_written_in_an_era(day: date | None, well: bool) -> None:
    sound = pd.Series([date(2026, 11, 1)], dtype=object)
    assert list(decisions.dated(sound, pd.Series([day], dtype=object), sound)) == [well]


@pytest.mark.parametrize(
    ("day", "well"),
    [
        (None, True),
        (date(2026, 9, 30), False),
        (date(2026, 10, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_a_decision_takes_effect_within_the_window(day: date | None, well: bool) -> None:
    window = (date(2026, 10, 1), date(2026, 12, 31))
    assert list(decisions.effective_in_window(pd.Series([day], dtype=object), effective_window=window)) == [well]


AMOUNTS = st.lists(st.integers(0, 10**9), min_size=9, max_size=9)


@given(AMOUNTS, AMOUNTS, st.sampled_from([0, 0, 1, -1]), st.sampled_from([0, 0, 1]))
def test_totals_add_up_when_kinds_less_income_make_the_total(
    before: list[int], after: list[int], wrong_before: int, wrong_after: int
) -> None:
    row = [*before, sum(before[:8]) - before[8] + wrong_before, *after, sum(after[:8]) - after[8] + wrong_after]
    columns = [pd.Series([amount]) for amount in row]
    assert list(decisions.totals_add_up(*columns)) == [wrong_before == wrong_after == 0]
    assert list(decisions.something_changes(*columns)) == [row[:10] != row[10:]]
