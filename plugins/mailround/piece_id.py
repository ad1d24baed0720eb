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

from mailround.errors import CountMismatchError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_SYMBOLS = 8
_BITS = 5
_SECRET = _SYMBOLS * _BITS // 8
"""Bytes of a secret that an id shows."""
_REST = 8 * _SECRET - 8
_LOW = (1 << _REST) - 1
"""All bits of what an id shows but the first eight."""
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


class Shown:
    """What ids show, 40 bits each, in four bytes of memory each: in parts by their first eight bits.

    They are sorted part by part: Python's own sorting would make an object of every number, nine times as much.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._parts = [array("I") for _ in range(256)]

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._parts))

    def __contains__(self, number: int) -> bool:
        """Tell whether it is among them; after they were sorted."""
        part = self._parts[number >> _REST]
        place = bisect_left(part, number & _LOW)
        return place < len(part) and part[place] == number & _LOW

    def add(self, number: int) -> None:
        """Take one more."""
        self._parts[number >> _REST].append(number & _LOW)

    def repeated(self) -> Iterator[int]:
        """Sort them, and yield those that were added more than once, each time but the first."""
        for place, part in enumerate(self._parts):
            self._parts[place] = array("I", sorted(part))
            yield from (place << _REST | one for one, other in pairwise(self._parts[place]) if one == other)


class PieceIds:
    """The ids of a round's cases, no two alike; four bytes are held for each case.

    Every case is claimed first, then settled once, then given its id. An id follows from the case's own secret, so
    that a case keeps it whoever else is printed. Only where two show the same do both take a further one, in the order
    in which they ask.
    """

    def __init__(self, derive: Callable[[str], bytes]) -> None:
        """Bind what returns the secret bytes, five at least, of a label."""
        self._derive = derive
        self._claimed = Shown()
        self._shared: frozenset[int] = frozenset()
        self._given: set[int] = set()
        self._asked: set[str] = set()

    def __len__(self) -> int:
        """Return how many cases are claimed."""
        return len(self._claimed)

    def claim(self, case_no: str) -> None:
        """Take note of a case that will ask for its id."""
        self._claimed.add(self._number(0, case_no))

    def settle(self) -> None:
        """Find the ids that more than one case would have."""
        self._shared = frozenset(self._claimed.repeated())

    def of(self, case_no: str) -> str:
        """Return the id of a claimed case; to be asked once for each.

        Raises:
            CountMismatchError: The case was claimed twice, and asks again.
        """
        number = self._number(0, case_no)
        if number in self._shared:
            if case_no in self._asked:
                raise CountMismatchError("同じ世帯が二度印刷されるところでした。", "データ検査からやり直してください。")
            self._asked.add(case_no)
            further = (self._number(attempt, case_no) for attempt in count(1))
            number = next(each for each in further if each not in self._claimed and each not in self._given)
            self._given.add(number)
        return piece_id(number.to_bytes(_SECRET, "big"))

    def _number(self, attempt: int, case_no: str) -> int:
        return int.from_bytes(self._derive(f"piece-id/{attempt}/{case_no}")[:_SECRET], "big")
