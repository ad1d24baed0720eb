"""Where protected households live must not stand on another household's piece: looked for in all that is printed.

Which place is the secret. With a mail-to in force that is where the household lives now; its residence may still be the
home it fled from, where others of the family rightly get their own letters, and is no secret. Without a mail-to the
residence is. When a mail-to has run out or lacks its address, nobody can tell, and both are. A guardian's office is
nobody's home, and many households' letters go there: with such a mail-to the residence is the secret.

An excluded household's place is as secret as any other's.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mailround.addresses import KANJI_NUMERALS, arabic, fold, split_town
from mailround.barcodes import address_number
from mailround.model import GUARDIAN
from mailround.postcodes import Postcodes, seven_digits

ADDRESSED = ("to_address", "to_building")
"""Columns that say where a piece goes; together they are one place."""
FREE_TEXTS = ("to_name", "to_building", "reason", "district")
"""Columns in which somebody's address may have been written; those that a round lacks are left out."""


@dataclass(frozen=True, slots=True, repr=False)
class _Place:
    """A secret place: folded text before the town, town, and the parts of the number; of an institution, its lot's."""

    head: str
    town: str
    longer: tuple[str, ...]
    parts: tuple[str, ...]
    institution: bool
    owners: frozenset[str]


_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Places:
    """The secret places of a round.

    ``by_number`` has them by the end of the town and the first two parts of the number; ``before_number`` finds the
    last letter of such a town with a number behind it.
    ``by_text`` are those whose address holds no number but a 方書 (the name of a home): they are found as a whole text.
    ``unsearchable`` are the case numbers of those whose address has neither: a mere town cannot be looked for.
    It is personal data: it is not shown by its repr and lives in memory only.
    """

    by_number: Mapping[_Key, tuple[_Place, ...]]
    before_number: re.Pattern[str]
    by_text: Mapping[str, frozenset[str]]
    unsearchable: frozenset[str]

    def __bool__(self) -> bool:
        """Tell whether there is any place to look for."""
        return bool(self.by_number or self.by_text)


class Packed(Protocol):
    """Texts of a block of records."""

    def frame(self) -> pd.DataFrame:
        """Return to_address, to_building and those of ``FREE_TEXTS`` that the round has, by record number."""
        ...


def protected_places(frame: pd.DataFrame, postcodes: Postcodes, day: date) -> Places:
    """Gather the secret places of all protected households, excluded ones included.

    Args:
        frame: Households of a round, at least the protected ones. Columns case_no, protected (bool), postcode, address,
            building, mailto_postcode, mailto_address, mailto_building, mailto_reason (str), mailto_until (date, None).
        postcodes: Tells towns from what follows them.
        day: The posting day, on which a mail-to is in force or not; the issue date before there is one.
    """
    owners: dict[_Place, set[str]] = defaultdict(set)
    texts: dict[str, set[str]] = defaultdict(set)
    unsearchable: set[str] = set()
    for row in frame[frame["protected"].astype(bool)].to_dict("records"):
        for postcode, address, building, institution in _secrets(row, day):
            place = _place(postcode, address, building, postcodes, institution=institution)
            if place.parts:
                owners[place].add(row["case_no"])
            elif building.strip():
                texts[_flat(f"{address} {building}")].add(row["case_no"])
            else:
                unsearchable.add(row["case_no"])
    by_number: dict[_Key, list[_Place]] = defaultdict(list)
    for place, cases in owners.items():
        by_number[_key(place.town[-_END:], place.parts)].append(
            _Place(place.head, place.town, place.longer, place.parts, place.institution, frozenset(cases))
        )
    ends = "".join(sorted({town[-1] for town, _, _ in by_number}))
    return Places(
        {key: tuple(found) for key, found in by_number.items()},
        re.compile(f"[{re.escape(ends)}](?=[0-9])" if ends else r"(?!)"),
        {text: frozenset(cases) for text, cases in texts.items()},
        frozenset(unsearchable),
    )


