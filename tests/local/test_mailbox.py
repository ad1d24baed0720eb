"""The mailbox of the local Airflow: a real mail server that keeps every mail, in order, for its owner only."""

from __future__ import annotations

import signal
import smtplib
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from mailround.local.mailbox import Mailbox
from ports import free_port


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    chosen = free_port()
    controller = Controller(Mailbox(tmp_path / "a" / "mail"), hostname="127.0.0.1", port=chosen)
    controller.start()
    yield chosen
    controller.stop()


def send(port: int, subject: str, body: str = "本文") -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "mailround@example.org", "data@example.org"
    mail.set_content(body)
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.send_message(mail)


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_mail_is_a_file_with_its_own_number_and_its_very_bytes(tmp_path: Path, port: int) -> None:
    for number in range(3):
        send(port, f"subject {number}", "一行目\n.一つの点\n")
    folder = tmp_path / "a" / "mail"
    assert kept(folder) == ["0001.eml", "0002.eml", "0003.eml"]
    for number, name in enumerate(kept(folder)):
        assert f"Subject: subject {number}\r\n".encode() in (folder / name).read_bytes()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_mailbox_that_is_started_again_writes_over_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "0001.eml").write_bytes(b"the first")
    (folder / "notes.txt").touch()
    port = free_port()
    controller = Controller(Mailbox(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        send(port, "the second")
    finally:
        controller.stop()
    assert kept(folder) == ["0001.eml", "0002.eml", "notes.txt"]
    assert (folder / "0001.eml").read_bytes() == b"the first"


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_on_its_port_until_it_is_told_to_end(tmp_path: Path, name: signal.Signals) -> None:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "mailround.local.mailbox", str(port), str(tmp_path / "mail")])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                send(port, "there")
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        process.send_signal(name)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert kept(tmp_path / "mail") == ["0001.eml"]
