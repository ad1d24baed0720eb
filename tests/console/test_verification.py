"""How far a verification is: while it runs the page asks for itself again, and then no more."""

from __future__ import annotations

from datetime import datetime

from visited import visit

from mailround.console.pages import PAGES
from mailround.console.rendering import rendered
from mailround.console.verify_register import Verification
from mailround.settings import TOKYO, Settings

AT = datetime(2026, 11, 30, 8, tzinfo=TOKYO)


def page(settings: Settings, found: Verification | None) -> str:
    asked = visit(settings)
    again = found is not None and not found.over
    (row,) = (each for each in PAGES if each.view == "verification")
    told = {"title": row.title, "page": row, "visit": asked, "found": found, "again": again}
    return rendered("verification.html", "/mailround", **told)


def test_nothing_was_verified_yet(settings: Settings) -> None:
    assert "検証は、まだ行われていません" in page(settings, None)


def test_a_running_one_shows_how_far_it_is_and_asks_again(settings: Settings) -> None:
    shown = page(settings, Verification(AT, "auditor", 100_000, looked_at=42_000))
    assert '<progress max="100000" value="42000"' in shown
    assert " data-again>" in shown
    assert '<a href="/mailround/register/verification">' in shown, "for whoever has no scripts"
    assert "disabled" in shown


def test_one_that_found_something_says_what_to_do_and_asks_no_more(settings: Settings) -> None:
    shown = page(settings, Verification(AT, "auditor", 10, bad=("第3号が書き換えられています。", "連絡してください。")))
    assert "第3号が書き換えられています。" in shown
    assert "連絡してください。" in shown
    assert "data-again" not in shown
