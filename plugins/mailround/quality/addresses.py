"""Questions about where a piece goes. True where all is well.

``splits`` is what `split` returns: the address cut behind its town.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from mailround.addresses import KANJI_NUMERALS, TownSplit, block_of, fold, split_town
from mailround.barcodes import address_number
from mailround.postcodes import Postcodes, seven_digits
from mailround.split_towns import code_of_block

_NUMERAL = f"(?:[0-9０-９]+|[{KANJI_NUMERALS}]+)"
_CHOME = re.compile(rf"\A\s*{_NUMERAL}丁目?")
_NUMBER = re.compile(rf"[0-9０-９]|[{KANJI_NUMERALS}]+(?=丁|番|号|地割|線|[のノ之ー－‐−―-]|\s*\Z)")
_NO_NUMBER = "無番地|番外地"
"""Words of a lot that has none: 国有無番地."""
_HOKKAIDO = "北海道"

_FLOOR = re.compile(r"(B|地下)?([0-9]+)(?:階|F(?![A-Z]))")
_NOTE_OF_FLOOR = re.compile("([0-9]+)階")

_DWELLINGS = re.compile(
    "マンション|ハイツ|コーポ|アパート|メゾン|団地|住宅(?![地展])|レジデンス|ハイム|コート|パレス|ヴィラ|VILLA|ビラ|シャトー|"
    r"フラット|カーサ|ハウス|ドエル|荘(?!園)|寮|ビルディング|ビル(?!ダ)|[0-9A-Z]号?[棟館]\Z"
)
_ONE_DOOR = re.compile(
    r"方(?:\Z|\s)|様|気付|内\Z|病院|医院|診療所|クリニック|施設|ホーム|センター|事務所|出張所|役所|会館|支援|法人|寄宿|宿泊|宿所|"
    r"自立|更生|保護|婦人|母子|学校|教会\Z|寺\Z|神社\Z|旅館|ホテル|カプセル|サウナ|管理人|管理室|一戸建|貸家|借家|店舗|工場|シェア|会社|[(][株有]"
)
"""Someone's or an institution's own door: no room is to be expected behind its name."""
_ROOM = re.compile(
    rf"[0-9]|(?!(?:[IVX]+\Z))[A-Z]|[{KANJI_NUMERALS}]+(?:号|階|F)|[{KANJI_NUMERALS}]{{2,}}(?=\s|\Z)|室|[上下左右東西南北前奥][側端]?\Z|離れ|[ァ-ヶ]号"
)
"""What names a room behind the building; the Roman number of a building does not."""
_ROOM_FIRST = re.compile(r"\A[A-Z]?[0-9]+(?:号室?|階|F)?\s")
_BLOCK_AND_ROOM = 4
"""Numbers of an address from which on the last one is a room: 丁目, 番, 号, room."""

_AT = r"(?:\A|(?<=[\s0-9番号地目（(、・先]))"
_NO_ABODE = re.compile(
    r"(?:住所|居所|住居|住まい|居住)地?(?:は|が|の)?\s*(?:不定|不明|不詳|未定|なし|無し|無(?![一-龥])|定まら|特定せず)|"
    r"定まった(?:住所|住居|居所|住まい)|ホームレス|無宿|転々|\A(?:不定|なし|無し)\Z|"
    r"(?:\A|[区市町村])内路上|"
    rf"{_AT}(?:路上(?:生活|にて|で|等|\Z|[\s）)])|野宿|車上生活|車中(?:泊|生活)|河川敷|現在地保護|テント(?:生活|\Z))|"
    r"河川敷(?:内|\Z)|(?:高架|ガード)下(?:\Z|[\s）)])|地下道(?:\Z|[\s）)])|橋の?下(?:\Z|[\s）)])|駅構内|(?:駅|口|園|川|橋)(?:周辺|付近|近辺)|(?:ネット|インターネット|まんが|漫画)(?:カフェ|ルーム|喫茶)"
)
_IN_PARK = re.compile(rf"{_AT}[一-龥々ヶケノの]{{0,10}}公園(?:内|付近|周辺|\Z|[\s）)]+(?![\s0-9０-９]))")
"""A park itself; 公園通り, 公園前ビル and パークハウス戸山公園 are not one."""

_DIGIT = f"0-9０-９{KANJI_NUMERALS}"
_LOOK_ALIKE = re.compile(
    rf"(?<=[{_DIGIT}])[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0dー\uff70〜～\u2500\u2501](?=[{_DIGIT}])|"
    "(?<=[目番地号])[\u2010-\u2015\u2043\u2212\ufe58\ufe63ー\uff70\u2500\u2501](?=[0-9０-９])|"
    "(?<=[0-9０-９])[一oOｏＯlIｌＩ○◯〇](?=[0-9０-９])|(?<=[目番地])[oOｏＯlIｌＩ](?=[0-9０-９番号])"
)
"""Dashes, minus, the full-width hyphen, the long-vowel mark, rules, waves and 一; letters and circles for 0 and 1."""

_NEIGHBOURS = 2
"""Neighbours with a 方書 from which on a lot is one of several dwellings."""


def code_of(postcode: pd.Series) -> pd.Series:
    """Return the seven digits of a postcode, empty for a malformed one."""
    codes = {text: seven_digits(text) or "" for text in postcode.unique()}
    return postcode.map(codes).astype(object)


def split(address: pd.Series, postcode: pd.Series, postcodes: Postcodes) -> pd.DataFrame:
    """Return, for each address, its ``town``, its own text after it (``rest``), and whether the postcode ``agrees``.

    A postcode may be one as written or seven digits; with a malformed one nothing is recognised.
    """
    found: dict[tuple[str, str], TownSplit] = {}
    splits = []
    for pair in zip(address, postcode, strict=True):
        known = found.get(pair)
        if known is None:
            known = found[pair] = split_town(*pair, postcodes)
        splits.append(known)
    return pd.DataFrame(
        {
            "town": pd.Series([each.town for each in splits], index=address.index, dtype=object),
            "rest": pd.Series([each.rest for each in splits], index=address.index, dtype=object),
            "agrees": np.array([each.agrees for each in splits], dtype=bool),
        },
        index=address.index,
    )


def residence_key(town: pd.Series, rest: pd.Series, address: pd.Series, building: pd.Series) -> pd.Series:
    """Return a key under which one home, however it is written, is equal; empty without an address.

    It is town and number, parted by NUL, or the folded address and 方書 where there is no town or no number.
    """
    keys = [
        f"{town_}\0{number}"
        if town_ and (number := address_number(f"{rest_}　{building_}"))
        else f"{fold(address_)}\0{fold(building_)}".strip("\0")
        for town_, rest_, address_, building_ in zip(town, rest, address, building, strict=True)
    ]
    return pd.Series(keys, index=address.index, dtype=object)


def lot(town: pd.Series, rest: pd.Series, building: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return a key of the lot that each home stands on, and whether its dwelling (方書, room) is given.

    The key is town and number without 方書, parted by NUL, wherever the 方書 was written; empty where no number follows
    the town.
    """
    keys, given = [], []
    for town_, text, building_ in zip(town, rest, building, strict=True):
        block = block_of(text) if town_ else None
        keys.append(f"{town_}\0{'-'.join(map(str, block.numbers))}" if block else "")
        given.append(bool(building_.strip() or (block and _BEHIND.search(text, block.end))))
    return pd.Series(keys, index=town.index, dtype=object), pd.Series(given, index=town.index, dtype=bool)


