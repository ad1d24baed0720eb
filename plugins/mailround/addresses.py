"""Addresses as keys: where the town ends and the numbers begin.

Everything here is for comparing and for the barcode; print uses the text as received.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import ChainMap
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from mailround.postcodes import Place, Postcodes, municipality, seven_digits

KANJI_NUMERALS = "〇一二三四五六七八九十百千"
_DIGITS = "〇一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PART = re.compile(
    f"[{KANJI_NUMERALS}]+|[0-9０-９]+|大字|(?:市|阿佐)[ヶヵケｹがガ]谷|.[ﾞﾟ\u3099\u309a{_SELECTORS}]*", re.DOTALL
)
"""A run of numerals is one part, so that no town ends within a number; a mark belongs to its letter.

市ヶ谷 and 阿佐ヶ谷, as the stations have them, are one part too: the towns of those names are written without ヶ.
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


@dataclass(frozen=True, slots=True)
class Block:
    """The numbers right behind a town: 丁目, 番, 号 or 番地, 枝番, at most three.

    ``division`` is what the first one is called: 丁目, 地割, or 番地 for one that is written 番 or 番地 or is too large
    for a 丁目; empty where nothing tells, as in 1-2-3. ``end`` is where the text goes on behind them.
    """

    numbers: tuple[int, ...]
    division: str
    end: int


_MOST_NUMBERS = 3
_LARGEST_CHOME = 99
_BLOCK_SIGNS = str.maketrans(
    {
        **{chr(0xFF01 + place): chr(0x21 + place) for place in range(94)},
        **dict.fromkeys("‐‑‒–—―−﹣ｰー─━", "-"),
        **dict.fromkeys("ノ之ﾉ", "の"),
    }
)
_BLOCK_NUMBER = re.compile(
    rf"\s*第?(?:([0-9]{{1,9}})(?![0-9]|\s*(?:号?室|階|F))|([{KANJI_NUMERALS}]{{1,9}})(?=\s*(?:丁|番|号(?!室)|地割|[-の]|\Z)|\s))"
    r"(?:\s*(丁目?|地割|番地の?|番の?|号|-|の(?=[0-9〇一二三四五六七八九十])))?"
)
_PLAIN_BLOCK = re.compile(
    r"([0-9]{1,4})(?:(丁目|番地の?|番の?|-)(?:([0-9]{1,4})(?:(?:番地の?|番の?|-)([0-9]{1,4}))?(?:号|番地?)?)?)?"
    r"(?=\Z|\s+[ァ-ヶ])"
)
"""A block as most are written, with nothing behind it, or a name in katakana."""


@lru_cache(maxsize=1 << 14)
def block_of(rest: str) -> Block | None:
    """Return the numbers that what follows a town begins with, None when it begins with something else."""
    text = rest.translate(_BLOCK_SIGNS)
    if plain := _PLAIN_BLOCK.match(text):
        return _block([int(number) for number in plain.group(1, 3, 4) if number], plain[2] or "", plain.end())
    numbers: list[int] = []
    first, end = "", 0
    while len(numbers) < _MOST_NUMBERS and (match := _BLOCK_NUMBER.match(text, end)):
        end = match.end()
        numbers.append(int(match[1] or arabic(match[2])))
        if len(numbers) == 1:
            first = match[3] or ""
        if not match[3] or match[3] == "号":
            break
    return _block(numbers, first, end) if numbers else None


def _block(numbers: Sequence[int], first: str, end: int) -> Block:
    if first.startswith("番") or first == "号" or (first in {"", "-", "の"} and numbers[0] > _LARGEST_CHOME):
        first = "番地"
    division = "丁目" if first == "丁" else first if first in {"丁目", "地割", "番地"} else ""
    return Block(tuple(numbers), division, end)


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
    return "".join(map(_KEYS.__getitem__, _PART.findall(text)))


