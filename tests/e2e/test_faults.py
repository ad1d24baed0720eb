"""Faults of a whole round: each ends without a duplicate entry, a lost entry, or a second package under one number."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from answered import ANSWERED, answer, day, lead_to, release_ready
from journey import small_chunks
from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext, load_round
from mailround.forms import Form, settle
from mailround.media_handover import MediaHandover
from mailround.model import Recipient
from mailround.posting import Posting
from mailround.register.entries import AnswerRefused, ReleaseRefused
from mailround.register.store import Register
from mailround.settings import Settings
from tampered import owner_url

Opener = Callable[..., RoundContext]

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(params=DATABASES[:1])
def settings(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """The ward with small chunks; its register is on SQLite unless a test says otherwise."""
    ward = small_chunks(settings, tmp_path, 10)
    if request.param == "sqlite":
        return ward
    url = request.getfixturevalue("postgres_url")
    Register(url).migrate(owner_url(url))
    return ward.model_copy(update={"register_url": url})


TOGETHER: dict[str, tuple[type[Form], dict[str, object], dict[str, object]]] = {
    "two approve": (ReleaseApproval, {}, {"answered_at": day(11, 12, 11)}),
    "one approves, one sends back": (ReleaseApproval, {}, {"responder": "approver2", "option": "差戻し"}),
    "two record a handover": (MediaHandover, {}, {"bag_no": "BAG-09"}),
    "one records a handover, one gives up": (MediaHandover, {}, {"option": "渡さずに中止する"}),
    "two post": (Posting, {}, {"spoiled": 1, "reprinted": 1}),
}


def settle_at_once(
    settings: Settings, round_id: str, form: type[Form], together: Barrier, changes: dict[str, object]
) -> None:
    """Judge an answer, wait until the other process has judged its own, and go on."""
    judged, met = form.outcome, False

    def outcome(self: Form, work: RoundContext, answer: Any) -> Any:
        nonlocal met
        found = judged(self, work, answer)
        if not met:
            met = True
            together.wait(60)
        return found

    form.outcome = outcome  # type: ignore[method-assign]
    settle(form, load_round(settings, round_id), answer(form, **changes), at=ANSWERED[form])


@pytest.mark.parametrize("case", TOGETHER)
@pytest.mark.parametrize("settings", DATABASES, indirect=True)
def test_of_two_answers_settled_by_two_processes_at_once_one_stands_and_the_other_is_recorded_as_refused(
    settings: Settings,
    open_a_round: Opener,
    make_recipient: Callable[..., Recipient],
    case: str,
) -> None:
    form, *answers = TOGETHER[case]
    work = release_ready(open_a_round(), make_recipient)
    lead_to(form, work)
    before = work.entries
    context = multiprocessing.get_context("fork")
    together = context.Barrier(2)
    both = [
        context.Process(target=settle_at_once, args=(settings, work.round_id, form, together, changes))
        for changes in answers
    ]
    for each in both:
        each.start()
    for each in both:
        each.join(60)
    assert sorted(each.exitcode or 0 for each in both) == [0, 1], "the second one fails"
    added = [entry.body for entry in work.entries[len(before) :]]
    assert len([body for body in added if isinstance(body, form.records | ReleaseRefused)]) == 1
    refused = [body for body in added if isinstance(body, AnswerRefused)]
    ended = any(isinstance(body, ReleaseRefused) for body in added)
    assert len(refused) == (0 if ended else 1), "of an ended round nothing more is recorded"
