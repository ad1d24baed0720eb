"""The register only grows, its chain never forks, and every tampering is found."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import rfc8785
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailround.errors import RegisterError
from mailround.register import store
from mailround.register.chain import GENESIS, ChainState, Stored, digest
from mailround.register.entries import (
    BODIES,
    AnyBody,
    Correction,
    DeletionReminded,
    Extracted,
    Rendered,
    RoundEnded,
    latest,
)
from mailround.register.store import TRIGGERS, Register, register_entry
from tampered import chained, database, execute, owner_url, stored, tampering, without_triggers

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
ROUND = "2026-11-change"
SWAP = ";".join(f"UPDATE register_entry SET seq = {new} WHERE seq = {old}" for old, new in ((2, 99), (3, 2), (99, 3)))  # noqa: S608 - a test


def ended(number: int = 0) -> RoundEnded:
    return RoundEnded(step="approve_release", files=number)


def append(register: Register, body: AnyBody, round_id: str = ROUND) -> int:
    return register.append(body, round_id=round_id, actor="mailround", at=AT).seq


def test_an_empty_register_verifies(register: Register) -> None:
    assert register.verify() == (state := register.verify())
    assert (state.entries, state.head) == (0, GENESIS)


def test_entries_are_numbered_without_gaps_and_linked(register: Register) -> None:
    for number in range(5):
        assert append(register, ended(number)) == number + 1
    entries = register.entries()
    assert [entry.previous for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]
    assert register.verify().head == entries[-1].hash


@pytest.mark.parametrize(
    ("text", "later"),
    [
        (
            '{"bundles":1,"characters":9,"chunks":1,"font_sha256":"f","kind":"print_planned","pieces":7}',
            {
                "counter": 0,
                "templates_sha256": "",
                "delivery_offices_sha256": "",
                "postable_until": None,
                "checked_sha256": "",
                "plan_sha256": "",
                "released": 0,
                "releases_sha256": "",
            },
        ),
        (
            '{"handed_over":7,"kind":"posted","posted":7,"posted_on":"2026-11-24","reprinted":0,"spoiled":0,"withdrawn":0}',
            {"due": None, "withdrawal_pieces": None},
        ),
        (
            (
                '{"bag_no":"BAG-01","giver":"officer","handed_over_at":"2026-11-16T10:30:00+09:00","kind":"media_handed_over",'
                '"locked":true,"media_no":"DVD-0001","package_sha256":"a","quantity":1,"receiver":"C-001","storage":"金庫1"}'
            ),
            {"place": "", "pieces": None, "pages": None},
        ),
        (
            (
                '{"bag_no":"BAG-02","giver":"officer","handed_over_at":"2026-11-16T11:20:00+09:00",'
                '"kind":"password_handed_over","locked":true,"notice_no":"PW-2026-11-change","receiver":"C-001"}'
            ),
            {"package_sha256": "", "place": "", "storage": "", "copy_no": 1},
        ),
        ('{"due":"2026-12-24","kind":"deletion_reminded","on":"2026-12-17"}', {"item": ""}),
        (
            (
                '{"certificate_no":"DEL-0001","copies_included":true,"deleted_on":"2026-12-10","kind":"deletion_certified",'
                '"media_returned":true,"method":"物理破壊","notice_returned":true,"responsible":"C-001"}'
            ),
            {"spool_included": None, "subcontractors_included": None, "items": ()},
        ),
        ('{"kind":"round_closed","report_sha256":"a"}', {"report_json_sha256": "", "report_pdf_sha256": ""}),
        ('{"corrects":3,"kind":"correction","reason":"誤記"}', {"reference": ""}),
        ('{"files":9,"keys":["round-key"],"kind":"purged","remaining":[]}', {"exports": None}),
        ('{"files":9,"kind":"round_ended","step":"decide_holds"}', {"exports": None}),
    ],
)
def test_an_entry_of_an_earlier_version_is_read_with_what_came_later_left_open(
    text: str, later: dict[str, object]
) -> None:
    body = BODIES.validate_json(text)
    assert body.model_dump(include=set(later)) == later
    assert rfc8785.dumps(body.model_dump(mode="json", exclude=set(later))).decode() == text


def test_the_hash_covers_the_stored_text_and_the_envelope(register: Register) -> None:
    [entry] = [register.append(ended(1), round_id=ROUND, actor="officer", at=AT)]
    covered = {
        "seq": 1,
        "at": "2026-11-10T09:00:00+00:00",
        "actor": "officer",
        "round_id": ROUND,
        "body": '{"exports":null,"files":1,"kind":"round_ended","step":"approve_release"}',
        "previous": GENESIS,
    }
    assert entry.hash == hashlib.sha256(b"mailround/register/entry/1\n" + rfc8785.dumps(covered)).hexdigest()
    assert entry.text == covered["body"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE register_entry SET actor = 'someone'",
        "UPDATE register_entry SET actor = 'someone' WHERE seq = 2",
        "UPDATE register_entry SET actor = actor WHERE seq = 99",
        "DELETE FROM register_entry",
        "DELETE FROM register_entry WHERE seq = 3",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_entry(register: Register, statement: str) -> None:
    for number in range(3):
        append(register, ended(number))
    before = register.entries()
    if "99" in statement and register.url.startswith("sqlite"):
        execute(register, statement)  # SQLite's triggers are per row; no row, nothing to refuse
    else:
        with pytest.raises(sa.exc.DBAPIError, match="never changed"):
            execute(register, statement)
    assert register.entries() == before


def test_postgresql_refuses_truncate_and_replica_mode(postgres: str, postgres_url: str) -> None:
    register = Register(postgres_url)
    register.migrate(owner_url(postgres_url))
    append(register, ended())
    superuser = sa.make_url(postgres).update_query_dict(dict(sa.make_url(postgres_url).query))
    engine = sa.create_engine(superuser, poolclass=sa.pool.NullPool)
    for statement in (
        "TRUNCATE register_entry",
        "SET session_replication_role = replica; DELETE FROM register_entry",
        "INSERT INTO register_entry SELECT * FROM register_entry ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert register.verify().entries == 1


@pytest.mark.parametrize("column", ["seq", "previous", "hash"])
def test_sqlite_refuses_insert_or_replace_which_asks_no_delete_trigger(tmp_path: Path, column: str) -> None:
    register = Register(f"sqlite:///{tmp_path}/register/register.db")
    register.migrate()
    for number in range(3):
        append(register, ended(number))
    values = {"seq": 4, "at": "", "actor": "", "round_id": "", "body": "", "previous": "new", "hash": "new"}
    values[column] = getattr(register.entries()[1], column)
    engine = sa.create_engine(register.url, poolclass=sa.pool.NullPool)
    replacing = sa.insert(register_entry).prefix_with("OR REPLACE").values(values)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(replacing)
    assert register.verify().entries == 3


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE register_entry SET body = replace(body, '2', '3') WHERE seq = 3", "第3号が書き換えられています"),
        ("UPDATE register_entry SET actor = 'someone' WHERE seq = 1", "第1号が書き換えられています"),
        ("UPDATE register_entry SET at = '2026-11-10T09:00:01+00:00' WHERE seq = 5", "第5号が書き換えられています"),
        ("UPDATE register_entry SET round_id = '2026-11-other' WHERE seq = 2", "第2号が書き換えられています"),
        ("UPDATE register_entry SET hash = 'x' WHERE seq = 4", "第4号が書き換えられています"),
        ("DELETE FROM register_entry WHERE seq = 3", "第3号が削除されています"),
        ("DELETE FROM register_entry WHERE seq = 1", "第1号が削除されています"),
        (SWAP, "第2号が順序を入れ替えられています"),
    ],
)
def test_tampering_behind_the_triggers_is_found_and_its_number_told(
    register: Register, tampering: str, told: str
) -> None:
    for number in range(5):
        append(register, ended(number))
    guards = without_triggers(register)
    execute(register, *tampering.split(";"))
    with pytest.raises(RegisterError, match="トリガー"):
        register.verify()
    execute(register, *guards)
    with pytest.raises(RegisterError, match=told):
        register.verify()


def test_a_copied_file_with_a_recomputed_row_breaks_at_the_next_link(tmp_path: Path) -> None:
    register = Register(f"sqlite:///{tmp_path}/register/register.db")
    register.migrate()
    for number in range(4):
        append(register, ended(number))
    copy = Register(f"sqlite:///{tmp_path}/copy.db")
    shutil.copy(database(register), tmp_path / "copy.db")
    forged = digest(stored(copy)[1]._replace(actor="forger"))
    guards = without_triggers(copy)
    execute(copy, f"UPDATE register_entry SET actor = 'forger', hash = '{forged}' WHERE seq = 2")  # noqa: S608 - a test
    execute(copy, *guards)
    with pytest.raises(RegisterError, match="第3号で切れています：第2号が書き換えられています"):
        copy.verify()
    assert register.verify().entries == 4


@pytest.mark.parametrize("column", ["seq", "previous", "hash"])
def test_nothing_gets_in_but_the_next_link(register: Register, column: str) -> None:
    for number in range(3):
        append(register, ended(number))
    last = stored(register)[-1]
    row = {"seq": 4, "at": "", "actor": "", "round_id": "", "body": "", "previous": last.hash, "hash": "new"}
    wrong = {"seq": 5, "previous": "f" * 64, "hash": last.hash}
    row[column] = wrong[column]
    engine = sa.create_engine(register.url, poolclass=sa.pool.NullPool)
    with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
        connection.execute(sa.insert(register_entry).values(row))
    assert register.verify().entries == 3


def test_a_table_of_the_same_name_does_not_mislead_the_trigger(postgres_url: str) -> None:
    register = Register(postgres_url)
    register.migrate(owner_url(postgres_url))
    append(register, ended())
    schema = sa.make_url(postgres_url).query["options"].split("=")[1]
    with sa.create_engine(postgres_url, poolclass=sa.pool.NullPool).connect() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE register_entry (seq integer, hash text)")
        connection.exec_driver_sql("INSERT INTO register_entry VALUES (98, 'decoy')")
        with pytest.raises(sa.exc.DBAPIError, match="never changed"):
            connection.exec_driver_sql(f"INSERT INTO {schema}.register_entry VALUES (99, '', '', '', '', 'decoy', 'x')")  # noqa: S608 - a test
    assert register.verify().entries == 1


def test_one_missing_trigger_stops_every_use(register: Register) -> None:
    append(register, ended(1))
    dialect = sa.make_url(register.url).get_backend_name()
    name = min(TRIGGERS[dialect])
    execute(register, f"DROP TRIGGER {name}" + (" ON register_entry" if dialect == "postgresql" else ""))
    with pytest.raises(RegisterError, match="トリガー"):
        append(register, ended(2))
    with pytest.raises(RegisterError, match="トリガー"):
        register.verify()
    assert len(register.entries()) == 1


def test_a_disabled_trigger_counts_as_missing(postgres_url: str) -> None:
    register = Register(postgres_url)
    register.migrate(owner_url(postgres_url))
    execute(register, "ALTER TABLE register_entry DISABLE TRIGGER register_entry_no_delete")
    with pytest.raises(RegisterError, match="トリガー"):
        register.verify()


def test_another_tables_triggers_do_not_count(postgres_url: str) -> None:
    register = Register(postgres_url)
    register.migrate(owner_url(postgres_url))
    without_triggers(register)
    execute(register, "CREATE TABLE decoy (seq integer)")
    for verb in ("update", "delete", "truncate"):
        execute(
            register,
            f"CREATE TRIGGER register_entry_no_{verb} BEFORE {verb} ON decoy "
            "FOR EACH STATEMENT EXECUTE FUNCTION register_entry_refuse();"
            f"ALTER TABLE decoy ENABLE ALWAYS TRIGGER register_entry_no_{verb}",
        )
    with pytest.raises(RegisterError, match="トリガー"):
        append(register, ended())


def test_the_same_fact_twice_is_one_entry(register: Register) -> None:
    first = register.append(ended(1), round_id=ROUND, actor="mailround", at=AT)
    again = register.append(ended(1), round_id=ROUND, actor="mailround", at=AT + timedelta(hours=1))
    assert again == first
    assert append(register, ended(1), "2026-11-other") == 2
    assert append(register, ended(2)) == 3


def test_a_corrected_fact_no_longer_stands_and_may_be_recorded_again(register: Register) -> None:
    append(register, ended(1))
    append(register, Correction(corrects=1, reason="通数の誤記"))
    assert latest(register.entries(ROUND), RoundEnded) is None
    assert append(register, ended(1)) == 3
    assert latest(register.entries(ROUND), RoundEnded) == ended(1)
    assert register.verify().entries == 3


@pytest.mark.parametrize("number", [1, 2, 99])
def test_a_correction_must_name_an_entry_of_its_own_round(register: Register, number: int) -> None:
    append(register, ended(1), "2026-11-other")
    with pytest.raises(RegisterError, match="訂正する"):
        append(register, Correction(corrects=number, reason="誤記"))
    assert register.verify().entries == 1


def test_a_time_without_a_zone_is_refused(register: Register) -> None:
    with pytest.raises(RegisterError, match="時間帯"):
        register.append(ended(), round_id=ROUND, actor="mailround", at=datetime(2026, 11, 10))  # noqa: DTZ001


def test_a_fact_that_comes_back_after_another_is_a_new_entry(register: Register) -> None:
    """Export A, then B, then A again: the latest entry must speak of what is there now."""
    for number in (1, 2, 1, 1):
        append(register, ended(number))
    assert [entry.body for entry in register.entries(ROUND)] == [ended(1), ended(2), ended(1)]


def test_an_entry_from_before_a_field_is_still_about_the_same(register: Register) -> None:
    """``item`` came later and tells reminders apart: an old one is about no item, as one that names none."""
    text = '{"due":"2026-12-24","kind":"deletion_reminded","on":"2026-12-17"}'
    [old] = chained([Stored(0, AT.isoformat(), "mailround", ROUND, text, "", "")])
    with sa.create_engine(register.url, poolclass=sa.pool.NullPool).begin() as connection:
        connection.execute(sa.insert(register_entry).values(old._asdict()))
    body = BODIES.validate_json(text)
    with pytest.raises(RegisterError, match="既に記録されています"):
        register.append(body, round_id=ROUND, actor="mailround", at=AT, once=True)
    assert isinstance(body, DeletionReminded)
    other = body.model_copy(update={"item": "disc"})
    assert register.append(other, round_id=ROUND, actor="mailround", at=AT, once=True).seq == 2


def test_a_text_that_looks_like_another_bodys_marks_does_not_hide_it(register: Register) -> None:
    for step in ('"kind":"correction"', "%_/", '"first":1'):
        body = RoundEnded(step=step, files=1)
        assert append(register, body) == append(register, body)
    assert register.verify().entries == 3


def test_what_may_be_said_once_is_refused_when_it_differs(register: Register) -> None:
    first = register.append(ended(1), round_id=ROUND, actor="mailround", at=AT, once=True)
    assert register.append(ended(1), round_id=ROUND, actor="mailround", at=AT, once=True) == first
    with pytest.raises(RegisterError, match="既に記録されています"):
        register.append(ended(2), round_id=ROUND, actor="mailround", at=AT, once=True)


def _write_many(url: str, together: Barrier, writer: int, count: int) -> None:
    register = Register(url)
    together.wait(60)
    for number in range(count):
        chunk = 1000 + number if number % 10 == 0 else 10_000 * (writer + 1) + number  # one in ten is told by all
        body = Rendered(first=chunk, last=chunk, pieces=1, pages=1, sha256="0" * 64)
        register.append(body, round_id=ROUND, actor="mailround", at=AT)


def test_a_thousand_appends_of_four_processes_make_one_unforked_gapless_chain(register: Register) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(4)
    writers = [context.Process(target=_write_many, args=(register.url, together, writer, 250)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(240)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    own = {10_000 * (writer + 1) + number for writer in range(4) for number in range(250) if number % 10}
    entries = register.entries(ROUND)
    assert sorted(entry.body.first for entry in entries if isinstance(entry.body, Rendered)) == sorted(
        own | set(range(1000, 1250, 10))
    )
    assert register.verify().entries == len(entries) == 4 * 225 + 25


def test_a_hundred_thousand_entries_verify(register: Register) -> None:
    body = '{{"first":{0},"kind":"rendered","last":{0},"pages":51,"pieces":50,"sha256":"' + "0" * 64 + '"}}'
    rows = chained(Stored(0, AT.isoformat(), "mailround", ROUND, body.format(each), "", "") for each in range(100_000))
    engine = sa.create_engine(owner_url(register.url), poolclass=sa.pool.NullPool)
    with tampering(register), engine.begin() as connection:  # the triggers look at every row
        connection.execute(sa.insert(register_entry), [row._asdict() for row in rows])
    assert register.verify() == ChainState(100_000, rows[-1].hash)


def test_an_interrupted_append_leaves_nothing_and_blocks_nobody(register: Register) -> None:
    def killed_half_way() -> None:
        with register._writing() as connection:
            row = {"seq": 1, "at": "", "actor": "", "round_id": "", "body": "", "previous": GENESIS, "hash": ""}
            connection.execute(sa.insert(register_entry).values(row))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_half_way()
    assert append(register, ended()) == 1
    assert register.verify().entries == 1


def test_whoever_comes_while_another_writes_waits_and_is_recorded_once(register: Register) -> None:
    with register._writing():
        waiting = threading.Thread(target=append, args=(Register(register.url), ended(1)))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive(), "the other one holds the register"
    waiting.join()
    assert [entry.body for entry in register.entries()] == [ended(1)]


def test_whoever_comes_while_another_is_alone_waits_and_may_append_meanwhile(register: Register) -> None:
    done: list[str] = []

    def second() -> None:
        with Register(register.url).alone():
            done.append("second")

    with register.alone():
        waiting = threading.Thread(target=second)
        waiting.start()
        append(Register(register.url), ended(1))
        waiting.join(0.3)
        assert waiting.is_alive()
        done.append("first")
    waiting.join()
    assert done == ["first", "second"]


def test_a_killed_one_that_was_alone_keeps_nobody_waiting(register: Register) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - dies at once
        with Register(register.url).alone():
            os.write(writer, b"x")
            os.kill(os.getpid(), 9)
    os.read(reader, 1)
    os.waitpid(child, 0)
    with register.alone():
        assert append(register, ended(1)) == 1


def test_who_waits_too_long_fails_as_infrastructure_does_and_records_at_the_next_try(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", timedelta(seconds=0.2))
    impatient = Register(register.url)
    with register._writing(), pytest.raises(sa.exc.OperationalError, match="lock"):
        append(impatient, ended(1))
    assert register.entries() == ()
    assert append(impatient, ended(1)) == append(impatient, ended(1)) == 1


def test_what_was_judged_by_entries_is_recorded_as_a_whole_or_not_at_all(register: Register) -> None:
    def append_all(*bodies: AnyBody, last_look: Callable[[], None] = lambda: None) -> None:
        register.append_all(bodies, round_id=ROUND, actor="mailround", at=AT, last_look=last_look)

    def no_longer_so() -> None:
        assert register.entries() == (), "it can be read while nobody else can write"
        raise KeyError

    with pytest.raises(KeyError):
        append_all(ended(1), last_look=no_longer_so)
    with pytest.raises(RegisterError, match="訂正する"):
        append_all(ended(1), Correction(corrects=99, reason="誤記"))
    assert register.entries() == ()
    append_all(ended(1), Correction(corrects=1, reason="誤記"))
    assert register.verify().entries == 2


def test_the_register_file_is_private(tmp_path: Path) -> None:
    register = Register(f"sqlite:///{tmp_path}/a/b/register.db")
    register.migrate()
    append(register, ended())
    assert stat.S_IMODE(database(register).stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700] * 2


bodies: st.SearchStrategy[AnyBody] = st.one_of(
    st.builds(RoundEnded, step=st.text(max_size=20), files=st.integers(0, 2**53 - 1)),
    st.builds(
        Extracted,
        rows=st.integers(0, 10**6),
        bytes=st.integers(0, 2**40),
        sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
        total_after=st.none() | st.integers(0, 2**50),
        unknown_headers=st.integers(0, 9),
    ),
    st.builds(DeletionReminded, due=st.dates(), on=st.dates()),
)


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Register:
    register = Register(f"sqlite:///{tmp_path_factory.mktemp('growing')}/register.db")
    register.migrate()
    return register


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(bodies, st.sampled_from([ROUND, "2026-06-asset"])), max_size=5))
def test_any_sequence_of_bodies_verifies_and_reads_back(growing: Register, told: list[tuple[AnyBody, str]]) -> None:
    before = growing.verify().entries
    for body, round_id in told:
        entry = growing.append(body, round_id=round_id, actor="mailround", at=AT)
        assert entry.body == body
        assert BODIES.validate_json(entry.text) == body
    assert before <= growing.verify().entries <= before + len(told)
