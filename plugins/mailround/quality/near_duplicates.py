"""Pairs of cases that are probably one household, though kana, birth date or home are not exactly equal.

Not all pairs are looked at but those of one block: the same birth date, or about the same reading (or the same name) in
about the same home. Within a block a cheap bound on the letters leaves out what cannot be alike; rapidfuzz
measures the rest. Exact twins (same kana and birth date) are another rule's and are not repeated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz import fuzz, process

from mailround.addresses import fold

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LARGEST_BLOCK = 500
"""Households up to which a block is compared pair by pair; a birth date of more is taken for a placeholder."""
WINDOW = 10
"""Neighbours, in the order of readings, that each household of a larger block is compared with."""
_PAIRS_AT_ONCE = 1_000_000
_TOKEN_RATIO = 88.0
"""How alike family and given name must each be: one letter of eight. Twins' ユウコ and ユウカ are 75."""
_LATIN_RATIO = 80.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one household.

    ``score`` is 0–100, the certainty. ``why`` names the block and the fields in Japanese and holds no value of them.
    """

    first: int
    second: int
    score: int
    why: str

    @property
    def records(self) -> tuple[int, int]:
        """Return the record numbers of both."""
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs by falling score, then record numbers, and how they were found.

    ``compared`` counts the pairs that were looked at. ``large_blocks`` counts blocks of more than ``LARGEST_BLOCK``
    households, ``large_block_households`` the households in them: those were compared with their ``WINDOW`` neighbours
    in the order of readings only, and a birth date so common is not taken as a sign of one person.
    """

    pairs: tuple[Pair, ...]
    compared: int
    large_blocks: int
    large_block_households: int


def near_duplicates(frame: pd.DataFrame) -> Pairs:
    """Find the near-duplicates of a round.

    Args:
        frame: Index record_no, unique. Columns case_no, name, kana (str), birth_date (date or None), home (town, number
            and room as one folded text, ``新宿1-2-3-101``; empty for unknown). Two records of one case are no pair.
    """
    features = _Features(frame)
    pairs: dict[tuple[int, int], tuple[int, str]] = {}
    compared = large = households = 0
    for order, spans, blocks, members in (
        features.by_birth_date(),
        features.by_home(features.reading_mask),
        features.by_home(features.name_key),
    ):
        large, households = large + blocks, households + members
        for first, second in _candidates(order, spans):
            compared += len(first)
            _judge(features, first, second, pairs)
    numbers = frame.index.tolist()
    found = [
        Pair(min(numbers[one], numbers[two]), max(numbers[one], numbers[two]), score, why)
        for (one, two), (score, why) in pairs.items()
    ]
    listed = sorted(found, key=lambda pair: (-pair.score, pair.first, pair.second))
    return Pairs(tuple(listed), compared, large, households)


# Readings in letters

_KANA = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "s": "サシスセソ",
    "t": "タチツテト",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
    "g": "ガギグゲゴ",
    "z": "ザジズゼゾ",
    "d": "ダヂヅデド",
    "b": "バビブベボ",
    "p": "パピプペポ",
}
_LETTERS = {
    kana: consonant + vowel for consonant, row in _KANA.items() for kana, vowel in zip(row, "aiueo", strict=True)
}
_LETTERS |= {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ン": "n", "ヴ": "bu"}
_LETTERS |= {"ヂ": "zi", "ヅ": "zu"}
_LETTERS |= {
    small: _LETTERS[whole] for small, whole in zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True)
}
_TO_LETTERS = {ord(kana): letters for kana, letters in _LETTERS.items()} | dict.fromkeys(map(ord, "-‐‑–—―−"), "ー")
_TO_LETTERS |= dict.fromkeys(map(ord, "・･,.、，="), " ") | dict.fromkeys(map(ord, "'’`"), "")
_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_ONE_SOUND = tuple(
    zip(("ヴァ", "ヴィ", "ヴェ", "ヴォ", "ティ", "チィ", "ディ", "ヂィ"), "バビベボチチジジ", strict=True)
)
_LATIN_TO_KANA_WAY = (
    ("sh", "sy"),
    ("ch", "ty"),
    ("j", "zy"),
    ("tsu", "tu"),
    ("f", "h"),
    ("v", "b"),
    ("l", "r"),
    ("yi", "i"),
)
"""Hepburn as the letters of the kana table: Sho is syo, Ji is zi."""
_LONG = (("iy", "y"), ("ou", "oo"), ("ei", "ee"))
_AFTER_VOWEL = re.compile("([aiueo])ー")
_TWICE = re.compile("([aiueo])\\1+")


