"""Japan Post's customer barcode (カスタマバーコード): address number, code words and check digit.

Source: 郵便番号・バーコードマニュアル; the tests hold its official examples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailround.addresses import KANJI_NUMERALS, arabic
from mailround.errors import PrintError
from mailround.postcodes import seven_digits

ADDRESS_WORDS = 13
"""Code words of the address number; a longer one is cut, a shorter one filled with CC4."""
_FILL = "CC4"
_WORDS = (*"0123456789", "-", "CC1", "CC2", "CC3", "CC4", "CC5", "CC6", "CC7", "CC8")
"""Code words in the order of their check values 0 to 18."""

BAR_MM = 0.6
"""Width of a bar at ten points, and of the space to the next; every other measure is a multiple of it."""
BAR_HEIGHT = 6
"""Height of a long bar, in bar widths."""
BAR_ENDS = {"F": (0, 6), "A": (2, 6), "D": (0, 4), "T": (2, 4)}
"""Where each bar begins and ends above the foot of a long one, in bar widths: full, ascender, descender, timing."""

BARS = 67
"""Bars of a customer barcode."""

_TRIPLES = dict(
    zip(
        _WORDS,
        [
            "FTT",
            "FFT",
            "FDA",
            "DFA",
            "FAD",
            "FTF",
            "DAF",
            "AFD",
            "ADF",
            "TFF",
            "TFT",
            "DAT",
            "DTA",
            "ADT",
            "TDA",
            "ATD",
            "TAD",
            "TTF",
            "FFF",
        ],
        strict=True,
    )
)
"""Code word → its three bars: long, ascending, descending, timing."""
_OF_TRIPLE = {triple: word for word, triple in _TRIPLES.items()}
_START, _STOP = "FD", "DF"

_HALF_WIDTH = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})
_DROPPED = str.maketrans(dict.fromkeys("&/・･."))
_KANJI_NUMBER = re.compile(f"[{KANJI_NUMERALS}]+(?=丁目|丁|番地|番|号|地割|線|の|ノ)")
_FLOOR = re.compile(r"(?<=[0-9])F(?![A-Z])")
_OTHER = re.compile(r"[A-Z]{2,}|[^0-9A-Z-]+")
_HYPHENS = re.compile(r"-+")
_HYPHEN_AT_LETTER = re.compile(r"-(?=[A-Z])|(?<=[A-Z])-")


def address_number(address_part: str) -> str:
    """Return the address number (住所表示番号) of what follows the town (住所B, building included).

    Digits, hyphens and single capital letters, uncut: ``code_words`` cuts. Empty when there is no number.
    """
    text = address_part.translate(_HALF_WIDTH).upper().translate(_DROPPED)
    text = _KANJI_NUMBER.sub(lambda match: arabic(match[0]), text)
    text = _FLOOR.sub("-", text)
    text = _OTHER.sub("-", text)
    text = _HYPHENS.sub("-", text).strip("-")
    return _HYPHEN_AT_LETTER.sub("", text)


def code_words(postcode: str, number: str) -> tuple[str, ...]:
    """Return the 21 code words between the start and stop bars: postcode 7, address number 13, check 1.

    ``number`` is an ``address_number``. A letter takes two words; one that is cut in half keeps its control code, as
    the manual wants it. An empty number gives the thirteen CC4 of a large office's code.

    Raises:
        PrintError: The postcode has not seven digits, or the number holds another sign.
    """
    code = seven_digits(postcode)
    if code is None or not re.fullmatch(r"[0-9A-Z-]*", number):
        raise PrintError(
            "郵便番号か住所表示番号がバーコードにできる形ではありません。", "郵便番号と住所を確認してください。"
        )
    words = [word for character in number for word in _character_words(character)][:ADDRESS_WORDS]
    words = [*code, *words, *[_FILL] * (ADDRESS_WORDS - len(words))]
    check = -sum(map(_WORDS.index, words)) % len(_WORDS)
    return (*words, _WORDS[check])


def bars(words: Sequence[str]) -> str:
    """Return the 67 bars of 21 code words: F long, A ascender, D descender, T timing."""
    return _START + "".join([_TRIPLES[word] for word in words]) + _STOP


def decode_bars(letters: str) -> tuple[str, ...]:
    """Return the 21 code words of 67 bars, empty when they are not a customer barcode with a right check word."""
    triples = [letters[place : place + 3] for place in range(len(_START), BARS - len(_STOP), 3)]
    framed = len(letters) == BARS and letters.startswith(_START) and letters.endswith(_STOP)
    if not framed or not all(triple in _OF_TRIPLE for triple in triples):
        return ()
    words = tuple(_OF_TRIPLE[triple] for triple in triples)
    return words if sum(map(_WORDS.index, words)) % len(_WORDS) == 0 else ()


def _character_words(character: str) -> tuple[str, ...]:
    """Return one word for a digit or hyphen, two for a letter: A–J CC1, K–T CC2, U–Z CC3, each with 0 to 9."""
    if not character.isalpha():
        return (character,)
    control, digit = divmod(ord(character) - ord("A"), 10)
    return f"CC{control + 1}", str(digit)


def letters_of(picture: bytes, width: int, pixels: int, clear: int) -> str:
    """Return the letters of a customer barcode in a picture, empty when anything but 67 well-formed bars is seen.

    Args:
        picture: One byte a pixel, row by row from the top, 1 for ink: the barcode with its clear zone.
        width: Pixels of a row.
        pixels: Pixels to a bar's width.
        clear: Width of the clear zone on every side, in bar widths.
    """
    first = clear * pixels
    rows = [picture[start : start + width] for start in range(0, len(picture), width)]
    third = BAR_HEIGHT // 3 * pixels
    upper, lower = (rows[first + third * part + third // 2][first :: 2 * pixels][:BARS] for part in (0, 2))
    letters = "".join(["TADF"[one + 2 * other] for one, other in zip(upper, lower, strict=True)])
    return letters if picture == _picture(letters, width, pixels, clear) else ""


def _picture(letters: str, width: int, pixels: int, clear: int) -> bytes:
    """Return what `letters_of` is shown when the barcode is perfect."""
    first = clear * pixels
    blank = bytes(width) * first
    parts = []
    for inked in ("FA", "FADT", "FD"):
        bars = bytes([letter in inked for letter in letters])
        row = bytearray(width)
        for column in range(first, first + pixels):
            row[column : column + 2 * pixels * BARS : 2 * pixels] = bars
        parts.append(bytes(row) * (BAR_HEIGHT // 3 * pixels))
    return b"".join((blank, *parts, blank))
