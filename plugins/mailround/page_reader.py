"""What stands on a page: what its bytes say (`printed_file`), what PDFium shows, and the codes as a camera reads them.

Nothing here knows a record. The static layer, which every page of a kind shares, is read where a file first names it;
on further pages, which name the same one, it is taken off before PDFium extracts the text, at half the cost.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import NamedTuple

import pypdfium2
import zxingcpp
from pypdfium2 import raw

from mailround.barcodes import BAR_HEIGHT, BAR_MM, BARS, letters_of
from mailround.composition import POINTS
from mailround.envelopes import Box
from mailround.fonts import Font, split_units
from mailround.inserter_mark import LARGEST
from mailround.printed_file import PageFault, PrintedFile, Written
from mailround.templates import CustomerBarcode, InserterMark, Sheet, Template

_TOLERANCE = 0.05
"""Millimetres by which a page's size or the place of a code may differ."""
_BUFFER = 2048
"""Code units of a line's text; lines are far shorter."""
_NAME_BUFFER = 128
_BAR_PIXELS = 2
"""Pixels to a bar's width when a barcode is looked at."""
_BAR_CLEAR_MM = 2.0
"""Japan Post: so much must be clear around a customer barcode."""
_MODULE_PIXELS = 4
_QUIET_MODULES = 2
"""Clear modules around a Data Matrix; ISO/IEC 16022 wants one."""
_DARK = bytes([1] * 128 + [0] * 128)
"""Grey value → 1 for ink."""
_DATA_MATRIX = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix)


class Shown(NamedTuple):
    """A line, its size in points, and the box it covers in millimetres from the page's top left corner."""

    text: str
    size: float
    left: float
    top: float
    right: float
    bottom: float


