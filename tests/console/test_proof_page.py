"""A page of the proof as a picture: recorded, not to be kept, for its approvers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from served import Served
from visited import visit

from mailround.console import proof_page
from mailround.console.visit import File, NotFoundError, Visit
from mailround.context import RoundContext
from mailround.errors import GateClosedError, NotForYouError
from mailround.model import Recipient
from mailround.register.entries import ProofPageViewed, standing
from prepared import AT
from proofs import approve, with_proof
from wards import opened_in


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(with_proof)


def ask(work: RoundContext, user: str, page: str = "3") -> Visit:
    return replace(visit(work.settings, AT.date(), round_id=work.round_id, page=page), user=user)


def views(work: RoundContext) -> list[tuple[str, int]]:
    return [(each.viewer, each.page) for each in standing(work.entries, ProofPageViewed)]


def test_an_approver_gets_a_picture_to_look_at(work: RoundContext) -> None:
    file: Any = proof_page.show(ask(work, "approver"))
    assert isinstance(file, File)
    assert (file.media_type, file.name) == ("image/png", "")
    assert views(work) == [("approver", 3)]


@pytest.mark.parametrize(("user", "page"), [("datateam", "3"), ("auditor", "3"), ("approver", "x"), ("approver", "99")])
def test_nobody_else_and_nothing_else(work: RoundContext, user: str, page: str) -> None:
    with pytest.raises((NotForYouError, NotFoundError, GateClosedError)):
        proof_page.show(ask(work, user, page))
    assert views(work) == []


def test_once_approved_it_is_closed(work: RoundContext) -> None:
    approve(work)
    with pytest.raises(GateClosedError, match="承認済み"):
        proof_page.show(ask(work, "approver"))
    assert views(work) == []


def test_the_picture_is_kept_by_no_browser(served: Served, make_recipient: Callable[..., Recipient]) -> None:
    served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
    work = with_proof(opened_in(served.ward, round_id="2031-05-proof", contract="demo"), make_recipient)
    answer = served.get("approver", f"/rounds/{work.round_id}/proof/3")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    assert "content-disposition" not in answer.headers
    assert views(work) == [("approver", 3)]
    assert served.get("auditor", f"/rounds/{work.round_id}/proof/3").status_code == 403
    assert views(work) == [("approver", 3)]
