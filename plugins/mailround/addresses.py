"""Addresses as keys: where the town ends and the numbers begin.

Everything here is for comparing and for the barcode; print uses the text as received.
"""

from __future__ import annotations

import re
import unicodedata
from collections import ChainMap
from collections.abc import Collection, Iterator, MutableMapping
from dataclasses import dataclass
from functools import lru_cache

from mailround.postcodes import Place, Postcodes, municipality, seven_digits

KANJI_NUMERALS = "〇一二三四五六七八九十百千"
_DIGITS = "〇一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PART = re.compile(f"[{KANJI_NUMERALS}]+|[0-9０-９]+|大字|市[ヶヵケｹがガ]谷|.[ﾞﾟ\u3099\u309a{_SELECTORS}]*", re.DOTALL)
"""A run of numerals is one part, so that no town ends within a number; a mark belongs to its letter.

市ヶ谷, as the station has it, is one part too: the towns of that name are written 市谷.
"""
_SELECTOR = re.compile(f"[{_SELECTORS}]")
_SAME = dict(
    zip(
        "ヶヵがガの之乃ッっつ龍澤邊邉濱嶋嶌條廣國學齋齊檜舘曾彌瀧櫻惠德與渕簞藪鷗鶯麴壺冨﨑嵜髙籠礪籔栁𠮷"
        "瀨橫黑增淸臺壽藏豐榮圓萬眞寶靜嶽峯繩鹽竈龜頸鰺穗",
        "ケケケケノノノツツツ竜沢辺辺浜島島条広国学斎斉桧館曽弥滝桜恵徳与淵箪薮鴎鴬麹壷富崎崎高篭砺薮柳吉"
        "瀬横黒増清台寿蔵豊栄円万真宝静岳峰縄塩釜亀頚鯵穂",
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


def _folded(text: str) -> Iterator[tuple[str, int]]:
    """Yield each part's key with the offset in the text where the part ends."""
    for match in _PART.finditer(text):
        part = match[0]
        if part[0] in KANJI_NUMERALS:
            yield arabic(part), match.end()
        elif part[0] == "市" and part[-1] == "谷":
            yield "市谷", match.end()
        elif part != "大字":
            plain = unicodedata.normalize("NFKC", _SELECTOR.sub("", part))
            if plain.strip():
                yield _SAME.get(plain, plain).upper(), match.end()


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of a place: its prefecture, its city with and without 郡, its town, and all towns of the city."""

    prefecture: str
    cities: tuple[str, ...]
    town: str
    towns: MutableMapping[str, str]


@lru_cache(maxsize=2048)
def _keys(place: Place, postcodes: Postcodes) -> _Keys:
    """Return the keys of a place; a tower's town is the one that it stands in."""
    towns: MutableMapping[str, str] = _town_keys(postcodes, place.prefecture, place.city)
    town = fold(place.town)
    if place.building:
        town = _longest(town, 0, towns)
    elif town and town not in towns:
        towns = ChainMap({town: place.town}, towns)  # not a copy of some hundred towns for each such code
    cities = dict.fromkeys((fold(place.city), fold(municipality(place.city))))
    return _Keys(fold(place.prefecture), tuple(cities), town, towns)


@lru_cache(maxsize=256)
def _town_keys(postcodes: Postcodes, prefecture: str, city: str) -> dict[str, str]:
    return {fold(town): town for town in sorted(postcodes.towns(prefecture, city))}


def _split(address: str, key: str, ends: dict[int, int], place: Place, postcodes: Postcodes) -> TownSplit | None:
    """Split for one place the postcode may stand for; None when the address lies elsewhere."""
    keys = _keys(place, postcodes)
    start = len(keys.prefecture) if key.startswith(keys.prefecture) else 0
    behind_city = next((start + len(city) for city in keys.cities if key.startswith(city, start)), None)
    at = start if behind_city is None else behind_city
    town = _longest(key, at, keys.towns, ends)
    if not town and key.startswith("字", at) and (town := _longest(key, at + 1, keys.towns, ends)):
        at += 1
    if keys.town and place.city.startswith(_KYOTO):
        behind_streets = (match.start() for match in re.finditer(f"{re.escape(keys.town)}(?!通)", key))
        fits = (each for each in behind_streets if each >= at and _longest(key, each, keys.towns, ends) == keys.town)
        at, town = next(((each, keys.town) for each in fits), (at, town))
    agrees = behind_city is not None if not place.town else bool(town) and town == keys.town
    if behind_city is None and not agrees:
        return None
    return TownSplit(keys.towns.get(town, ""), address[_end(ends, at + len(town)) :], agrees)


def _longest(key: str, start: int, towns: Collection[str], ends: Collection[int] | None = None) -> str:
    """Return the longest town the key goes on with at ``start``, empty for none.

    A town may only end where a part of the address does: 第一 is not the beginning of 第十二.
    """
    stops = range(len(key), start, -1)
    return next((key[start:stop] for stop in stops if key[start:stop] in towns and (ends is None or stop in ends)), "")


def _end(ends: dict[int, int], length: int) -> int:
    return ends[max(each for each in ends if each <= length)]
