"""The daily check of the house and the watch over its work, on a real scheduler."""

from __future__ import annotations

import email
import subprocess
import sys
import time
from datetime import datetime
from email.policy import default

import pytest

from mailround.local.airflow import LocalAirflow
from mailround.local.drive import Driver
from mailround.round_watch import Memory
from mailround.settings import TOKYO

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def done(driver: Driver, dag: str = "house_check") -> tuple[str, str]:
    """Run it once; return its state and its id."""
    datateam = driver.users["datateam"]
    run_id = datateam.trigger({}, dag=dag)
    deadline = time.monotonic() + 600
    while (state := datateam.run_state(run_id, dag=dag)) not in {"success", "failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return state, run_id


def test_the_house_is_checked_from_within_a_task_and_a_fault_is_mailed_with_its_remedy(
    airflow: LocalAirflow, driver: Driver
) -> None:
    log = driver.users["datateam"].log
    state, run_id = done(driver)
    assert state == "success", log(run_id, "check_house", dag="house_check")
    inbox = driver.settings.inbox
    inbox.chmod(0o705)
    try:
        state, run_id = done(driver)
    finally:
        inbox.chmod(0o700)
    assert state == "failed"
    told = log(run_id, "check_house", dag="house_check")
    assert "MAILROUND_INBOX を、関係のない利用者も開ける。【対応】`chmod o-rwx`" in told
    assert "設置の点検で1件の指摘があります" in told
    mails = [email.message_from_bytes(each.read_bytes(), policy=default) for each in airflow.mails.glob("*.eml")]
    (alert,) = [mail for mail in mails if "設置の点検" in str(mail["subject"])]
    body = alert.get_body(("html",))
    assert body is not None
    assert "MAILROUND_INBOX を、関係のない利用者も開ける。【対応】" in body.get_content()


def test_the_work_is_watched_from_within_a_task_and_from_outside_the_watch_is_seen_to_have_looked(
    airflow: LocalAirflow, driver: Driver
) -> None:
    began = datetime.now(TOKYO)
    state, run_id = done(driver, "round_watch")
    assert state == "success", driver.users["datateam"].log(run_id, "watch_rounds", dag="round_watch")
    memory = Memory.model_validate_json((driver.settings.data / "watch.json").read_bytes())
    assert memory.looked > began
    assert not [key for key in memory.findings if key == "unseen" or key.startswith("component/")]
    told = subprocess.run(
        [sys.executable, "-m", "mailround.cli", "alive"],
        env=airflow.environment() | {"COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "行われていません" not in told.stdout
    assert (told.stdout == "異常はありません。\n") is (told.returncode == 0) is (not memory.findings)
