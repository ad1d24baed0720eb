"""A round as its people see it, in a real browser: Airflow's forms, our pages in Airflow's frame, and the way between.

The tests of this file share one round and run in order. What takes no eyes is done by the driver.
"""

from __future__ import annotations

import email
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.policy import default
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from asked import asks, ends
from browsing import chromium, looking
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect, sync_playwright

from mailround.local.drive import Driver, decide_holds, make_media_ready, make_password_ready, sample_round
from mailround.model import RoundParams
from mailround.register.entries import (
    AnswerRefused,
    Body,
    HandoverSheetPrinted,
    MediaHandedOver,
    PasswordHandedOver,
    ProofPageViewed,
    ReleaseApproved,
    RoundOpened,
)
from mailround.settings import TOKYO

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FRAME = "iframe[title='一斉送付']"
NAMES = ("round_id", "source", "extracted_by", "issue_date", "posting_date")
CHOICES = ("kind", "layout", "contract")


@dataclass
class Story:
    """The round, and everybody who looks at it, each in a browser of their own."""

    driver: Driver
    browser: Browser
    params: RoundParams
    opened: ExitStack
    run_id: str = ""
    people: dict[str, Page] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.driver.airflow.url

    def person(self, name: str) -> Page:
        """Return somebody's browser; at first with a new login."""
        if name not in self.people:
            asked = {"username": name, "password": self.driver.airflow.password}
            token = httpx.post(f"{self.url}/auth/token", json=asked, timeout=60).json()["access_token"]
            self.people[name] = self.opened.enter_context(looking(self.browser, self.url, token)).page
        return self.people[name]

    def form(self, step: str) -> str:
        """Return the address of a step's form."""
        return f"{self.url}/dags/mailing_round/runs/{quote(self.run_id)}/tasks/{step}/required_actions"

    def recorded(self, kind: type[Body]) -> list[str]:
        """Return who recorded entries of a kind, one after the other."""
        entries = self.driver.register.entries(self.params.round_id)
        return [entry.actor for entry in entries if isinstance(entry.body, kind)]

    def frame(self, name: str, path: str) -> FrameLocator:
        """Open a page of the console where Airflow shows it."""
        page = self.person(name)
        page.goto(f"{self.url}/plugin/mailround/mailround{path}")
        return page.frame_locator(FRAME)

    def mails(self, subject: str) -> list[str]:
        """Return the texts of the mails about the round with this in their subject."""
        sent = [
            email.message_from_bytes(path.read_bytes(), policy=default) for path in self.driver.airflow.mails.iterdir()
        ]
        ours = [mail for mail in sent if subject in mail["Subject"] and self.params.round_id in mail["Subject"]]
        return [str(mail.get_body(("html",)).get_content()) for mail in ours]  # type: ignore[union-attr]

    def asked(self, step: str) -> bool:
        """Tell whether a step waits for its answer."""
        return asks(self.driver.airflow, self.driver.users["datateam"], self.run_id, step)

    def until(self, done: Callable[[], bool], seconds: float = 300) -> None:
        """Wait for what has to come."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def answer(self, name: str, step: str, option: str, kind: type[Body], fill: Callable[[Page], None]) -> None:
        """Fill in a form as somebody, send it, and see it recorded as one entry of a kind.

        Once more where the question was put anew: what it shows (rounds that are out, say) may have changed meanwhile.
        """
        page, had = self.person(name), self.recorded(kind)
        while self.recorded(kind) == had:
            self.until(lambda: self.asked(step))
            before = ends(self.driver.airflow, self.run_id, step)
            page.goto(self.form(step))
            button = page.get_by_test_id(f"hitl-option-{option}")
            button.wait_for()
            fill(page)
            with page.expect_response(lambda response: response.request.method == "PATCH") as sent:
                button.click()
            assert sent.value.status in {200, 500}  # of two who write at once, SQLite may refuse one
            if sent.value.ok:
                self.until(lambda: ends(self.driver.airflow, self.run_id, step) > before)  # noqa: B023 - called at once
        assert self.recorded(kind) == [*had, name]

    def reads_why(self, name: str, reason: str) -> Locator:
        """Return what somebody is told on the round's page of the answer that was refused, with this in it."""
        page = self.frame(name, f"/rounds/{self.params.round_id}")
        notice = page.get_by_role("alert").filter(has_text="受理されませんでした")
        expect(notice).to_contain_text(reason)
        return notice


