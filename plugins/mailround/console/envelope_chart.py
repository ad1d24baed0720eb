"""The envelope laid over a page: where it is folded, and what the window shows always, sometimes, and never."""

from __future__ import annotations

from drawsvg import Drawing, Line, Path, Rectangle
from markupsafe import Markup

from mailround.console.svg import placed
from mailround.envelopes import Box, Envelope


def draw(envelope: Envelope, *, window: bool) -> Markup:
    """Return the drawing, a millimetre a unit.

    Args:
        envelope: The envelope and its sheet.
        window: Whether this page lies under the window: the first of a piece.
    """
    sheet = envelope.sheet
    drawing = Drawing(sheet.width, sheet.height, class_="overlay")
    if window:
        front = Box(0, 0, sheet.width, sheet.folds[0])
        ever = envelope.ever_seen
        hidden = Path(class_="hidden", fill_rule="evenodd")
        for box in (front, ever):
            hidden.M(box.x, box.y).h(box.w).v(box.h).h(-box.w).Z()
        drawing.append(hidden)
        for name, box in (("ever", ever), ("always", envelope.always_seen)):
            drawing.append(Rectangle(box.x, box.y, box.w, box.h, class_=name))
    for fold in sheet.folds:
        drawing.append(Line(0, fold, sheet.width, fold, class_="fold"))
    seen = "、窓から必ず見える範囲と、用紙がずれると見える範囲" if window else ""
    return placed(drawing, f"{envelope.title}：折り目{seen}")