_BEHIND = re.compile(r"\w")


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
        bool(_NUMBER.search(text if each in northern else _CHOME.sub("", text, count=1)))
        for text, each in zip(rest, code, strict=True)
    ]
    without = (address.str.strip() == "") | address.str.contains(_NO_NUMBER)
    return pd.Series(numbers, index=rest.index, dtype=bool) | without


def block_of_code(
    town: pd.Series, code: pd.Series, rest: pd.Series, agrees: pd.Series, *, postcodes: Postcodes
) -> pd.Series:
    """Where a town is divided between codes, the block is one of the code's own part (戸山, 西早稲田)."""
    divided = {each: _divided(each, postcodes) for each in code.unique()}
    answers = [
        not (is_agreed and (parts := divided[each].get(town_)))
        or (right := code_of_block(parts, block_of(text))) is None
        or right == each
        for town_, each, text, is_agreed in zip(town, code, rest, agrees, strict=True)
    ]
    return pd.Series(answers, index=town.index, dtype=bool)


@lru_cache(maxsize=2048)
def _divided(code: str, postcodes: Postcodes) -> dict[str, Mapping[str, frozenset[str]]]:
    """Return the divided towns that a code has a part of; that of an office or a tower has none."""
    found: dict[str, Mapping[str, frozenset[str]]] = {}
    for place in postcodes.places(code):
        parts = postcodes.notes(place.prefecture, place.city).get(place.town, {})
        if code in parts:
            found[place.town] = parts
    return found


