"""What is said of things out of the house: from the disc to the certificate that nothing is left of it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from mailround.register.bodies.body import Body

KEY_DESTRUCTION = (
    "鍵を廃棄すると、その鍵で暗号化した区側の写しは、どこにあっても読めなくなります。"
    "ただし、鍵や平文の写しがどこにも残っていないことや、委託先がデータを消去したことを証明するものではありません。"
)
"""What the destruction of a key proves and what not (docs/adr/0004): the one wording, wherever it is told of."""


class MediaImaged(Body):
    """An image to burn was made of exactly this package and its manifest, and read back.

    ``bytes`` and ``sha256`` are the image's.
    """

    title: ClassVar[str] = "媒体イメージの作成"
    kind: Literal["media_imaged"] = "media_imaged"
    package_sha256: str
    manifest_sha256: str
    bytes: int
    sha256: str


class MediaChecked(Body):
    """A burned disc was read and holds this package and its manifest, and nothing else."""

    title: ClassVar[str] = "媒体の照合"
    identity: ClassVar[tuple[str, ...]] = ("media_no",)
    kind: Literal["media_checked"] = "media_checked"
    media_no: str
    package_sha256: str
    manifest_sha256: str


class HandoverSheetPrinted(Body):
    """The sheet that both sides sign at a handover left the system, for the ``copy_no``-th time of this item.

    ``item`` is ``media`` or ``password``, ``media_no`` the disc that the sheet is about or whose password is handed
    over, and ``checkpoint`` the text printed on it.
    """

    title: ClassVar[str] = "確認記録票の出力"
    identity: ClassVar[tuple[str, ...]] = ("item", "copy_no")
    kind: Literal["handover_sheet_printed"] = "handover_sheet_printed"
    item: str
    copy_no: int
    media_no: str
    package_sha256: str
    manifest_sha256: str
    checkpoint: str


class MediaHandedOver(Body):
    """The discs went from a ward handler to a contractor handler, in a locked bag.

    ``quantity`` counts discs, ``pieces`` and ``pages`` what is on them; ``place`` is where it happened, ``storage``
    where the contractor keeps them. What has a default came later and is missing from older entries.
    """

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
    place: str = ""
    pieces: int | None = None
    pages: int | None = None


class PasswordNoticeIssued(Body):
    """The password notice was made: its first copy. Every other is a `PasswordNoticeReprinted`."""

    title: ClassVar[str] = "パスワード通知書の作成"
    kind: Literal["password_notice_issued"] = "password_notice_issued"
    notice_no: str
    media_no: str


class PasswordNoticeReprinted(Body):
    """Another copy of the password notice was made, for the reason given; ``copy_no`` counts from 2."""

    title: ClassVar[str] = "パスワード通知書の再出力"
    identity: ClassVar[tuple[str, ...]] = ("copy_no",)
    kind: Literal["password_notice_reprinted"] = "password_notice_reprinted"
    copy_no: int
    notice_no: str
    media_no: str
    reason: str
    reference: str


class PasswordHandedOver(Body):
    """The password notice was handed over on a later, separate occasion.

    ``copy_no`` is the copy that was handed over, ``package_sha256`` what its password opens. What has a default came
    later and is missing from older entries, which knew one copy only.
    """

    title: ClassVar[str] = "パスワード通知書の引渡し"
    kind: Literal["password_handed_over"] = "password_handed_over"
    giver: str
    receiver: str
    handed_over_at: AwareDatetime
    notice_no: str
    bag_no: str
    locked: bool
    package_sha256: str = ""
    place: str = ""
    storage: str = ""
    copy_no: int = 1


class ReceiptConfirmed(Body):
    """The contractor opened the package and counted what was handed over."""

    title: ClassVar[str] = "受領の確認"
    kind: Literal["receipt_confirmed"] = "receipt_confirmed"
    receiver: str
    received_at: AwareDatetime
    discs: int
    pieces: int
    pages: int


class ReceiptDisputed(Body):
    """The contractor counted something else than what was handed over: the counts are the contractor's."""

    title: ClassVar[str] = "受領数の相違"
    kind: Literal["receipt_disputed"] = "receipt_disputed"
    receiver: str
    received_at: AwareDatetime
    discs: int
    pieces: int
    pages: int


