"""The typed bodies of register entries and the envelope around them.

A body holds ids, counts, dates and hashes, never personal data. Its ``kind`` is its name in the register and its
``title`` the Japanese one. Adding a step to a round means adding a body here; nothing else lists the kinds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter


class Body(BaseModel):
    """What an entry says. Appending what the latest entry about the same already says returns that entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[str]

    def about(self) -> tuple[object, ...]:
        """Return what it speaks of: a later body about the same takes its place."""
        return (type(self), *(getattr(self, name, None) for name in ("first", "last", "corrects")))


class RoundOpened(Body):
    """A round was opened with these params; the run that did it, and who triggered that.

    ``templates_sha256`` are the templates checked at opening; it came later: empty in older entries.
    """

    title: ClassVar[str] = "回の開始"
    kind: Literal["round_opened"] = "round_opened"
    round_kind: str
    source: str
    layout: str
    contract: str
    contract_sha256: str
    issue_date: date
    posting_date: date
    triggered_by: str
    run_id: str
    templates_sha256: str = ""


class ContractChanged(Body):
    """The contract's file says something else than when the round was opened or last found to be changed."""

    title: ClassVar[str] = "契約設定の変更"
    kind: Literal["contract_changed"] = "contract_changed"
    contract: str
    contract_sha256: str


class Extracted(Body):
    """The export was frozen and read.

    ``records_sha256`` is of what was read, ``created_at`` what the control file says of the export's making. Both came
    later and are missing from older entries: nothing is known of the age of their data.
    """

    title: ClassVar[str] = "データ取込"
    kind: Literal["extracted"] = "extracted"
    rows: int
    bytes: int
    sha256: str
    total_after: int | None
    unknown_headers: int
    records_sha256: str = ""
    created_at: AwareDatetime | None = None


class QualityChecked(Body):
    """Both suites ran over this export. ``findings`` counts households per rule id.

    rows = printable + held + excluded + counter. ``checked_sha256`` is of the records with the report on them.
    ``change_exceeded``: rows or total differ too much from those of ``last_round_id``, the last closed round of the
    kind. What has a default came later and is missing from older entries.
    """

    title: ClassVar[str] = "データ検査"
    kind: Literal["quality_checked"] = "quality_checked"
    export_sha256: str
    rows: int
    printable: int
    held: int
    excluded: int
    warned: int
    findings: dict[str, int]
    counter: int = 0
    records_sha256: str = ""
    checked_sha256: str = ""
    last_round_id: str = ""
    rows_before: int | None = None
    total_before: int | None = None
    change_exceeded: bool = False


class HoldsReleased(Body):
    """A person let held households go into print although a rule had found them; who they are, the workspace knows.

    ``rule`` is the rule that no longer holds them. ``sha256`` is of the workspace file that names them, and
    ``checked_sha256`` of the check they were released from: releases from another check do not count.
    """

    title: ClassVar[str] = "保留の解除"
    kind: Literal["holds_released"] = "holds_released"
    rule: str
    cases: int
    reason: str
    reference: str
    checked_sha256: str
    sha256: str
    answered_at: AwareDatetime


class HoldsShown(Body):
    """The hold list left the workspace, for a screen or a file, for the ``copy_no``-th time of the round."""

    title: ClassVar[str] = "保留一覧の出力"
    kind: Literal["holds_shown"] = "holds_shown"
    rows: int
    output: Literal["terminal", "xlsx"]
    copy_no: int


class HoldsDecided(Body):
    """A person chose to go on without the households that are still held, or to stop.

    ``change_acknowledged``: the person saw how much the round differs from the last one. It came later: False in older
    entries.
    """

    title: ClassVar[str] = "保留の判断"
    kind: Literal["holds_decided"] = "holds_decided"
    held: int
    go_on: bool
    answered_at: AwareDatetime
    change_acknowledged: bool = False


class PrintPlanned(Body):
    """Print order, piece numbers and chunks are fixed. ``counter``: in older entries, pieces printed but never posted.

    ``postable_until`` is the last day of the first mail-to among them to expire, None when none does: posted later, a
    letter goes where its household no longer is.

    ``released`` households had been held until a person released them; ``releases_sha256`` is of all those releases.
    What has a default came later and is missing from older entries.
    """

    title: ClassVar[str] = "印刷計画"
    kind: Literal["print_planned"] = "print_planned"
    pieces: int
    chunks: int
    bundles: int
    characters: int
    font_sha256: str
    templates_sha256: str = ""
    delivery_offices_sha256: str = ""
    counter: int = 0
    released: int = 0
    releases_sha256: str = ""
    postable_until: date | None = None
    checked_sha256: str = ""
    plan_sha256: str = ""


class Rendered(Body):
    """A group of chunks was rendered."""

    title: ClassVar[str] = "通知書作成"
    kind: Literal["rendered"] = "rendered"
    first: int
    last: int
    pieces: int
    pages: int
    sha256: str


class Verified(Body):
    """A group of chunks was read back, every page; ``sha256`` over the digests of its PDFs in chunk order.

    ``plan_sha256``, of the plan its pages were compared with, is missing from older entries.
    """

    title: ClassVar[str] = "全頁照合"
    kind: Literal["verified"] = "verified"
    first: int
    last: int
    pieces: int
    pages: int
    sha256: str
    plan_sha256: str = ""


class Sealed(Body):
    """The package was sealed, re-opened and checked against its manifest.

    ``plan_sha256``, of the plan that it holds, is missing from older entries.
    """

    title: ClassVar[str] = "封緘（暗号化）"
    kind: Literal["sealed"] = "sealed"
    pieces: int
    pages: int
    members: int
    bytes: int
    sha256: str
    algorithm: str
    plan_sha256: str = ""


