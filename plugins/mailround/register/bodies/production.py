"""What is said of the making: from the export to the package that a second person released."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from mailround.register.bodies.body import Body


class RoundOpened(Body):
    """A round was opened with these params; the run that did it, and who triggered that.

    ``templates_sha256`` are the templates checked at opening, ``extracted_by`` is who took the export out of the
    welfare system. Both came later: empty in older entries.
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
    extracted_by: str = ""


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
    output: Literal["terminal", "xlsx", "console"]
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
    identity: ClassVar[tuple[str, ...]] = ("first", "last")
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
    identity: ClassVar[tuple[str, ...]] = ("first", "last")
    kind: Literal["verified"] = "verified"
    first: int
    last: int
    pieces: int
    pages: int
    sha256: str
    plan_sha256: str = ""


class Sealed(Body):
    """The package was sealed, re-opened and checked against its manifest.

    ``plan_sha256``, of the plan that it holds, and ``carried``, the names of what its pages and lists tell of a
    household, are missing from older entries.
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
    carried: tuple[str, ...] | None = None


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


class ProofPageViewed(Body):
    """A page of the proof was shown on a screen, to one who may approve the release; ``page`` counts from 1.

    The moment stands in the picture too, so that a photograph of the screen leads back to this entry.
    """

    title: ClassVar[str] = "承認用見本の閲覧"
    kind: Literal["proof_page_viewed"] = "proof_page_viewed"
    identity: ClassVar[tuple[str, ...]] = ("viewer", "page", "viewed_at")
    proof_sha256: str
    page: int
    viewer: str
    viewed_at: AwareDatetime


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
