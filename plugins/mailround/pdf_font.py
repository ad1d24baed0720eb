"""A font as reportlab embeds it: one Type 0 font with a two-byte code for every unit.

reportlab's own TrueType support knows single characters only: it draws a variation sequence as base and box, writes
ToUnicode wrong above U+FFFF, and puts a box where a glyph is missing. Here a unit has its own code even where two
units share a glyph, so that the text read back from the page is exactly the text that was to be printed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import groupby
from types import SimpleNamespace
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from mailround.errors import PrintError
from mailround.fonts import Font, has_selector, split_units

_FIRST_CODE = 1
_LAST_CODE = 0xFFFF
_PER_BLOCK = 100
"""Mappings a ToUnicode block may hold (Adobe Technical Note 5411)."""


class _Codes(dict[int, str]):
    """Character → four hexadecimal digits, for ``str.translate``."""

    def __missing__(self, code: int) -> NoReturn:
        raise PrintError(
            "印刷用フォントにない文字があり、通知書を作成できません。",
            "データ検査からやり直し、印刷できない文字のある世帯を保留にしてください。",
        )


class EmbeddedFont:
    """A `Font` that reportlab's canvas can use by ``fontName``; one instance serves any number of documents.

    The members with camel case are those reportlab asks of a dynamic font.
    """

    resource = "FT"
    """Name of the font in the resources of every page."""
    ascent, descent = 880, -120
    """Of the em in thousandths: flowing text asks for them."""
    shapable = False
    _dynamicFont = True  # noqa: N815 - reportlab's
    _multiByte = True  # noqa: N815 - reportlab's

    def __init__(self, font: Font, often: Iterable[str] = ()) -> None:
        """Give every unit of the font its code and register with reportlab.

        The units of ``often`` come first: PDFium, which reads every page back, remembers the boxes of the first 255
        codes only and measures all others anew each time. The rest follow in the font's order.

        The name follows from the font's bytes: reportlab keeps the first font of a name for good.

        Raises:
            PrintError: More units than two bytes can number: the whole font instead of a subset.
        """
        self.fontName = f"font-{hashlib.sha256(font.data).hexdigest()[:16]}"
        self.face = SimpleNamespace(name=self.fontName, builtIn=False)
        self._font = font
        first = [
            unit for unit in dict.fromkeys(each for text in often for each in split_units(text)) if font.glyph(unit)
        ]
        self._units = tuple(dict.fromkeys((*first, *font.units)))
        if len(self._units) > _LAST_CODE:
            raise PrintError(
                "文字の種類が多すぎて、フォントをPDFに埋め込めません。",
                "使う文字だけのフォント（subset）を渡してください。",
            )
        codes = {unit: f"{code:04X}" for code, unit in enumerate(self._units, _FIRST_CODE)}
        self._characters = _Codes((ord(unit), code) for unit, code in codes.items() if len(unit) == 1)
        self._sequences = {unit: code for unit, code in codes.items() if len(unit) > 1}
        self._used: WeakKeyDictionary[pdfdoc.PDFDocument, set[str]] = WeakKeyDictionary()
        pdfmetrics.registerFont(self)

    def use(self, canvas: Canvas) -> set[str]:
        """Return the set of the texts that a canvas's document shows, to be added to; only their units are embedded."""
        return self._used_in(canvas._doc)  # type: ignore[attr-defined]  # noqa: SLF001 - reportlab has no other name

    def _used_in(self, document: pdfdoc.PDFDocument) -> set[str]:
        if document not in self._used:
            self._used[document] = set()
            document.fontMapping[self.fontName] = f"/{self.resource}"
            document.delayedFonts.append(self)
        return self._used[document]

    def encode(self, text: str) -> str:
        """Return the hexadecimal PDF string of a text.

        Raises:
            PrintError: The font lacks a unit.
        """
        if not has_selector(text):
            return text.translate(self._characters)
        return "".join(self._sequences.get(unit) or unit.translate(self._characters) for unit in split_units(text))

    def stringWidth(self, text: str, size: float, encoding: str = "utf8") -> float:  # noqa: ARG002, N802 - reportlab's
        """Return the width in points."""
        return self._font.width(text) * size

    def splitString(self, text: str, doc: pdfdoc.PDFDocument) -> list[tuple[int, bytes]]:  # noqa: N802 - reportlab's
        """Return the text as one run of two-byte codes."""
        self._used_in(doc).add(text)
        return [(0, bytes.fromhex(self.encode(text)))]

    def getSubsetInternalName(self, subset: int, doc: pdfdoc.PDFDocument) -> str:  # noqa: ARG002, N802 - reportlab's
        """Return the font's resource name."""
        self._used_in(doc)
        return f"/{self.resource}"

    def addObjects(self, doc: pdfdoc.PDFDocument) -> None:  # noqa: N802 - reportlab's
        """Write the font's objects: called by reportlab when the document is complete."""
        used = {unit for text in self._used.pop(doc) for unit in split_units(text)}
        units = {code: unit for code, unit in enumerate(self._units, _FIRST_CODE) if unit in used}
        glyphs = {code: self._font.glyph(unit) for code, unit in units.items()}
        base = f"{_tag(len(units), len(self._units))}+{self._font.postscript_name}"
        name = pdfdoc.PDFName
        descriptor = pdfdoc.PDFDictionary(
            {
                "Type": name("FontDescriptor"),
                "FontName": name(base),
                "Flags": 4,
                "FontBBox": pdfdoc.PDFArray([-1000, -300, 2000, 1000]),
                "ItalicAngle": 0,
                "Ascent": self.ascent,
                "Descent": self.descent,
                "CapHeight": 700,
                "StemV": 80,
                "FontFile2": _stream(doc, f"{self.resource}.outlines", self._font.outlines(glyphs.values())),
            }
        )
        descendant = pdfdoc.PDFDictionary(
            {
                "Type": name("Font"),
                "Subtype": name("CIDFontType2"),
                "BaseFont": name(base),
                "CIDSystemInfo": pdfdoc.PDFDictionary(
                    {"Registry": pdfdoc.PDFString("Adobe"), "Ordering": pdfdoc.PDFString("Identity"), "Supplement": 0}
                ),
                "FontDescriptor": _indirect(doc, descriptor, f"{self.resource}.descriptor"),
                "DW": 1000,
                "W": _widths({code: round(self._font.width(unit) * 1000) for code, unit in units.items()}),
                "CIDToGIDMap": _stream(doc, f"{self.resource}.glyphs", _glyph_map(glyphs)),
            }
        )
        whole = pdfdoc.PDFDictionary(
            {
                "Type": name("Font"),
                "Subtype": name("Type0"),
                "BaseFont": name(base),
                "Encoding": name("Identity-H"),
                "DescendantFonts": pdfdoc.PDFArray([_indirect(doc, descendant, f"{self.resource}.descendant")]),
                "ToUnicode": _stream(doc, f"{self.resource}.unicode", _to_unicode(units)),
            }
        )
        fonts: Any = doc.idToObject["BasicFonts"]
        fonts.dict[self.resource] = _indirect(doc, whole, self.resource)


