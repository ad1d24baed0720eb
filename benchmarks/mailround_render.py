"""Ours: the notices as `render` draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from comparison import change_notice, issued, round_font
from writer import PIECES as FILE
from writer import measure

from mailround.model import Piece
from mailround.plan_print import PIECES
from mailround.render import Press


def prepare(folder: Path) -> tuple[Sequence[Piece], Callable[[Sequence[Piece]], bytes]]:
    """Set the press up."""
    round_id, issue_date = issued(folder)
    press = Press(round_font(folder), change_notice(), issue_date, round_id)
    return PIECES.validate_json((folder / FILE).read_bytes()), lambda pieces: press.draw(pieces)[0]


if __name__ == "__main__":
    measure(prepare)
