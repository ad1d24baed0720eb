"""The bundle list: the paper by which the contractor and the post office count bundles, made of counts alone.

First the totals, by section and by file; then every bundle, section by section, with its files and a box to tick.
It names offices, bundles, files and numbers, nobody's name or address and nothing of the round's purpose.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from mailround.bundle_words import (
    BY_BUNDLE,
    BY_FILE,
    BY_SECTION,
    FILES,
    GOES_ON,
    NOTE,
    ROUND,
    SECTIONS,
    TITLE,
    TOTAL,
    UNITS,
)
from mailround.errors import PrintError
from mailround.fonts import Font
from mailround.package_check import BundleRow, Stretch
from mailround.pdf_font import EmbeddedFont

rl_config.useA85 = 0  # as in `render`, so that the bytes do not depend on what else a process has drawn

_LEFT, _RIGHT = 15 * mm, 195 * mm
_TOP, _BOTTOM = 265 * mm, 18 * mm
"""Where the tables begin below the header, and where they must end."""
_ROW, _HEAD, _HEADING, _GAP = 6 * mm, 6 * mm, 9 * mm, 5 * mm
_SIZE, _HEADING_SIZE, _TITLE_SIZE = 9.5, 12, 16
_BASELINE = 1.8 * mm
"""Baseline above the lower edge of a row."""
_PADDING = 1.5 * mm
_HEAVY, _LIGHT = 0.8, 0.3
_TICK = 3.2 * mm
"""Side of the box to tick."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its title and its edges; numbers stand at the right edge."""

    title: str
    left: float
    right: float
    number: bool = True


class _Row(NamedTuple):
    """A row: its cells, whether it ends a bundle, which is ticked off, or sums the rows above."""

    cells: tuple[str, ...]
    tick: bool = False
    total: bool = False


