"""A page of a PDF as a picture, in memory only."""

from __future__ import annotations

import io
from threading import Lock

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from mailround.errors import PrintError

_DOTS = 150 / 72
"""Pixels of a point: small print is legible, and a picture is made in a tenth of a second."""
_MARK_SIZE, _MARK_APART, _MARK_INK = 30, (480, 260), (176, 24, 24, 58)
_ALONE = Lock()
"""PDFium is not made for threads; a web server has several."""


def page_image(content: bytes, page: int, mark: str = "") -> bytes:
    """Return a page as a PNG.

    Args:
        content: The PDF.
        page: Its number, from 1.
        mark: ASCII that is drawn all over the page, into the picture itself; empty for none.

    Raises:
        PrintError: There is no such page.
    """
    with _ALONE, pypdfium2.PdfDocument(content) as document:
        if not 1 <= page <= len(document):
            raise PrintError("その頁はありません。", "頁の一覧から選び直してください。")
        picture = document[page - 1].render(scale=_DOTS).to_pil().convert("RGB")
    file = io.BytesIO()
    (_marked(picture, mark) if mark else picture).save(file, "PNG", compress_level=4)
    return file.getvalue()


def _marked(picture: Image.Image, mark: str) -> Image.Image:
    """Return the picture under a slanted pattern of the mark, which lies over every part of it."""
    font = ImageFont.load_default(_MARK_SIZE)
    left, top, right, bottom = map(int, font.getbbox(mark))
    stencil = Image.new("L", (right, bottom))
    ImageDraw.Draw(stencil).text((-left, -top), mark, _MARK_INK[3], font)
    slanted = stencil.rotate(30, Image.Resampling.BILINEAR, expand=True)
    across, down = _MARK_APART
    for row, y in enumerate(range(-slanted.height // 2, picture.height, down)):
        for x in range(-slanted.width // 2 - (row % 2) * across // 2, picture.width, across):
            picture.paste(_MARK_INK[:3], (x, y), slanted)
    return picture
