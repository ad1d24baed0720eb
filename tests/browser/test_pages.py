"""Every page of the console in a browser: for every eye, on every screen, by keyboard and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pypdfium2
import pytest
from browsing import Watched, barriers, looking, overflow
from playwright.sync_api import Browser, Page
from served import Served

from mailround.console.pages import PAGES
from mailround.settings import REPOSITORY

CONSOLE = REPOSITORY / "plugins" / "mailround" / "console"
WHO = ("datateam", "approver", "officer")
ROUNDS = ("2026-12-change", "2031-01-proof")
EXAMPLES = {"seq": "4", "run_id": "manual__2026-11-change"}
MORE = ("/rounds/2026-11-change", "/rounds/2026-07-change", "/register?kind=posted", "/register?kind=x", "/none")
"""What a page looks like in another state, and what stands in the place of a page that is not there."""
COMPARED = "/rounds/2031-01-proof/templates?household=long&page=2"
"""Two notices that differ, for an approver's eyes."""
SCREENS = {"desktop": (1280, 900), "zoomed to 200 %": (640, 450), "narrow": (320, 640)}
ADD = "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)"
FOCUSABLE = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
  window.reachable = all.filter((each) => each.checkVisibility({ checkVisibilityCSS: true }) && !each.disabled);
  return window.reachable.map((each) => each.outerHTML.slice(0, 120));
}"""
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), place = one.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const seen = place.right > 0 && place.left < innerWidth && place.bottom > 0 && place.top < innerHeight;
  return { number: window.reachable.indexOf(one), out: one === document.body, ring, seen };
}"""


def pages(console: Served) -> list[tuple[str, str]]:
    """Return the address of every page that has a template, and somebody who sees it."""
    found = []
    for row in PAGES:
        if (CONSOLE / "templates" / f"{row.view}.html").is_file():
            tried = [(who, row.path.format(round_id=round_id, **EXAMPLES)) for who in WHO for round_id in ROUNDS]
            seen = [each for each in tried if console.get(*each).status_code == httpx.codes.OK]
            assert seen, f"nobody sees {row.path}"
            found.append(seen[0])
    return found


@pytest.fixture(scope="module")
def looked_at(console: Served) -> list[tuple[str, str]]:
    return [*pages(console), *((WHO[0], path) for path in MORE), ("approver", COMPARED)]


def user(browser: Browser, console: Served, who: str = WHO[0], **how: Any) -> Any:
    return looking(browser, console.url, console.people[who].cookies["_token"], **how)


def each(browser: Browser, console: Served, looked_at: list[tuple[str, str]]) -> Iterator[tuple[Watched, str]]:
    """Yield every page as it is shown to somebody who sees it."""
    for who in WHO:
        with user(browser, console, who) as watched:
            for path in (path for seen_by, path in looked_at if seen_by == who):
                watched.look(path)
                yield watched, path


def at(path: str, found: list[str]) -> list[str]:
    return [f"{path}: {each}" for each in found]


def test_no_page_has_a_barrier_nor_does_what_it_must_not(
    browser: Browser, console: Served, looked_at: list[tuple[str, str]]
) -> None:
    wrong: list[str] = []
    for watched, path in each(browser, console, looked_at):
        for screen, (width, height) in SCREENS.items():
            watched.page.set_viewport_size({"width": width, "height": height})
            if wide := overflow(watched.page):
                wrong.append(f"{path}, {screen}: {wide} pixels wider than the screen")
            for colours in ("light", "dark"):
                watched.page.emulate_media(color_scheme=colours)
                wrong += at(f"{path}, {screen}, {colours}", barriers(watched.page))
        wrong += at(path, watched.faults)
    assert not wrong, "\n".join(wrong)


