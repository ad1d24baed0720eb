"""What a body is about, on which it depends whether another takes its place or is recorded beside it."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from mailround.register.bodies.body import Body
from mailround.register.entries import AnyBody, Correction, Rendered, RoundEnded, Verified

KINDS: list[type[Body]] = list(get_args(get_args(AnyBody)[0]))


def group(kind: type[Rendered | Verified], first: int, last: int, pages: int = 1) -> Any:
    return kind(first=first, last=last, pieces=1, pages=pages, sha256="a" * 64)


@pytest.mark.parametrize("kind", KINDS)
def test_what_tells_bodies_of_a_kind_apart_is_among_its_fields(kind: type[Body]) -> None:
    assert set(kind.identity) <= set(kind.model_fields)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (RoundEnded(step="approve_release", files=1), RoundEnded(step="seal", files=2), True),
        (group(Rendered, 1, 2), group(Rendered, 1, 2, pages=9), True),
        (group(Rendered, 1, 2), group(Rendered, 3, 4), False),
        (group(Rendered, 1, 2), group(Verified, 1, 2), False),
        (Correction(corrects=1, reason="誤記"), Correction(corrects=1, reason="二重"), True),
        (Correction(corrects=1, reason="誤記"), Correction(corrects=2, reason="誤記"), False),
    ],
)
def test_a_later_body_takes_the_place_of_the_one_about_the_same(one: Body, other: Body, *, same: bool) -> None:
    assert (one.about() == other.about()) is same


def test_a_body_is_never_changed() -> None:
    body = RoundEnded(step="seal", files=2)
    with pytest.raises(ValidationError):
        body.files = 3  # type: ignore[misc]  # that is the point
