"""How entries are linked: the hash of each covers all that the entry says and the hash of the one before it.

``hash`` = SHA-256 over a fixed first line and the RFC 8785 canonical JSON of the other columns. The line keeps the
digest from ever meaning anything else, as a signed checkpoint's does. Entries of version 0.1.0 were hashed without it;
such entries are good only at the beginning, before the first one that has it (docs/adr/0019).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

GENESIS = "0" * 64
"""What the first entry has for the hash of the one before."""

_DOMAIN = b"mailround/register/entry/1\n"
# For texts and whole numbers under ASCII names this is RFC 8785's form, ten times as fast; a test compares both.
# What is neither was put there by somebody else (SQLite takes bytes for a text) and only must not come out right.
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr).encode


class Stored(NamedTuple):
    """One row as it is stored, believed in nothing."""

    seq: int
    at: str
    actor: str
    round_id: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class ChainState:
    """A verified chain: how many entries, the hash of the last, and how many of them are of version 0.1.0's form."""

    entries: int
    head: str
    undivided: int = 0


def digest(row: Stored, seq: int | None = None) -> str:
    """Return the hash that a row should have, as it is numbered or as if it had the number ``seq``."""
    return hashlib.sha256(_DOMAIN + _covered(row, seq)).hexdigest()


def undivided_digest(row: Stored, seq: int | None = None) -> str:
    """Return the hash that version 0.1.0 would have given it."""
    return hashlib.sha256(_covered(row, seq)).hexdigest()


def _covered(row: Stored, seq: int | None) -> bytes:
    values = row._asdict() | {"seq": row.seq if seq is None else seq}
    del values["hash"]
    return _canonical(values).encode("utf-8")


def fits(row: Stored, seq: int) -> bool:
    """Tell whether a row's hash is right if its number is ``seq``, in either form."""
    return row.hash in (digest(row, seq), undivided_digest(row, seq))


def follow(rows: Iterable[Stored]) -> tuple[ChainState, Stored | None]:
    """Follow a chain from its beginning.

    Args:
        rows: The rows by number; read one at a time.

    Returns:
        The chain as far as it is whole, and the first row that does not follow from it, None when all do.
    """
    state = ChainState(entries=0, head=GENESIS)
    for row in rows:
        follows = row.seq == state.entries + 1 and row.previous == state.head
        if follows and row.hash == digest(row):
            state = ChainState(row.seq, row.hash, state.undivided)
        elif follows and state.entries == state.undivided and row.hash == undivided_digest(row):
            state = replace(state, entries=row.seq, head=row.hash, undivided=row.seq)
        else:
            return state, row
    return state, None
