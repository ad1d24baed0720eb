"""What is another in one template than in another, in Japanese, and where on the pages it stands.

Found by walking the models, so that whatever a template can say is compared. What belongs to one text, field or other
item is one change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from pydantic import BaseModel

from mailround.characters import SELECTORS
from mailround.envelopes import Box, Envelope, Window
from mailround.envelopes import Sheet as FoldedSheet
from mailround.templates import (
    Approval,
    CustomerBarcode,
    Field,
    Grid,
    InserterMark,
    Seal,
    Sheet,
    Template,
    placeholders,
)

TITLES = {
    "texts": "文言",
    "approvals": "文言の承認",
    "required": "必須の語",
    "seal": "印影",
    "fields": "項目",
    "grids": "罫線",
    "barcode": "カスタマバーコード",
    "mark": "封入機用のマーク",
    "envelope": "封筒",
    "width": "用紙の幅（mm）",
    "height": "用紙の高さ（mm）",
    "margin": "印字できない余白（mm）",
}
"""What a template is made of, in the order in which it is told: words first."""
_CORNER = {"x": "左から（mm）", "y": "上から（mm）"}
_BOX = _CORNER | {"w": "幅（mm）", "h": "高さ（mm）"}
_SIZE = {"width": "幅（mm）", "height": "高さ（mm）"}
WORDS: dict[type[BaseModel], dict[str, str]] = {
    Field: {"text": "印字する文", "sheet": "印字する頁"}
    | _BOX
    | {
        "size": "文字の大きさ（pt）",
        "min_size": "縮める限度（pt）",
        "align": "左右の揃え",
        "valign": "上下の揃え",
        "leading": "行送り（字）",
        "hang": "2行目からの字下げ（字）",
        "window": "窓から見せる",
        "continues": "続きの項目",
        "each": "扶助ごとの繰返し",
        "pitch": "繰返しの間隔（mm）",
    },
    Grid: _CORNER
    | {"sheet": "印字する頁", "columns": "列の幅（mm）", "rows": "行の高さ（mm）", "line": "線の太さ（mm）"},
    CustomerBarcode: _CORNER | {"point": "大きさ（pt）"},
    InserterMark: _CORNER | {"module": "一目の大きさ（mm）"},
    Seal: _BOX | {"image": "ファイル", "png": "画像"},
    Approval: {"version": "版", "approved_by": "承認した所属", "approved_on": "承認日"},
    Envelope: _SIZE
    | {"name": "設定の名前", "title": "名称", "seam": "のりしろ（mm）", "window": "窓", "sheet": "用紙"},
    Window: _BOX,
    FoldedSheet: _SIZE | {"folds": "折り目（mm）"},
}
"""What people call each attribute of what a template is made of."""
_CHOICES = {
    "sheet": {"first": "1頁目", "more": "2頁目以降", "every": "全頁"},
    "align": {"left": "左", "center": "中央", "right": "右"},
    "valign": {"top": "上", "middle": "中央", "bottom": "下"},
}
_BEHIND = {"continued": ("goes_on",), "payment_method": ("payment_account", "payment_counter")}
"""Texts that reach a page as a value of the piece."""
_UNIT = re.compile(rf"[0-9０-９A-Za-z.,]+|.[{SELECTORS}]?", re.DOTALL)
"""What is not cut: a number or a Latin word, and a character with its variation selector."""
_LEAST_SAME = 3
"""Fewer units between two differences are told as changed with them: single letters found again are no reading."""


class Part(NamedTuple):
    """A stretch of what is said on one side, and whether the other side lacks it."""

    words: str
    changed: bool


class Place(NamedTuple):
    """Where on which pages something is printed."""

    sheets: tuple[Sheet, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Detail:
    """One attribute, on both sides; no parts where there is none. ``title`` is empty where the item is one value."""

    title: str
    before: tuple[Part, ...]
    now: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One item that differs, counted from 1.

    ``wording`` is what a field prints, that people know it by; places are only of what is printed.
    """

    number: int
    title: str
    wording: str
    details: tuple[Detail, ...]
    before: tuple[Place, ...]
    now: tuple[Place, ...]

    @property
    def sheets(self) -> frozenset[Sheet]:
        """On which pages it is printed, on either side; none of what is only said of a template."""
        return frozenset(sheet for place in (*self.before, *self.now) for sheet in place.sheets)


