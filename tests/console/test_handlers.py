"""What only a round's handlers may do: whom the contract names, on a day on which it names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from visited import visit

from mailround.console.handlers import handled_round
from mailround.console.visit import NotFoundError
from mailround.context import RoundContext
from mailround.errors import NotForYouError
from mailround.handover import Handover


@pytest.mark.parametrize(
    ("user", "day", "may"),
    [
        ("officer", date(2026, 11, 30), True),
        ("datateam", date(2026, 11, 30), True),
        ("officer", date(2029, 1, 1), False),
        ("approver", date(2026, 11, 30), False),
        ("OFFICER", date(2026, 11, 30), False),
        ("", date(2026, 11, 30), False),
    ],
)
def test_a_handler_gets_the_round_and_nobody_else(
    open_a_round: Callable[..., RoundContext], user: str, day: date, may: bool
) -> None:
    work = open_a_round()
    asked = replace(visit(work.settings, day, round_id=work.round_id), user=user)
    if may:
        assert handled_round(asked, Handover.responders, "これを見られるのは").round_id == work.round_id
        return
    with pytest.raises(NotForYouError, match="これを見られるのは、この回の契約で取扱者に指定され、期間内の人だけです"):
        handled_round(asked, Handover.responders, "これを見られるのは")


def test_of_a_round_that_is_not_there_nobody_is_a_handler(open_a_round: Callable[..., RoundContext]) -> None:
    with pytest.raises(NotFoundError):
        handled_round(
            visit(open_a_round().settings, round_id="2099-01-none"), Handover.responders, "これを見られるのは"
        )