@dataclass(frozen=True, slots=True)
class _Table:
    """A table under a heading, with its sums at the other end of that line."""

    heading: str
    sums: str
    columns: tuple[_Column, ...]
    rows: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of a table that stand on one page, with the top of its heading."""

    table: _Table
    top: float
    first: int
    last: int


def _columns(titles: Sequence[str], *shapes: tuple[float, bool]) -> tuple[_Column, ...]:
    """Return columns from titles, widths in millimetres and whether they hold numbers."""
    found = []
    left = _LEFT
    for title, (width, number) in zip(titles, shapes, strict=True):
        found.append(_Column(title, left, left + width * mm, number))
        left += width * mm
    return tuple(found)


_BY_SECTION = _columns(BY_SECTION, (90, False), (30, True), (30, True), (30, True))
_BY_FILE = _columns(BY_FILE, (60, False), (60, True), (30, True), (30, True))
_BY_BUNDLE = _columns(
    BY_BUNDLE, (28, False), (46, False), (32, True), (15, True), (15, True), (17, True), (17, True), (10, False)
)


def draw_bundle_list(
    round_id: str, titles: Mapping[str, str], bundles: Sequence[BundleRow], found: Sequence[Stretch], font: Font
) -> tuple[bytes, int]:
    """Return the bundle list as an A4 PDF and the number of its pages; the same counts give the same bytes.

    Args:
        round_id: Printed on every page.
        titles: Japanese title of every section by its code, in print order (`DeliveryOffices.sections`).
        bundles: All bundles, in print order.
        found: Their stretches.
        font: A font that holds `bundle_words.wordings`.

    Raises:
        PrintError: A bundle's section has no title, or the font lacks a character.
    """
    pages = _paginate(_tables(titles, bundles, found))
    embedded = EmbeddedFont(font)
    target = io.BytesIO()
    canvas = Canvas(
        target,
        A4,
        pageCompression=1,
        invariant=1,
        initialFontName=embedded.fontName,  # type: ignore[arg-type]  # the stubs take it for a size
        lang="ja-JP",
    )
    canvas.setTitle(f"bundles {round_id}")
    for number, parts in enumerate(pages, 1):
        _draw_page(canvas, embedded, f"{ROUND}　{round_id}　　{number}/{len(pages)}{UNITS[2]}", parts)
    canvas.save()
    return target.getvalue(), len(pages)


def _tables(titles: Mapping[str, str], bundles: Sequence[BundleRow], found: Sequence[Stretch]) -> Iterator[_Table]:
    by_section: dict[str, list[BundleRow]] = {code: [] for code in titles}
    for bundle in bundles:
        if bundle.office not in titles:
            raise PrintError(
                f"束「{bundle.bundle}」の配達局が、配達局の一覧にありません。", "印刷計画の工程からやり直してください。"
            )
        by_section[bundle.office].append(bundle)
    total = _counts(bundles)
    yield _Table(
        SECTIONS,
        "",
        _BY_SECTION,
        (
            *(_Row((titles[code], *_counts(held))) for code, held in by_section.items()),
            _Row((TOTAL, *total), total=True),
        ),
    )
    yield _Table(FILES, "", _BY_FILE, (*_file_rows(found), _Row((TOTAL, "", *total[1:]), total=True)))
    by_bundle = {bundle: list(held) for bundle, held in groupby(found, key=lambda stretch: stretch.bundle)}
    for code, held in by_section.items():
        if held:
            yield _section_table(titles[code], code, held, by_bundle)


def _counts(bundles: Sequence[BundleRow]) -> tuple[str, str, str]:
    pieces, pages = sum(each.pieces for each in bundles), sum(each.pages for each in bundles)
    return f"{len(bundles):,}", f"{pieces:,}", f"{pages:,}"


def _file_rows(found: Sequence[Stretch]) -> Iterator[_Row]:
    for file, group in groupby(found, key=lambda stretch: stretch.file):
        held = list(group)
        pieces, pages = sum(each.pieces for each in held), sum(each.pages for each in held)
        yield _Row((_short(file), _span(held[0].first, held[-1].last), f"{pieces:,}", f"{pages:,}"))


def _section_table(
    title: str, code: str, bundles: Sequence[BundleRow], by_bundle: Mapping[str, Sequence[Stretch]]
) -> _Table:
    """Return a section's bundles: a row for each file of a bundle, the bundle's own counts in its last one."""
    rows = []
    for bundle in bundles:
        *before, last = by_bundle[bundle.bundle]
        rows += [_Row((*_stretch_cells(stretch), "", "", "")) for stretch in before]
        rows.append(_Row((*_stretch_cells(last), f"{bundle.pieces:,}", f"{bundle.pages:,}", ""), tick=True))
    sums = "　".join(f"{count}{unit}" for count, unit in zip(_counts(bundles), UNITS, strict=True))
    return _Table(f"{title}（{code}）", sums, _BY_BUNDLE, tuple(rows))


def _stretch_cells(stretch: Stretch) -> tuple[str, ...]:
    span = _span(stretch.first, stretch.last)
    return stretch.bundle, _short(stretch.file), span, f"{stretch.pieces:,}", f"{stretch.pages:,}"


def _short(file: str) -> str:
    return file.rpartition("/")[2]


def _span(first: int, last: int) -> str:
    return f"{first}～{last}" if first < last else f"{first}"


def _paginate(tables: Iterable[_Table]) -> list[list[_Part]]:
    """Cut the tables into pages; neither a heading nor a sum stands alone."""
    pages: list[list[_Part]] = [[]]
    top = _TOP
    for table in tables:
        first = 0
        while first < len(table.rows):
            room = int((top - _HEADING - _HEAD - _BOTTOM) / _ROW)
            left = len(table.rows) - first
            if room < min(left, 3) and pages[-1]:
                pages.append([])
                top = _TOP
                continue
            taken = left - 2 if table.rows[-1].total and left - 1 == room else min(left, room)
            pages[-1].append(_Part(table, top, first, first + taken))
            top -= _HEADING + _HEAD + taken * _ROW + _GAP
            first += taken
    return pages


def _draw_page(canvas: Canvas, font: EmbeddedFont, header: str, parts: Sequence[_Part]) -> None:
    canvas.setFont(font.fontName, _TITLE_SIZE)
    canvas.drawString(_LEFT, 280 * mm, TITLE)
    canvas.setFont(font.fontName, _SIZE)
    canvas.drawRightString(_RIGHT, 280 * mm, header)
    canvas.drawString(_LEFT, 273 * mm, NOTE)
    for part in parts:
        _draw_part(canvas, font, part)
    canvas.showPage()


def _draw_part(canvas: Canvas, font: EmbeddedFont, part: _Part) -> None:
    table = part.table
    y = part.top - _HEADING
    canvas.setFont(font.fontName, _HEADING_SIZE)
    canvas.drawString(_LEFT, y + _BASELINE, table.heading + (GOES_ON if part.first else ""))
    if not part.first:
        canvas.drawRightString(_RIGHT, y + _BASELINE, table.sums)
    canvas.setFont(font.fontName, _SIZE)
    canvas.setLineWidth(_HEAVY)
    canvas.line(_LEFT, y, _RIGHT, y)
    y -= _HEAD
    _draw_row(canvas, table.columns, [column.title for column in table.columns], y)
    canvas.line(_LEFT, y, _RIGHT, y)
    canvas.setLineWidth(_LIGHT)
    for row in table.rows[part.first : part.last]:
        if row.total:
            canvas.setLineWidth(_HEAVY)
            canvas.line(_LEFT, y, _RIGHT, y)
        y -= _ROW
        _draw_row(canvas, table.columns, row.cells, y)
        canvas.line(_LEFT, y, _RIGHT, y)
        if row.tick:
            last = table.columns[-1]
            canvas.rect((last.left + last.right - _TICK) / 2, y + (_ROW - _TICK) / 2, _TICK, _TICK)


def _draw_row(canvas: Canvas, columns: Sequence[_Column], cells: Sequence[str], y: float) -> None:
    for column, cell in zip(columns, cells, strict=True):
        if cell and column.number:
            canvas.drawRightString(column.right - _PADDING, y + _BASELINE, cell)
        elif cell:
            canvas.drawString(column.left + _PADDING, y + _BASELINE, cell)