def clear_of(places: Places, block: pd.DataFrame) -> pd.Series[bool]:
    """Tell which pieces show no other household's secret place; True is well.

    Held: a piece that goes to such a place, however it is written; to an institution where a protected household
    stays, whatever the room; and one that has the address, with its number, in a name, a 方書 or the reason. Not held:
    another room of the same building, a piece to the lot of a place with a room (that is not the place), where a
    protected household's piece goes (two of them in one shelter are each looked at by two persons anyway), and where
    somebody's goes who is in hospital or an institution too: its address is known to all who are there.

    Args:
        places: Of the whole round.
        block: Some of the round's households, index record_no, unique. Columns case_no, protected, to_address,
            to_building, those of ``FREE_TEXTS`` that the round has, and ``stays`` (bool): the piece goes to
            the hospital or institution that the household is in.
    """
    well = np.ones(len(block), dtype=bool)
    cases = block["case_no"].tolist()
    addressed = block["to_address"] + "　" + block["to_building"]
    checks = [(addressed, _addressed_to, ~(block["protected"] | block["stays"]).to_numpy(dtype=bool))]
    checks += [(block[each], _written_in, np.ones(len(block), dtype=bool)) for each in FREE_TEXTS if each in block]
    for texts, look, asked in checks:
        codes, values = pd.factorize(texts)
        shown = look(places, list(map(str, pd.Index(values).tolist())))
        if not shown:
            continue
        for row in np.flatnonzero(np.isin(codes, list(shown)) & asked).tolist():
            well[row] &= not any(owners - {cases[row]} for owners in shown[int(codes[row])])
    return pd.Series(well, index=block.index, dtype=bool)


def clear_of_all(
    case_no: pd.Series, protected: pd.Series, stays: pd.Series, *, places: Places, texts: Iterable[Packed]
) -> pd.Series[bool]:
    """Tell it of a whole round: `clear_of`, block by block of ``texts``; records that are not asked for stay out."""
    asked = pd.concat([case_no, protected, stays], axis=1)
    well = pd.Series(data=True, index=case_no.index)
    for each in texts if places else ():
        block = asked.join(each.frame(), how="inner")
        well[block.index] = clear_of(places, block)
    return well


def _secrets(row: Mapping[Any, Any], day: date) -> list[tuple[str, str, str, bool]]:
    """Return postcode, address, building of what is secret of a household, and whether it is an institution."""
    reason = row["mailto_reason"]
    mailto = row["mailto_postcode"], row["mailto_address"], row["mailto_building"], reason in _INSTITUTIONS
    residence = row["postcode"], row["address"], row["building"], False
    until = row["mailto_until"]
    given = any(each.strip() for each in (*mailto[:3], reason))
    if not given or reason == GUARDIAN:
        secrets = [residence]
    elif mailto[1].strip() and (until is None or until >= day):
        secrets = [mailto]
    else:
        secrets = [mailto, residence]
    return [each for each in secrets if each[1].strip()]


_INSTITUTIONS = frozenset({"入院", "施設"})


# One spelling of an address

_NUMERALS = re.compile(f"[{KANJI_NUMERALS}]+")
_DASHES = "‐‑‒–—―−－ーｰ─━"
_KEPT = frozenset(KANJI_NUMERALS) | {"\n"}
_FLOOR = re.compile(r"(?:地下|B)?[0-9]+階|[0-9]+F(?![A-Z])")
_PREFECTURE = re.compile(r"\A(?:東京都|北海道|(?:京都|大阪)府|.{2,3}県)")


def _flat(text: str) -> str:
    """Return the text as `fold` has it, but fast for many lines: letters are folded once each, numerals by runs.

    Of blanks those between numbers are kept: 2-3 101 is not 2-3101. Every dash is a hyphen.
    """
    table = {ord(each): _folded(each) for each in set(text) - _KEPT}
    composed = unicodedata.normalize("NFC", text.translate(table))
    composed = _NUMERALS.sub(lambda match: arabic(match[0]), composed).replace("大字", "")
    composed = _BETWEEN_NUMBERS.sub(r"\1\t", composed).replace(" ", "").replace("\t", " ")
    return composed.replace("市ケ谷", "市谷").replace("市ガ谷", "市谷")


