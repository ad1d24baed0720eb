"""Step 6: draw the pieces of a group of chunks, one PDF per chunk; the same pieces give the same bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import date, datetime

from pydantic import TypeAdapter
from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from mailround.composition import POINTS, Composer, Page, values
from mailround.context import RoundContext
from mailround.errors import CountMismatchError
from mailround.fonts import Font
from mailround.model import ChunkGroup, Piece, PieceRange, Population, Rendered
from mailround.pdf_font import EmbeddedFont
from mailround.plan_print import FONT, PIECES, chunk_name
from mailround.register.entries import Rendered as RenderedBody
from mailround.templates import SHEETS, Grid, Sheet, Template, load_templates

RANGES: TypeAdapter[tuple[PieceRange, ...]] = TypeAdapter(tuple[PieceRange, ...])
"""Workspace files ``pages/001`` …"""

rl_config.useA85 = 0  # binary streams: a fifth smaller, and nothing reads these files as text


def render(work: RoundContext, group: ChunkGroup, *, at: datetime) -> Rendered:
    """Draw every chunk of the group; writes ``print/<stem>-NNN`` and ``pages/NNN``; once approved, return what stands.

    Raises:
        PrintError: A text does not fit or a glyph is missing; names the piece's number and the field.
        CountMismatchError: The plan's piece numbers are not what the chunk must hold.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(RenderedBody, first=group.first, last=group.last):
        return Rendered(round_id=work.round_id, **approved.model_dump(exclude={"kind"}))
    templates = load_templates(work.settings.include, work.kind)
    press = Press(Font(work.workspace.read(FONT)), templates, work.opened.issue_date)
    pieces_drawn = pages_drawn = 0
    digests = hashlib.sha256()
    for number in range(group.first, group.last + 1):
        pieces = work.workspace.read_records(chunk_name(number), PIECES)
        _check_numbers(pieces, number, work.kind.chunk_size)
        content, ranges = press.draw(pieces)
        work.workspace.write(pdf_name(work, number), content)
        work.workspace.write_records(pages_name(number), RANGES, ranges)
        digests.update(hashlib.sha256(content).digest())
        pieces_drawn += len(pieces)
        pages_drawn += sum(each.pages for each in ranges)
    body = RenderedBody(
        first=group.first, last=group.last, pieces=pieces_drawn, pages=pages_drawn, sha256=digests.hexdigest()
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return Rendered(round_id=work.round_id, **body.model_dump(exclude={"kind"}))


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

    def __init__(self, font: Font, templates: dict[Population, Template], issue_date: date) -> None:
        """Prepare what all chunks share."""
        self._font = EmbeddedFont(font)
        self._templates = templates
        self._composers = {population: Composer(template, font) for population, template in templates.items()}
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
        forms = self._draw_forms(canvas, used, {piece.recipient.population for piece in pieces})
        ranges = []
        page = 1
        for piece in pieces:
            population = piece.recipient.population
            template = self._templates[population]
            pages = self._composers[population].pages(piece, values(piece, template, self._issue_date))
            for number, lines in enumerate(pages):
                canvas.setPageSize((template.width * POINTS, template.height * POINTS))
                canvas.doForm(forms[population, "more" if number else "first"])
                canvas.addLiteral(self._text(lines, used))
                canvas.showPage()
            ranges.append(PieceRange(seq=piece.seq, piece_id=piece.piece_id, first_page=page, pages=len(pages)))
            page += len(pages)
        canvas.save()
        return file.getvalue(), tuple(ranges)

    def _draw_forms(
        self, canvas: Canvas, used: set[str], populations: set[Population]
    ) -> dict[tuple[Population, Sheet], str]:
        """Draw what is the same on every page once, and return the names to call it by."""
        forms: dict[tuple[Population, Sheet], str] = {}
        for population in sorted(populations):
            template = self._templates[population]
            canvas.setPageSize((template.width * POINTS, template.height * POINTS))
            for sheet in SHEETS:
                name = forms[population, sheet] = f"{population}-{sheet}"
                canvas.beginForm(name)
                for grid in template.grids.values():
                    if grid.shown_on(sheet):
                        _rule(canvas, grid, template.height)
                canvas.addLiteral(self._text(self._composers[population].static(sheet), used))
                canvas.endForm()
        return forms

    def _text(self, lines: Page, used: set[str]) -> str:
        """Return one PDF text object that shows the lines; one string each, so that each can be read back alone."""
        parts = ["BT"]
        last = 0.0
        for line in lines:
            if line.size != last:
                last = line.size
                parts.append(f"/{self._font.resource} {last:g} Tf")
            parts.append(f"1 0 0 1 {line.x:.3f} {line.y:.3f} Tm <{self._font.encode(line.text, used)}> Tj")
        parts.append("ET")
        return "\n".join(parts)


def _rule(canvas: Canvas, grid: Grid, height: float) -> None:
    """Draw a grid's lines."""
    canvas.setLineWidth(grid.line * POINTS)
    xs, ys = [grid.x], [height - grid.y]
    for column in grid.columns:
        xs.append(xs[-1] + column)
    for row in grid.rows:
        ys.append(ys[-1] - row)
    canvas.grid([x * POINTS for x in xs], [y * POINTS for y in ys])
