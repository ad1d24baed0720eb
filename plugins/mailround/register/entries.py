"""The envelope around the typed bodies of register entries, and what may be asked of entries.

A body holds ids, counts, dates and hashes, never personal data. Its ``kind`` is its name in the register and its
``title`` the Japanese one. Adding a step to a round means adding a body to `bodies` and to `AnyBody`; its fields
get their Japanese names in `listing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter

from mailround.register.bodies.body import Body
from mailround.register.bodies.custody import (
    DeletionCertified,
    DeletionReminded,
    HandoverSheetPrinted,
    ItemsReturned,
    MailReturned,
    MailSettled,
    MediaChecked,
    MediaHandedOver,
    MediaImaged,
    PasswordHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    Posted,
    Purged,
    ReceiptConfirmed,
    ReceiptDisputed,
    ReturnedShown,
    WithdrawalAcknowledged,
    WithdrawalRequested,
)
from mailround.register.bodies.oversight import (
    AccessReviewed,
    AccessReviewSigned,
    AnswerRefused,
    CheckpointKeyMade,
    CheckpointSigned,
    ContractChanged,
    ContractStated,
    ControlAttested,
    Correction,
    GatesEvaluated,
    IncidentClosed,
    IncidentReminded,
    IncidentReported,
    IncidentStep,
    IncidentTold,
    RoundClosed,
    RoundEnded,
)
from mailround.register.bodies.production import (
    Extracted,
    HoldsDecided,
    HoldsReleased,
    HoldsShown,
    PrintPlanned,
    ProofMade,
    ProofPageViewed,
    ProofShown,
    QualityChecked,
    ReleaseApproved,
    ReleaseRefused,
    Rendered,
    RoundOpened,
    Sealed,
    Verified,
)

__all__ = [
    "BODIES",
    "HOUSE",
    "AccessReviewSigned",
    "AccessReviewed",
    "AnswerRefused",
    "AnyBody",
    "B",
    "Body",
    "CheckpointKeyMade",
    "CheckpointSigned",
    "ContractChanged",
    "ContractStated",
    "ControlAttested",
    "Correction",
    "DeletionCertified",
    "DeletionReminded",
    "Entry",
    "Extracted",
    "GatesEvaluated",
    "HandoverSheetPrinted",
    "HoldsDecided",
    "HoldsReleased",
    "HoldsShown",
    "IncidentClosed",
    "IncidentReminded",
    "IncidentReported",
    "IncidentStep",
    "IncidentTold",
    "ItemsReturned",
    "MailReturned",
    "MailSettled",
    "MediaChecked",
    "MediaHandedOver",
    "MediaImaged",
    "PasswordHandedOver",
    "PasswordNoticeIssued",
    "PasswordNoticeReprinted",
    "Posted",
    "PrintPlanned",
    "ProofMade",
    "ProofPageViewed",
    "ProofShown",
    "Purged",
    "QualityChecked",
    "ReceiptConfirmed",
    "ReceiptDisputed",
    "ReleaseApproved",
    "ReleaseRefused",
    "Rendered",
    "ReturnedShown",
    "RoundClosed",
    "RoundEnded",
    "RoundOpened",
    "Sealed",
    "Verified",
    "WithdrawalAcknowledged",
    "WithdrawalRequested",
    "latest",
    "overtaken",
    "releases",
    "releases_sha256",
    "standing",
]

AnyBody = Annotated[
    RoundOpened
    | Extracted
    | QualityChecked
    | HoldsReleased
    | HoldsShown
    | HoldsDecided
    | PrintPlanned
    | Rendered
    | Verified
    | Sealed
    | ProofMade
    | ProofShown
    | ProofPageViewed
    | ReleaseApproved
    | ReleaseRefused
    | MediaImaged
    | MediaChecked
    | HandoverSheetPrinted
    | MediaHandedOver
    | PasswordNoticeIssued
    | PasswordNoticeReprinted
    | PasswordHandedOver
    | ReceiptConfirmed
    | ReceiptDisputed
    | WithdrawalRequested
    | WithdrawalAcknowledged
    | Posted
    | Purged
    | MailReturned
    | MailSettled
    | ReturnedShown
    | ItemsReturned
    | DeletionReminded
    | DeletionCertified
    | ContractStated
    | ContractChanged
    | GatesEvaluated
    | ControlAttested
    | AnswerRefused
    | IncidentReported
    | IncidentTold
    | IncidentStep
    | IncidentReminded
    | IncidentClosed
    | RoundClosed
    | RoundEnded
    | CheckpointKeyMade
    | CheckpointSigned
    | AccessReviewed
    | AccessReviewSigned
    | Correction,
    Field(discriminator="kind"),
]
BODIES: TypeAdapter[AnyBody] = TypeAdapter(AnyBody)

HOUSE = "house"
"""The round id of what is about the register or the house; no round can have it (`model.RoundId`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the register. ``seq`` counts from 1 without gaps.

    ``text`` is the body's canonical JSON as it is stored; ``hash`` covers it and everything else here.
    """

    seq: int
    at: str
    actor: str
    round_id: str
    body: AnyBody
    text: str
    previous: str
    hash: str


B = TypeVar("B", bound=Body)


def standing(entries: Iterable[Entry], kind: type[B]) -> list[B]:
    """Return the bodies of one kind that no correction has taken back, oldest first."""
    listed = tuple(entries)
    corrected = {entry.body.corrects for entry in listed if isinstance(entry.body, Correction)}
    return [entry.body for entry in listed if isinstance(entry.body, kind) and entry.seq not in corrected]


def latest(entries: Iterable[Entry], kind: type[B]) -> B | None:
    """Return the last standing body of one kind, or None."""
    found = standing(entries, kind)
    return found[-1] if found else None


_RESTS_ON: tuple[tuple[type[Body], type[Body], str], ...] = (
    (Extracted, QualityChecked, "records_sha256"),
    (QualityChecked, PrintPlanned, "checked_sha256"),
    (PrintPlanned, Sealed, "plan_sha256"),
)
"""What a step leaves and what the next one worked on, under one name in both bodies."""


def releases(entries: Iterable[Entry]) -> list[HoldsReleased]:
    """Return the standing releases from the latest check, oldest first; those from an earlier one do not count."""
    listed = tuple(entries)
    checked = latest(listed, QualityChecked)
    found = standing(listed, HoldsReleased)
    return [each for each in found if checked and each.checked_sha256 == checked.checked_sha256]


def releases_sha256(entries: Iterable[Entry]) -> str:
    """Return one digest of all releases that count, empty when there are none."""
    digests = [each.sha256 for each in releases(entries)]
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest() if digests else ""


def overtaken(entries: Iterable[Entry]) -> type[Body] | None:
    """Return the first step whose last work rests on something that was done anew since, or None."""
    listed = tuple(entries)
    for earlier, later, name in _RESTS_ON:
        left, used = latest(listed, earlier), latest(listed, later)
        if left and used and getattr(left, name) != getattr(used, name):
            return later
        # what is released after the plan, or taken back, changes what is printed
        if isinstance(used, PrintPlanned) and used.releases_sha256 != releases_sha256(listed):
            return later
    return None
