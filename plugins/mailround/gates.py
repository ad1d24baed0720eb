"""Gates: preconditions of the control checklist, each one function of (facts, day) → a reason to refuse, or None.

A reason is a Japanese sentence that ends with its checklist number. Steps name the gates they need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from mailround.contracts import Contract
from mailround.errors import GateClosedError

Gate = Callable[[Contract, date], str | None]


def contract_in_term(contract: Contract, day: date) -> str | None:
    """Control 1: the day lies in the contract's term."""
    if contract.term.start <= day <= contract.term.end:
        return None
    return f"{day} は契約期間（{contract.term.start}〜{contract.term.end}）の外です（点検表1）"


def privacy_mark_valid(contract: Contract, day: date) -> str | None:
    """Control 1: the contractor's privacy mark has not expired."""
    if day <= contract.privacy_mark.expires:
        return None
    return f"委託先のプライバシーマークは {contract.privacy_mark.expires} に失効しています（点検表1）"


def handlers_designated(contract: Contract, day: date) -> str | None:
    """Control 4: on both sides someone is designated on that day."""
    for title, people in (
        ("区の取扱者", contract.ward_handlers),
        ("区の承認者", contract.ward_approvers),
        ("委託先の取扱者", contract.contractor_handlers),
    ):
        if not any(person.valid_on(day) for person in people):
            return f"{day} に有効な{title}が指定されていません（点検表4）"
    return None


OPENING: tuple[Gate, ...] = (contract_in_term, privacy_mark_valid, handlers_designated)
"""What must hold on the posting day before a round is opened, and on the day of every handover."""


def require(gates: Sequence[Gate], contract: Contract, day: date) -> None:
    """Pass, or refuse with every reason at once.

    Raises:
        GateClosedError: At least one gate is closed.
    """
    reasons = [reason for gate in gates if (reason := gate(contract, day))]
    if reasons:
        raise GateClosedError(
            "契約・体制の前提条件を満たしていません：" + "、".join(reasons) + "。",
            f"契約「{contract.name}」の設定と実際の契約書類を確認してください。",
        )
