"""A round beside the last closed one of its kind, on a real register."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.last_round import Change, change_against
from mailround.register.entries import Correction, Extracted, Posted, RoundClosed, RoundOpened
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings

AT = datetime(2026, 8, 3, 9, 0, tzinfo=TOKYO)
CLOSED = RoundClosed(report_sha256="c" * 64)


@pytest.fixture
def register(settings: Settings) -> Register:
    return Register(settings.register_url)


def opened(register: Register, round_id: str, kind: str) -> None:
    body = RoundOpened(
        round_kind=kind,
        source="export.csv",
        layout="shinjuku",
        contract="r8-print",
        contract_sha256="a" * 64,
        triggered_by="datateam",
        run_id=round_id,
        issue_date=date(2026, 8, 20),
        posting_date=date(2026, 8, 24),
    )
    register.append(body, round_id=round_id, actor="datateam", at=AT)


def extracted(register: Register, round_id: str, rows: int, total: int | None) -> None:
    body = Extracted(rows=rows, bytes=1, sha256="e" * 64, total_after=total, unknown_headers=0)
    register.append(body, round_id=round_id, actor="mailround", at=AT)


def closed(register: Register, round_id: str) -> int:
    return register.append(CLOSED, round_id=round_id, actor="mailround", at=AT).seq


def put(register: Register, round_id: str, rows: int, total: int | None, kind: str = "change_notice") -> int:
    """Let a round of so many rows be closed."""
    opened(register, round_id, kind)
    extracted(register, round_id, rows, total)
    return closed(register, round_id)


def test_the_first_round_of_a_kind_has_nothing_to_be_compared_with(register: Register) -> None:
    assert change_against(register.entries(), "change_notice", 8_500, 1) is None
    put(register, "2026-06-assets", 8_000, None, kind="asset_declaration")
    assert change_against(register.entries(), "change_notice", 8_500, 1) is None


def test_both_rounds_figures_are_told(register: Register) -> None:
    put(register, "2026-08-change", 8_400, 987_654_000)
    put(register, "2026-06-assets", 8_000, None, kind="asset_declaration")
    entries = register.entries()
    assert change_against(entries, "change_notice", 8_500, 990_000_000) == Change(
        round_id="2026-08-change", rows_before=8_400, rows=8_500, total_before=987_654_000, total_after=990_000_000
    )
    assert change_against(entries, "asset_declaration", 8_500, None) == Change(
        "2026-06-assets", 8_000, 8_500, None, None
    )


def test_the_round_closed_last_counts_not_the_one_opened_or_named_last(register: Register) -> None:
    opened(register, "2026-05-change", "change_notice")
    extracted(register, "2026-05-change", 5_000, 5)
    put(register, "2026-08-change", 8_000, 8)
    closed(register, "2026-05-change")
    found = change_against(register.entries(), "change_notice", 1, 1)
    assert found is not None
    assert found.round_id == "2026-05-change"


def test_a_round_that_is_only_posted_or_whose_closing_was_taken_back_does_not_count(register: Register) -> None:
    put(register, "2026-05-change", 5_000, 5)
    seq = put(register, "2026-08-change", 8_000, 8)
    taken_back = Correction(corrects=seq, reason="試験")
    register.append(taken_back, round_id="2026-08-change", actor="officer", at=AT)
    opened(register, "2026-10-change", "change_notice")
    extracted(register, "2026-10-change", 9_000, 9)
    counts = {"handed_over": 1, "withdrawn": 0, "spoiled": 0, "reprinted": 0, "posted": 1}
    register.append(Posted(posted_on=AT.date(), **counts), round_id="2026-10-change", actor="officer", at=AT)
    found = change_against(register.entries(), "change_notice", 1, 1)
    assert found is not None
    assert found.round_id == "2026-05-change"


def test_the_extraction_that_stood_at_the_end_counts(register: Register) -> None:
    opened(register, "2026-08-change", "change_notice")
    for rows in (10, 8_400):
        extracted(register, "2026-08-change", rows, rows)
    closed(register, "2026-08-change")
    found = change_against(register.entries(), "change_notice", 8_400, 8_400)
    assert found is not None
    assert found.rows_before == 8_400


@pytest.mark.parametrize(
    ("rows", "total", "exceeds"),
    [
        ((1_000, 1_000), (500, 500), False),
        ((1_000, 1_100), (500, 550), False),
        ((1_000, 900), (500, 450), False),
        ((1_000, 1_101), (500, 500), True),
        ((1_000, 899), (500, 500), True),
        ((1_000, 1_000), (500, 551), True),
        ((1_000, 1_000), (500, 449), True),
        ((1_000, 0), (500, 0), True),
        ((0, 1), (0, 0), True),
        ((0, 0), (0, 0), False),
        ((1_000, 1_000), (None, None), False),
        ((1_000, 1_101), (None, None), True),
    ],
)
def test_ten_percent_up_or_down_is_the_most(
    rows: tuple[int, int], total: tuple[int | None, int | None], exceeds: bool
) -> None:
    change = Change("2026-08-change", rows_before=rows[0], rows=rows[1], total_before=total[0], total_after=total[1])
    assert change.exceeds(10) is exceeds


@given(before=st.integers(0, 10**7), now=st.integers(0, 10**7), percent=st.integers(1, 100))
def test_whatever_exceeds_a_percentage_exceeds_every_smaller_one(before: int, now: int, percent: int) -> None:
    change = Change("2026-08-change", before, now, None, None)
    assert not change.exceeds(percent) or change.exceeds(percent / 2)
    assert change.exceeds(percent) == (abs(now - before) * 100 > percent * before)
