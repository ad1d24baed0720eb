"""A checker over the shipped settings, the real postcode table and the real font."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faults import POSTING

from mailround.fonts import FontStack, load_font
from mailround.model import Recipient
from mailround.postcodes import load_postcodes
from mailround.quality import Assessment, assess
from mailround.quality.catalogue import CATALOGUE
from mailround.quality.facts import Block, Given, Whole
from mailround.quality.forms import Forms
from mailround.rounds import load_round_kind
from mailround.settings import REPOSITORY, CheckSettings
from printing import ISSUED, templates

INCLUDE = REPOSITORY / "include"
POSTCODES = load_postcodes()
FONT = load_font(CheckSettings())

Checker = Callable[..., Assessment]


@pytest.fixture
def check() -> Checker:
    def checker(
        *recipients: Recipient,
        kind: str = "change_notice",
        include: Path = INCLUDE,
        font: FontStack = FONT,
        **more: Any,
    ) -> Assessment:
        return assess(
            [recipients],
            kind=load_round_kind(INCLUDE, kind),
            postcodes=POSTCODES,
            font=font,
            include=include,
            **{"issue_date": ISSUED} | more,
        )

    return checker


@pytest.fixture
def given_on() -> Callable[..., Given]:
    """Return what all questions may look at, for pieces that go out on the day of posting."""

    def factory(posting_date: date | None = POSTING, kind: str = "change_notice") -> Given:
        found = load_round_kind(INCLUDE, kind)
        forms = Forms(templates(kind), FONT, ISSUED)
        return Given(POSTCODES, forms, found.thresholds, ISSUED, posting_date, decision=found.decision)

    return factory


@pytest.fixture
def block_of(given_on: Callable[..., Given]) -> Callable[..., Block]:
    """Return what the questions about single households are put to."""

    def factory(*recipients: Recipient, **given: Any) -> Block:
        return Block.of(recipients, given_on(**given))

    return factory


@pytest.fixture
def asked(block_of: Callable[..., Block]) -> Callable[..., list[bool]]:
    """Return a rule's answers for some households."""

    def factory(rule_id: str, *recipients: Recipient, **given: Any) -> list[bool]:
        (rule,) = [each for each in CATALOGUE if each.id == rule_id]
        block = block_of(*recipients, **given)
        everyone = pd.Series(data=True, index=block.frame.index)
        table = Whole.of([block.kept(everyone)], block.given) if rule.across else block
        return [bool(each) for each in rule.answers(table)]

    return factory


@pytest.fixture
def neighbours(make_recipient: Callable[..., Recipient]) -> Callable[..., tuple[Recipient, ...]]:
    """Return a factory of sound households that have nothing in common, one for each dict of changes.

    They are numbered from 1; so are their case numbers (0000001), kana and document numbers.
    """

    def factory(*changes: dict[str, Any]) -> tuple[Recipient, ...]:
        names = ("髙﨑　𠮷郎", "渡邊\U000e0109　齋", "Le Van An")
        return tuple(
            make_recipient(
                **{
                    "record_no": number,
                    "name": names[number % 3],
                    "kana": f"カナ　{number}",
                    "birth_date": date(1950, 1, 1) + timedelta(days=137 * number),
                    "address": f"東京都新宿区新宿一丁目{number}番{number}号",
                    "document_no": f"8新福生第{number:06d}号",
                }
                | each
            )
            for number, each in enumerate(changes, 1)
        )

    return factory
