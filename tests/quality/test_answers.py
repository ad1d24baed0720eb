"""Asking in several processes: the same answers in the same order, and nothing of a household in what goes wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from faults import ONE_OFF, POSTING

from mailround.errors import QualityStopError, WorkspaceError
from mailround.fonts import FontStack, load_font
from mailround.model import Recipient
from mailround.postcodes import load_postcodes
from mailround.quality import Assessment, assess
from mailround.records import Batch, read_batches, write_recipients
from mailround.rounds import load_round_kind
from mailround.settings import REPOSITORY, CheckSettings
from mailround.workspace import Workspace
from printing import ISSUED

Neighbours = Callable[..., tuple[Recipient, ...]]
CANARY = "髙﨑伽奈利亜"
INCLUDE = REPOSITORY / "include"


class TellingFont(FontStack):
    """A font that says aloud what it is asked about."""

    def missing(self, text: str) -> str:
        raise ValueError(text)


def assessed(batches: Iterator[object], processes: int, font: FontStack | None = None) -> Assessment:
    return assess(
        batches,  # type: ignore[arg-type]  # tuples and Batch alike
        kind=load_round_kind(INCLUDE, "change_notice"),
        postcodes=load_postcodes(),
        font=font or load_font(CheckSettings()),
        include=INCLUDE,
        issue_date=ISSUED,
        posting_date=POSTING,
        processes=processes,
    )


def test_processes_and_batches_change_no_answer(neighbours: Neighbours) -> None:
    # twins of name and birth lie in different batches, and so do the places of the protected
    households = neighbours(*ONE_OFF.values(), *ONE_OFF.values())
    parts = [households[first : first + 7] for first in range(0, len(households), 7)]
    alone = assessed(iter([households]), 1)
    assert sum(bool(each.count) for each in alone.findings) >= 30
    assert assessed(iter(parts), 1) == alone
    assert assessed(iter(parts), 2) == alone


def test_what_is_said_of_a_household_that_cannot_be_checked_stays_in_its_process(neighbours: Neighbours) -> None:
    households = neighbours({"name": CANARY}, {}, {})
    with pytest.raises(QualityStopError, match="C04") as stopped:
        assessed(iter([(each,) for each in households]), 2, TellingFont(font_path()))
    assert CANARY not in "".join(traceback.format_exception(stopped.value))


def font_path() -> Path:
    _, (primary, _) = load_font(CheckSettings()).__reduce__()
    return primary


def test_no_batch_is_no_household() -> None:
    assert assessed(iter([]), 2).rows == 0


def test_records_travel_as_they_were_read(make_recipient: Callable[..., Recipient], tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "data", Workspace.new_key())
    written = [make_recipient(record_no=number, birth_date=date(1950, 1, 1)) for number in range(1, 10_202)]
    write_recipients(workspace, written)
    batches = list(read_batches(workspace))
    assert [len(list(each)) for each in batches] == [10_000, 201]
    assert [one for each in batches for one in each] == written


def test_a_batch_of_another_version_says_so_without_a_value() -> None:
    with pytest.raises(WorkspaceError, match="この版と合いません") as caught:
        list(Batch((f'["{CANARY}"]'.encode(),)))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
