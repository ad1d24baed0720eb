"""The notice with fpdf2: each box a cell, each bar and run of modules a rectangle.

fpdf2 breaks lines anywhere (wrapmode CHAR), without the rules of Japanese line breaking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode
from writer import FONT, NOTICES, line_height, measure

_ALIGN = {"left": "L", "center": "C", "right": "R"}


def prepare(folder: Path) -> tuple[Sequence[Any], Callable[[Sequence[Any]], bytes]]:
    """Read the notices."""
    found = json.loads((folder / NOTICES).read_text(encoding="utf-8"))

    def write(notices: Sequence[Any]) -> bytes:
        pdf = FPDF(unit="mm", format="A4")
        pdf.set_auto_page_break(auto=False)
        pdf.set_margin(0)
        pdf.c_margin = 0
        pdf.add_font("IPAmj", fname=folder / FONT)
        pdf.set_font("IPAmj")
        for notice in notices:
            pdf.add_page()
            _draw(pdf, found["forms"][notice["population"]], notice)
        return bytes(pdf.output())

    return found["notices"], write


def _draw(pdf: FPDF, form: dict[str, Any], notice: dict[str, Any]) -> None:
    for x, y, to_x, to_y, width in form["rules"]:
        pdf.set_line_width(width)
        pdf.line(x, y, to_x, to_y)
    for box in form["boxes"]:
        text = box["text"] or notice["texts"][box["name"]]
        pdf.set_font_size(box["size"])
        pdf.set_xy(box["x"], box["y"])
        line = line_height(box, text)
        if "\n" not in text and pdf.get_string_width(text) <= box["w"]:
            pdf.cell(box["w"], line, text, align=_ALIGN[box["align"]])
        else:
            pdf.multi_cell(box["w"], line, text, align=_ALIGN[box["align"]], wrapmode=WrapMode.CHAR)
    for x, y, width, height in notice["ink"]:
        pdf.rect(x, y, width, height, style="F")


if __name__ == "__main__":
    measure(prepare)
