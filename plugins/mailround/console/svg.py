"""How every chart of the console is put into a page: one SVG with a name, coloured by the style sheet alone."""

from __future__ import annotations

from drawsvg import Drawing
from markupsafe import Markup, escape


def placed(drawing: Drawing, title: str) -> Markup:
    """Return the drawing for a template.

    Args:
        drawing: The drawing, without styles of its own. The library escapes its texts; attributes it does not, so they
            must be words of the program.
        title: What it shows, for those who do not see it; the numbers stand in a table beside it.
    """
    drawing.svg_args |= {"role": "img", "aria-label": escape(title)}
    return Markup(drawing.as_svg(header=""))  # noqa: S704 - shapes and words of our own
