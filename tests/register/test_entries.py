"""What register entries say: one body per kind, old entries still readable, corrections that take back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from mailround.register.entries import (
    BODIES,
    AnyBody,
    Body,
    Correction,
    DeletionCertified,
    DeletionReminded,
    Entry,
    Extracted,
    HoldsDecided,
    HoldsReleased,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    Purged,
    QualityChecked,
    Rendered,
    RoundClosed,
    RoundEnded,
    RoundOpened,
    Sealed,
    Verified,
    latest,
    overtaken,
    releases_sha256,
    standing,
)

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
KINDS: list[type[Body]] = list(get_args(get_args(AnyBody)[0]))


def entries(*bodies: AnyBody) -> tuple[Entry, ...]:
    """Return these bodies under an envelope, numbered from 1."""
    return tuple(
        Entry(seq, AT.isoformat(), "mailround", "2026-11-change", body, "", "", "")
        for seq, body in enumerate(bodies, 1)
    )


def group(kind: type[Rendered | Verified], first: int, last: int, pages: int = 1) -> Any:
    return kind(first=first, last=last, pieces=1, pages=pages, sha256="a" * 64)


def test_every_body_is_one_of_the_kinds_with_a_name_and_a_japanese_title_of_its_own() -> None:
    assert set(KINDS) == set(Body.__subclasses__())
    assert len({kind.model_fields["kind"].default for kind in KINDS}) == len(KINDS)
    assert len({kind.title for kind in KINDS}) == len(KINDS)
    assert not any(kind.title.isascii() for kind in KINDS)


def test_a_body_is_found_again_by_its_kind_alone() -> None:
    body = DeletionReminded(due=date(2026, 12, 24), on=date(2026, 12, 17))
    assert BODIES.validate_json(body.model_dump_json()) == body
    for kind in ("", "deleted", "DeletionReminded"):
        with pytest.raises(ValidationError):
            BODIES.validate_python({"kind": kind, "due": "2026-12-24", "on": "2026-12-17"})


@pytest.mark.parametrize(
    "spoil",
    [{"name": "山田"}, {"due": None}, {"due": "2026-13-01"}],
)
def test_a_body_that_says_more_or_anything_wrong_is_refused(spoil: dict[str, Any]) -> None:
    said = {"kind": "deletion_reminded", "due": "2026-12-24", "on": "2026-12-17"}
    assert BODIES.validate_python(said)
    with pytest.raises(ValidationError):
        BODIES.validate_python(said | spoil)


ADDED: dict[type[Body], set[str]] = {
    RoundOpened: {"templates_sha256", "extracted_by"},
    Extracted: {"records_sha256", "created_at"},
    QualityChecked: {
        *("records_sha256", "checked_sha256", "counter"),
        *("last_round_id", "rows_before", "total_before", "change_exceeded"),
    },
    HoldsDecided: {"change_acknowledged"},
    PrintPlanned: {
        *("templates_sha256", "delivery_offices_sha256", "counter", "postable_until"),
        *("checked_sha256", "plan_sha256", "released", "releases_sha256"),
    },
    Verified: {"plan_sha256"},
    Sealed: {"plan_sha256", "carried"},
    MediaHandedOver: {"place", "pieces", "pages"},
    PasswordHandedOver: {"package_sha256", "place", "storage", "copy_no"},
    Posted: {"due", "withdrawal_pieces"},
    Purged: {"exports"},
    DeletionReminded: {"item"},
    DeletionCertified: {"spool_included", "subcontractors_included", "items"},
    RoundClosed: {"report_json_sha256", "report_pdf_sha256"},
    RoundEnded: {"exports"},
    Correction: {"reference"},
}
"""What came later than its kind. A kind that is itself new has nothing here: all its fields are required."""


@pytest.mark.parametrize("kind", KINDS)
def test_entries_of_0_1_0_are_still_read(kind: type[Body]) -> None:
    """What came later has a default, and nothing else has one: an entry of an older version lacks just that."""
    optional = {name for name, field in kind.model_fields.items() if not field.is_required()}
    assert optional - {"kind"} == ADDED.get(kind, set())


def extracted(records: str) -> Extracted:
    return Extracted(rows=2, bytes=9, sha256="e" * 64, total_after=1, unknown_headers=0, records_sha256=records)


def checked(records: str, found: str) -> QualityChecked:
    counts = {"rows": 2, "printable": 2, "held": 0, "excluded": 0, "warned": 0}
    return QualityChecked(export_sha256="e" * 64, findings={}, records_sha256=records, checked_sha256=found, **counts)


def planned(found: str, plan: str) -> PrintPlanned:
    counts = {"pieces": 2, "chunks": 1, "bundles": 1, "characters": 9}
    return PrintPlanned(font_sha256="f" * 64, checked_sha256=found, plan_sha256=plan, **counts)


def released(found: str, sha256: str) -> HoldsReleased:
    said = {"rule": "A04", "cases": 1, "reason": "別世帯と確認済み", "reference": "第1号"}
    at = datetime(2026, 11, 11, tzinfo=UTC)
    return HoldsReleased(checked_sha256=found, sha256=sha256, answered_at=at, **said)


def of_releases(found: str, plan: str, *releases: str) -> PrintPlanned:
    sha256 = releases_sha256(entries(checked("r", found), *(released(found, each) for each in releases)))
    return planned(found, plan).model_copy(update={"releases_sha256": sha256})


def sealed(plan: str) -> Sealed:
    return Sealed(pieces=2, pages=2, members=5, bytes=9, sha256="s" * 64, algorithm="AES", plan_sha256=plan)


@pytest.mark.parametrize(
    ("bodies", "late"),
    [
        ((), None),
        ((extracted("r"),), None),
        ((extracted("r"), checked("r", "c"), planned("c", "p"), sealed("p")), None),
        ((extracted("r"), checked("r", "c"), planned("c", "p"), sealed("p"), extracted("R")), QualityChecked),
        ((extracted("r"), checked("r", "c"), planned("c", "p"), sealed("p"), checked("r", "C")), PrintPlanned),
        ((extracted("r"), checked("r", "c"), planned("c", "p"), sealed("p"), planned("c", "P")), Sealed),
        # released after the plan, from another check than it rests on, or taken back since
        ((checked("r", "c"), planned("c", "p"), released("c", "a"), sealed("p")), PrintPlanned),
        ((checked("r", "c"), released("b", "a"), planned("c", "p"), sealed("p")), None),
        ((checked("r", "c"), released("c", "a"), of_releases("c", "p", "a"), sealed("p")), None),
        ((checked("r", "c"), released("c", "a"), of_releases("c", "p", "b"), sealed("P")), PrintPlanned),
        ((checked("r", "c"), released("c", "a"), released("c", "b"), of_releases("c", "p", "a")), PrintPlanned),
        (
            (
                *(checked("r", "c"), released("c", "a"), of_releases("c", "p", "a")),
                Correction(corrects=2, reason="誤り"),
            ),
            PrintPlanned,
        ),
        # all done anew, and then as it was before: nothing rests on anything else
        ((planned("c", "p"), sealed("p"), planned("c", "P"), planned("c", "p")), None),
        # a round of an older version, half of whose steps were done anew by this one
        ((extracted(""), checked("", ""), planned("", ""), sealed("")), None),
        ((extracted(""), checked("", ""), planned("", ""), sealed(""), extracted("r")), QualityChecked),
    ],
)
def test_a_step_that_rests_on_what_was_done_anew_since_is_told(
    bodies: tuple[AnyBody, ...], late: type[Body] | None
) -> None:
    assert overtaken(entries(*bodies)) is late


def test_a_time_in_a_body_has_a_zone() -> None:
    said = {"kind": "release_approved", "package_sha256": "a" * 64, "answered_at": "2026-11-12T10:00:00"}
    with pytest.raises(ValidationError):
        BODIES.validate_json(json.dumps(said))
    assert BODIES.validate_json(json.dumps(said | {"answered_at": "2026-11-12T10:00:00+09:00"}))


def test_what_stands_is_of_one_kind_oldest_first_and_without_what_was_taken_back() -> None:
    told = entries(
        group(Rendered, 1, 2),
        RoundEnded(step="a", files=1),
        group(Rendered, 3, 4),
        Correction(corrects=1, reason="誤記"),
        group(Rendered, 5, 6),
        Correction(corrects=4, reason="訂正の訂正"),
    )
    assert [body.first for body in standing(told, Rendered)] == [3, 5]
    assert [body.corrects for body in standing(told, Correction)] == [4]
    assert latest(told, Rendered) == group(Rendered, 5, 6)
    assert latest(told[:2], Verified) is None
    assert standing(iter(told), RoundEnded) == [RoundEnded(step="a", files=1)]


def test_taking_back_the_last_brings_the_one_before_it_back() -> None:
    told = entries(RoundEnded(step="a", files=1), RoundEnded(step="b", files=2), Correction(corrects=2, reason="誤記"))
    assert latest(told, RoundEnded) == RoundEnded(step="a", files=1)
    assert latest((), RoundEnded) is None
