"""Contracts, controls, incidents and checkpoints: what may stand beside what, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from mailround.register.entries import (
    BODIES,
    AnyBody,
    CheckpointSigned,
    ControlAttested,
    GatesEvaluated,
    IncidentClosed,
    IncidentReminded,
    IncidentReported,
    IncidentStep,
    IncidentTold,
)
from mailround.register.store import Register

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
DAY = date(2026, 12, 3)


def signed(entries: int) -> CheckpointSigned:
    return CheckpointSigned(entries=entries, head="a" * 64, signed_at=AT, fingerprint="f", signature="s")


def evaluated(step: str) -> GatesEvaluated:
    return GatesEvaluated(step=step, day=DAY, passed=("contract_in_term",), closed=())


def attested(control: str) -> ControlAttested:
    return ControlAttested(control=control, reference="第1号", attested_on=DAY, valid_until=DAY)


def reported(incident_no: int, **changes: Any) -> IncidentReported:
    said = {"what": "紛失", "noticed_at": AT, "pieces": 7, "piece_ids": (), "encrypted": True, "malicious": False}
    said |= {"preliminary_by": DAY, "final_by": date(2026, 12, 30), "run_id": "manual__1"}
    return IncidentReported(incident_no=incident_no, **said | changes)


def step(incident_no: int, name: str) -> IncidentStep:
    return IncidentStep.model_validate(
        {"incident_no": incident_no, "step": name, "reference": "第2号", "done_on": "2026-12-03"}
    )


def told(incident_no: int, run_id: str) -> IncidentTold:
    return IncidentTold(incident_no=incident_no, contacts=("ward-desk",), run_id=run_id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (signed(7), signed(9)),
        (evaluated("open_round"), evaluated("record_media_handover")),
        (attested("W23"), attested("C23")),
        (reported(1), reported(2)),
        (step(1, "preliminary"), step(1, "final")),
        (step(1, "final"), step(2, "final")),
        (told(1, "manual__1"), told(2, "manual__1")),
        (told(1, "manual__1"), told(1, "manual__2")),
        (
            IncidentReminded(incident_no=1, report_by=DAY, on=DAY),
            IncidentReminded(incident_no=2, report_by=DAY, on=DAY),
        ),
        (
            IncidentClosed(incident_no=1, outcome="回収済み", reference="第3号"),
            IncidentClosed(incident_no=2, outcome="回収済み", reference="第3号"),
        ),
    ],
)
def test_what_was_said_of_one_is_not_said_anew_because_of_another(
    register: Register, one: AnyBody, other: AnyBody
) -> None:
    for body in (one, other, one, other):
        register.append(body, round_id="2026-11-change", actor="officer", at=AT)
    assert [entry.body for entry in register.entries()] == [one, other]


@pytest.mark.parametrize("name", ["", "速報", "closing", "Preliminary"])
def test_an_incident_has_two_reports_and_no_third(name: str) -> None:
    with pytest.raises(ValidationError):
        step(1, name)


@pytest.mark.parametrize(
    "changes",
    [{"encrypted": None}, {"pieces": None}, {"final_by": None}, {"noticed_at": "2026-11-30T09:00"}, {"who": "山田"}],
)
def test_an_incident_leaves_nothing_open_to_reading(changes: dict[str, Any]) -> None:
    said = reported(1).model_dump(mode="json")
    assert BODIES.validate_python(said)
    with pytest.raises(ValidationError):
        BODIES.validate_python(said | changes)
