"""What is looked for in the register is found, on both databases, and by an index."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from mailround.register import store
from mailround.register.entries import HOUSE, Correction, MailReturned, Posted, ReturnedShown, RoundEnded
from mailround.register.search import Wanted, condition, name
from mailround.register.store import Register, register_entry
from mailround.settings import TOKYO

FIRST = datetime(2026, 11, 10, 14, 59, 59, tzinfo=UTC)  # one second before the next day in Tokyo


@pytest.fixture
def filled(register: Register) -> Register:
    """Eight entries: 1 to 3 of one round, 4 to 6 of another, 7 of the house, 8 a correction."""
    for number, (round_id, actor) in enumerate([("2026-11-change", "officer"), ("2026-12-asset", "datateam")]):
        at = FIRST + timedelta(seconds=number)
        back = MailReturned(piece_id=f"{number}123ABCDE", reason="100%_宛先", returned_on=date(2026, 11, 9), run_id="r")
        register.append(back, round_id=round_id, actor=actor, at=at)
        register.append(RoundEnded(step="seal", files=1), round_id=round_id, actor="mailround", at=at)
        shown = ReturnedShown(rows=1, output="terminal", copy_no=1)
        register.append(shown, round_id=round_id, actor=actor, at=at)
    register.append(RoundEnded(step="none", files=0), round_id=HOUSE, actor="mailround", at=FIRST + timedelta(days=40))
    register.append(Correction(corrects=1, reason="誤り"), round_id="2026-11-change", actor="officer", at=FIRST)
    return register


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [8, 7, 6, 5, 4, 3, 2, 1]),
        (Wanted(round_id="2026-12-asset"), [6, 5, 4]),
        (Wanted(kinds=["mail_returned"]), [4, 1]),
        (Wanted(kinds=["mail_returned", "correction"], round_id="2026-11-change"), [8, 1]),
        (Wanted(actor="mailround"), [7, 5, 2]),
        (Wanted(words="1123ABCDE"), [4]),
        (Wanted(words="%_"), [4, 1]),
        (Wanted(words="' OR 1=1 --"), []),
        (Wanted(first_day=date(2026, 11, 11)), [7, 6, 5, 4]),
        (Wanted(last_day=date(2026, 11, 10)), [8, 3, 2, 1]),
        (Wanted(first_day=date(2026, 11, 11), last_day=date(2026, 11, 11)), [6, 5, 4]),
        (Wanted(round_id="none"), []),
    ],
)
def test_what_is_wanted_is_found_the_youngest_first(filled: Register, wanted: Wanted, numbers: list[int]) -> None:
    assert [each.seq for each in filled.found(wanted, most=50)] == numbers


@pytest.mark.parametrize("hours", [-12, -1, 0, 9, 14])
def test_a_day_is_tokyos_in_whichever_zone_a_time_was_written(register: Register, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    for seconds in (-1, 0, 86_399, 86_400):
        at = (datetime(2026, 11, 11, tzinfo=TOKYO) + timedelta(seconds=seconds)).astimezone(zone)
        register.append(RoundEnded(step=str(seconds), files=0), round_id=HOUSE, actor="mailround", at=at)
    day = date(2026, 11, 11)
    assert [each.seq for each in register.found(Wanted(first_day=day, last_day=day), most=9)] == [3, 2]


def test_a_page_goes_on_where_the_one_before_ended(filled: Register) -> None:
    first = filled.found(Wanted(), most=3)
    assert [each.seq for each in first] == [8, 7, 6]
    assert [each.seq for each in filled.found(Wanted(), most=3, before=first[-1].seq)] == [5, 4, 3]


def test_all_that_is_wanted_comes_one_by_one_oldest_first(filled: Register) -> None:
    assert [each.seq for each in filled.each(Wanted())] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [each.seq for each in filled.each(Wanted(actor="mailround"))] == [2, 5, 7]
    first = next(filled.each(Wanted(round_id="2026-12-asset")))
    assert first == filled.entry(4)


@pytest.mark.parametrize("at_once", [1, 2, 3, 8, 9])
def test_who_takes_entries_slowly_keeps_nobody_from_writing(
    filled: Register, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(store, "_AT_ONCE", at_once)
    monkeypatch.setattr(store, "PATIENCE", timedelta(seconds=1))
    slowly = filled.each(Wanted())
    assert next(slowly).seq == 1
    later = Register(filled.url).append(
        RoundEnded(step="late", files=0), round_id=HOUSE, actor="mailround", at=FIRST + timedelta(days=41)
    )
    left = [each.seq for each in slowly]
    assert left[:7] == [2, 3, 4, 5, 6, 7, 8]
    assert left[7:] in ([], [later.seq])


def test_entries_of_kinds_come_from_all_rounds_oldest_first(filled: Register) -> None:
    assert [each.seq for each in filled.of_kinds((RoundEnded, Correction))] == [2, 5, 7, 8]
    assert filled.of_kinds((Posted,)) == ()


def test_people_and_rounds_are_told_once_each(filled: Register) -> None:
    assert filled.names("actor") == ("datateam", "mailround", "officer")
    assert filled.names("round_id") == ("2026-11-change", "2026-12-asset", HOUSE)
    assert filled.last() == 8


def test_an_empty_register_has_nothing(register: Register) -> None:
    assert (register.last(), register.names("actor"), register.found(Wanted(), most=1)) == (0, (), ())


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(kinds=[name(Posted)]), "register_entry_of_kind"),
        (Wanted(actor="officer"), "register_entry_of_actor"),
        (Wanted(round_id="2026-11-change"), "ix_register_entry_round_id"),
        (Wanted(first_day=date(2026, 11, 11), last_day=date(2026, 11, 11)), "register_entry_of_day"),
    ],
)
def test_the_database_knows_an_index_for_it(filled: Register, wanted: Wanted, index: str) -> None:
    engine = sa.create_engine(filled.url, poolclass=sa.pool.NullPool)
    dialect = engine.dialect.name
    query = sa.select(register_entry.c.seq).where(condition(register_entry, dialect, wanted))
    said = str(query.order_by(register_entry.c.seq.desc()).compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        if dialect == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")  # eight rows are faster read than looked for
        plan = connection.exec_driver_sql(("EXPLAIN " if dialect == "postgresql" else "EXPLAIN QUERY PLAN ") + said)
        told = " ".join(str(row) for row in plan)
    assert index in told, told
