"""A checker over the shipped settings, the real postcode table and the real font."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from faults import POSTING

from mailround.fonts import FontStack, load_font
from mailround.model import Recipient
from mailround.postcodes import load_postcodes
from mailround.quality import Assessment, assess
from mailround.quality.facts import Facts
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
            recipients,
            kind=load_round_kind(INCLUDE, kind),
            postcodes=POSTCODES,
            font=font,
            include=include,
            **{"issue_date": ISSUED} | more,
        )

    return checker


@pytest.fixture
def facts_of() -> Callable[..., Facts]:
    """Return what the predicates look at, of households that go out on the day of posting."""

    def factory(*recipients: Recipient, posting_date: date | None = POSTING, kind: str = "change_notice") -> Facts:
        return Facts(recipients, POSTCODES, FONT, templates(kind), ISSUED, posting_date)

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
                    "address": f"東京都新宿区新宿一丁目{number}番{number}号",
                    "document_no": f"8新福生第{number:06d}号",
                }
                | each
            )
            for number, each in enumerate(changes, 1)
        )

    return factory
