"""Households compared with one another."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from mailround.quality import households


@pytest.mark.parametrize(
    ("one", "other"),
    [("ヤマダ　タロウ", "ﾔﾏﾀﾞ ﾀﾛｳ"), ("やまだ たろう", "ヤマダタロウ"), ("Le Van An", "LE　VAN　AN")],
)
def test_one_reading_has_one_key_however_it_is_written(one: str, other: str) -> None:
    keys = households.reading_key(pd.Series([one, other]))
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("name", "kana", "key"),
    [
        ("髙﨑　太郎", "タカサキ　タロウ", "高崎"),
        ("渡邊 花子", "", "渡辺"),
        ("王麗", "オウ　レイ", "オウ"),
        ("王麗", "オウレイ", "王麗"),
    ],
)
def test_the_surname_is_the_first_word_of_the_name_or_of_the_reading(name: str, kana: str, key: str) -> None:
    assert list(households.surname_key(pd.Series([name]), pd.Series([kana]))) == [key]


def test_what_is_missing_has_no_twin() -> None:
    born = pd.Series([date(1950, 1, 1), date(1950, 1, 1), None, None, date(1950, 1, 1)], dtype=object)
    reading = pd.Series(["ア", "ア", "ア", "ア", ""])
    assert list(households.once(reading, born)) == [False, False, True, True, True]
    assert list(households.once(pd.Series(["", ""]))) == [True, True]


def test_one_home_and_reading_in_two_populations_is_told_of_all_and_of_one_population_of_nobody() -> None:
    population = pd.Series(["assistance", "support", "assistance", "assistance", "support"])
    key = pd.Series(["a", "a", "b", "b", ""])
    assert list(households.in_one_population(population, key)) == [False, False, True, True, True]
    assert list(households.in_one_population(population, pd.Series([""] * 5))) == [True] * 5


def test_a_shared_key_is_told_from_the_threshold_on() -> None:
    key = pd.Series(["a"] * 3 + ["b"] * 2 + [""] * 9)
    assert list(households.fewer_than(key, mailto_shared_from=3)) == [False] * 3 + [True] * 11


def test_whose_twin_a_household_is_is_told_by_case_number_and_never_more_than_five() -> None:
    case_no = pd.Series([f"{number:03d}" for number in range(9)])
    key = pd.Series(["a", "b", "b", *["c"] * 7][:9])
    told = households.companions(case_no, key)
    assert told[1] == "ケース番号 002"
    assert told[3] == "ケース番号 004、005、006、007、008"
    assert 0 not in told
    many = households.companions(pd.Series([f"{number:03d}" for number in range(8)]), pd.Series(["a"] * 8))
    assert many[0] == "ケース番号 001、002、003、004、005ほか2件"