class _PartKeys(dict[str, str]):
    """The key of each part, worked out once: the same few thousand letters and numbers are in all addresses."""

    def __missing__(self, part: str) -> str:
        key = _key(part)
        if len(self) < _KEYS_KEPT and len(part) <= _KEPT_LENGTH:
            self[part] = key
        return key


def _key(part: str) -> str:
    if part[0] in KANJI_NUMERALS:
        return arabic(part)
    if len(part) > 1 and part[-1] == "谷":
        return part[:-2] + "谷"
    if part == "大字":
        return ""
    plain = unicodedata.normalize("NFKC", _SELECTOR.sub("", part))
    return _SAME.get(plain, plain).upper() if plain.strip() else ""


_KEYS_KEPT, _KEPT_LENGTH = 8192, 4
_KEYS = _PartKeys()


def split_town(address: str, postcode: str, postcodes: Postcodes) -> TownSplit:
    """Cut an address behind its town, guided by the postcode.

    The town is the longest name of that city's towns the address goes on with, so 四谷三栄町 is not 四谷. In Kyoto the
    streets stand before the town. A code of a tower or an office stands for the town around it; an office's may be the
    first part of the town's name.
    """
    number = _NUMBER.search(address)
    if number and (known := _stem(address[: number.start()], postcode, postcodes)):
        return TownSplit(known.town, address[number.start() :], known.agrees)
    guides = _guides(postcode, postcodes)
    folded = _Folded(address)
    splits = [split for guide in guides if (split := _split(folded, guide))]
    if not splits:
        return TownSplit("", address, agrees=False)
    return splits[0] if len(splits) == 1 else max(splits, key=lambda split: (split.agrees, -len(split.rest)))


_NUMBER = re.compile(f"[0-9０-９]|[{KANJI_NUMERALS}]+丁目")


@lru_cache(maxsize=1 << 14)
def _stem(stem: str, postcode: str, postcodes: Postcodes) -> TownSplit | None:
    """Return the split of all addresses of this postcode that go on with a number behind ``stem``, if there is one.

    Nearly all of a town's addresses are its name and a number, and need not be looked through one by one. There is one
    where for every place of the code the stem is a town to its end, and no town of the city, nor an office's, is that
    and a digit more: 北一条 may follow 北, written 北1条.
    """
    guides = _guides(postcode, postcodes)
    folded = _Folded(stem)
    splits = [_split(folded, guide) for guide in guides]
    whole = [split for split in splits if split and split.town and not split.rest]
    if not guides or len(whole) < len(guides):
        return None
    for guide, split in zip(guides, whole, strict=True):
        town = fold(split.town)
        longer = (name for name in (*guide.towns.names, guide.town) if name.startswith(town))
        if guide.behind_streets or any(name[len(town) : len(town) + 1].isdecimal() for name in longer):
            return None
    return max(whole, key=lambda split: split.agrees)


