"""Contracts: who may act when, and by when the contractor must have deleted."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest
from pydantic import ValidationError

from mailround.configuration import names, where_wrong
from mailround.contracts import Contract, Person, Term, load_contract
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"
CONTRACT = load_contract(INCLUDE, "r8-print")


@pytest.mark.parametrize("name", names(INCLUDE / "contracts"))
def test_every_shipped_contract_loads_under_its_own_name(name: str) -> None:
    assert load_contract(INCLUDE, name).name == name


def test_a_designation_includes_both_its_days() -> None:
    person = Person(id="officer", valid_from=date(2026, 11, 1), valid_to=date(2026, 11, 2))
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]
    assert [person.valid_on(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize("id_", ["", "髙﨑", "a b", "-x", "x" * 33, "a\n"])
def test_a_person_is_an_id_never_a_name(id_: str) -> None:
    with pytest.raises(ValidationError):
        Person(id=id_, valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 2))


def test_a_term_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError, match="契約期間"):
        Term(start=date(2026, 2, 1), end=date(2026, 1, 1))


REQUIRED = tuple(Contract.model_fields)
PERSON = {"id": "x", "valid_from": date(2026, 9, 24), "valid_to": date(2027, 3, 31)}
CONTACT = {"id": "desk", "mail": "a@b.example", "verified_on": date(2026, 10, 1)}
PARTY = {"id": "p", "approval_no": "第1号", "approved_on": date(2026, 9, 24), "inspected_on": date(2026, 9, 18)}
PAPER = {"control": "W23", "reference": "第1号", "attested_on": date(2026, 9, 24), "valid_until": date(2027, 3, 31)}
ITEMS = {"version": "第1版", "approved_on": date(2026, 9, 24), "items": ["head"]}
CLOCKS = {"preliminary_days": 3, "final_days": 30, "final_days_malicious": 60}


@pytest.mark.parametrize("name", REQUIRED)
def test_nothing_that_a_contract_must_state_is_taken_for_granted(name: str) -> None:
    said = CONTRACT.model_dump()
    del said[name]
    with pytest.raises(ValidationError, match=rf"{name}\n  Field required"):
        Contract.model_validate(said)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"minutes_between_handovers": 0}, "minutes_between_handovers（1 以上にしてください）"),
        ({"approval_days": 0}, "approval_days（1 以上にしてください）"),
        ({"contacts_max_age_days": 0}, "contacts_max_age_days（1 以上にしてください）"),
        ({"contractor": {"id": "見本印刷", "title": "見本印刷"}}, "contractor.id（書式が違います）"),
        ({"contractor": {"id": "x", "title": ""}}, "contractor.title（短すぎます）"),
        ({"provisions": {"version": "1", "sha256": "A" * 64}}, "provisions.sha256（書式が違います）"),
        ({"provisions": {"version": "", "sha256": "a" * 64}}, "provisions.version（短すぎます）"),
        ({"flow": {"version": "1", "sha256": "a" * 64}}, "flow.acknowledged_on（必要な項目です）"),
        ({"approved_items": {}}, "approved_items（1 つ以上書いてください）"),
        ({"approved_items": {"x": ITEMS | {"items": []}}}, "approved_items.x.items（1 つ以上書いてください）"),
        ({"approved_items": {"x": ITEMS | {"items": ["氏名"]}}}, "approved_items.x.items.0（書式が違います）"),
        ({"approved_items": {"x": ITEMS | {"items": ["head", "head"]}}}, "approved_items.x（同じ項目が二度あります）"),
        ({"subcontractors": [PARTY, PARTY | {"id": "P"}]}, "同じ再委託先が二度あります"),
        ({"subcontractors": [PARTY | {"approval_no": ""}]}, "subcontractors.0.approval_no（短すぎます）"),
        ({"subcontractors": [PARTY | {"inspected_on": None}]}, "inspected_on（日付"),
        ({"contacts": []}, "contacts（1 つ以上書いてください）"),
        ({"contacts": [CONTACT, CONTACT]}, "同じ緊急連絡先が二度あります"),
        ({"contacts": [CONTACT | {"mail": "03-3209-1111"}]}, "contacts.0.mail（書式が違います）"),
        ({"escalate_to": []}, "escalate_to（1 つ以上書いてください）"),
        ({"escalate_to": ["課長"]}, "escalate_to.0（書式が違います）"),
        ({"incident": CLOCKS | {"preliminary_days": 6}}, "incident.preliminary_days（5 以下にしてください）"),
        ({"incident": CLOCKS | {"final_days": 31}}, "incident.final_days（30 以下にしてください）"),
        ({"incident": CLOCKS | {"final_days_malicious": 61}}, "final_days_malicious（60 以下にしてください）"),
        ({"incident": CLOCKS | {"final_days": 2}}, "incident（速報、確報、"),
        ({"incident": CLOCKS | {"final_days_malicious": 29}}, "incident（速報、確報、"),
        ({"returns": {"days_after_posting": -1}}, "returns.days_after_posting（0 以上にしてください）"),
        ({"attestations": [PAPER | {"control": "W25"}]}, "attestations.0.control（書式が違います）"),
        ({"attestations": [PAPER | {"control": "23"}]}, "attestations.0.control（書式が違います）"),
        ({"attestations": [PAPER, PAPER]}, "同じ点検項目が二度あります"),
        ({"attestations": [PAPER | {"valid_until": date(2026, 9, 23)}]}, "確認日が有効期限より後です"),
        ({"responsible": {"ward": [], "contractor": [PERSON]}}, "responsible.ward（1 つ以上書いてください）"),
        ({"responsible": {"ward": [PERSON | {"division": "課"}]}}, "responsible.contractor（必要な項目です）"),
        ({"ward_handlers": [PERSON]}, "ward_handlers.0.division（必要な項目です）"),
        ({"ward_approvers": [PERSON | {"division": ""}]}, "ward_approvers.0.division（短すぎます）"),
        ({"ward_approvers": []}, "ward_approvers（1 つ以上書いてください）"),
        ({"contractor_handlers": []}, "contractor_handlers（1 つ以上書いてください）"),
        ({"contractor_handlers": [PERSON | {"division": "課"}]}, "contractor_handlers.0.division（知らない項目です）"),
        ({"contractor_handlers": [PERSON | {"valid_to": date(2026, 9, 23)}]}, "指定の開始日が終了日より後です"),
        ({"contractor_handlers": [PERSON | {"id": "Officer"}]}, "区と委託先の両方に同じIDがあります：officer"),
        ({"posted_by": "post office"}, "posted_by（使える値のどれでもありません）"),
        ({"deletion": {"days_after_posting": -1, "remind_days_before": [0]}}, "deletion.days_after_posting（0 以上"),
        (
            {"deletion": {"days_after_posting": 30, "remind_days_before": []}},
            "deletion.remind_days_before（1 つ以上書いてください）",
        ),
        ({"unknown": 1}, "unknown（知らない項目です）"),
    ],
)
def test_a_contract_without_a_promised_control_does_not_load_and_says_where_in_japanese(
    changes: dict[str, object], where: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Contract.model_validate(CONTRACT.model_dump() | changes)
    assert where in where_wrong(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"subcontractors": []},
        {"attestations": []},
        {"incident": {"preliminary_days": 1, "final_days": 1, "final_days_malicious": 1}},
        {"contractor_handlers": [PERSON, PERSON | {"valid_from": date(2026, 10, 1)}]},  # designated twice: two periods
    ],
)
def test_what_a_ward_may_leave_empty_or_keep_stricter_loads(changes: dict[str, object]) -> None:
    assert Contract.model_validate(CONTRACT.model_dump() | changes)


def test_the_same_contract_has_the_same_digest_in_every_process() -> None:
    """Its digest in the register would otherwise tell of changes that nobody made."""
    code = (
        "from mailround.contracts import load_contract; from mailround.settings import REPOSITORY;"
        "print(load_contract(REPOSITORY / 'include', 'r8-print').model_dump_json())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert said == {f"{CONTRACT.model_dump_json()}\n".encode()}
