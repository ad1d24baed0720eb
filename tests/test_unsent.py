"""Mails of failures that wait: kept whatever happens, sent in turn, gone once they are sent, and counted in between."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailround.settings import TOKYO, Settings
from mailround.unsent import deliver, keep, waiting

AT = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)


class Server:
    """Takes mails, but none of those whose subjects it refuses."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.taken: list[tuple[str, str, str]] = []

    def __call__(self, subject: str, body: str, *, message_id: str) -> None:
        if subject in self.refused:
            raise smtplib.SMTPServerDisconnected("closed")
        self.taken.append((subject, body, message_id))


def kept(settings: Settings, *subjects: str) -> None:
    for minutes, subject in enumerate(subjects):
        keep(settings, subject, "本文", f"https://ward.example/{minutes}", at=AT + timedelta(minutes=minutes))


def test_nothing_waits_where_nothing_was_kept(settings: Settings) -> None:
    assert waiting(settings) == ()
    assert deliver(settings, Server()) == 0


def test_what_waits_goes_out_the_oldest_first_and_says_since_when(settings: Settings) -> None:
    kept(settings, "二", "一", "三")
    server = Server()
    assert deliver(settings, server) == 3
    assert [subject for subject, _, _ in server.taken] == ["二", "一", "三"]
    assert server.taken[1][1] == (
        "（2026-11-10 09:01 から、メールを送れずに待っていました。）\n本文\n記録：https://ward.example/1"
    )
    assert waiting(settings) == ()
    assert deliver(settings, server) == 0


def test_what_is_refused_stays_with_all_behind_it_and_what_has_gone_does_not_go_again(settings: Settings) -> None:
    kept(settings, "一", "二", "三")
    server = Server("二")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(settings, server)
    assert [mail.subject for mail in waiting(settings)] == ["二", "三"]
    server.refused.clear()
    assert deliver(settings, server) == 2
    assert [subject for subject, _, _ in server.taken] == ["一", "二", "三"]


def test_the_same_failure_waits_once_with_its_last_record_and_is_counted(settings: Settings) -> None:
    kept(settings, "一", "一", "一")
    (mail,) = waiting(settings)
    assert (mail.since, mail.times, mail.link) == (AT, 3, "https://ward.example/2")
    server = Server()
    deliver(settings, server)
    assert "同じことが3回ありました" in server.taken[0][1]
    kept(settings, "一")
    assert waiting(settings)[0].times == 1, "the count is of what nobody was told"


def test_a_mail_that_goes_twice_has_one_identifier(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(settings, "一")
    (path,) = (settings.data / "unsent").glob("*.json")
    content, server = path.read_bytes(), Server()
    deliver(settings, server)
    path.write_bytes(content)  # as a crash between mail and file leaves it
    deliver(settings, server)
    assert len(server.taken) == 2
    assert len({identifier for _, _, identifier in server.taken}) == 1


def test_a_mail_is_kept_where_others_cannot_read_it(settings: Settings) -> None:
    kept(settings, "一")
    (path,) = (settings.data / "unsent").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_disk_that_takes_no_file_is_told_to_the_callback(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        kept(settings, "一")
    assert waiting(settings) == ()
