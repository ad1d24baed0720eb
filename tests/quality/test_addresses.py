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
    ("address", "postcode"),
    [
        ("広島県江田島市江田島町国有無番地", "7372195"),
        ("東京都青ヶ島村無番地", "1001701"),
        ("北海道帯広市西二条南9丁目", "0800012"),
        ("東京都新宿区新宿二ノ三", "1600022"),
        ("東京都新宿区新宿１丁目２", "1600022"),
    ],
)
def test_a_lot_without_a_number_a_block_of_hokkaido_and_any_numeral_are_enough(address: str, postcode: str) -> None:
    where, code = pd.Series([address]), pd.Series([postcode])
    rest = addresses.split(where, code, POSTCODES)["rest"]
    assert addresses.number_present(where, code, rest, postcodes=POSTCODES).all()


def splits_of(*places: tuple[str, str]) -> tuple[pd.DataFrame, pd.Series]:
    address, code = (pd.Series(list(column), dtype=object) for column in zip(*places, strict=True))
    return addresses.split(address, code, POSTCODES), code


@pytest.mark.parametrize(
    ("address", "code", "well"),
    [
        ("東京都新宿区戸山三丁目18番1号", "1690052", True),
        ("東京都新宿区戸山三丁目18番1号", "1620052", False),
        ("新宿区戸山３－２１－４ 戸山ハイツ101", "1620052", False),
        ("東京都新宿区戸山三丁目20番1号", "1690052", False),
        ("東京都新宿区戸山二丁目18番1号", "1690052", False),
        ("東京都新宿区戸山二丁目18番1号", "1620052", True),
        ("東京都新宿区戸山3-18", "1620052", True),
        ("東京都新宿区西早稲田二丁目1番1号", "1690051", False),
        ("東京都新宿区西早稲田二丁目1番30号", "1620051", False),
        ("東京都新宿区西早稲田2-2-7", "1620051", True),
        ("東京都新宿区西早稲田", "1620051", True),
        ("東京都新宿区新宿1-2-3", "1600022", True),
        ("東京都新宿区戸山三丁目18番1号", "1600022", True),
        ("東京都日野市豊田三丁目26番1号", "1910051", False),
        ("東京都日野市豊田1234番地", "1910053", False),
        ("東京都日野市豊田3-26-1", "1910051", True),
        ("どこか3-18-1", "1620052", True),
        ("東京都新宿区戸山三丁目18番1号", "", True),
    ],
)
def test_a_block_on_the_other_codes_side_of_a_divided_town_is_told(address: str, code: str, well: bool) -> None:
    splits, codes = splits_of((address, code))
    answer = addresses.block_of_code(splits["town"], codes, splits["rest"], splits["agrees"], postcodes=POSTCODES)
    assert list(answer) == [well]


@pytest.mark.parametrize(
    ("code", "rest", "building", "well"),
    [
        ("1631303", "6-5-1", "新宿アイランドタワー3階", True),
        ("1631303", "6-5-1", "新宿アイランドタワー　３Ｆ", True),
        ("1631303", "6-5-1 新宿アイランドタワー三階", "", True),
        ("1631303", "6-5-1", "新宿アイランドタワー", True),
        ("1631303", "6-5-1", "新宿アイランドタワー301号室", True),
        ("1631390", "6-5-1", "新宿アイランドタワー3階", True),
        ("1631390", "6-5-1", "新宿アイランドタワー地下1階", True),
        ("1631301", "6-5-1", "新宿アイランドタワー地下1階", False),
        ("1631301", "6-5-1", "新宿アイランドタワーB1F", False),
        ("1631304", "6-5-1", "新宿アイランドタワー3階", False),
        ("1631313", "6-5-1", "新宿アイランドタワー3階", False),
        ("1630803", "2-4-1", "新宿アイランドタワー3階", False),
        ("1600023", "6-5-1", "新宿アイランドタワー3階", False),
        ("1600023", "6-5-1", "新宿アイランドタワー", False),
        ("1600023", "6-5-1", "アイランドハイツ3階", True),
        ("1600023", "6-5-1", "", True),
        ("1638001", "2-8-1", "新宿アイランドタワー3階", True),
        ("9999999", "6-5-1", "新宿アイランドタワー3階", True),
        ("", "6-5-1", "新宿アイランドタワー3階", True),
    ],
)
def test_a_tower_is_written_to_with_the_code_of_the_floor(code: str, rest: str, building: str, well: bool) -> None:
    columns = (pd.Series([each]) for each in ("西新宿", code, rest, building))
    assert list(addresses.floor_of_code(*columns, postcodes=POSTCODES)) == [well]


