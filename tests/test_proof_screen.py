"""The proof on a screen: to its approvers, while they are asked, each page in the register before it is seen."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from PIL import Image, ImageChops

from mailround import proof_screen
from mailround.approve_release import ReleaseApproval
from mailround.context import ROUND_KEY, RoundContext
from mailround.contracts import WardPerson
from mailround.errors import GateClosedError, MailroundError, NotForYouError, RoundEndedError, WorkspaceError
from mailround.forms import last_refusal
from mailround.model import Population
from mailround.page_image import page_image
from mailround.proof import PAGES
from mailround.proof_screen import envelope_of, list_pages, passed_checks, view_page
from mailround.register.entries import (
    AnswerRefused,
    HoldsReleased,
    ProofMade,
    ProofPageViewed,
    ReleaseRefused,
    Sealed,
    latest,
    standing,
)
from prepared import AT, record
from proofs import CANARY, approve, pages_of, with_proof

Opener = Callable[..., RoundContext]


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    return round_after(with_proof)


def views(work: RoundContext) -> list[ProofPageViewed]:
    return standing(work.entries, ProofPageViewed)


def test_every_page_is_listed_with_why_it_was_chosen_and_nobodys_name(work: RoundContext) -> None:
    pages = list_pages(work, "approver", at=AT)
    made = latest(work.entries, ProofMade)
    assert made is not None
    assert [each.number for each in pages] == list(range(1, made.pages + 1))
    covers = [each for each in pages if each.piece is None]
    assert covers == list(pages[: len(covers)])
    assert len(covers) > 1
    told = [(each.piece.seq, each.of_piece) for each in pages if each.piece]
    assert len({seq for seq, _ in told}) == 3
    assert sorted(page for _, page in told) == [1, 1, 1, 2]
    assert any("2頁にわたる" in each.piece.reasons for each in pages if each.piece)
    assert {each.piece.population for each in pages if each.piece} == {Population.ASSISTANCE, Population.SUPPORT}
    assert CANARY not in repr(pages)
    assert not views(work)


def test_a_view_is_recorded_and_the_picture_says_who_and_when(work: RoundContext) -> None:
    made = latest(work.entries, ProofMade)
    assert made is not None
    shown = view_page(work, "approver", 3, at=AT)
    plain = page_image(pages_of(work), 3)
    assert shown == page_image(pages_of(work), 3, "approver  2026-11-11 10:00")
    pictures = (Image.open(io.BytesIO(each)) for each in (shown, plain))
    assert ImageChops.difference(*pictures).getbbox() is not None
    assert views(work) == [ProofPageViewed(proof_sha256=made.sha256, page=3, viewer="approver", viewed_at=AT)]
    assert [entry.actor for entry in work.entries if isinstance(entry.body, ProofPageViewed)] == ["approver"]


def test_the_same_page_seen_again_is_another_entry(work: RoundContext) -> None:
    for moment in (AT, AT + timedelta(milliseconds=1)):
        view_page(work, "approver", 1, at=moment)
        view_page(work, "approver2", 1, at=moment)
    assert len(views(work)) == 4


def test_the_entry_stands_before_the_picture_is_drawn(work: RoundContext, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def drawn(content: bytes, page: int, mark: str) -> bytes:
        seen.append(len(views(work)))
        return page_image(content, page, mark)

    monkeypatch.setattr(proof_screen, "page_image", drawn)
    view_page(work, "approver", 1, at=AT)
    assert seen == [1]


def test_no_picture_is_left_on_the_disk(work: RoundContext) -> None:
    def files() -> set[str]:
        roots = (work.settings.data, work.settings.outbox, work.settings.vault)
        return {str(path) for root in roots for path in root.rglob("*")}

    before = files()
    view_page(work, "approver", 3, at=AT)
    assert files() == before


@pytest.mark.parametrize(
    ("viewer", "at", "says"),
    [
        ("datateam", AT, "この回を開始した本人"),
        ("officer", AT, "この役割に指定され"),
        ("auditor", AT, "この役割に指定され"),
        ("approver", AT.replace(year=2028), "期間内の人だけ"),
    ],
)
def test_nobody_else_sees_it(work: RoundContext, viewer: str, at: datetime, says: str) -> None:
    with pytest.raises(NotForYouError, match=says):
        list_pages(work, viewer, at=at)
    with pytest.raises(NotForYouError, match="この回を承認できる人だけ"):
        view_page(work, viewer, 1, at=at)
    assert not views(work)


def test_an_approver_who_took_part_does_not_see_it(work: RoundContext) -> None:
    body = HoldsReleased(
        rule="A04",
        cases=1,
        reason="本人・地区担当に確認済み",
        reference="第1号",
        checked_sha256="c" * 64,
        sha256="a" * 64,
        answered_at=AT,
    )
    work.register.append(body, round_id=work.round_id, actor="approver2", at=AT)
    with pytest.raises(NotForYouError, match="保留を解除した本人"):
        list_pages(work, "approver2", at=AT)
    assert list_pages(work, "approver", at=AT)


def test_an_approver_of_the_same_division_does_not_see_it(work: RoundContext) -> None:
    near = WardPerson(id="near", division="生活福祉課", valid_from=AT.date(), valid_to=AT.date() + timedelta(days=9))
    contract = work.contract.model_copy(update={"ward_approvers": (*work.contract.ward_approvers, near)})
    object.__setattr__(work, "contract", contract)
    with pytest.raises(NotForYouError, match="同じ課"):
        list_pages(work, "near", at=AT)


def test_once_approved_it_is_closed_until_the_approval_lapses(work: RoundContext) -> None:
    approve(work)
    for look in (lambda: list_pages(work, "approver", at=AT), lambda: view_page(work, "approver", 1, at=AT)):
        with pytest.raises(GateClosedError, match="承認済み"):
            look()
    assert not views(work)
    lapsed = AT + timedelta(days=work.contract.approval_days + 2)
    assert list_pages(work, "approver", at=lapsed)


def test_once_sent_back_it_is_closed(work: RoundContext) -> None:
    record(work, ReleaseRefused(package_sha256="a" * 64, answered_at=AT))
    with pytest.raises(RoundEndedError, match="中止"):
        view_page(work, "approver", 1, at=AT)
    assert not views(work)


def test_with_the_key_it_is_gone(work: RoundContext) -> None:
    work.vault.destroy(work.round_id, ROUND_KEY)
    with pytest.raises(GateClosedError, match="鍵とともに廃棄"):
        view_page(work, "approver", 1, at=AT)
    assert not views(work)


def test_before_the_seal_there_is_none(open_a_round: Opener) -> None:
    with pytest.raises(GateClosedError, match="まだありません"):
        list_pages(open_a_round(), "approver", at=AT)


def test_a_package_sealed_anew_makes_the_proof_of_the_old_one_worthless(work: RoundContext) -> None:
    sealed = latest(work.entries, Sealed)
    assert sealed is not None
    record(work, sealed.model_copy(update={"sha256": "b" * 64}))
    with pytest.raises(GateClosedError, match="封緘したパッケージのものではありません"):
        view_page(work, "approver", 1, at=AT)


def test_a_changed_file_is_not_shown(work: RoundContext) -> None:
    content = pages_of(work)
    with work.workspace.write_blocks(PAGES) as write:
        write(content + b"%")
    with pytest.raises(WorkspaceError, match="一致しません"):
        view_page(work, "approver", 1, at=AT)
    assert not views(work)


@pytest.mark.parametrize("page", [0, -1, 10_000])
def test_a_page_that_is_not_there_is_neither_shown_nor_recorded(work: RoundContext, page: int) -> None:
    with pytest.raises(MailroundError, match="その頁は"):
        view_page(work, "approver", page, at=AT)
    assert not views(work)


def test_the_checks_are_those_of_the_last_plan(work: RoundContext) -> None:
    kinds = [type(entry.body).__name__ for entry in passed_checks(work.entries)]
    assert kinds == ["QualityChecked", "Verified", "Sealed", "ProofMade"]


def test_the_envelope_is_the_templates(work: RoundContext) -> None:
    envelope = envelope_of(work)
    assert envelope is not None
    assert envelope.name == "naga3-window"


def test_looking_is_not_doing(work: RoundContext) -> None:
    record(work, AnswerRefused(step=ReleaseApproval.step, reasons=("理由",), answered_at=AT))
    view_page(work, "approver", 1, at=AT)
    assert last_refusal(work.entries) is not None
