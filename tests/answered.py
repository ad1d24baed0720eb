"""Good answers to every form, and a round led through them to the state the next form is asked in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.forms import Answer, AskAgain, Form, Settled, settle
from mailround.handover import Item
from mailround.hold_release import write_report
from mailround.media_handover import MediaHandover
from mailround.model import Recipient, RuleFindings, Unprinted
from mailround.password_handover import PasswordHandover
from mailround.posting import Posting
from mailround.proof import make_proof
from mailround.receipt import Receipt
from mailround.register.entries import (
    AnswerRefused,
    Body,
    ContractStated,
    Correction,
    Entry,
    Extracted,
    GatesEvaluated,
    HandoverSheetPrinted,
    HoldsDecided,
    MediaChecked,
    PasswordNoticeIssued,
    PrintPlanned,
    Sealed,
    latest,
    standing,
)
from mailround.returns import Returns
from mailround.seal import seal
from mailround.settings import TOKYO
from mailround.withdrawal import WithdrawalAcknowledgement, request_withdrawal
from prepared import print_round

FORMS: tuple[type[Form], ...] = (
    HoldDecision,
    ReleaseApproval,
    MediaHandover,
    PasswordHandover,
    Receipt,
    WithdrawalAcknowledgement,
    Posting,
    Returns,
    DeletionCertificate,
)
"""In the order in which a round meets them; a withdrawal is asked for by a run of its own."""
WITHDRAWN = ("PA000002X", "PA000005K")
"""The pieces that a round which is led on asks for; the first is pulled, the second is too late."""
NOTICE_NO = "PW-2026-11-change"
CANARY = "髙﨑　𠮷郎"


def day(month: int, date: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, date, hour, minute, tzinfo=TOKYO)


ANSWERED = {
    HoldDecision: day(11, 11),
    ReleaseApproval: day(11, 12),
    MediaHandover: day(11, 16, 11),
    PasswordHandover: day(11, 17),
    Receipt: day(11, 17, 15),
    WithdrawalAcknowledgement: day(11, 19),
    Posting: day(11, 25),
    Returns: day(12, 8),
    DeletionCertificate: day(12, 11),
}
FIELDS: dict[type[Form], dict[str, object]] = {
    HoldDecision: {},
    ReleaseApproval: {},
    MediaHandover: {
        "giver": "officer",
        "receiver": "C-001",
        "handed_over_at": "2026-11-16T10:30",
        "media_no": "DVD-0001",
        "quantity": 1,
        "pieces": 7,
        "pages": 9,
        "place": "本庁舎1階 窓口3",
        "bag_no": "BAG-01",
        "locked": True,
        "storage": "耐火金庫1",
    },
    PasswordHandover: {
        "giver": "officer2",
        "receiver": "C-002",
        "handed_over_at": "2026-11-16T11:20",
        "notice_no": NOTICE_NO,
        "copy_no": 1,
        "place": "委託先1階受付",
        "bag_no": "BAG-02",
        "locked": True,
        "storage": "耐火金庫2",
    },
    Receipt: {"receiver": "C-002", "received_at": "2026-11-16T15:00", "discs": 1, "pieces": 7, "pages": 9},
    WithdrawalAcknowledgement: {
        "acknowledged_by": "C-001",
        "acknowledged_at": "2026-11-18T15:00",
        "pulled": "PA000002X",
        "too_late": 1,
    },
    Posting: {"posted_on": "2026-11-24", "withdrawn": 1, "spoiled": 2, "reprinted": 2, "posted": 6},
    Returns: {
        "discs": 1,
        "notices": 1,
        "withdrawn": 1,
        "spoiled": 2,
        "elsewhere": 0,
        "received_by": "officer",
        "returned_on": "2026-12-07",
    },
    DeletionCertificate: {
        "certificate_no": "DEL-0001",
        "responsible": "C-001",
        "method": "物理破壊",
        "deleted_on": "2026-12-10",
        "discs": 1,
        "notices": 1,
        "paper": 3,
        "copies_included": True,
        "spool_included": True,
        "subcontractors_included": True,
    },
}
MISSING = object()
"""A field value that means: leave the key out."""


def answer(form: type[Form], **changes: object) -> Answer:
    """Return the good answer; option, responder and answered_at may be replaced like any field."""
    chosen = {
        "option": form.options[0],
        "responder": "approver" if form is ReleaseApproval else "officer",
        "answered_at": ANSWERED[form],
    }
    chosen |= {key: changes.pop(key) for key in tuple(changes) if key in chosen}
    fields = {key: value for key, value in (FIELDS[form] | changes).items() if value is not MISSING}
    return Answer(fields=fields, **chosen)  # type: ignore[arg-type]


def settled(form: type[Form], work: RoundContext, **changes: object) -> Settled:
    outcome = settle(form, work, answer(form, **changes), at=ANSWERED[form])
    assert isinstance(outcome, Settled), outcome
    return outcome


def refused(form: type[Form], work: RoundContext, **changes: object) -> tuple[str, ...]:
    """Give a bad answer; return the reasons after checking that they, and nothing else, went into the register."""
    asked = answer(form, **changes)
    before = len(work.entries)
    outcome = settle(form, work, asked, at=ANSWERED[form])
    assert isinstance(outcome, AskAgain), outcome
    entries = work.entries
    assert len(entries) == before + 1
    assert entries[-1].body == AnswerRefused(step=form.step, reasons=outcome.reasons, answered_at=asked.answered_at), (
        entries[-1]
    )
    assert len(standing(entries, form.records)) == len(standing(entries[:-1], form.records))
    return outcome.reasons


HELD: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "P01": ("exclude", "廃止の世帯です", ("0000903",)),
    "P03": ("hold", "支援措置の対象です", ()),
    "P07": ("counter", "窓口交付です", ()),
    "A04": ("hold", "郵便番号と住所が一致しません", ()),
    "C01": ("hold", "氏名がありません", ("0000901", "0000902")),
    "C02": ("warn", "読みがありません", ("0000905",)),
}
"""What the checks of a round found, unless a test says otherwise: two are held and one is excluded."""


def report(work: RoundContext, rows: int = 10, **found: tuple[str, ...]) -> Unprinted:
    """Leave a quality report, and return whom it keeps from print; ``found`` replaces the cases of single rules."""
    cases = {rule: found.get(rule, case_nos) for rule, (_, _, case_nos) in HELD.items()}

    def of(severity: str) -> set[str]:
        return {case_no for rule, case_nos in cases.items() if HELD[rule][0] == severity for case_no in case_nos}

    excluded, counter = of("exclude"), of("counter") - of("exclude")
    unprinted = Unprinted(
        rows=rows,
        held=tuple(sorted(of("hold") - excluded - counter)),
        excluded=tuple(sorted(excluded)),
        counter=tuple(sorted(counter)),
    )
    rules = (
        RuleFindings(
            id=rule, severity=severity, message=message, count=len(cases[rule]), case_nos=cases[rule], details={}
        )
        for rule, (severity, message, _) in HELD.items()
    )
    write_report(work.workspace, unprinted, rules)
    return unprinted


def expire(work: RoundContext, until: datetime) -> None:
    """Let the first mail-to among the pieces expire after that day."""
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    body = planned.model_copy(update={"postable_until": until.date()})
    work.register.append(body, round_id=work.round_id, actor="mailround", at=day(11, 11))


def extracted(work: RoundContext, created_at: datetime | None) -> None:
    """Record the extraction of an export made at that moment; None as an earlier version recorded it."""
    body = Extracted(rows=10, bytes=1, sha256="e" * 64, total_after=0, unknown_headers=0, created_at=created_at)
    work.register.append(body, round_id=work.round_id, actor="mailround", at=day(11, 11))


def release_ready(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> RoundContext:
    """Return the round as it waits for its approval: 7 pieces, sealed, with a proof."""
    print_round(opened, make_recipient)
    report(opened)
    seal(opened, at=day(11, 11))
    make_proof(opened, at=day(11, 11))
    return opened


def take_back(work: RoundContext, kind: type[Body]) -> None:
    seq = next(entry.seq for entry in work.entries if isinstance(entry.body, kind))
    correction = Correction(corrects=seq, reason="試験")
    work.register.append(correction, round_id=work.round_id, actor="officer", at=day(11, 30))


def lead_to(form: type[Form], work: RoundContext) -> None:
    """Answer every form before this one; the round is sealed already, and so decided on unless that is the question."""
    if form is HoldDecision:
        take_back(work, HoldsDecided)
    for each in FORMS[1 : FORMS.index(form) + 1]:
        if each is WithdrawalAcknowledgement:
            typed = "、".join(WITHDRAWN)
            request_withdrawal(work, typed, "送付先の変更", requested_by="officer", at=day(11, 18))
        if each is form:
            return
        settled(each, work)
        if each is ReleaseApproval:
            disc_made(work)
        if each is MediaHandover:
            notice_made(work)


DISC_MADE = day(11, 13, 9)


def disc_made(work: RoundContext, media_no: str = "DVD-0001", at: datetime = DISC_MADE) -> None:
    """Record what the officer does before the disc is handed over: it is checked, and its sheet is printed."""
    checked = MediaChecked(media_no=media_no, package_sha256=sealed_sha256(work), manifest_sha256="d" * 64)
    work.register.append(checked, round_id=work.round_id, actor="mailround", at=at)
    sheet_printed(work, "media", media_no=media_no, at=at)


def notice_made(work: RoundContext) -> None:
    """Record what the officer does before the notice is handed over: it is made, and its sheet is printed."""
    at = day(11, 16, 11, 5) + timedelta(seconds=30)
    issued = PasswordNoticeIssued(notice_no=NOTICE_NO, media_no="DVD-0001")
    work.register.append(issued, round_id=work.round_id, actor="mailround", at=at)
    sheet_printed(work, "password", at=at)


def sheet_printed(
    work: RoundContext, item: Item, *, media_no: str = "DVD-0001", copy_no: int = 1, at: datetime
) -> None:
    sheet = HandoverSheetPrinted(
        item=item,
        copy_no=copy_no,
        media_no=media_no,
        package_sha256=sealed_sha256(work),
        manifest_sha256="d" * 64,
        checkpoint="MAILROUND-CHECKPOINT-1/",
    )
    work.register.append(sheet, round_id=work.round_id, actor="mailround", at=at)


def closed_gates(work: RoundContext, before: tuple[Entry, ...]) -> tuple[str, ...]:
    """Return the gates that an answer found closed, after checking that the evaluation is all it has left."""
    told = [entry.body for entry in work.entries[len(before) :]]
    (evaluated,) = (each for each in told if isinstance(each, GatesEvaluated))
    assert all(isinstance(each, GatesEvaluated | ContractStated) for each in told), told
    return evaluated.closed


def sealed_sha256(work: RoundContext) -> str:
    found = latest(work.entries, Sealed)
    assert found is not None
    return found.sha256
