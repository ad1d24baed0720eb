"""Verifying on demand: started by a click on our own page, and by nothing else."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from served import Served

from mailround.console.verify_register import Verification
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from registered import record_round
from tampered import execute, tampering

AT = datetime(2026, 11, 30, 8, tzinfo=TOKYO)
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_it_is_started_from_our_own_pages_alone(
    served: Served, rounds: Register, headers: dict[str, str], status: int
) -> None:
    answer = served.people["auditor"].post("/mailround/register/verify", headers=headers)
    assert answer.status_code == status
    if status == 303:
        assert answer.headers["location"] == "/mailround/register/verification"


def test_a_browser_that_says_no_more_than_its_origin_is_believed(served: Served, rounds: Register) -> None:
    assert (
        served.people["auditor"].post("/mailround/register/verify", headers={"Origin": served.url}).status_code == 303
    )


def test_the_page_tells_what_was_found(served: Served, rounds: Register) -> None:
    served.people["auditor"].post("/mailround/register/verify", headers=OURS)
    deadline = time.monotonic() + 60
    while "検証しています" in (page := served.get("auditor", "/register/verification").text):
        assert time.monotonic() < deadline
    assert "すべて一致しました" in page
    assert "auditor が始めた検証です" in page


def test_a_whole_register_is_told_entry_by_entry(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register)
    found = Verification(AT, "auditor", register.last())
    assert not found.over
    found.run(register)
    assert found.over
    assert found.good
    assert found.looked_at == found.good.chain.entries == register.last()


def test_a_register_that_was_tampered_with_is_told_by_its_first_bad_entry(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register)
    with tampering(register):
        execute(register, "UPDATE register_entry SET actor = 'somebody' WHERE seq = 5")
    found = Verification(AT, "auditor", register.last())
    found.run(register)
    assert found.bad
    assert "管理簿" in found.bad[0]


def test_a_register_that_cannot_be_read_ends_it_too(settings: Settings) -> None:
    found = Verification(AT, "auditor", 1)
    found.run(Register("sqlite:////nowhere/register.db"))
    assert found.bad
    assert "検証を終えられませんでした" in found.bad[0]
