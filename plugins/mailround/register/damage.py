"""What was done to a register whose chain does not hold: which entry is the first bad one, and how it came to be bad.

The rows are what somebody left who got past the triggers and perhaps the uniqueness of ``previous``, may have numbered
rows anew, and may have worked out hashes anew. Whoever works out all of them to the end leaves a chain that holds: only
a signed checkpoint tells of that (`checkpoint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from mailround.register.chain import GENESIS, ChainState, Stored, fits

REMEDY = "管理簿を書き換えずに保全し、システム担当と監査担当へ連絡してください。"
"""What to do, whatever it is."""

_FAR = 1000
"""Up to how many numbers from its own a moved row's true number is looked for, in a register of few rows."""


class Kind(StrEnum):
    """What was done, in the words that people read."""

    MODIFICATION = "書き換えられています"
    DELETION = "削除されています"
    REORDERING = "順序を入れ替えられています"
    INSERTION = "後から差し込まれたものです"


@dataclass(frozen=True, slots=True)
class Damage:
    """The first bad entry: its number, and what was done. The chain does not hold at number ``breaks_at``."""

    kind: Kind
    seq: int
    breaks_at: int

    def __str__(self) -> str:
        """Return it in Japanese."""
        return f"管理簿の連鎖が第{self.breaks_at}号で切れています：第{self.seq}号が{self.kind}。"


def diagnose(rows: Sequence[Stored], whole: ChainState) -> Damage:
    """Tell what was done to a register.

    Args:
        rows: All its rows by number.
        whole: The chain as far as it holds, as `chain.follow` tells; at least one row comes after it.

    Returns:
        The first bad entry. Where an entry was changed and its hash worked out anew, it is the one that the next entry
        disowns; earlier ones may have been made anew with it. Where two rows claim the same entry before them, the one
        that fewer rows go on from is the one that was put in.
    """
    expected = whole.entries + 1
    row = rows[whole.entries]
    true = next((each for each in rows[whole.entries :] if each.previous == whole.head and fits(each, expected)), None)
    if true is row:  # right but for its number, or of the old form behind the new
        found = Damage(Kind.MODIFICATION, expected, expected)
    elif true is not None:
        moved = _true_number(row, len(rows)) not in (None, expected)
        found = Damage(Kind.REORDERING if moved else Kind.INSERTION, expected, expected)
    elif row.seq != expected:
        found = Damage(Kind.DELETION, expected, expected)
    else:
        found = _without_the_true_one(rows, whole)
    return found


def _without_the_true_one(rows: Sequence[Stored], whole: ChainState) -> Damage:
    """Tell of a row that stands where the next entry should, when that one is nowhere."""
    expected, row = whole.entries + 1, rows[whole.entries]
    number = _true_number(row, len(rows))
    behind = [GENESIS, *(each.hash for each in rows[: whole.entries])][:-1]
    if number is None or row.previous == whole.head:
        return Damage(Kind.MODIFICATION, expected, expected)
    if number > expected:
        return Damage(Kind.DELETION, expected, expected)
    if row.previous in behind:  # it goes on from further back: either what stands between was put in, or itself
        between = behind.index(row.previous) + 1
        longer = _length(rows[whole.entries :]) > expected - between
        return Damage(Kind.INSERTION, between if number < expected or longer else expected, expected)
    return Damage(Kind.MODIFICATION, max(whole.entries, 1), expected)


def _true_number(row: Stored, rows: int) -> int | None:
    """Return the number under which a row's hash is right, its own first."""
    numbers = (row.seq, *range(1, max(2 * rows, _FAR)))
    return next((number for number in numbers if fits(row, number)), None)


def _length(rows: Sequence[Stored]) -> int:
    """Return how many rows go on from the first by their links, itself included."""
    length = 1
    for before, after in pairwise(rows):
        if after.previous != before.hash:
            break
        length += 1
    return length