_BETWEEN_NUMBERS = re.compile("([0-9]) +(?=[0-9])")


@lru_cache(maxsize=65_536)
def _folded(letter: str) -> str:
    return "-" if letter in _DASHES else fold(letter) if letter.strip() else " "


@lru_cache(maxsize=256)
def _towns(prefecture: str, city: str, postcodes: Postcodes) -> tuple[str, ...]:
    return tuple(sorted(_flat(each) for each in postcodes.towns(prefecture, city)))


def _place(postcode: str, address: str, building: str, postcodes: Postcodes, *, institution: bool) -> _Place:
    """Return a household's place; without parts when its address has no number."""
    split = split_town(address, postcode, postcodes)
    town = _flat(split.town)
    head, rest = _flat(address[: len(address) - len(split.rest)]), _flat(split.rest)
    if town and head.endswith(town):
        head = head[: -len(town)]
    else:  # no town of the postcode's: what stands before the number, without the prefecture, must be written alike
        at = match.start() if (match := re.search("[0-9]", rest)) else len(rest)
        head, town, rest = "", _PREFECTURE.sub("", rest[:at]), rest[at:]
    parts = _parts(rest if institution else f"{rest} {_flat(building)}")
    found = {(each.prefecture, each.city) for each in postcodes.places(seven_digits(postcode) or "")}
    towns = (each for prefecture, city in sorted(found) for each in _towns(prefecture, city, postcodes))
    longer = tuple(each for each in towns if town and each != town and each.endswith(town))
    return _Place(_PREFECTURE.sub("", head), town, longer, parts if town else (), institution, frozenset())


def _parts(flat: str) -> tuple[str, ...]:
    """Return numbers and letters of an address number, 1 2 3 101 for 1丁目2番3号メゾン101; floors are left out."""
    return tuple(re.findall("[0-9]+|[A-Z]", address_number(_FLOOR.sub(" ", flat))))


# Looking

_NUMBER = re.compile(r"[0-9]+(?:(?:丁目|番地ノ?|番|号|丁|ノ|-)+[0-9]+)*(?:番地?|号)?")
_ROOM = re.compile(r"[^0-9、。,\n]{0,20}?([A-Z]?[0-9]+)(?:号室|号|室)")


def _addressed_to(places: Places, texts: Sequence[str]) -> dict[int, list[frozenset[str]]]:
    """Return, by the number of the text, whose secret places the addresses are."""
    shown: dict[int, list[frozenset[str]]] = defaultdict(list)
    lines = _lines(places, texts)
    for number, start, ends in _numbers(places, lines):
        text = lines[number]
        if not _may_be_known(places, ends, text, start):
            continue
        parts = _parts(text[start:])
        for place in _known(places, ends, parts):
            if _stands_before(place, text[:start], whole=True) and _same_place(place, parts):
                shown[number].append(place.owners)
    for number, text in enumerate(lines if places.by_text else ()):
        if text in places.by_text:
            shown[number].append(places.by_text[text])
    return shown


def _written_in(places: Places, texts: Sequence[str]) -> dict[int, list[frozenset[str]]]:
    """Return, by the number of the text, whose secret places are written somewhere in it."""
    shown: dict[int, list[frozenset[str]]] = defaultdict(list)
    lines = _lines(places, texts)
    for number, start, ends in _numbers(places, lines):
        text = lines[number]
        if match := _NUMBER.match(text, start):
            for place in _known(places, ends, _parts(match[0])):
                if _stands_before(place, text[:start], whole=False) and _is_written(place, match, text):
                    shown[number].append(place.owners)
    for whole, owners in places.by_text.items():
        for number, text in enumerate(lines):
            if whole in text:
                shown[number].append(owners)
    return shown


def _lines(places: Places, texts: Sequence[str]) -> list[str]:
    """Return the texts in one spelling; empty where no number follows a town's end, so that no place can be shown."""
    plain = [" ".join(each.split()) for each in texts]
    if not places.by_text:
        ends = {end[-1] for end, _, _ in places.by_number}
        letters = "".join(sorted(each for each in set().union(*plain) if _folded(each)[-1:] in ends))
        if not letters:
            return [""] * len(plain)
        may = re.compile(rf"[{re.escape(letters)}]\W{{0,4}}[{_DIGITS}]|[{_MARKS}]").search
        plain = [each if may(each) else "" for each in plain]
    return _flat("\n".join(plain)).split("\n")