def test_a_tower_of_another_town_is_none() -> None:
    columns = (pd.Series([each]) for each in ("新宿", "1600022", "1-2-3", "新宿アイランドタワー3階"))
    assert addresses.floor_of_code(*columns, postcodes=POSTCODES).all()


def test_the_code_of_towns_that_are_not_listed_is_told() -> None:
    code = pd.Series(["1600022", "1600000", "0680400", "1000301", "1631303", "1638001", "9999999", ""])
    unlisted = code[~addresses.town_listed(code, postcodes=POSTCODES)]
    assert list(unlisted) == ["1600000", "0680400"]


@pytest.mark.parametrize(
    "building",
    [
        "コーポ早稲田",
        "第二みどり荘",
        "ハイツさくら　",
        "R&Dハイツ",
        "グリーンコーポⅡ",
        "VILLA戸山",
        "第2ハイツ",
        "ﾊｲﾂさくら",
        "都営第三アパート",
        "都営アパート3号棟",
        "コーポ早稲田B棟",
        "吉祥寺マンション",
        "区営住宅",
        "戸山団地",
        "さくらビル",
    ],
)
def test_a_building_of_several_dwellings_without_a_room_is_told(building: str) -> None:
    assert not addresses.room_given(pd.Series(["1-2-3"]), pd.Series([building])).any()


@pytest.mark.parametrize(
    "building",
    [
        "",
        "　",
        "コーポ早稲田101",
        "コーポ早稲田１０１号室",
        "コーポ早稲田B棟 201",
        "グリーンコーポⅡ-201",
        "都営アパート3-201",
        "ハイツさくらA",
        "つばさ荘二号",
        "福寿荘 2階",
        "ひまわり荘 東側",
        "さくらビル5F",
        "101 コーポ早稲田",
        "101号室　コーポ早稲田",
        "鈴木方",
        "コーポ早稲田　鈴木方",
        "コーポ早稲田　鈴木様方",
        "みどりの丘病院",
        "救護施設やすらぎ寮",
        "グループホームさくら荘",
        "新宿区役所内",
        "〇〇法律事務所気付",
        "住宅地",
        "鈴木商店",
        "福寿荘二〇三",
        "カーサ新宿 二〇一",
        "株式会社鈴木ビル管理",
        "新宿館",
        "中央棟",
    ],
)
def test_a_room_someones_household_and_an_institution_are_enough(building: str) -> None:
    assert addresses.room_given(pd.Series(["1-2-3"]), pd.Series([building])).all()


def test_a_room_may_stand_with_the_number_of_the_lot() -> None:
    rest = pd.Series(["1-2-3-101", "一丁目2番3-101号", "1-2-3"])
    assert list(addresses.room_given(rest, pd.Series(["コーポ早稲田"] * 3))) == [True, True, False]


@pytest.mark.parametrize(
    ("address", "building"),
    [
        ("住所不定", ""),
        ("不定", ""),
        ("なし", ""),
        ("住所　不定", ""),
        ("住所地なし", ""),
        ("東京都新宿区内路上", ""),
        ("東京都新宿区西新宿一丁目 新宿駅西口地下道", ""),
        ("東京都新宿区西新宿1-1 ガード下", ""),
        ("居所不明", ""),
        ("東京都新宿区（住居なし）", ""),
        ("東京都新宿区以下定まった住居なし", ""),
        ("東京都新宿区路上", ""),
        ("東京都新宿区西新宿二丁目11番先路上", ""),
        ("東京都新宿区西新宿二丁目11 新宿中央公園", ""),
        ("東京都新宿区西新宿2-11", "新宿中央公園内"),
        ("東京都新宿区戸山3-2", "戸山公園"),
        ("東京都新宿区新宿三丁目38番", "新宿駅構内"),
        ("東京都新宿区新宿1-2", "ホームレス"),
        ("東京都新宿区新宿1-2", "インターネットカフェ"),
        ("東京都新宿区下落合1-1 神田川河川敷", ""),
        ("東京都新宿区西新宿1-1 高架下", ""),
    ],
)
def test_words_of_no_fixed_abode_are_told(address: str, building: str) -> None:
    code = "1690052" if "戸山" in address else "1600023"
    splits, _ = splits_of((address, code))
    assert not addresses.fixed_abode(splits["rest"], pd.Series([building])).any()


