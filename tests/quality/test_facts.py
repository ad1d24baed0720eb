"""What the questions are put to: where a piece goes, and what is kept of it for the whole round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest
from faults import MAILTO, POSTING

from mailround.model import Recipient
from mailround.quality.facts import Block, Whole

Maker = Callable[..., Recipient]
Neighbours = Callable[..., tuple[Recipient, ...]]
BlockOf = Callable[..., Block]

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
    block_of: BlockOf, make_recipient: Maker, changes: dict[str, Any], posting_date: date | None, postcode: str
) -> None:
    frame = block_of(make_recipient(**changes), posting_date=posting_date).frame
    assert list(frame["to_postcode"]) == [postcode]
    assert list(frame["code"]) == [postcode.replace("-", "")]
    assert [each.postcode for each in frame["to"]] == [postcode]


def test_line_breaks_are_no_characters_of_a_reason(block_of: BlockOf, make_recipient: Maker) -> None:
    block = block_of(make_recipient(reason="一行目\r\n二行目\n三行目\r四"))
    assert list(block.frame["own_reason"]) == ["一行目二行目三行目\r四"]


def whole_of(*blocks: Block) -> Whole:
    kept = [each.kept(pd.Series(data=True, index=each.frame.index)) for each in blocks]
    return Whole.of(kept, blocks[0].given)


def test_a_household_is_kept_with_its_home_and_with_where_its_letter_goes(
    block_of: BlockOf, neighbours: Neighbours
) -> None:
    frame = whole_of(block_of(*neighbours({}, MAILTO, {"mailto_name": "病院"}))).frame
    assert list(frame["elsewhere"] != 0) == [False, True, False]
    assert frame["home"].nunique() == 3
    assert list(frame["stays"]) == [False, True, False]


def test_blocks_put_together_are_the_round_letter_by_letter(block_of: BlockOf, neighbours: Neighbours) -> None:
    odd = {"name": "髙﨑\0\n𠮷\ud800", "kana": "", "birth_date": None, "reason": "理由\r\n　"}
    households = neighbours({}, odd, MAILTO)
    blocks = block_of(*households[:2]), block_of(*households[2:])
    whole = whole_of(*blocks)
    assert list(whole.frame.index) == [1, 2, 3]
    for name in ("case_no", "population", "protected"):
        assert list(whole.frame[name]) == [getattr(each, name) for each in households], name
    named = pd.concat([each.kept(pd.Series(data=True, index=each.frame.index)).names.frame() for each in blocks])
    for name in ("case_no", "name", "kana"):
        assert list(named[name]) == [getattr(each, name) for each in households], name
    assert list(whole.frame["document_no"]) == [each.decision.document_no for each in households if each.decision]
    said = pd.concat([each.frame() for each in whole.texts])
    assert list(said["reason"]) == [each.decision.reason for each in households if each.decision]
    assert list(said["to_building"]) == ["新宿ハイツ101号室", "新宿ハイツ101号室", ""]


def test_the_wanted_of_a_round_are_taken_alone_and_the_protected_stay(
    block_of: BlockOf, neighbours: Neighbours
) -> None:
    whole = whole_of(block_of(*neighbours({}, {"protected": True}, MAILTO)))
    rest = whole.only(whole.frame["elsewhere"] == 0)
    assert list(rest.frame.index) == [1, 2]
    assert list(rest.only(~rest.frame["protected"]).protected.index) == [2]
    assert whole.only(whole.frame["active"]) is whole
