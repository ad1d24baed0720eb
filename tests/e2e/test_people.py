"""A round as its people see it, in a real browser: Airflow's forms, our pages in Airflow's frame, and the way between.

The tests of this file share one round and run in order. What takes no eyes is done by the driver.
"""

from __future__ import annotations

import email
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.policy import default
from urllib.parse import quote

import httpx
import pytest
from browsing import Watched, chromium, looking
from playwright.sync_api import Browser, Error, FrameLocator, Page, expect, sync_playwright

from mailround.local.drive import Driver, decide_holds, hand_over_media, sample_round
from mailround.model import RoundParams
from mailround.register.entries import (
    AnswerRefused,
    Body,
    MediaHandedOver,
    ProofPageViewed,
    ReleaseApproved,
    RoundOpened,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FRAME = "iframe[title='一斉送付']"
NAMES = ("round_id", "source", "extracted_by", "issue_date", "posting_date")
CHOICES = ("kind", "layout", "contract")
SETTLED_MILLISECONDS = 5_000
"""An answer that comes at once after the question fails the task (`mailround.local.client`); no person is so quick."""


@dataclass
class Story:
    """The round, and everybody who looks at it, each in a browser of their own."""

    driver: Driver
    browser: Browser
    params: RoundParams
    run_id: str = ""
    people: dict[str, Page] = field(default_factory=dict)
    open: list[AbstractContextManager[Watched]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.driver.airflow.url

    def person(self, name: str) -> Page:
        """Return somebody's browser; at first with a new login."""
        if name not in self.people:
            asked = {"username": name, "password": self.driver.airflow.password}
            token = httpx.post(f"{self.url}/auth/token", json=asked, timeout=60).json()["access_token"]
            self.open.append(looking(self.browser, self.url, token))
            self.people[name] = self.open[-1].__enter__().page
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
        states = self.driver.users["datateam"].tasks(self.run_id)
        return any(each.task_id == step and each.state == "awaiting_input" for each in states)

    def until(self, done: Callable[[], bool], seconds: float = 300) -> None:
        """Wait for what has to come."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.5)

    def answer(
        self, name: str, step: str, option: str, done: Callable[[], bool], fill: Callable[[Page], None] | None = None
    ) -> None:
        """Fill in a form as somebody and send it; again, where Airflow puts its question again meanwhile."""
        page, deadline = self.person(name), time.monotonic() + 300
        while not done():
            assert time.monotonic() < deadline, f"{step} is not answered"
            if not self.asked(step):
                time.sleep(1)
                continue
            page.wait_for_timeout(SETTLED_MILLISECONDS)
            page.goto(self.form(step))
            try:
                page.get_by_test_id(f"hitl-option-{option}").wait_for()
                if fill:
                    fill(page)
                page.get_by_test_id(f"hitl-option-{option}").click(timeout=30_000)
            except Error:  # the question was taken back while it was read
                continue
            page.wait_for_timeout(SETTLED_MILLISECONDS)


@pytest.fixture(scope="module")
def story(driver: Driver) -> Iterator[Story]:
    with sync_playwright() as playwright, chromium(playwright) as browser:
        told = Story(driver, browser, sample_round(driver.settings, households=30, seed=41, name="people"))
        yield told
        for each in told.open:
            each.__exit__(None, None, None)


def type_in(page: Page, **values: object) -> None:
    """Fill in fields of Airflow's form by the names they have there."""
    for name, value in values.items():
        place = page.locator(f"[name='element_{name}']")
        if isinstance(value, bool):
            place.locator("xpath=ancestor::label").click()
        else:
            place.fill(str(value))


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
    deadline = time.monotonic() + 300
    while not story.asked("approve_release"):
        assert time.monotonic() < deadline
        if story.asked("decide_holds"):
            decide_holds(story.driver, story.run_id, story.params.round_id)
        time.sleep(1)
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
    story.answer("datateam", "approve_release", "承認", lambda: bool(story.recorded(AnswerRefused)))
    assert story.recorded(ReleaseApproved) == []
    page = story.frame("datateam", f"/rounds/{story.params.round_id}")
    notice = page.get_by_role("alert").filter(has_text="受理されませんでした")
    expect(notice).to_contain_text("開始した本人は回答できません")
    notice.get_by_role("link").click()
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
    story.answer("approver", "approve_release", "承認", lambda: bool(story.recorded(ReleaseApproved)))
    assert story.recorded(ReleaseApproved) == ["approver"]


def without_a_moment(page: Page) -> None:
    """Fill in the form of the media's handover, and forget when it was."""
    type_in(page, giver="officer", receiver="C-001", media_no="DVD-0001", quantity=1, bag_no="BAG-01", locked=True)


def test_the_carrier_is_told_what_is_missing_and_answers_again(story: Story) -> None:
    before = len(story.recorded(AnswerRefused))
    refused = lambda: len(story.recorded(AnswerRefused)) > before  # noqa: E731
    story.answer("officer", "record_media_handover", "記録する", refused, without_a_moment)
    page = story.frame("officer", f"/rounds/{story.params.round_id}")
    notice = page.get_by_role("alert").filter(has_text="受理されませんでした")
    expect(notice).to_contain_text("引渡し日時")
    notice.get_by_role("link").click()
    story.person("officer").wait_for_url(story.form("record_media_handover"))
    while not story.recorded(MediaHandedOver):  # again, where Airflow puts its question again meanwhile
        if story.asked("record_media_handover"):
            hand_over_media(story.driver, story.run_id, story.params.round_id)
            time.sleep(SETTLED_MILLISECONDS / 1000)
        time.sleep(0.5)
    assert story.recorded(MediaHandedOver) == ["officer"]
    media_no = story.driver.entry(story.params.round_id, MediaHandedOver).media_no
    page = story.frame("officer", f"/rounds/{story.params.round_id}")
    expect(page.get_by_role("row").filter(has_text=media_no).first).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="受理されませんでした")).to_have_count(0)


@pytest.mark.parametrize(
    ("who", "path", "says"),
    [
        ("officer", "/rounds/{}/proof", "あなたの役割では、このページを見られません"),
        ("auditor", "/rounds/{}/holds", "あなたの役割では、このページを見られません"),
        ("admin", "/register", "あなたの役割では、このページを見られません"),
    ],
)
def test_who_has_no_right_reads_so_in_japanese(story: Story, who: str, path: str, says: str) -> None:
    before = len(story.recorded(ProofPageViewed))
    page = story.frame(who, path.format(story.params.round_id))
    expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible()
    expect(page.get_by_role("link", name="Airflowのホームへ")).to_be_visible()
    assert page.locator("img").count() == 0
    assert len(story.recorded(ProofPageViewed)) == before
