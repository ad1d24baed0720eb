"""Addresses as keys: where the town ends and the numbers begin.

Everything here is for comparing and for the barcode; print uses the text as received (design.md, rule 5).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mailround.model import Addressee
from mailround.postcodes import Place, Postcodes, seven_digits

KANJI_NUMERALS = "〇一二三四五六七八九十百千"
_DIGITS = "〇一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000}
_PART = re.compile(f"[{KANJI_NUMERALS}]+|[0-9０-９]+|大字|.", re.DOTALL)
_SAME = dict(
    zip(
        "ヶヵがガの之乃龍澤邊邉濱嶋條廣國學齋齊檜舘曾彌瀧櫻惠德與渕簞藪鷗麴壺冨﨑髙籠礪籔栁𠮷",
        "ケケケケノノノ竜沢辺辺浜島条広国学斎斉桧館曽弥滝桜恵徳与淵箪薮鴎麹壷富崎高篭砺薮柳吉",
        strict=True,
    )
)
"""Spellings of one and the same town: the address says 霞ヶ丘 or 麴町, the table 霞ケ丘 and 麹町."""
_KYOTO = "京都市"


@dataclass(frozen=True, slots=True)
class TownSplit:
    """An address cut behind its town.

    ``town`` is the table's name, empty when none was recognised; ``rest`` is the address's own text after it (住所B
    without 方書), the whole address when not even the city was recognised. ``agrees`` tells whether prefecture, city
    and town are the postcode's.
    """

    town: str
    rest: str
    agrees: bool


def arabic(numeral: str) -> str:
    """Return a run of kanji numerals as digits: 二十一 → 21, 一〇五 → 105."""
    if not any(unit in numeral for unit in _UNITS):
        return "".join(str(_DIGITS.index(each)) for each in numeral)
    total = digit = 0
    for each in numeral:
        if each in _UNITS:
            total += (digit or 1) * _UNITS[each]
            digit = 0
        else:
            digit = digit * 10 + _DIGITS.index(each)
    return str(total + digit)


def fold(text: str) -> str:
    """Return a key under which spellings of one address are equal: width, blanks, numerals, 大字, kanji variants."""
    return "".join(key for key, _ in _folded(text))


def split_town(address: str, postcode: str, postcodes: Postcodes) -> TownSplit:
    """Cut an address behind its town, guided by the postcode.

    The town is the longest name of that city's towns the address goes on with, so 四谷三栄町 is not 四谷. In Kyoto the
    streets stand before the town. A code of a tower or an office stands for the town around it.
    """
    unknown = TownSplit("", address, agrees=False)
    code = seven_digits(postcode)
    if code is None:
        return unknown
    ends, key = {0: 0}, ""
    for part, end in _folded(address):
        key += part
        ends[len(key)] = end
    splits = [split for place in postcodes.places(code) if (split := _split(address, key, ends, place, postcodes))]
    return max(splits, key=lambda split: (split.agrees, -len(split.rest)), default=unknown)


def after_town(addressee: Addressee, postcodes: Postcodes) -> str:
    """Return 住所B: what follows the town, building included; the input of the barcode's address number."""
    rest = split_town(addressee.address, addressee.postcode, postcodes).rest
    return f"{rest}　{addressee.building}" if addressee.building else rest


def _folded(text: str) -> Iterator[tuple[str, int]]:
    """Yield each part's key with the offset in the text where the part ends."""
    for match in _PART.finditer(text):
        part = match[0]
        if part[0] in KANJI_NUMERALS:
            yield arabic(part), match.end()
        elif part != "大字":
            plain = unicodedata.normalize("NFKC", part)
            if plain.strip() and not _is_selector(part):
                yield _SAME.get(plain, plain).upper(), match.end()


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _split(address: str, key: str, ends: dict[int, int], place: Place, postcodes: Postcodes) -> TownSplit | None:
    """Split for one place the postcode may stand for; None when the address lies elsewhere."""
    prefecture = fold(place.prefecture)
    start = len(prefecture) if key.startswith(prefecture) else 0
    city = fold(place.city)
    names = (city, city.partition("郡")[2]) if "郡" in city else (city,)
    behind_city = next((start + len(name) for name in names if name and key.startswith(name, start)), None)
    towns = _town_keys(postcodes, place.prefecture, place.city)
    known = towns.keys() | ({fold(place.town)} if place.town and not place.building else set())
    wanted = _longest(fold(place.town), 0, known)
    at = start if behind_city is None else behind_city
    town = _longest(key, at, known, ends)
    if town != wanted and wanted and place.city.startswith(_KYOTO) and (streets := key.find(wanted, at)) > 0:
        at, town = streets, wanted
    agrees = behind_city is not None if not place.town else bool(town) and town == wanted
    if behind_city is None and not agrees:
        return None
    return TownSplit(towns.get(town, place.town if town else ""), address[_end(ends, at + len(town)) :], agrees)


def _longest(key: str, start: int, known: Collection[str], ends: dict[int, int] | None = None) -> str:
    """Return the longest known town the key goes on with at ``start``, empty for none.

    A town may only end where a part of the address does: 第一 is not the beginning of 第十二.
    """
    stops = range(len(key), start, -1)
    return next((key[start:stop] for stop in stops if key[start:stop] in known and (ends is None or stop in ends)), "")


def _end(ends: dict[int, int], length: int) -> int:
    return ends[max(each for each in ends if each <= length)]


@lru_cache(maxsize=256)
def _town_keys(postcodes: Postcodes, prefecture: str, city: str) -> dict[str, str]:
    return {fold(town): town for town in postcodes.towns(prefecture, city)}
