"""`make screenshots`: run a small round on a local Airflow and photograph what its users see, in their order.

The pictures are those of docs/ja/operations.md and the README. Each is reduced to a palette, so that it stays small.
"""

from __future__ import annotations

import io
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from mailround.kept_templates import keep_templates
from mailround.local.airflow import LocalAirflow
from mailround.local.client import DAG
from mailround.local.drive import Driver, approve, decide_holds, sample_round
from mailround.register.store import Register
from mailround.rounds import load_round_kind
from mailround.settings import CONSOLE, TOKYO, Settings
from mailround.templates import Template, digest, load_templates
from registered import record_round

HERE = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
SETTLE_MILLISECONDS = 4000
"""The graph moves into place after it is drawn."""
PATIENCE_SECONDS = 600
COLOURS = 256
HALF_A_YEAR = timedelta(days=182)
GRAPH = ("グラフ表示 (g を押す)", "詳細パネルを閉じる")
TRIGGER = ("Dag のトリガー",)
OVERLAY = "封筒の窓と折り目を重ねる"
HOME, ASKED = "ホーム", "要対応項目 (1 件)"
"""What is there when the page has its Japanese words; before, it shows English ones or their keys."""


def main() -> None:
    """Start, drive to the media handover, take the pictures on the way, stop."""
    with (
        tempfile.TemporaryDirectory() as folder,
        started(Path(folder)) as airflow,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        driver = Driver(airflow)
        photograph(browser, airflow, driver)
        driver.close()
        browser.close()


@contextmanager
def started(home: Path) -> Iterator[LocalAirflow]:
    """Start an Airflow of our own and stop it again."""
    airflow = LocalAirflow(home, _free_port(), _free_port())
    try:
        airflow.start(print)
        yield airflow
    finally:
        airflow.stop()


def photograph(browser: Browser, airflow: LocalAirflow, driver: Driver) -> None:
    """Take every picture; the round waits while its form is photographed."""
    anybody = browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 560}).new_page()
    _take(anybody, f"{airflow.url}/auth/login/", "login", shows="サインイン")
    _take(_page(browser, airflow, "datateam", height=1300), f"{airflow.url}/dags/{DAG}", "trigger", *TRIGGER)

    params = sample_round(driver.settings, households=200, seed=1, name="change")
    run_id = driver.trigger(params)
    run = f"{airflow.url}/dags/{DAG}/runs/{run_id}"
    _await(driver, run_id, "decide_holds", "awaiting_input")
    holds = f"{run}/tasks/decide_holds/required_actions"
    _take(_page(browser, airflow, "officer", height=1640), holds, "holds", shows=ASKED)
    _close_a_round_before(driver.settings)
    while not _is(driver, run_id, "approve_release", "awaiting_input"):
        if _is(driver, run_id, "decide_holds", "awaiting_input"):
            decide_holds(driver, run_id, params.round_id)
        time.sleep(1)

    # The same export again: what a step that ends red has to say.
    again = driver.trigger(params.model_copy(update={"round_id": params.round_id.replace("-change", "-again")}))
    graph = _page(browser, airflow, "datateam", height=1300)
    graph.evaluate(f"localStorage.setItem('direction-{DAG}', JSON.stringify('DOWN'))")
    _take(graph, run, "graph", *GRAPH)
    approval = f"{run}/tasks/approve_release/required_actions"
    _take(_page(browser, airflow, "approver", height=1640), approval, "approval", shows=ASKED)
    _take(_page(browser, airflow, "approver", height=480), f"{airflow.url}/required_actions", "waiting")
    _await(driver, again, "extract", "failed")
    red = f"{run.replace(run_id, again)}/tasks/extract"
    _take_message(_page(browser, airflow, "datateam", height=620), red, "red", "clear")

    one = f"/rounds/{params.round_id}"
    _take(_page(browser, airflow, "datateam", height=820), _framed(airflow, "/rounds"), "console-rounds")
    _take(_page(browser, airflow, "datateam", height=1500), _framed(airflow, one), "console-round")
    _take(_page(browser, airflow, "officer", height=1000), _framed(airflow, f"{one}/holds"), "console-holds")
    proof = f"{airflow.url}{CONSOLE}{one}/proof"
    _take(_page(browser, airflow, "approver", height=1300), proof, "console-proof", OVERLAY, shows="済んだ検査")

    compared = f"{airflow.url}{CONSOLE}{one}/templates"
    _take(_page(browser, airflow, "approver", height=1300), compared, "console-templates", shows="印を付ける")

    approve(driver, run_id, params.round_id)
    _await(driver, run_id, "record_media_handover", "awaiting_input")
    handover = f"{run}/tasks/record_media_handover/required_actions"
    _take(_page(browser, airflow, "officer", height=1640), handover, "handover", shows=ASKED)
    _take(_page(browser, airflow, "officer", height=1300), f"{airflow.url}/dags/report_incident", "incident", *TRIGGER)
    _take(_page(browser, airflow, "auditor", height=760), f"{airflow.url}/events", "audit")
    _take(_page(browser, airflow, "auditor", height=1000), _framed(airflow, "/register"), "console-register")
    _take(_page(browser, airflow, "auditor", height=760), _framed(airflow, "/due"), "console-due")
    _take(
        _page(browser, airflow, "datateam", height=1300),
        f"{airflow.url}{CONSOLE}/specimens",
        "console-specimens",
        OVERLAY,
        shows="様式の点検",
    )


