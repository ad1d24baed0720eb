"""The limit: the same files written by hand, as fast as Python can, with what the job needs and nothing else.

The page is the same as ours: the static layer once a file, one string and one matrix per line of text, both codes,
zlib at the same level, the same outlines embedded by the same HarfBuzz. What is left out is what a product cannot
leave out: no canvas, no fitting (a text too wide for its box is set smaller in one go), no line breaking rules, no
variation sequences, no missing glyphs, no second page, no check of anything. So nothing that writes this page from
Python does much better.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from comparison import change_notice, issued, round_font
from writer import PIECES as FILE
from writer import measure

from mailround.barcodes import BAR_ENDS, BAR_HEIGHT, BAR_MM, BARS
from mailround.composition import POINTS, Composer, yen
from mailround.eras import write_era
from mailround.fonts import Font
from mailround.inserter_mark import MarkPrinter
from mailround.model import AID_KINDS, Piece
from mailround.plan_print import PIECES
from mailround.templates import Field, Grid, Template, placeholders

_ASCENT = 0.88
_AMOUNTS = (*AID_KINDS, "income", "total")
_BEFORE, _AFTER, _DIFFERENCE = ([f"{time}_{what}" for what in _AMOUNTS] for time in ("before", "after", "difference"))

_era, _yen = cache(lambda day: write_era(day, long=True)), cache(yen)


def prepare(folder: Path) -> tuple[Sequence[Piece], Callable[[Sequence[Piece]], bytes]]:
    """Work out everything that does not differ from notice to notice."""
    font = round_font(folder)
    round_id, issue_date = issued(folder)
    pieces = PIECES.validate_json((folder / FILE).read_bytes())
    letters = {unit: code for code, unit in enumerate(font.units, 1) if len(unit) == 1}
    codes = {ord(letter): f"{code:04X}" for letter, code in letters.items()}
    marks = MarkPrinter(round_id, pieces[0].enclosure_set)
    forms = {
        population: _Form(template, font, codes, marks, _era(issue_date))
        for population, template in change_notice().items()
    }

    def write(chunk: Sequence[Piece]) -> bytes:
        file = _File()
        populations = {piece.recipient.population for piece in chunk}
        own = file.reserve()
        resources = f"/Resources<</Font<</F {own} 0 R>>>>"
        layers = {
            population: file.add_stream(forms[population].head + resources, forms[population].still)
            for population in sorted(populations)
        }
        shown = {forms[population].still_texts for population in populations}
        pages = []
        for piece in chunk:
            population = piece.recipient.population
            content = file.add_stream("", forms[population].page(piece, shown))
            pages.append(
                file.add(
                    f"<</Type/Page/Parent 2 0 R/MediaBox{forms[population].paper}/Contents {content} 0 R"
                    f"/Resources<</Font<</F {own} 0 R>>/XObject<</S {layers[population]} 0 R>>>>>>"
                )
            )
        _embed(file, own, font, {letters[each]: each for each in sorted(set().union(*shown)) if each in letters})
        return file.close(pages)

    return pieces, write


class _Form:
    """The page of one legal population: its static layer, and the operators around the text of each other field."""

    def __init__(
        self, template: Template, font: Font, codes: dict[int, str], marks: MarkPrinter, issue_date: str
    ) -> None:
        self._template, self._codes, self._marks = template, codes, marks
        self._widths = {unit: font.width(unit) for unit in font.units}
        self._texts = template.texts
        self._issue_date = issue_date
        self.paper = f"[0 0 {template.width * POINTS:.3f} {template.height * POINTS:.3f}]"
        self.head = f"/Type/XObject/Subtype/Form/BBox{self.paper}"
        lines = [line for placed in Composer(template, font).static("first") for line in placed.lines]
        self.still_texts = "".join(line.text for line in lines)
        shown = _joined((line.size, self._line(line.x, line.y, line.text)) for line in lines)
        grids = "\n".join(_ruled(grid, template.height) for grid in template.grids.values() if grid.shown_on("first"))
        self.still = f"{grids}\nBT\n{shown}\nET"
        self._fields = [
            (_wording(wording), cache(self._setter(field)))
            for field, wording in template.moving.values()
            if field.shown_on("first")
        ]
        unit = BAR_MM * template.barcode.point / 10 * POINTS
        left, top = template.barcode.x * POINTS, (template.height - template.barcode.y) * POINTS
        self._barcode = f"q {unit:.5f} 0 0 {unit:.5f} {left:.3f} {top - unit * BAR_HEIGHT:.3f} cm "
        self._bars = [
            {letter: f"{2 * number} {bottom} 1 {top - bottom} re" for letter, (bottom, top) in BAR_ENDS.items()}
            for number in range(BARS)
        ]
        side = marks.modules * template.mark.module * POINTS
        x, y = template.mark.x * POINTS, (template.height - template.mark.y) * POINTS - side
        self._mark = (
            f"q {side:.4f} 0 0 {side:.4f} {x:.3f} {y:.3f} cm\n"
            f"BI /IM true /W {marks.modules} /H {marks.modules} /D [1 0] /F /AHx ID\n"
        )

    def page(self, piece: Piece, shown: set[str]) -> str:
        """Return a page's content; adds its texts to those that the file shows."""
        known = self._values(piece)
        texts = [wording(known) for wording, _ in self._fields]
        shown.update(texts)
        lines = _joined([set_text(text) for text, (_, set_text) in zip(texts, self._fields, strict=True) if text])
        mark = f"{self._mark}{self._marks.rows(piece.piece_id, 1, 1).hex()}>\nEI Q"
        bars = " ".join([bar[letter] for letter, bar in zip(piece.barcode, self._bars, strict=False)])
        return (
            f"/S Do\nBT\n{lines}\nET\n{mark}\n{self._barcode}{bars} f Q" if bars else f"/S Do\nBT\n{lines}\nET\n{mark}"
        )

    def _values(self, piece: Piece) -> dict[str, str]:
        recipient = piece.recipient
        to, decision = piece.to, recipient.decision
        if decision is None:
            raise ValueError("a change notice tells a decision")
        before = (*decision.before, decision.income_before, decision.total_before)
        after = (*decision.after, decision.income_after, decision.total_after)
        digits = to.postcode.replace("-", "")
        known = {
            "piece_id": piece.piece_id,
            "page": "1",
            "pages": "1",
            "continued": "",
            "postcode": f"{digits[:3]}-{digits[3:]}",
            "address": to.address,
            "building": to.building,
            "addressee": to.name,
            "on_behalf": f"（{to.on_behalf_of}　様分）" if to.on_behalf_of else "",
            "head": recipient.name,
            "case_no": recipient.case_no,
            "district": recipient.district,
            "issue_date": self._issue_date,
            "document_no": decision.document_no,
            "payment_method": self._texts[f"payment_{decision.payment_method}"],
            "reason": decision.reason,
            "decision_date": _era(decision.decision_date),
            "effective_date": _era(decision.effective_date),
            "payment_date": _era(decision.payment_date),
        }
        known.update(zip(_BEFORE, map(_yen, before), strict=True))
        known.update(zip(_AFTER, map(_yen, after), strict=True))
        known.update(zip(_DIFFERENCE, [_yen(new - old) for old, new in zip(before, after, strict=True)], strict=True))
        return known

    def _setter(self, field: Field) -> Callable[[str], tuple[float, str]]:
        """Return the function that sets a text into a field's box: the size, and the operators of its lines."""
        width, x, y, h = (
            field.w * POINTS,
            field.x * POINTS,
            (self._template.height - field.y) * POINTS,
            field.h * POINTS,
        )
        share = {"left": 0, "center": 0.5, "right": 1}[field.align]
        drop = {"top": 0, "middle": 0.5, "bottom": 1}[field.valign]
        smallest = field.min_size or field.size
        widths = self._widths

        def set_text(text: str) -> tuple[float, str]:
            measured = sum([widths[letter] for letter in text]) if "\n" not in text else width
            size = max(smallest, min(field.size, width / (measured or 1)))
            lines = [(text, measured)] if measured * size <= width + 0.01 else list(self._cut(text, width / size))
            pitch = size * field.leading
            top = y - drop * (h - size - pitch * (len(lines) - 1)) - _ASCENT * size
            return size, "\n".join(
                [
                    self._line(x + share * (width - long * size), top - row * pitch, line)
                    for row, (line, long) in enumerate(lines)
                ]
            )

        return set_text

    def _cut(self, text: str, room: float) -> Iterable[tuple[str, float]]:
        """Yield lines of at most so many em, and their widths: cut where they are full."""
        for paragraph in text.split("\n"):
            first, used = 0, 0.0
            for place, letter in enumerate(paragraph):
                advance = self._widths[letter]
                if used + advance > room:
                    yield paragraph[first:place], used
                    first, used = place, 0.0
                used += advance
            yield paragraph[first:], used

    def _line(self, x: float, y: float, text: str) -> str:
        return f"1 0 0 1 {x:.3f} {y:.3f} Tm <{text.translate(self._codes)}> Tj"


