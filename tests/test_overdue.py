"""Outstanding deletions: what a contractor still holds of other rounds, and by when it must be certified."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.contracts import load_contract
from mailround.overdue import Outstanding, outstanding_deletions, return_due, written_rule
from mailround.register.entries import (
    AnyBody,
    ContractStated,
    Correction,
    DeletionCertified,
    Entry,
    MediaHandedOver,
    Posted,
    RoundEnded,
    RoundOpened,
)
from mailround.settings import REPOSITORY

AT = datetime(2026, 11, 15, tzinfo=UTC)
CONTRACT = load_contract(REPOSITORY / "include", "r8-print")
POSTED_ON = date(2026, 10, 1)
HASH = "a" * 64
OPENED = RoundOpened(
    round_kind="change_notice",
    source="a.csv",
    layout="seto",
    contract="r7-print",
    contract_sha256=HASH,
    issue_date=POSTED_ON,
    posting_date=POSTED_ON,
    triggered_by="datateam",
    run_id="manual__1",
)
STATED = ContractStated(
    contract="r7-print",
    contract_sha256=HASH,
    contractor="Sample-Print",
    term_start=date(2026, 4, 1),
    term_end=date(2026, 12, 31),
    privacy_mark="1",
    privacy_mark_expires=date(2026, 12, 31),
    provisions_version="1",
    items_version="1",
    flow_version="1",
    contacts_verified_on=date(2026, 4, 1),
    days_after_posting=20,
    remind_days_before=(0,),
    return_days=10,
    approval_days=7,
    subcontractors=(),
)
MEDIA = MediaHandedOver(
    package_sha256=HASH,
    giver="officer",
    receiver="C-001",
    handed_over_at=AT,
    media_no="DVD-0001",
    quantity=1,
    bag_no="BAG-01",
    locked=True,
    storage="耐火金庫1",
)
CERTIFIED = DeletionCertified(
    certificate_no="DEL-0001",
    responsible="C-001",
    method="物理破壊",
    deleted_on=date(2026, 12, 20),
    media_returned=True,
    notice_returned=True,
    copies_included=True,
)
ENDED = RoundEnded(step="record_media_handover", files=1)


def posted(due: date | None = None) -> Posted:
    return Posted(posted_on=POSTED_ON, handed_over=1, withdrawn=0, spoiled=0, reprinted=0, posted=1, due=due)


def entries(*bodies: AnyBody, round_id: str = "2026-10-change") -> list[Entry]:
    return [Entry(seq, AT.isoformat(), "officer", round_id, body, "", "", "") for seq, body in enumerate(bodies, 1)]


def dues(*bodies: AnyBody) -> list[date]:
    found = outstanding_deletions(entries(*bodies), CONTRACT, besides="2026-11-change")
    assert {each.round_id for each in found} <= {"2026-10-change"}
    return [each.due for each in found]


@pytest.mark.parametrize(
    ("bodies", "due"),
    [
        ((OPENED, STATED, MEDIA), STATED.term_end),
        ((OPENED, STATED, MEDIA, posted()), POSTED_ON + timedelta(days=20)),
        ((OPENED, STATED, MEDIA, posted(date(2026, 10, 11))), date(2026, 10, 11)),
        ((OPENED, STATED, MEDIA, posted(date(2026, 11, 30))), POSTED_ON + timedelta(days=20)),  # never put off
        (
            (OPENED, STATED.model_copy(update={"term_end": date(2026, 10, 5)}), MEDIA, posted()),
            date(2026, 10, 5),
        ),
        ((OPENED, STATED, MEDIA, posted(), CERTIFIED, Correction(corrects=5, reason="試験")), date(2026, 10, 21)),
        # a round of a version that stated nothing is known by the name of its contract
        (
            (OPENED.model_copy(update={"contract": "r8-print"}), MEDIA, posted()),
            POSTED_ON + timedelta(days=CONTRACT.deletion.days_after_posting),
        ),
        ((OPENED.model_copy(update={"contract": "r8-print"}), MEDIA), CONTRACT.term.end),
    ],
)
def test_what_the_contractor_has_and_has_not_certified_is_due(bodies: tuple[AnyBody, ...], due: date) -> None:
    assert dues(*bodies) == [due]


@pytest.mark.parametrize(
    "bodies",
    [
        (),
        (OPENED, STATED),
        (STATED, MEDIA),
        (OPENED, STATED, MEDIA, posted(), CERTIFIED),
        (OPENED, STATED, MEDIA, ENDED),
        (OPENED, STATED, MEDIA, Correction(corrects=3, reason="試験")),
        (OPENED, STATED.model_copy(update={"contractor": "another"}), MEDIA, posted()),
        (OPENED, MEDIA, posted()),
    ],
)
def test_what_never_left_is_certified_or_is_another_contractor_s_is_not_due(bodies: tuple[AnyBody, ...]) -> None:
    assert dues(*bodies) == []


def test_the_round_that_asks_is_left_out_and_the_most_urgent_stands_first() -> None:
    rounds = {"2026-08-b": date(2026, 10, 3), "2026-08-a": date(2026, 10, 3), "2026-09-a": date(2026, 10, 2)}
    found = [
        entry
        for round_id, due in {**rounds, "2026-11-change": date(2026, 10, 1)}.items()
        for entry in entries(OPENED, STATED, MEDIA, posted(due), round_id=round_id)
    ]
    told = outstanding_deletions(found, CONTRACT, besides="2026-11-change")
    assert told == (
        Outstanding("2026-09-a", date(2026, 10, 2)),
        Outstanding("2026-08-a", date(2026, 10, 3)),
        Outstanding("2026-08-b", date(2026, 10, 3)),
    )


@pytest.mark.parametrize(
    ("posted_on", "due"),
    [
        (date(2026, 11, 24), date(2026, 12, 24)),
        (date(2027, 3, 1), date(2027, 3, 31)),
        (date(2027, 3, 2), date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 3, 31)),
    ],
)
def test_deletion_is_due_by_the_rule_or_by_the_contracts_end(posted_on: date, due: date) -> None:
    assert written_rule(CONTRACT).after(posted_on) == due


@given(posted_on=st.dates(CONTRACT.term.start, CONTRACT.term.end), days=st.integers(0, 400))
def test_the_due_date_never_lies_after_the_contracts_end_nor_before_the_posting(posted_on: date, days: int) -> None:
    deletion = CONTRACT.deletion.model_copy(update={"days_after_posting": days})
    due = written_rule(CONTRACT.model_copy(update={"deletion": deletion})).after(posted_on)
    assert posted_on <= due <= CONTRACT.term.end
    assert due <= posted_on + timedelta(days=days)


@pytest.mark.parametrize(
    ("bodies", "posted_on", "due"),
    [
        ((OPENED, STATED), date(2026, 10, 1), date(2026, 10, 11)),
        ((OPENED,), date(2026, 10, 1), date(2026, 10, 31)),  # an older version stated nothing: the file's 30 days
        ((OPENED, STATED), STATED.term_end, STATED.term_end),
    ],
)
def test_things_are_due_back_by_what_the_register_states(
    bodies: tuple[AnyBody, ...], posted_on: date, due: date
) -> None:
    assert return_due(entries(*bodies), CONTRACT, posted_on) == due
