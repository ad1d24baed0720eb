"""Piece ids can be read aloud, and one wrong symbol is noticed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.errors import CountMismatchError
from mailround.piece_id import ALPHABET, TYPED, PieceIds, Shown, is_piece_id, listed, piece_id, shown_by

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


def secret(label: str) -> bytes:
    return hashlib.sha256(label.encode()).digest()


def narrow(label: str) -> bytes:
    """Return secrets that show one of 256 ids only, and yet tell all labels apart."""
    found = secret(label)
    return found[:1] * 5 + found[5:]


def given_ids(cases: Sequence[str], asking: Iterable[str] = ()) -> dict[str, str]:
    ids = PieceIds(narrow)
    for case_no in cases:
        ids.claim(case_no)
    ids.settle()
    assert len(ids) == len(cases)
    return {case_no: ids.of(case_no) for case_no in asking or cases}


def test_an_id_follows_from_the_case_alone() -> None:
    ids = PieceIds(secret)
    ids.claim("0000101")
    ids.settle()
    assert ids.of("0000101") == piece_id(secret("piece-id/0/0000101"))


CASES = st.lists(st.integers(0, 10**7).map(str), unique=True, max_size=60)


@given(CASES, st.randoms(use_true_random=False))
def test_no_two_cases_have_the_same_id_whatever_the_order_of_the_claims(cases: list[str], by: Random) -> None:
    found = given_ids(cases)
    assert len(set(found.values())) == len(cases)
    assert given_ids(by.sample(cases, len(cases)), cases) == found


@given(CASES)
def test_a_case_that_shares_its_id_with_nobody_keeps_it(cases: list[str]) -> None:
    firsts = {case_no: piece_id(narrow(f"piece-id/0/{case_no}")) for case_no in cases}
    alone = {case_no for case_no, own in firsts.items() if list(firsts.values()).count(own) == 1}
    found = given_ids(cases)
    assert {case_no for case_no in cases if found[case_no] == firsts[case_no]} == alone


def test_sixty_cases_of_256_ids_do_clash() -> None:
    assert len({narrow(f"piece-id/0/{number}")[:5] for number in range(60)}) < 60


def test_a_case_that_is_claimed_twice_is_told() -> None:
    ids = PieceIds(secret)
    for case_no in ("1", "2", "1"):
        ids.claim(case_no)
    ids.settle()
    assert {ids.of("1"), ids.of("2")}.isdisjoint({piece_id(secret("piece-id/0/1"))})
    with pytest.raises(CountMismatchError, match="二度"):
        ids.of("1")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0123abcde", ("0123ABCDE",)),
        (" 0123ABCDE、1234ABCDE,2345ABCDE，\n3456ABCDE\u30004567ABCDE\t", None),
        ("0123ABCDE\r\n\r\n1234ABCDE", ("0123ABCDE", "1234ABCDE")),
        ("0123ABCDE 0123ABCDE", ("0123ABCDE", "0123ABCDE")),
        ("", ()),
        (" 、,\n", ()),
    ],
)
def test_a_list_of_ids_is_read_however_it_is_parted_and_nothing_is_left_out(
    typed: str, meant: tuple[str, ...] | None
) -> None:
    every = ("0123ABCDE", "1234ABCDE", "2345ABCDE", "3456ABCDE", "4567ABCDE")
    assert listed(typed) == (every if meant is None else meant)


@given(st.lists(st.binary(min_size=5, max_size=5), max_size=5))
def test_ids_that_were_made_can_be_typed(secrets: list[bytes]) -> None:
    made = tuple(map(piece_id, secrets))
    assert listed("、".join(made)) == made
    assert bool(re.search(TYPED, "\n".join(made))) is bool(made)


def test_what_was_shown_before_is_told_and_nothing_else() -> None:
    drawn = [number * 0x9E3779B97F4A7C15 % (1 << 40) for number in range(2_000)]
    shown = Shown()
    for number in (*drawn, (1 << 40) - 1, drawn[7], drawn[9], drawn[7]):
        shown.add(number)
    assert len(shown) == 2_004
    assert sorted(shown.repeated()) == sorted((drawn[7], drawn[7], drawn[9]))
    assert len(shown) == 2_004
    assert all(number in shown for number in (0, drawn[7], drawn[-1], (1 << 40) - 1))
    assert not any(number in shown for number in (1, drawn[7] + 1, drawn[7] ^ 1 << 33, (1 << 40) - 2))


@given(SECRETS)
def test_what_an_id_shows_comes_back_from_it(secret: bytes) -> None:
    text = piece_id(secret)
    assert shown_by(text) == int.from_bytes(secret[:5], "big")
    assert shown_by(text[:-1] + ("0" if text[-1] != "0" else "1")) is None
    assert shown_by(text.lower()) == (None if text.lower() != text else shown_by(text))
