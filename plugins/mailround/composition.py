"""Composition: which text stands where on the pages of a piece, by the fields of its template.

Sizes are points, positions points from the page's bottom left corner, as PDF has it. A text is broken into lines but
never changed: the lines of a field, put together, are its text but for line breaks and the blanks at a line's ends,
which have no ink.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from operator import itemgetter, sub
from typing import NamedTuple, Protocol

from mailround.characters import SELECTORS
from mailround.eras import write_era
from mailround.errors import PrintError
from mailround.fonts import split_units
from mailround.model import AID_KINDS, Addressee, Decision, Piece, Population, Recipient
from mailround.templates import SHEETS, Field, Sheet, Template, folded, placeholders, words_kept_from

POINTS = 72 / 25.4
"""Points in a millimetre."""

_ASCENT = 0.88
"""Top of the em box above the baseline, in em."""
_REMEMBERED = 128
"""Texts a field remembers; most fields have more, but not many that recur."""
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
_PLAIN = "".join(
    letter
    for first, last in (("一", "\u9fff"), ("ぁ", "ん"))
    for letter in map(chr, range(ord(first), ord(last) + 1))
    if letter not in _NO_START | _NO_END | _UNITS and not _NUMERAL.match(letter)
)
_TIED = re.compile(f"(?:[{re.escape(''.join(sorted(_NO_END)))}][{_PLAIN}]|[^{_PLAIN}])+")
"""A run in which a line need not be breakable; before any other plain letter, Han or hiragana, it is."""
_SELECTOR = re.compile(f"[{SELECTORS}]")
LINE_BREAK = re.compile(r"(\r\n|\r|\n)")


_AMOUNTS = (*AID_KINDS, "income", "total")
_BEFORE, _AFTER, _DIFFERENCE = (
    tuple(f"{time}_{what}" for what in _AMOUNTS) for time in ("before", "after", "difference")
)
AMOUNTS = (*_BEFORE, *_AFTER, *_DIFFERENCE)
"""The names of the values that are amounts."""


class Line(NamedTuple):
    """One line of text and the start of its baseline."""

    x: float
    y: float
    size: float
    text: str


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
        "issue_date": _era(issue_date),
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
    before = (*decision.before, decision.income_before, decision.total_before)
    after = (*decision.after, decision.income_after, decision.total_after)
    return {
        "document_no": decision.document_no,
        "payment_method": template.texts[f"payment_{decision.payment_method}"],
        "reason": decision.reason,
        **{name: _era(day) for name, day in dates.items() if day},
        **dict(zip(_BEFORE, map(yen, before), strict=True)),
        **dict(zip(_AFTER, map(yen, after), strict=True)),
        **dict(zip(_DIFFERENCE, map(yen, map(sub, after, before)), strict=True)),
    }


@lru_cache(maxsize=_REMEMBERED)
def _era(day: date) -> str:
    return write_era(day, long=True)


def numbering(template: Template, page: int, pages: int) -> dict[str, str]:
    """Return the values that only a page of a composed piece has."""
    goes_on = template.texts.get("goes_on", "") if page < pages else ""
    return {"page": str(page), "pages": str(pages), "continued": goes_on}


@lru_cache(maxsize=_REMEMBERED)
def yen(amount: int) -> str:
    """Return an amount as Japanese offices write it: thousands separated, △ before a negative one."""
    return f"{amount:,}" if amount >= 0 else f"△{-amount:,}"


class Widths(Protocol):
    """The part of a font that composing needs."""

    def width(self, text: str) -> float:
        """Return the width of a text in em."""
        ...

    def widths(self, units: Iterable[str]) -> Iterable[float]:
        """Return the width of each unit in em."""
        ...


class Placed(NamedTuple):
    """A field's text on a page.

    ``drawn`` is what the composer's ``draw`` made of the lines, all of one size; ``left_over`` goes on elsewhere.
    """

    text: str
    size: float
    lines: tuple[Line, ...]
    drawn: str
    left_over: str
    overflows: bool


Page = tuple[Placed, ...]


class Composer:
    """Composes pieces with one template and one font."""

    def __init__(
        self, template: Template, font: Widths, draw: Callable[[tuple[Line, ...]], str] = lambda _: ""
    ) -> None:
        """Keep what does not change from piece to piece.

        Args:
            template: The template.
            font: What texts are measured with.
            draw: Makes of placed lines what a page is put together from; done once for a text that recurs.
        """
        self._template = template
        self._setters = {name: _Setter(field, template.height, font, draw) for name, field in template.fields.items()}
        self._items = {
            sheet: tuple(
                (name, _reader(wording), self._setters[name].set)
                for name, (field, wording) in template.moving.items()
                if field.shown_on(sheet)
            )
            for sheet in SHEETS
        }
        self._going_on = tuple(
            (field.continues, _reader(wording), self._setters[name].set)
            for name, (field, wording) in template.moving.items()
            if field.continues
        )

    def static(self, sheet: Sheet) -> Page:
        """Return the texts that are the same on every such page.

        Raises:
            PrintError: A text of the template does not fit its box.
        """
        page = []
        for name, (field, wording) in self._template.still.items():
            if field.shown_on(sheet):
                page.append(self._setters[name].set(wording.format()))
                if page[-1].overflows:
                    raise _misfit(name)
        return tuple(page)

    def pages(self, piece: Piece, known: Mapping[str, str]) -> tuple[Page, ...]:
        """Return the variable texts of every page of a piece.

        Args:
            piece: Whose notice it is.
            known: Its `values`.

        Raises:
            PrintError: A text does not fit its box, or carries a word such a piece must not; names the field and the
                piece's number, never the text.
        """
        if words := refused_words(piece.recipient.population, known):
            raise PrintError(
                f"通し番号 {piece.seq} を印刷できません。"
                f"支援給付の通知に書いてはならない語（{'、'.join(words)}）がデータに含まれています。",
                "福祉システムで理由等の文言を直してデータを作り直すか、その世帯を保留にしてください。",
            )
        pages = self._pages(known)
        if any(placed.overflows for page in pages for placed in page):
            raise _misfit(self.misfits(known)[0], f"通し番号 {piece.seq} を印刷できません。")
        return pages

    def misfits(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """Return the fields whose text does not fit its box, for which `pages` raises; in print order."""
        return tuple(
            name
            for sheet, page in zip(SHEETS, self._pages(known), strict=False)
            for (name, *_), placed in zip(self._items[sheet], page, strict=True)
            if placed.overflows
        )

    def _pages(self, known: Mapping[str, str]) -> tuple[Page, ...]:
        rest = {target: set_text(read(known)).left_over for target, read, set_text in self._going_on}
        count = 2 if any(text.strip() for text in rest.values()) else 1
        numbered = {**known, **numbering(self._template, 1, count)}
        first = tuple([set_text(read(numbered)) for _, read, set_text in self._items["first"]])
        if count == 1:
            return (first,)
        numbered |= numbering(self._template, 2, count)
        more = [
            set_text(rest[name] if name in rest else read(numbered)) for name, read, set_text in self._items["more"]
        ]
        return first, tuple(more)


class _Setter:
    """Sets texts into one field's box, and remembers what recurs: amounts of nothing, dates, ways of payment."""

    def __init__(self, field: Field, height: float, font: Widths, draw: Callable[[tuple[Line, ...]], str]) -> None:
        self._field = field
        self._font = font
        self._draw = draw
        self._left, self._width = field.x * POINTS, field.w * POINTS
        self._top, self._height = (height - field.y) * POINTS, field.h * POINTS
        self._beside = {"left": 0.0, "center": 0.5, "right": 1.0}[field.align]
        self._above = {"top": 0.0, "middle": 0.5, "bottom": 1.0}[field.valign]
        self._one_line = self._baseline(field.size, 1) if room_of(field, field.size) else None
        self.set = lru_cache(maxsize=_REMEMBERED)(self._set)

    def _baseline(self, size: float, lines: int) -> float:
        """Return where the first line of so many stands."""
        spare = self._height - size - size * self._field.leading * (lines - 1)
        return self._top - self._above * spare - _ASCENT * size

    def _set(self, text: str) -> Placed:
        """Set a text; most are one line of the field's own size, and need none of the rest."""
        size = self._field.size
        if self._one_line and "\n" not in text and "\r" not in text:
            words = text.rstrip()
            width = self._font.width(words) * size
            if width <= self._width + _SLACK:
                x = self._left + self._beside * (self._width - width)
                lines = (self._line(x, self._one_line, size, words),) if words else ()
                return Placed(text, size, lines, self._draw(lines), "", overflows=False)
        return self._broken(text)

    def _line(self, x: float, y: float, size: float, words: str) -> Line:
        """Return a line of words that begins at ``x``, be it with blanks: they move the words and are not drawn."""
        drawn = words.lstrip()
        if drawn != words:
            x += self._font.width(words[: -len(drawn)]) * size
        return Line(x, y, size, drawn)

    def _broken(self, text: str) -> Placed:
        field = self._field
        size, broken = fit(field, text, self._font)
        room = room_of(field, size)
        shown = broken[:room]
        pitch, baseline = size * field.leading, self._baseline(size, len(shown))
        begins = True
        lines: list[Line] = []
        for row, line in enumerate(shown):
            paragraph = LINE_BREAK.sub("", line)
            words = paragraph.rstrip()
            x = self._left if begins else self._left + field.hang * size
            if self._beside:
                x = self._left + self._beside * (self._width - self._font.width(words) * size)
            if words:
                lines.append(self._line(x, baseline - row * pitch, size, words))
            begins = paragraph != line
        placed = tuple(lines)
        overflows = len(broken) > room and not field.continues
        return Placed(text, size, placed, self._draw(placed), "".join(broken[room:]), overflows)