@pytest.fixture(scope="module")
def story(driver: Driver) -> Iterator[Story]:
    with sync_playwright() as playwright, chromium(playwright) as browser, ExitStack() as opened:
        yield Story(driver, browser, sample_round(driver.settings, households=30, seed=41, name="people"), opened)


def type_in(page: Page, **values: object) -> None:
    """Fill in fields of Airflow's form by the names they have there."""
    for name, value in values.items():
        place = page.locator(f"[name='element_{name}']")
        if isinstance(value, bool):
            place.locator("xpath=ancestor::label").click()
        else:
            place.fill(f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value))


def nothing(_: Page) -> None:
    """Fill in a form without fields."""


def test_the_data_team_starts_the_round_with_airflows_form(story: Story) -> None:
    page, given = story.person("datateam"), story.params.model_dump(mode="json")
    page.goto(f"{story.url}/dags/mailing_round")
    page.get_by_label("Dag のトリガー").first.click()
    type_in(page, **{name: given[name] for name in NAMES})
    for name in CHOICES:
        page.locator(f"[id='element_{name}'] input").first.fill(given[name])
        page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="トリガー", exact=True).click()
    story.until(lambda: bool(story.recorded(RoundOpened)))
    story.run_id = story.driver.entry(story.params.round_id, RoundOpened).run_id
    assert story.driver.entry(story.params.round_id, RoundOpened).triggered_by == "datateam"


def test_on_the_console_one_sees_how_far_it_is_and_whose_turn_it_is(story: Story) -> None:
    def holds_are_decided() -> bool:
        if story.asked("decide_holds"):
            decide_holds(story.driver, story.run_id, story.params.round_id)
        return story.asked("approve_release")

    story.until(holds_are_decided)
    page = story.person("datateam")
    page.goto(story.url)
    page.get_by_role("link", name="一斉送付", exact=True).click()
    rounds = page.frame_locator(FRAME)
    expect(rounds.get_by_role("row").filter(has_text=story.params.round_id)).to_contain_text(
        "第二課の承認を待っています"
    )
    rounds.get_by_role("link", name=story.params.round_id).first.click()
    expect(rounds.locator("[aria-current=step]")).to_contain_text("引渡し承認")
    rounds.get_by_role("link", name="09 引渡し承認").click()
    page.wait_for_url(story.form("approve_release"))  # the whole window, not the frame


def test_who_started_it_is_refused_and_reads_why_on_the_page_and_in_the_mail(story: Story) -> None:
    story.answer("datateam", "approve_release", "承認", AnswerRefused, nothing)
    story.reads_why("datateam", "開始した本人は回答できません").get_by_role("link").click()
    story.person("datateam").wait_for_url(story.form("approve_release"))
    link = f"{story.url}/mailround/rounds/{story.params.round_id}"
    (told,) = story.mails("再回答のお願い")
    assert "開始した本人は回答できません" in told
    assert link in told
    alone = story.person("datateam")
    alone.goto(link)
    expect(alone.get_by_role("alert").filter(has_text="開始した本人は回答できません")).to_be_visible()


def test_a_second_person_follows_the_link_to_the_proof_looks_and_approves(story: Story) -> None:
    page = story.person("approver")
    page.goto(story.form("approve_release"))
    page.get_by_role("link", name="承認用見本を画面で見る").wait_for()
    page.goto(str(page.get_by_role("link", name="承認用見本を画面で見る").get_attribute("href")))
    picture = page.locator(".sheet img")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.decode().then(() => each.naturalWidth)") > 1000
    assert set(story.recorded(ProofPageViewed)) == {"approver"}
    page.get_by_role("link", name="09 引渡し承認 へ").click()
    page.wait_for_url(story.form("approve_release"))
    story.answer("approver", "approve_release", "承認", ReleaseApproved, nothing)


def test_the_carrier_is_told_what_is_missing_and_fills_in_the_form_of_the_disc_again(story: Story) -> None:
    step, fields = "record_media_handover", make_media_ready(story.driver, story.params.round_id)
    story.answer("officer", step, "記録する", AnswerRefused, lambda page: type_in(page, **fields))
    story.reads_why("officer", "「引渡し日時」が未入力です").get_by_role("link").click()
    story.person("officer").wait_for_url(story.form(step))
    now = datetime.now(TOKYO)
    complete = lambda page: type_in(page, handed_over_at=now, **fields)  # noqa: E731
    story.answer("officer", step, "記録する", MediaHandedOver, complete)
    found = story.driver.entry(story.params.round_id, MediaHandedOver)
    assert found.handed_over_at == now.replace(second=0, microsecond=0)
    assert found.model_dump(include=set(fields)) == fields


