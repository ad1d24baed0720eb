"""``mailround barcode``: every step of a barcode's making, and never the address in an error."""

from __future__ import annotations

import json

import pytest
from commanded import PLACE, Run
from rich.cells import cell_len

from mailround.barcodes import bars, code_words


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("160-0022", "東京都新宿区新宿一丁目2番3号"),
            {"town": "新宿", "rest": "一丁目2番3号", "address_number": "1-2-3"},
        ),
        (
            ("1600022", "東京都新宿区新宿一丁目2番3号", "--building", "J1ビル2-B"),
            {"town": "新宿", "rest": "一丁目2番3号", "address_number": "1-2-3J1-2B"},
        ),
        (
            ("163-8001", "東京都新宿区西新宿二丁目8番1号"),
            {"town": "西新宿", "rest": "二丁目8番1号", "address_number": ""},
        ),
    ],
)
def test_a_barcode_is_shown_with_every_step_of_its_making(
    run: Run, arguments: tuple[str, ...], expected: dict[str, str]
) -> None:
    result = run("barcode", *arguments, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == ["town", "rest", "address_number", "code_words", "bars"]
    words = code_words(arguments[0], expected["address_number"])
    assert found == expected | {"code_words": list(words), "bars": bars(words)}
    told = run("barcode", *arguments)
    assert told.exit_code == 0
    assert max(map(cell_len, told.stdout.splitlines())) <= 80
    for shown in (expected["town"], expected["rest"], expected["address_number"], " ".join(words), bars(words)):
        assert shown in told.stdout
    assert "一致しません" not in told.stdout


def test_a_representative_code_has_no_barcode_and_says_why(run: Run) -> None:
    asked = ("barcode", "160-0000", "東京都新宿区新宿1-2-3")
    assert json.loads(run(*asked, "--json").stdout) == {
        "town": "新宿",
        "rest": "1-2-3",
        "address_number": "1-2-3",
        "code_words": [],
        "bars": "",
    }
    told = run(*asked)
    assert told.exit_code == 0
    assert "バーコードは印字しません。町域が定まらない郵便番号（代表番号）です。" in told.stdout


def test_an_address_of_another_town_is_shown_with_a_warning(run: Run) -> None:
    told = run("barcode", "160-0022", "東京都新宿区大久保1-2")
    assert told.exit_code == 0
    assert "住所が、郵便番号の表す町域と一致しません。" in told.stdout


@pytest.mark.parametrize(
    ("postcode", "reason"),
    [
        ("160", "7桁の数字ではありません"),
        ("１６０００２２", "7桁の数字ではありません"),
        ("999-9999", "使われていません"),
    ],
)
def test_a_bad_postcode_is_refused_without_repeating_the_address(run: Run, postcode: str, reason: str) -> None:
    result = run("barcode", postcode, f"東京都新宿区新宿1-2 {PLACE}", "--json")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not result.stdout
    assert postcode not in result.stderr
