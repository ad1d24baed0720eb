"""What is put into a page is an image with a name, and holds nothing that the page's policy would refuse."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from drawsvg import Drawing, Text

from mailround.console.svg import placed


def test_words_are_escaped_and_the_drawing_has_a_name() -> None:
    drawing = Drawing(10, 10)
    drawing.append(Text("<script>&", 12, 0, 0, class_="count"))
    drawn = placed(drawing, 'a "name" & more')
    assert drawn.startswith("<svg")
    assert "<script" not in drawn
    assert "style" not in drawn
    root = ET.fromstring(str(drawn))  # noqa: S314 - drawn here
    assert (root.get("role"), root.get("aria-label")) == ("img", 'a "name" & more')
