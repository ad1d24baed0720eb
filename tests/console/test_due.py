"""The page of last days, and the same as a calendar file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from icalendar import Calendar
from served import Served
from visited import visit

from mailround.console import due
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from registered import record_round

ROUND = "2026-11-change"
AT = datetime(2026, 12, 26, 9, 0, tzinfo=TOKYO)


def test_what_is_late_is_apart_from_what_comes_and_what_is_far_is_counted(settings: Settings) -> None:
    record_round(Register(settings.register_url), ROUND, up_to="record_posting")
    told: Any = due.show(visit(settings, AT.date()))
    late, soon, year = (found for _, found in told["groups"])
    assert {each.about for each in late} == {ROUND}
    assert all(0 <= each.left(AT.date()) <= 30 for each in soon)
    assert all(30 < each.left(AT.date()) <= 366 for each in year)
    assert {each.about for each in year} == {"契約 r8-print"}
    assert told["later"] > 0
    assert told["unread"] == ()


def test_everybody_sees_it_in_words_and_takes_it_along(served: Served) -> None:
    record_round(Register(served.ward.register_url), "2026-05-change", up_to="record_posting")
    for user in ("datateam", "approver", "officer", "auditor", "admin"):
        assert served.get(user, "/due").status_code == 200
    page = served.get("auditor", "/due").text
    for words in ("期限を過ぎたもの", "30日以内", "カレンダーに取り込む", "契約の終了"):
        assert words in page
    file = served.get("auditor", "/due/calendar")
    assert file.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "kigen-" in file.headers["content-disposition"]
    assert Calendar.from_ical(file.content).walk("VEVENT")
