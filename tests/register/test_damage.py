"""Every kind of damage is told from the others and the first bad entry named, in either database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mailround.errors import RegisterError
from mailround.register.chain import GENESIS, Stored, digest, follow
from mailround.register.damage import Damage, Kind, diagnose
from mailround.register.entries import RoundEnded
from mailround.register.store import Register
from tampered import chained, replace_all, stored

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
Rows = list[Stored]
Forger = Callable[[Rows], Rows]


def row(number: int) -> Stored:
    body = f'{{"exports":null,"files":{number},"kind":"round_ended","step":"seal"}}'
    return Stored(0, "2026-11-10T09:00:00+09:00", "officer", "2026-11-change", body, "", "")


def numbered(rows: Rows) -> Rows:
    """Number rows anew and leave their hashes."""
    return [each._replace(seq=number) for number, each in enumerate(rows, start=1)]


def rehashed(each: Stored) -> Stored:
    return each._replace(hash=digest(each))


def changed(rows: Rows, number: int, rehash: bool = False, **values: object) -> Rows:
    changed = rows[number - 1]._replace(**values)  # type: ignore[arg-type]
    return [*rows[: number - 1], rehashed(changed) if rehash else changed, *rows[number:]]


def without(rows: Rows, *numbers: int) -> Rows:
    return [each for each in rows if each.seq not in numbers]


def put_in(rows: Rows, seq: int, previous: str | None = None, hash_: str | None = None) -> Rows:
    """Put a row in at a number, linked to the one before or to ``previous``, and number those behind anew."""
    before = rows[seq - 2].hash if seq > 1 else GENESIS
    new = rehashed(row(99)._replace(seq=seq, previous=previous or before))
    return numbered([*rows[: seq - 1], new._replace(hash=hash_ or new.hash), *rows[seq - 1 :]])


def order(rows: Rows, *numbers: int) -> Rows:
    return numbered([rows[number - 1] for number in numbers])


def half_made_anew(rows: Rows, first: int, last: int) -> Rows:
    """Change an entry and make the chain anew from there to ``last``, but not to the end."""
    new = [each._replace(actor="forger") for each in rows[first - 1 : last]]
    return [*rows[: first - 1], *chained(new, rows[first - 2]), *rows[last:]]


CASES: dict[str, tuple[Forger, Kind, int]] = {
    "a body": (lambda rows: changed(rows, 3, body="{}"), Kind.MODIFICATION, 3),
    "the first": (lambda rows: changed(rows, 1, actor="forger"), Kind.MODIFICATION, 1),
    "the last": (lambda rows: changed(rows, 7, at="2026-11-11T09:00:00+09:00"), Kind.MODIFICATION, 7),
    "a hash": (lambda rows: changed(rows, 4, hash="x" * 64), Kind.MODIFICATION, 4),
    "a link": (lambda rows: changed(rows, 4, previous="x" * 64), Kind.MODIFICATION, 4),
    "the last number": (lambda rows: changed(rows, 7, seq=9), Kind.MODIFICATION, 7),
    "an entry with its hash": (lambda rows: changed(rows, 3, rehash=True, actor="forger"), Kind.MODIFICATION, 3),
    "the first with its hash": (lambda rows: changed(rows, 1, rehash=True, actor="forger"), Kind.MODIFICATION, 1),
    "the first entry's link": (lambda rows: changed(rows, 1, rehash=True, previous="1" * 64), Kind.MODIFICATION, 1),
    "some entries with their hashes": (lambda rows: half_made_anew(rows, 3, 5), Kind.MODIFICATION, 5),
    "one deleted": (lambda rows: without(rows, 3), Kind.DELETION, 3),
    "the first deleted": (lambda rows: without(rows, 1), Kind.DELETION, 1),
    "the first three deleted": (lambda rows: without(rows, 1, 2, 3), Kind.DELETION, 1),
    "two in a row deleted": (lambda rows: without(rows, 4, 5), Kind.DELETION, 4),
    "two places deleted": (lambda rows: without(rows, 3, 5), Kind.DELETION, 3),
    "one deleted, the rest numbered anew": (lambda rows: numbered(without(rows, 3)), Kind.DELETION, 3),
    "the first deleted, the rest numbered anew": (lambda rows: numbered(without(rows, 1)), Kind.DELETION, 1),
    "all but the last deleted": (lambda rows: numbered(rows[-1:]), Kind.DELETION, 1),
    "two neighbours": (lambda rows: order(rows, 1, 3, 2, 4, 5, 6, 7), Kind.REORDERING, 2),
    "the first two": (lambda rows: order(rows, 2, 1, 3, 4, 5, 6, 7), Kind.REORDERING, 1),
    "the ends": (lambda rows: order(rows, 7, 2, 3, 4, 5, 6, 1), Kind.REORDERING, 1),
    "one moved on": (lambda rows: order(rows, 1, 2, 4, 5, 6, 3, 7), Kind.REORDERING, 3),
    "one moved back": (lambda rows: order(rows, 1, 2, 6, 3, 4, 5, 7), Kind.REORDERING, 3),
    "one moved behind the last": (lambda rows: sorted(changed(rows, 3, seq=99)), Kind.REORDERING, 3),
    "put in, linked": (lambda rows: put_in(rows, 4), Kind.INSERTION, 4),
    "put in first, linked": (lambda rows: put_in(rows, 1), Kind.INSERTION, 1),
    "put in before the last, linked": (lambda rows: put_in(rows, 7), Kind.INSERTION, 7),
    "put in, with a link of its own": (lambda rows: put_in(rows, 4, previous="a" * 64), Kind.INSERTION, 4),
    "put in, with a link to the first": (lambda rows: put_in(rows, 4, previous=rows[0].hash), Kind.INSERTION, 4),
    "put in, with any hash": (lambda rows: put_in(rows, 4, hash_="a" * 64), Kind.INSERTION, 4),
    "put in, those behind made anew but for the link to it": (
        lambda rows: [*put_in(rows, 4)[:4], *chained(rows[3:], rows[2]._replace(seq=4))],
        Kind.INSERTION,
        4,
    ),
    "put in behind the last, linked to another": (
        lambda rows: [*rows, rehashed(row(99)._replace(seq=8, previous=rows[3].hash))],
        Kind.INSERTION,
        8,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_done_is_told_and_the_first_bad_entry_named(case: str) -> None:
    forge, kind, seq = CASES[case]
    rows = forge(chained(map(row, range(1, 8))))
    whole, broken = follow(rows)
    assert broken
    found = diagnose(rows, whole)
    assert (found.kind, found.seq, found.breaks_at) == (kind, seq, whole.entries + 1)


def test_verifying_tells_it_from_either_database(register: Register) -> None:
    for number in range(1, 8):
        body = RoundEnded(step="seal", files=number)
        register.append(body, round_id="2026-11-change", actor="mailround", at=AT)
    rows = stored(register)
    for case, (forge, kind, seq) in CASES.items():
        replace_all(register, forge(rows))
        with pytest.raises(RegisterError) as told:
            register.verify()
        assert f"：第{seq}号が{kind}" in told.value.happened, case
    replace_all(register, rows)
    assert register.verify().entries == 7


def test_nothing_is_told_of_what_was_left_as_it_was(register: Register) -> None:
    for number in range(1, 4):
        body = RoundEnded(step="seal", files=number)
        register.append(body, round_id="2026-11-change", actor="mailround", at=AT)
    replace_all(register, stored(register))
    assert register.verify().entries == 3


def test_a_history_made_anew_to_its_end_holds_which_only_a_checkpoint_tells(register: Register) -> None:
    for number in range(1, 4):
        body = RoundEnded(step="seal", files=number)
        register.append(body, round_id="2026-11-change", actor="mailround", at=AT)
    first, *rest = stored(register)
    replace_all(register, [first, *chained([each._replace(actor="forger") for each in rest], first)])
    assert register.verify().entries == 3


def test_the_words_name_both_places() -> None:
    told = str(Damage(Kind.MODIFICATION, seq=2, breaks_at=3))
    assert told == "管理簿の連鎖が第3号で切れています：第2号が書き換えられています。"
