"""Open incidents: those reported and not closed, whatever else is told of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from mailround.incident import open_incidents
from mailround.register.entries import AnyBody, Correction, Entry, IncidentClosed, IncidentReported

AT = datetime(2026, 11, 15, tzinfo=UTC)
SAID: dict[str, Any] = {
    "what": "媒体の紛失",
    "noticed_at": AT,
    "piece_ids": (),
    "encrypted": True,
    "malicious": False,
    "preliminary_by": date(2026, 11, 18),
    "final_by": date(2026, 12, 15),
    "run_id": "manual__9",
}


def reported(number: int, pieces: int = 1) -> IncidentReported:
    return IncidentReported(incident_no=number, pieces=pieces, **SAID)


def closed(number: int) -> IncidentClosed:
    return IncidentClosed(incident_no=number, outcome="影響なし", reference="第1号")


def entries(*bodies: AnyBody) -> tuple[Entry, ...]:
    return tuple(
        Entry(seq, AT.isoformat(), "officer", "2026-11-change", body, "", "", "") for seq, body in enumerate(bodies, 1)
    )


def test_what_is_reported_stays_open_until_that_very_one_is_closed() -> None:
    assert open_incidents(()) == ()
    assert open_incidents(entries(reported(1), reported(2), closed(1))) == (reported(2),)
    assert open_incidents(entries(reported(1), closed(1))) == ()


def test_an_incident_told_twice_counts_once_as_it_was_told_last() -> None:
    assert open_incidents(entries(reported(1), reported(1, pieces=9))) == (reported(1, pieces=9),)


def test_a_closing_taken_back_opens_it_again() -> None:
    assert open_incidents(entries(reported(1), closed(1), Correction(corrects=2, reason="試験"))) == (reported(1),)
