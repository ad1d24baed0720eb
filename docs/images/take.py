"""`make screenshots`: run a small round on a local Airflow and photograph what its users see.

Takes the graph of the round, the trigger forms, the approval as the second division meets it, and the media handover.
"""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from mailround.local.airflow import LocalAirflow
from mailround.local.client import DAG
from mailround.local.drive import Driver, approve, decide_holds, sample_round

HERE = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
SETTLE_MILLISECONDS = 4000
"""The graph moves into place after it is drawn."""


def main() -> None:
    """Start, drive to the approval, take the pictures, stop."""
    with tempfile.TemporaryDirectory() as folder:
        airflow = LocalAirflow(Path(folder), _free_port(), _free_port())
        try:
            airflow.start(print)
            driver = Driver(airflow)
            params = sample_round(driver.settings, households=200, seed=1, name="change")
            run_id = driver.trigger(params)
            while not _waits(driver, run_id, "approve_release"):
                if _waits(driver, run_id, "decide_holds"):
                    decide_holds(driver, run_id, params.round_id)
                time.sleep(1)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                run = f"{airflow.url}/dags/{DAG}/runs/{run_id}"
                approver = _page(browser, airflow, "approver", height=1640)
                _take(approver, f"{run}/tasks/approve_release/required_actions", "approval")
                data_team = _page(browser, airflow, "datateam", height=1300)
                data_team.goto(airflow.url)
                data_team.evaluate(f"localStorage.setItem('direction-{DAG}', JSON.stringify('DOWN'))")
                _take(data_team, run, "graph", "グラフ表示 (g を押す)", "詳細パネルを閉じる")
                _take(data_team, f"{airflow.url}/dags/{DAG}", "trigger", "Dag のトリガー")
                approve(driver, run_id, params.round_id)
                while not _waits(driver, run_id, "record_media_handover"):
                    time.sleep(1)
                officer = _page(browser, airflow, "officer", height=1640)
                _take(officer, f"{run}/tasks/record_media_handover/required_actions", "handover")
                for dag in ("report_incident", "withdraw_pieces", "record_returned_mail"):
                    _take(officer, f"{airflow.url}/dags/{dag}", dag, "Dag のトリガー")
                browser.close()
            driver.close()
        finally:
            airflow.stop()


def _waits(driver: Driver, run_id: str, task_id: str) -> bool:
    return any(
        each.task_id == task_id and each.state == "awaiting_input" for each in driver.users["datateam"].tasks(run_id)
    )


def _page(browser: Browser, airflow: LocalAirflow, user: str, height: int) -> Page:
    answer = httpx.post(f"{airflow.url}/auth/token", json={"username": user, "password": airflow.password})
    context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", viewport={"width": 1440, "height": height})
    context.add_cookies([{"name": "_token", "value": answer.json()["access_token"], "url": airflow.url}])
    return context.new_page()


def _take(page: Page, address: str, name: str, *clicks: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    for label in clicks:
        page.get_by_label(label).first.click()
        page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=HERE / f"{name}.png")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
