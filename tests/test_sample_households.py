"""Synthetic households are reproducible, plausible, and wrong only where it is said."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailround.model import Population, Recipient, Status
from mailround.postcodes import load_postcodes
from mailround.rounds import RoundKind
from mailround.sample_households import Sample, faultless, sample_recipients
from printing import kind

CHANGE, JUNE = kind(), kind("asset_declaration")


@pytest.fixture(scope="module")
def clean() -> Sample:
    return sample_recipients(3_000, 1, CHANGE, faults=False)


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


@settings(max_examples=25)
@given(households=st.integers(0, 200), seed=st.integers(0, 2**32), faults=st.booleans(), wide=st.booleans())
@pytest.mark.parametrize("kind", [CHANGE, JUNE], ids=lambda kind: kind.name)
def test_the_same_seed_gives_the_same_households_and_no_more_than_a_third_has_a_fault(
    kind: RoundKind, households: int, seed: int, *, faults: bool, wide: bool
) -> None:
    sample = sample_recipients(households, seed, kind, faults=faults, wide=wide)
    assert sample == sample_recipients(households, seed, kind, faults=faults, wide=wide)
    assert [each.record_no for each in sample.recipients] == list(range(1, households + 1))
    assert all((each.decision is not None) is kind.decision for each in sample.recipients)
    wrong = {case_no for fault, cases in sample.planted.items() if fault != "excluded" for case_no in cases}
    assert 3 * len(wrong) <= households
    assert faults or not sample.planted


def test_the_unknown_postcode_is_unknown() -> None:
    assert not load_postcodes().exists("1609999")


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
def test_faults_are_planted_where_it_is_said_and_nowhere_else(kind: RoundKind) -> None:
    whole = sample_recipients(400, 9, kind)
    before = sample_recipients(400, 9, kind, faults=False).recipients
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


def test_a_round_without_end_is_drawn_one_household_at_a_time() -> None:
    drawn = tuple(islice(faultless(10**12, 9, CHANGE), 50))
    assert drawn == sample_recipients(50, 9, CHANGE, faults=False).recipients
