"""Composition: which text stands where on the pages of a piece, by the fields of its template.

Sizes are points, positions points from the page's bottom left corner, as PDF has it. A text is broken into lines but
never changed: the lines of a field, put together, are its text without the line breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol

from mailround.eras import write_era
from mailround.errors import PrintError
from mailround.fonts import split_units
from mailround.model import AID_KINDS, Addressee, Decision, Piece, Population, Recipient
from mailround.templates import Field, Sheet, Template, folded, words_kept_from

POINTS = 72 / 25.4
"""Points in a millimetre."""

_ASCENT = 0.88
"""Top of the em box above the baseline, in em."""
_REMEMBERED = 4096
"""Placed texts a composer remembers; a round has more, but not many that recur."""
_STEP = 0.5
_SLACK = 0.01
"""Points a line may be wider than its box: sums of rounded widths."""

_NO_START = frozenset(
    "、。，．・：；？！）」』】〉》〕］｝〙〗〟’”»)]},.:;?!‐–〜～々〻ゝゞヽヾ゛゜"
    "ーｰぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
    "様"  # the title stays with the name
)
_NO_END = frozenset("（「『【〈《〔［｛〘〖〝‘“«([{〒￥¥＄$№△第")
_TWINS = frozenset("―—…‥")
"""Signs that are written twice and read as one."""
_BLANKS = frozenset(" \u3000\u00a0")
_RUN = re.compile(r"[0-9０-９A-Za-zÀ-ɏァ-ヺー,.'’%％-]")
"""Characters of numbers, Latin and katakana words, which stay together."""
_NUMERAL = re.compile(r"[0-9０-９〇一二三四五六七八九十百千万]")
_UNITS = frozenset("円人歳年月日か箇ヶヵ回条項号番丁階件分時％%℃㎡")
"""What says what a number counts, and stays with its last digit."""
LINE_BREAK = re.compile(r"(\r\n|\r|\n)")


class Line(NamedTuple):
    """One line of text and the start of its baseline."""

    x: float
    y: float
    size: float
    text: str


Page = tuple[Line, ...]


class _Placed(NamedTuple):
    """A field's text on a page, and what of it goes on elsewhere."""

    lines: Page
    left_over: str


def values(piece: Piece, template: Template, issue_date: date) -> dict[str, str]:
    """Return what the record says, as printed, by the names a template may use; page numbers come with the pages."""
    return {"piece_id": piece.piece_id, **household_values(piece.recipient, piece.to, template, issue_date)}


def household_values(recipient: Recipient, to: Addressee, template: Template, issue_date: date) -> dict[str, str]:
    """Return the values that are known before there is a piece."""
    digits = "".join(filter(str.isdecimal, to.postcode))
    known = {
        "postcode": f"{digits[:3]}-{digits[3:]}",
        "address": to.address,
        "building": to.building,
        "addressee": to.name,
        "on_behalf": f"（{to.on_behalf_of}　様分）" if to.on_behalf_of else "",
        "head": recipient.name,
        "case_no": recipient.case_no,
        "district": recipient.district,
        "issue_date": write_era(issue_date, long=True),
    }
    if recipient.decision:
        known |= _decision_values(recipient.decision, template)
    return known


def _decision_values(decision: Decision, template: Template) -> dict[str, str]:
    dates = {
        "decision_date": decision.decision_date,
        "effective_date": decision.effective_date,
        "payment_date": decision.payment_date,
    }
    if absent := [name for name, day in dates.items() if day is None]:
        raise PrintError(
            f"日付のない決定があり、通知書を作成できません（項目：{'、'.join(absent)}）。",
            "データ検査からやり直し、その世帯を保留にしてください。",
        )
    amounts = {
        **{kind: pair for kind, *pair in zip(AID_KINDS, decision.before, decision.after, strict=True)},
        "income": [decision.income_before, decision.income_after],
        "total": [decision.total_before, decision.total_after],
    }
    return {
        "document_no": decision.document_no,
        "payment_method": template.texts[f"payment_{decision.payment_method}"],
        "reason": decision.reason,
        **{name: write_era(day, long=True) for name, day in dates.items() if day},
        **{f"before_{what}": yen(before) for what, (before, _) in amounts.items()},
        **{f"after_{what}": yen(after) for what, (_, after) in amounts.items()},
        **{f"difference_{what}": yen(after - before) for what, (before, after) in amounts.items()},
    }


