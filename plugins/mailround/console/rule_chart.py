"""How many households each check found, as bars: what holds a household, what was only told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drawsvg import Drawing, Rectangle, Text
from markupsafe import Markup

from mailround.console.svg import placed

ROW, WORDS, BAR, NUMBER = 30, 520, 360, 90


@dataclass(frozen=True, slots=True)
class Found:
    """A check's result: ``severity`` is one of the program's words, ``kind`` its Japanese one."""

    rule: str
    message: str
    severity: str
    kind: str
    households: int


def draw(found: Sequence[Found]) -> Markup:
    """Return the chart."""
    most = max((each.households for each in found), default=0) or 1
    drawing = Drawing(WORDS + BAR + NUMBER, len(found) * ROW + 4, class_="bars")
    for number, each in enumerate(found):
        middle = number * ROW + ROW / 2
        drawing.append(Text(_fitting(f"{each.rule}　{each.message}"), 13, 0, middle + 5))
        long = max(BAR * each.households / most, 2)
        drawing.append(Rectangle(WORDS, middle - 8, long, 16, rx=2, class_=f"bar {each.severity}"))
        drawing.append(Text(f"{each.households:,}", 13, WORDS + long + 8, middle + 5, class_="count"))
    return placed(drawing, "検査ごとの世帯数")


def _fitting(words: str, most: int = 38) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
