"""Questions that compare households of a whole round. True where all is well."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from mailround.addresses import fold
from mailround.quality.near_duplicates import Pair

_MOST_NAMED = 5
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def reading_key(kana: pd.Series) -> pd.Series:
    """Return a key under which one reading, however it is written, is equal."""
    return kana.map(_reading)


_PLAIN = re.compile("[ァ-ヶー]+[ \u3000]?[ァ-ヶー]*")
"""A reading that is written as most are."""


def _reading(kana: str) -> str:
    if _PLAIN.fullmatch(kana):
        return kana.replace("\u3000", "").replace(" ", "")
    return "".join(unicodedata.normalize("NFKC", kana).split()).translate(_HIRAGANA).upper()


def surname_key(name: pd.Series, kana: pd.Series) -> pd.Series:
    """Return a key of the first word of the name, of the reading when the name is written in one."""
    known: dict[str, str] = {}

    def key(name: str, kana: str) -> str:
        words = next((words for text in (name, kana) if len(words := text.split()) > 1), [name])
        if words[0] not in known:
            known[words[0]] = fold(words[0])
        return known[words[0]]

    return pd.Series(map(key, name, kana), index=name.index, dtype=object)


def once(*keys: pd.Series) -> pd.Series:
    """The keys together occur once; where one of them is empty, 0 or missing, there is nothing to compare."""
    table = pd.concat(keys, axis=1, keys=range(len(keys)))
    return ~table.duplicated(keep=False) | ~_known(table)


def once_at_home(home: pd.Series, surname: pd.Series, *, mailto_shared_from: int) -> pd.Series:
    """Nobody else of the surname lives there; where very many people do, as in a hostel, a surname says little."""
    return once(home, surname) | ~fewer_than(home, mailto_shared_from=mailto_shared_from)


def in_one_population(population: pd.Series, *keys: pd.Series) -> pd.Series:
    """All that share the keys belong to one population; see `once`."""
    table = pd.concat(keys, axis=1, keys=range(len(keys)))
    known = _known(table)
    groups = table[known].groupby(list(table.columns), sort=False).ngroup()
    well = pd.Series(data=True, index=population.index)
    well[known] = population[known].groupby(groups).transform("nunique") == 1
    return well


def fewer_than(key: pd.Series, *, mailto_shared_from: int) -> pd.Series:
    """Fewer households share the key; an empty key is nobody's."""
    return ~_known(key.to_frame()) | (key.map(key.value_counts()) < mailto_shared_from)


def likenesses(case_no: pd.Series, *_: pd.Series, pairs: Iterable[Pair]) -> dict[int, str]:
    """Return, by record that is nearly the same as others, which those are, how alike and why, in Japanese."""
    told: dict[int, list[str]] = {}
    for pair in pairs:
        for number, other in (pair.records, pair.records[::-1]):
            told.setdefault(number, []).append(f"ケース番号 {case_no[other]}：類似度{pair.score:g}、{pair.why}")
    return {number: "／".join(texts[:_MOST_NAMED]) for number, texts in told.items()}


def companions(case_no: pd.Series, *keys: pd.Series) -> dict[int, str]:
    """Return, by record that shares its keys with others, whose case numbers those are, in Japanese."""
    table = pd.concat(keys, axis=1, keys=range(len(keys)))
    twins = table[table.duplicated(keep=False) & _known(table)]
    told: dict[int, str] = {}
    for _, group in twins.groupby(list(table.columns), sort=False):
        cases = list(case_no[group.index])
        for place, number in enumerate(group.index):
            others = [*cases[:place], *cases[place + 1 :]]
            more = f"ほか{len(others) - _MOST_NAMED}件" if len(others) > _MOST_NAMED else ""
            told[int(number)] = f"ケース番号 {'、'.join(others[:_MOST_NAMED])}{more}"
    return told


def _known(table: pd.DataFrame) -> pd.Series:
    return (table.notna() & (table != "") & (table != 0)).all(axis=1)
