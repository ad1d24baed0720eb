"""Good answers to every form, and a round led through them to the state the next form is asked in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext
from mailround.custody import MediaHandover, PasswordHandover, Posting
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.forms import Answer, AskAgain, Form, Settled, settle
from mailround.register.entries import AnswerRefused, PasswordNoticeIssued, PrintPlanned, Sealed, latest, standing
from mailround.settings import TOKYO

FORMS: tuple[type[Form], ...] = (
    HoldDecision,
    ReleaseApproval,
    MediaHandover,
    PasswordHandover,
    Posting,
    DeletionCertificate,
)
NOTICE_NO = "PW-2026-11-change"
CANARY = "髙﨑　𠮷郎"


def day(month: int, date: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, date, hour, minute, tzinfo=TOKYO)


ANSWERED = {
    HoldDecision: day(11, 11),
    ReleaseApproval: day(11, 12),
    MediaHandover: day(11, 16, 11),
    PasswordHandover: day(11, 17),
    Posting: day(11, 25),
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
        "bag_no": "BAG-01",
        "locked": True,
        "storage": "耐火金庫1",
    },
    PasswordHandover: {
        "giver": "officer2",
        "receiver": "C-002",
        "handed_over_at": "2026-11-16T11:20",
        "notice_no": NOTICE_NO,
        "bag_no": "BAG-02",
        "locked": True,
    },
    Posting: {"posted_on": "2026-11-24", "withdrawn": 1, "spoiled": 2, "reprinted": 2, "posted": 6},
    DeletionCertificate: {
        "certificate_no": "DEL-0001",
        "responsible": "C-001",
        "method": "物理破壊",
        "deleted_on": "2026-12-10",
        "media_returned": True,
        "notice_returned": True,
        "copies_included": True,
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


def report(work: RoundContext) -> None:
    """Leave a quality report with two held and one excluded household."""
    rules = [
        {"id": "name", "severity": "hold", "message": "氏名が空です", "count": 2, "case_nos": ["0000901", "0000902"]},
        {"id": "closed", "severity": "exclude", "message": "廃止の世帯です", "count": 1, "case_nos": ["0000903"]},
        {"id": "counter", "severity": "info", "message": "窓口交付です", "count": 3, "case_nos": ["0000904"]},
        {"id": "kana", "severity": "hold", "message": "カナが空です", "count": 0, "case_nos": []},
    ]
    work.workspace.write("quality/report", json.dumps({"rows": 10, "rules": rules}).encode())


def expire(work: RoundContext, until: datetime) -> None:
    """Let the first mail-to among the pieces expire after that day."""
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    body = planned.model_copy(update={"postable_until": until.date()})
    work.register.append(body, round_id=work.round_id, actor="mailround", at=day(11, 11))


def lead_to(form: type[Form], work: RoundContext) -> None:
    """Answer every form before this one; the round is sealed already."""
    for each in FORMS[1 : FORMS.index(form)]:
        settled(each, work)
        if each is MediaHandover:
            work.register.append(
                PasswordNoticeIssued(notice_no=NOTICE_NO, media_no="DVD-0001"),
                round_id=work.round_id,
                actor="mailround",
                at=day(11, 16, 11, 5) + timedelta(seconds=30),
            )


def sealed_sha256(work: RoundContext) -> str:
    found = latest(work.entries, Sealed)
    assert found is not None
    return found.sha256
