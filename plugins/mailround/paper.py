"""A paper for people's hands: A4 pages of texts, frames, rules and a QR code, with the font embedded.

What is on a page is data, so that the font is asked for every character before anything is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from mailround.errors import PrintError
from mailround.fonts import FontStack, load_font
from mailround.pdf_font import EmbeddedFont
from mailround.qr import QrCode
from mailround.settings import CheckSettings

QUIET = 4
"""Modules that stay white around a QR code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text at its left end, or around its middle. Lengths are points from the page's lower left corner.

    Text that is wider than its ``room`` is printed smaller, and refused when nobody could read it.
    """

    x: float
    y: float
    size: float
    text: str
    centred: bool = False
    room: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle from its lower left corner; ``line`` is the thickness of its rule."""

    x: float
    y: float
    width: float
    height: float
    line: float = 0.5


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code from its lower left corner, ``side`` long without the quiet zone."""

    x: float
    y: float
    side: float
    symbol: QrCode


@dataclass(frozen=True, slots=True)
class Page:
    """One A4 page, upright."""

    texts: Sequence[Text]
    frames: Sequence[Frame] = ()
    codes: Sequence[Code] = field(default=())


def draw(settings: CheckSettings, title: str, pages: Sequence[Page]) -> bytes:
    """Return the pages as a PDF; the same pages give the same bytes.

    Args:
        settings: Where the font is found.
        title: The document's title, as viewers and print queues show it; nothing secret.
        pages: What to draw.

    Raises:
        PrintError: The font lacks a character, or a text does not fit; nothing is replaced or cut silently.
    """
    written = [each.text for page in pages for each in page.texts]
    full = load_font(settings)
    if full.missing("".join(written)):
        raise PrintError(f"「{title}」に印字できない文字があります。", "契約の設定の名称を確認してください。")
    font = EmbeddedFont(full.subset(written)).fontName
    target = io.BytesIO()
    canvas = Canvas(target, A4, initialFontName=font, invariant=1)  # type: ignore[arg-type]  # the stub is wrong
    canvas.setTitle(title)
    for page in pages:
        for frame in page.frames:
            canvas.setLineWidth(frame.line)
            canvas.rect(frame.x, frame.y, frame.width, frame.height)
        for each in page.texts:
            canvas.setFont(font, _size(each, full, title))
            (canvas.drawCentredString if each.centred else canvas.drawString)(each.x, each.y, each.text)
        for code in page.codes:
            _fill(canvas, code)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


_SMALLEST = 6.0
"""Points below which an office print is not read any more."""


def _size(each: Text, font: FontStack, title: str) -> float:
    width = font.width(each.text) * each.size
    if each.room is None or width <= each.room:
        return each.size
    size = each.size * each.room / width
    if size < _SMALLEST:
        raise PrintError(f"「{title}」に長すぎて入らない文字列があります。", "契約の設定の名称を確認してください。")
    return size


def checkpoint_block(text: str, symbol: QrCode, *, left: float, right: float, bottom: float) -> Page:
    """Return what every handover paper says of the register: the line in pieces of equal length, and its QR code.

    It is 33 mm high with the quiet zone; a module of the longest line is 0.46 mm, which any phone reads.

    Args:
        text: The checkpoint's line.
        symbol: The same as a QR code.
        left: Where the texts begin, in points.
        right: Where the code ends.
        bottom: Where the block ends.
    """
    module = _CODE_SIDE / (symbol.modules + 2 * QUIET)
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    top = bottom + _CODE_SIDE - 5 * mm
    texts = [
        Text(left, top, 8, "管理簿の検証点（この時点までの管理簿に署名したもの。紙とともに保管してください）"),
        *(Text(left, top - (5 + 4 * line) * mm, 8, piece) for line, piece in enumerate(pieces)),
        Text(
            left,
            bottom + 1 * mm,
            7,
            "確かめ方：この文（改行してもよい）かQRコードの中身を、管理簿の検証（register verify）に渡す。",
        ),
    ]
    code = Code(
        x=right - _CODE_SIDE + QUIET * module,
        y=bottom + QUIET * module,
        side=symbol.modules * module,
        symbol=symbol,
    )
    return Page(texts, codes=(code,))


_CODE_SIDE = 33 * mm
_PIECE = 60
"""Signs of a checkpoint to a line: of 8 points they keep clear of the code, however hashes and signatures come."""


def _fill(canvas: Canvas, code: Code) -> None:
    """Draw the dark modules as one path, so that no viewer shows seams between them."""
    module = code.side / code.symbol.modules
    path = canvas.beginPath()
    for number, row in enumerate(code.symbol.rows):
        y = code.y + code.side - (number + 1) * module
        for column, dark in enumerate(row):
            if dark:
                path.rect(code.x + column * module, y, module, module)
    canvas.drawPath(path, stroke=0, fill=1)
