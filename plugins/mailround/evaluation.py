"""What a step found its gates to be goes into the register first; only then may the step fail by it.

So a closed gate at a handover leaves its evidence although the disc may be out of the house already, and a gate that
held is what proves a control to be enforced.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from mailround.contracts import Contract
from mailround.gates import Evaluation
from mailround.register.entries import ContractStated, ControlAttested, GatesEvaluated

if TYPE_CHECKING:  # forms import this module, and a DAG file every form: see forms
    from mailround.register.store import Register


def pass_gates(
    register: Register, round_id: str, step: str, evaluation: Evaluation, *, at: datetime, first: str = ""
) -> None:
    """Record an evaluation, then pass or refuse by it. The same one after the same is recorded once.

    Args:
        register: The register.
        round_id: The round, which need not be opened yet.
        step: The step that asked.
        evaluation: What its gates said.
        at: The time of the entry.
        first: What to do before any gate's own remedy, a Japanese sentence.

    Raises:
        GateClosedError: At least one gate is closed.
    """
    body = GatesEvaluated(
        step=step,
        day=evaluation.day,
        passed=evaluation.passed,
        closed=tuple(each.id for each in evaluation.closed),
    )
    register.append(body, round_id=round_id, actor="mailround", at=at)
    evaluation.require(first)


def state_contract(register: Register, round_id: str, contract: Contract, round_kind: str, *, at: datetime) -> None:
    """Record what the contract says and what it attests, unless the round's last such entries say the same.

    Dues, blocks and the evidence report go by them: the file may be edited or lost later.
    """
    items = contract.approved_items.get(round_kind)
    body = ContractStated(
        contract=contract.name,
        contract_sha256=contract_sha256(contract),
        contractor=contract.contractor.id,
        term_start=contract.term.start,
        term_end=contract.term.end,
        privacy_mark=contract.privacy_mark.number,
        privacy_mark_expires=contract.privacy_mark.expires,
        provisions_version=contract.provisions.version,
        items_version=items.version if items else "",
        flow_version=contract.flow.version,
        contacts_verified_on=min(each.verified_on for each in contract.contacts),
        days_after_posting=contract.deletion.days_after_posting,
        remind_days_before=contract.deletion.remind_days_before,
        return_days=contract.returns.days_after_posting,
        approval_days=contract.approval_days,
        subcontractors=tuple(each.id for each in contract.subcontractors),
    )
    register.append(body, round_id=round_id, actor="mailround", at=at)
    for each in contract.attestations:
        register.append(ControlAttested(**each.model_dump()), round_id=round_id, actor="mailround", at=at)


def contract_sha256(contract: Contract) -> str:
    """Return the digest of all that the contract says; comments and the order of its keys do not count."""
    return hashlib.sha256(contract.model_dump_json().encode()).hexdigest()