def test_a_handler_prints_the_sheet_of_the_notice_from_the_page_of_the_round(story: Story) -> None:
    make_password_ready(story.driver, story.params.round_id)
    page = story.frame("officer", f"/rounds/{story.params.round_id}")
    with story.person("officer").expect_download() as saved:
        page.get_by_role("button", name="確認記録票を出力する").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"%PDF")
    assert story.recorded(HandoverSheetPrinted)[-1] == "officer"


def test_the_password_must_not_go_with_the_disc_and_goes_on_an_occasion_of_its_own(story: Story) -> None:
    step, fields = "record_password_handover", make_password_ready(story.driver, story.params.round_id)
    with_the_disc = story.driver.entry(story.params.round_id, MediaHandedOver).handed_over_at
    at = lambda moment: lambda page: type_in(page, handed_over_at=moment, **fields)  # noqa: E731
    story.answer("officer", step, "記録する", AnswerRefused, at(with_the_disc))
    story.reads_why("officer", "媒体の引渡しの1分後")
    story.until(lambda: datetime.now(TOKYO) > with_the_disc + timedelta(minutes=1))
    now = datetime.now(TOKYO)
    story.answer("officer", step, "記録する", PasswordHandedOver, at(now))
    found = story.driver.entry(story.params.round_id, PasswordHandedOver)
    assert found.handed_over_at == now.replace(second=0, microsecond=0)
    assert found.model_dump(include=set(fields)) == fields
    page = story.frame("officer", f"/rounds/{story.params.round_id}")
    handovers = page.get_by_role("region", name="引渡しの表").get_by_role("row")
    expect(handovers.filter(has_text=str(fields["notice_no"]))).to_contain_text(f"{now:%H:%M}")
    expect(page.get_by_role("alert").filter(has_text="受理されませんでした")).to_have_count(0)


@pytest.mark.parametrize(
    ("who", "path", "says"),
    [
        ("officer", "/rounds/{}/proof", "あなたの役割では、このページを見られません"),
        ("auditor", "/rounds/{}/holds", "あなたの役割では、このページを見られません"),
        ("admin", "/register", "あなたの役割では、このページを見られません"),
        ("approver", "/rounds/{}/proof", "承認"),
    ],
)
def test_who_has_no_right_reads_so_in_japanese(story: Story, who: str, path: str, says: str) -> None:
    before = len(story.recorded(ProofPageViewed))
    page = story.frame(who, path.format(story.params.round_id))
    expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible()
    expect(page.get_by_role("link", name="Airflowのホームへ")).to_be_visible()
    assert page.locator("img").count() == 0
    assert len(story.recorded(ProofPageViewed)) == before


def test_the_auditor_finds_it_all_in_the_register(story: Story) -> None:
    register = story.frame("auditor", "/register")
    register.get_by_label("回", exact=True).select_option(story.params.round_id)
    register.get_by_role("button", name="探す").click()
    of_kind = lambda kind: register.get_by_role("row").filter(  # noqa: E731
        has=story.person("auditor").get_by_role("rowheader", name=kind.title, exact=True)
    )
    for kind, actors in (
        (RoundOpened, ["datateam"]),
        (ProofPageViewed, ["approver"]),
        (ReleaseApproved, ["approver"]),
        (AnswerRefused, ["datateam", "officer", "officer"]),
        (MediaHandedOver, ["officer"]),
        (PasswordHandedOver, ["officer"]),
    ):
        assert story.recorded(kind) == actors
        for actor in actors:
            expect(of_kind(kind).filter(has_text=actor)).to_have_count(actors.count(actor))
    of_kind(ReleaseApproved).get_by_role("link").first.click()
    expect(register.get_by_role("heading", level=1)).to_contain_text(ReleaseApproved.title)
    expect(register.get_by_text("ハッシュは内容と一致")).to_be_visible()
    expect(register.get_by_text("つながっていない")).to_have_count(0)
    register.get_by_role("link", name="管理簿", exact=True).first.click()
    register.get_by_role("button", name="管理簿を検証する").click()
    expect(register.get_by_role("status")).to_contain_text("すべて一致しました")
