"""Piece ids: eight opaque symbols and a check symbol, written so that a person can read them aloud from an envelope.

The alphabet has no I, L, O, U. The check symbol makes the id, read as a polynomial over GF(32), vanish at a primitive
element: every single wrong symbol and every exchange of two symbols is noticed.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_SYMBOLS = 8
_BITS = 5
_PRIMITIVE = 0b100101
"""x⁵ + x² + 1; its root has order 31, more than the symbols of an id."""


def piece_id(secret: bytes) -> str:
    """Return the id that follows from at least five secret bytes."""
    number = int.from_bytes(secret[:5], "big")
    body = "".join(ALPHABET[number >> _BITS * place & 31] for place in reversed(range(_SYMBOLS)))
    return body + ALPHABET[_times_root(_value(body))]


def is_piece_id(text: str) -> bool:
    """Tell whether the text has the form of a piece id and its check symbol is right."""
    return len(text) == _SYMBOLS + 1 and all(symbol in _VALUES for symbol in text) and _value(text) == 0


def _value(symbols: str) -> int:
    """Evaluate at the primitive element, first symbol highest."""
    value = 0
    for symbol in symbols:
        value = _times_root(value) ^ _VALUES[symbol]
    return value


def _times_root(value: int) -> int:
    doubled = value << 1
    return doubled ^ _PRIMITIVE if doubled >> _BITS else doubled
