"""A disc's number is given once: in any round, in any spelling, until the entry is taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from answered import day, take_back
from mailround.context import RoundContext
from mailround.media_numbers import taken
from mailround.register.entries import MediaChecked


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    opened = open_a_round()
    checked = MediaChecked(media_no="DVD-0001", package_sha256="a" * 64, manifest_sha256="d" * 64)
    opened.register.append(checked, round_id=opened.round_id, actor="mailround", at=day(11, 13))
    return opened


@pytest.mark.parametrize("number", ["DVD-0001", "dvd-0001"])
def test_a_number_belongs_to_the_disc_that_had_it_first(work: RoundContext, number: str) -> None:
    entries = work.register.entries()
    assert taken(entries, number, "b" * 64) == entries[-1]
    assert taken(iter(entries), number, "b" * 64) == entries[-1]


def test_the_same_package_and_another_number_are_free(work: RoundContext) -> None:
    assert taken(work.register.entries(), "DVD-0001", "a" * 64) is None
    assert taken(work.register.entries(), "DVD-0002", "b" * 64) is None


def test_a_number_that_was_recorded_by_mistake_is_free_again(work: RoundContext) -> None:
    take_back(work, MediaChecked)
    assert taken(work.register.entries(), "DVD-0001", "b" * 64) is None
