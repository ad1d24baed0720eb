"""The page of one round: its way, its counts, what was found and what is out; ids, counts and hashes alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from served import Served
from visited import visit

from mailround.console.round import show
from mailround.console.visit import NotFoundError
from mailround.model import Recipient
from mailround.register.entries import AnswerRefused, Sealed, latest
from mailround.register.store import Register
from mailround.seal import package_path, seal
from mailround.settings import TOKYO, Settings
from mailround.way import WAY
from prepared import AT, own_include, print_round
from registered import FINDINGS, record_round
from wards import opened_in

ROUND = "2026-11-change"


def filled(settings: Settings, round_id: str = ROUND) -> Any:
    return show(visit(settings, round_id=round_id))


def test_every_step_is_there_and_the_one_whose_turn_it_is_is_marked(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/rounds/2026-12-change")
    assert page.status_code == 200
    for step in WAY:
        assert step.title in page.text
    assert re.search(r'<li class="now" aria-current="step">\s*<span class="no">11</span>', page.text)
    assert "取扱者（officer、officer2、datateam）" in page.text


def test_the_way_to_the_proof_is_there_for_who_may_approve_while_it_is_waited_for(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register, up_to="seal")
    assert filled(settings)["proof"] is True
    asked = visit(settings, round_id=ROUND)
    assert show(replace(asked, may=lambda path: not path.endswith("/proof")))["proof"] is False  # type: ignore[index]
    record_round(register, round_id="2026-12-change", up_to="approve_release")
    assert filled(settings, "2026-12-change")["proof"] is False


def test_the_templates_are_compared_once_there_is_a_plan_by_who_may(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register, up_to="decide_holds")
    assert filled(settings)["templates"] is False
    record_round(register, round_id="2026-12-change")
    asked = visit(settings, round_id="2026-12-change")
    assert filled(settings, "2026-12-change")["templates"] is True
    assert show(replace(asked, may=lambda path: not path.endswith("/templates")))["templates"] is False  # type: ignore[index]


def test_whoever_was_not_understood_reads_why(served: Served, rounds: Register) -> None:
    page = served.get("officer", "/rounds/2026-12-change").text
    assert "「パスワード通知書の引渡し」への 2026-11-29 10:00 の回答は受理されませんでした" in page
    assert re.search(r"tasks/record_password_handover/required_actions[^>]*>回答の画面へ", page)
    assert "別の機会に手渡してください。" in page


def test_an_answer_that_came_too_late_is_not_asked_for_again(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register)
    at = datetime(2027, 1, 31, 10, tzinfo=TOKYO)
    late = AnswerRefused(step="record_posting", reasons=("既に別の回答があります。",), answered_at=at)
    register.append(late, round_id=ROUND, actor="officer", at=at)
    assert filled(settings)["refused"] is None


def test_a_refused_answer_to_a_form_beside_the_rounds_way_is_told_too(served: Served) -> None:
    register = Register(served.ward.register_url)
    record_round(register, "2026-10-aside", up_to="record_posting", incident=True)
    at = datetime(2026, 11, 29, 10, tzinfo=TOKYO)
    reasons = ("「提出日」が回答した日より後です。`2026-11-28` のように入力してください。",)
    refused = AnswerRefused(step="record_preliminary_report", reasons=reasons, answered_at=at)
    register.append(refused, round_id="2026-10-aside", actor="officer", at=at)
    page = served.get("officer", "/rounds/2026-10-aside").text
    assert "「速報の記録」への 2026-11-29 10:00 の回答は受理されませんでした" in page
    assert "<code>2026-11-28</code> のように入力してください。" in page
    assert 'href="/required_actions"' in page


def test_counts_hashes_and_things_are_told_and_an_incident_stands_first(served: Served, rounds: Register) -> None:
    page = served.get("approver", "/rounds/2026-11-change").text
    assert "どの工程でも、前の工程からの数と一致しています" in page
    assert "8,412" in page
    sealed = latest(rounds.entries(ROUND), Sealed)
    assert sealed
    assert sealed.sha256 in page
    assert "媒体 DVD-2611" in page
    assert page.index("事故 第1号") < page.index("道のり")


def test_counts_that_differ_are_told_at_the_top(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register, up_to="seal")
    body = latest(register.entries(ROUND), Sealed)
    assert body
    at = datetime(2026, 11, 11, tzinfo=TOKYO)
    register.append(body.model_copy(update={"pieces": 8_000}), round_id=ROUND, actor="mailround", at=at)
    assert [(each.expected, each.found) for each in filled(settings)["gaps"]] == [(8_412, 8_000)]


def test_what_the_checks_found_is_told_by_rule_the_gravest_first(settings: Settings) -> None:
    record_round(Register(settings.register_url), up_to="check_quality")
    found = filled(settings)["found"]
    assert {each.rule: each.households for each in found} == FINDINGS
    kinds = [each.kind for each in found]
    assert kinds == sorted(kinds, key=["中止", "保留", "対象外", "窓口交付", "注意", "参考"].index)
    assert all(each.message for each in found if each.rule != "M02")


def test_bundles_are_told_by_office_and_one_by_one(served: Served, make_recipient: Callable[..., Recipient]) -> None:
    served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
    work = opened_in(served.ward, round_id="2031-06-bundles", contract="demo")
    print_round(work, make_recipient)
    seal(work, at=AT)
    path = f"/rounds/{work.round_id}"
    page = served.get("auditor", path).text
    for words in ("新宿郵便局", "160-002", "5～7", "print/notices-002.pdf:5-6"):
        assert words in page
    assert filled(served.ward, work.round_id)["sections"] == (("新宿郵便局", 2, 7, 9),)
    beside = Path(package_path(served.ward, work.round_id).with_name("bundles.csv"))
    beside.write_text(beside.read_text(encoding="utf-8").replace(",4,5,", ",5,5,"), encoding="utf-8")
    page = served.get("auditor", path).text
    assert "束の一覧（bundles.csv）が、目録と一致しません" in page
    assert "160-002" not in page


def test_a_contract_or_expectations_that_cannot_be_read_hide_no_round(settings: Settings, tmp_path: Path) -> None:
    record_round(Register(settings.register_url), up_to="seal")
    broken = own_include(settings, tmp_path)
    for path in (*broken.include.glob("contracts/*"), *broken.include.glob("expectations/*")):
        path.write_text("not: this", encoding="utf-8")
    told = filled(broken)
    assert told["people"] == ()
    assert {each.rule for each in told["found"]} == {*FINDINGS}


def test_who_started_the_round_is_not_among_its_approvers(settings: Settings) -> None:
    record_round(Register(settings.register_url), up_to="seal")
    assert filled(settings)["people"] == ("approver", "approver2")


@pytest.mark.parametrize("round_id", ["2026-11-none", "house", "x", "'; --"])
def test_a_round_that_is_not_there_is_told_without_repeating_what_was_typed(settings: Settings, round_id: str) -> None:
    record_round(Register(settings.register_url), up_to="seal")
    with pytest.raises(NotFoundError) as error:
        filled(settings, round_id)
    assert round_id not in str(error.value)


def test_a_fault_of_the_address_is_a_japanese_page(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/rounds/<script>")
    assert page.status_code == 404
    assert "その番号の回は、管理簿にありません" in page.text
    assert "<script>" not in page.text.replace("<script src", "")


def test_what_a_round_leaves_on_the_page_of_a_completed_one(settings: Settings) -> None:
    record_round(Register(settings.register_url))
    told = show(visit(settings, date(2027, 2, 1), round_id=ROUND))
    assert isinstance(told, dict)
    assert told["closed"] is True
    assert [open_ for _, open_ in told["items"]] == [False] * 5
