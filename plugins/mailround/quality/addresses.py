"""Questions about where a piece goes. True where all is well.

``splits`` is what `split` returns: the address cut behind its town.
"""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from mailround.addresses import KANJI_NUMERALS, fold, split_town
from mailround.barcodes import address_number
from mailround.postcodes import Floor, Place, Postcodes, seven_digits
from mailround.split_towns import code_of_block

_NUMERAL = f"(?:[0-9０-９]+|[{KANJI_NUMERALS}]+)"
_BLOCK = re.compile(rf"\A\s*{_NUMERAL}丁目?")
_NUMBER = re.compile(rf"[0-9０-９]|[{KANJI_NUMERALS}]+(?=丁|番|号|地割|線|[のノ之ー－‐−―-]|\s*\Z)")
_HOKKAIDO = "北海道"
_FLOOR = re.compile(r"([0-9]+)(?:階|F(?![A-Z]))")
_DWELLINGS = re.compile(
    "マンション|ハイツ|コーポ|アパート|メゾン|団地|住宅|レジデンス|ハイム|コート|パレス|ヴィラ|シャトー|荘(?!園)|寮|[棟館]$"
)
_CARED_FOR = re.compile(
    "方$|様|気付|内$|病院|医院|クリニック|施設|ホーム|センター|事務所|会館|支援|法人|寄宿|宿泊|自立|母子"
)
_ROOM = re.compile(rf"[0-9A-Z]|[{KANJI_NUMERALS}]+(?:号|階)|室|[東西南北左右]側")
_PARTS_WITH_ROOM = 4
"""Numbers of an address from which on the last one is a room: 丁目, 番, 号, room."""
_NO_ABODE = re.compile(
    "(?:住所|居所|住居|住まい)(?:不定|不明|なし|無し)|定まった(?:住所|住居|居所)|路上|野宿|ホームレス|車上生活|公園(?:内|$)|河川敷|高架下|"
    "橋の下|駅構内|ネットカフェ"
)
_LOOK_ALIKE = re.compile(r"(?<=[0-9０-９])[‐‑‒–—―−﹣－ｰー〜～](?=[0-9０-９])")
_NEIGHBOURS = 2
"""Neighbours with a 方書 from which on a lot is one of several dwellings."""


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


def block_of_code(
    town: pd.Series, code: pd.Series, rest: pd.Series, agrees: pd.Series, *, postcodes: Postcodes
) -> pd.Series:
    """Where a town is divided between codes, the block is one of the code's own part (戸山, 西早稲田)."""
    divided = {each: _divided(each, postcodes) for each in code.unique()}
    answers = [
        not (is_agreed and (parts := divided[each].get(town_)))
        or (right := code_of_block(parts, address_number(text))) is None
        or right == each
        for town_, each, text, is_agreed in zip(town, code, rest, agrees, strict=True)
    ]
    return pd.Series(answers, index=town.index, dtype=bool)


def _divided(code: str, postcodes: Postcodes) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for place in postcodes.places(code):
        if place.town and not place.building and not place.office:
            found |= {
                town: parts for town, parts in postcodes.notes(place.prefecture, place.city).items() if code in parts
            }
    return found


def floor_of_code(
    town: pd.Series, code: pd.Series, rest: pd.Series, building: pd.Series, *, postcodes: Postcodes
) -> pd.Series:
    """A tower whose floors have codes of their own is written to with that of the floor."""
    towers = {each: _towers(each, postcodes) for each in code.unique()}
    answers = [
        not (known := towers[each].get(town_)) or _right_floor(known, each, f"{text}{building_}")
        for town_, each, text, building_ in zip(town, code, rest, building, strict=True)
    ]
    return pd.Series(answers, index=town.index, dtype=bool)


def _towers(code: str, postcodes: Postcodes) -> dict[str, dict[str, list[Floor]]]:
    """Return, for the towns of a code, the floors of each tower by the tower's folded name."""
    found: dict[str, dict[str, list[Floor]]] = {}
    for place in postcodes.places(code):
        if not place.office:
            for floor in postcodes.floors(place.prefecture, place.city):
                town = _town_of(floor, place, postcodes)
                found.setdefault(town, {}).setdefault(fold(floor.town[len(town) :]), []).append(floor)
    return found


def _town_of(floor: Floor, place: Place, postcodes: Postcodes) -> str:
    """Return the town that a tower stands in; its name begins with it."""
    towns = postcodes.towns(place.prefecture, place.city)
    return max((town for town in towns if floor.town.startswith(town)), key=len, default="")


def _right_floor(towers: dict[str, list[Floor]], code: str, text: str) -> bool:
    """Tell whether a text names no tower, or the floor of one that the code is of."""
    folded = fold(text)
    named = next((floors for name, floors in towers.items() if name and name in folded), None)
    if named is None:
        return True
    notes = [floor.note for floor in named if floor.code == code]
    floor = _FLOOR.search(folded)
    return bool(notes) and (floor is None or any(_says(note, floor[1]) for note in notes))


def _says(note: str, floor: str) -> bool:
    """Tell whether a floor is the note's; 階層不明 is everybody's."""
    found = re.search(r"([0-9]+)階", note)
    return found is None or found[1] == floor


def town_listed(code: pd.Series, *, postcodes: Postcodes) -> pd.Series:
    """The code is that of a town: one for all that the table does not list has no barcode."""
    unlisted = {
        each
        for each in code.unique()
        if (places := postcodes.places(each)) and all(place.representative for place in places)
    }
    return ~code.isin(unlisted)


def room_given(rest: pd.Series, building: pd.Series) -> pd.Series:
    """A building of several dwellings is named with the room."""

    def well(text: str, building: str) -> bool:
        name = unicodedata.normalize("NFKC", building).upper()
        if not _DWELLINGS.search(name) or _CARED_FOR.search(name) or _ROOM.search(name):
            return True
        return address_number(text).count("-") >= _PARTS_WITH_ROOM - 1

    answers = [not building_ or well(text, building_) for text, building_ in zip(rest, building, strict=True)]
    return pd.Series(answers, index=rest.index, dtype=bool)


def fixed_abode(address: pd.Series, rest: pd.Series, building: pd.Series) -> pd.Series:
    """Nothing says that the household lives nowhere in particular, so that no letter finds it."""
    return pd.Series(
        [
            not (_NO_ABODE.search(text or address_) or _NO_ABODE.search(building_))
            for address_, text, building_ in zip(address, rest, building, strict=True)
        ],
        index=address.index,
        dtype=bool,
    )


def plain_numbers(*texts: pd.Series) -> pd.Series:
    """No sign that only looks like a hyphen stands between two digits; it is printed as received."""
    well = pd.Series(data=True, index=texts[0].index)
    for text in texts:
        well &= text.map(lambda each: _LOOK_ALIKE.search(each) is None).astype(bool)
    return well


def lot(town: pd.Series, rest: pd.Series) -> pd.Series:
    """Return a key of the lot that a building stands on, empty where it is not known."""
    keys = [
        f"{town_}\0{number}" if town_ and (number := address_number(text)) else ""
        for town_, text in zip(town, rest, strict=True)
    ]
    return pd.Series(keys, index=town.index, dtype=object)


def building_where_neighbours_have_one(lot: pd.Series, building: pd.Series) -> pd.Series:
    """A 方書 is there if it is for several others on the same lot."""
    with_building = lot[(building != "") & (lot != "")].value_counts()
    several = set(with_building[with_building >= _NEIGHBOURS].index)
    return (building != "") | ~lot.isin(several)
