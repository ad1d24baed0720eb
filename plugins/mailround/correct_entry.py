"""Correcting what a person told: a counter-entry, after which the corrected entry no longer counts.

The entry itself stays. What is true instead is told anew where it was told before: the step is cleared and asks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from mailround.configuration import names
from mailround.contracts import Person, load_contract
from mailround.errors import RegisterError
from mailround.forms import Label
from mailround.model import CorrectionReason
from mailround.register.entries import (
    Body,
    CheckpointKeyMade,
    CheckpointSigned,
    ControlAttested,
    Correction,
    DeletionCertified,
    Entry,
    HoldsReleased,
    IncidentClosed,
    IncidentReported,
    IncidentStep,
    ItemsReturned,
    MailReturned,
    MailSettled,
    MediaChecked,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    Purged,
    ReceiptConfirmed,
    ReceiptDisputed,
    RoundOpened,
    WithdrawalAcknowledged,
    WithdrawalRequested,
    latest,
)
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings

_HANDOVERS: tuple[type[Body], ...] = (MediaHandedOver, PasswordHandedOver)
CORRECTABLE: tuple[type[Body], ...] = (
    *_HANDOVERS,
    HoldsReleased,
    MediaChecked,
    ReceiptConfirmed,
    ReceiptDisputed,
    WithdrawalRequested,
    WithdrawalAcknowledged,
    Posted,
    MailReturned,
    MailSettled,
    ItemsReturned,
    DeletionCertified,
    IncidentReported,
    IncidentStep,
    IncidentClosed,
    ControlAttested,
    CheckpointKeyMade,
    CheckpointSigned,
)
"""What people told, and the checkpoints. What the program did is not undone by saying so, nor is an approval: it is
given up in its own form."""

_LABEL: TypeAdapter[str] = TypeAdapter(Label)


def correct_entry(
    settings: Settings, seq: int, *, reason: CorrectionReason, reference: str, by: str, at: datetime
) -> Entry:
    """Take an entry back and return the counter-entry.

    Args:
        settings: The ward's.
        seq: Number of the entry.
        reason: Why.
        reference: Number of the paper that says more; must hold a figure, as everywhere.
        by: Staff id of whoever corrects: designated that day in the round's contract, or for what is about no round in
            any contract.
        at: When, timezone-aware.

    Raises:
        RegisterError: There is no such entry, it is none that people may correct or is corrected already, a handover is
            corrected after the purge, or who or the reference is not acceptable.
        ConfigurationError: The round's contract is gone or wrong.
    """
    register = Register(settings.register_url)
    entry = register.entry(seq)
    if entry is None:
        raise RegisterError(
            f"第{seq}号は、管理簿にありません。", "`mailround register list` で番号を確かめてください。"
        )
    of_round = register.entries(entry.round_id)
    _require_correctable(entry, of_round)
    try:
        reference = _LABEL.validate_python(reference)
    except ValidationError:
        raise RegisterError(
            "起案・記録の番号が正しくありません。", "番号を含む40字以内で入力してください（例：8新福生第123号）。"
        ) from None
    designated = {person.id.casefold(): person.id for person in _designated(settings, of_round, at)}
    if by.casefold() not in designated:
        raise RegisterError(
            "訂正する人が、その日に有効な区の取扱者・承認者として契約の設定に指定されていません（点検表4）。",
            "--by に、取扱者か承認者のID（Airflowの利用者名）を指定してください。",
        )
    body = Correction(corrects=seq, reason=reason.value, reference=reference)
    return register.append(body, round_id=entry.round_id, actor=designated[by.casefold()], at=at)


def _require_correctable(entry: Entry, of_round: tuple[Entry, ...]) -> None:
    if not isinstance(entry.body, CORRECTABLE):
        raise RegisterError(
            f"第{entry.seq}号（{entry.body.title}）は、訂正できない種類の記録です。",
            "訂正できるのは、人が記録した引渡し・受領・発送・返却・消去・事故などです。工程はやり直すか、回を中止します。",
        )
    if any(isinstance(each.body, Correction) and each.body.corrects == entry.seq for each in of_round):
        raise RegisterError(f"第{entry.seq}号は、既に訂正されています。", "正しい内容は、工程をやり直して記録します。")
    if isinstance(entry.body, _HANDOVERS) and latest(of_round, Purged):
        raise RegisterError(
            "廃棄の後は、引渡しの記録を訂正できません（渡したパッケージがなく、記録し直せません）。",
            "訂正の内容は、起案・記録の文書に残してください。",
        )


def _designated(settings: Settings, of_round: tuple[Entry, ...], at: datetime) -> Iterator[Person]:
    """Yield the ward's people of the round's contract who are designated on that day."""
    day = at.astimezone(TOKYO).date()
    opened = latest(of_round, RoundOpened)
    chosen = [opened.contract] if opened else names(settings.include / "contracts")
    for name in chosen:
        contract = load_contract(settings.include, name)
        yield from (each for each in (*contract.ward_handlers, *contract.ward_approvers) if each.valid_on(day))
