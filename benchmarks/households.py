"""The households of the benchmark: the sample's, with names that together hold every kanji of JIS X 0208, first level.

The sample's own names hold a few hundred characters, a real ward's some thousands. A round's font, and so the cost of
embedding it in each file, grows with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

from mailround.model import Population, Recipient
from mailround.rounds import RoundKind
from mailround.sample_households import faultless

_SEED = 1
_BLANK = "\N{IDEOGRAPHIC SPACE}"
_ROWS, _CELLS = range(16, 48), range(1, 95)
_LAST_ROW, _LAST_CELL = 47, 51
"""The first level ends at row 47, cell 51."""


def households(count: int, kind: RoundKind) -> Iterator[Recipient]:
    """Yield so many faultless households; the same ones at each call, and each household another given name."""
    kanji = cycle(first_level_kanji())
    return (_renamed(each, f"{next(kanji)}{next(kanji)}") for each in faultless(count, _SEED, kind))


def first_level_kanji() -> tuple[str, ...]:
    """Return the 2,965 kanji of the first level, in the order of the standard."""
    places = ((row, cell) for row in _ROWS for cell in _CELLS if row < _LAST_ROW or cell <= _LAST_CELL)
    return tuple(bytes((0xA0 + row, 0xA0 + cell)).decode("euc_jp") for row, cell in places)


def _renamed(household: Recipient, given: str) -> Recipient:
    """Give the head of the household another given name; foreign names and those of support stay."""
    if household.population is not Population.ASSISTANCE:
        return household
    name = f"{household.name.partition(_BLANK)[0]}{_BLANK}{given}"
    mailto = name if household.mailto_name == household.name else household.mailto_name
    return replace(household, name=name, mailto_name=mailto)
