"""The notice with WeasyPrint: one HTML document a file, each box a positioned element, both codes an inline SVG."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from writer import FONT, NOTICES, line_height, measure

_STYLE = """
@font-face { font-family: Notice; src: url(FONT) }
@page { size: 210mm 297mm; margin: 0 }
body { margin: 0; font-family: Notice }
section { position: relative; width: 210mm; height: 297mm; overflow: hidden; break-after: page }
svg { position: absolute; left: 0; top: 0; width: 210mm; height: 297mm }
p { position: absolute; margin: 0; white-space: pre-wrap }
"""


def prepare(folder: Path) -> tuple[Sequence[Any], Callable[[Sequence[Any]], bytes]]:
    """Read the notices and the style sheet."""
    found = json.loads((folder / NOTICES).read_text(encoding="utf-8"))
    fonts = FontConfiguration()
    style = CSS(string=_STYLE.replace("FONT", (folder / FONT).resolve().as_uri()) + _rules(found), font_config=fonts)

    def write(notices: Sequence[Any]) -> bytes:
        body = "".join(_section(found["forms"], notice) for notice in notices)
        document = HTML(string=f"<!DOCTYPE html><html lang=ja><meta charset=utf-8><body>{body}</body></html>")
        return bytes(document.write_pdf(stylesheets=[style], font_config=fonts))

    return found["notices"], write


def _rules(found: Any) -> str:  # noqa: ANN401 - parsed JSON
    return "".join(
        f".{population} .{box['name']} {{ left: {box['x']}mm; top: {box['y']}mm; width: {box['w']}mm;"
        f" height: {box['h']}mm; font-size: {box['size']}pt; text-align: {box['align']} }}\n"
        for population, form in found["forms"].items()
        for box in form["boxes"]
    )


def _section(forms: Any, notice: Any) -> str:  # noqa: ANN401 - parsed JSON
    form = forms[notice["population"]]
    lines = "".join(
        f'<path stroke="black" stroke-width="{width}" d="M{x} {y}L{to_x} {to_y}"/>'
        for x, y, to_x, to_y, width in form["rules"]
    )
    ink = "".join(f"M{x:.4f} {y:.4f}h{width:.4f}v{height:.4f}h{-width:.4f}z" for x, y, width, height in notice["ink"])
    texts = [(box, box["text"] or notice["texts"][box["name"]]) for box in form["boxes"]]
    # Flex boxes would centre a text in its box's height, at a fourteenth of the speed.
    boxes = "".join(
        f"<p class={box['name']} style=line-height:{line_height(box, text):.3f}mm>{escape(text)}</p>"
        for box, text in texts
    )
    drawing = f'<svg viewBox="0 0 210 297">{lines}<path d="{ink}"/></svg>'
    return f"<section class={notice['population']}>{drawing}{boxes}</section>"


if __name__ == "__main__":
    measure(prepare)
