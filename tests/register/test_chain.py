"""The chain: what a hash covers, where the old form is good, and that any other row is found."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from mailround.register.chain import GENESIS, ChainState, Stored, digest, fits, follow, undivided_digest
from tampered import chained

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def row(number: int = 0) -> Stored:
    return Stored(0, "2026-11-10T09:00:00+09:00", "officer", "2026-11-change", f'{{"n":{number}}}', "", "")


def undivided(count: int) -> list[Stored]:
    """A chain as version 0.1.0 made it."""
    made: list[Stored] = []
    for number in range(1, count + 1):
        each = row(number)._replace(seq=number, previous=made[-1].hash if made else GENESIS)
        made.append(each._replace(hash=undivided_digest(each)))
    return made


@given(st.integers(1, 2**53 - 1), st.lists(texts, min_size=5, max_size=5))
def test_the_hash_is_over_a_line_of_its_own_and_the_rfc_8785_form(seq: int, values: list[str]) -> None:
    at, actor, round_id, body, previous = values
    covered = {"seq": seq, "at": at, "actor": actor, "round_id": round_id, "body": body, "previous": previous}
    told = Stored(**covered, hash="")
    assert digest(told) == hashlib.sha256(b"mailround/register/entry/1\n" + rfc8785.dumps(covered)).hexdigest()
    assert undivided_digest(told) == hashlib.sha256(rfc8785.dumps(covered)).hexdigest()
    assert fits(told._replace(seq=7, hash=digest(told)), seq)
    assert not fits(told._replace(hash=digest(told)), seq + 1)


def test_nothing_follows_to_nothing_and_a_chain_to_its_last_hash() -> None:
    assert follow(()) == (ChainState(0, GENESIS), None)
    rows = chained(map(row, range(5)))
    assert follow(rows) == (ChainState(5, rows[-1].hash), None)


def test_entries_of_the_old_form_are_good_at_the_beginning_and_counted() -> None:
    old = undivided(3)
    rows = [*old, *chained([row(4), row(5)], old[-1])]
    assert follow(rows) == (ChainState(5, rows[-1].hash, undivided=3), None)
    assert follow(old) == (ChainState(3, old[-1].hash, undivided=3), None)


def test_an_entry_of_the_old_form_after_the_first_new_one_does_not_follow() -> None:
    rows = chained([row(1), row(2)])
    late = row(3)._replace(seq=3, previous=rows[-1].hash)
    late = late._replace(hash=undivided_digest(late))
    assert follow([*rows, late]) == (ChainState(2, rows[-1].hash), late)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 4},
        {"at": "2026-11-10T09:00:01+09:00"},
        {"actor": "someone"},
        {"round_id": "2026-11-other"},
        {"body": "{}"},
        {"body": b'{"n":2}'},
        {"body": None},
        {"previous": GENESIS},
        {"hash": "0" * 64},
    ],
)
def test_a_row_with_anything_changed_does_not_follow(change: dict[str, object]) -> None:
    rows = chained(map(row, range(4)))
    rows[2] = rows[2]._replace(**change)  # type: ignore[arg-type]
    assert follow(rows) == (ChainState(2, rows[1].hash), rows[2])
