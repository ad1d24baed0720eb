"""The records inside a round and the small references that travel between its tasks.

Records (`Recipient`, `Piece`) hold personal data and live only in memory and in the encrypted workspace.
References are flat, hold ids, counts and hashes only, and may travel through XCom.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, StringConstraints

AID_KINDS = ("livelihood", "housing", "education", "care", "medical", "maternity", "occupational", "funeral")
"""The eight kinds of aid of the Public Assistance Act, article 11, in its order."""

GUARDIAN = "後見人"
"""The reason of a mail-to that goes to a guardian, as the canonical export writes it."""

SEVERITIES = {
    "stop": "中止",
    "hold": "保留",
    "exclude": "対象外",
    "counter": "窓口交付",
    "warn": "注意",
    "info": "参考",
}
"""What the severities of the checks are called, in the order of every list."""

_ROUND_ID = r"^[0-9]{4}-[0-9]{2}-[a-z0-9]{1,16}$"
RoundId = Annotated[str, StringConstraints(pattern=_ROUND_ID, strict=True)]
"""Year, month, short name. Pydantic's ``$`` is Rust's: it does not let a trailing newline through."""
ROUND_ID = {
    "type": "string",
    "title": "回の番号",
    "description": "年-月-英小文字（例：2026-11-change）",
    "pattern": _ROUND_ID,
}
"""The param of every DAG about a round. What is typed there stays in Airflow's database, so that no name may pass."""


class Population(StrEnum):
    """The three legal populations: 生活保護, 準用, 支援給付."""

    ASSISTANCE = "assistance"
    EQUIVALENT = "equivalent"
    SUPPORT = "support"


class Status(StrEnum):
    """State of the case in the welfare system; everything but ACTIVE is excluded from a round and listed."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DECEASED = "deceased"


class Delivery(StrEnum):
    """How the household gets its notice: by post, at the counter, or not yet."""

    POST = "post"
    COUNTER = "counter"
    HOLD = "hold"


class CorrectionReason(StrEnum):
    """Why a register entry no longer counts. No free text: what is typed stays for good, and could name somebody."""

    SLIP = "誤記"
    TWICE = "二重の記録"
    OTHER_ROUND = "別の回の記録"
    NOT_DONE = "事実がなかった"
    KEY_REPLACED = "署名鍵の交換"


class PaymentMethod(StrEnum):
    """How aid is paid out."""

    ACCOUNT = "account"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision a change notice tells. Amounts in yen; tuples follow AID_KINDS. A date may be None: then held."""

    document_no: str
    decision_date: date | None
    effective_date: date | None
    payment_date: date | None
    payment_method: PaymentMethod
    before: tuple[int, ...]
    after: tuple[int, ...]
    income_before: int
    income_after: int
    total_before: int
    total_after: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One household of the export. Text is exactly as received; an empty text means the field was empty.

    ``record_no`` counts data records from 1. ``decision`` is None in rounds without decisions (June).
    """

    record_no: int
    case_no: str
    population: Population
    status: Status
    name: str
    kana: str
    birth_date: date | None
    members: int
    postcode: str
    address: str
    building: str
    mailto_name: str
    mailto_postcode: str
    mailto_address: str
    mailto_building: str
    mailto_reason: str
    mailto_until: date | None
    protected: bool
    protected_confirmed_on: date | None
    delivery: Delivery
    district: str
    caseworker: str
    decision: Decision | None = None

    def addressee(self, day: date) -> Addressee:
        """Return where a piece posted on that day goes: the mail-to when one is given and valid, else the residence.

        A field of nothing but blanks gives nothing.
        """
        if not self._goes_elsewhere(day):
            return Addressee(self.name, self.postcode, self.address, self.building)
        named = bool(self.mailto_name.strip())
        return Addressee(
            self.mailto_name if named else self.name,
            self.mailto_postcode,
            self.mailto_address,
            self.mailto_building,
            on_behalf_of=self.name if named and self.mailto_reason == GUARDIAN else "",
        )

    def postable_until(self, day: date) -> date | None:
        """Return the last day on which a piece to that day's addressee may be posted, None when any day will do."""
        return self.mailto_until if self._goes_elsewhere(day) else None

    def _goes_elsewhere(self, day: date) -> bool:
        return bool(self.mailto_address.strip()) and (self.mailto_until is None or day <= self.mailto_until)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Name and address as printed in the window; ``on_behalf_of`` is whom a guardian receives it for, or empty."""

    name: str
    postcode: str
    address: str
    building: str
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One envelope: a household with its place in the print order.

    ``seq`` runs from 1 without gaps in print order; ``piece_id`` is opaque and carries a check digit; ``file`` is the
    member's name in the package; ``barcode`` is the customer barcode as 67 letters, one a bar (F long, A upper,
    D lower, T timing), empty where none may be printed. ``to`` is settled by the plan: whoever prints, reads back,
    seals or proves a piece takes it from here.
    """

    seq: int
    piece_id: str
    chunk: int
    file: str
    bundle: str
    enclosure_set: str
    barcode: str
    recipient: Recipient
    to: Addressee


class ListedPiece(NamedTuple):
    """What the piece list says of a `Piece`, so that sealing reads nobody's name. ``postcode`` has seven digits."""

    seq: int
    piece_id: str
    file: str
    bundle: str
    enclosure_set: str
    postcode: str
    barcode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRange:
    """Where a piece landed in its file: pages ``first_page`` .. ``first_page + pages - 1``, counted from 1."""

    seq: int
    piece_id: str
    first_page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFindings:
    """What one check found in a round, in the encrypted workspace: numbers of cases, no values.

    ``case_nos`` are in record order; ``details`` has, by case, what is said beside the check's message.
    """

    id: str
    severity: str
    message: str
    count: int
    case_nos: tuple[str, ...]
    details: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprinted:
    """Who of a round's households is not printed, as far as the checks decide it: numbers of cases."""

    rows: int
    held: tuple[str, ...]
    excluded: tuple[str, ...]
    counter: tuple[str, ...]


class RoundParams(BaseModel):
    """What the data team types into the trigger form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    round_id: RoundId
    kind: str
    source: str
    layout: str
    contract: str
    issue_date: date
    posting_date: date
    extracted_by: str = ""
    """Staff id; a run of a version that did not ask has none, and opens no new round."""


# References: flat, XCom-safe.


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An opened round."""

    round_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRef:
    """A reported incident of a round."""

    round_id: str
    incident_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """A frozen export: record count and the SHA-256 of the original bytes."""

    round_id: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Result of the checks; rows = printable + held + excluded + counter."""

    round_id: str
    rows: int
    printable: int
    held: int
    excluded: int
    counter: int
    warned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkGroup:
    """Chunks ``first`` .. ``last`` (both included): what one mapped task renders and verifies."""

    round_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered group; ``sha256`` is over the digests of its PDFs in chunk order."""

    round_id: str
    first: int
    last: int
    pieces: int
    pages: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A group whose pages were all read back; ``sha256`` as in `Rendered`, over the bytes that were read."""

    round_id: str
    first: int
    last: int
    pieces: int
    pages: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed and re-opened package."""

    round_id: str
    pieces: int
    pages: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The approver's proof: so many pieces on so many pages, the cover's included."""

    round_id: str
    pieces: int
    pages: int
    sha256: str
