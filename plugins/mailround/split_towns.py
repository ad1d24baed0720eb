"""Towns that are divided between postcodes: which block belongs to which code, by the notes of the postcode table.

戸山 is 169-0052 for 「3丁目18・21番」 and 162-0052 for 「その他」; 豊田 is 191-0053 where it has 丁目 and 191-0051
where it has not. Names of places in a note, and forms not understood here, say nothing of a block.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mailround.addresses import Block

Path = tuple[int, ...]
"""Numbers from the largest part of an address to the smallest, behind its 丁目: 番, 号 or 番地, 枝番."""

_REST = "その他"
_HAS_CHOME = {"丁目": True, "番地": False, "大字": False}
"""Notes that divide a town by whether its addresses have 丁目."""
_FEW = 2
"""Numbers of a block written with hyphens that can be 丁目 and 番 as well as 番地 and 枝番."""
_EXCEPT = "を除く"

_PLAIN = str.maketrans({"−": "-", **{chr(0xFF10 + digit): str(digit) for digit in range(10)}})
_ASIDE = re.compile(r"\([^)]*\)|〔[^〕]*〕|「[^」0-9]*」")
_UNDER_ONE = re.compile(r"([0-9]+の)([0-9]+(?:・[0-9]+)+)")
"""「4の2・4・6」: 4-2, 4-4 and 4-6."""
_ITEM = re.compile(r"(?:[^、・「]|「[^」]*」)+")
_DIVISION = "丁目|丁|地割"
_PATH = r"[0-9]+(?:(?:番地の?|番|-|の)[0-9]+)*"
_FORM = re.compile(
    rf"(?:(?:第?(?P<first>[0-9]+)(?:{_DIVISION})?〜)?第?(?P<last>[0-9]+)(?P<division>{_DIVISION}))?"
    rf"(?:(?P<low>{_PATH})(?:番地|番|号)?(?:(?P<on>〜)(?P<high>{_PATH})?)?)?"
    r"(?P<unit>番地|番|号)?(?P<open>以上|以降|以下)?(?:「(?P<aside>[^」]*)」(?P<but>以外)?)?"
)
_NUMBER = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class Claim:
    """Blocks that a note gives to its code: of some 丁目 (or 地割), of a range of numbers in them, or of any.

    ``low`` and ``high`` are included, with all that is numbered below them; None is open. ``but`` is left out.
    """

    division: str = ""
    first: int = 0
    last: int = 0
    low: Path | None = None
    high: Path | None = None
    but: tuple[Claim, ...] = ()

    def holds(self, block: Block) -> bool | None:
        """Tell whether a block is claimed; None where it is not written out, or can be read in two ways."""
        numbers, ambiguous = block.numbers, False
        if self.division:
            if block.division not in {"", self.division} or not self.first <= numbers[0] <= self.last:
                return False
            ambiguous = not block.division and len(numbers) <= _FEW
            numbers = numbers[1:]
        elif block.division in {"丁目", "地割"}:
            return False
        left_out = [each.holds(block) for each in self.but]
        answers = [_compare(numbers, self.low, 1), _compare(numbers, self.high, -1)]
        if False in answers or True in left_out:
            return False
        return None if ambiguous or None in answers or None in left_out else True


def _compare(numbers: Path, bound: Path | None, sign: int) -> bool | None:
    """Tell whether numbers are at least (sign 1) or at most (-1) a bound; None if they stop before that is decided."""
    for number, other in zip(numbers, bound or (), strict=False):
        if number != other:
            return (number - other) * sign > 0
    return True if len(numbers) >= len(bound or ()) else None


@dataclass(frozen=True, slots=True)
class Part:
    """The blocks that a note names; ``complete`` tells whether that is all it says."""

    claims: tuple[Claim, ...]
    complete: bool


@lru_cache(maxsize=4096)
def read_note(note: str) -> Part:
    """Return the blocks that a note of the table names: 「2丁目1番1〜23号、2番」 are 2-1-1 to 2-1-23, and 2-2."""
    text = _ASIDE.sub("", note.translate(_PLAIN)).replace("及び", "、")
    text = _UNDER_ONE.sub(lambda match: "、".join(match[1] + each for each in match[2].split("・")), text)
    if text.endswith(_EXCEPT):
        inner = read_note(text.removesuffix(_EXCEPT))
        return Part((Claim(but=inner.claims),), complete=True) if inner.complete else Part((), complete=False)
    items = [(item, _FORM.fullmatch(item)) for item in _ITEM.findall(text)]
    forms = [form for _, form in items if form]
    claims: list[Claim] = []
    within = Claim()
    under_name = False
    """The numbers of a place, as in 「猫屋敷329〜356」, are not those of the town."""
    for item, form in items:
        if form is None:
            under_name = under_name or bool(_NUMBER.search(item))
            continue
        claim = None if under_name and not form["division"] else _claim(form, within, forms[forms.index(form) + 1 :])
        if claim:
            claims.append(claim)
        if claim and form["division"]:
            within, under_name = Claim(claim.division, claim.first, claim.last), False
    return Part(tuple(claims), complete=bool(items) and len(claims) == len(items))


def _claim(form: re.Match[str], within: Claim, following: Sequence[re.Match[str]]) -> Claim | None:
    """Return what one item of a note claims; units and 丁目 may stand with a later or an earlier one."""
    if form["division"]:
        within = Claim(_division(form), int(form["first"] or form["last"]), int(form["last"]))
    elif not form["low"]:
        return None
    low = _path(form["low"])
    high = _path(form["high"]) if form["high"] else low
    unit = next((each for each in following if each["division"] or each["unit"]), None)
    if not form["division"] and not form["unit"] and unit and unit["division"] and not unit["low"]:
        return Claim(_division(unit), low[0], high[0])
    if len(high) < len(low) and not (form["unit"] == "番地" and high > low):
        high = (*low[: len(low) - len(high)], *high)
    bounds: tuple[Path | None, Path | None] = (low or None, high or None)
    if form["open"] == "以下":
        bounds = (None, low)
    elif form["open"] or (form["on"] and not form["high"]):
        bounds = (low, None)
    claim = replace(within, low=bounds[0], high=bounds[1])
    left_out = form["aside"] or ""
    if not form["but"] and not left_out.endswith(_EXCEPT):
        return claim
    inner = read_note(left_out.removesuffix(_EXCEPT))
    named = (each if each.division else replace(within, low=each.low, high=each.high) for each in inner.claims)
    return replace(claim, but=tuple(named)) if inner.complete else None


def _division(form: re.Match[str]) -> str:
    return "丁目" if form["division"] == "丁" else form["division"]


def _path(text: str | None) -> Path:
    return tuple(int(each) for each in _NUMBER.findall(text or ""))


def code_of_block(notes: Mapping[str, Collection[str]], block: Block | None) -> str | None:
    """Return the code of a divided town that a block belongs to, None when the notes do not tell.

    Args:
        notes: What the table says of each code's parts of the town.
        block: The numbers behind the town; None when something else stands there.
    """
    if block is None:
        return None
    answers = {code: [_answer(each, block) for each in texts if each != _REST] for code, texts in notes.items()}
    named = [code for code, each in answers.items() if True in each]
    undecided = any(None in each and True not in each for each in answers.values())
    if named or undecided:
        return named[0] if len(named) == 1 and not undecided else None
    rest = [code for code, texts in notes.items() if _REST in texts]
    understood = all(_understood(each) for texts in notes.values() for each in texts)
    return rest[0] if len(rest) == 1 and understood else None


def _answer(note: str, block: Block) -> bool | None:
    if note in _HAS_CHOME:
        return None if not block.division else (block.division == "丁目") is _HAS_CHOME[note]
    answers = [claim.holds(block) for claim in read_note(note).claims]
    return True if True in answers else None if None in answers else False


def _understood(note: str) -> bool:
    return note == _REST or note in _HAS_CHOME or read_note(note).complete
