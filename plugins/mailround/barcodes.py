"""Japan Post's customer barcode (カスタマバーコード): address number, code words, check digit and bars.

Source: 郵便番号・バーコードマニュアル; the tests hold its official examples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailround.addresses import KANJI_NUMERALS, TownSplit, arabic, split_town
from mailround.errors import PrintError
from mailround.model import Addressee
from mailround.postcodes import Postcodes, seven_digits

ADDRESS_WORDS = 13
"""Code words of the address number; a longer one is cut, a shorter one filled with CC4."""
_FILL = "CC4"
_BARS = {
    "0": "FTT",
    "1": "FFT",
    "2": "FDA",
    "3": "DFA",
    "4": "FAD",
    "5": "FTF",
    "6": "DAF",
    "7": "AFD",
    "8": "ADF",
    "9": "TFF",
    "-": "TFT",
    "CC1": "DAT",
    "CC2": "DTA",
    "CC3": "ADT",
    "CC4": "TDA",
    "CC5": "ATD",
    "CC6": "TAD",
    "CC7": "TTF",
    "CC8": "FFF",
}
"""Code words in the order of their check values 0 to 18, with their bars: F long, A upper, D lower, T timing."""
_WORDS = tuple(_BARS)
_VALUES = {word: value for value, word in enumerate(_WORDS)}
_WORD_OF = {triple: word for word, triple in _BARS.items()}
_START, _STOP = "FD", "DF"

BAR_MM = 0.6
"""Width of a bar at ten points, and of the space to the next; every other measure is a multiple of it."""
BAR_HEIGHT = 6
"""Height of a long bar, in bar widths."""
BAR_ENDS = {"F": (0, 6), "A": (2, 6), "D": (0, 4), "T": (2, 4)}
"""Where each bar begins and ends above the foot of a long one, in bar widths: full, ascender, descender, timing."""

BARS = 67
"""Bars of the whole code: start 2, 21 words of 3, stop 2."""

_HALF_WIDTH = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})
_DROPPED = str.maketrans(dict.fromkeys("&/・･."))
_KANJI_NUMBER = re.compile(f"[{KANJI_NUMERALS}]+(?=丁目|丁|番地|番|号|地割|線|の|ノ)")
_FLOOR = re.compile(r"(?<=[0-9])F(?![A-Z])")
_OTHER = re.compile(r"[A-Z\u00c0-\u00d6\u00d8-\u00de\u0100-\u024f\u0300-\u036f]{2,}|[^0-9A-Z-]+")
"""What is not extracted: runs of letters, accented ones included (Müller方), and everything that is no letter."""
_HYPHENS = re.compile(r"-+")
_HYPHEN_AT_LETTER = re.compile(r"-(?=[A-Z])|(?<=[A-Z])-")


class UnreadableBarsError(ValueError):
    """Bars that are no customer barcode. The text is a Japanese phrase and holds nothing of the bars."""


@dataclass(frozen=True, slots=True)
class Barcode:
    """What the barcode of an addressee says.

    ``address_number`` is empty for the code of an office, which is encoded alone. ``code_words`` and ``bars`` are empty
    where no barcode may be printed.
    """

    split: TownSplit
    address_number: str
    code_words: tuple[str, ...]
    bars: str


def barcode_of(addressee: Addressee, postcodes: Postcodes) -> Barcode:
    """Return the barcode of an addressee.

    There is none for a postcode that is malformed or not in use, nor for a representative one: it leads to no town, so
    the number would lead nowhere.
    """
    split = split_town(addressee.address, addressee.postcode, postcodes)
    number = address_number(f"{split.rest}　{addressee.building}")
    code = seven_digits(addressee.postcode) or ""
    places = postcodes.places(code)
    if not places or any(place.representative for place in places):
        return Barcode(split, number, (), "")
    if all(place.office for place in places):
        number = ""
    words = code_words(code, number)
    return Barcode(split, number, words, bars(words))


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
    check = -sum(map(_VALUES.__getitem__, words)) % len(_WORDS)
    return (*words, _WORDS[check])


def bars(words: Sequence[str]) -> str:
    """Return the 67 bars of 21 ``code_words``, start and stop included, left to right: letters F, A, D and T."""
    return _START + "".join(map(_BARS.__getitem__, words)) + _STOP


def decode_bars(bars: str) -> tuple[str, ...]:
    """Return the 21 code words of 67 bars.

    Raises:
        UnreadableBarsError: The length, the start, the stop, a word or the check digit is wrong.
    """
    if len(bars) != BARS:
        raise UnreadableBarsError("バーが67本でない")
    if not (bars.startswith(_START) and bars.endswith(_STOP)):
        raise UnreadableBarsError("スタートコードかストップコードがない")
    body = bars[len(_START) : -len(_STOP)]
    try:
        words = tuple(_WORD_OF[body[first : first + 3]] for first in range(0, len(body), 3))
    except KeyError:
        raise UnreadableBarsError("符号にないバーの並びがある") from None
    if sum(map(_VALUES.__getitem__, words)) % len(_WORDS):
        raise UnreadableBarsError("チェックデジットが合わない")
    return words


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