def _joined(lines: Iterable[tuple[float, str]]) -> str:
    """Put texts together, and the size before those that have another than the one before."""
    parts = []
    last = 0.0
    for size, line in lines:
        if size != last:
            last = size
            parts.append(f"/F {size:g} Tf")
        parts.append(line)
    return "\n".join(parts)


def _wording(wording: str) -> Callable[[dict[str, str]], str]:
    """Return the quickest way from a record's values to a field's text."""
    names = placeholders(wording)
    if wording == f"{{{names[0]}}}":
        return lambda known: known[names[0]]
    return wording.format_map


def _ruled(grid: Grid, height: float) -> str:
    xs, ys = [grid.x * POINTS], [(height - grid.y) * POINTS]
    for column in grid.columns:
        xs.append(xs[-1] + column * POINTS)
    for row in grid.rows:
        ys.append(ys[-1] - row * POINTS)
    down = [f"{x:.3f} {ys[0]:.3f} m {x:.3f} {ys[-1]:.3f} l" for x in xs]
    across = [f"{xs[0]:.3f} {y:.3f} m {xs[-1]:.3f} {y:.3f} l" for y in ys]
    return f"{grid.line * POINTS:.3f} w {' '.join(down + across)} S"


class _File:
    """Objects of a PDF, numbered from 3; 1 and 2 are the catalog and the page tree."""

    def __init__(self) -> None:
        self._objects: list[bytes] = [b"", b""]

    def reserve(self) -> int:
        self._objects.append(b"")
        return len(self._objects)

    def add(self, content: str) -> int:
        self._objects.append(content.encode("ascii"))
        return len(self._objects)

    def add_stream(self, head: str, content: str) -> int:
        return self.add_bytes(head, content.encode("ascii"))

    def add_bytes(self, head: str, content: bytes) -> int:
        packed = zlib.compress(content)
        self._objects.append(
            f"<</Length {len(packed)}/Filter/FlateDecode{head}>>stream\n".encode("ascii") + packed + b"\nendstream"
        )
        return len(self._objects)

    def put(self, number: int, content: str) -> None:
        self._objects[number - 1] = content.encode("ascii")

    def close(self, pages: Sequence[int]) -> bytes:
        self.put(1, "<</Type/Catalog/Pages 2 0 R/Lang(ja-JP)>>")
        self.put(2, f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(f'{page} 0 R' for page in pages)}]>>")
        parts, places, place = [b"%PDF-1.5\n"], [], 9
        for number, content in enumerate(self._objects, 1):
            whole = b"%d 0 obj\n%b\nendobj\n" % (number, content)
            places.append(place)
            place += len(whole)
            parts.append(whole)
        entries = "".join([f"{each:010d} 00000 n \n" for each in places])
        size = len(places) + 1
        trailer = f"trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{place}\n%%EOF\n"
        parts.append(f"xref\n0 {size}\n0000000000 65535 f \n{entries}{trailer}".encode("ascii"))
        return b"".join(parts)


