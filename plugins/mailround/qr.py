"""A checkpoint's line as a QR code: typed off paper, 260 signs are typed wrongly."""

from __future__ import annotations

import re
from typing import NamedTuple

import zint

from mailround.errors import PrintError

_TEXT = re.compile(r"[0-9A-Z $%*+./:-]{1,600}")
"""QR's alphanumeric mode, with room for twice a checkpoint."""
_ROW_BYTES = 144
"""Bytes a row takes in zint's ``encoded_data``, whatever the symbol."""


class QrCode(NamedTuple):
    """A symbol without its quiet zone (four modules): per row from the top, whether each module is dark."""

    rows: tuple[tuple[bool, ...], ...]

    @property
    def modules(self) -> int:
        """Return the modules of a side."""
        return len(self.rows)


def qr_code(text: str) -> QrCode:
    """Encode a text with error correction level M: a fold or a stamp over an eighth of it may go.

    Raises:
        PrintError: It holds other signs than capitals, figures and ``$%*+-./:``, none, or too many.
    """
    if _TEXT.fullmatch(text) is None:
        raise PrintError(
            "QRコードにできない文です（文字種か長さが規則に合いません）。", "システム担当へ連絡してください。"
        )
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = 2  # level M, in zint's count
    symbol.encode(text)
    grid = bytes(symbol.encoded_data)
    side = symbol.width
    return QrCode(
        tuple(
            tuple(bool(grid[row * _ROW_BYTES + column // 8] >> column % 8 & 1) for column in range(side))
            for row in range(side)
        )
    )