def floor_of_code(
    town: pd.Series, code: pd.Series, rest: pd.Series, building: pd.Series, *, postcodes: Postcodes
) -> pd.Series:
    """A tower whose floors have codes of their own is written to with that of the floor.

    The code for 地階・階層不明 is well for every floor, and any of the tower's where no floor is named.
    """
    cities = {
        each: {(place.prefecture, place.city) for place in postcodes.places(each) if not place.office}
        for each in code.unique()
    }
    towers = {city: _towers(*city, postcodes) for city in set().union(*cities.values())}
    with_towers = {each: frozenset().union(*(towers[city] for city in of_code)) for each, of_code in cities.items()}
    answers = [
        town_ not in with_towers[each]
        or all(
            _right_floor(known, each, f"{text}　{building_}")
            for city in cities[each]
            if (known := towers[city].get(town_))
        )
        for town_, each, text, building_ in zip(town, code, rest, building, strict=True)
    ]
    return pd.Series(answers, index=town.index, dtype=bool)


@lru_cache(maxsize=2048)
def _towers(prefecture: str, city: str, postcodes: Postcodes) -> dict[str, dict[str, dict[str, str]]]:
    """Return the towers of a city by town and folded name, the longest name first: codes with their notes."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    towns = sorted(postcodes.towns(prefecture, city), key=len, reverse=True)
    for floor in postcodes.floors(prefecture, city):
        town = next((each for each in towns if floor.town.startswith(each)), "")
        found.setdefault(town, {}).setdefault(fold(floor.town[len(town) :]), {})[floor.code] = floor.note
    return {
        town: dict(sorted(names.items(), key=lambda item: len(item[0]), reverse=True)) for town, names in found.items()
    }


def _right_floor(towers: Mapping[str, Mapping[str, str]], code: str, text: str) -> bool:
    """Tell whether a text names no tower, or the floor of one that the code is of."""
    folded = fold(text)
    name = next((each for each in towers if each and each in folded), None)
    if name is None:
        return True
    note = towers[name].get(code)
    if note is None:
        return False
    of_code, floor = _NOTE_OF_FLOOR.search(note), _FLOOR.search(folded.partition(name)[2])
    return of_code is None or floor is None or (not floor[1] and floor[2] == of_code[1])


def town_listed(code: pd.Series, *, postcodes: Postcodes) -> pd.Series:
    """The code is that of a town: one for all that the table does not list has no barcode."""
    unlisted = {
        each
        for each in code.unique()
        if (places := postcodes.places(each)) and any(place.representative for place in places)
    }
    return ~code.isin(unlisted)


def room_given(rest: pd.Series, building: pd.Series) -> pd.Series:
    """A building of several dwellings is named with the room.

    An institution, someone's household (方) and a room that stands with the number of the lot (1-2-3-101) are well.
    """
    names = {each: _without_room(each) for each in building.unique()}
    answers = [
        not names[building_] or address_number(text).count("-") >= _BLOCK_AND_ROOM - 1
        for text, building_ in zip(rest, building, strict=True)
    ]
    return pd.Series(answers, index=rest.index, dtype=bool)


def _without_room(building: str) -> bool:
    name = unicodedata.normalize("NFKC", building).strip().upper()
    ends = [match.end() for match in _DWELLINGS.finditer(name)]
    if not ends or _ONE_DOOR.search(name) or _ROOM_FIRST.search(name):
        return False
    return not _ROOM.search(name, ends[-1])


def fixed_abode(rest: pd.Series, building: pd.Series) -> pd.Series:
    """Nothing behind the town says that the household lives nowhere in particular, so that no letter finds it."""
    known: dict[str, bool] = {"": True}
    for text in (rest, building):
        for each in text.unique():
            numbers = each.isascii() and each.replace("-", "").isdigit()
            known[each] = numbers or not (_NO_ABODE.search(each) or _IN_PARK.search(each))
    return rest.map(known).astype(bool) & building.map(known).astype(bool)


def plain_numbers(*texts: pd.Series) -> pd.Series:
    """No sign that only looks like a hyphen or a digit stands in a number; it is printed as received."""
    well = pd.Series(data=True, index=texts[0].index)
    for text in texts:
        well &= ~text.str.contains(_LOOK_ALIKE)
    return well


def building_missing(lot: pd.Series, dwelling_given: pd.Series) -> pd.Series:
    """The dwelling is given if it is for several others on the same lot; the arguments are what `lot` returns."""
    with_dwelling = lot[dwelling_given & (lot != "") & (lot != 0)].value_counts()
    several = set(with_dwelling[with_dwelling >= _NEIGHBOURS].index)
    return dwelling_given | ~lot.isin(several)
