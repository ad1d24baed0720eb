"""Where a piece goes."""

from __future__ import annotations

import pandas as pd
import pytest

from mailround.postcodes import load_postcodes
from mailround.quality import addresses

POSTCODES = load_postcodes()


@pytest.mark.parametrize(
    ("postcode", "code"),
    [("1600022", "1600022"), ("160-0022", "1600022"), ("160-002", ""), ("", ""), ("１６０００２２", "")],
)
def test_a_malformed_postcode_has_no_code(postcode: str, code: str) -> None:
    assert list(addresses.code_of(pd.Series([postcode]))) == [code]


def test_an_address_is_cut_behind_its_town() -> None:
    address = pd.Series(["東京都新宿区新宿一丁目2番3号", "東京都新宿区四谷三丁目4番5号", "？", ""])
    splits = addresses.split(address, pd.Series(["1600022", "1600004", "1600022", ""]), POSTCODES)
    assert splits.to_numpy().tolist() == [
        ["新宿", "一丁目2番3号", True],
        ["四谷", "三丁目4番5号", True],
        ["", "？", False],
        ["", "", False],
    ]


UNNUMBERED = ["新宿", "新宿二丁目", "新宿２丁目　", "新宿百人荘", "新宿ハイツ"]


def test_an_address_without_a_number_behind_town_and_block_has_none() -> None:
    address = pd.Series([f"東京都新宿区{each}" for each in ("新宿1-2", *UNNUMBERED)])
    code = pd.Series(["1600022"] * len(address))
    rest = addresses.split(address, code, POSTCODES)["rest"]
    found = addresses.number_present(address, code, rest, postcodes=POSTCODES)
    assert list(found) == [True, *[False] * len(UNNUMBERED)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("東京都新宿区新宿一丁目2番3号", "新宿ハイツ101号室"), ("新宿区新宿１－２－３", "新宿ハイツ１０１")),
        (("東京都新宿区新宿1-2-3-101", ""), ("東京都新宿区新宿1丁目2番3号", "101号室")),
        (("どこか一番地", "荘"), ("どこか１番地", " 荘")),
    ],
)
def test_one_home_has_one_key_however_it_is_written(one: tuple[str, str], other: tuple[str, str]) -> None:
    address, building = pd.Series([one[0], other[0]]), pd.Series([one[1], other[1]])
    splits = addresses.split(address, pd.Series(["1600022"] * 2), POSTCODES)
    keys = addresses.residence_key(splits["town"], splits["rest"], address, building)
    assert keys[0] == keys[1]


def test_no_address_has_no_key() -> None:
    empty = pd.Series([""])
    assert list(addresses.residence_key(empty, empty, empty, empty)) == [""]
