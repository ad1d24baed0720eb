"""Incidents: what went wrong with what is in custody. An open one stops the round's handovers (control 13)."""

from __future__ import annotations

from collections.abc import Sequence

from mailround.register.entries import Entry, IncidentClosed, IncidentReported, standing


def open_incidents(entries: Sequence[Entry]) -> tuple[IncidentReported, ...]:
    """Return the round's incidents that are reported and not closed, oldest first."""
    closed = {each.incident_no for each in standing(entries, IncidentClosed)}
    reported = {each.incident_no: each for each in standing(entries, IncidentReported)}
    return tuple(each for number, each in reported.items() if number not in closed)
