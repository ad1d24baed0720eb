"""Where a piece goes: settled once, for the day it is posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailround.model import Addressee, Recipient

Maker = Callable[..., Recipient]
POSTED = date(2026, 11, 24)
HOME = Addressee("髙﨑　𠮷郎", "160-0022", "東京都新宿区新宿一丁目2番3号", "新宿ハイツ101号室")
MAILTO = {
    "mailto_name": "成年後見人　司法書士　後見　花子",
    "mailto_postcode": "1690075",
    "mailto_address": "東京都新宿区高田馬場9-9",
    "mailto_building": "第二ビル",
}
ELSEWHERE = Addressee("成年後見人　司法書士　後見　花子", "1690075", "東京都新宿区高田馬場9-9", "第二ビル")


@pytest.mark.parametrize(
    ("until", "to"),
    [
        (None, ELSEWHERE),
        (POSTED + timedelta(days=1), ELSEWHERE),
        (POSTED, ELSEWHERE),
        (POSTED - timedelta(days=1), HOME),
        (date.min, HOME),
    ],
)
def test_a_mail_to_is_good_through_its_last_day(make_recipient: Maker, until: date | None, to: Addressee) -> None:
    assert make_recipient(**MAILTO, mailto_until=until).addressee(POSTED) == to


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({"mailto_until": POSTED}, POSTED),
        ({"mailto_until": POSTED + timedelta(days=9)}, POSTED + timedelta(days=9)),
        ({"mailto_until": POSTED - timedelta(days=1)}, None),  # goes to the residence, which has no end
        ({"mailto_until": POSTED, "mailto_address": "　"}, None),
        ({}, None),
    ],
)
def test_a_piece_may_be_posted_until_the_mail_to_it_goes_to_expires(
    make_recipient: Maker, changes: dict[str, object], until: date | None
) -> None:
    assert make_recipient(**MAILTO | changes).postable_until(POSTED) == until


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mailto_name": "後見　花子"},
        {"mailto_postcode": "1690075"},
        MAILTO | {"mailto_address": " "},
        MAILTO | {"mailto_address": "　"},
    ],
)
def test_without_a_mail_to_address_the_residence_is_meant(make_recipient: Maker, changes: dict[str, str]) -> None:
    assert make_recipient(**changes).addressee(POSTED) == HOME


@pytest.mark.parametrize("name", ["", " ", "　", "\u3000 \u00a0"])
def test_a_mail_to_without_a_name_goes_to_the_head_of_household(make_recipient: Maker, name: str) -> None:
    assert make_recipient(**MAILTO | {"mailto_name": name}).addressee(POSTED).name == HOME.name


@pytest.mark.parametrize(
    ("changes", "on_behalf_of"),
    [
        ({"mailto_reason": "後見人"}, "髙﨑　𠮷郎"),
        ({"mailto_reason": "後見人", "mailto_name": ""}, ""),
        ({"mailto_reason": "後見人", "mailto_name": "　"}, ""),
        ({"mailto_reason": "後見人", "mailto_until": POSTED - timedelta(days=1)}, ""),
        ({"mailto_reason": "後見人", "mailto_address": ""}, ""),
        ({"mailto_reason": "入院"}, ""),
        ({"mailto_reason": "施設"}, ""),
        ({"mailto_reason": "その他"}, ""),
    ],
)
def test_only_a_guardian_who_is_written_to_receives_on_behalf_of_the_household(
    make_recipient: Maker, changes: dict[str, object], on_behalf_of: str
) -> None:
    assert make_recipient(**MAILTO | changes).addressee(POSTED).on_behalf_of == on_behalf_of


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(until=st.none() | st.dates(), day=st.dates())
def test_a_piece_goes_to_one_of_the_two_places_and_never_to_a_mixture(
    make_recipient: Maker, until: date | None, day: date
) -> None:
    assert make_recipient(**MAILTO, mailto_until=until).addressee(day) in {HOME, ELSEWHERE}