class ProofMade(Body):
    """The approver's proof was taken out of exactly this package; ``pages`` counts the cover's too."""

    title: ClassVar[str] = "承認用見本の作成"
    kind: Literal["proof_made"] = "proof_made"
    package_sha256: str
    pieces: int
    pages: int
    sha256: str


class ProofShown(Body):
    """The proof left the workspace, for a printer or an open file, for the ``copy_no``-th time of the round."""

    title: ClassVar[str] = "承認用見本の出力"
    kind: Literal["proof_shown"] = "proof_shown"
    proof_sha256: str
    copy_no: int


class ReleaseApproved(Body):
    """A second person approved exactly this package."""

    title: ClassVar[str] = "引渡し承認"
    kind: Literal["release_approved"] = "release_approved"
    package_sha256: str
    answered_at: AwareDatetime


class ReleaseRefused(Body):
    """The package stays in the house: the second person sent it back, or whoever was to hand it over gave it up.

    It and its keys were destroyed.
    """

    title: ClassVar[str] = "差戻し"
    kind: Literal["release_refused"] = "release_refused"
    package_sha256: str
    answered_at: AwareDatetime


class AnswerRefused(Body):
    """An answer in the UI was not accepted and the question was asked again. Reasons are Japanese sentences."""

    title: ClassVar[str] = "回答の不受理"
    kind: Literal["answer_refused"] = "answer_refused"
    step: str
    reasons: tuple[str, ...]
    answered_at: AwareDatetime


class MediaHandedOver(Body):
    """The disc went from a ward handler to a contractor handler, in a locked bag."""

    title: ClassVar[str] = "媒体の引渡し"
    kind: Literal["media_handed_over"] = "media_handed_over"
    package_sha256: str
    giver: str
    receiver: str
    handed_over_at: AwareDatetime
    media_no: str
    quantity: int
    bag_no: str
    locked: bool
    storage: str


class PasswordNoticeIssued(Body):
    """The password notice was made, once, and the secret destroyed."""

    title: ClassVar[str] = "パスワード通知書の作成"
    kind: Literal["password_notice_issued"] = "password_notice_issued"
    notice_no: str
    media_no: str


class PasswordHandedOver(Body):
    """The password notice was handed over on a later, separate occasion."""

    title: ClassVar[str] = "パスワード通知書の引渡し"
    kind: Literal["password_handed_over"] = "password_handed_over"
    giver: str
    receiver: str
    handed_over_at: AwareDatetime
    notice_no: str
    bag_no: str
    locked: bool


class Posted(Body):
    """The pieces were posted; handed over − withdrawn − spoiled + reprinted = posted.

    ``due`` is the deletion due date by the contract as it was then; it came later: None in older entries.
    """

    title: ClassVar[str] = "発送の記録"
    kind: Literal["posted"] = "posted"
    posted_on: date
    handed_over: int
    withdrawn: int
    spoiled: int
    reprinted: int
    posted: int
    due: date | None = None


class Purged(Body):
    """The round key was destroyed and the ward's own files are gone; only the encrypted piece index stays.

    ``exports`` is how many copies of the plain export were found in the inbox and deleted; it came later: None in older
    entries.
    """

    title: ClassVar[str] = "区側データの廃棄"
    kind: Literal["purged"] = "purged"
    files: int
    keys: tuple[str, ...]
    remaining: tuple[str, ...]
    exports: int | None = None


class DeletionReminded(Body):
    """A reminder (or, after the due date, an escalation) of the contractor's deletion went out by mail."""

    title: ClassVar[str] = "消去期限のお知らせ"
    kind: Literal["deletion_reminded"] = "deletion_reminded"
    due: date
    on: date


class DeletionCertified(Body):
    """The contractor's certificate of deletion is on file and every handed-over item is covered."""

    title: ClassVar[str] = "消去証明の受領"
    kind: Literal["deletion_certified"] = "deletion_certified"
    certificate_no: str
    responsible: str
    method: str
    deleted_on: date
    media_returned: bool
    notice_returned: bool
    copies_included: bool


class RoundClosed(Body):
    """Everything is accounted for; ``report_sha256`` is the evidence report's."""

    title: ClassVar[str] = "回の完了"
    kind: Literal["round_closed"] = "round_closed"
    report_sha256: str


class RoundEnded(Body):
    """The round was ended before its handover, by a person's decision; its keys and files are destroyed.

    ``exports`` as in `Purged`.
    """

    title: ClassVar[str] = "回の中止"
    kind: Literal["round_ended"] = "round_ended"
    step: str
    files: int
    exports: int | None = None


class Correction(Body):
    """A counter-entry: entry ``corrects`` no longer counts, for the reason given. The entry itself stays."""

    title: ClassVar[str] = "訂正"
    kind: Literal["correction"] = "correction"
    corrects: int
    reason: str


AnyBody = Annotated[
    RoundOpened
    | ContractChanged
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
    | ReleaseApproved
    | ReleaseRefused
    | AnswerRefused
    | MediaHandedOver
    | PasswordNoticeIssued
    | PasswordHandedOver
    | Posted
    | Purged
    | DeletionReminded
    | DeletionCertified
    | RoundClosed
    | RoundEnded
    | Correction,
    Field(discriminator="kind"),
]
BODIES: TypeAdapter[AnyBody] = TypeAdapter(AnyBody)


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