def _close_a_round_before(settings: Settings) -> None:
    """Record a whole round of half a year ago, printed with somewhat other templates: the last one to compare with."""
    kind = load_round_kind(settings.include, "change_notice")
    older = {each: _as_it_was(template) for each, template in load_templates(settings.include, kind).items()}
    opened_on = (datetime.now(TOKYO) - HALF_A_YEAR).date()
    before = f"{opened_on:%Y-%m}-change"
    keep_templates(settings, before, older)
    register = Register(settings.register_url)
    record_round(register, before, opened_on=opened_on, templates_sha256=digest(older))


def _as_it_was(template: Template) -> Template:
    content = template.model_dump()
    content["texts"]["title"] = content["texts"]["title"].replace("決定通知書", "のお知らせ")
    content["texts"]["contact"] = content["texts"]["contact"].replace("　生活福祉課", "　保護課")
    content["fields"]["issuer"] |= {"x": 110, "y": 36}
    content["approvals"]["basis"] |= {"version": "様式例 第0版"}
    return Template.model_validate(content)


def _framed(airflow: LocalAirflow, path: str) -> str:
    """Return the address of a page of the console where Airflow shows it."""
    return f"{airflow.url}/plugin/mailround{CONSOLE}{path}"


def _is(driver: Driver, run_id: str, task_id: str, state: str) -> bool:
    return any(each.task_id == task_id and each.state == state for each in driver.users["datateam"].tasks(run_id))


def _await(driver: Driver, run_id: str, task_id: str, state: str) -> None:
    """Wait until a task is in a state.

    Raises:
        TimeoutError: It never was.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is(driver, run_id, task_id, state):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{task_id} is not {state}")
        time.sleep(1)


def _page(browser: Browser, airflow: LocalAirflow, user: str, height: int) -> Page:
    answer = httpx.post(f"{airflow.url}/auth/token", json={"username": user, "password": airflow.password}, timeout=30)
    context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", viewport={"width": 1440, "height": height})
    context.add_cookies([{"name": "_token", "value": answer.json()["access_token"], "url": airflow.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.goto(airflow.url)
    return page


def _take(page: Page, address: str, name: str, *clicks: str, shows: str = HOME) -> None:
    """Take a page that shows this text, after these clicks, and close it: an open one goes on asking the server."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.get_by_text(shows).first.wait_for()
    for label in clicks:
        page.get_by_label(label).first.click()
        page.wait_for_timeout(SETTLE_MILLISECONDS)
    _keep(page, name)
    page.context.close()


def _take_message(page: Page, address: str, name: str, cleared: str) -> None:
    """Take a failed step's log with its sentence in full and without lines of code, then the form that clears it."""
    page.goto(address)
    page.get_by_text(HOME).first.wait_for()
    page.get_by_text("AirflowFailException").first.click(force=True)
    page.keyboard.press("w")
    page.mouse.move(0, 0)
    _keep(page, name)
    page.keyboard.press("Shift+C")
    _keep(page, cleared)
    page.context.close()


def _keep(page: Page, name: str) -> None:
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(HERE / f"{name}.png", optimize=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
