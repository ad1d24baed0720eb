"""Towns that are divided between postcodes: which block belongs to which code, by the notes of the postcode table.

戸山 is 169-0052 for 「3丁目18・21番」 and 162-0052 for 「その他」. A note that names places instead of numbers, or in a form
not understood here, says nothing of a block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

Span = tuple[int, int]
Clause = tuple[Span, ...]
"""Ranges of numbers, from the largest part of an address to the smallest: 丁目, 番, 号."""

_REST = "その他"
_NUMBERS = r"[0-9]+(?:[〜、・][0-9]+)*"
_PART = re.compile(rf"({_NUMBERS})(丁目|番地|番|号)")
_WHOLE = re.compile(rf"(?:{_NUMBERS}(?:丁目|番地|番|号)[、・]?)+")
_LEVEL = {"丁目": 0, "番地": 1, "番": 1, "号": 2}


@lru_cache(maxsize=4096)
def clauses(note: str) -> tuple[Clause, ...] | None:
    """Return what a note restricts its code to, None when it is not a list of numbered blocks.

    「2丁目1番1〜23号、2番」 is ((2), (1), (1–23)) and ((2), (2)).
    """
    if not _WHOLE.fullmatch(note):
        return None
    found: list[Clause] = []
    path: dict[int, tuple[Span, ...]] = {}
    for numbers, unit in _PART.findall(note):
        level = _LEVEL[unit]
        if level in path:
            found += _clauses(path)
        path = {each: spans for each, spans in path.items() if each < level}
        path[level] = _spans(numbers)
    return (*found, *_clauses(path))


def _clauses(path: Mapping[int, tuple[Span, ...]]) -> list[Clause]:
    made: list[Clause] = [()]
    for level in sorted(path):
        made = [(*clause, span) for clause in made for span in path[level]]
    return made


def _spans(numbers: str) -> tuple[Span, ...]:
    spans = []
    for each in re.split("[、・]", numbers):
        first, _, last = each.partition("〜")
        spans.append((int(first), int(last or first)))
    return tuple(spans)


def code_of_block(parts: Mapping[str, str], number: str) -> str | None:
    """Return the code of a divided town that a block belongs to, None when the notes do not tell.

    Args:
        parts: What the table says of each code's part of the town.
        number: The block, as ``barcodes.address_number`` writes it: 3-18-5.
    """
    block = tuple(int(each) for each in re.findall(r"[0-9]+", number))
    named = [code for code, note in parts.items() if any(_within(block, clause) for clause in clauses(note) or ())]
    if len(named) == 1:
        return named[0]
    rest = [code for code, note in parts.items() if note == _REST]
    others_told = all(clauses(note) for note in parts.values() if note != _REST)
    could_be = any(_could_be(block, clause) for note in parts.values() for clause in clauses(note) or ())
    return rest[0] if not named and len(rest) == 1 and others_told and block and not could_be else None


def _within(block: tuple[int, ...], clause: Clause) -> bool:
    return len(block) >= len(clause) and all(
        first <= each <= last for each, (first, last) in zip(block, clause, strict=False)
    )


def _could_be(block: tuple[int, ...], clause: Clause) -> bool:
    """Tell whether a block that is not written out may lie within a clause."""
    return len(block) < len(clause) and all(
        first <= each <= last for each, (first, last) in zip(block, clause, strict=False)
    )
