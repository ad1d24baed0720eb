"""Withdrawals: a request names pieces of the round once, every one is acknowledged, and the posting waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from answered import ANSWERED, CANARY, answer, day, lead_to, refused, release_ready, settled, take_back
from mailround.context import RoundContext
from mailround.errors import CountMismatchError, GateClosedError, RegisterError
from mailround.forms import settle
from mailround.items import pulled_pieces
from mailround.model import Recipient
from mailround.piece_id import piece_id
from mailround.posting import Posting
from mailround.register.entries import (
    MediaHandedOver,
    Posted,
    WithdrawalAcknowledged,
    WithdrawalRequested,
    standing,
)
from mailround.withdrawal import (
    REASONS,
    WithdrawalAcknowledgement,
    find_piece,
    open_requests,
    request_of,
    request_text,
    request_withdrawal,
)

ELSEWHERE = piece_id(b"another round")
"""A good id that is none of this round's."""


def received(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    release_ready(opened, make_recipient)
    lead_to(Posting, opened)
    take_back(opened, WithdrawalAcknowledged)
    take_back(opened, WithdrawalRequested)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    """A round whose receipt is confirmed; no request is made yet."""
    return round_after(received)


def of_run(work: RoundContext, run_id: str) -> RoundContext:
    return replace(work, run_id=run_id)


def ask(work: RoundContext, typed: str = "PA000001V", run_id: str = "manual__1", **changes: str) -> WithdrawalRequested:
    said = {"reason": "送付先の変更", "requested_by": "officer"} | changes
    reason = said.pop("reason")
    return request_withdrawal(of_run(work, run_id), typed, reason, at=day(11, 18), **said)


def test_a_request_is_recorded_under_the_name_of_who_asked_and_for_the_run_that_asked(work: RoundContext) -> None:
    request = ask(work, " pa000001v PA000003Z、PA000002X\nPA000004H,PA000005K　")
    assert request == WithdrawalRequested(
        request_no=1,
        piece_ids=("PA000001V", "PA000003Z", "PA000002X", "PA000004H", "PA000005K"),
        reason="送付先の変更",
        requested_by="officer",
        run_id="manual__1",
    )
    assert work.entries[-1].body == request
    assert work.entries[-1].actor == "officer"


def test_a_cleared_run_finds_its_own_request_and_another_run_gets_the_next_number(work: RoundContext) -> None:
    first = ask(work)
    assert ask(work) == first
    assert ask(work, "PA000002X", run_id="manual__2").request_no == 2
    assert ask(work) == first
    assert len(standing(work.entries, WithdrawalRequested)) == 2
    assert request_of(of_run(work, "manual__3")) is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "番号がありません"),
        (" 、, ", "番号がありません"),
        ("PA000001V PA000010V", "写し間違い（検査文字が合わない） 1 通（2番目）"),
        (f"PA000001V {ELSEWHERE} PA000002X", "この回にない番号 1 通（2番目）"),
        ("PA000001V PA000002X pa000001v", "二度書かれた番号 2 通（1番目、3番目）"),
        (CANARY, "写し間違い（検査文字が合わない） 2 通（1番目、2番目）"),
        ("0000101", "写し間違い（検査文字が合わない） 1 通（1番目）"),
    ],
)
def test_a_wrong_id_is_told_by_its_place_and_nothing_is_recorded(work: RoundContext, typed: str, told: str) -> None:
    before = work.entries
    with pytest.raises(CountMismatchError) as error:
        ask(work, typed)
    assert told in str(error.value)
    assert "髙﨑" not in str(error.value)
    assert "0000101" not in str(error.value)
    assert work.entries == before


def test_a_piece_is_asked_for_once_whether_answered_or_not(work: RoundContext) -> None:
    ask(work, "PA000001V")
    with pytest.raises(CountMismatchError, match="既に抜取りを依頼した番号 1 通（2番目）"):
        ask(work, "PA000002X PA000001V", run_id="manual__2")
    settled(WithdrawalAcknowledgement, of_run(work, "manual__1"), pulled="なし")
    with pytest.raises(CountMismatchError, match="既に抜取りを依頼した番号"):
        ask(work, "PA000001V", run_id="manual__2")


