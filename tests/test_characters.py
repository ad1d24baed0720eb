"""Which characters may be printed."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from mailround.characters import has_stray_selector, refused_characters


@pytest.mark.parametrize(
    "text",
    [
        "髙﨑　𠮷郎",
        "邊󠄆",
        "々〆〇",
        "ﾔﾏﾀﾞ ①㈱～ー・",
        "Müller-O'Brien & Søn",
        "𱍐",  # the first ideograph of extension H: newer than Python's tables
        "か\u3099",
    ],
)
def test_letters_signs_and_ideographs_of_any_age_are_allowed(text: str) -> None:
    assert refused_characters([text]) == frozenset()


CONTROLS = "\0\t\n\r\x7f\x85\u00ad\u200b\u200d\u202e\u2028\u2029\ufeff"
UNASSIGNED = "\ue000\uf8f0\U000f0000\ud800\uffff\u0378\U000e0041"


@pytest.mark.parametrize("character", CONTROLS + UNASSIGNED)
def test_controls_invisible_signs_and_user_defined_cells_are_refused(character: str) -> None:
    assert refused_characters(["髙", f"山{character}田"]) == {character}


@pytest.mark.parametrize("character", "\u034f\u115f\u1160\u180b\u2800\u3164\uffa0\ufffc\ufffd〓")
def test_signs_that_show_nothing_or_stand_for_a_lost_character_are_refused(character: str) -> None:
    assert refused_characters([f"山{character}田"]) == {character}


def test_no_character_of_a_refused_category_slips_through_but_unassigned_han() -> None:
    refused = refused_characters(map(chr, range(sys.maxunicode + 1)))
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Co"}:
            assert chr(code) in refused


@pytest.mark.parametrize("text", ["󠄆", "a󠄆", "山󠄆󠄆", "　\ufe00", "か\ufe0f", "山田󠄆\U000e0101"])
def test_a_selector_belongs_behind_one_han_character(text: str) -> None:
    assert has_stray_selector(text)


@pytest.mark.parametrize("text", ["", "山田", "邊󠄆", "山󠄆田󠄆", "神\ufe00", "𠮷󠄆"])
def test_a_selector_behind_a_han_character_is_right(text: str) -> None:
    assert not has_stray_selector(text)