def _readings(kana: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return each reading as H01 compares it, and in letters: parts by blanks, ー and ウ as the vowel again."""
    joined = unicodedata.normalize("NFKC", "\n".join(" ".join(each.split()) for each in kana)).translate(_TO_KATAKANA)
    exact = joined.upper().replace(" ", "")
    for written, plain in _ONE_SOUND:
        joined = joined.replace(written, plain)
    letters = joined.translate(_TO_LETTERS).lower()
    for written, plain in (*_LATIN_TO_KANA_WAY, *_LONG):
        letters = letters.replace(written, plain)
    letters = _AFTER_VOWEL.sub(r"\1\1", letters).replace("ー", " ").replace("ou", "oo").replace("ei", "ee")
    return exact.split("\n"), [" ".join(each.split()) for each in letters.split("\n")]


_LATIN = re.compile("[A-Za-zＡ-Ｚａ-ｚ]")
_KANA_ONLY = re.compile(r"[\s\u3041-\u3096\u30a1-\u30faー・\uff65-\uff9f]+")
_HAN = re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")
_SAITO = {ord(written): plain for written, plain in zip("斉齊齋", "斎斎斎", strict=True)}


def _folded_names(names: Sequence[str]) -> list[str]:
    """Return each name with one shape a character, its parts by blanks; `fold` decides, letter by letter."""
    joined = unicodedata.normalize("NFKC", "\n".join(" ".join(each.split()) for each in names))
    table = {ord(each): fold(each) for each in set(joined) - {" ", "\n"}}
    return joined.translate(table).translate(_SAITO).split("\n")


_LOT = re.compile(r"\D*[0-9]+(?:-[0-9]+)?")


def _mask(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return which letters a text has, and which of them twice or more; long vowels count as short ones.

    Whatever their order. Texts that differ by n letters put in or left out differ by at most n bits.
    """
    masks = np.zeros(len(texts), dtype=np.uint64)
    for start in range(0, len(texts), 100_000):
        block = _TWICE.sub(r"\1", "\n".join(texts[start : start + 100_000]))
        codes = np.frombuffer(block.encode("ascii", "replace"), dtype=np.uint8)
        rows, letters = np.cumsum(codes == ord("\n")), codes - np.uint8(ord("a"))
        size, inside = len(texts[start : start + 100_000]), letters < 26  # noqa: PLR2004 - the alphabet
        counts = np.bincount(rows[inside] * 26 + letters[inside], minlength=size * 26).reshape(size, 26)
        for least, shift in ((1, 0), (2, 26)):
            bits = (counts >= least).astype(np.uint64) << (np.arange(26, dtype=np.uint64) + np.uint64(shift))
            masks[start : start + size] |= np.bitwise_or.reduce(bits, axis=1)
    return masks


class _Features:
    """What is worked out once of each household; arrays are parallel to the rows of the frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.case = _codes(frame["case_no"])
        spoken = frame["kana"].where(
            frame["kana"].str.strip() != "", frame["name"].where(_is_spoken(frame["name"]), "")
        )
        self.reading, kana = _factorized(spoken)
        exact, self.letters = _readings(kana)
        self.exact = _codes(pd.Series(exact))[self.reading]
        self.known = np.array([bool(each) for each in self.letters], dtype=bool)[self.reading]
        self.latin = np.array([bool(_LATIN.search(each)) for each in kana], dtype=bool)[self.reading]
        self.reading_mask = _mask(self.letters)[self.reading].view(np.int64)
        self.length = np.array([len(each) for each in self.letters], dtype=np.int16)[self.reading]
        self.name, names = _factorized(frame["name"])
        self.names = _folded_names(names)
        anagrams = pd.Series(["".join(sorted(each.replace(" ", ""))) for each in self.names], dtype=object)
        self.name_key = _codes(anagrams)[self.name]
        self.han = np.array([bool(_HAN.search(each)) for each in self.names], dtype=bool)[self.name]
        self.home, self.homes = _factorized(frame["home"])
        self.lot = _codes(pd.Series([_lot(each) for each in self.homes], dtype=object))[self.home]
        self.housed = np.array([bool(each) for each in self.homes], dtype=bool)[self.home]
        self.birth = np.array(
            [each.year * 10_000 + each.month * 100 + each.day if each else 0 for each in frame["birth_date"].tolist()],
            dtype=np.int64,
        )
        _, which, counts = np.unique(self.birth, return_inverse=True, return_counts=True)
        self.placeholder: Bools = (counts[which] > LARGEST_BLOCK) | (self.birth == 0)

    def by_birth_date(self) -> tuple[Ints, Ints, int, int]:
        """Return the blocks of one birth date."""
        return _blocks(self.birth, self.reading_mask, self.birth != 0)

    def by_home(self, key: Ints) -> tuple[Ints, Ints, int, int]:
        """Return the blocks of one key and one lot."""
        _, which = np.unique(key, return_inverse=True)
        return _blocks(which * (int(self.lot.max(initial=0)) + 1) + self.lot, self.reading_mask, self.housed)


def _factorized(texts: pd.Series[Any]) -> tuple[Ints, list[str]]:
    codes, values = pd.factorize(texts)
    return codes.astype(np.int64), list(map(str, pd.Index(values).tolist()))


def _codes(texts: pd.Series[Any]) -> Ints:
    return pd.factorize(texts)[0].astype(np.int64)


def _is_spoken(names: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which names are their own reading: in kana, or in Latin letters."""
    return names.str.fullmatch(_KANA_ONLY.pattern) | (
        names.str.contains(_LATIN.pattern) & ~names.str.contains(_HAN.pattern)
    )


def _lot(home: str) -> str:
    match = _LOT.match(home)
    return match[0] if match else home


def _blocks(key: Ints, then: Ints, usable: Bools) -> tuple[Ints, Ints, int, int]:
    """Return rows ordered by block, with how many that follow are to be compared with each; and the large blocks."""
    rows = np.flatnonzero(usable)
    order = rows[np.lexsort((then[rows], key[rows]))]
    ordered = key[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(order)])
    behind = np.repeat(starts + sizes, sizes) - np.arange(len(order)) - 1
    large = sizes > LARGEST_BLOCK
    spans = np.where(np.repeat(large, sizes), np.minimum(behind, WINDOW), behind)
    return order, spans, int(large.sum()), int(sizes[large].sum())


