"""Piece ids can be read aloud, and one wrong symbol is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.piece_id import ALPHABET, is_piece_id, piece_id

SECRETS = st.binary(min_size=5, max_size=32)


@given(SECRETS)
def test_an_id_is_nine_symbols_without_confusable_letters_and_valid(secret: bytes) -> None:
    found = piece_id(secret)
    assert len(found) == 9
    assert set(found) <= set(ALPHABET)
    assert not set("ILOU") & set(ALPHABET)
    assert is_piece_id(found)


@given(SECRETS)
def test_every_single_wrong_symbol_is_noticed(secret: bytes) -> None:
    found = piece_id(secret)
    for place, right in enumerate(found):
        for wrong in set(ALPHABET) - {right}:
            assert not is_piece_id(found[:place] + wrong + found[place + 1 :])


@given(SECRETS)
def test_every_exchange_of_two_symbols_is_noticed(secret: bytes) -> None:
    found = piece_id(secret)
    for first in range(9):
        for second in range(first):
            swapped = list(found)
            swapped[first], swapped[second] = swapped[second], swapped[first]
            assert is_piece_id("".join(swapped)) is (found[first] == found[second])


@pytest.mark.parametrize(
    "text", ["", "0000", "00000000O", "0000000000", "00000000 ", "00000000\n", "０００００００００"]
)
def test_what_has_not_the_form_is_no_id(text: str) -> None:
    assert not is_piece_id(text)


def test_the_same_secret_gives_the_same_id_and_another_one_another() -> None:
    assert piece_id(b"abcde") == piece_id(b"abcdefgh") != piece_id(b"abcdf")
