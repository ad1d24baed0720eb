"""What holds for both handovers, and what the posting after them says alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from answered import (
    answer,
    day,
    expire,
    lead_to,
    release_ready,
)
from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.forms import Form, settle
from mailround.media_handover import MediaHandover
from mailround.model import Recipient
from mailround.password_handover import PasswordHandover
from mailround.posting import Posting


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]) -> RoundContext:
    return release_ready(open_a_round(), make_recipient)


@pytest.mark.parametrize("form", [MediaHandover, PasswordHandover, Posting])
def test_the_questions_say_until_when_the_pieces_may_be_posted(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    assert "発送できる最後の日" not in form.body(work)
    expire(work, day(11, 24))
    assert "| 発送できる最後の日 | 2026-11-24" in form.body(work)


@pytest.mark.parametrize("form", [MediaHandover, PasswordHandover])
def test_a_privacy_mark_that_expired_before_the_handover_closes_it(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    mark = work.contract.privacy_mark.model_copy(update={"expires": day(11, 15).date()})
    object.__setattr__(work, "contract", work.contract.model_copy(update={"privacy_mark": mark}))
    before = work.entries
    with pytest.raises(GateClosedError, match="点検表1"):
        settle(form, work, answer(form), at=day(11, 17))
    assert work.entries == before