def template_diff(before: Template, now: Template) -> tuple[Change, ...]:
    """Return every item that differs between two templates; none when they say the same."""
    found: list[Change] = []
    for part, called in TITLES.items():
        old, new = _items(before, part), _items(now, part)
        for name in dict.fromkeys((*old, *new)):
            if details := tuple(_details(old.get(name), new.get(name))):
                title = f"{called}「{name}」" if name else called
                places = (tuple(_places(each, part, name)) for each in (before, now))
                wording = _wording(now, part, name) or _wording(before, part, name)
                found.append(Change(len(found) + 1, title, wording, details, *places))
    return tuple(found)


def _items(template: Template, part: str) -> Mapping[str, object]:
    """Return the items of a part by their names; what is there once has none."""
    value = getattr(template, part)
    return value if isinstance(value, dict) else {"": value}


def _details(old: object, new: object) -> Iterator[Detail]:
    """Yield each attribute that differs; of an item that one side lacks, all that it says in one."""
    if old is None or new is None:
        yield from _on_one_side(old, new)
        return
    before, now = dict(_leaves(old)), dict(_leaves(new))
    for title in dict.fromkeys((*before, *now)):
        one, other = before.get(title, ""), now.get(title, "")
        if one != other:
            yield Detail(title, *_parts(one, other))


def _on_one_side(old: object, new: object) -> Iterator[Detail]:
    """Yield what the one side says that the other lacks, all at once, but for what goes without saying."""
    sides = [
        "、".join(f"{title} {words}".strip() for title, words in _leaves(each, usual=False)) for each in (old, new)
    ]
    if any(sides):
        yield Detail("", *((Part(words, changed=True),) if words else () for words in sides))


def _leaves(value: object, title: str = "", attribute: str = "", *, usual: bool = True) -> Iterator[tuple[str, str]]:
    """Yield every single value that there is in something, with what it is called; the ``usual`` ones if wanted."""
    if isinstance(value, BaseModel):
        for name, word in WORDS[type(value)].items():
            own = getattr(value, name)
            if usual or own != type(value).model_fields[name].default:
                yield from _leaves(own, f"{title}の{word}" if title else word, name, usual=usual)
    elif value is not None:
        yield title, _said(value, attribute)


def _said(value: object, attribute: str) -> str:
    match value:
        case bytes():
            return f"{len(value):,} バイト、SHA-256 {hashlib.sha256(value).hexdigest()}"
        case bool():
            return "はい" if value else "いいえ"
        case float():
            return str(value).removesuffix(".0")
        case tuple():
            return "・".join(_said(each, attribute) for each in value)
    words = str(value)
    return _CHOICES.get(attribute, {}).get(words, words)


def _parts(before: str, now: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return both sides cut where they begin and cease to be the same."""
    old, new = _UNIT.findall(before), _UNIT.findall(now)
    same = [
        block
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        if block.size >= _LEAST_SAME
    ]
    return (
        tuple(_cut(old, [(block.a, block.size) for block in same])),
        tuple(_cut(new, [(block.b, block.size) for block in same])),
    )


def _cut(units: Sequence[str], same: Iterable[tuple[int, int]]) -> Iterator[Part]:
    end = 0
    for start, size in (*same, (len(units), 0)):
        for words, changed in (("".join(units[end:start]), True), ("".join(units[start : start + size]), False)):
            if words:
                yield Part(words, changed)
        end = start + size


def _wording(template: Template, part: str, name: str) -> str:
    item = _items(template, part).get(name)
    return template.wording(item) if isinstance(item, Field) else ""


def _places(template: Template, part: str, name: str) -> Iterator[Place]:
    if part == "texts":
        for field in template.fields.values():
            if name in _used(template, field.text):
                yield Place(_sheets(field.sheet), field.box)
        return
    match _items(template, part).get(name):
        case Field() | Grid() as item:
            yield Place(_sheets(item.sheet), item.box)
        case InserterMark() as mark:
            yield Place(_sheets("every"), mark.box)
        case CustomerBarcode() | Seal() as once:
            yield Place(_sheets("first"), once.box)


def _sheets(sheet: str) -> tuple[Sheet, ...]:
    return tuple(each for each in ("first", "more") if sheet in {each, "every"})


def _used(template: Template, text: str) -> set[str]:
    """Return the names of the template's own texts that a text puts in, however deep."""
    found: set[str] = set()
    for named in placeholders(text):
        for name in (named, *_BEHIND.get(named, ())):
            if name in template.texts:
                found |= {name} | _used(template, template.texts[name])
    return found
