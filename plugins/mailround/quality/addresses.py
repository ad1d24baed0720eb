"""Questions about where a piece goes. True where all is well.

``splits`` is what `split` returns: the address cut behind its town.
"""

from __future__ import annotations

import re

import pandas as pd

from mailround.addresses import KANJI_NUMERALS, fold, split_town
from mailround.barcodes import address_number
from mailround.postcodes import Postcodes, seven_digits

_NUMERAL = f"(?:[0-9０-９]+|[{KANJI_NUMERALS}]+)"
_BLOCK = re.compile(rf"\A\s*{_NUMERAL}丁目?")
_NUMBER = re.compile(rf"[0-9０-９]|[{KANJI_NUMERALS}]+(?=丁|番|号|地割|線|[のノ之ー－‐−―-]|\s*\Z)")
_HOKKAIDO = "北海道"


def code_of(postcode: pd.Series) -> pd.Series:
    """Return the seven digits of a postcode, empty for a malformed one."""
    codes = {text: seven_digits(text) or "" for text in postcode.unique()}
    return postcode.map(codes)


def split(address: pd.Series, code: pd.Series, postcodes: Postcodes) -> pd.DataFrame:
    """Return, for each address, its ``town``, its own text after it (``rest``), and whether the code ``agrees``."""
    found = [split_town(*pair, postcodes) for pair in zip(address, code, strict=True)]
    return pd.DataFrame(
        {
            "town": [each.town for each in found],
            "rest": [each.rest for each in found],
            "agrees": [each.agrees for each in found],
        },
        index=address.index,
    )


def residence_key(town: pd.Series, rest: pd.Series, address: pd.Series, building: pd.Series) -> pd.Series:
    """Return a key under which one home, however it is written, is equal; empty without an address."""
    keys = [
        f"{town_}\0{number}"
        if town_ and (number := address_number(f"{rest_}　{building_}"))
        else f"{fold(address_)}\0{fold(building_)}".strip("\0")
        for town_, rest_, address_, building_ in zip(town, rest, address, building, strict=True)
    ]
    return pd.Series(keys, index=address.index, dtype=object)


def postcode_wellformed(code: pd.Series) -> pd.Series:
    """Seven ASCII digits, one hyphen allowed."""
    return code != ""


def postcode_exists(code: pd.Series, *, postcodes: Postcodes) -> pd.Series:
    """The postcode is in use."""
    known = {each for each in code.unique() if postcodes.exists(each)}
    return (code == "") | code.isin(known)


def postcode_agrees(address: pd.Series, code: pd.Series, agrees: pd.Series, *, postcodes: Postcodes) -> pd.Series:
    """Prefecture, city and town are those of the postcode."""
    return agrees | (address.str.strip() == "") | (code == "") | ~postcode_exists(code, postcodes=postcodes)


def number_present(address: pd.Series, code: pd.Series, rest: pd.Series, *, postcodes: Postcodes) -> pd.Series:
    """Something with a number follows the town, in the address itself: a room number alone leads nowhere.

    Nor does the 丁目, but in Hokkaido, where it is the block.
    """
    northern = {
        each for each in code.unique() if any(place.prefecture == _HOKKAIDO for place in postcodes.places(each))
    }
    numbers = [
        bool(_NUMBER.search(text if each in northern else _BLOCK.sub("", text, count=1)))
        for text, each in zip(rest, code, strict=True)
    ]
    return pd.Series(numbers, index=rest.index, dtype=bool) | (address.str.strip() == "")
