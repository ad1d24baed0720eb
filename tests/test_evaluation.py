"""Evaluations in the register: written before they refuse, and once for the same finding."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailround.contracts import Attestation, Contract, load_contract
from mailround.errors import GateClosedError
from mailround.evaluation import contract_sha256, pass_gates, state_contract
from mailround.gates import ADDRESSES, SETTLED, Evaluation, Unsettled
from mailround.register.entries import ContractStated, ControlAttested, GatesEvaluated, standing
from mailround.register.store import Register
from mailround.settings import REPOSITORY, Settings

AT = datetime(2026, 11, 16, tzinfo=UTC)
DAY = date(2026, 11, 16)
CONTRACT = load_contract(REPOSITORY / "include", "r8-print")


@pytest.fixture
def register(settings: Settings) -> Register:
    return Register(settings.register_url)


def evaluate(register: Register, incidents: int, step: str = "record_media_handover") -> None:
    found = Evaluation(DAY).ask(SETTLED, Unsettled(incidents=incidents)).ask(ADDRESSES, None)
    pass_gates(register, "2026-11-change", step, found, at=AT, first="回収してください。")


def test_a_closed_gate_is_on_record_before_it_refuses_and_once_however_often_it_does(register: Register) -> None:
    for _ in range(3):
        with pytest.raises(GateClosedError, match="【対応】回収してください。"):
            evaluate(register, 1)
    (entry,) = register.entries()
    assert (entry.round_id, entry.actor) == ("2026-11-change", "mailround")
    assert entry.body == GatesEvaluated(
        step="record_media_handover",
        day=DAY,
        passed=("deletion_not_overdue", "addresses_current"),
        closed=("no_open_incident",),
    )


def test_a_gate_that_closes_again_after_it_held_is_told_again(register: Register) -> None:
    for incidents in (1, 0, 0, 1):
        try:
            evaluate(register, incidents)
        except GateClosedError:
            assert incidents
    assert [len(entry.body.closed) for entry in register.entries() if isinstance(entry.body, GatesEvaluated)] == [
        1,
        0,
        1,
    ]


def test_steps_do_not_take_each_other_s_place(register: Register) -> None:
    for step in ("record_media_handover", "record_password_handover", "record_media_handover"):
        evaluate(register, 0, step)
    assert len(register.entries()) == 2


def state(register: Register, contract: Contract, kind: str = "change_notice") -> None:
    state_contract(register, "2026-11-change", contract, kind, at=AT)


def test_a_contract_is_stated_once_and_again_when_it_says_something_else(register: Register) -> None:
    changed = CONTRACT.model_copy(update={"approval_days": 3})
    for contract in (CONTRACT, CONTRACT, changed, CONTRACT):
        state(register, contract)
    said = [entry.body for entry in register.entries()]
    assert [each.approval_days for each in said if isinstance(each, ContractStated)] == [7, 3, 7]
    assert contract_sha256(CONTRACT) != contract_sha256(changed)


def test_what_is_stated_names_versions_and_days_and_no_address(register: Register) -> None:
    state(register, CONTRACT)
    (entry,) = register.entries()
    assert entry.body == ContractStated(
        contract="r8-print",
        contract_sha256=contract_sha256(CONTRACT),
        contractor="sample-print",
        term_start=date(2026, 9, 24),
        term_end=date(2027, 3, 31),
        privacy_mark="10000000(01)",
        privacy_mark_expires=date(2027, 9, 30),
        provisions_version="令和8年4月版",
        items_version="第1版",
        flow_version="第1版",
        contacts_verified_on=date(2026, 10, 1),
        days_after_posting=30,
        remind_days_before=(7, 1, 0),
        return_days=30,
        approval_days=7,
        subcontractors=("sample-finishing",),
    )
    assert "@" not in entry.text


def test_the_contact_verified_longest_ago_counts_and_a_kind_without_items_has_no_version(register: Register) -> None:
    old = CONTRACT.contacts[1].model_copy(update={"verified_on": date(2026, 9, 30)})
    state(register, CONTRACT.model_copy(update={"contacts": (CONTRACT.contacts[0], old)}), kind="birthday_card")
    (entry,) = register.entries()
    assert isinstance(entry.body, ContractStated)
    assert (entry.body.contacts_verified_on, entry.body.items_version) == (date(2026, 9, 30), "")


def test_what_the_contract_attests_is_stated_with_it_once_and_again_when_it_is_renewed(register: Register) -> None:
    paper = {"control": "C23", "reference": "8福生第12号", "attested_on": DAY}
    first, renewed = (Attestation(**paper, valid_until=day) for day in (date(2026, 12, 1), date(2027, 3, 31)))
    for attestation in (first, first, renewed):
        state(register, CONTRACT.model_copy(update={"attestations": (attestation,)}))
    told = standing(register.entries(), ControlAttested)
    assert told == [ControlAttested(**each.model_dump()) for each in (first, renewed)]