@pytest.mark.parametrize(
    ("rest", "building"),
    [
        ("1-2-3", ""),
        ("", ""),
        ("1-2-3", "パークハウス戸山公園"),
        ("1-2-3", "公園通りハイツ101"),
        ("1-2-3", "中央公園前ビル2F"),
        ("1-2-3", "ライオンズマンション新宿御苑101"),
        ("1-2-3", "駅前ビル"),
        ("1-2-3 吉野宿ハイツ", ""),
        ("波路上原1-2", ""),
        ("住所大山1", ""),
        ("東住所1", ""),
        ("日比谷公園1-6", ""),
    ],
)
def test_towns_and_buildings_that_only_sound_like_it_are_not(rest: str, building: str) -> None:
    assert addresses.fixed_abode(pd.Series([rest]), pd.Series([building])).all()


def test_no_town_of_tokyo_or_with_a_park_road_or_inn_in_its_name_sounds_homeless() -> None:
    wards = ("千代田区", "新宿区", "世田谷区", "台東区", "江東区", "日野市", "八王子市")
    cities = [("東京都", ward) for ward in wards]
    cities += [("宮城県", "気仙沼市"), ("京都府", "福知山市"), ("山形県", "山形市"), ("兵庫県", "神戸市中央区")]
    towns = [f"{city}{town}" for prefecture, city in cities for town in POSTCODES.towns(prefecture, city)]
    rest = pd.Series([f"{town}{number}" for town in towns for number in ("1-2", "一丁目2番", "　3")])
    assert len(rest) > 2000
    assert not list(rest[~addresses.fixed_abode(rest, pd.Series([""] * len(rest)))])


@pytest.mark.parametrize("sign", "‐‑‒–—―−﹣－ーｰ〜～─━一")
def test_a_sign_that_looks_like_a_hyphen_between_digits_is_told(sign: str) -> None:
    address, none = pd.Series([f"新宿1{sign}2", f"新宿１{sign}２", "新宿1-2"]), pd.Series([""] * 3)
    assert list(addresses.plain_numbers(address, none)) == [False, False, True]
    assert list(addresses.plain_numbers(none, address)) == [False, False, True]


@pytest.mark.parametrize("sign", "OoＯｏIlＩｌ○◯〇")
def test_a_letter_or_a_circle_that_looks_like_a_digit_is_told(sign: str) -> None:
    assert not addresses.plain_numbers(pd.Series([f"新宿1{sign}2", f"新宿１{sign}２"])).any()


def test_a_letter_for_a_digit_right_behind_a_unit_is_told() -> None:
    assert not addresses.plain_numbers(pd.Series(["新宿1丁目l2番3号", "新宿1丁目2番O号"])).any()


def test_a_sign_that_looks_like_a_hyphen_behind_a_unit_is_told() -> None:
    assert not addresses.plain_numbers(pd.Series(["新宿1丁目ー2", "新宿3番‐4", "新宿3番地−4"])).any()


@pytest.mark.parametrize(
    "text",
    [
        "1-2-3",
        "一〇五番",
        "O棟1",
        "一丁目2番3号",
        "二十一番地",
        "コーポ1",
        "ハイツー2",
        "セーター通り1",
        "3ーA",
        "十一番一号",
        "",
    ],
)
def test_ordinary_hyphens_and_long_vowels_are_not(text: str) -> None:
    assert addresses.plain_numbers(pd.Series([text])).all()


def lots(*homes: tuple[str, str]) -> tuple[pd.Series, pd.Series]:
    address, building = (pd.Series(list(column), dtype=object) for column in zip(*homes, strict=True))
    splits = addresses.split(address, pd.Series(["1600022"] * len(homes)), POSTCODES)
    return addresses.lot(splits["town"], splits["rest"], building)


def test_a_lot_is_town_and_number_however_they_and_the_dwelling_are_written() -> None:
    keys, given = lots(
        ("東京都新宿区新宿一丁目2番3号", ""),
        ("新宿区新宿１－２－３", "新宿ハイツ101"),
        ("東京都新宿区新宿1-2-3 新宿ハイツ202", ""),
        ("新宿区新宿1-2-3-303", ""),
        ("東京都新宿区新宿1丁目2番3号　", "　"),
    )
    assert set(keys) == {"新宿\x001-2-3"}
    assert list(given) == [False, True, True, True, False]


def test_a_place_without_town_or_number_is_no_lot() -> None:
    keys, _ = lots(("東京都新宿区新宿", ""), ("東京都新宿区字原1-2", ""), ("どこか1-2", ""), ("", ""))
    assert list(keys) == [""] * 4


LOT = ("東京都新宿区新宿1-2-3", "")
NEIGHBOUR = ("東京都新宿区新宿一丁目2番3号", "新宿ハイツ")


