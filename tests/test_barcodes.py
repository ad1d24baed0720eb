"""The customer barcode's address number and code words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.barcodes import address_number, code_words
from mailround.errors import PrintError

OFFICIAL = [
    ("1000013", "1丁目3番2号　郵便プラザ503室", "1-3-2-503", "9"),
    ("2630023", "3丁目30-8　郵便ビル403号", "3-30-8-403", "5"),
    ("0140113", "南田茂木　添60-1", "60-1", "CC8"),
    ("1100016", "5-6-3　ABCビル10F", "5-6-3-10", "9"),
    ("0600906", "4丁目　郵便センター6号館", "4-6", "9"),
    ("0650006", "8丁目　郵便センター10号館", "8-10", "9"),
    ("4070033", "韮崎400", "400", "-"),
    ("2730102", "東3丁目-20-5　郵便・A&bコーポB604号", "3-20-5B604", "0"),
    ("1980036", "十一丁目六番地一号　郵便タワー601", "11-6-1-601", "CC8"),
    ("0270203", "第二十一地割大淵川480", "21-480", "CC5"),
    ("5900016", "四丁六番十九号", "4-6-19", "CC2"),
    ("0800831", "南七線　西28", "7-28", "CC7"),
    ("3170055", "6丁目7-14　ABCビル2F", "6-7-14-2", "CC1"),
    ("6500046", "9丁目7-6　郵便シティA棟1F1号", "9-7-6A1-1", "5"),
    ("6230011", "綾部6-7　LプラザB106", "6-7LB106", "4"),
    ("0640804", "29丁目1524-23　第2郵便ハウス501", "29-1524-23-2-501", "3"),
    ("9100067", "3丁目80-25　J1ビル2-B", "3-80-25J1-2B", "9"),
]
"""Postcode, 住所B, address number, check word: Japan Post's own examples."""


@pytest.mark.parametrize(("postcode", "address_part", "number", "check"), OFFICIAL)
def test_every_official_example_gives_its_number_and_check_word(
    postcode: str, address_part: str, number: str, check: str
) -> None:
    assert address_number(address_part) == number
    assert code_words(postcode, number)[-1] == check


@pytest.mark.parametrize(
    ("address_part", "number"),
    [
        ("", ""),
        ("　", ""),
        ("二丁目４番１号", "2-4-1"),
        ("１－２－３", "1-2-3"),
        ("1−2‐3", "1-2-3"),
        ("1ー2", "1-2"),
        ("百五十三番地の二", "153"),
        ("三ノ五", "3"),
        ("三ノ5", "3-5"),
        ("1-2　メゾン髙﨑ａ１０１", "1-2A101"),
        ("1-2　Ａ棟　Ｂ号", "1-2AB"),
        ("1-2　ＡＢ棟", "1-2"),
        ("1-2　3FB", "1-2-3"),
        ("1-2　F棟", "1-2F"),
        ("1-2　邊󠄆荘10", "1-2-10"),
        ("1-2　①号室", "1-2"),
    ],
)
def test_other_ways_to_write_give_the_number_the_rules_give(address_part: str, number: str) -> None:
    assert address_number(address_part) == number


def test_a_letter_cut_in_half_keeps_its_control_code() -> None:
    words = code_words("910-0067", "3-80-25J1-2B")
    assert words[7:20] == ("3", "-", "8", "0", "-", "2", "5", "CC1", "9", "1", "-", "2", "CC1")


def test_an_empty_number_is_thirteen_fillers() -> None:
    assert code_words("163-8001", "")[7:20] == ("CC4",) * 13


@pytest.mark.parametrize(("postcode", "number"), [("160002", "1"), ("1600022", "1#2"), ("1600022", "１"), ("", "")])
def test_what_cannot_be_a_barcode_is_refused_without_quoting_it(postcode: str, number: str) -> None:
    with pytest.raises(PrintError) as refused:
        code_words(postcode, number)
    assert "#" not in str(refused.value)


_PARTS = st.text(
    st.one_of(
        st.sampled_from("0123456789-ABFabfー－丁目番地号の線　・&/.〇一二十百千郵便ビル髙１２Ｆ"), st.characters()
    )
)


@given(_PARTS)
def test_a_number_has_digits_single_hyphens_and_letters_only_and_no_hyphen_beside_a_letter(text: str) -> None:
    number = address_number(text)
    assert re.fullmatch(r"[0-9A-Z-]*", number)
    assert "--" not in number
    assert not number.startswith("-")
    assert not number.endswith("-")
    assert not re.search(r"-[A-Z]|[A-Z]-", number)


@given(_PARTS)
def test_a_number_without_neighbouring_letters_and_floors_is_its_own_number(text: str) -> None:
    number = address_number(text)
    if not re.search(r"[A-Z]{2}|[0-9]F", number):
        assert address_number(number) == number


@given(st.from_regex(r"\A[0-9]{7}\Z"), _PARTS)
def test_the_code_words_are_21_and_their_values_sum_to_a_multiple_of_19(postcode: str, text: str) -> None:
    values = {**{str(digit): digit for digit in range(10)}, "-": 10, **{f"CC{n}": 10 + n for n in range(1, 9)}}
    words = code_words(postcode, address_number(text))
    assert len(words) == 21
    assert "".join(words[:7]) == postcode
    assert sum(values[word] for word in words) % 19 == 0
