"""The handover of the disc: a table of bad answers, what closes a gate, and what cannot be bypassed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from answered import (
    CANARY,
    answer,
    closed_gates,
    day,
    disc_made,
    expire,
    extracted,
    lead_to,
    refused,
    release_ready,
    sealed_sha256,
    settled,
    sheet_printed,
    take_back,
)
from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext
from mailround.contracts import Person
from mailround.end_round import end_round
from mailround.errors import GateClosedError, RoundEndedError
from mailround.forms import question, settle
from mailround.media_handover import STOP, MediaHandover
from mailround.register.entries import (
    Body,
    HandoverSheetPrinted,
    MediaChecked,
    MediaHandedOver,
    ReleaseApproved,
    ReleaseRefused,
    latest,
)
from mailround.seal import package_path


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(release_ready)


def test_the_media_handover_is_recorded_with_the_approved_hash(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    assert settled(MediaHandover, work).body == MediaHandedOver(
        package_sha256=sealed_sha256(work),
        giver="officer",
        receiver="C-001",
        handed_over_at=day(11, 16, 10, 30),
        media_no="DVD-0001",
        quantity=1,
        pieces=7,
        pages=9,
        place="本庁舎1階 窓口3",
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
        ({"quantity": 2}, "「数量（枚）」が目録（1枚）と違います"),
        ({"pieces": 8}, "「通数」が目録（7通）と違います"),
        ({"pieces": 6}, "「通数」が目録（7通）と違います"),
        ({"pages": 10}, "「頁数」が目録（9頁）と違います"),
        ({"pages": 0}, "「頁数」が正しくありません"),
        ({"pieces": None}, "「通数」が未入力です"),
        ({"media_no": ""}, "「媒体番号」が未入力です"),
        ({"media_no": "DVD-0002"}, "照合した記録がありません"),
        ({"media_no": "dvd-0001"}, "照合した記録がありません"),
        ({"place": ""}, "「引渡しの場所」が未入力です"),
        ({"place": CANARY}, "「引渡しの場所」が正しくありません"),
        ({"place": "窓口"}, "「引渡しの場所」が正しくありません"),
        ({"handed_over_at": "2026-11-13T08:59"}, "媒体の照合（2026-11-13 09:00）以後"),
        ({"handed_over_at": "2026-11-13T08:59"}, "確認記録票の出力（2026-11-13 09:00）以後"),
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
    disc_made(work, at=day(11, 12) + timedelta(seconds=59))
    settled(MediaHandover, work, handed_over_at="2026-11-12T10:00")


def test_a_package_changed_after_its_approval_is_not_handed_over(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    package = package_path(work.settings, work.round_id)
    package.write_bytes(package.read_bytes() + b"\0")
    before = work.entries
    with pytest.raises(GateClosedError, match="点検表7"):
        question(MediaHandover, work, at=day(11, 16))
    assert closed_gates(work, before) == ("package_unchanged",)
    before = work.entries
    with pytest.raises(GateClosedError, match="点検表7") as caught:
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert closed_gates(work, before) == ("package_unchanged",)
    assert caught.value.remedy.startswith("渡してある媒体は、委託先に作業をさせずに回収してください。")


def test_a_task_set_to_success_by_hand_is_no_approval(work: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="点検表19"):
        question(MediaHandover, work, at=day(11, 16))
    with pytest.raises(GateClosedError, match="引渡し承認"):
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert latest(work.entries, MediaHandedOver) is None


def test_an_approval_of_another_package_is_no_approval(work: RoundContext) -> None:
    disc_made(work)
    body = ReleaseApproved(package_sha256="b" * 64, answered_at=day(11, 12))
    work.register.append(body, round_id=work.round_id, actor="approver", at=day(11, 12))
    with pytest.raises(GateClosedError, match="点検表19"):
        question(MediaHandover, work, at=day(11, 16))
    with pytest.raises(GateClosedError, match="承認の記録"):
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert latest(work.entries, MediaHandedOver) is None


def test_a_disc_that_was_never_checked_and_one_without_its_sheet_are_not_recorded(work: RoundContext) -> None:
    settled(ReleaseApproval, work)
    (reason,) = refused(MediaHandover, work)
    assert "`mailround media check`" in reason
    checked = MediaChecked(media_no="DVD-0001", package_sha256=sealed_sha256(work), manifest_sha256="d" * 64)
    work.register.append(checked, round_id=work.round_id, actor="mailround", at=day(11, 13))
    sheet_printed(work, "password", at=day(11, 13))
    sheet_printed(work, "media", media_no="DVD-0002", at=day(11, 13))
    (reason,) = refused(MediaHandover, work)
    assert f"`mailround handover-sheet {work.round_id} media`" in reason
    sheet_printed(work, "media", copy_no=2, at=day(11, 13))
    settled(MediaHandover, work)


@pytest.mark.parametrize("kind", [MediaChecked, HandoverSheetPrinted])
def test_a_check_or_a_sheet_that_was_taken_back_counts_no_more(work: RoundContext, kind: type[Body]) -> None:
    lead_to(MediaHandover, work)
    take_back(work, kind)
    assert refused(MediaHandover, work)


@pytest.mark.parametrize("number", ["DVD-0001", "dvd-0001"])
def test_a_number_that_another_rounds_disc_has_is_refused(
    work: RoundContext, open_a_round: Callable[..., RoundContext], number: str
) -> None:
    lead_to(MediaHandover, work)
    other = open_a_round(b"other", round_id="2026-10-change")
    checked = MediaChecked(media_no=number, package_sha256="f" * 64, manifest_sha256="d" * 64)
    work.register.append(checked, round_id=other.round_id, actor="mailround", at=day(11, 13))
    (reason,) = refused(MediaHandover, work)
    assert f"既に回「2026-10-change」の媒体の番号です（管理簿 第{other.register.entries()[-2].seq}号）" in reason
    take_back(other, MediaChecked)
    settled(MediaHandover, work)


def test_whoever_gives_does_not_receive(work: RoundContext) -> None:
    """One person may stand in both lists of a contract, even in another spelling."""
    lead_to(MediaHandover, work)
    both = Person(id="Officer", valid_from=day(11, 1).date(), valid_to=day(12, 31).date())
    people = (*work.contract.contractor_handlers, both)
    object.__setattr__(work, "contract", work.contract.model_copy(update={"contractor_handlers": people}))
    (reason,) = refused(MediaHandover, work, receiver="Officer")
    assert "「渡した人」と「受け取った人」が同じです" in reason


def test_nothing_is_handed_over_that_could_only_go_to_an_expired_address(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    expire(work, day(11, 15))
    before = work.entries
    with pytest.raises(GateClosedError, match="期限（2026-11-15）の切れた送付先") as caught:
        settle(MediaHandover, work, answer(MediaHandover), at=day(11, 16))
    assert f"「{STOP}」" in caught.value.remedy
    assert "新しい回の番号と発送予定日" in caught.value.remedy
    assert closed_gates(work, before) == ("addresses_current",)


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
    assert "委託先に作業をさせずに回収" in caught.value.remedy
    assert f"「{STOP}」" in caught.value.remedy
    assert closed_gates(work, before) == ("export_recent",)
    assert not settled(MediaHandover, work, option=STOP).goes_on


def test_a_medium_handed_over_in_time_counts_though_it_is_recorded_later(work: RoundContext) -> None:
    extracted(work, day(11, 6, 10, 30))
    lead_to(MediaHandover, work)
    assert "| データの作成日時 | 2026-11-06 10:30（封緘の時点で 119 時間前。" in MediaHandover.body(work)
    settled(MediaHandover, work)


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
    for command in ("media image", "media check", f"handover-sheet {work.round_id} media"):
        assert f"`mailround {command}" in text
    assert str(work.settings.outbox) not in text
