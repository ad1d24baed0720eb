"""The customer barcode: address number, code words, bars, and when there is none."""

from __future__ import annotations

import re

import pytest
import zint
from hypothesis import given
from hypothesis import strategies as st

from mailround.addresses import TownSplit
from mailround.barcodes import UnreadableBarsError, address_number, barcode_of, bars, code_words, decode_bars
from mailround.errors import PrintError
from mailround.model import Addressee
from mailround.postcodes import load_postcodes

POSTCODES = load_postcodes()

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
        ("1-2　Müller方", "1-2"),
        ("1-2　O\u0308ZTÜRK方3", "1-2-3"),
        ("1-2　Ü棟3", "1-2-3"),
        ("1番地の2", "1-2"),
        ("1番地の2の3号室", "1-2-3"),
        ("1-2之3", "1-2-3"),
        ("一丁目三之五", "1"),
        ("一－二－三", ""),
        ("1-2　メゾン・ド・新宿No.5", "1-2-5"),
        ("1-2　B1Ｆ", "1-2B1"),
        ("1-2　f号室", "1-2F"),
        ("1-2　ﾊｲﾂ3号棟B-201", "1-2-3B201"),
        ("1-2　第2コーポ１Ｆ", "1-2-2-1"),
        ("1-2　千代田百貨店", "1-2"),
        ("1-2　三番館", "1-2-3"),
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


@pytest.mark.parametrize("sign", "-‐‑‒–—―−－ーｰ─~～〜")
def test_every_sign_that_looks_like_a_hyphen_separates(sign: str) -> None:
    assert address_number(f"2丁目8{sign}1{sign}101") == "2-8-1-101"
    assert address_number(f"8{sign}1　J1ビル2{sign}B") == "8-1J1-2B"


BY_HAND = [
    (
        ("1000013", "1-3-2-503"),
        "FD FFT FTT FTT FTT FTT FFT DFA FFT TFT DFA TFT FDA TFT FTF FTT DFA TDA TDA TDA TDA TFF DF",
    ),
    (
        ("6500046", "9-7-6A1-1"),
        "FD DAF FTF FTT FTT FTT FAD DAF TFF TFT AFD TFT DAF DAT FTT FFT TFT FFT TDA TDA TDA FTF DF",
    ),
    (
        ("1638001", ""),
        "FD FFT DAF DFA ADF FTT FTT FFT TDA TDA TDA TDA TDA TDA TDA TDA TDA TDA TDA TDA TDA ADF DF",
    ),
]
"""Bars put together by hand from the manual's table: two official examples and an office's code."""


@pytest.mark.parametrize(("content", "by_hand"), BY_HAND)
def test_the_bars_are_those_of_the_manuals_table(content: tuple[str, str], by_hand: str) -> None:
    drawn = bars(code_words(*content))
    assert drawn == by_hand.replace(" ", "")
    assert decode_bars(drawn) == code_words(*content)


