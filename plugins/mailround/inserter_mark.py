"""The mark an inserter reads on every sheet: a square Data Matrix that says which sheet of which piece this is.

Its text is ``ROUND/ENCLOSURES/PIECEnmC``: the round's id, the enclosure set, then twelve signs of fixed width: the
piece id (nine), this page, the last page, and a check character. Names and addresses are never in it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import zint

from mailround.errors import PrintError
from mailround.piece_id import is_piece_id

_CHECKED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {sign: value for value, sign in enumerate(_CHECKED)}
_TEXT = re.compile(r"([0-9]{4}-[0-9]{2}-[a-z0-9]{1,16})/([A-Z0-9]{1,4})/([0-9A-Z]{9})([1-9])([1-9])([0-9A-Z])")
_CAPACITIES = {12: 5, 14: 8, 16: 12, 18: 18, 20: 22, 22: 30, 24: 36, 26: 44}
"""Modules of a side → codewords of data (ISO/IEC 16022, table 7): one codeword holds any ASCII character."""
_FIRST_SIZE = 10
_ROW_BYTES = 144
"""Bytes a row takes in zint's ``encoded_data``, whatever the symbol."""
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
"""zint's first module is the lowest bit, a PDF image's the highest."""
LARGEST = max(_CAPACITIES)
"""Modules of a side at most; the longest round id and enclosure set fit."""


class Mark(NamedTuple):
    """What an inserter reads."""

    round_id: str
    enclosure_set: str
    piece_id: str
    page: int
    pages: int

    def text(self) -> str:
        """Return the text of the symbol."""
        body = f"{self.round_id}/{self.enclosure_set}/{self.piece_id}{self.page}{self.pages}"
        return body + _check(body)


def read_mark(text: str) -> Mark | None:
    """Return what a symbol's text says, None when its form, check character or piece id is wrong."""
    match = _TEXT.fullmatch(text)
    if match is None or _check(text[:-1]) != text[-1] or not is_piece_id(match[3]):
        return None
    return Mark(match[1], match[2], match[3], int(match[4]), int(match[5]))


class MarkPrinter:
    """Encodes the marks of one round, all of one size, so that the inserter's camera is set up once."""

    def __init__(self, round_id: str, enclosure_set: str) -> None:
        """Choose the smallest symbol that holds any mark of the round.

        Raises:
            PrintError: The round's id or the enclosure set has another form than rounds have.
        """
        self._head = Mark(round_id, enclosure_set, "0" * 9, 1, 1)
        text = self._head.text()
        if _TEXT.fullmatch(text) is None:
            raise PrintError(
                "封入機用のマークを作れません（回の番号か封入物の組が規則に合いません）。",
                "回の番号と include/rounds の enclosure_set を確かめてください。",
            )
        self.modules = next(side for side, capacity in _CAPACITIES.items() if capacity >= len(text))
        self._symbol = zint.Symbol()
        self._symbol.symbology = zint.Symbology.DATAMATRIX
        self._symbol.option_3 = zint.DataMatrixOptions.SQUARE
        # zint numbers the square sizes 10, 12 … 26 from 1.
        self._symbol.option_2 = (self.modules - _FIRST_SIZE) // 2 + 1

    def rows(self, piece_id: str, page: int, pages: int) -> bytes:
        """Return the symbol row by row from the top, each row padded to whole bytes, dark modules as ones."""
        symbol = self._symbol
        symbol.clear()
        symbol.encode(self._head._replace(piece_id=piece_id, page=page, pages=pages).text())
        grid = bytes(symbol.encoded_data)
        width = -(-self.modules // 8)
        return b"".join(
            grid[start : start + width] for start in range(0, self.modules * _ROW_BYTES, _ROW_BYTES)
        ).translate(_REVERSED)


def _check(text: str) -> str:
    """Return the check character of ISO/IEC 7064 MOD 37,36 over the letters and digits of a text."""
    size = product = len(_CHECKED)
    for sign in text.upper():
        value = _VALUES.get(sign)
        if value is not None:
            product = ((product + value) % size or size) * 2 % (size + 1)
    return _CHECKED[(size + 1 - product) % size]
