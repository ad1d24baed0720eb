"""The handover of the password notice: later, separately, and never of a notice that does not exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from answered import (
    CANARY,
    NOTICE_NO,
    answer,
    day,
    lead_to,
    refused,
    release_ready,
    sealed_sha256,
    settled,
    take_back,
)
from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.forms import settle
from mailround.media_handover import MediaHandover
from mailround.model import Recipient
from mailround.password_handover import PasswordHandover
from mailround.register.entries import (
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
)


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]) -> RoundContext:
    return release_ready(open_a_round(), make_recipient)


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
        package_sha256=sealed_sha256(work),
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
