"""The mails to the people in charge, sent by the real Airflow provider to a real SMTP server."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from mailround.local.mailbox import Mailbox
from ports import free_port

NAME = "髙﨑　伽奈利亜"
LOG_URL = "http://127.0.0.1:8080/dags/mailing_round/runs/manual__1/tasks/extract"

# One process for all cases: importing Airflow takes seconds. Each case prints what came of it; mails go to the server.
CASES = """
import json, os, sys
from functools import partial
from types import SimpleNamespace
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from mailround import notices, tasks, unsent
from mailround.errors import CountMismatchError
from mailround.settings import load_settings

NAME, LOG_URL, NO_SERVER = sys.argv[1:]

with DAG("mailing_round", dag_display_name="一斉送付の回") as dag:
    step = tasks.extract(tasks.open_round()).operator

def deterministic():
    try:
        with tasks.failing_at_once():
            raise CountMismatchError("件数（60）と取込（59）が一致しません。", "作り直してください。<b>")
    except AirflowFailException as error:
        return error

def failed(error=None, **params):
    instance = SimpleNamespace(task_id=step.task_id, log_url=LOG_URL)
    context = {"task_instance": instance, "task": step, "dag": dag, "params": params}
    notices.alert_failure(context | ({"exception": error} if error else {}))

def deliver():
    unsent.deliver(load_settings(), partial(notices.send, load_settings()))