def by_zint(content: str) -> str:
    """Return the bars that zint draws. It packs rows of modules into bits: the upper parts, the timing, the lower."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.JAPANPOST
    symbol.encode(content)
    upper, _, lower = (int.from_bytes(row, "little") for row in symbol.encoded_data.tolist()[:3])
    modules = range(0, symbol.width, 2)
    return "".join("TDAF"[2 * (upper >> each & 1) + (lower >> each & 1)] for each in modules)


@pytest.mark.parametrize(("postcode", "number"), [(each[0], each[2]) for each in OFFICIAL[:-2]])
def test_zint_draws_the_same_bars_for_every_official_example_that_fits(postcode: str, number: str) -> None:
    assert bars(code_words(postcode, number)) == by_zint(postcode + number)


@pytest.mark.parametrize(("postcode", "address_part", "number", "check"), OFFICIAL)
def test_every_official_example_is_encoded_from_its_whole_address(
    postcode: str, address_part: str, number: str, check: str
) -> None:
    place = POSTCODES.places(postcode)[0]
    found = barcode_of(
        Addressee("", postcode, f"{place.prefecture}{place.city}{place.town}{address_part}", ""), POSTCODES
    )
    assert found.split == TownSplit(place.town, address_part, agrees=True)
    assert found.address_number == number
    assert found.code_words == code_words(postcode, number)
    assert decode_bars(found.bars)[-1] == check


DRAWN = bars(code_words("1600022", "1-2-3"))


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ("", "67本でない"),
        (DRAWN[:-1], "67本でない"),
        (DRAWN + "F", "67本でない"),
        ("FF" + DRAWN[2:], "スタートコード"),
        (DRAWN[:-2] + "DD", "ストップコード"),
        (DRAWN[::-1], "符号にない|チェック"),
        (DRAWN[:2] + "TTT" + DRAWN[5:], "符号にない"),
        (DRAWN[:2] + "fft" + DRAWN[5:], "符号にない"),
        (DRAWN[:2] + "FDA" + DRAWN[5:], "チェックデジット"),
        (DRAWN[:62] + "FTT" + DRAWN[65:], "チェックデジット"),
    ],
)
def test_bars_that_are_no_barcode_are_refused_with_the_reason(read: str, reason: str) -> None:
    with pytest.raises(UnreadableBarsError, match=reason):
        decode_bars(read)


@given(st.integers(0, 66), st.sampled_from("FADT"), st.from_regex(r"\A[0-9]{7}\Z"), st.from_regex(r"\A[0-9-]{0,13}\Z"))
def test_one_wrong_bar_never_reads_as_another_barcode(place: int, sign: str, postcode: str, number: str) -> None:
    drawn = bars(code_words(postcode, number))
    wrong = drawn[:place] + sign + drawn[place + 1 :]
    if wrong != drawn:
        with pytest.raises(UnreadableBarsError):
            decode_bars(wrong)


@pytest.mark.parametrize("code", ["1600000", "160-0000", "1000000", "0680400", "9999999", "16000222", ""])
def test_a_code_that_leads_to_no_town_has_no_barcode(code: str) -> None:
    found = barcode_of(Addressee("", code, "東京都新宿区新宿1-2-3", ""), POSTCODES)
    assert (found.code_words, found.bars) == ((), "")


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("1638001", "東京都新宿区西新宿二丁目8番1号"),
        ("1638671", "東京都新宿区新宿一丁目1番12号"),
        ("100-8792", "東京都千代田区大手町二丁目3番1号"),
    ],
)
def test_the_code_of_an_office_or_a_post_office_box_is_encoded_alone(code: str, address: str) -> None:
    found = barcode_of(Addressee("", code, address, "10F"), POSTCODES)
    assert found.address_number == ""
    assert found.code_words[7:20] == ("CC4",) * 13
    assert "".join(found.code_words[:7]) == code.replace("-", "")


@pytest.mark.parametrize(("code", "address"), [("1000301", "東京都利島村248番地"), ("3060433", "茨城県境町248番地")])
def test_the_code_of_a_whole_village_is_not_a_representative_one(code: str, address: str) -> None:
    found = barcode_of(Addressee("", code, address, ""), POSTCODES)
    assert found.split == TownSplit("", "248番地", agrees=True)
    assert found.code_words == code_words(code, "248")


def test_the_building_follows_the_number() -> None:
    living = Addressee("髙﨑　𠮷郎", "160-0022", "東京都新宿区新宿一丁目2番3号", "新宿ハイツ101号室")
    assert barcode_of(living, POSTCODES).address_number == "1-2-3-101"


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
    assert decode_bars(bars(words)) == words


@given(_PARTS, _PARTS)
def test_a_separator_before_a_building_keeps_its_number_apart(address: str, building: str) -> None:
    joined = address_number(f"{address}　{building}")
    assert joined.startswith(address_number(address))
    assert joined.endswith(address_number(building))
