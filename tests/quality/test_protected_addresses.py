"""A protected household's place on another household's piece: noticed however it is written, and nothing else held."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from mailround.postcodes import load_postcodes
from mailround.quality.protected_addresses import Places, clear_of, protected_places

POSTCODES = load_postcodes()
POSTING = date(2026, 11, 25)
HOME = {"postcode": "160-0022", "address": "東京都新宿区新宿一丁目2番3号", "building": "メゾン早稲田　101号室"}
HOUSE = {"postcode": "162-0044", "address": "東京都新宿区喜久井町12番地", "building": ""}
NO_MAILTO = {
    "mailto_postcode": "",
    "mailto_address": "",
    "mailto_building": "",
    "mailto_reason": "",
    "mailto_until": None,
}
HOSPITAL = {
    "mailto_postcode": "204-0023",
    "mailto_address": "東京都清瀬市竹丘一丁目90番1号",
    "mailto_building": "みどりの丘病院　気付",
    "mailto_reason": "入院",
}
FRIEND = {
    "mailto_postcode": "169-0072",
    "mailto_address": "東京都新宿区大久保3-14-4",
    "mailto_building": "第二みどり荘202",
    "mailto_reason": "その他",
}
GUARDIAN = {
    "mailto_postcode": "101-0051",
    "mailto_address": "東京都千代田区神田神保町1-90-7",
    "mailto_building": "ききょうビル5F",
    "mailto_reason": "後見人",
}
LETTER = {
    "to_name": "山田　花",
    "to_address": "東京都新宿区百人町2-9-9",
    "to_building": "",
    "reason": "冬季加算を計上したため。",
    "district": "03",
}


def places_of(**changes: Any) -> Places:
    """Return the secret places of a round with one protected household, case 0000001."""
    row = {"case_no": "0000001", "protected": True, **HOME, **NO_MAILTO, **changes}
    other = {"case_no": "0000002", "protected": False, **HOUSE, **NO_MAILTO}
    return protected_places(pd.DataFrame([row, other], dtype=object), POSTCODES, POSTING)


def is_well(
    places: Places, *, case_no: str = "0000009", protected: bool = False, stays: bool = False, **texts: str
) -> bool:
    """Tell whether one piece is clear of the places."""
    block = pd.DataFrame([{"case_no": case_no, "protected": protected, "stays": stays, **LETTER, **texts}], index=[41])
    well = clear_of(places, block)
    assert list(well.index) == [41]
    assert well.dtype == bool
    return bool(well.iloc[0])


@pytest.mark.parametrize(
    ("address", "building"),
    [
        ("東京都新宿区新宿一丁目2番3号", "メゾン早稲田　101号室"),
        ("新宿区新宿1-2-3", "メゾン早稲田101"),
        ("東京都新宿区新宿１丁目２－３", "１０１"),
        ("新宿１ー２ー３ー１０１", ""),
        ("東京都 新宿区 新宿 一丁目 二番 三号", "一〇一号室"),
        ("東京都新宿区新宿1‐2−3", "ﾒｿﾞﾝ早稲田1階101"),
        ("東京都新宿区新宿一丁目2番3号101", ""),
        ("東京都新宿区新宿1丁目2番地の3", "第2メゾン 101"),
        ("東京都新宿区大字新宿1-2-3", "101"),
        ("東京都新宿区新宿\U000e0101①丁目2番3号", "ﾒｿﾞﾝ101"),
        ("東京都新宿区新宿\u3000 \u3000㊀丁目２番３号", "１０１"),
        ("東京都新宿区新宿1-2-3", "A棟101"),  # a 棟 that one of the two left out
    ],
)
def test_a_piece_that_goes_to_the_secret_place_is_held_however_the_place_is_written(
    address: str, building: str
) -> None:
    places = places_of()
    assert not is_well(places, to_address=address, to_building=building)
    assert is_well(places, to_address=address, to_building=building, case_no="0000001")  # its own letter
    assert is_well(places, to_address=address, to_building=building, protected=True)  # both are looked at anyway


@pytest.mark.parametrize(
    ("address", "building"),
    [
        ("東京都新宿区新宿一丁目2番3号", "メゾン早稲田　102号室"),
        ("東京都新宿区新宿一丁目2番3号", "メゾン早稲田1101"),
        ("東京都新宿区新宿一丁目2番3号", "メゾン早稲田"),
        ("東京都新宿区新宿一丁目2番30号", "101"),
        ("東京都新宿区新宿一丁目12番3号", "101"),
        ("東京都新宿区西新宿一丁目2番3号", "メゾン早稲田　101号室"),
        ("西新宿1-2-3-101", ""),
        ("東京都新宿区北新宿1-2-3", "101"),
        ("東京都新宿区新宿", ""),
        ("千葉県市川市新宿1-2-3", "メゾン早稲田　101号室"),
        ("東京都新宿区百人町1-2-3", "新宿ハイツ101"),
        ("", ""),
    ],
)
def test_neighbours_and_towns_of_a_similar_name_are_not_held(address: str, building: str) -> None:
    assert is_well(places_of(), to_address=address, to_building=building)


@pytest.mark.parametrize(
    "text",
    [
        "令和8年11月1日に新宿一丁目2番3号メゾン早稲田101号室へ転居したため。",
        "転居先は東京都新宿区新宿１－２－３－１０１です。",
        "長女の住所（新宿区新宿1-2-3）を確認しました。",
        "新宿1丁目2番3号に同居",
        "扶養義務者\n東京都新宿区\n新宿1-2-3\n101号室",
    ],
)
@pytest.mark.parametrize("field", ["reason", "to_name", "to_building"])
def test_the_secret_address_written_inside_another_text_is_noticed(field: str, text: str) -> None:
    assert not is_well(places_of(), **{field: text})
    assert not is_well(places_of(), protected=True, **{field: text})  # whoever reads it
    assert is_well(places_of(), case_no="0000001", **{field: text})


@pytest.mark.parametrize(
    "text",
    [
        "新宿に転居したため、1月2日から3日間の差額101円を計上します。",
        "新宿1丁目2番付近",
        "西新宿1-2-3へ転居したため。",
        "千葉県市川市新宿1-2-3へ転居したため。",
        "新宿1-2-3ひまわり荘203号室へ転居したため。",
        "新宿1-2-3-203へ転居したため。",
        "令和８年１１月から１－２－３を適用します。",
        "新宿101",
    ],
)
@pytest.mark.parametrize("field", ["reason", "to_building"])
def test_a_town_alone_another_room_and_dates_are_not_the_secret_address(field: str, text: str) -> None:
    assert is_well(places_of(), **{field: text})


def test_a_lot_of_one_number_is_an_address_in_a_text_only_with_its_word() -> None:
    places = places_of(**HOUSE)
    assert not is_well(places, to_address="新宿区喜久井町１２")
    assert not is_well(places, reason="喜久井町十二番地に転居")
    assert is_well(places, to_building="コーポ喜久井町12")
    assert is_well(places, reason="喜久井町12番地の4に転居")


ROOM = {"to_address": HOME["address"], "to_building": HOME["building"]}
AT_FRIENDS = {"to_address": FRIEND["mailto_address"], "to_building": FRIEND["mailto_building"]}
AT_GUARDIANS = {"to_address": GUARDIAN["mailto_address"], "to_building": GUARDIAN["mailto_building"]}


@pytest.mark.parametrize(
    ("mailto", "secret", "open_"),
    [
        ({}, [ROOM], [AT_FRIENDS, AT_GUARDIANS]),
        (FRIEND, [AT_FRIENDS], [ROOM]),  # the family it fled from may still live there
        (FRIEND | {"mailto_until": POSTING}, [AT_FRIENDS], [ROOM]),
        (FRIEND | {"mailto_until": date(2026, 11, 24)}, [AT_FRIENDS, ROOM], []),
        (FRIEND | {"mailto_address": "　"}, [ROOM], [AT_FRIENDS]),
        (GUARDIAN, [ROOM], [AT_GUARDIANS]),
    ],
)
def test_where_the_household_lives_now_is_the_secret(
    mailto: dict[str, Any], secret: list[dict[str, str]], open_: list[dict[str, str]]
) -> None:
    places = places_of(**mailto)
    assert [is_well(places, **texts) for texts in secret] == [False] * len(secret)
    assert [is_well(places, **texts) for texts in open_] == [True] * len(open_)


@pytest.mark.parametrize("building", ["みどりの丘病院　気付", "みどりの丘病院 3階東病棟", "みどりの丘病院305号室", ""])
def test_a_piece_to_the_institution_where_a_protected_household_stays_is_held(building: str) -> None:
    assert not is_well(places_of(**HOSPITAL), to_address="清瀬市竹丘1-90-1", to_building=building)
    assert is_well(places_of(**HOSPITAL), to_address="清瀬市竹丘1-90-11", to_building=building)
    assert is_well(places_of(**HOSPITAL), to_address="清瀬市竹丘1-90-1", to_building=building, protected=True)


def test_a_place_shared_by_two_protected_cases_is_another_s_for_each_of_them() -> None:
    rows = [{"case_no": case_no, "protected": True, **HOME, **NO_MAILTO} for case_no in ("0000001", "0000003")]
    places = protected_places(pd.DataFrame(rows, dtype=object), POSTCODES, POSTING)
    assert not is_well(places, **ROOM, case_no="0000001")
    assert is_well(places, **ROOM, case_no="0000001", protected=True)


def test_who_is_in_the_same_institution_is_not_held_for_its_address_but_for_what_else_is_written() -> None:
    places = places_of()
    assert is_well(places, **ROOM, stays=True)
    assert not is_well(places, stays=True, reason=f"転居先は{ROOM['to_address']}{ROOM['to_building']}のため。")


def test_a_place_without_a_number_is_found_as_a_whole_text_or_said_to_be_unsearchable() -> None:
    named = places_of(address="東京都新宿区新宿", building="やすらぎ寮")
    assert not named.unsearchable
    assert not is_well(named, to_address="東京都新宿区 新宿", to_building="やすらぎ　寮")
    assert not is_well(named, reason="東京都新宿区新宿　やすらぎ寮に入所")
    assert is_well(named, to_address="東京都新宿区新宿1-9-9")
    town = places_of(address="東京都新宿区新宿", building="")
    assert town.unsearchable == {"0000001"}
    assert is_well(town, reason="東京都新宿区新宿に転居")


@pytest.mark.parametrize("postcode", ["160-9999", "", "1620044"])
def test_a_wrong_postcode_does_not_hide_the_secret_place(postcode: str) -> None:
    places = places_of(postcode=postcode)
    assert not is_well(places, **ROOM)
    assert not is_well(places, to_address="東京都新宿区新宿1-2-3-101")


def test_june_has_no_reason_and_a_round_without_protected_households_holds_nothing() -> None:
    block = pd.DataFrame([{"case_no": "0000009", "protected": False, "stays": False, **LETTER, **ROOM}]).drop(
        columns="reason"
    )
    assert clear_of(places_of(), block).tolist() == [False]
    assert clear_of(places_of(protected=False), block).tolist() == [True]
    assert clear_of(places_of(), block[:0]).tolist() == []


def test_places_do_not_show_themselves() -> None:
    assert "新宿" not in repr(places_of())
    assert "0000001" not in repr(places_of())
