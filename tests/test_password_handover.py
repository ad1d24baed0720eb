"""The handover of the password notice: later, separately, and never of a notice that does not exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from answered import (
    CANARY,
    NOTICE_NO,
    answer,
    day,
    disc_made,
    lead_to,
    refused,
    release_ready,
    sealed_sha256,
    settled,
    sheet_printed,
    take_back,
)
from mailround.context import PASSWORD, RoundContext
from mailround.errors import GateClosedError
from mailround.forms import question, settle
from mailround.media_handover import MediaHandover
from mailround.password_handover import PasswordHandover
from mailround.register.entries import (
    Correction,
    HandoverSheetPrinted,
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
)
from mailround.seal import package_path


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(release_ready)


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
        ({"copy_no": 2}, "最後に作成した第1部だけです"),
        ({"copy_no": 0}, "「何部目か」が正しくありません"),
        ({"place": "受付"}, "「引渡しの場所」が正しくありません"),
        ({"storage": CANARY}, "「委託先での保管場所」が正しくありません"),
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
        package_sha256=sealed_sha256(work),
        giver="officer2",
        receiver="C-002",
        handed_over_at=day(11, 16, 11, 5),
        notice_no=NOTICE_NO,
        copy_no=1,
        place="委託先1階受付",
        bag_no="BAG-02",
        locked=True,
        storage="耐火金庫2",
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


def test_the_secret_is_destroyed_once_the_handover_stands_and_not_by_a_wrong_answer(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    refused(PasswordHandover, work, copy_no=2)
    assert work.vault.holds(work.round_id, PASSWORD)
    settled(PasswordHandover, work)
    assert not work.vault.holds(work.round_id, PASSWORD)
    PasswordHandover.after(work)  # as when the task is cleared


def test_a_notice_without_its_sheet_is_not_recorded(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    number = next(
        entry.seq
        for entry in work.entries
        if isinstance(entry.body, HandoverSheetPrinted) and entry.body.item == "password"
    )
    taken_back = Correction(corrects=number, reason="誤記")
    work.register.append(taken_back, round_id=work.round_id, actor="officer", at=day(11, 16, 11, 6))
    (reason,) = refused(PasswordHandover, work)
    assert f"`mailround handover-sheet {work.round_id} password`" in reason


def test_only_the_last_copy_goes_out_and_with_a_sheet_that_names_it(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    copy = PasswordNoticeReprinted(
        copy_no=2, notice_no=NOTICE_NO, media_no="DVD-0001", reason="汚損・破損", reference="第1号"
    )
    work.register.append(copy, round_id=work.round_id, actor="mailround", at=day(11, 16, 11, 10))
    reasons = refused(PasswordHandover, work)
    assert any("最後に作成した第2部だけです" in reason for reason in reasons)
    (reason,) = refused(PasswordHandover, work, copy_no=2)
    assert "確認記録票が出力されていません" in reason
    sheet_printed(work, "password", copy_no=2, at=day(11, 16, 11, 12))
    (reason,) = refused(PasswordHandover, work, copy_no=2, handed_over_at="2026-11-16T11:11")
    assert "確認記録票の出力（2026-11-16 11:12）以後" in reason
    settled(PasswordHandover, work, copy_no=2)


def test_a_notice_that_names_another_disc_than_the_one_handed_over_is_made_anew(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    take_back(work, MediaHandedOver)
    disc_made(work, "DVD-0002")
    settled(MediaHandover, work, media_no="DVD-0002")
    (reason,) = refused(PasswordHandover, work)
    assert "`mailround password-notice 2026-11-change --reason 媒体の差替え`" in reason
    copy = PasswordNoticeReprinted(
        copy_no=2, notice_no=NOTICE_NO, media_no="DVD-0002", reason="媒体の差替え", reference="第1号"
    )
    work.register.append(copy, round_id=work.round_id, actor="mailround", at=day(11, 16, 11, 10))
    sheet_printed(work, "password", copy_no=2, at=day(11, 16, 11, 12))
    settled(PasswordHandover, work, copy_no=2)


def test_a_package_changed_since_its_medium_left_stops_the_password(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    package = package_path(work.settings, work.round_id)
    package.write_bytes(package.read_bytes() + b"\0")
    with pytest.raises(GateClosedError, match="点検表7"):
        question(PasswordHandover, work, at=day(11, 17))
    with pytest.raises(GateClosedError, match="点検表7"):
        settle(PasswordHandover, work, answer(PasswordHandover), at=day(11, 17))
    assert work.vault.holds(work.round_id, PASSWORD)


def test_the_password_question_names_the_commands_in_their_order(work: RoundContext) -> None:
    lead_to(PasswordHandover, work)
    text = PasswordHandover.body(work)
    assert text.index("`mailround password-notice") < text.index(f"`mailround handover-sheet {work.round_id} password")
