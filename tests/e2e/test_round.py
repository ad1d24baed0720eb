"""A mailing round on a real scheduler, answered over the REST API by its users.

The tests of this file share one Airflow and run in order: the last one searches everything they left behind.
"""

from __future__ import annotations

import email
import email.policy
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from whole_round import CANARIES, CANARY_NAME, PIECES, put_export, wait_for

from mailround.local.airflow import LocalAirflow
from mailround.local.client import AirflowUser, ClientError, TaskState
from mailround.local.drive import ANSWERS, Answers, Driver
from mailround.model import RoundParams
from mailround.register.entries import (
    AnswerRefused,
    AnyBody,
    DeletionReminded,
    ItemsReturned,
    MailReturned,
    MailSettled,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    Purged,
    ReleaseApproved,
    ReleaseRefused,
    RoundClosed,
    RoundEnded,
    RoundOpened,
    Sealed,
    WithdrawalAcknowledged,
    standing,
)
from mailround.seal import package_path
from mailround.settings import TOKYO
from mailround.vault import Vault

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def mails(airflow: LocalAirflow) -> list[str]:
    """Return subject and text of every mail, decoded."""
    found = []
    for path in sorted(airflow.mails.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        found.append("\n".join([str(message["subject"]), *texts]))
    return found


def test_a_malformed_export_turns_the_run_red_with_a_japanese_message(driver: Driver) -> None:
    params = put_export(driver, "broken", seed=12, break_it=True)
    run_id = driver.trigger(params)
    assert driver.follow(run_id, params.round_id, {}) == "failed"
    states = {task.task_id: task.state for task in driver.users["datateam"].tasks(run_id)}
    assert states["extract"] == "failed"
    log = driver.users["datateam"].log(run_id, "extract")
    assert "【対応】" in log
    assert log.count("行目（") >= 6, "each of the three malformed records has its own line, and stands in the message"
    (alert,) = [mail for mail in mails(driver.airflow) if params.round_id in mail]
    assert "02 データ取込" in alert
    assert "【対応】" in alert
    assert f"{driver.airflow.url}/dags/mailing_round/runs/" in alert
    assert "/tasks/extract?try_number=1" in alert


def test_a_killed_render_loses_nothing_and_a_refusal_destroys_the_package(driver: Driver) -> None:
    params = put_export(driver, "killed", seed=13)
    run_id = driver.trigger(params)
    killed: list[TaskState] = []

    def kill(states: list[TaskState]) -> None:
        running = [each for each in states if each.task_id == "render" and each.state == "running" and each.pid]
        if running and not killed:
            assert running[0].pid is not None
            os.kill(running[0].pid, signal.SIGKILL)
            killed.append(running[0])

    def send_back(driver: Driver, run_id: str, round_id: str) -> None:
        assert driver.entry(round_id, Sealed).pieces > 0
        assert package_path(driver.settings, round_id).exists()
        driver.users["approver"].answer(run_id, "approve_release", "差戻し")

    answers = {**ANSWERS, "approve_release": send_back}
    assert follow_closely(driver, run_id, params.round_id, answers, kill) == "failed"
    assert len(killed) == 1
    retried = [each for each in driver.users["datateam"].tasks(run_id) if each.task_id == "render"]
    assert {each.state for each in retried} == {"success"}
    assert max(each.try_number for each in retried) > 1
    entries = driver.register.entries(params.round_id)
    assert len(standing(entries, ReleaseRefused)) == 1
    assert len(standing(entries, RoundEnded)) == 1
    assert not package_path(driver.settings, params.round_id).exists()
    assert not (driver.settings.data / params.round_id).exists()
    vault = Vault(driver.settings.vault, driver.settings.vault_identity)
    assert not any(vault.holds(params.round_id, name) for name in ("round-key", "index-key", "package-password"))
    assert any("中止しました" in mail and params.round_id in mail for mail in mails(driver.airflow))


def test_the_watch_reminds_of_a_deletion_whose_run_is_lost(driver: Driver) -> None:
    """Only the register knows this round; no run of it exists."""
    now = datetime.now(TOKYO)
    yesterday = now - timedelta(days=1)
    round_id = "2026-10-lost"
    lost: tuple[AnyBody, ...] = (
        RoundOpened(
            round_kind="change_notice",
            source="lost.csv",
            layout="shinjuku",
            contract="demo",
            contract_sha256="0" * 64,
            issue_date=yesterday.date(),
            posting_date=yesterday.date(),
            triggered_by="datateam",
            run_id="lost",
        ),
        MediaHandedOver(
            package_sha256="0" * 64,
            giver="officer",
            receiver="C-001",
            handed_over_at=yesterday,
            media_no="DVD-0009",
            quantity=1,
            bag_no="BAG-09",
            locked=True,
            storage="耐火金庫1",
        ),
        # due today, for what is overdue is told on working days only
        Posted(posted_on=now.date(), handed_over=3, withdrawn=0, spoiled=0, reprinted=0, posted=3),
    )
    for body in lost:
        driver.register.append(body, round_id=round_id, actor="officer", at=yesterday)
    for _ in range(2):  # a second look on the same day reminds nobody again
        run_id = driver.users["datateam"].trigger({}, dag="deletion_watch")
        wait_for(lambda run_id=run_id: driver.users["datateam"].run_state(run_id, dag="deletion_watch") == "success")
    reminders = [mail for mail in mails(driver.airflow) if round_id in mail]
    assert [each.item for each in standing(driver.register.entries(round_id), DeletionReminded)] == ["disc", "data"]
    assert len(reminders) == 2
    assert all("本日が期限です" in reminder for reminder in reminders)


def test_an_auditor_may_look_but_not_answer_or_start(airflow: LocalAirflow, driver: Driver) -> None:
    auditor = AirflowUser(airflow.url, "auditor", airflow.password)
    try:
        assert "mailing_round" in auditor.dags()
        with pytest.raises(ClientError, match="403"):
            auditor.trigger({"round_id": "2026-11-audit"})
        with pytest.raises(ClientError, match="403"):
            driver.users["officer"].trigger({"round_id": "2026-11-officer"})
        with pytest.raises(ClientError, match="403"):
            auditor.trigger({"round_id": "2026-11-audit"}, dag="withdraw_pieces")
    finally:
        auditor.close()


def test_a_round_runs_to_its_end_and_refuses_approval_by_the_person_who_started_it(
    driver: Driver, whole_round: Future[RoundParams]
) -> None:
    params = whole_round.result()

    entries = driver.register.entries(params.round_id)
    refused = standing(entries, AnswerRefused)
    assert [each.step for each in refused] == ["approve_release", "record_posting"]
    assert "発送数が合いません" in refused[1].reasons[0]
    assert [entry.actor for entry in entries if isinstance(entry.body, ReleaseApproved)] == ["approver"]
    assert [entry.actor for entry in entries if isinstance(entry.body, PasswordHandedOver)] == ["officer"]
    assert isinstance(entries[-1].body, RoundClosed)
    assert len(standing(entries, Purged)) == 1
    assert standing(entries, WithdrawalAcknowledged)[0].pulled == (PIECES[0],)
    assert standing(entries, Posted)[0].withdrawal_pieces == standing(entries, ItemsReturned)[0].withdrawn == 1
    assert [each.piece_id for each in standing(entries, MailSettled)] == [PIECES[1]]
    assert [entry.actor for entry in entries if isinstance(entry.body, MailReturned)] == ["officer"]
    told = [mail for mail in mails(driver.airflow) if params.round_id in mail]
    assert len([mail for mail in told if "委託先が数えた受領数が、引渡しの数と違います" in mail]) == 1
    assert len([mail for mail in told if "封書の抜取り" in mail]) == 1
    assert not any(piece in mail for piece in PIECES for mail in told)
    assert driver.register.verify().entries == len(driver.register.entries())
    assert any("再回答のお願い" in mail and params.round_id in mail for mail in mails(driver.airflow))
    left = [path for path in driver.settings.data.rglob("*") if path.is_file() and params.round_id in str(path)]
    assert left == []
    assert not package_path(driver.settings, params.round_id).exists()
    assert not (driver.settings.inbox / params.source).exists()


def test_no_planted_name_is_found_anywhere_outside_the_encrypted_files(airflow: LocalAirflow) -> None:
    """Logs, metadata database with XCom and rendered fields, register, mails, file names: searched as bytes."""
    needles = [
        form
        for canary in CANARIES
        for form in (
            canary.encode("utf-8"),
            canary.encode("cp932"),
            canary.encode("utf-16-le"),
            canary.encode("unicode_escape"),
        )
    ]
    searched = list(_files(airflow.home))
    for path in searched:
        content = path.read_bytes()
        assert not any(needle in content or needle.decode("latin-1") in path.name for needle in needles), path
    for mail in mails(airflow):
        assert not any(canary in mail for canary in CANARIES)
    names = {path.name for path in searched}
    assert {"airflow.db", "register.db", "0001.eml", "scheduler.log", "attempt=1.log", "manifest.json"} <= names
    assert any(CANARY_NAME.encode("cp932") in path.read_bytes() for path in (airflow.home / "ward" / "inbox").iterdir())


def _files(home: Path) -> Iterator[Path]:
    inbox = home / "ward" / "inbox"  # the ward's own export, which the canaries came in
    return (path for path in home.rglob("*") if path.is_file() and inbox not in path.parents)


def follow_closely(driver: Driver, run_id: str, round_id: str, answers: Answers, watch: object) -> str:
    """Follow a run, looking often enough to catch a task in the second it runs."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        states = driver.users["datateam"].tasks(run_id)
        watch(states)  # type: ignore[operator]
        if any(each.task_id == "decide_holds" and each.state == "awaiting_input" for each in states):
            answers["decide_holds"](driver, run_id, round_id)
        if any(each.task_id == "verify" and each.state for each in states):
            break
        time.sleep(0.1)
    return driver.follow(run_id, round_id, answers)
