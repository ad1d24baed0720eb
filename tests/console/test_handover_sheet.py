"""The sheet both sides sign, from the round's page: printed for a handler, when it is time, in their name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pypdfium2
import pytest
from served import Served

from mailround.console import handover_sheet
from mailround.console.visit import NotFoundError, Visit
from mailround.context import RoundContext
from mailround.errors import GateClosedError, NotForYouError
from mailround.forms import last_refusal
from mailround.media_check import check_disc
from mailround.media_image import image_path, make_image
from mailround.model import Recipient
from mailround.register.entries import AnswerRefused, HandoverSheetPrinted, ReleaseApproved, standing
from mailround.seal import seal
from prepared import AT, make_signing_key, print_round, record
from wards import opened_in


def checked(work: RoundContext, make_recipient: Callable[..., Recipient]) -> RoundContext:
    """Leave a round whose disc is checked."""
    print_round(work, make_recipient)
    sealed = seal(work, at=AT)
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    make_image(work, at=AT)
    check_disc(work, image_path(work.settings, work.round_id), "DVD-0001", at=AT)
    return work


def ready(work: RoundContext, make_recipient: Callable[..., Recipient]) -> RoundContext:
    make_signing_key(work)
    return checked(work, make_recipient)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(ready)


def visit(work: RoundContext, user: str = "officer", item: str = "media", **changes: Any) -> Visit:
    given: dict[str, Any] = {"at": AT, "asked": {"round_id": work.round_id, "item": item}}
    given |= {"may": lambda _: True, "stopped": lambda _: frozenset()}
    return Visit(user=user, settings=work.settings, **(given | changes))


def test_it_is_recorded_in_the_name_of_who_asked(work: RoundContext) -> None:
    told = handover_sheet.show(visit(work))
    assert getattr(told, "media_type", "") == "application/pdf"
    document = pypdfium2.PdfDocument(told.content)  # type: ignore[union-attr]
    said = document[0].get_textpage().get_text_range()
    assert (len(document), "DVD-0001" in said, "確認記録票" in said) == (2, True, True)
    (entry,) = (each for each in work.entries if isinstance(each.body, HandoverSheetPrinted))
    assert entry.actor == "officer"


def test_a_refused_answer_stays_the_last_thing_done(work: RoundContext) -> None:
    record(work, AnswerRefused(step="record_media_handover", reasons=("票がない。",), answered_at=AT))
    handover_sheet.show(visit(work))
    assert last_refusal(work.entries) is not None


@pytest.mark.parametrize("user", ["approver", "auditor", "admin", "OFFICER", ""])
def test_nobody_but_a_handler_gets_one(work: RoundContext, user: str) -> None:
    with pytest.raises(NotForYouError, match="取扱者に指定され"):
        handover_sheet.show(visit(work, user))
    with pytest.raises(NotForYouError, match="期間内"):
        handover_sheet.show(visit(work, at=AT + timedelta(days=800)))
    assert not standing(work.entries, HandoverSheetPrinted)


def test_there_is_none_before_its_time_and_of_nothing_else(work: RoundContext) -> None:
    with pytest.raises(GateClosedError):
        handover_sheet.show(visit(work, item="password"))
    with pytest.raises(NotFoundError, match="媒体かパスワード通知書"):
        handover_sheet.show(visit(work, item="notice"))
    assert not standing(work.entries, HandoverSheetPrinted)


def test_the_round_page_offers_it_to_handlers_when_it_is_time(
    served: Served, make_recipient: Callable[..., Recipient]
) -> None:
    served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
    work = opened_in(served.ward, round_id="2031-05-sheet", contract="demo")
    (ready if not served.ward.checkpoint_key.exists() else checked)(work, make_recipient)
    path, here = f"/rounds/{work.round_id}/handover-sheet/media", {"Sec-Fetch-Site": "same-origin"}

    def asked(user: str, **headers: str) -> httpx.Response:
        return served.people[user].post(f"/mailround{path}", headers=headers)

    assert f'action="/mailround{path}" method="post"' in served.get("officer", f"/rounds/{work.round_id}").text
    assert path not in served.get("auditor", f"/rounds/{work.round_id}").text
    assert asked("officer", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert asked("auditor", **here).status_code == 403
    assert not standing(work.entries, HandoverSheetPrinted)
    answer = asked("officer", **here)
    assert answer.content.startswith(b"%PDF")
    assert f"handover-sheet-{work.round_id}-media.pdf" in answer.headers["content-disposition"]
    assert len(standing(work.entries, HandoverSheetPrinted)) == 1
