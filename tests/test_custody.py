"""Handovers and posting: a table of bad answers for each, what closes a gate, and what cannot be bypassed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answered import CANARY, NOTICE_NO, answer, day, expire, extracted, lead_to, refused, report, sealed_sha256, settled
from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext
from mailround.contracts import Person
from mailround.custody import STOP, MediaHandover, PasswordHandover, Posting
from mailround.end_round import end_round
from mailround.errors import GateClosedError, RoundEndedError
from mailround.forms import Form, settle
from mailround.model import Recipient
from mailround.proof import make_proof
from mailround.register.entries import (
    Correction,
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    Posted,
    ReleaseApproved,
    ReleaseRefused,
    latest,
)
from mailround.seal import package_path, seal
from prepared import print_round

PIECES = 7


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]) -> RoundContext:
    opened = open_a_round()
    print_round(opened, make_recipient, pieces=PIECES)
    report(opened)
    seal(opened, at=day(11, 11))
    make_proof(opened, at=day(11, 11))
    return opened


def take_back(work: RoundContext, kind: type) -> None:
    seq = next(entry.seq for entry in work.entries if isinstance(entry.body, kind))
    correction = Correction(corrects=seq, reason="試験")
    work.register.append(correction, round_id=work.round_id, actor="officer", at=day(11, 30))


def test_the_media_handover_is_recorded_with_the_approved_hash(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    assert settled(MediaHandover, work).body == MediaHandedOver(
        package_sha256=sealed_sha256(work),
        giver="officer",
        receiver="C-001",
        handed_over_at=day(11, 16, 10, 30),
        media_no="DVD-0001",
        quantity=1,
        bag_no="BAG-01",
        locked=True,
        storage="耐火金庫1",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"giver": "C-001"}, "「渡した人」は、引渡し日に有効な取扱者ではありません"),
        ({"giver": "approver"}, "`officer`、`officer2`、`datateam`"),
        ({"receiver": "officer"}, "「受け取った人」は、引渡し日に有効な取扱者ではありません"),
        ({"receiver": "C-999"}, "`C-001`、`C-002`"),
        ({"handed_over_at": "2026-11-12T09:59"}, "引渡しの承認（2026-11-12 10:00）以後"),
        ({"handed_over_at": "2026-11-16T11:01"}, "回答した時刻より後"),
        ({"handed_over_at": "2062-11-16T10:30"}, "回答した時刻より後"),
        ({"handed_over_at": "2026-11-16"}, "「引渡し日時」が正しくありません"),
        ({"quantity": 0}, "「数量（枚）」が正しくありません"),
        ({"quantity": 99}, "「数量（枚）」が正しくありません"),
        ({"quantity": "1"}, "「数量（枚）」が正しくありません"),
        ({"quantity": True}, "「数量（枚）」が正しくありません"),
        ({"media_no": ""}, "「媒体番号」が未入力です"),
        ({"bag_no": None}, "「鍵付きカバンの番号」が未入力です"),
        ({"locked": False}, "施錠して運んだことを確かめ"),
        ({"locked": "true"}, "施錠して運んだことを確かめ"),
        ({"storage": CANARY}, "「委託先での保管場所」が正しくありません"),
        ({"password": "ABCDE"}, "画面にない項目"),
    ],
)
def test_a_wrong_media_handover_is_asked_again(work: RoundContext, changes: dict[str, object], told: str) -> None:
    lead_to(MediaHandover, work)
    reasons = refused(MediaHandover, work, **changes)
    assert any(told in reason for reason in reasons), reasons
    assert not any(CANARY in reason for reason in reasons)


def test_the_very_minute_of_the_approval_is_late_enough(work: RoundContext) -> None:
    """People read clocks to the minute; the approval was given some seconds into it."""
    settled(ReleaseApproval, work, answered_at=day(11, 12) + timedelta(seconds=40))
    settled(MediaHandover, work, handed_over_at="2026-11-12T10:00")


def test_a_package_changed_after_its_approval_is_not_handed_over(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    package = package_path(work.settings, work.round_id)
    package.write_bytes(package.read_bytes() + b"\0")
    before = work.entries
    with pytest.raises(GateClosedError, match="点検表7"):
        MediaHandover.body(work)
    with pytest.raises(GateClosedError, match="点検表7"):
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert work.entries == before


def test_a_task_set_to_success_by_hand_is_no_approval(work: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="点検表19"):
        MediaHandover.body(work)
    with pytest.raises(GateClosedError, match="引渡し承認"):
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert latest(work.entries, MediaHandedOver) is None


def test_an_approval_of_another_package_is_no_approval(work: RoundContext) -> None:
    body = ReleaseApproved(package_sha256="b" * 64, answered_at=day(11, 12))
    work.register.append(body, round_id=work.round_id, actor="approver", at=day(11, 12))
    with pytest.raises(GateClosedError, match="点検表19"):
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))


def test_nothing_is_handed_over_that_could_only_go_to_an_expired_address(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    expire(work, day(11, 15))
    before = work.entries
    with pytest.raises(GateClosedError, match="期限（2026-11-15）の切れた送付先") as caught:
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert f"「{STOP}」" in caught.value.remedy
    assert "新しい回の番号と発送予定日" in caught.value.remedy
    assert work.entries == before


def test_a_handover_on_the_last_day_of_an_address_counts(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    expire(work, day(11, 16))
    settled(MediaHandover, work)


def test_a_medium_handed_over_when_its_data_were_too_old_is_to_be_called_back(work: RoundContext) -> None:
    """The handing over counts (16 November, 10:30), not the answer half an hour later."""
    extracted(work, day(11, 6, 10, 29))
    lead_to(MediaHandover, work)
    before = work.entries
    with pytest.raises(GateClosedError, match=r"期限 2026-11-16 10:29）を過ぎています（点検表5）") as caught:
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert "媒体を回収" in caught.value.remedy
    assert f"「{STOP}」" in caught.value.remedy
    assert work.entries == before
    assert not settled(MediaHandover, work, option=STOP).goes_on


def test_a_medium_handed_over_in_time_counts_though_it_is_recorded_later(work: RoundContext) -> None:
    extracted(work, day(11, 6, 10, 30))
    lead_to(MediaHandover, work)
    assert "| データの作成日時 | 2026-11-06 10:30（封緘の時点で 119 時間前。" in MediaHandover.body(work)
    settled(MediaHandover, work)


@pytest.mark.parametrize("form", [MediaHandover, PasswordHandover, Posting])
def test_the_questions_say_until_when_the_pieces_may_be_posted(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    assert "発送できる最後の日" not in form.body(work)
    expire(work, day(11, 24))
    assert "| 発送できる最後の日 | 2026-11-24" in form.body(work)


def test_a_round_that_cannot_leave_in_time_is_given_up_without_filling_in_anything(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    blank = {name: schema["default"] for name, schema in MediaHandover.params().items()}
    outcome = settled(MediaHandover, work, option=STOP, **blank)
    assert outcome.body == ReleaseRefused(package_sha256=sealed_sha256(work), answered_at=day(11, 16, 11))
    assert not outcome.goes_on
    assert MediaHandover.stopped(work)
    end_round(work, MediaHandover.step, at=day(11, 16))
    with pytest.raises(RoundEndedError):
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 17))
    assert latest(work.entries, MediaHandedOver) is None


@pytest.mark.parametrize("responder", ["approver", "C-001", None])
def test_a_round_is_given_up_only_by_who_may_hand_it_over(work: RoundContext, responder: str | None) -> None:
    lead_to(MediaHandover, work)
    assert refused(MediaHandover, work, option=STOP, responder=responder)
    assert not MediaHandover.stopped(work)


@pytest.mark.parametrize(("until", "late"), [(23, True), (24, False), (None, False)])
def test_a_posting_after_an_address_expired_is_recorded_and_the_people_in_charge_are_told(
    work: RoundContext, until: int | None, late: bool
) -> None:
    lead_to(Posting, work)
    if until:
        expire(work, day(11, until))
    assert settled(Posting, work).goes_on
    told = Posting.warning(work)
    assert bool(told) is late
    assert not late or "送付先の期限が 2026-11-23 以後、2026-11-24 より前の世帯を調べ" in told


@pytest.mark.parametrize("form", [MediaHandover, PasswordHandover])
def test_a_privacy_mark_that_expired_before_the_handover_closes_it(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    mark = work.contract.privacy_mark.model_copy(update={"expires": day(11, 15).date()})
    object.__setattr__(work, "contract", work.contract.model_copy(update={"privacy_mark": mark}))
    before = work.entries
    with pytest.raises(GateClosedError, match="点検表1"):
        settle(form, work, answer(form), at=day(11, 17))
    assert work.entries == before


def test_a_handler_must_be_designated_on_the_handover_day_not_on_the_answers(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    late = Person(id="C-003", valid_from=day(11, 17).date(), valid_to=day(12, 31).date())
    people = (*work.contract.contractor_handlers, late)
    object.__setattr__(work, "contract", work.contract.model_copy(update={"contractor_handlers": people}))
    (reason,) = refused(MediaHandover, work, receiver="C-003", answered_at=day(11, 18))
    assert "受け取った人" in reason


def test_the_media_question_says_which_file_and_that_the_password_stays(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    text = MediaHandover.body(work)
    assert sealed_sha256(work) in text
    assert "`C-001`、`C-002`" in text
    assert "一緒に渡さないでください" in text
    assert str(work.settings.outbox) not in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"handed_over_at": "2026-11-16T10:59"}, "媒体の引渡しの30分後（2026-11-16 11:00）以後"),
        ({"handed_over_at": "2026-11-16T10:30"}, "媒体の引渡しの30分後"),
        ({"handed_over_at": "2026-11-16T11:04"}, "パスワード通知書の作成（2026-11-16 11:05）以後"),
        ({"handed_over_at": "2026-11-17T10:01"}, "回答した時刻より後"),
        ({"notice_no": "PW-2026-10-change"}, "作成した番号と違います"),
        ({"notice_no": ""}, "「パスワード通知書の番号」が未入力です"),
        ({"notice_no": CANARY}, "「パスワード通知書の番号」が正しくありません"),
        ({"giver": "nobody"}, "「渡した人」は"),
        ({"receiver": "nobody"}, "「受け取った人」は"),
        ({"locked": False}, "施錠"),
        ({"bag_no": "ＢＡＧ"}, "「鍵付きカバンの番号」が正しくありません"),
        ({"media_no": "DVD-0001"}, "画面にない項目"),
    ],
)
def test_a_wrong_password_handover_is_asked_again(work: RoundContext, changes: dict[str, object], told: str) -> None:
    lead_to(PasswordHandover, work)
    reasons = refused(PasswordHandover, work, **changes)
    assert any(told in reason for reason in reasons), reasons
    assert not any(CANARY in reason for reason in reasons)


def test_the_minute_the_notice_was_made_and_the_end_of_the_interval_are_late_enough(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    outcome = settled(PasswordHandover, work, handed_over_at="2026-11-16T11:05")
    assert outcome.body == PasswordHandedOver(
        giver="officer2",
        receiver="C-002",
        handed_over_at=day(11, 16, 11, 5),
        notice_no=NOTICE_NO,
        bag_no="BAG-02",
        locked=True,
    )


def test_the_interval_shown_is_never_too_short(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    settled(MediaHandover, work, handed_over_at="2026-11-16T10:30:20")
    assert "| 通知書を渡せる時刻 | 2026-11-16 11:01 以後 |" in PasswordHandover.body(work)


def test_a_password_is_not_handed_over_before_its_medium(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    take_back(work, MediaHandedOver)
    with pytest.raises(GateClosedError, match="媒体の引渡し"):
        PasswordHandover.body(work)
    with pytest.raises(GateClosedError, match="媒体の引渡し"):
        settle(PasswordHandover, work, answer(PasswordHandover), at=day(11, 17))


def test_a_notice_that_was_never_made_cannot_be_handed_over(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    take_back(work, PasswordNoticeIssued)
    (reason,) = refused(PasswordHandover, work)
    assert f"mailround password-notice {work.round_id}" in reason


def test_the_posting_is_recorded_when_it_reconciles(work: RoundContext) -> None:
    lead_to(Posting, work)
    assert settled(Posting, work).body == Posted(
        posted_on=day(11, 24).date(),
        handed_over=PIECES,
        withdrawn=1,
        spoiled=2,
        reprinted=2,
        posted=6,
        due=day(12, 24).date(),
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"posted": 7}, "＝ 6 通に対し、発送は 7 通です"),
        ({"posted": 5}, "＝ 6 通に対し、発送は 5 通です"),
        ({"posted": 0}, "発送数が合いません"),
        ({"withdrawn": 0}, "＝ 7 通に対し、発送は 6 通です"),
        ({"reprinted": 3, "posted": 7}, "「再印刷」が「破損」より多く"),
        ({"withdrawn": 9, "posted": 0}, "＝ -2 通に対し"),
        ({"posted_on": "2026-11-15"}, "パスワード通知書の引渡し日（2026-11-16）以後"),
        ({"posted_on": "2026-11-26"}, "回答した日より後"),
        ({"posted_on": None}, "「発送日」が未入力です"),
        ({"posted_on": "2026-11-31"}, "「発送日」が正しくありません"),
        ({"posted_on": "11/24"}, "「発送日」が正しくありません"),
        ({"posted": -1}, "「発送（通）」が正しくありません"),
        ({"posted": 6.0}, "「発送（通）」が正しくありません"),
        ({"posted": "6"}, "「発送（通）」が正しくありません"),
        ({"spoiled": 10**9}, "「破損（通）」が正しくありません"),
    ],
)
def test_a_posting_that_does_not_reconcile_is_asked_again(
    work: RoundContext, changes: dict[str, object], told: str
) -> None:
    lead_to(Posting, work)
    reasons = refused(Posting, work, **changes)
    assert any(told in reason for reason in reasons), reasons


def test_posting_on_the_day_of_the_password_handover_and_of_the_answer_counts(work: RoundContext) -> None:
    lead_to(Posting, work)
    settled(Posting, work, posted_on="2026-11-16", answered_at=day(11, 16, 18))


def test_nothing_is_posted_before_both_handovers(work: RoundContext) -> None:
    lead_to(Posting, work)
    take_back(work, PasswordHandedOver)
    with pytest.raises(GateClosedError, match="パスワード通知書の引渡し"):
        Posting.body(work)
    with pytest.raises(GateClosedError, match="パスワード通知書の引渡し"):
        settle(Posting, work, answer(Posting), at=day(11, 25))


def test_the_posting_question_says_how_many_must_be_accounted_for(work: RoundContext) -> None:
    lead_to(Posting, work)
    text = Posting.body(work)
    assert "| 引渡し | 7 通 |" in text
    assert "| 発送する者 | 委託先 |" in text


@given(counts=st.tuples(*[st.integers(0, 20)] * 4), handed_over=st.integers(1, 20))
def test_a_posting_has_no_objection_exactly_when_its_counts_add_up(
    counts: tuple[int, int, int, int], handed_over: int
) -> None:
    withdrawn, spoiled, reprinted, posted = counts
    form = Posting(
        posted_on=day(11, 24).date(), withdrawn=withdrawn, spoiled=spoiled, reprinted=reprinted, posted=posted
    )
    adds_up = handed_over - withdrawn - spoiled + reprinted == posted and reprinted <= spoiled
    assert (not list(form.unreconciled(handed_over))) == adds_up
