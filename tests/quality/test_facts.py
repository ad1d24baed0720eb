"""What the predicates look at: where a piece goes, what is printed of it, and what its form has room for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from faults import MAILTO, POSTING
from hypothesis import given
from hypothesis import strategies as st

from mailround.model import Population, Recipient
from mailround.piece_id import piece_id
from mailround.postcodes import load_postcodes
from mailround.quality.facts import Facts, is_dated
from printing import ISSUED, templates, whole_font

Maker = Callable[..., Recipient]
Neighbours = Callable[..., tuple[Recipient, ...]]
FactsOf = Callable[..., Facts]

EXPIRED = MAILTO | {"mailto_until": date(2026, 11, 23)}


@pytest.mark.parametrize(
    ("changes", "posting_date", "postcode"),
    [
        ({}, POSTING, "160-0022"),
        (MAILTO, POSTING, "160-0004"),
        (EXPIRED, POSTING, "160-0022"),
        (EXPIRED, date(2026, 11, 23), "160-0004"),
        (EXPIRED, None, "160-0004"),
    ],
)
def test_a_piece_goes_where_it_will_go_on_the_day_of_posting_and_to_every_mail_to_before_there_is_one(
    facts_of: FactsOf, make_recipient: Maker, changes: dict[str, Any], posting_date: date | None, postcode: str
) -> None:
    facts = facts_of(make_recipient(**changes), posting_date=posting_date)
    assert [each.postcode for each in facts.addressees] == [postcode]
    assert facts.codes == (postcode.replace("-", ""),)


@pytest.mark.parametrize(
    ("postcode", "code"),
    [("1600022", "1600022"), ("160-0022", "1600022"), ("160-002", None), ("", None), ("１６０００２２", None)],
)
def test_a_malformed_postcode_has_no_code(
    facts_of: FactsOf, make_recipient: Maker, postcode: str, code: str | None
) -> None:
    assert facts_of(make_recipient(postcode=postcode)).codes == (code,)


def test_an_address_is_cut_behind_the_town_of_where_the_piece_goes(facts_of: FactsOf, make_recipient: Maker) -> None:
    facts = facts_of(make_recipient(), make_recipient(record_no=2, **MAILTO), make_recipient(record_no=3, address="？"))
    assert [(each.town, each.rest, each.agrees) for each in facts.splits] == [
        ("新宿", "一丁目2番3号", True),
        ("四谷", "三丁目4番5号", True),
        ("", "？", False),
    ]


def test_the_texts_are_all_that_is_printed_of_a_household_and_nothing_else(
    facts_of: FactsOf, make_recipient: Maker
) -> None:
    plain, sent_elsewhere, undecided = facts_of(
        make_recipient(reason="一行目\r\n二行目\n三行目\r四"),
        make_recipient(record_no=2, **MAILTO),
        make_recipient(record_no=3, decision=None),
    ).texts
    assert plain == (
        "髙﨑　𠮷郎",
        "髙﨑　𠮷郎",
        "160-0022",
        "東京都新宿区新宿一丁目2番3号",
        "新宿ハイツ101号室",
        "01",
        "8新福生第100001号",
        "一行目二行目三行目\r四",
    )
    assert "四谷第一病院" in sent_elsewhere
    assert "新宿ハイツ101号室" not in sent_elsewhere
    assert undecided == plain[:6]


@pytest.mark.parametrize(
    ("dates", "dated"),
    [
        ({}, True),
        ({"decision_date": None}, False),
        ({"effective_date": None}, False),
        ({"payment_date": None}, False),
        ({"effective_date": date(1, 1, 1)}, False),
        ({"payment_date": date(1868, 10, 22)}, False),
        ({"payment_date": date(1868, 10, 23)}, True),
    ],
)
def test_a_decision_is_dated_when_its_three_dates_can_be_written_in_an_era(
    facts_of: FactsOf, make_recipient: Maker, dates: dict[str, Any], dated: bool
) -> None:
    recipient = make_recipient(**dates)
    assert recipient.decision
    assert is_dated(recipient.decision) is dated
    facts = facts_of(recipient)
    (to,) = facts.addressees
    known = facts.values(recipient, to)
    assert (known is not None) is dated
    assert facts.misfits(recipient, to) == ()  # what cannot be printed yet is not measured


@pytest.mark.parametrize("population", Population)
def test_a_households_text_is_measured_in_the_form_of_its_own_population(
    facts_of: FactsOf, make_recipient: Maker, population: Population
) -> None:
    fits, does_not = make_recipient(population=population), make_recipient(population=population, name="寿限無" * 60)
    facts = facts_of(fits, does_not)
    assert [facts.misfits(each, to) for each, to in zip((fits, does_not), facts.addressees, strict=True)] == [
        (),
        ("addressee", "head"),
    ]
    assert facts.composers.keys() == set(Population)


@given(secret=st.binary(min_size=5, max_size=5))
def test_room_is_measured_for_the_widest_piece_id(secret: bytes) -> None:
    font = whole_font()
    facts = Facts((), load_postcodes(), font, templates(), ISSUED, POSTING)
    assert font.width(piece_id(secret)) <= font.width(facts._widest_id)
