"""The evidence report: every row of the checklist with what the register says of it, from the register alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from mailround.context import RoundContext
from mailround.controls import Control, load_controls
from mailround.evidence import Evidence, evidence
from mailround.register.entries import (
    AnyBody,
    ControlAttested,
    Correction,
    GatesEvaluated,
    MediaHandedOver,
    PasswordHandedOver,
)
from mailround.settings import REPOSITORY
from prepared import AT, record

Opener = Callable[..., RoundContext]
TODAY = AT.date()
GATED = Control(id="W01", text="約束", gates=("contract_in_term", "privacy_mark_valid"))
SHOWN = Control(id="W08", text="約束", entries=("media_handed_over", "password_handed_over"))
BOTH = Control(id="W07", text="約束", gates=("package_unchanged",), entries=("media_handed_over",))
PAPER = Control(id="W23", text="約束")


def gates(step: str, passed: Sequence[str] = (), closed: Sequence[str] = ()) -> GatesEvaluated:
    return GatesEvaluated(step=step, day=TODAY, passed=tuple(passed), closed=tuple(closed))


def paper(control: str, attested_on: date = TODAY, valid_until: date = TODAY) -> ControlAttested:
    return ControlAttested(control=control, reference="8福生第1号", attested_on=attested_on, valid_until=valid_until)


def media(**changes: Any) -> MediaHandedOver:
    told = {"giver": "a", "receiver": "b", "media_no": "D1", "quantity": 1, "bag_no": "1", "locked": True}
    return MediaHandedOver(package_sha256="0" * 64, handed_over_at=AT, storage="金庫1", **told | changes)


def password() -> PasswordHandedOver:
    return PasswordHandedOver(giver="a", receiver="b", handed_over_at=AT, notice_no="P", bag_no="1", locked=True)


def told(work: RoundContext, control: Control, *bodies: AnyBody) -> tuple[str, list[int]]:
    """Record the bodies behind what stands, numbered from 3 on, and return status and numbers."""
    first = work.entries[-1].seq - 2
    for body in bodies:
        moved = {"corrects": body.corrects + first} if isinstance(body, Correction) else {}
        record(work, body.model_copy(update=moved))
    [row] = evidence(work.entries, (control,)).controls
    return row.status, [each.seq - first for each in row.proofs]


@pytest.mark.parametrize(
    ("control", "bodies", "status", "proofs"),
    [
        (GATED, [], "open", []),
        (GATED, [gates("open_round", GATED.gates)], "enforced", [3]),
        (GATED, [gates("open_round", GATED.gates[:1])], "open", [3]),
        (GATED, [gates("open_round", GATED.gates[:1], GATED.gates[1:])], "open", [3]),
        (GATED, [gates("a", GATED.gates[:1]), gates("b", GATED.gates[1:])], "enforced", [3, 4]),
        # closed, and open when it was looked at again; but closed at a later step is closed
        (GATED, [gates("a", closed=GATED.gates), gates("a", GATED.gates)], "enforced", [4]),
        (GATED, [gates("a", GATED.gates), gates("b", closed=GATED.gates[:1])], "open", [3, 4]),
        (GATED, [gates("a", ("another",))], "open", []),
        (GATED, [paper("W01")], "attested", [3]),
        (GATED, [gates("a", closed=GATED.gates[:1]), paper("W01")], "attested", [3, 4]),
        (SHOWN, [media()], "open", [3]),
        (SHOWN, [media(), password()], "recorded", [3, 4]),
        (SHOWN, [media(), media(media_no="D2"), password()], "recorded", [4, 5]),
        (SHOWN, [media(), password(), Correction(corrects=4, reason="x")], "open", [3]),
        (BOTH, [gates("a", BOTH.gates)], "open", [3]),
        (BOTH, [gates("a", BOTH.gates), media()], "enforced", [3, 4]),
        (PAPER, [], "open", []),
        (PAPER, [paper("W23")], "attested", [3]),
        (PAPER, [paper("C23")], "open", []),
        (PAPER, [paper("W23", valid_until=TODAY - timedelta(days=1), attested_on=date(2026, 1, 1))], "open", []),
        (PAPER, [paper("W23", attested_on=TODAY + timedelta(days=1), valid_until=date(2027, 1, 1))], "open", []),
        (PAPER, [paper("W23"), Correction(corrects=3, reason="x")], "open", []),
    ],
)
def test_a_rows_status_is_what_the_register_shows(
    open_a_round: Opener, control: Control, bodies: list[AnyBody], status: str, proofs: list[int]
) -> None:
    assert told(open_a_round(), control, *bodies) == (status, proofs)


def test_the_report_needs_nothing_but_the_registers_entries(open_a_round: Opener) -> None:
    work = open_a_round()
    record(work, gates("open_round", ("contract_in_term",)))
    report = evidence(work.entries, load_controls(REPOSITORY / "include"), "CHECKPOINT")
    assert Evidence.model_validate_json(report.model_dump_json()) == report
    assert report.round_id == work.round_id
    assert (len(report.controls), sum(map(report.count, ("enforced", "recorded", "attested", "open")))) == (48, 48)
    assert (report.last_entry, report.head) == (work.entries[-1].seq, work.entries[-1].hash)


def test_entries_of_no_round_are_no_evidence() -> None:
    with pytest.raises(ValueError, match="no round"):
        evidence([], ())
