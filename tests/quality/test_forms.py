"""The forms of a round: what they print, and what they have no room for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailround.model import Population, Recipient
from mailround.piece_id import piece_id
from mailround.quality.forms import Forms, is_dated
from printing import ISSUED, templates, whole_font

Maker = Callable[..., Recipient]
FORMS = Forms(templates(), whole_font(), ISSUED)
DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("dates", "dated"),
    [
        ({}, True),
        ({"decision_date": None}, False),
        ({"effective_date": date(1, 1, 1)}, False),
        ({"payment_date": date(1868, 10, 22)}, False),
        ({"payment_date": date(1868, 10, 23)}, True),
    ],
)
def test_what_cannot_be_printed_yet_is_not_measured(make_recipient: Maker, dates: dict[str, Any], dated: bool) -> None:
    recipient = make_recipient(**dates, name="寿限無" * 60)
    assert recipient.decision
    assert is_dated(recipient.decision) is dated
    assert (FORMS.values(recipient, recipient.addressee(DAY)) is not None) is dated
    assert FORMS.misfits(recipient, recipient.addressee(DAY)) == (("addressee", "head") if dated else ())


@pytest.mark.parametrize("population", Population)
def test_a_households_text_is_measured_in_the_form_of_its_own_population(
    make_recipient: Maker, population: Population
) -> None:
    for name, unfit in (("山田　太郎", ()), ("寿限無" * 60, ("addressee", "head"))):
        recipient = make_recipient(population=population, name=name)
        assert FORMS.misfits(recipient, recipient.addressee(DAY)) == unfit
    assert FORMS.composers.keys() == set(Population)
    assert all(map(FORMS.belongs, Population))


WORDS = st.text(st.sampled_from("髙寿 　あー、ＡA1-（\n𠮷"), max_size=60)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_quick_answer_is_the_composers(make_recipient: Maker, data: st.DataObject) -> None:
    amount = st.one_of(st.integers(0, 10**7), st.integers(0, 10**13))
    changes: dict[str, Any] = {
        name: data.draw(WORDS, label=name)
        for name in data.draw(st.sets(st.sampled_from(["name", "building", "address", "case_no", "document_no"])))
    }
    if data.draw(st.booleans()):
        changes["reason"] = data.draw(WORDS) * data.draw(st.integers(1, 20))
    if data.draw(st.booleans()):
        changes["after"] = tuple(data.draw(st.lists(amount, min_size=8, max_size=8)))
        changes["total_after"] = data.draw(amount)
    if data.draw(st.booleans()):
        changes |= {"mailto_name": data.draw(WORDS), "mailto_address": "新宿1-2-3", "mailto_reason": "後見人"}
    recipient = make_recipient(population=data.draw(st.sampled_from(Population)), **changes)
    to = recipient.addressee(DAY)
    answer = FORMS.misfits(recipient, to) == ()
    assert FORMS.fits(recipient, to) is answer


@given(secret=st.binary(min_size=5, max_size=5))
def test_room_is_measured_for_the_widest_piece_id(secret: bytes) -> None:
    font = whole_font()
    assert font.width(piece_id(secret)) <= font.width(FORMS._widest_id)
