"""A second font for the tests: a few units that IPAmj Mincho lacks, one that it has, on another em."""

from __future__ import annotations

import io
from collections.abc import Sequence

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

EM = 1000
PLANE_3 = "\U00030000"
"""The first ideograph of extension G."""
VIETNAMESE = "ễ"
SEQUENCE = "葛\U000e0100"
"""Of another collection than IPAmj's; its base stands in IPAmj Mincho and not in this font."""
OWN_SEQUENCE = f"{PLANE_3}\U000e0100"
BLANK = "\u2001"
"""An em quad: a glyph without ink."""
SHARED = "山"
ADVANCES = {PLANE_3: 1000, VIETNAMESE: 617, SEQUENCE: 1000, OWN_SEQUENCE: 990, BLANK: 1000, SHARED: 333}


def second_font(units: Sequence[str] = tuple(ADVANCES)) -> bytes:
    """Return a font file with these units, each of another shape; the Vietnamese letter is a composite glyph."""
    glyphs = {".notdef": _boxes(9), **{f"shape{number}": _shape(unit) for number, unit in enumerate(units)}}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(
        {ord(unit): f"shape{number}" for number, unit in enumerate(units) if len(unit) == 1},
        uvs=[(ord(unit[0]), ord(unit[1]), f"shape{number}") for number, unit in enumerate(units) if len(unit) > 1],
    )
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(
        {".notdef": (EM, 50), **{f"shape{number}": (ADVANCES[unit], 50) for number, unit in enumerate(units)}}
    )
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Second", "styleName": "Regular", "psName": "Second"})
    builder.setupOS2()
    builder.setupPost()
    target = io.BytesIO()
    builder.save(target)
    return target.getvalue()


def _shape(unit: str) -> Glyph:
    if unit == VIETNAMESE:
        pen = TTGlyphPen({".notdef": None})
        pen.addComponent(".notdef", (0.5, 0, 0, 0.5, 20, 30))
        return pen.glyph()
    return _boxes(0 if unit == BLANK else 1 + list(ADVANCES).index(unit))


def _boxes(count: int) -> Glyph:
    """Return a column of boxes, each with one bulging side."""
    pen = TTGlyphPen(None)
    for number in range(count):
        low = 90 * number
        pen.moveTo((50, low))
        pen.lineTo((50, low + 61))
        pen.qCurveTo((333, low + 87), (801, low + 61))
        pen.lineTo((801, low))
        pen.closePath()
    return pen.glyph()
