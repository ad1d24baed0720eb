"""What differs between two templates, laid over a page of one of them: a frame and the change's number each."""

from __future__ import annotations

from collections.abc import Iterable

from drawsvg import Circle, Drawing, Rectangle, Text
from markupsafe import Markup

from mailround.console.svg import placed
from mailround.envelopes import Box
from mailround.template_diff import Change
from mailround.templates import Template

_AROUND = 0.7
_DOT = 2.6
_LETTERS = 3.6
"""Millimetres: how far a frame stands off, the radius of a number's dot and the height of its letters."""


def draw(template: Template, changes: Iterable[Change], *, now: bool, page: int) -> Markup:
    """Return the drawing, a millimetre a unit.

    Args:
        template: What the page is of.
        changes: What differs.
        now: Whether the page is of the later template; else of the earlier one.
        page: The page's number, from 1.
    """
    sheet = "first" if page == 1 else "more"
    drawing = Drawing(template.width, template.height, class_="overlay")
    numbers = []
    for change in changes:
        boxes = [place.box for place in (change.now if now else change.before) if sheet in place.sheets]
        numbers += [str(change.number)] * bool(boxes)
        for box in boxes:
            _frame(drawing, box.grown(_AROUND), str(change.number))
    side = "今回" if now else "前回"
    return placed(drawing, f"{side}の様式で変わった所の番号：{'、'.join(numbers) or 'なし'}")


def _frame(drawing: Drawing, box: Box, number: str) -> None:
    """Frame a place; its number stands beside it, where it hides nothing of it."""
    drawing.append(Rectangle(box.x, box.y, box.w, box.h, class_="changed"))
    across, down = max(box.x - _DOT, _DOT), box.y + min(box.h / 2, _DOT)
    drawing.append(Circle(across, down, _DOT, class_="dot"))
    drawing.append(Text(number, _LETTERS, across, down, center=True, class_="no"))
