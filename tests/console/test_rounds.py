"""The page of all rounds: each in a line, the most urgent first, in words and not in colours alone."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from served import Served
from visited import visit

from mailround.console.rounds import kind_title, show
from mailround.register.store import Register
from mailround.settings import Settings
from registered import record_round


def filled(settings: Settings, day: date = date(2026, 11, 30), **asked: str) -> Any:
    return show(visit(settings, day, **asked))


def test_without_a_round_the_page_says_so(settings: Settings) -> None:
    told = filled(settings)
    assert (told["going"], told["over"], told["any"]) == ([], [], False)


def test_every_round_is_there_with_its_state_and_whose_turn_it_is(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/rounds?year=2026")
    assert page.status_code == 200
    for said in ("用紙の返却を待っています", "通知書の引渡しを待っています", "中止しました", "完了しました"):
        assert said in page.text
    assert "事故 第1号" in page.text
    assert re.search(r"[0-9]+日超過", page.text)
    waiting = "/dags/mailing_round/runs/manual__2026-12-change/tasks/record_password_handover/required_actions"
    assert f'href="{waiting}" target="_top"' in page.text
    assert page.text.index("2026-09-change</a>") < page.text.index("2026-12-change</a>")


def test_the_most_urgent_round_stands_first(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register, "2026-11-change", up_to="seal")
    record_round(register, "2026-10-change", opened_on=date(2026, 10, 1), up_to="purge")
    record_round(register, "2026-12-change", opened_on=date(2026, 11, 20), up_to="seal")
    answer = filled(settings, date(2026, 11, 21))
    assert [each.round_id for each in answer["going"]] == [
        "2026-10-change",
        "2026-11-change",
        "2026-12-change",
    ]


def test_a_fiscal_year_is_asked_for_and_nonsense_is_this_one(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register, "2025-06-change", opened_on=date(2025, 6, 2))
    record_round(register)
    this, before = ["2026-11-change"], ["2025-06-change"]
    for asked, year, over in (("2025", 2025, before), ("x", 2026, this), ("1999", 2026, this)):
        answer = filled(settings, date(2027, 1, 5), year=asked)
        assert answer["year"] == year
        assert answer["years"] == [2025, 2026]
        assert [each.round_id for each in answer["over"]] == over


def test_a_round_of_a_kind_that_is_gone_is_still_to_be_seen(settings: Settings) -> None:
    assert kind_title(settings, "change_notice") == "保護変更決定通知書"
    assert kind_title(settings, "no_longer") == "no_longer"
