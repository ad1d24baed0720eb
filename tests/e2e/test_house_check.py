"""The daily check of the house on a real scheduler: it passes, and a fault turns it red and is mailed."""

from __future__ import annotations

import email
import time
from email.policy import default

import pytest

from mailround.local.airflow import LocalAirflow
from mailround.local.drive import Driver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def checked(driver: Driver) -> tuple[str, str]:
    """Run it once; return its state and its id."""
    datateam = driver.users["datateam"]
    run_id = datateam.trigger({}, dag="house_check")
    deadline = time.monotonic() + 600
    while (state := datateam.run_state(run_id, dag="house_check")) not in {"success", "failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return state, run_id


def test_the_house_is_checked_from_within_a_task_and_a_fault_is_mailed_with_its_remedy(
    airflow: LocalAirflow, driver: Driver
) -> None:
    log = driver.users["datateam"].log
    state, run_id = checked(driver)
    assert state == "success", log(run_id, "check_house", dag="house_check")
    inbox = driver.settings.inbox
    inbox.chmod(0o705)
    try:
        state, run_id = checked(driver)
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
