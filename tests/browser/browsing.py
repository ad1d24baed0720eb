"""Pages as people look at them: in Chromium, watched for what a page of the console must not do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect

CHROMIUM = "/usr/bin/chromium"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
"""`make test` puts it there."""
GRAVE = {"serious", "critical"}
PATIENCE_MILLISECONDS = 120_000
PERSON: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 900},
    "locale": "ja-JP",
    "timezone_id": "Asia/Tokyo",
    "reduced_motion": "reduce",
}
TELL = """document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`);
});"""

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start Debian's Chromium; its sandbox needs rights that a container's root has not."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@dataclass
class Watched:
    """A page, and what it did that it must not: errors, warnings, refusals by its own policy, a look at other hosts."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.add_init_script(TELL)

    def look(self, path: str) -> None:
        """Go to a page of the console and wait until nothing more is loaded."""
        self.faults.clear()
        self.page.goto(f"{self.url}/mailround{path}", wait_until="load")

    def _said(self, message: ConsoleMessage) -> None:
        own = message.location.get("url") == self.page.url  # a refusal's own status is no fault of the page
        if message.type in {"error", "warning"} and not (own and message.text.startswith("Failed to load resource")):
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc:
            self.faults.append(f"another host: {request.url}")


@contextmanager
def looking(browser: Browser, url: str, token: str | None, **how: Any) -> Iterator[Watched]:
    """Open a browser of somebody's own, logged in by a token if there is one, with a size and colours of its own."""
    with browser.new_context(**(PERSON | how)) as context:
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        if token:
            context.add_cookies([{"name": "_token", "value": token, "url": url}])
        yield Watched(context.new_page(), url)


def barriers(page: Page) -> list[str]:
    """Return what axe-core calls a serious or critical barrier on the page that is open, each with its place."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    assert found["passes"], "a page on which nothing was looked at proves nothing"
    return [
        f"{each['id']} ({each['impact']}) at {node['target']}: {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
