"""The watch over days: told once, then daily, then that it is over, whatever happens to the mails in between."""

from __future__ import annotations

import smtplib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailround import unsent
from mailround.errors import ConfigurationError
from mailround.round_watch import EVERY, SILENT, reasons, watch
from mailround.settings import TOKYO, Settings
from mailround.watch import Run, Seen, Work, short_of_space

AT = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
HEALTHY = Work((), {}, {"scheduler": True})
AWAY = Work((), {}, {"scheduler": True, "triggerer": False})
PAUSED = Work((), {"deletion_watch": "消去期限の見回り"}, {"scheduler": True, "triggerer": False})


class Server:
    """Takes mails while it is up."""

    def __init__(self) -> None:
        self.up = True
        self.mails: list[tuple[str, str]] = []

    def __call__(self, subject: str, body: str, *, message_id: str) -> None:
        assert message_id.endswith("@localhost>")
        if not self.up:
            raise smtplib.SMTPServerDisconnected("closed")
        self.mails.append((subject, body))

    def taken(self) -> list[tuple[str, str]]:
        taken, self.mails = self.mails, []
        return taken


@pytest.fixture
def server() -> Server:
    return Server()


def seen(work: Work | ConfigurationError, after: timedelta = timedelta()) -> Seen:
    return Seen(AT + after, work, None, {}, 0)


def test_where_all_is_well_nobody_hears_anything(settings: Settings, server: Server) -> None:
    assert watch(settings, seen(HEALTHY), server) == 0
    assert server.taken() == []
    assert reasons(settings, (), at=AT) == ()


def test_a_finding_is_told_once_then_daily_and_once_when_it_is_over(settings: Settings, server: Server) -> None:
    assert watch(settings, seen(AWAY), server) == 1
    ((subject, body),) = server.taken()
    assert subject == "見回り：新しい指摘1件、続いている指摘0件、解消0件"
    assert "【新しい】Airflowのトリガラから合図がない。【対応】" in body
    for looks in range(1, 96):
        watch(settings, seen(AWAY, looks * EVERY), server)
    assert server.taken() == []
    watch(settings, seen(AWAY, 96 * EVERY), server)
    ((subject, body),) = server.taken()
    assert subject == "見回り：新しい指摘0件、続いている指摘1件、解消0件"
    assert "【2026-11-10 09:00 から】Airflowのトリガラ" in body
    assert watch(settings, seen(HEALTHY, 97 * EVERY), server) == 0
    ((subject, body),) = server.taken()
    assert subject == "見回り：新しい指摘0件、続いている指摘0件、解消1件"
    assert "【解消】Airflowのトリガラから合図がない（2026-11-10 09:00 から）" in body
    watch(settings, seen(HEALTHY, 98 * EVERY), server)
    assert server.taken() == []


def test_what_comes_beside_what_is_known_is_told_alone(settings: Settings, server: Server) -> None:
    watch(settings, seen(AWAY), server)
    server.taken()
    assert watch(settings, seen(PAUSED, EVERY), server) == 2
    ((_, body),) = server.taken()
    assert "消去期限の見回り" in body
    assert "トリガラ" not in body


def test_a_look_without_a_mail_server_is_remembered_but_does_not_count_as_told(
    settings: Settings, server: Server
) -> None:
    server.up = False
    for looks in range(3):
        with pytest.raises(smtplib.SMTPServerDisconnected):
            watch(settings, seen(AWAY, looks * EVERY), server)
    (reason,) = reasons(settings, (), at=AT + 2 * EVERY)
    assert "トリガラから合図がない" in reason
    server.up = True
    watch(settings, seen(AWAY, 3 * EVERY), server)
    ((subject, _),) = server.taken()
    assert subject.startswith("見回り：新しい指摘1件")


def test_an_end_that_could_not_be_told_is_told_later_and_from_outside_it_is_over(
    settings: Settings, server: Server
) -> None:
    watch(settings, seen(AWAY), server)
    server.taken()
    server.up = False
    with pytest.raises(smtplib.SMTPServerDisconnected):
        watch(settings, seen(HEALTHY, EVERY), server)
    assert reasons(settings, (), at=AT + EVERY) == ()
    server.up = True
    watch(settings, seen(HEALTHY, 2 * EVERY), server)
    ((subject, _),) = server.taken()
    assert subject.endswith("解消1件")


def test_what_nobody_was_told_of_needs_no_end(settings: Settings, server: Server) -> None:
    server.up = False
    with pytest.raises(smtplib.SMTPServerDisconnected):
        watch(settings, seen(AWAY), server)
    server.up = True
    watch(settings, seen(HEALTHY, EVERY), server)
    assert server.taken() == []


def test_what_cannot_be_seen_is_not_over(settings: Settings, server: Server) -> None:
    unread = ConfigurationError("接続がありません。", "設定してください。")
    watch(settings, seen(AWAY), server)
    assert watch(settings, seen(unread, EVERY), server) == 2
    assert watch(settings, seen(AWAY, 2 * EVERY), server) == 1
    subjects = [subject for subject, _ in server.taken()]
    assert subjects == [
        "見回り：新しい指摘1件、続いている指摘0件、解消0件",
        "見回り：新しい指摘1件、続いている指摘0件、解消0件",
        "見回り：新しい指摘0件、続いている指摘0件、解消1件",
    ]


def test_mails_that_wait_go_out_with_the_next_look(settings: Settings, server: Server) -> None:
    unsent.keep(settings, "失敗：回 x", "内容：y", "https://ward.example/log", at=AT)
    (reason,) = (each for each in reasons(settings, (), at=AT) if "メール" in each)
    assert "1通、2026-11-10 09:00 から送れずに待っています" in reason
    watch(settings, seen(HEALTHY, EVERY), server)
    assert [subject for subject, _ in server.taken()] == ["失敗：回 x"]
    assert reasons(settings, (), at=AT + EVERY) == ()


def test_from_outside_a_watch_that_does_not_look_any_more_is_seen(settings: Settings, server: Server) -> None:
    (never,) = reasons(settings, (), at=AT)
    assert "まだ一度も行われていません" in never
    watch(settings, seen(HEALTHY), server)
    assert reasons(settings, (), at=AT + SILENT) == ()
    (silent,) = reasons(settings, (), at=AT + SILENT + timedelta(seconds=1))
    assert "2026-11-10 09:00 から行われていません" in silent
    assert "【対応】" in silent


def test_from_outside_the_space_is_looked_at_now_and_not_as_it_was(settings: Settings, server: Server) -> None:
    watch(settings, replace(seen(HEALTHY), free={"MAILROUND_DATA": 0}, least_free=1), server)
    assert reasons(settings, short_of_space({"MAILROUND_DATA": 1}, 1), at=AT) == ()
    (short,) = reasons(settings, short_of_space({"MAILROUND_VAULT": 0}, 1), at=AT)
    assert "MAILROUND_VAULT の空き" in short


def test_neither_file_nor_mail_says_more_than_ids(settings: Settings, server: Server) -> None:
    run = Run("mailing_round", "m1", "一斉送付の回", "2026-11-change", "queued", AT - timedelta(hours=1), AT, ())
    watch(settings, seen(replace(HEALTHY, runs=(run,))), server)
    ((_, body),) = server.taken()
    assert "回 2026-11-changeの実行が60分、始まらない" in body
    assert (settings.data / "watch.json").stat().st_mode & 0o777 == 0o600
