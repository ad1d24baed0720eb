"""The counts of a round as a flow: stages side by side, what leaves below, what joins above, and whether it adds up."""

from __future__ import annotations

from collections.abc import Sequence

from drawsvg import Drawing, Line, Lines, Rectangle, Text
from markupsafe import Markup

from mailround.console.svg import placed
from mailround.tally import Branch, Stage

BOX, BETWEEN, HIGH, TOP, ROW = 124, 92, 64, 46, 22


def draw(stages: Sequence[Stage]) -> Markup:
    """Return the chart."""
    below = max((len(_counted(stage.leaving)) for stage in stages), default=0)
    wide = len(stages) * (BOX + BETWEEN)
    drawing = Drawing(wide, TOP + HIGH + 34 + below * ROW, class_="flow")
    for number, stage in enumerate(stages):
        left = number * (BOX + BETWEEN)
        _stage(drawing, stage, left)
        following = stages[number + 1] if number + 1 < len(stages) else None
        if following or _counted(stage.leaving):
            _passage(drawing, stage, left + BOX, following)
    return placed(drawing, "、".join(f"{stage.title} {stage.pieces:,}" for stage in stages))


def _stage(drawing: Drawing, stage: Stage, left: int) -> None:
    drawing.append(Rectangle(left + 1, TOP, BOX - 2, HIGH, rx=5, class_="box"))
    drawing.append(Text(stage.title, 13, left + BOX / 2, TOP + 24, text_anchor="middle", class_="quiet"))
    drawing.append(Text(f"{stage.pieces:,}", 20, left + BOX / 2, TOP + 49, text_anchor="middle", class_="count"))


def _passage(drawing: Drawing, stage: Stage, left: int, following: Stage | None) -> None:
    middle, right = TOP + HIGH / 2, left + BETWEEN
    turn = left + BETWEEN / 2
    if following:
        agrees = stage.left == following.pieces
        drawing.append(Line(left + 4, middle, right - 10, middle, class_="flow" if agrees else "flow bad"))
        tip = [right - 2, middle, right - 11, middle - 5, right - 11, middle + 5]
        drawing.append(Lines(*tip, close=True, class_="tip" if agrees else "tip bad"))
        if not agrees:
            said = f"≠ 差 {following.pieces - stage.left:+,}"
            drawing.append(Text(said, 13, turn, middle - 8, text_anchor="middle", class_="bad"))
    for row, branch in enumerate(_counted(stage.joining)):
        drawing.append(Line(turn, TOP - 8, turn, middle, class_="branch"))
        said = f"＋{branch.pieces:,} {branch.title}"
        drawing.append(Text(said, 13, turn, TOP - 16 - row * ROW, text_anchor="middle"))
    leaving = _counted(stage.leaving)
    if leaving and not following:
        drawing.append(Line(left + 4, middle, turn, middle, class_="branch"))
    if leaving:
        drawing.append(Line(turn, middle, turn, TOP + HIGH + 10, class_="branch"))
    for row, branch in enumerate(leaving):
        said = f"−{branch.pieces:,} {branch.title}"
        drawing.append(Text(said, 13, turn, TOP + HIGH + 28 + row * ROW, text_anchor="middle"))


def _counted(branches: Sequence[Branch]) -> list[Branch]:
    return [each for each in branches if each.pieces]