def _tag(*numbers: int) -> str:
    """Return the six letters that mark an embedded subset."""
    number = 0
    for each in numbers:
        number = number * 17_389 + each
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(6))


def _indirect(doc: pdfdoc.PDFDocument, value: pdfdoc.PDFObject, name: str) -> pdfdoc.PDFObject:
    reference: pdfdoc.PDFObject = doc.Reference(value, name)  # type: ignore[no-untyped-call]
    return reference


def _stream(doc: pdfdoc.PDFDocument, name: str, content: bytes) -> pdfdoc.PDFObject:
    stream = pdfdoc.PDFStream(pdfdoc.PDFDictionary({"Length1": len(content)}), content)
    stream.filters = [pdfdoc.PDFZCompress]
    return _indirect(doc, stream, name)


def _glyph_map(glyphs: dict[int, int]) -> bytes:
    """Return the CIDToGIDMap: two bytes for every code from 0 to the highest."""
    table = bytearray(2 * (max(glyphs, default=0) + 1))
    for code, glyph in glyphs.items():
        table[2 * code : 2 * code + 2] = glyph.to_bytes(2, "big")
    return bytes(table)


def _widths(widths: dict[int, int]) -> pdfdoc.PDFArray:
    """Return the W array: runs of codes whose width is not the default of 1000."""
    narrow = [code for code, width in widths.items() if width != 1000]  # noqa: PLR2004 - the PDF default, one em
    array: list[object] = []
    for _, run in groupby(enumerate(narrow), key=lambda pair: pair[1] - pair[0]):
        codes = [code for _, code in run]
        array += [codes[0], pdfdoc.PDFArray([widths[code] for code in codes])]
    return pdfdoc.PDFArray(array)


def _to_unicode(units: dict[int, str]) -> bytes:
    """Return the ToUnicode CMap: UTF-16BE, surrogate pairs above U+FFFF, sequences in full."""
    lines = [f"<{code:04X}> <{unit.encode('utf-16-be').hex().upper()}>" for code, unit in units.items()]
    blocks = []
    for first in range(0, len(lines), _PER_BLOCK):
        block = lines[first : first + _PER_BLOCK]
        blocks += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<0000> <FFFF>",
            "endcodespacerange",
            *blocks,
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
    ).encode("ascii")
