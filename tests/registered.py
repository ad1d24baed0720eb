"""Rounds as the register tells of them, of a ward's size, led to any step: what the pages are drawn from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from mailround.register.entries import (
    HOUSE,
    AnyBody,
    CheckpointSigned,
    ContractStated,
    DeletionCertified,
    DeletionReminded,
    Extracted,
    GatesEvaluated,
    HandoverSheetPrinted,
    HoldsDecided,
    IncidentReported,
    ItemsReturned,
    MailReturned,
    MediaChecked,
    MediaHandedOver,
    MediaImaged,
    PasswordHandedOver,
    PasswordNoticeIssued,
    Posted,
    PrintPlanned,
    ProofMade,
    Purged,
    QualityChecked,
    ReceiptConfirmed,
    ReleaseApproved,
    ReleaseRefused,
    Rendered,
    RoundClosed,
    RoundEnded,
    RoundOpened,
    Sealed,
    Verified,
    WithdrawalAcknowledged,
    WithdrawalRequested,
)
from mailround.register.store import Register
from mailround.settings import TOKYO
from mailround.way import WAY

ROWS, HELD, EXCLUDED, COUNTER = 8_500, 31, 52, 5
PIECES = ROWS - HELD - EXCLUDED - COUNTER
CHUNK, GROUPS = 500, 4
FINDINGS = {"A04": 14, "C01": 3, "C02": 41, "D03": 6, "D07": 88, "M02": 9, "P01": 52, "P03": 12, "P07": 5}


def digest(*words: object) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()


def record_round(
    register: Register,
    round_id: str = "2026-11-change",
    *,
    up_to: str = "close_round",
    opened_on: date = date(2026, 11, 10),
    kind: str = "change_notice",
    rows: int = ROWS,
    ended: bool = False,
    incident: bool = False,
    returned: int = 0,
    templates_sha256: str = "",
) -> None:
    """Record everything up to and with a step, day by day, as the steps and forms do."""
    wanted = [step.task_id for step in WAY][: [step.task_id for step in WAY].index(up_to) + 1]
    templates = templates_sha256 or digest("templates", kind)
    told = list(_told(round_id, opened_on, kind, rows, returned, templates_sha256=templates))
    if ended:
        package = digest(round_id, "package")
        refused = datetime.combine(opened_on + timedelta(days=2), time(14, 20), TOKYO)
        told = [each for each in told if each[0] in wanted[: wanted.index("seal") + 1]]
        told.append(("seal", refused, "approver", ReleaseRefused(package_sha256=package, answered_at=refused)))
        told.append(("seal", refused, "mailround", RoundEnded(step="approve_release", files=61, exports=2)))
    for task_id, at, actor, body in told:
        if task_id in wanted:
            register.append(body, round_id=round_id, actor=actor, at=at)
    if incident:
        noticed = datetime.combine(opened_on + timedelta(days=14), time(16, 40), TOKYO)
        body = IncidentReported(
            incident_no=1,
            what="宛先・封入の誤り",
            noticed_at=noticed,
            pieces=2,
            piece_ids=(),
            encrypted=False,
            malicious=False,
            preliminary_by=noticed.date() + timedelta(days=2),
            final_by=noticed.date() + timedelta(days=29),
            run_id="manual__incident",
        )
        register.append(body, round_id=round_id, actor="officer", at=noticed)


def record_checkpoint(register: Register, at: datetime) -> None:
    last = len(register.hashes())
    body = CheckpointSigned(
        entries=last, head=register.hashes([last])[last], signed_at=at, fingerprint="ab" * 32, signature="cd" * 64
    )
    register.append(body, round_id=HOUSE, actor="mailround", at=at)


def _told(  # noqa: PLR0915 - a round, from one end to the other
    round_id: str, opened_on: date, kind: str, rows: int, returned: int, *, templates_sha256: str
) -> Iterator[tuple[str, datetime, str, AnyBody]]:
    def at(days: int, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(opened_on + timedelta(days=days), time(hour, minute), TOKYO)

    pieces = rows - HELD - EXCLUDED - COUNTER
    pages = pieces + pieces // 220
    package, checked, plan = digest(round_id, "package"), digest(round_id, "checked"), digest(round_id, "plan")
    posting, auto = opened_on + timedelta(days=14), "mailround"
    yield (
        "open_round",
        at(0, 9, 12),
        auto,
        RoundOpened(
            round_kind=kind,
            source=f"{round_id}.csv",
            layout="shinjuku",
            contract="r8-print",
            contract_sha256=digest("contract"),
            issue_date=posting - timedelta(days=4),
            posting_date=posting,
            triggered_by="datateam",
            run_id=f"manual__{round_id}",
            templates_sha256=templates_sha256,
            extracted_by="datateam",
        ),
    )
    yield "open_round", at(0, 9, 12), auto, _stated(opened_on)
    gates = GatesEvaluated(step="open_round", day=opened_on, passed=("term", "privacy_mark", "provisions"), closed=())
    yield "open_round", at(0, 9, 12), auto, gates
    yield (
        "extract",
        at(0, 9, 14),
        auto,
        Extracted(
            rows=rows,
            bytes=rows * 431,
            sha256=digest(round_id, "export"),
            total_after=rows * 131_400,
            unknown_headers=0,
            records_sha256=digest(round_id, "records"),
            created_at=at(0, 8, 30),
        ),
    )
    yield (
        "check_quality",
        at(0, 9, 16),
        auto,
        QualityChecked(
            export_sha256=digest(round_id, "export"),
            rows=rows,
            printable=pieces,
            held=HELD,
            excluded=EXCLUDED,
            warned=138,
            findings=FINDINGS,
            counter=COUNTER,
            records_sha256=digest(round_id, "records"),
            checked_sha256=checked,
        ),
    )
    yield "decide_holds", at(0, 11, 5), "officer", HoldsDecided(held=HELD, go_on=True, answered_at=at(0, 11, 5))
    chunks = -(-pieces // CHUNK)
    yield (
        "plan_print",
        at(0, 11, 6),
        auto,
        PrintPlanned(
            pieces=pieces,
            chunks=chunks,
            bundles=214,
            characters=1_912,
            font_sha256=digest("font"),
            templates_sha256=templates_sha256,
            postable_until=posting + timedelta(days=24),
            checked_sha256=checked,
            plan_sha256=plan,
        ),
    )
    for task, body in (("render", Rendered), ("verify", Verified)):
        for group in range(GROUPS):
            first, last = group * chunks // GROUPS + 1, (group + 1) * chunks // GROUPS
            size = min(last * CHUNK, pieces) - (first - 1) * CHUNK
            extra = {"plan_sha256": plan} if body is Verified else {}
            counted = {"first": first, "last": last, "pieces": size, "pages": size + size // 220}
            yield task, at(0, 11, 8), auto, body(**counted, sha256=digest(round_id, group), **extra)
    yield (
        "seal",
        at(0, 11, 11),
        auto,
        Sealed(
            pieces=pieces,
            pages=pages,
            members=chunks + 3,
            bytes=pages * 9_800,
            sha256=package,
            algorithm="AES-256",
            plan_sha256=plan,
            carried=("address", "addressee", "case_no"),
        ),
    )
    proof = ProofMade(package_sha256=package, pieces=29, pages=34, sha256=digest(round_id, "proof"))
    yield "seal", at(0, 11, 11), auto, proof
    approved = ReleaseApproved(package_sha256=package, answered_at=at(1, 10, 40))
    yield "approve_release", at(1, 10, 40), "approver", approved
    manifest, media_no = digest(round_id, "manifest"), f"DVD-{opened_on:%y%m}"
    imaged = MediaImaged(
        package_sha256=package, manifest_sha256=manifest, bytes=pages * 9_900, sha256=digest(round_id, "image")
    )
    yield "record_media_handover", at(2, 9, 30), auto, imaged
    disc = MediaChecked(media_no=media_no, package_sha256=package, manifest_sha256=manifest)
    yield "record_media_handover", at(2, 10, 0), auto, disc
    sheet = HandoverSheetPrinted(
        item="media",
        copy_no=1,
        media_no=media_no,
        package_sha256=package,
        manifest_sha256=manifest,
        checkpoint="MAILROUND-CHECKPOINT-1/",
    )
    yield "record_media_handover", at(2, 10, 5), auto, sheet
    bag = {"locked": True, "place": "本庁舎1階 窓口3", "storage": "耐火金庫1"}
    handed = {"giver": "officer", "receiver": "C-001", "package_sha256": package} | bag
    yield (
        "record_media_handover",
        at(2, 14, 10),
        "officer",
        MediaHandedOver(
            handed_over_at=at(2, 13, 45),
            media_no=media_no,
            quantity=1,
            bag_no="BAG-01",
            pieces=pieces,
            pages=pages,
            **handed,
        ),
    )
    notice_no = f"PW-{round_id}"
    issued = PasswordNoticeIssued(notice_no=notice_no, media_no=media_no)
    yield "record_password_handover", at(3, 9, 5), auto, issued
    yield (
        "record_password_handover",
        at(3, 11, 0),
        "officer",
        PasswordHandedOver(handed_over_at=at(3, 10, 20), notice_no=notice_no, bag_no="BAG-02", **handed),
    )
    counted = {"discs": 1, "pieces": pieces, "pages": pages}
    yield (
        "record_receipt",
        at(3, 16, 30),
        "officer",
        ReceiptConfirmed(receiver="C-001", received_at=at(3, 15, 0), **counted),
    )
    asked = WithdrawalRequested(
        request_no=1, piece_ids=("0123ABCDE", "1234ABCDE"), reason="送付先の変更", requested_by="officer", run_id="w1"
    )
    yield "record_posting", at(6, 9, 0), "officer", asked
    told = WithdrawalAcknowledged(
        request_no=1,
        pulled=("0123ABCDE",),
        too_late=("1234ABCDE",),
        acknowledged_by="C-001",
        acknowledged_at=at(6, 15, 0),
    )
    yield "record_posting", at(6, 16, 0), "officer", told
    due = posting + timedelta(days=30)
    yield (
        "record_posting",
        at(14, 16, 0),
        "officer",
        Posted(
            posted_on=posting,
            handed_over=pieces,
            withdrawn=1,
            spoiled=3,
            reprinted=3,
            posted=pieces - 1,
            due=due,
            withdrawal_pieces=1,
        ),
    )
    yield "purge", at(14, 16, 1), auto, Purged(files=61, keys=("round-key",), remaining=(), exports=2)
    for number in range(returned):
        piece_id = f"{number:04d}ABCDE"
        came = posting + timedelta(days=9)
        back = MailReturned(piece_id=piece_id, reason="あて所に尋ねあたりません", returned_on=came, run_id="r1")
        yield "purge", at(23, 10, 0), "officer", back
    for item in ("disc", "notice-1", "withdrawn", "spoiled", "data"):
        reminded = DeletionReminded(due=due, on=due - timedelta(days=7), item=item)
        yield "deletion_due_reminder", at(37, 8, 0), auto, reminded
    back_again = ItemsReturned(
        discs=1,
        notices=1,
        withdrawn=1,
        spoiled=3,
        elsewhere=0,
        reason="",
        reference="",
        received_by="officer",
        returned_on=due - timedelta(days=5),
    )
    yield "record_returns", at(39, 11, 0), "officer", back_again
    certified = DeletionCertified(
        certificate_no="DEL-0001",
        responsible="C-001",
        method="物理破壊",
        deleted_on=due - timedelta(days=3),
        media_returned=True,
        notice_returned=True,
        copies_included=True,
        spool_included=True,
        subcontractors_included=True,
        items=("disc", "notice-1", "withdrawn", "spoiled", "data"),
    )
    yield "record_deletion_certificate", at(41, 11, 0), "officer", certified
    yield "close_round", at(41, 11, 1), auto, RoundClosed(report_sha256=digest(round_id, "report"))


def _stated(day: date) -> ContractStated:
    year = day.year if day.month > 3 else day.year - 1
    return ContractStated(
        contract="r8-print",
        contract_sha256=digest("contract"),
        contractor="sample-print",
        term_start=date(year, 4, 1),
        term_end=date(year + 1, 3, 31),
        privacy_mark="10000000(01)",
        privacy_mark_expires=date(year + 1, 9, 30),
        provisions_version="令和8年4月版",
        items_version="第1版",
        flow_version="第1版",
        contacts_verified_on=date(year, 10, 1),
        days_after_posting=30,
        remind_days_before=(7, 1, 0),
        return_days=30,
        approval_days=7,
        subcontractors=("sample-finishing",),
    )