_DIGITS = rf"\d{KANJI_NUMERALS}\u2460-\u24ff\u3200-\u33ff"
"""What a number may begin with before it is folded, ① and ㊀ included."""
_MARKS = "ﾞﾟ\u3099\u309a"
"""Voicing marks that stand alone: the letter is another one when they are folded."""


def _numbers(places: Places, lines: Sequence[str]) -> Iterator[tuple[int, int, list[str]]]:
    """Yield each number that follows the end of a secret place's town: its line, its start, and the ends that fit."""
    known = {end for end, _, _ in places.by_number}
    for number, line in enumerate(lines):
        for match in places.before_number.finditer(line):
            start = match.end()
            ends = [end for end in (line[max(0, start - _END) : start], match[0]) if end in known]
            if ends:
                yield number, start, ends


_END = 2
"""Letters of a town's end by which its places are found."""


def _key(end: str, parts: Sequence[str]) -> _Key:
    return end, parts[0], parts[1] if len(parts) > 1 else ""


_BEGINNING = re.compile("([0-9]+)(?:(?:丁目?|番地ノ?|番|号|ノ|-)+([0-9]+))?")


def _may_be_known(places: Places, ends: Sequence[str], text: str, start: int) -> bool:
    """Tell, without taking the whole number apart, whether a secret place may begin so: most addresses end here."""
    match = _BEGINNING.match(text, start)
    if match is None or match[2] is None:
        return True
    first, second = match.groups()
    return any((end, first, second) in places.by_number or (end, first, "") in places.by_number for end in ends)


def _known(places: Places, ends: Sequence[str], parts: Sequence[str]) -> Iterator[_Place]:
    """Yield the places whose town may end so and whose number begins so."""
    for end in ends:
        for key in dict.fromkeys((_key(end, parts), _key(end, parts[:1]))) if parts else ():
            yield from places.by_number.get(key, ())


def _stands_before(place: _Place, before: str, *, whole: bool) -> bool:
    """Tell whether the place's town stands right before its number, in its own city as far as one is named."""
    if not before.endswith(place.town) or any(before.endswith(each) for each in place.longer):
        return False
    head = before[: len(before) - len(place.town)]
    if whole:
        head = _PREFECTURE.sub("", head)
        return head.endswith(place.head) or place.head.endswith(head)
    return not place.head or head[-1:] not in "区市町村" or not head or head.endswith(place.head)


def _same_place(place: _Place, parts: tuple[str, ...]) -> bool:
    """Tell whether an address's number is the place's, the number in a building's name (第2みどり荘) written or not."""
    if parts == place.parts or (place.institution and parts[: len(place.parts)] == place.parts):
        return True
    short, long = sorted((parts, place.parts), key=len)
    return (
        len(long) == len(short) + 1
        and short[:-1] == long[: len(short) - 1]
        and short[-1:] == long[-1:]
        and len(short[-1]) > 2  # noqa: PLR2004 - a room: the house numbers 2-3 and 2-5-3 are two places
    )


def _is_written(place: _Place, match: re.Match[str], text: str) -> bool:
    """Tell whether a number in a text is the place's; a lot without its room is, another room of the lot is not."""
    parts = _parts(match[0])
    common = min(len(parts), len(place.parts))
    if parts[:common] != place.parts[:common]:
        return False
    if common == 1:  # a town and one number may be anything, but 12番地 is an address
        return len(place.parts) == 1 and len(parts) == 1 and "番" in match[0]
    if len(parts) < len(place.parts):
        if "丁目" in match[0] and common == 2 and len(place.parts) > 2:  # noqa: PLR2004 - 丁目 and block, no house yet
            return False
        room = _ROOM.match(text, match.end())
        return room is None or room[1] in place.parts[common:]
    return True