def _candidates(order: Ints, spans: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield all pairs of rows that a block holds, some at a time."""
    at = np.arange(len(order))
    for distance in range(1, int(spans.max(initial=0)) + 1):
        at = at[spans[at] >= distance]
        for start in range(0, len(at), _PAIRS_AT_ONCE):
            here = at[start : start + _PAIRS_AT_ONCE]
            yield order[here], order[here + distance]


# Judging

_WHY_HOME = {2: "、住所も同じ", 1: "、番地も同じ（部屋番号の有無が違う）", 0: ""}


def _judge(known: _Features, first: Ints, second: Ints, pairs: dict[tuple[int, int], tuple[int, str]]) -> None:
    """Add those of the candidates that are near-duplicates, each with its best score."""
    birth = (known.birth[first] == known.birth[second]) & ~known.placeholder[first]
    twin = (
        (known.birth[first] == known.birth[second])
        & (known.birth[first] != 0)
        & (known.exact[first] == known.exact[second])
    )
    twin &= known.known[first]  # two households without a reading are not the same reading
    apart = np.bitwise_count(known.reading_mask[first] ^ known.reading_mask[second])
    script = known.latin[first] != known.latin[second]
    both = known.known[first] & known.known[second]
    budget = (known.length[first] + known.length[second]) * np.where(
        script, 1 - _LATIN_RATIO / 100, 1 - _TOKEN_RATIO / 100
    )
    named = known.name_key[first] == known.name_key[second]
    housed = (known.home[first] == known.home[second]) & known.housed[first]
    alike = (both & (apart <= budget)) | named | (script & both & birth & housed)
    lot = (known.lot[first] == known.lot[second]) & known.housed[first]
    kept = alike & ~twin & (known.case[first] != known.case[second]) & (birth | lot)
    one, two = first[kept], second[kept]
    if not len(one):
        return
    readings = (
        [known.letters[each] for each in known.reading[one]],
        [known.letters[each] for each in known.reading[two]],
    )
    likeness = _likeness(*readings)
    for a, b, reading, left, right, day, other_script in zip(
        one.tolist(),
        two.tolist(),
        likeness.tolist(),
        *readings,
        birth[kept].tolist(),
        script[kept].tolist(),
        strict=True,
    ):
        home = _homes_alike(known.homes[known.home[a]], known.homes[known.home[b]])
        verdict = _verdict(
            known,
            (a, b),
            (left, right),
            reading=reading if left and right else 0.0,
            birth=day,
            other_script=other_script and bool(left and right),
            home=home,
        )
        key = (min(a, b), max(a, b))
        if verdict and verdict > pairs.get(key, (0, "")):
            pairs[key] = verdict


def _verdict(
    known: _Features,
    rows: tuple[int, int],
    letters: tuple[str, str],
    *,
    reading: float,
    birth: bool,
    other_script: bool,
    home: int,
) -> tuple[int, str] | None:
    """Return score and reason of a pair, None when they are two households."""
    a, b = rows
    names = known.names[known.name[a]], known.names[known.name[b]]
    named = _same_parts(*names)
    disagree = bool(known.han[a] and known.han[b]) and not named
    sound = bool(reading) and _same_parts(*letters)
    short = bool(reading) and _same_parts(*(_TWICE.sub(r"\1", each) for each in letters))
    found: tuple[int, str] | None = None
    if birth:
        if named:
            found = 95, "生年月日が同じ、氏名が同じ（字体・順序の違い）でカナが違う"
        elif sound:
            found = 92, "生年月日が同じ、カナの読みが同じ（表記・順序の違い）"
        elif short and not disagree:
            found = 90, "生年月日が同じ、カナが長音の違いだけ"
        elif reading >= (_LATIN_RATIO if other_script else _TOKEN_RATIO) and not disagree:
            found = round(reading) - 5, "生年月日が同じ、カナがほぼ同じ"
        elif other_script and home == 2 and not disagree:  # noqa: PLR2004 - the whole home
            return 82, "生年月日と住所が同じ、読みがローマ字とカナで比べられない"
        return (found[0] + home, found[1] + _WHY_HOME[home]) if found else None
    near = _dates_near(
        int(known.birth[a]), int(known.birth[b]), unknown=bool(known.placeholder[a] or known.placeholder[b])
    )
    if home and near and (sound or named):
        what = "カナの読みが同じ" if sound else "氏名が同じ"
        where = "住所が同じ" if home == 2 else "番地が同じ（部屋番号の有無が違う）"  # noqa: PLR2004
        score = (88 if near == "near" else 82) + 2 * home + sound
        return score, f"{where}、{what}、" + ("生年月日が一部違う" if near == "near" else "生年月日が無いか仮の日付")
    return None


def _likeness(left: Sequence[str], right: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return how alike readings are, 0–100: the less alike of family and given name, in the better order of the two.

    Where one is not written in two parts, the whole is compared, more strictly, as it hides a short given name.
    """
    parts = [each.split(" ") for each in left], [each.split(" ") for each in right]
    whole = _ratio(*([each.replace(" ", "") for each in side] for side in (left, right)))
    sorted_whole = _ratio(*(["".join(sorted(each)) for each in side] for side in parts))
    result = np.where(np.maximum(whole, sorted_whole) >= 95, np.maximum(whole, sorted_whole), 0)  # noqa: PLR2004 - one letter in twenty
    two = np.array([len(a) == len(b) == 2 for a, b in zip(*parts, strict=True)], dtype=bool)  # noqa: PLR2004
    at = np.flatnonzero(two)
    if len(at):
        (a, b), (c, d) = ([[side[place][part] for place in at] for part in (0, 1)] for side in parts)
        result[at] = np.maximum(np.minimum(_ratio(a, c), _ratio(b, d)), np.minimum(_ratio(a, d), _ratio(b, c)))
    return result


def _ratio(left: Sequence[str], right: Sequence[str]) -> npt.NDArray[np.float32]:
    return process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32, workers=1)