class _Folded:
    """An address with its key, and where in the key its parts end."""

    __slots__ = ("_ends", "_parts", "key", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = _PART.findall(text)
        keys = [*map(_KEYS.__getitem__, self._parts)]
        self.key = "".join(keys)
        self._ends = [*accumulate(map(len, keys))]

    def ends_at(self, stop: int) -> bool:
        """Tell whether a part ends there in the key: 第一 is not the beginning of 第十二."""
        place = bisect_left(self._ends, stop)
        return place < len(self._ends) and self._ends[place] == stop

    def after(self, stop: int) -> str:
        """Return the text behind the last part that ends there in the key, or before."""
        if not stop:
            return self.text
        place = bisect_left(self._ends, stop)
        if place == len(self._ends) or self._ends[place] > stop:
            if not place:
                return self.text
            place = bisect_left(self._ends, self._ends[place - 1])
        return self.text[sum(map(len, self._parts[: place + 1])) :]


@dataclass(frozen=True, slots=True)
class _Towns:
    """The towns of a city: names by key, and by a key's first letter the lengths of those that begin with it."""

    names: MutableMapping[str, str]
    lengths: MutableMapping[str, tuple[int, ...]]

    def longest(self, key: str, start: int, folded: _Folded | None = None) -> str:
        """Return the longest town the key goes on with at ``start``, empty for none; it ends where a part does."""
        for length in self.lengths.get(key[start : start + 1], ()):
            town = key[start : start + length]
            if town in self.names and (folded is None or folded.ends_at(start + length)):
                return town
        return ""

    def with_town(self, town: str, name: str) -> _Towns:
        """Return these and one more, without a copy: a large city has some hundred codes like that."""
        lengths = tuple(sorted({len(town), *self.lengths.get(town[0], ())}, reverse=True))
        return _Towns(ChainMap({town: name}, self.names), ChainMap({town[0]: lengths}, self.lengths))


@dataclass(frozen=True, slots=True)
class _Guide:
    """The keys of a place: its prefecture, its city with and without 郡, its town, and all towns of the city."""

    prefecture: str
    cities: tuple[str, ...]
    town: str
    towns: _Towns
    named: bool
    office: bool
    behind_streets: re.Pattern[str] | None
    """Where the town may begin in Kyoto, whose streets stand before it."""


@lru_cache(maxsize=2048)
def _guides(postcode: str, postcodes: Postcodes) -> tuple[_Guide, ...]:
    """Return the keys of every place that a postcode may stand for; none for one that is malformed or not in use."""
    code = seven_digits(postcode)
    return tuple(_guide(place, postcodes) for place in postcodes.places(code)) if code else ()


def _guide(place: Place, postcodes: Postcodes) -> _Guide:
    """Return the keys of a place; a tower's town is the one that it stands in."""
    towns = _towns(postcodes, place.prefecture, place.city)
    town = fold(place.town)
    if place.building:
        town = towns.longest(town, 0)
    elif town and town not in towns.names:
        towns = towns.with_town(town, place.town)
    cities = dict.fromkeys((fold(place.city), fold(municipality(place.city))))
    streets = re.compile(f"{re.escape(town)}(?!通)") if town and place.city.startswith(_KYOTO) else None
    return _Guide(fold(place.prefecture), tuple(cities), town, towns, bool(place.town), place.office, streets)


@lru_cache(maxsize=2048)
def _towns(postcodes: Postcodes, prefecture: str, city: str) -> _Towns:
    names = {fold(town): town for town in sorted(postcodes.towns(prefecture, city))}
    lengths: dict[str, set[int]] = {}
    for town in names:
        lengths.setdefault(town[0], set()).add(len(town))
    return _Towns(names, {first: tuple(sorted(each, reverse=True)) for first, each in lengths.items()})


def _split(folded: _Folded, guide: _Guide) -> TownSplit | None:
    """Split for one place the postcode may stand for; None when the address lies elsewhere."""
    key, towns = folded.key, guide.towns
    start = len(guide.prefecture) if key.startswith(guide.prefecture) else 0
    at, in_city = start, False
    for city in guide.cities:
        if key.startswith(city, start):
            at, in_city = start + len(city), True
            break
    town = towns.longest(key, at, folded)
    if not town and key.startswith("字", at) and (town := towns.longest(key, at + 1, folded)):
        at += 1
    if guide.behind_streets:
        behind_streets = (match.start() for match in guide.behind_streets.finditer(key, at))
        fits = (each for each in behind_streets if towns.longest(key, each, folded) == guide.town)
        at, town = next(((each, guide.town) for each in fits), (at, town))
    if guide.named:  # the table leaves the end of an office's town out: 佐原 for 佐原ロ
        agrees = bool(town) and (town == guide.town or (guide.office and key.startswith(guide.town, at)))
    else:
        agrees = in_city
    if not in_city and not agrees:
        return None
    return TownSplit(towns.names.get(town, ""), folded.after(at + len(town)), agrees)
