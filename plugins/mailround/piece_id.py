"""Piece ids: eight opaque symbols and a check symbol, written so that a person can read them aloud from an envelope.

The alphabet has no I, L, O, U. The check symbol makes the id, read as a polynomial over GF(32), vanish at a primitive
element: every single wrong symbol and every exchange of two symbols is noticed.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from typing import Final, Literal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_SYMBOLS = 8
_BITS = 5
SHOWN: Final = 40
"""Bits that an id shows, and in which no two ids are alike."""
_SECRET = SHOWN // 8
"""Bytes of a secret that an id shows."""
_KEPT = 8
"""Bytes of a secret that tell cases apart: of a million, two look alike once in thirty million rounds."""
_HIDDEN = 8 * (_KEPT - _SECRET)
"""Bits of what is kept that no id shows."""
_PRIMITIVE = 0b100101
"""x⁵ + x² + 1; its root has order 31, more than the symbols of an id."""


def piece_id(secret: bytes) -> str:
    """Return the id that follows from at least five secret bytes."""
    number = int.from_bytes(secret[:_SECRET], "big")
    body = "".join(ALPHABET[number >> _BITS * place & 31] for place in reversed(range(_SYMBOLS)))
    return body + ALPHABET[_times_root(_value(body))]


def is_piece_id(text: str) -> bool:
    """Tell whether the text has the form of a piece id and its check symbol is right."""
    return len(text) == _SYMBOLS + 1 and all(symbol in _VALUES for symbol in text) and _value(text) == 0


def shown_by(text: str) -> int | None:
    """Return the 40 bits that an id shows; None when the text is none."""
    if not is_piece_id(text):
        return None
    number = 0
    for symbol in text[:_SYMBOLS]:
        number = number << _BITS | _VALUES[symbol]
    return number


TYPED = r"^\s*[0-9A-Za-z]{9}([\s,、，]+[0-9A-Za-z]{9})*\s*$"
"""What a text of piece ids looks like: a name or a case number typed into such a field is refused before it is kept."""
PIECE_IDS = {
    "type": "string",
    "title": "封書の番号",
    "description": "9文字の番号を、空白か読点で区切って入力する。氏名やケース番号は書かない。",
    "pattern": TYPED,
}
"""The param of every DAG that is about some of a round's pieces."""


def listed(text: str) -> tuple[str, ...]:
    """Return the piece ids of a text in their order: parted by blanks or commas, in whichever case they were typed."""
    return tuple(part.upper() for part in re.split(r"[\s,、，]+", text) if part)


def _value(symbols: str) -> int:
    """Evaluate at the primitive element, first symbol highest."""
    value = 0
    for symbol in symbols:
        value = _times_root(value) ^ _VALUES[symbol]
    return value


def _times_root(value: int) -> int:
    doubled = value << 1
    return doubled ^ _PRIMITIVE if doubled >> _BITS else doubled


class Words:
    """Numbers of 40 or 64 bits, four or eight bytes of memory each, in parts by their first eight bits.

    They are sorted part by part: Python's own sorting would make an object of every number, five times as much.
    """

    def __init__(self, bits: Literal[40, 64]) -> None:
        """Begin with none."""
        self._rest = bits - 8
        self._type: Literal["I", "Q"] = "I" if bits == SHOWN else "Q"
        self._parts = [array(self._type) for _ in range(256)]

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._parts))

    def add(self, number: int) -> None:
        """Take one more."""
        first = number >> self._rest
        self._parts[first].append(number ^ first << self._rest)

    def neighbours(self) -> Iterator[tuple[int, int]]:
        """Sort them, and yield each with the next of those that begin with the same eight bits, so also equal ones."""
        for place, part in enumerate(self._parts):
            self._parts[place] = array(self._type, sorted(part))
            first = place << self._rest
            yield from ((first | one, first | other) for one, other in pairwise(self._parts[place]))

    def following(self, number: int) -> int | None:
        """Return the least that is not less and begins with the same eight bits; after they were sorted."""
        first = number >> self._rest
        part = self._parts[first]
        place = bisect_left(part, number ^ first << self._rest)
        return first << self._rest | part[place] if place < len(part) else None


class PieceIds:
    """The ids of a round's cases, no two alike; eight bytes are held for each case.

    Every case is claimed first, then settled once, then given its id. An id follows from the case's own secret, so
    that a case keeps it whoever else is printed. Only where two show the same do both take a further one, in the order
    in which they ask.
    """

    def __init__(self, derive: Callable[[str], bytes]) -> None:
        """Bind what returns the secret bytes, eight at least, of a label."""
        self._derive = derive
        self._claimed = Words(64)
        self._shared: set[int] = set()
        self._given: set[int] = set()

    def __len__(self) -> int:
        """Return how many cases are claimed."""
        return len(self._claimed)

    def claim(self, case_no: str) -> None:
        """Take note of a case that will ask for its id."""
        self._claimed.add(int.from_bytes(self._secret(0, case_no)[:_KEPT], "big"))

    def settle(self) -> bool:
        """Find the ids that more than one case would have; return False when a case was claimed twice."""
        once = True
        for one, other in self._claimed.neighbours():
            if _shown(one) == _shown(other):
                self._shared.add(_shown(one))
                once &= one != other
        return once

    def of(self, case_no: str) -> str:
        """Return the id of a claimed case; to be asked once for each."""
        for attempt in count():
            secret = self._secret(attempt, case_no)
            number = int.from_bytes(secret[:_SECRET], "big")
            if number not in self._shared if attempt == 0 else not self._is_taken(number):
                break
        if attempt:
            self._given.add(number)
        return piece_id(secret)

    def _is_taken(self, number: int) -> bool:
        next_claim = self._claimed.following(number << _HIDDEN)
        claimed = next_claim is not None and _shown(next_claim) == number
        return claimed or number in self._given

    def _secret(self, attempt: int, case_no: str) -> bytes:
        return self._derive(f"piece-id/{attempt}/{case_no}")


def _shown(claim: int) -> int:
    """Return what of a claim an id shows."""
    return claim >> _HIDDEN