SERVER = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
cases = {
    "plain": lambda: notices.send(load_settings(), "消去期限のお知らせ", "一行目\\n<二行目> & 三行目"),
    "to others too": lambda: notices.send(
        load_settings(), "件名", "本文", to=("chief@example.org", "data@example.org"), message_id="<one@example.org>"
    ),
    "with a day": lambda: notices.send(load_settings(), "消去期限", "本文", calendar=b"BEGIN:VCALENDAR\\r\\n"),
    "deterministic": lambda: failed(deterministic(), round_id="2026-11-change"),
    "unexpected": lambda: failed(ValueError(f"invalid literal: {NAME!r}"), round_id="2026-11-change"),
    "without an exception": lambda: failed(round_id="2026-11-change"),
    "without a round": lambda: failed(ValueError(NAME)),
    "a round id with a line feed": lambda: failed(deterministic(), round_id="2026-11-change\\nBcc: x@example.org"),
    "no server": lambda: (
        os.environ.update(AIRFLOW_CONN_SMTP_DEFAULT=NO_SERVER),
        notices.send(load_settings(), "件名", "本文"),
    ),
    "failed without a server": lambda: (
        failed(deterministic(), round_id="2026-11-change"),
        failed(ValueError(NAME)),
        failed(deterministic(), round_id="2026-11-change"),
    ),
    "still no server": deliver,
    "no connection at all": lambda: (
        os.environ.pop("AIRFLOW_CONN_SMTP_DEFAULT"),
        failed(deterministic(), round_id="2026-12-change"),
    ),
    "the server is back": lambda: (os.environ.update(AIRFLOW_CONN_SMTP_DEFAULT=SERVER), deliver()),
    "once more": deliver,
}
for name, case in cases.items():
    try:
        case()
        result = "sent"
    except Exception as error:
        result = type(error).__name__
    print(json.dumps([name, result]), flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, list[EmailMessage]]]:
    """Run every case; return what came of it and the mails it delivered."""
    home = tmp_path_factory.mktemp("notices")
    port = free_port()
    controller = Controller(Mailbox(home / "mail"), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        return dict(run_cases(home, port))
    finally:
        controller.stop()


def run_cases(home: Path, port: int) -> Iterator[tuple[str, tuple[str, list[EmailMessage]]]]:
    smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": {"disable_ssl": True, "disable_tls": True}}
    ward = {name: str(home / name.lower()) for name in ("INBOX", "DATA", "OUTBOX", "VAULT", "VAULT_IDENTITY")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MAILROUND_"))},
        **{f"MAILROUND_{name}": value for name, value in ward.items()},
        "MAILROUND_REGISTER_URL": "sqlite://",
        "MAILROUND_ALERT_TO": "data@example.org, officer@example.org",
        "MAILROUND_ALERT_FROM": "mailround@example.org",
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(smtp),
    }
    seen = 0
    with (home / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", CASES, NAME, LOG_URL, json.dumps(smtp | {"port": free_port()})],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            assert process.stdin
            assert process.stdout
            for line in process.stdout:
                if not line.startswith("["):
                    continue  # Airflow's own log
                name, result = json.loads(line)
                mails = sorted((home / "mail").glob("*.eml"))
                yield name, (result, [parse(each) for each in mails[seen:]])
                seen = len(mails)
                process.stdin.write("\n")
                process.stdin.flush()
    assert process.returncode == 0, (home / "stderr").read_text()


def parse(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage) -> str:
    """Return the body's source."""
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def only(results: dict[str, tuple[str, list[EmailMessage]]], case: str) -> EmailMessage:
    result, mails = results[case]
    assert result == "sent"
    [mail] = mails
    return mail


def test_a_mail_reaches_every_address_with_its_text_as_it_is(
    results: dict[str, tuple[str, list[EmailMessage]]],
) -> None:
    mail = only(results, "plain")
    assert mail["Subject"] == "[mailround] 消去期限のお知らせ"
    assert mail["From"] == "mailround@example.org"
    assert mail["To"] == "data@example.org, officer@example.org"
    assert text(mail).strip() == "<html><body>一行目<br>\n&lt;二行目&gt; &amp; 三行目</body></html>"


def test_a_day_for_the_calendar_is_attached(results: dict[str, tuple[str, list[EmailMessage]]]) -> None:
    mail = only(results, "with a day")
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "kigen.ics"
    assert attached.get_payload(decode=True) == b"BEGIN:VCALENDAR\r\n"
    assert "本文" in text(mail)
    assert not list(only(results, "plain").iter_attachments())


def test_a_mail_may_go_to_others_too_each_of_them_once_and_under_an_identifier_of_its_own(
    results: dict[str, tuple[str, list[EmailMessage]]],
) -> None:
    mail = only(results, "to others too")
    assert mail["To"] == "data@example.org, officer@example.org, chief@example.org"
    assert mail.get_all("Message-ID") == ["<one@example.org>"]
    assert only(results, "plain")["Message-ID"] != "<one@example.org>"


def test_a_deterministic_fault_is_quoted_with_round_step_and_log(
    results: dict[str, tuple[str, list[EmailMessage]]],
) -> None:
    mail = only(results, "deterministic")
    assert mail["Subject"] == "[mailround] 失敗：回 2026-11-change／02 データ取込"
    for words in (
        "対象：回 2026-11-change",
        "工程：02 データ取込（extract）",
        "内容：件数（60）と取込（59）が一致しません。 【対応】作り直してください。&lt;b&gt;",
        f"記録：{LOG_URL}",
    ):
        assert words in text(mail)


@pytest.mark.parametrize("case", ["unexpected", "without an exception", "without a round"])
def test_the_text_of_an_unexpected_fault_stays_in_the_log(
    results: dict[str, tuple[str, list[EmailMessage]]], case: str
) -> None:
    mail = only(results, case)
    assert "想定外の障害です" in text(mail)
    assert LOG_URL in text(mail)
    assert "02 データ取込" in mail["Subject"]
    for part in (mail.as_string(), text(mail), mail["Subject"]):
        assert not re.search("伽奈利亜|invalid literal|ValueError", part)


def test_a_failure_outside_a_round_says_which_dag(results: dict[str, tuple[str, list[EmailMessage]]]) -> None:
    mail = only(results, "without a round")
    assert mail["Subject"] == "[mailround] 失敗：「一斉送付の回」／02 データ取込"
    assert "対象：「一斉送付の回」" in text(mail)


def test_a_line_feed_in_a_round_id_neither_stops_the_mail_nor_adds_a_header(
    results: dict[str, tuple[str, list[EmailMessage]]],
) -> None:
    mail = only(results, "a round id with a line feed")
    assert mail["Bcc"] is None
    assert mail["To"] == "data@example.org, officer@example.org"
    assert "2026-11-change Bcc: x@example.org" in mail["Subject"]


def test_a_mail_server_that_is_down_is_told_to_the_caller(results: dict[str, tuple[str, list[EmailMessage]]]) -> None:
    result, mails = results["no server"]
    assert result == "ConnectionRefusedError"
    assert mails == []


def test_a_failure_that_cannot_be_mailed_waits_until_the_server_is_back_and_is_mailed_once(
    results: dict[str, tuple[str, list[EmailMessage]]],
) -> None:
    assert results["failed without a server"] == ("sent", []), "the callback itself does not fail"
    assert results["still no server"] == ("ConnectionRefusedError", [])
    assert results["no connection at all"] == ("sent", [])
    result, mails = results["the server is back"]
    assert result == "sent"
    assert [mail["Subject"] for mail in mails] == [
        "[mailround] 失敗：回 2026-11-change／02 データ取込",
        "[mailround] 失敗：「一斉送付の回」／02 データ取込",
        "[mailround] 失敗：回 2026-12-change／02 データ取込",
    ]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert "件数（60）と取込（59）が一致しません。" in text(mails[0])
    assert "同じことが2回ありました" in text(mails[0])
    for mail in mails:
        assert re.search("（20[0-9-]{8} [0-9:]{5} から、メールを送れずに待っていました。）", text(mail))
        assert LOG_URL in text(mail)
        assert "伽奈利亜" not in mail.as_string() + text(mail)
    assert results["once more"] == ("sent", [])