def _reader(wording: str) -> Callable[[Mapping[str, str]], str]:
    """Return the quickest way from a record's values to a field's text."""
    names = placeholders(wording)
    return itemgetter(names[0]) if names and wording == f"{{{names[0]}}}" else wording.format_map


def _misfit(name: str, happened: str = "") -> PrintError:
    return PrintError(
        f"{happened}項目「{name}」の文字が枠に収まりません。",
        "その世帯を保留にするか、様式（include/templates）の枠の大きさを見直してください。",
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
        if len(broken) <= room_of(field, size):
            return size, broken
    if field.continues:
        return field.size, wrap(text, room / field.size, font, hang=field.hang)
    return sizes[-1], broken


def fits(field: Field, text: str, font: Widths) -> bool:
    """Tell whether the whole text finds room in the field's own box."""
    size, lines = fit(field, text, font)
    return len(lines) <= room_of(field, size)


def room_of(field: Field, size: float) -> int:
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
        widths = list(font.widths(units))
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


class Paragraph(NamedTuple):
    """What can be said of a text between two line breaks without breaking it: its width, and its longest tied run."""

    width: float
    tied: int


def measured(text: str, font: Widths) -> Paragraph | None:
    """Return the measures of a paragraph; None when a letter is wider than an em or has a selector."""
    if _SELECTOR.search(text) or max(font.widths(set(text)), default=0) > 1:
        return None
    return Paragraph(font.width(text), max(map(len, _TIED.findall(text)), default=0))


def lines_at_most(paragraph: Paragraph | None, width: float, *, hang: float = 0) -> float:
    """Return a number of lines that `wrap` surely does not exceed; infinity where there is none.

    A line may be broken before nearly every plain letter, so that none is shorter than its room by more than the
    longest run without one.
    """
    if paragraph is None or (room := width - hang - paragraph.tied - 2) <= 0:
        return math.inf
    return max(1, math.ceil(paragraph.width / room))


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