class WithdrawalRequested(Body):
    """Pieces are to be pulled before they are posted. ``request_no`` counts the round's requests from 1.

    ``run_id`` is the run that asked: cleared, it finds its own request again.
    """

    title: ClassVar[str] = "抜取りの依頼"
    identity: ClassVar[tuple[str, ...]] = ("request_no",)
    kind: Literal["withdrawal_requested"] = "withdrawal_requested"
    request_no: int
    piece_ids: tuple[str, ...]
    reason: str
    requested_by: str
    run_id: str


class WithdrawalAcknowledged(Body):
    """The contractor said of every piece of a request whether it was pulled or it was too late."""

    title: ClassVar[str] = "抜取りの回答"
    identity: ClassVar[tuple[str, ...]] = ("request_no",)
    kind: Literal["withdrawal_acknowledged"] = "withdrawal_acknowledged"
    request_no: int
    pulled: tuple[str, ...]
    too_late: tuple[str, ...]
    acknowledged_by: str
    acknowledged_at: AwareDatetime


class Posted(Body):
    """The pieces were posted; handed over − withdrawn − spoiled + reprinted = posted.

    ``due`` is the deletion due date by the contract as it was then, ``withdrawal_pieces`` how many pieces the
    contractor acknowledged as pulled. Both came later: None in older entries.
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
    withdrawal_pieces: int | None = None


class Purged(Body):
    """The round key was destroyed and the ward's own files are gone; only the encrypted piece index stays.

    ``exports`` is how many copies of the plain export were found in the inbox and deleted; it came later: None in older
    entries.
    """

    title: ClassVar[str] = "区側データの廃棄"
    caution: ClassVar[str] = KEY_DESTRUCTION
    kind: Literal["purged"] = "purged"
    files: int
    keys: tuple[str, ...]
    remaining: tuple[str, ...]
    exports: int | None = None


class MailReturned(Body):
    """A posted piece came back. ``run_id`` is the run that recorded it: cleared, it finds its own pieces again."""

    title: ClassVar[str] = "返戻の記録"
    identity: ClassVar[tuple[str, ...]] = ("piece_id",)
    kind: Literal["mail_returned"] = "mail_returned"
    piece_id: str
    reason: str
    returned_on: date
    run_id: str


class MailSettled(Body):
    """What was done about a piece that came back on that day; sent again, it may come back another day."""

    title: ClassVar[str] = "返戻の処理"
    identity: ClassVar[tuple[str, ...]] = ("piece_id",)
    kind: Literal["mail_settled"] = "mail_settled"
    piece_id: str
    returned_on: date
    action: str
    reference: str


class ReturnedShown(Body):
    """The list of returned pieces with their case numbers left the index, for the ``copy_no``-th time of the round."""

    title: ClassVar[str] = "返戻一覧の出力"
    kind: Literal["returned_shown"] = "returned_shown"
    rows: int
    output: Literal["terminal", "xlsx"]
    copy_no: int


class ItemsReturned(Body):
    """What had been handed over came back from the contractor, or is accounted for: numbers of things.

    ``discs`` and ``notices`` are those that came back, ``withdrawn`` and ``spoiled`` the pieces that were pulled or
    could not be used. ``elsewhere`` counts what did not come back, for the reason given.
    """

    title: ClassVar[str] = "現物の返却"
    kind: Literal["items_returned"] = "items_returned"
    discs: int
    notices: int
    withdrawn: int
    spoiled: int
    elsewhere: int
    reason: str
    reference: str
    received_by: str
    returned_on: date


class DeletionReminded(Body):
    """A reminder (or, after the due date, an escalation) of the contractor's deletion went out by mail.

    ``item`` is the custody item it was about; it came later: empty in older entries, which spoke of the whole round.
    """

    title: ClassVar[str] = "消去期限のお知らせ"
    identity: ClassVar[tuple[str, ...]] = ("item",)
    kind: Literal["deletion_reminded"] = "deletion_reminded"
    due: date
    on: date
    item: str = ""


class DeletionCertified(Body):
    """The contractor's certificate of deletion is on file and every handed-over item is covered.

    ``items`` are the custody items it names. What has a default came later and is missing from older entries.
    """

    title: ClassVar[str] = "消去証明の受領"
    kind: Literal["deletion_certified"] = "deletion_certified"
    certificate_no: str
    responsible: str
    method: str
    deleted_on: date
    media_returned: bool
    notice_returned: bool
    copies_included: bool
    spool_included: bool | None = None
    subcontractors_included: bool | None = None
    items: tuple[str, ...] = ()