def _same_parts(left: str, right: str) -> bool:
    """Tell whether two names are the same, whatever the order of their parts and whether they are parted by blanks."""
    if not left or not right:
        return False
    one, two = left.split(" "), right.split(" ")
    whole, other = "".join(one), "".join(two)
    if whole == other or sorted(one) == sorted(two):
        return True
    return (len(one) == 1 and whole == "".join(reversed(two))) or (len(two) == 1 and other == "".join(reversed(one)))


def _homes_alike(left: str, right: str) -> int:
    """Return 2 for the same home, 1 when one is the other's lot without the room, 0 for different or unknown ones."""
    if not left or not right:
        return 0
    if left == right:
        return 2
    short, long = sorted((left, right), key=len)
    return int(long.startswith(short) and not long[len(short)].isdigit() and any(each.isdigit() for each in short))


_MONTHS, _DAYS = slice(4, 6), slice(6, 8)


def _dates_near(left: int, right: int, *, unknown: bool) -> str:
    """Return "near" for the same date, one digit or two neighbours wrong, or day for month; "unknown"; empty else."""
    if unknown:
        return "unknown"
    one, two = f"{left:08d}", f"{right:08d}"
    wrong = [place for place in range(8) if one[place] != two[place]]
    swapped = any(one[a] == two[b] and one[b] == two[a] for a, b in pairwise(wrong) if b == a + 1)
    exchanged = one[:4] == two[:4] and one[_MONTHS] == two[_DAYS] and one[_DAYS] == two[_MONTHS]
    return "near" if len(wrong) <= 1 or (len(wrong) == 2 and swapped) or exchanged else ""  # noqa: PLR2004 - a pair
