"""Step 6: draw the pieces of a group of chunks, one PDF per chunk; the same pieces give the same bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from pydantic import TypeAdapter
from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from mailround.barcodes import BAR_ENDS, BAR_HEIGHT, BAR_MM
from mailround.composition import POINTS, Composer, Line, Page, values
from mailround.context import RoundContext
from mailround.errors import CountMismatchError
from mailround.fonts import Font
from mailround.inserter_mark import MarkPrinter
from mailround.model import ChunkGroup, Piece, PieceRange, Population, Rendered
from mailround.pdf_font import EmbeddedFont
from mailround.pdf_page import add_page, add_resources, form_name
from mailround.plan_print import FONT, PIECES, chunk_name, planned_templates
from mailround.register.entries import Rendered as RenderedBody
from mailround.templates import Grid, Sheet, Template

RANGES: TypeAdapter[tuple[PieceRange, ...]] = TypeAdapter(tuple[PieceRange, ...])
"""Workspace files ``pages/001`` …"""

_BARS = {letter: f"{bottom} 1 {top - bottom} re" for letter, (bottom, top) in BAR_ENDS.items()}
"""Letter of a bar → the rest of its rectangle, after its place."""

rl_config.useA85 = 0  # binary streams: a fifth smaller, and nothing reads these files as text


def render(work: RoundContext, group: ChunkGroup, *, at: datetime) -> Rendered:
    """Draw every chunk of the group; writes ``print/<stem>-NNN`` and ``pages/NNN``; once approved, return what stands.

    Raises:
        PrintError: A text does not fit or a glyph is missing; names the piece's number and the field.
        GateClosedError: The templates are no longer those of the plan.
        CountMismatchError: The plan's piece numbers are not what the chunk must hold.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(RenderedBody, first=group.first, last=group.last):
        return Rendered(round_id=work.round_id, **approved.model_dump(exclude={"kind"}))
    templates = planned_templates(work)
    press = Press(Font(work.workspace.read(FONT)), templates, work.opened.issue_date, work.round_id)
    pieces_drawn = pages_drawn = 0
    digests = hashlib.sha256()
    for number in range(group.first, group.last + 1):
        ranges, digest = _draw_chunk(work, press, number)
        digests.update(digest)
        pieces_drawn += len(ranges)
        pages_drawn += sum(each.pages for each in ranges)
    body = RenderedBody(
        first=group.first, last=group.last, pieces=pieces_drawn, pages=pages_drawn, sha256=digests.hexdigest()
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return Rendered(round_id=work.round_id, **body.model_dump(exclude={"kind"}))


def _draw_chunk(work: RoundContext, press: Press, number: int) -> tuple[tuple[PieceRange, ...], bytes]:
    """Draw a chunk and return where its pieces stand and the digest of its PDF; nothing else of it stays in memory."""
    pieces = work.workspace.read_records(chunk_name(number), PIECES)
    _check_numbers(pieces, number, work.kind.chunk_size)
    content, ranges = press.draw(pieces)
    work.workspace.write(pdf_name(work, number), content)
    work.workspace.write_records(pages_name(number), RANGES, ranges)
    return ranges, hashlib.sha256(content).digest()


def pdf_name(work: RoundContext, chunk: int) -> str:
    """Return the workspace name of a chunk's PDF."""
    return f"print/{work.kind.file_stem}-{chunk:03d}"


def pages_name(chunk: int) -> str:
    """Return the workspace name of a chunk's page ranges."""
    return f"pages/{chunk:03d}"


def _check_numbers(pieces: Sequence[Piece], chunk: int, size: int) -> None:
    first = (chunk - 1) * size + 1
    if [piece.seq for piece in pieces] != list(range(first, first + len(pieces))) or not 0 < len(pieces) <= size:
        raise CountMismatchError(
            f"印刷計画の{chunk}番目の束は通し番号{first}から始まるはずですが、番号が続いていません（{len(pieces)}件）。",
            "印刷計画からやり直してください。",
        )


class Press:
    """Draws chunks with one font and the templates of one kind."""

    def __init__(self, font: Font, templates: dict[Population, Template], issue_date: date, round_id: str) -> None:
        """Prepare what all chunks share."""
        self._round_id = round_id
        self._marks: dict[str, MarkPrinter] = {}
        self._font = EmbeddedFont(font, often=("0123456789,", *_still_texts(templates)))
        self._templates = templates
        self._composers = {
            population: Composer(template, font, self._operators) for population, template in templates.items()
        }
        self._issue_date = issue_date

    def draw(self, pieces: Sequence[Piece]) -> tuple[bytes, tuple[PieceRange, ...]]:
        """Return a chunk's PDF and where each piece stands in it.

        Raises:
            PrintError: As `render`.
        """
        file = io.BytesIO()
        canvas = Canvas(
            file,
            pageCompression=1,
            invariant=1,
            initialFontName=self._font.fontName,  # type: ignore[arg-type]  # the stubs take it for a size
            lang="ja-JP",
        )
        canvas.setTitle("mailround")
        used = self._font.use(canvas)
        forms: dict[tuple[Population, Sheet], str] = {}
        ranges = []
        page = 1
        for piece in pieces:
            population = piece.recipient.population
            template = self._templates[population]
            pages = self._composers[population].pages(piece, values(piece, template, self._issue_date))
            size = template.width * POINTS, template.height * POINTS
            for number, lines in enumerate(pages):
                sheet: Sheet = "more" if number else "first"
                if (population, sheet) not in forms:  # a file holds no layer that none of its pages shows
                    forms[population, sheet] = self._draw_form(canvas, used, population, sheet)
                text, codes = self._text(lines, used), self._codes(piece, number + 1, len(pages), template)
                add_page(canvas, f"/{forms[population, sheet]} Do\n{text}\n{codes}\n", size)
            ranges.append(PieceRange(seq=piece.seq, piece_id=piece.piece_id, first_page=page, pages=len(pages)))
            page += len(pages)
        add_resources(canvas, forms.values())
        canvas.save()
        return file.getvalue(), tuple(ranges)

    def _draw_form(self, canvas: Canvas, used: set[str], population: Population, sheet: Sheet) -> str:
        """Draw what is the same on every such page, and return the name to call it by."""
        template = self._templates[population]
        canvas.setPageSize((template.width * POINTS, template.height * POINTS))
        name = f"{population}-{sheet}"
        canvas.beginForm(name)
        for grid in template.grids.values():
            if grid.shown_on(sheet):
                _rule(canvas, grid, template.height)
        if template.seal and sheet == "first":
            left, top, width, height = (each * POINTS for each in template.seal.box)
            image = ImageReader(io.BytesIO(template.seal.png))
            canvas.drawImage(image, left, template.height * POINTS - top - height, width, height)
        canvas.addLiteral(self._text(self._composers[population].static(sheet), used))
        canvas.endForm()
        return form_name(canvas, name)

    def _text(self, page: Page, used: set[str]) -> str:
        """Return one PDF text object that shows a page; one string a line, so that each can be read back alone."""
        parts = ["BT"]
        last = 0.0
        for placed in page:
            if placed.drawn:
                if placed.size != last:
                    last = placed.size
                    parts.append(f"/{self._font.resource} {last:g} Tf")
                parts.append(placed.drawn)
        parts.append("ET")
        used.update([placed.text for placed in page])
        return "\n".join(parts)

    def _operators(self, lines: tuple[Line, ...]) -> str:
        return "\n".join([f"1 0 0 1 {x:.3f} {y:.3f} Tm <{self._font.encode(text)}> Tj" for x, y, _, text in lines])

    def _codes(self, piece: Piece, page: int, pages: int, template: Template) -> str:
        """Return the inserter mark and, on the first page, the customer barcode as PDF operators."""
        marks = self._marks.get(piece.enclosure_set)
        if marks is None:
            marks = self._marks[piece.enclosure_set] = MarkPrinter(self._round_id, piece.enclosure_set)
        place = template.mark
        side = marks.modules * place.module
        # A stencil whose pixels are the modules: exact at any resolution; /D [1 0] paints the ones.
        drawn = (
            f"q {side * POINTS:.4f} 0 0 {side * POINTS:.4f} {place.x * POINTS:.3f} "
            f"{(template.height - place.y - side) * POINTS:.3f} cm\n"
            f"BI /IM true /W {marks.modules} /H {marks.modules} /D [1 0] /F /AHx ID\n"
            f"{marks.rows(piece.piece_id, page, pages).hex()}>\nEI Q"
        )
        return f"{drawn}\n{_bars(piece.barcode, template)}" if page == 1 and piece.barcode else drawn


def _still_texts(templates: dict[Population, Template]) -> Iterator[str]:
    for template in templates.values():
        yield from (wording.format() for _, wording in template.still.values())


def _bars(letters: str, template: Template) -> str:
    """Return a customer barcode as one path in units of a bar's width, so that every number is a small integer."""
    place = template.barcode
    unit = BAR_MM * place.point / 10 * POINTS
    left, bottom = place.x * POINTS, (template.height - place.y) * POINTS - unit * BAR_HEIGHT
    path = " ".join([f"{2 * number} {_BARS[letter]}" for number, letter in enumerate(letters)])
    return f"q {unit:.5f} 0 0 {unit:.5f} {left:.3f} {bottom:.3f} cm {path} f Q"


def _rule(canvas: Canvas, grid: Grid, height: float) -> None:
    """Draw a grid's lines."""
    canvas.setLineWidth(grid.line * POINTS)
    xs, ys = [grid.x], [height - grid.y]
    for column in grid.columns:
        xs.append(xs[-1] + column)
    for row in grid.rows:
        ys.append(ys[-1] - row)
    canvas.grid([x * POINTS for x in xs], [y * POINTS for y in ys])
