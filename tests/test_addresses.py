"""Where the town ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.addresses import TownSplit, arabic, fold, split_town
from mailround.postcodes import load_postcodes

POSTCODES = load_postcodes()


@pytest.mark.parametrize(
    ("numeral", "digits"),
    [
        ("一", "1"),
        ("十", "10"),
        ("十九", "19"),
        ("二十一", "21"),
        ("百五", "105"),
        ("一〇五", "105"),
        ("千二百三十", "1230"),
        ("〇", "0"),
    ],
)
def test_kanji_numerals_become_digits(numeral: str, digits: str) -> None:
    assert arabic(numeral) == digits


@given(st.integers(1, 9999))
def test_every_number_up_to_9999_survives_being_written_in_kanji(number: int) -> None:
    written = ""
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            written += ("" if digit == 1 and sign else "〇一二三四五六七八九"[digit]) + sign
    assert arabic(written) == str(number)
    assert arabic("".join("〇一二三四五六七八九"[int(each)] for each in str(number))) == str(number)


@pytest.mark.parametrize(
    ("address", "postcode", "town", "rest"),
    [
        ("東京都新宿区新宿一丁目2番3号", "160-0022", "新宿", "一丁目2番3号"),
        ("新宿区新宿１－２－３", "1600022", "新宿", "１－２－３"),
        ("東京都　新宿区　新宿　1-2-3", "1600022", "新宿", "　1-2-3"),
        ("東京都新宿区戸山一丁目1番", "162-0052", "戸山", "一丁目1番"),
        ("東京都新宿区戸山三丁目18番1号", "169-0052", "戸山", "三丁目18番1号"),
        ("東京都新宿区西早稲田2-1-1", "162-0051", "西早稲田", "2-1-1"),
        ("東京都新宿区西早稲田1-2-3", "169-0051", "西早稲田", "1-2-3"),
        ("東京都新宿区四谷三丁目4番", "160-0004", "四谷", "三丁目4番"),
        ("東京都新宿区四谷3-4", "160-0004", "四谷", "3-4"),
        ("東京都新宿区四谷三栄町12番", "160-0008", "四谷三栄町", "12番"),
        ("東京都新宿区市谷田町一丁目2", "162-0843", "市谷田町", "一丁目2"),
        ("東京都新宿区市ヶ谷本村町5番1号", "162-0845", "市谷本村町", "5番1号"),
        ("東京都新宿区市ケ谷田町二丁目1", "162-0843", "市谷田町", "二丁目1"),
        ("東京都新宿区市が谷仲ノ町3番", "162-0064", "市谷仲之町", "3番"),
        ("東京都新宿区市谷仲ノ町3番", "162-0064", "市谷仲之町", "3番"),
        ("東京都新宿区霞ヶ丘町1番", "160-0013", "霞ケ丘町", "1番"),
        ("東京都新宿区二十騎町2番", "162-0855", "二十騎町", "2番"),
        ("東京都新宿区百人町三丁目20番", "169-0073", "百人町", "三丁目20番"),
        ("東京都新宿区簞笥町15番", "162-0833", "箪笥町", "15番"),
        ("東京都新宿区西新宿二丁目4番1号", "163-0805", "西新宿", "二丁目4番1号"),
        ("東京都新宿区西新宿二丁目8番1号", "163-8001", "西新宿", "二丁目8番1号"),
        ("東京都新宿区新宿5-6", "160-0000", "新宿", "5-6"),
        ("東京都千代田区麴町一丁目6", "102-0083", "麹町", "一丁目6"),
        ("東京都千代田区一番町25番", "102-0082", "一番町", "25番"),
        ("北海道札幌市中央区北一条西4丁目", "060-0001", "北一条西", "4丁目"),
        ("北海道樺戸郡浦臼町浦臼第一　12番", "061-0611", "浦臼第１", "　12番"),
        ("京都府京都市中京区烏丸通御池下る虎屋町566", "604-8171", "虎屋町", "566"),
        ("岩手県西和賀町沢内大字太田2地割", "029-5614", "沢内太田", "2地割"),
    ],
)
def test_a_real_address_agrees_with_its_postcode_and_is_cut_behind_its_town(
    address: str, postcode: str, town: str, rest: str
) -> None:
    assert split_town(address, postcode, POSTCODES) == TownSplit(town, rest, agrees=True)


@pytest.mark.parametrize(
    ("address", "postcode", "town", "rest"),
    [
        ("東京都新宿区四谷三栄町12番", "160-0004", "四谷三栄町", "12番"),
        ("東京都新宿区四谷三丁目4番", "160-0008", "四谷", "三丁目4番"),
        ("東京都新宿区市ヶ谷田町1-2", "162-0845", "市谷田町", "1-2"),
        ("東京都新宿区四ヶ谷1-2", "160-0004", "", "四ヶ谷1-2"),
        ("東京都新宿区大久保1-2", "160-0022", "大久保", "1-2"),
        ("東京都新宿区大久保1-2", "163-0805", "大久保", "1-2"),
        ("東京都新宿区大久保1-2", "163-8001", "大久保", "1-2"),
        ("東京都新宿区どこにもない町1-2", "160-0022", "", "どこにもない町1-2"),
        ("神奈川県横浜市中区新宿1-2", "160-0022", "", "神奈川県横浜市中区新宿1-2"),
        ("東京都中野区中野1-2", "160-0000", "", "東京都中野区中野1-2"),
        ("北海道浦臼町浦臼第１２番", "061-0611", "", "浦臼第１２番"),
        ("北海道浦臼町浦臼第十二番", "061-0611", "", "浦臼第十二番"),
        ("京都市上京区中立売通浄福寺西入五町目町1", "602-8043", "", "中立売通浄福寺西入五町目町1"),
        ("東京都新宿区新宿1-2", "999-9999", "", "東京都新宿区新宿1-2"),
        ("東京都新宿区新宿1-2", "", "", "東京都新宿区新宿1-2"),
        ("", "160-0022", "", ""),
    ],
)
def test_an_address_of_another_town_does_not_agree(address: str, postcode: str, town: str, rest: str) -> None:
    assert split_town(address, postcode, POSTCODES) == TownSplit(town, rest, agrees=False)


TOWN_CODES = {
    f"{number:07d}": POSTCODES.places(f"{number:07d}")[0].town
    for first in (1600001, 1610031, 1620041, 1620801, 1690051)
    for number in range(first, first + 60)
    if POSTCODES.exists(f"{number:07d}")
}


def test_every_town_of_shinjuku_agrees_with_its_own_postcode_and_no_other_towns() -> None:
    towns = POSTCODES.towns("東京都", "新宿区")
    assert set(TOWN_CODES.values()) == towns
    for code, own in TOWN_CODES.items():
        for town in towns:
            split = split_town(f"東京都新宿区{town}1-2", code, POSTCODES)
            assert (split.town, split.rest, split.agrees) == (town, "1-2", town == own)


def test_every_floor_of_a_tower_in_shinjuku_stands_for_the_town_around_it() -> None:
    floors = [
        (code, place)
        for code in (f"{number:07d}" for number in range(1630000, 1632000))
        for place in POSTCODES.places(code)
        if place.building
    ]
    assert len(floors) > 500
    for code, place in floors:
        assert split_town("東京都新宿区西新宿1-2", code, POSTCODES) == TownSplit("西新宿", "1-2", agrees=True), place


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("新宿一丁目", "新宿１丁目"),
        ("霞ヶ丘町", "霞ケ丘町"),
        ("市ヶ谷田町", "市谷田町"),
        ("市ｹ谷砂土原町", "市谷砂土原町"),
        ("髙﨑", "高崎"),
        ("𠮷田", "吉田"),
        ("渡邊󠄆", "渡辺"),
        ("三ッ沢", "三ツ沢"),
        ("四ツ木", "四つ木"),
        ("塩竈", "塩釜"),
        ("ﾍﾞﾆﾊﾞﾅ", "ベニバナ"),
        ("辻󠄀子", "辻子"),
        ("大字太田", "太田"),
        ("Ｆ　ハイツ", "fハイツ"),
    ],
)
def test_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


_ADDRESSES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "東京都",
                "新宿区",
                "新宿",
                "西新宿",
                "四谷",
                "市",
                "ヶ",
                "谷",
                "市ヶ谷",
                "田町",
                "三栄町",
                "字",
                "大字",
                "　",
                "丁目",
                "\U000e0100",
                "ﾞ",
            ]
        ),
        st.text("一二十百0１2-－ビルＡb番地ノ", max_size=4),
        st.text(max_size=2),
    )
).map("".join)


@given(_ADDRESSES, st.sampled_from(["160-0022", "160-0004", "162-0843", "163-0805", "163-8001", "160-0000"]))
def test_the_rest_is_the_addresss_own_end_and_what_is_before_it_ends_with_the_town(address: str, code: str) -> None:
    split = split_town(address, code, POSTCODES)
    assert address.endswith(split.rest)
    before = address[: len(address) - len(split.rest)]
    assert fold(before) + fold(split.rest) == fold(address)
    assert fold(before).endswith(fold(split.town))


@given(st.sampled_from(sorted(POSTCODES.towns("東京都", "新宿区"))), st.text("一二十0１2-－ビルＡb番地ノ丁目　"))
def test_what_follows_a_town_is_left_as_it_is(town: str, rest: str) -> None:
    code = next(each for each in TOWN_CODES if TOWN_CODES[each] == town)
    split = split_town(f"東京都新宿区{town}{rest}", code, POSTCODES)
    assert split == TownSplit(town, rest, agrees=True)
