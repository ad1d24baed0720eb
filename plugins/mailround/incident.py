"""Incidents (事故): reported at any time of a round, they stop its handovers until a person closes them (control 13).

What is open follows from the register alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailround.register.entries import Correction, Entry, IncidentClosed, IncidentReported


def open_incidents(entries: Sequence[Entry]) -> tuple[IncidentReported, ...]:
    """Return what was last reported of every incident that is not closed, in the order of the first reports.

    Args:
        entries: A round's, or several rounds': an incident is told from another round's with the same number.
    """
    corrected = {entry.body.corrects for entry in entries if isinstance(entry.body, Correction)}
    found: dict[tuple[str, int], IncidentReported] = {}
    closed: set[tuple[str, int]] = set()
    for entry in entries:
        if entry.seq in corrected:
            continue
        if isinstance(entry.body, IncidentReported):
            found[entry.round_id, entry.body.incident_no] = entry.body
        elif isinstance(entry.body, IncidentClosed):
            closed.add((entry.round_id, entry.body.incident_no))
    return tuple(reported for key, reported in found.items() if key not in closed)
