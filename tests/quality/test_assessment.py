"""The checks as a whole: what follows for each household, and for the round, from what the rules find."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from faults import MAILTO, ONE_OFF, POSTING, PROTECTED

from mailround.errors import QualityStopError
from mailround.fonts import Font
from mailround.model import Delivery, Recipient, Status, Unprinted
from mailround.postcodes import load_postcodes
from mailround.quality import Assessment, assess
from mailround.quality.catalogue import CATALOGUE
from mailround.quality.facts import Block
from mailround.rounds import load_round_kind
from mailround.settings import REPOSITORY
from printing import ISSUED, whole_font

Checker = Callable[..., Assessment]
Neighbours = Callable[..., tuple[Recipient, ...]]


def found(assessment: Assessment) -> dict[str, tuple[str, ...]]:
    return {each.id: each.case_nos for each in assessment.findings if each.count}


def test_sound_households_pass_every_rule(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({}, {}, {}), posting_date=POSTING)
    assert found(result) == {}
    assert (result.rows, result.printable) == (3, 3)
    assert (result.held, result.excluded, result.counter, result.warned) == ((), (), (), ())
    assert {each.id for each in result.findings} == {rule.id for rule in CATALOGUE}


def test_what_a_finding_leads_to_is_what_the_ward_chose_for_its_rule(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours(*ONE_OFF.values()), posting_date=POSTING)
    cases = {rule_id: f"{number:07d}" for number, rule_id in enumerate(ONE_OFF, 1)}
    expected = {rule_id: (case_no,) for rule_id, case_no in cases.items()}
    expected["P03"] = tuple(cases[each] for each in cases if ONE_OFF[each].get("protected"))
    # the household without a number leaves a gap before the next one
    follower = f"{int(cases['D01']) + 1:07d}"
    assert found(result) == expected | {"R04": (follower,)}
    severities = {each.id: each.severity.value for each in result.findings}

    def chosen(severity: str) -> set[str]:
        return {case_no for rule_id, case_no in cases.items() if severities[rule_id] == severity}

    assert set(result.held) == chosen("hold")
    assert set(result.excluded) == chosen("exclude")
    assert set(result.counter) == chosen("counter")
    assert set(result.warned) == chosen("warn") | ({follower} - chosen("hold"))
    assert not result.stops


def test_an_excluded_household_is_not_examined_further_is_nobodys_twin_and_leaves_no_gap(
    check: Checker, neighbours: Neighbours
) -> None:
    faults = {"kana": "カナ　1", "postcode": "", "delivery": Delivery.HOLD}
    result = check(*neighbours({}, {"status": Status.CLOSED} | faults, {}))
    assert found(result) == {"P01": ("0000002",)}
    assert (result.held, result.excluded) == ((), ("0000002",))


def test_no_records_at_all_stop_the_round(check: Checker) -> None:
    result = check()
    assert [(each.id, each.count, each.case_nos) for each in result.stops] == [("R01", 1, ())]


def test_nobody_left_to_print_is_for_a_person_to_decide(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({"postcode": ""}, {"status": Status.CLOSED}, {"postcode": ""}))
    assert result.stops == ()
    assert (result.printable, result.held, result.excluded) == (0, ("0000001", "0000003"), ("0000002",))


def test_a_share_set_by_the_ward_turns_too_many_holds_into_a_stop(
    check: Checker, neighbours: Neighbours, tmp_path: Path
) -> None:
    for folder in ("rounds", "expectations", "templates", "envelopes"):
        shutil.copytree(REPOSITORY / "include" / folder, tmp_path / folder)
    suite = tmp_path / "expectations" / "household.yaml"
    text = suite.read_text(encoding="utf-8")
    rule = "A03: {severity: hold"
    suite.write_text(text.replace(rule, f"{rule}, mostly: 0.6"), encoding="utf-8")
    unknown = {"postcode": "160-9999"}
    assert not check(*neighbours({}, unknown, {}), include=tmp_path).stops
    (stop,) = check(*neighbours({}, unknown, unknown), include=tmp_path).stops
    assert (stop.id, stop.count) == ("A03", 2)


def test_rounds_without_decisions_leave_the_rules_about_decisions_out(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({"decision": None}, {"decision": None}), kind="asset_declaration")
    assert found(result) == {}
    assert {each.id for each in result.findings} == {rule.id for rule in CATALOGUE if not rule.decision}


def test_rows_are_printable_and_held_and_excluded_households(check: Checker, neighbours: Neighbours) -> None:
    changes = [
        {
            "status": Status.CLOSED if number % 7 == 0 else Status.ACTIVE,
            "postcode": "" if number % 5 == 0 else "160-0022",
            "delivery": Delivery.HOLD if number % 3 == 0 else Delivery.POST,
        }
        for number in range(1, 106)
    ]
    result = check(*neighbours(*changes))
    assert not set(result.held) & set(result.excluded)
    assert len(result.excluded) == 15
    assert len(result.held) == sum(1 for number in range(1, 106) if number % 7 and not (number % 5 and number % 3))
    assert result.rows == result.printable + len(result.held) + len(result.excluded) == 105


CANARY = "鸚鵡ヶ淵"


def test_the_report_has_the_promised_shape_and_no_values(check: Checker, neighbours: Neighbours) -> None:
    unfit = {"name": f"{CANARY}\u200b" * 40, "postcode": CANARY, "address": CANARY, "reason": ""}
    result = check(*neighbours({}, unfit))
    report = result.report()
    assert report.keys() == {"rows", "rules"}
    assert {frozenset(rule) for rule in report["rules"]} == {
        frozenset({"id", "severity", "message", "count", "case_nos"})
    }
    assert {rule["severity"] for rule in report["rules"]} <= {"stop", "hold", "warn", "info", "exclude", "counter"}
    assert all(rule["count"] == len(rule["case_nos"]) for rule in report["rules"])
    assert result.held == ("0000002",)
    assert result.unprinted() == Unprinted(rows=2, held=("0000002",), excluded=(), counter=())
    kept = list(result.by_rule())
    assert [(each.id, each.count, list(each.case_nos)) for each in kept] == [
        (each["id"], each["count"], each["case_nos"]) for each in report["rules"]
    ]
    assert {each.id: each.details for each in kept if each.details} == {"C05": {"0000002": "宛名、世帯主氏名"}}
    assert CANARY not in f"{report}{kept}"


def test_a_check_that_crashes_stops_the_round_by_name_and_drops_what_it_said(neighbours: Neighbours) -> None:
    class BrokenFont(Font):
        def missing(self, text: str) -> str:
            raise ValueError(text)

    with pytest.raises(QualityStopError, match="C04") as stopped:
        assess(
            [neighbours({"name": CANARY})],
            kind=load_round_kind(REPOSITORY / "include", "change_notice"),
            postcodes=load_postcodes(),
            font=BrokenFont(whole_font().data),
            include=REPOSITORY / "include",
            issue_date=ISSUED,
        )
    assert CANARY not in str(stopped.value)
    assert stopped.value.__suppress_context__


def test_what_is_not_printed_at_the_posting_day_need_not_fit(check: Checker, neighbours: Neighbours) -> None:
    expired = MAILTO | {"mailto_building": "別館" * 100 + "9", "mailto_until": date(2026, 11, 23)}
    households = neighbours(expired)
    assert found(check(*households, posting_date=POSTING)) == {"P10": ("0000001",)}
    assert found(check(*households, posting_date=date(2026, 11, 23))) == {"C05": ("0000001",)}


def test_a_ward_may_send_to_the_residence_when_a_mail_to_has_expired_but_not_of_a_protected_household(
    check: Checker, neighbours: Neighbours, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    suite = tmp_path / "include" / "expectations" / "household.yaml"
    text = suite.read_text(encoding="utf-8")
    for rule_id in ("P10", "P08", "A01"):
        text = re.sub(
            rf"^  {rule_id}: {{severity: hold}}", f"  {rule_id}: {{severity: warn}}", text, flags=re.MULTILINE
        )
    suite.write_text(text, encoding="utf-8")
    expired = MAILTO | {"mailto_until": date(2026, 11, 23)}
    households = neighbours(
        expired, PROTECTED | expired, MAILTO | {"mailto_address": ""}, PROTECTED | MAILTO | {"mailto_address": ""}
    )
    result = check(*households, posting_date=POSTING, include=tmp_path / "include")
    assert (result.held, result.warned) == (("0000002", "0000004"), ("0000001", "0000003"))


@pytest.mark.parametrize("method", ["of", "kept"])
def test_a_crash_before_any_question_is_put_says_no_more_than_that_either(
    check: Checker, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def crash(*_: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr(Block, method, crash)
    with pytest.raises(QualityStopError, match="準備") as stopped:
        check(*neighbours({}))
    assert CANARY not in str(stopped.value)
    assert stopped.value.__suppress_context__
