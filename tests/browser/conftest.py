"""A browser for each file, and the console with rounds in every state to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from browsing import chromium
from playwright.sync_api import Browser, sync_playwright
from served import Served, serving

from mailround.local.airflow import LocalAirflow
from mailround.model import Recipient
from mailround.register.entries import AnswerRefused
from mailround.register.store import Register
from mailround.settings import TOKYO
from printing import other_template
from proofs import close_before, with_proof
from registered import record_round
from wards import opened_in


def as_it_was(template: dict[str, Any]) -> None:
    """Make of a template what it may have been a round ago: other words, another place, another line, no approval."""
    texts, fields = template["texts"], template["fields"]
    texts["title"] = "保護変更のお知らせ"
    texts["appeal"] = texts["appeal"].replace("翌日から起算して3か月以内", "翌日から起算して三月以内", 1)
    texts["contact"] = "新宿区福祉部　保護担当課　　{office_phone}\n{office_address}"
    fields["issuer"] |= {"x": 110, "y": 36, "size": 11}
    del fields["more_label"]
    template["grids"]["dates"] |= {"line": 0.5}
    template["approvals"]["appeal"] |= {"version": "様式例 第0版"}


REFUSED = "別の機会に手渡してください。"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one file: Playwright's loop must not be running where another test wants one of its own."""
    with sync_playwright() as playwright, chromium(playwright) as started:
        yield started


@pytest.fixture(scope="session")
def console(
    metadata: LocalAirflow, tmp_path_factory: pytest.TempPathFactory, make_recipient: Callable[..., Recipient]
) -> Iterator[Served]:
    with serving(metadata, tmp_path_factory.mktemp("browsed")) as served:
        register = Register(served.ward.register_url)
        today = datetime.now(TOKYO)
        record_round(register, "2026-04-asset", opened_on=date(2026, 4, 7), kind="asset_declaration", returned=2)
        record_round(register, "2026-07-change", opened_on=date(2026, 7, 6), ended=True)
        record_round(register, "2026-11-change", opened_on=date(2026, 11, 10), up_to="purge", incident=True)
        record_round(register, "2026-12-change", opened_on=date(2026, 11, 26), up_to="record_media_handover")
        refused = AnswerRefused(step="record_password_handover", reasons=(REFUSED,), answered_at=today)
        register.append(refused, round_id="2026-12-change", actor="officer", at=today)
        served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
        work = opened_in(served.ward, round_id="2031-01-proof", contract="demo")
        close_before(work, "2030-09-proof", other_template(as_it_was))
        with_proof(work, make_recipient)
        yield served