def _embed(file: _File, own: int, font: Font, units: dict[int, str]) -> None:
    """Write the Type 0 font of the characters that a file shows, by their codes."""
    glyphs = {code: font.glyph(unit) for code, unit in units.items()}
    outlines = font.outlines(glyphs.values())
    table = bytearray(2 * (max(glyphs) + 1))
    for code, glyph in glyphs.items():
        table[2 * code : 2 * code + 2] = glyph.to_bytes(2, "big")
    said = [f"<{code:04X}><{unit.encode('utf-16-be').hex()}>" for code, unit in units.items()]
    blocks = [said[first : first + 100] for first in range(0, len(said), 100)]
    to_unicode = "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def",
            "1 begincodespacerange <0000><FFFF> endcodespacerange",
            *(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    )
    widths = " ".join(
        f"{code}[{round(font.width(unit) * 1000)}]" for code, unit in units.items() if font.width(unit) != 1
    )
    name = f"AAAAAA+{font.postscript_name}"
    data = file.add_bytes(f"/Length1 {len(outlines)}", outlines)
    descriptor = file.add(
        f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[-1000 -300 2000 1000]/ItalicAngle 0/Ascent 880"
        f"/Descent -120/CapHeight 700/StemV 80/FontFile2 {data} 0 R>>"
    )
    glyph_map, sayings = file.add_bytes("", bytes(table)), file.add_stream("", to_unicode)
    file.put(
        own,
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/ToUnicode {sayings} 0 R"
        f"/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {descriptor} 0 R/DW 1000/W[{widths}]/CIDToGIDMap {glyph_map} 0 R>>]>>",
    )


if __name__ == "__main__":
    measure(prepare)