class Picture(NamedTuple):
    """An image and the box it covers (millimetres); its samples as a reader of the file decodes them."""

    box: Box
    samples: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A page as found: ``still`` only when its static layer is named for the first time; codes as they were decoded."""

    still: list[Shown] | None
    seals: list[Picture]
    moving: list[Shown]
    mark: str
    bars: str


class PageReader:
    """Reads the pages of one file; collects the characters and the one font it meets."""

    def __init__(self, content: bytes, font: Font) -> None:
        """Open the file.

        Raises:
            PageFault: It is not a PDF of the form in which it was written.
        """
        self.units: set[str] = set()
        self.font_data = b""
        self._file = PrintedFile(content, font)
        self._layers: set[tuple[bytes, int, Sheet]] = set()
        self._texts: set[str] = set()
        self._buffer = (ctypes.c_ushort * _BUFFER)()
        self._box = tuple(ctypes.c_float() for _ in range(4))
        try:
            self._document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError:
            raise PageFault("PDFとして開けない") from None

    def __len__(self) -> int:
        """Return the number of pages."""
        return len(self._document)

    def close(self) -> None:
        """Release the file."""
        self._document.close()

    def read(self, index: int, template: Template, sheet: Sheet, *, barcode: bool) -> Page:
        """Return what stands on a page.

        Args:
            index: Place in the file, from 0.
            template: Whose page it is.
            sheet: First or further page of its piece.
            barcode: Whether a customer barcode must be there.

        Raises:
            PageFault: Something stands there that no template has, or the paper has another size.
        """
        name, own = self._file.page(index, template)
        page = raw.FPDF_LoadPage(self._document, index)
        if not page:
            raise PageFault("読めない頁")
        try:
            return self._read(page, name, own, template, sheet, barcode=barcode)
        finally:
            raw.FPDF_ClosePage(page)

    def _read(
        self,
        page: raw.FPDF_PAGE,
        name: bytes,
        own: list[Written],
        template: Template,
        sheet: Sheet,
        *,
        barcode: bool,
    ) -> Page:
        objects = [raw.FPDFPage_GetObject(page, place) for place in range(raw.FPDFPage_CountObjects(page))]
        kinds = [raw.FPDFPageObj_GetType(each) for each in objects]
        codes = [raw.FPDF_PAGEOBJ_IMAGE, *[raw.FPDF_PAGEOBJ_PATH] * barcode]
        if kinds != [raw.FPDF_PAGEOBJ_FORM, *[raw.FPDF_PAGEOBJ_TEXT] * len(own), *codes]:
            raise PageFault("図形とコードの数")
        first_time = (name, id(template), sheet) not in self._layers
        if not first_time:
            raw.FPDFPage_RemoveObject(page, objects[0])
            raw.FPDFPageObj_Destroy(objects[0])
        textpage = raw.FPDFText_LoadPage(page)
        try:
            layer = self._file.layer(name, template, sheet) if first_time else []
            still, seals = self._form(objects[0], layer, textpage, template) if first_time else (None, [])
            moving = [self._shown(each, line, textpage, template) for each, line in zip(objects[1:], own, strict=False)]
        finally:
            raw.FPDFText_ClosePage(textpage)
        self._layers.add((name, id(template), sheet))
        if not self.font_data and own:
            self._keep_font(objects[1])
        return Page(
            still=still,
            seals=seals,
            moving=moving,
            mark=self._mark(page, objects[len(own) + 1], template.mark, template),
            bars=self._bars(page, objects[len(own) + 2], template.barcode, template) if barcode else "",
        )

    def _form(
        self, form: raw.FPDF_PAGEOBJECT, layer: list[Written], textpage: raw.FPDF_TEXTPAGE, template: Template
    ) -> tuple[list[Shown], list[Picture]]:
        texts, pictures = [], []
        for place in range(raw.FPDFFormObj_CountObjects(form)):
            each = raw.FPDFFormObj_GetObject(form, place)
            match raw.FPDFPageObj_GetType(each):
                case raw.FPDF_PAGEOBJ_TEXT:
                    texts.append(each)
                case raw.FPDF_PAGEOBJ_IMAGE:
                    pictures.append(self._picture(each, template))
        if len(texts) != len(layer):
            raise PageFault("様式の固定部分")
        return [self._shown(*pair, textpage, template) for pair in zip(texts, layer, strict=True)], pictures

    def _picture(self, image: raw.FPDF_PAGEOBJECT, template: Template) -> Picture:
        samples = ctypes.create_string_buffer(raw.FPDFImageObj_GetImageDataDecoded(image, None, 0))
        raw.FPDFImageObj_GetImageDataDecoded(image, samples, len(samples))
        left, bottom, right, top = (edge / POINTS for edge in self._bounds(image))
        return Picture(Box(left, template.height - top, right - left, top - bottom), samples.raw)

    def _shown(
        self, each: raw.FPDF_PAGEOBJECT, line: Written, textpage: raw.FPDF_TEXTPAGE, template: Template
    ) -> Shown:
        """Return a line with the box that PDFium sees it in, once PDFium reads the same text there.

        PDFium folds blanks, and takes a hyphen at a line's end for a word's that goes on.
        """
        length = raw.FPDFTextObj_GetText(each, textpage, self._buffer, 2 * _BUFFER)
        if length > 2 * _BUFFER:
            raise PageFault("表示される文字")
        text = ctypes.string_at(self._buffer, max(length - 2, 0)).decode("utf-16-le", "replace")
        if text != line.text and _plain(text) != _plain(line.text):
            raise PageFault("表示される文字")
        if text not in self._texts:
            self._texts.add(text)
            self.units.update(split_units(line.text))
        left, bottom, right, top = self._bounds(each)
        height = template.height
        return Shown(
            line.text, line.size, left / POINTS, height - top / POINTS, right / POINTS, height - bottom / POINTS
        )

    def _bounds(self, each: raw.FPDF_PAGEOBJECT) -> tuple[float, ...]:
        """Return left, bottom, right and top of an object in points."""
        box = self._box
        raw.FPDFPageObj_GetBounds(each, *box)
        return tuple([edge.value for edge in box])

    def _keep_font(self, text: raw.FPDF_PAGEOBJECT) -> None:
        """Note the embedded file of a text's font; there is only this one (see `printed_file`)."""
        font = raw.FPDFTextObj_GetFont(text)
        size = ctypes.c_size_t()
        raw.FPDFFont_GetFontData(font, None, 0, size)
        data = (ctypes.c_uint8 * size.value)()
        raw.FPDFFont_GetFontData(font, data, size.value, size)
        if raw.FPDFFont_GetIsEmbedded(font) != 1:
            raise PageFault("埋め込まれていないフォント")
        self.font_data = bytes(data)

    def _mark(self, page: raw.FPDF_PAGE, image: raw.FPDF_PAGEOBJECT, place: InserterMark, template: Template) -> str:
        """Return the text of the inserter mark, read from a picture of its place; empty when it cannot be read."""
        left, _, right, _ = (edge / POINTS for edge in self._bounds(image))
        modules = round((right - left) / place.module)
        side = modules * place.module
        self._require_place(image, (place.x, place.y, place.x + side, place.y + side), template)
        if modules > LARGEST:
            raise PageFault("封入機用マーク")
        quiet = _QUIET_MODULES * place.module
        pixels = (modules + 2 * _QUIET_MODULES) * _MODULE_PIXELS
        picture = _look(page, (place.x - quiet, place.y - quiet), _MODULE_PIXELS / place.module, (pixels, pixels))
        found = zxingcpp.read_barcode(
            memoryview(picture).cast("B", (pixels, pixels)),
            formats=_DATA_MATRIX,
            try_rotate=False,
            try_downscale=False,
            try_invert=False,
            binarizer=zxingcpp.Binarizer.FixedThreshold,
            is_pure=True,
        )
        return found.text if found else ""

    def _bars(self, page: raw.FPDF_PAGE, path: raw.FPDF_PAGEOBJECT, place: CustomerBarcode, template: Template) -> str:
        """Return the letters of the customer barcode, read from a picture of it and its clear zone."""
        unit = BAR_MM * place.point / 10
        width, height = 2 * BARS - 1, BAR_HEIGHT
        self._require_place(path, (place.x, place.y, place.x + width * unit, place.y + height * unit), template)
        clear = int(_BAR_CLEAR_MM / unit) + 1
        size = (width + 2 * clear) * _BAR_PIXELS, (height + 2 * clear) * _BAR_PIXELS
        picture = _look(page, (place.x - clear * unit, place.y - clear * unit), _BAR_PIXELS / unit, size)
        return letters_of(picture.translate(_DARK), size[0], _BAR_PIXELS, clear)

    def _require_place(self, each: raw.FPDF_PAGEOBJECT, box: tuple[float, ...], template: Template) -> None:
        left, bottom, right, top = (edge / POINTS for edge in self._bounds(each))
        found = left, template.height - top, right, template.height - bottom
        if any(abs(one - other) > _TOLERANCE for one, other in zip(found, box, strict=True)):
            raise PageFault("コードの位置")


def _plain(text: str) -> str:
    return "".join(text.replace("\x02", "-").split())


def _look(page: raw.FPDF_PAGE, corner: tuple[float, float], pixels_per_mm: float, size: tuple[int, int]) -> bytes:
    """Return a grey picture, row by row, of what is seen right of and below a point of the page (millimetres)."""
    x, y = corner
    width, height = size
    picture = (ctypes.c_ubyte * (width * height))()
    bitmap = raw.FPDFBitmap_CreateEx(width, height, raw.FPDFBitmap_Gray, picture, width)
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        scale = pixels_per_mm / POINTS
        matrix = raw.FS_MATRIX(scale, 0, 0, scale, -x * pixels_per_mm, -y * pixels_per_mm)
        clip = raw.FS_RECTF(0, 0, width, height)
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, clip, 0)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
    return bytes(picture)