FAULTS = {
    "a picture without words": '<img src="/mailround/static/icon.svg">',
    "a field without a name": "<input>",
    "grey on grey": '<p class="pale">読めない</p>',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_barrier_is_noticed(browser: Browser, console: Served, fault: str) -> None:
    with user(browser, console) as watched:
        watched.look("/rounds")
        assert barriers(watched.page) == []
        watched.page.evaluate(
            "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", FAULTS[fault]
        )
        watched.page.evaluate("() => document.querySelectorAll('.pale').forEach(each => each.style.color = '#ddd')")
        assert len(barriers(watched.page)) == 1


def test_what_a_page_must_not_do_is_noticed(browser: Browser, console: Served) -> None:
    with user(browser, console) as watched:
        watched.look("/rounds")
        watched.page.evaluate(ADD, '<img alt="" src="https://example.invalid/beacon">')
        watched.page.evaluate(ADD, '<p style="color: red">赤い</p><div class="far">遠い</div>')
        watched.page.evaluate("() => { document.querySelector('.far').style.width = '3000px'; }")
        watched.page.wait_for_timeout(200)
        assert any("img-src" in each for each in watched.faults)
        assert any("style" in each for each in watched.faults)
        assert overflow(watched.page) > 0


def test_every_link_and_field_is_reached_by_keyboard_in_the_order_of_the_page(
    browser: Browser, console: Served, looked_at: list[tuple[str, str]]
) -> None:
    wrong: list[str] = []
    for watched, path in each(browser, console, looked_at):
        wrong += at(path, _not_reached(watched.page))
    assert not wrong, "\n".join(wrong)


def _not_reached(page: Page) -> list[str]:
    """Press Tab from the first element to the last; a field for a day takes several presses."""
    elements = page.evaluate(FOCUSABLE)
    order: list[int] = []
    wrong = []
    for _ in range(4 * len(elements) + 10):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now["out"] or (now["number"] == 0 and order[-1:] not in ([], [0])):
            break
        if not (now["ring"] and now["seen"]):
            wrong.append(f"one does not see the focus: {elements[now['number']]}")
        order.append(now["number"])
    named = [number for number in order if number >= 0]
    wrong += [f"not reached: {each}" for number, each in enumerate(elements) if number not in named]
    return wrong if named == sorted(named) else [*wrong, f"out of order: {named}"]


def test_the_first_key_leads_past_the_menu(browser: Browser, console: Served, looked_at: list[tuple[str, str]]) -> None:
    for watched, path in each(browser, console, looked_at):
        watched.page.keyboard.press("Tab")
        skip = watched.page.locator(":focus")
        assert skip.inner_text() == "本文へ"
        assert (skip.bounding_box() or {"x": -1})["x"] >= 0, "it shows when it is its turn"
        watched.page.keyboard.press("Enter")
        assert watched.page.evaluate("() => document.activeElement.id") == "content"
        watched.page.keyboard.press("Tab")
        assert watched.page.evaluate("() => !document.activeElement.closest('header')"), path


@pytest.mark.parametrize("path", ["/register", "/register/4", "/rounds/2026-11-change"])
def test_what_is_kept_on_paper_has_no_menu_and_is_dark_on_white(browser: Browser, console: Served, path: str) -> None:
    with user(browser, console, color_scheme="dark") as watched:
        watched.look(path)
        # as within Airflow's dark frame
        watched.page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
        heading = watched.page.locator("h1").inner_text()
        document = pypdfium2.PdfDocument(watched.page.pdf(prefer_css_page_size=True))
        watched.page.emulate_media(media="print")
        ink = watched.page.evaluate("() => getComputedStyle(document.body).color")
        shown = watched.page.locator("nav, .skip, form, button").filter(visible=True).count()
    text = "".join(page.get_textpage().get_text_range() for page in document)
    size = document[0].get_size()
    document.close()
    assert shown == 0
    assert "本文へ" not in text
    assert re.sub(r"\s", "", heading) in re.sub(r"\s", "", text)
    assert max(int(each) for each in re.findall(r"\d+", ink)[:3]) < 80, "paper is white"
    assert [round(each) for each in size] == [595, 842], "A4"


def test_a_role_without_the_right_reads_why_and_whom_to_ask(browser: Browser, console: Served) -> None:
    with looking(browser, console.url, console.people["admin"].cookies["_token"]) as watched:
        watched.look("/register")
        said = watched.page.get_by_role("alert").inner_text()
        assert "あなたの役割では、このページを見られません" in said
        assert "システム管理者に依頼してください" in said
        assert barriers(watched.page) == []
    with looking(browser, console.url, None) as watched:
        watched.look("/rounds")
        assert "ログイン" in watched.page.get_by_role("alert").inner_text()
        assert barriers(watched.page) == []
