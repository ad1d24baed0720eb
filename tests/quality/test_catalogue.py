"""The catalogue of rules: every rule has a fault that it finds and no other does, and says something of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fnmatch import fnmatch

import pytest
from faults import ONE_OFF, TWINS

from mailround.model import AID_KINDS, Decision, Recipient, Status
from mailround.quality.catalogue import CATALOGUE, Rule
from mailround.quality.facts import Facts

Neighbours = Callable[..., tuple[Recipient, ...]]
FactsOf = Callable[..., Facts]

ASKED = [rule for rule in CATALOGUE if rule.predicate]


def test_every_rule_has_a_seeded_fault() -> None:
    others = {"records_present", "document_no_gapless"}
    assert {rule.id for rule in CATALOGUE} == ONE_OFF.keys() | TWINS.keys() | others


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.id)
def test_a_rule_finds_its_own_fault_and_no_other_households(
    facts_of: FactsOf, neighbours: Neighbours, rule: Rule
) -> None:
    facts = facts_of(*neighbours(*ONE_OFF.values()))
    assert rule.predicate
    found = {rule_id for rule_id, well in zip(ONE_OFF, rule.predicate(facts), strict=True) if not well}
    follower = list(ONE_OFF)[list(ONE_OFF).index("document_no_present") + 1]
    assert found == ({follower} if rule.id == "document_no_gapless" else {rule.id} & ONE_OFF.keys())


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.ACTIVE])
def test_every_case_that_has_ended_is_out(facts_of: FactsOf, neighbours: Neighbours, status: Status) -> None:
    (rule,) = [each for each in CATALOGUE if each.id == "case_active"]
    assert rule.predicate
    assert list(rule.predicate(facts_of(*neighbours({}, {"status": status})))) == [True, False]


def test_every_field_that_a_rule_reads_is_one_of_the_record() -> None:
    columns = {each.name for part in (Recipient, Decision) for each in dataclasses.fields(part)}
    columns |= {f"{when}_{kind}" for when in ("before", "after") for kind in AID_KINDS}
    for rule in CATALOGUE:
        assert all(any(fnmatch(column, field) for column in columns) for field in rule.fields), rule.id


def test_only_the_question_for_records_has_no_field_and_no_predicate() -> None:
    assert [rule.id for rule in CATALOGUE if not rule.fields] == ["records_present"]
    assert [rule.id for rule in CATALOGUE if not rule.predicate] == ["records_present"]


def test_a_rule_about_decisions_is_marked_as_one_and_no_other_needs_a_decision(
    facts_of: FactsOf, neighbours: Neighbours
) -> None:
    of_decision = {each.name for each in dataclasses.fields(Decision)} | {"before_*", "after_*"}
    for rule in CATALOGUE:
        assert rule.decision is bool(rule.fields and set(rule.fields) <= of_decision), rule.id
    facts = facts_of(*neighbours({"decision": None}, {"decision": None}), kind="asset_declaration")
    for rule in ASKED:
        assert rule.predicate
        assert all(rule.predicate(facts)), rule.id


def test_no_rule_says_the_same_as_another_and_all_speak_japanese() -> None:
    assert len({rule.id for rule in CATALOGUE}) == len({rule.message for rule in CATALOGUE}) == len(CATALOGUE)
    for rule in CATALOGUE:
        assert rule.message.endswith("。")
        assert rule.remedy.endswith("。")
