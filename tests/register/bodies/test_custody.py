"""Things out of the house: each piece, disc, copy and request is told apart from the others, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mailround.register.entries import (
    AnyBody,
    DeletionReminded,
    HandoverSheetPrinted,
    MailReturned,
    MailSettled,
    MediaChecked,
    PasswordNoticeReprinted,
    ReceiptConfirmed,
    ReceiptDisputed,
    WithdrawalAcknowledged,
    WithdrawalRequested,
    standing,
)
from mailround.register.store import Register

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def returned(piece_id: str) -> MailReturned:
    return MailReturned(piece_id=piece_id, reason="転居先不明", returned_on=date(2026, 11, 30), run_id="manual__1")


def settled(piece_id: str) -> MailSettled:
    return MailSettled(piece_id=piece_id, returned_on=date(2026, 11, 30), action="再送", reference="8新福生第12号")


def requested(request_no: int) -> WithdrawalRequested:
    return WithdrawalRequested(
        request_no=request_no, piece_ids=("PA000001V",), reason="死亡", requested_by="officer", run_id="manual__1"
    )


def acknowledged(request_no: int) -> WithdrawalAcknowledged:
    return WithdrawalAcknowledged(
        request_no=request_no, pulled=("PA000001V",), too_late=(), acknowledged_by="C-001", acknowledged_at=AT
    )


def reminded(item: str) -> DeletionReminded:
    return DeletionReminded(due=date(2026, 12, 24), on=date(2026, 12, 17), item=item)


def checked(media_no: str) -> MediaChecked:
    return MediaChecked(media_no=media_no, package_sha256="a" * 64, manifest_sha256="b" * 64)


def sheet(item: str, copy_no: int) -> HandoverSheetPrinted:
    said = {"package_sha256": "a" * 64, "manifest_sha256": "b" * 64, "media_no": "DVD-0001", "checkpoint": "c"}
    return HandoverSheetPrinted(item=item, copy_no=copy_no, **said)


def reprinted(copy_no: int) -> PasswordNoticeReprinted:
    said = {"notice_no": "PW-2026-11-change", "media_no": "DVD-0001", "reason": "汚損", "reference": "第1号"}
    return PasswordNoticeReprinted(copy_no=copy_no, **said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (returned("PA000001V"), returned("PA000002X")),
        (settled("PA000001V"), settled("PA000002X")),
        (requested(1), requested(2)),
        (acknowledged(1), acknowledged(2)),
        (reminded("DVD-0001"), reminded("PW-2026-11-change")),
        (checked("DVD-0001"), checked("DVD-0002")),
        (sheet("media", 1), sheet("media", 2)),
        (sheet("media", 1), sheet("password", 1)),
        (reprinted(2), reprinted(3)),
    ],
)
def test_what_was_said_of_one_thing_is_not_said_anew_because_of_another(
    register: Register, one: AnyBody, other: AnyBody
) -> None:
    """A cleared task says all of it again, in its order: one, other, one."""
    for body in (one, other, one, other):
        register.append(body, round_id="2026-11-change", actor="officer", at=AT)
    assert [entry.body for entry in register.entries()] == [one, other]


@pytest.mark.parametrize("kind", [ReceiptConfirmed, ReceiptDisputed])
def test_a_receipt_takes_the_place_of_an_earlier_one_of_its_kind(register: Register, kind: Any) -> None:
    for pieces in (7, 8, 7):
        body = kind(receiver="C-001", received_at=AT, discs=1, pieces=pieces, pages=9)
        register.append(body, round_id="2026-11-change", actor="officer", at=AT)
    assert [body.pieces for body in standing(register.entries(), kind)] == [7, 8, 7]