@pytest.mark.parametrize("reason", ["", "支援措置の対象のため", CANARY])
def test_a_reason_of_ones_own_is_refused(work: RoundContext, reason: str) -> None:
    with pytest.raises(GateClosedError, match="選択肢にありません") as error:
        ask(work, reason=reason)
    assert CANARY not in str(error.value)
    assert all(each in str(error.value) for each in REASONS)


@pytest.mark.parametrize("user", ["stranger", "approver", "C-001", ""])
def test_only_a_ward_handler_asks(work: RoundContext, user: str) -> None:
    with pytest.raises(GateClosedError, match="区の取扱者だけ"):
        ask(work, requested_by=user)


def test_nothing_is_withdrawn_before_the_handover_or_after_the_posting(work: RoundContext) -> None:
    settled(Posting, work, withdrawn=0, posted=7)
    with pytest.raises(GateClosedError, match="取戻し"):
        ask(work)
    take_back(work, Posted)
    take_back(work, MediaHandedOver)
    with pytest.raises(GateClosedError, match="渡さずに中止する"):
        ask(work)


def test_two_requests_at_once_do_not_share_a_number(work: RoundContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run writes between this one's look and its entry."""
    seen = work.entries
    ask(work)
    stale = of_run(work, "manual__2")
    monkeypatch.setattr(RoundContext, "entries", property(lambda _: seen))
    with pytest.raises(RegisterError):
        request_withdrawal(stale, "PA000002X", "その他", requested_by="officer", at=day(11, 18))
    monkeypatch.undo()
    assert [each.run_id for each in standing(work.entries, WithdrawalRequested)] == ["manual__1"]


def test_the_mail_says_how_many_and_never_which(work: RoundContext) -> None:
    request = ask(work, "PA000001V PA000002X")
    told = "\n".join(request_text(work, request))
    assert "2 通" in told
    assert not any(each in told for each in ("PA000001V", "PA000002X", "送付先の変更"))


def test_the_question_lists_the_pieces_of_its_own_request_only(work: RoundContext) -> None:
    ask(work, "PA000001V PA000003Z")
    ask(work, "PA000002X", run_id="manual__2")
    text = WithdrawalAcknowledgement.body(of_run(work, "manual__1"))
    assert "1. `PA000001V`\n2. `PA000003Z`" in text
    assert "PA000002X" not in text
    with pytest.raises(GateClosedError, match="この実行の抜取りの依頼"):
        WithdrawalAcknowledgement.body(of_run(work, "manual__3"))


@pytest.mark.parametrize(
    ("typed", "late", "pulled"),
    [
        ("すべて", 0, ("PA000001V", "PA000003Z", "PA000002X")),
        ("なし", 3, ()),
        ("pa000002x、PA000001V", 1, ("PA000001V", "PA000002X")),
        (" PA000003Z\n", 2, ("PA000003Z",)),
    ],
)
def test_every_piece_is_pulled_or_too_late_in_the_order_of_the_request(
    work: RoundContext, typed: str, late: int, pulled: tuple[str, ...]
) -> None:
    ask(work, "PA000001V PA000003Z PA000002X")
    mine = of_run(work, "manual__1")
    body = settled(WithdrawalAcknowledgement, mine, pulled=typed, too_late=late).body
    assert isinstance(body, WithdrawalAcknowledged)
    assert body.pulled == pulled
    assert set(body.too_late) == {"PA000001V", "PA000002X", "PA000003Z"} - set(pulled)
    assert pulled_pieces(work.entries) == set(pulled)
    assert open_requests(work.entries) == ()
    assert not WithdrawalAcknowledgement.needed(mine)
    warned = WithdrawalAcknowledgement.warning(mine)
    assert (f"発送される封書が {late:,} 通" in warned) is bool(late)
    assert "PA000" not in warned


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pulled": "PA000001V", "too_late": 0}, "依頼 2 通に対し、抜き取れたもの 1 通、間に合わなかったもの 0 通"),
        ({"pulled": "PA000001V", "too_late": 2}, "抜取りの数が合いません"),
        ({"pulled": "すべて", "too_late": 1}, "抜取りの数が合いません"),
        ({"pulled": "なし", "too_late": 0}, "抜取りの数が合いません"),
        ({"pulled": "PA000001V PA000001V", "too_late": 0}, "同じ番号が二度"),
        ({"pulled": "PA000001V PA000003Z", "too_late": 0}, "依頼していないものが 1 通"),
        ({"pulled": "PA000001V なし", "too_late": 1}, "「抜き取れた封書の番号」が正しくありません"),
        ({"pulled": ""}, "「抜き取れた封書の番号」が未入力です"),
        ({"pulled": CANARY}, "「抜き取れた封書の番号」が正しくありません"),
        ({"acknowledged_by": "officer"}, "その日に有効な取扱者ではありません"),
        ({"acknowledged_at": "2026-11-18T09:59"}, "依頼より前です"),
        ({"acknowledged_at": "2026-11-19T10:01"}, "回答した時刻より後"),
    ],
)
def test_an_acknowledgement_that_does_not_account_for_the_request_is_asked_again(
    work: RoundContext, changes: dict[str, object], told: str
) -> None:
    ask(work, "PA000001V PA000002X")
    reasons = refused(WithdrawalAcknowledgement, of_run(work, "manual__1"), **({"pulled": "PA000001V"} | changes))
    assert any(told in reason for reason in reasons), reasons
    assert not any("PA000" in reason or "髙﨑" in reason for reason in reasons)


