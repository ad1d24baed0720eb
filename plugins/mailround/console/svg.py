"""How every chart of the console is put into a page: one SVG with a name, coloured by the style sheet alone."""

from __future__ import annotations

from drawsvg import Drawing
from markupsafe import Markup


def placed(drawing: Drawing, title: str) -> Markup:
    """Return the drawing for a template. The library escapes every text and attribute in it.

    Args:
        drawing: The drawing, without styles of its own.
        title: What it shows, for those who do not see it; the numbers stand in a table beside it.
    """
    drawing.svg_args |= {"role": "img", "aria-label": title}
    return Markup(drawing.as_svg(header=""))  # noqa: S704 - shapes and words of our own