def numbering(template: Template, page: int, pages: int) -> dict[str, str]:
    """Return the values that only a page of a composed piece has."""
    goes_on = template.texts.get("goes_on", "") if page < pages else ""
    return {"page": str(page), "pages": str(pages), "continued": goes_on}


def yen(amount: int) -> str:
    """Return an amount as Japanese offices write it: thousands separated, △ before a negative one."""
    return f"{amount:,}" if amount >= 0 else f"△{-amount:,}"


class Widths(Protocol):
    """The part of a font that composing needs."""

    def width(self, text: str) -> float:
        """Return the width of a text in em."""
        ...

    def widths(self, units: Iterable[str]) -> list[float]:
        """Return the width of each unit in em."""
        ...


class Composer:
    """Composes pieces with one template and one font."""

    def __init__(self, template: Template, font: Widths) -> None:
        """Keep what does not change from piece to piece."""
        self._font = font
        self._template = template
        # Most texts of a page stand on many: amounts of nothing, dates, ways of payment.
        self._placed = lru_cache(maxsize=_REMEMBERED)(self._place)

    def static(self, sheet: Sheet) -> Page:
        """Return the lines that are the same on every such page.

        Raises:
            PrintError: A text of the template does not fit its box.
        """
        lines: list[Line] = []
        for name, (field, wording) in self._template.still.items():
            if field.shown_on(sheet):
                lines += self._placed(name, wording.format()).lines
        return tuple(lines)

    def pages(self, piece: Piece, known: Mapping[str, str]) -> tuple[Page, ...]:
        """Return the variable lines of every page of a piece.

        Args:
            piece: Whose notice it is.
            known: Its `values`.

        Raises:
            PrintError: A text does not fit its box, or carries a word such a piece must not; names the field and the
                piece's number, never the text.
        """
        try:
            self._refuse_words(piece, known)
            return self._pages(known)
        except PrintError as error:
            raise PrintError(f"通し番号 {piece.seq} を印刷できません。{error.happened}", error.remedy) from None

    def misfits(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """Return the fields whose text does not fit its box, for which `pages` raises; in print order."""
        return tuple(
            name
            for page in self._texts(known)
            for name, field, text in page
            if _overflows(field, *fit(field, text, self._font))
        )

    def _pages(self, known: Mapping[str, str]) -> tuple[Page, ...]:
        return tuple(
            tuple(line for name, _, text in page for line in self._placed(name, text).lines)
            for page in self._texts(known)
        )

    def _texts(self, known: Mapping[str, str]) -> Iterator[list[tuple[str, Field, str]]]:
        """Yield the moving fields of every page with their texts."""
        moving = self._template.moving
        rest = {
            field.continues: self._placed(name, wording.format_map(known)).left_over
            for name, (field, wording) in moving.items()
            if field.continues
        }
        sheets: list[Sheet] = ["first", "more"] if any(rest.values()) else ["first"]
        for number, sheet in enumerate(sheets, 1):
            numbered = {**known, **numbering(self._template, number, len(sheets))}
            yield [
                (name, field, rest[name] if name in rest else wording.format_map(numbered))
                for name, (field, wording) in moving.items()
                if field.shown_on(sheet)
            ]

    def _place(self, name: str, text: str) -> _Placed:
        field = self._template.fields[name]
        size, broken = fit(field, text, self._font)
        room = _room(field, size)
        if _overflows(field, size, broken):
            raise PrintError(
                f"項目「{name}」の文字が枠に収まりません。",
                "その世帯を保留にするか、様式（include/templates）の枠の大きさを見直してください。",
            )
        pitch = size * field.leading
        spare = field.h * POINTS - size - pitch * (min(len(broken), room) - 1)
        top = field.y * POINTS + {"top": 0, "middle": spare / 2, "bottom": spare}[field.valign]
        left = field.x * POINTS
        begins = True
        lines = []
        for row, line in enumerate(broken[:room]):
            shown = LINE_BREAK.sub("", line)
            x = left if begins else left + field.hang * size
            if field.align != "left":
                spare = field.w * POINTS - self._font.width(shown) * size
                x = left + (spare if field.align == "right" else spare / 2)
            if shown.strip():
                baseline = self._template.height * POINTS - top - row * pitch - _ASCENT * size
                lines.append(Line(x, baseline, size, shown))
            begins = shown != line
        return _Placed(tuple(lines), "".join(broken[room:]))

    @staticmethod
    def _refuse_words(piece: Piece, known: Mapping[str, str]) -> None:
        if words := refused_words(piece.recipient.population, known):
            raise PrintError(
                f"支援給付の通知に書いてはならない語（{'、'.join(words)}）がデータに含まれています。",
                "福祉システムで理由等の文言を直してデータを作り直すか、その世帯を保留にしてください。",
            )


def refused_words(population: Population, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words among a household's values that nothing printed for its population may carry."""
    words = words_kept_from(population)
    whole = folded("\n".join(known.values())) if words else ""
    return tuple(word for word in words if folded(word) in whole)


def fit(field: Field, text: str, font: Widths) -> tuple[float, list[str]]:
    """Return the size and the lines, line breaks kept at their ends: as large as one line allows, else wrapped.

    There may be more lines than the box has room for: at full size where they go on elsewhere, else at the smallest.
    """
    if not text:
        return field.size, []
    sizes = [field.size]
    while field.min_size is not None and sizes[-1] > field.min_size:
        sizes.append(max(sizes[-1] - _STEP, field.min_size))
    room = field.w * POINTS + _SLACK
    if not LINE_BREAK.search(text):
        width = font.width(text)
        for size in sizes:
            if width * size <= room:
                return size, [text]
    broken: list[str] = []
    for size in sizes:
        broken = wrap(text, room / size, font, hang=field.hang)
        if len(broken) <= _room(field, size):
            return size, broken
    if field.continues:
        return field.size, wrap(text, room / field.size, font, hang=field.hang)
    return sizes[-1], broken


def fits(field: Field, text: str, font: Widths) -> bool:
    """Tell whether the whole text finds room in the field's own box."""
    size, lines = fit(field, text, font)
    return len(lines) <= _room(field, size)


def _overflows(field: Field, size: float, broken: list[str]) -> bool:
    """Tell whether lines of a size neither have room in their box nor go on elsewhere."""
    return len(broken) > _room(field, size) and not field.continues


def _room(field: Field, size: float) -> int:
    """Return how many lines of a size a box holds; the last one needs its em only."""
    return max(0, int((field.h * POINTS + _SLACK - size) / (size * field.leading)) + 1)


def wrap(text: str, width: float, font: Widths, *, hang: float = 0) -> list[str]:
    """Break a text into lines of at most so many em, by the basic rules of Japanese line breaking (禁則).

    Numbers, Latin and katakana words stay together where a line can hold them; blanks at a line's end hang out of it.
    """
    lines: list[str] = []
    parts = [*LINE_BREAK.split(text), ""]
    for paragraph, line_break in zip(parts[::2], parts[1::2], strict=True):
        units = split_units(paragraph)
        widths = font.widths(units)
        start = 0
        while start < len(units):
            room = width - (hang if start else 0)
            end = start
            while end < len(units) and (room >= widths[end] or end == start):
                room -= widths[end]
                end += 1
            end = _break_before(units, start, end)
            lines.append("".join(units[start:end]))
            start = end
        if units or line_break:
            lines.append((lines.pop() if units else "") + line_break)
    return lines


def _break_before(units: list[str], start: int, end: int) -> int:
    """Return the last place up to ``end`` before which a line may be broken; where there is none, within a word."""
    while end < len(units) and units[end] in _BLANKS:
        end += 1
    if end == len(units):
        return end
    allowed = [place for place in range(end, start, -1) if _may_break(units[place - 1], units[place])]
    between_words = [place for place in allowed if not _in_a_word(units[place - 1], units[place])]
    return next(iter(between_words or allowed), end)


def _may_break(last: str, first: str) -> bool:
    twins = first == last and first in _TWINS
    return first not in _NO_START and first not in _BLANKS and last not in _NO_END and not twins


def _in_a_word(last: str, first: str) -> bool:
    counted = _NUMERAL.match(last) and (first in _UNITS or _NUMERAL.match(first))
    return bool(counted or (_RUN.match(last) and _RUN.match(first)))