def test_two_runs_are_answered_independently_and_each_once(work: RoundContext) -> None:
    ask(work, "PA000001V")
    ask(work, "PA000002X", run_id="manual__2")
    first, second = of_run(work, "manual__1"), of_run(work, "manual__2")
    settled(WithdrawalAcknowledgement, second, pulled="すべて", too_late=0)
    assert WithdrawalAcknowledgement.needed(first)
    assert not WithdrawalAcknowledgement.needed(second)
    settled(WithdrawalAcknowledgement, first, pulled="なし", too_late=1)
    with pytest.raises(RegisterError, match="既に別の回答"):
        settle(
            WithdrawalAcknowledgement,
            first,
            answer(WithdrawalAcknowledgement, pulled="すべて", too_late=0),
            at=ANSWERED[WithdrawalAcknowledgement],
        )
    assert pulled_pieces(work.entries) == {"PA000002X"}


def test_a_posting_waits_for_every_request(work: RoundContext) -> None:
    ask(work, "PA000001V")
    ask(work, "PA000002X", run_id="manual__2")
    settled(WithdrawalAcknowledgement, of_run(work, "manual__1"), pulled="すべて", too_late=0)
    (reason,) = refused(Posting, work, withdrawn=1)
    assert "依頼番号 2" in reason
    settled(WithdrawalAcknowledgement, of_run(work, "manual__2"), pulled="すべて", too_late=0)
    refused(Posting, work, withdrawn=1)
    settled(Posting, work, withdrawn=2, posted=5)
    assert standing(work.entries, Posted)[-1].withdrawal_pieces == 2


def test_what_is_posted_cannot_be_pulled_any_more(work: RoundContext) -> None:
    """The request came between the posting's check and its entry."""
    mine = of_run(work, "manual__2")
    settled(Posting, work, withdrawn=0, posted=7)
    late = WithdrawalRequested(
        request_no=9, piece_ids=("PA000004H",), reason="その他", requested_by="officer", run_id="manual__2"
    )
    work.register.append(late, round_id=work.round_id, actor="officer", at=day(11, 18))
    (reason,) = refused(WithdrawalAcknowledgement, mine, pulled="すべて", too_late=0)
    assert "発送が記録された後に" in reason
    settled(WithdrawalAcknowledgement, mine, pulled="なし", too_late=1)


def test_a_case_leads_to_its_piece_as_long_as_it_can_be_pulled(work: RoundContext) -> None:
    assert find_piece(work, " 0000002 ") == "PA000002X"
    with pytest.raises(CountMismatchError) as error:
        find_piece(work, "9999999")
    assert "9999999" not in str(error.value)
    settled(Posting, work, withdrawn=0, posted=7)
    with pytest.raises(GateClosedError, match="発送が記録されている"):
        find_piece(work, "0000002")
