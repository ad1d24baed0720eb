"""Incidents: what is open, what it stops, and what the register tells of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from answered import day
from mailround.context import RoundContext
from mailround.incident import open_incidents
from mailround.register.entries import Correction, IncidentClosed, IncidentReported

Opener = Callable[..., RoundContext]


def reported(incident_no: int, **changes: Any) -> IncidentReported:
    said = {"what": "紛失", "noticed_at": day(11, 17), "pieces": 7, "piece_ids": (), "encrypted": True}
    said |= {"malicious": False, "preliminary_by": date(2026, 11, 19), "final_by": date(2026, 12, 16), "run_id": "r"}
    return IncidentReported(incident_no=incident_no, **said | changes)


def closed(incident_no: int) -> IncidentClosed:
    return IncidentClosed(incident_no=incident_no, outcome="回収した", reference="第3号")


def say(work: RoundContext, *bodies: IncidentReported | IncidentClosed | Correction) -> list[int]:
    return [work.register.append(body, round_id=work.round_id, actor="officer", at=day(11, 18)).seq for body in bodies]


def test_a_round_without_a_report_has_no_open_incident(open_a_round: Opener) -> None:
    assert open_incidents(open_a_round().entries) == ()


def test_an_incident_is_open_from_its_report_to_its_closing(open_a_round: Opener) -> None:
    work = open_a_round()
    say(work, reported(1), reported(2))
    assert open_incidents(work.entries) == (reported(1), reported(2))
    say(work, closed(1))
    assert open_incidents(work.entries) == (reported(2),)
    say(work, closed(2))
    assert open_incidents(work.entries) == ()


def test_what_was_reported_last_of_an_incident_counts(open_a_round: Opener) -> None:
    work = open_a_round()
    say(work, reported(1), reported(2), reported(1, pieces=9))
    assert open_incidents(work.entries) == (reported(1, pieces=9), reported(2))


def test_a_closing_that_was_taken_back_opens_the_incident_again(open_a_round: Opener) -> None:
    work = open_a_round()
    *_, seq = say(work, reported(1), closed(1))
    say(work, Correction(corrects=seq, reason="別の事故の終了"))
    assert open_incidents(work.entries) == (reported(1),)


def test_a_report_that_was_taken_back_stops_nothing(open_a_round: Opener) -> None:
    work = open_a_round()
    (seq,) = say(work, reported(1))
    say(work, Correction(corrects=seq, reason="別の回の事故"))
    assert open_incidents(work.entries) == ()


def test_a_correction_of_the_later_report_leaves_the_earlier_one_open(open_a_round: Opener) -> None:
    work = open_a_round()
    *_, seq = say(work, reported(1), reported(1, pieces=9))
    say(work, Correction(corrects=seq, reason="数の誤り"))
    assert open_incidents(work.entries) == (reported(1),)


@pytest.mark.parametrize("order", [1, -1])
def test_the_closing_of_another_rounds_incident_closes_only_that(open_a_round: Opener, order: int) -> None:
    rounds = [open_a_round(), open_a_round(round_id="2026-10-change", export=b"other")][::order]
    for work in rounds:
        say(work, reported(1))
    say(rounds[0], closed(1))
    assert open_incidents(rounds[0].register.entries()) == (reported(1),)
    assert open_incidents(rounds[0].entries) == ()
    assert open_incidents(rounds[1].entries) == (reported(1),)