@pytest.mark.parametrize(
    ("homes", "missing"),
    [
        ([LOT, (NEIGHBOUR[0], "新宿ハイツ101"), (NEIGHBOUR[0], "新宿ハイツ102")], [0]),
        ([LOT, (f"{LOT[0]}-101", ""), (f"{LOT[0]} ハイツ102", "")], [0]),
        ([LOT, LOT, NEIGHBOUR, NEIGHBOUR], [0, 1]),
        ([LOT, NEIGHBOUR], []),
        ([LOT, LOT, LOT], []),
        ([("東京都新宿区新宿1-2-4", ""), NEIGHBOUR, NEIGHBOUR], []),
        ([("東京都新宿区新宿", ""), ("東京都新宿区新宿", "ハイツ1"), ("東京都新宿区新宿", "ハイツ2")], []),
    ],
)
def test_a_home_without_a_dwelling_is_told_where_two_neighbours_on_the_lot_have_one(
    homes: list[tuple[str, str]], missing: list[int]
) -> None:
    well = addresses.building_missing(*lots(*homes))
    assert [place for place, each in enumerate(well) if not each] == missing


def test_every_answer_keeps_the_index_it_was_asked_with() -> None:
    index = pd.Index([17, 4, 9])
    address = pd.Series(["東京都新宿区戸山3-18-1", "", "東京都新宿区西新宿6-5-1"], index=index, dtype=object)
    code = pd.Series(["1620052", "", "1600023"], index=index, dtype=object)
    building = pd.Series(["", "", "新宿アイランドタワー3階"], index=index, dtype=object)
    splits = addresses.split(address, code, POSTCODES)
    town, rest, agrees = splits["town"], splits["rest"], splits["agrees"]
    key, given = addresses.lot(town, rest, building)
    answers = [
        addresses.postcode_wellformed(code),
        addresses.postcode_exists(code, postcodes=POSTCODES),
        addresses.postcode_agrees(address, code, agrees, postcodes=POSTCODES),
        addresses.number_present(address, code, rest, postcodes=POSTCODES),
        addresses.block_of_code(town, code, rest, agrees, postcodes=POSTCODES),
        addresses.floor_of_code(town, code, rest, building, postcodes=POSTCODES),
        addresses.town_listed(code, postcodes=POSTCODES),
        addresses.room_given(rest, building),
        addresses.fixed_abode(rest, building),
        addresses.plain_numbers(address, building),
        addresses.building_missing(key, given),
    ]
    for answer in answers:
        assert list(answer.index) == [17, 4, 9]
        assert answer.dtype == bool
    assert not answers[4][17]
    assert not answers[5][9]


HOSTILE = [
    "\x00",
    "\ud800",
    "\u202e新宿1-2",
    "新宿\u200b1-2",
    "\ufeff1-2",
    "\ue000",
    "🏠1-2",
    "=cmd|'/C calc'!A0",
    "<b>1-2</b>",
    "1-2\r\n3",
    "１" * 20_000,
    "一" * 20_000 + "番",
    "1-" * 10_000,
    "「" * 5_000,
    "　" * 20_000,
    "公園" * 5_000,
    "コーポ" * 5_000,
    "字" * 20_000,
    "か\u3099" * 5_000,
    "\U000e0100" * 5_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_is_too_strange_to_be_asked_about(text: str) -> None:
    address = pd.Series([text, f"東京都新宿区西新宿{text}", f"東京都新宿区戸山{text}"], dtype=object)
    code = pd.Series(["1600023", "1600023", "1690052"], dtype=object)
    splits = addresses.split(address, code, POSTCODES)
    town, rest, agrees = splits["town"], splits["rest"], splits["agrees"]
    assert list(agrees) == [False, True, True]
    assert list(town) == ["", "西新宿", "戸山"]
    for building in (address, rest):
        key, given = addresses.lot(town, rest, building)
        answers = [
            addresses.postcode_agrees(address, code, agrees, postcodes=POSTCODES),
            addresses.number_present(address, code, rest, postcodes=POSTCODES),
            addresses.block_of_code(town, code, rest, agrees, postcodes=POSTCODES),
            addresses.floor_of_code(town, code, rest, building, postcodes=POSTCODES),
            addresses.room_given(rest, building),
            addresses.fixed_abode(rest, building),
            addresses.plain_numbers(address, building),
            addresses.building_missing(key, given),
        ]
        assert all(answer.dtype == bool for answer in answers)
        assert addresses.residence_key(town, rest, address, building).map(type).eq(str).all()


def test_a_round_of_no_one_is_well() -> None:
    none = pd.Series([], dtype=object)
    splits = addresses.split(none, none, POSTCODES)
    assert list(splits.columns) == ["town", "rest", "agrees"]
    assert len(addresses.fixed_abode(none, none)) == 0
    assert len(addresses.plain_numbers(none, none)) == 0
    assert len(addresses.building_missing(*addresses.lot(none, none, none))) == 0


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
