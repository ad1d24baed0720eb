"""The notices that all writers of the comparison draw: pieces of a planned round, and the same as boxes and texts.

Only notices of one page are compared: how a long reason goes on on a second sheet is the template's own affair. A
writer that knows mailround gets the pieces; a peer gets ``notices.json``: for each legal population the boxes and
rules of its page, for each notice the texts that differ and the ink of its codes. Peers are thus spared the work on
the record (eras, amounts, the two codes), which ours and the limit do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any

from writer import FONT, NOTICES, PIECES, ROUND

from mailround import plan_print
from mailround.barcodes import BAR_ENDS, BAR_HEIGHT, BAR_MM
from mailround.composition import Composer, numbering, values
from mailround.context import RoundContext
from mailround.fonts import Font
from mailround.inserter_mark import MarkPrinter
from mailround.model import Piece, Population
from mailround.register.entries import PrintPlanned, latest
from mailround.rounds import load_round_kind
from mailround.settings import CheckSettings
from mailround.templates import Grid, Template, load_templates

_Ink = tuple[float, float, float, float]
"""A black box of a code: left, top, width, height in millimetres."""


def write_comparison(work: RoundContext, folder: Path, count: int) -> None:
    """Write the first so many one-page notices of a planned round, unencrypted: the households are made up."""
    planned = latest(work.entries, PrintPlanned)
    if planned is None:
        raise SystemExit("the round is not planned")
    templates = change_notice()
    font = Font(work.workspace.read(plan_print.FONT))
    composers = {population: Composer(template, font) for population, template in templates.items()}
    pieces: list[Piece] = []
    for number in range(1, planned.chunks + 1):
        for piece in work.workspace.read_records(plan_print.chunk_name(number), plan_print.PIECES):
            known = _values(piece, templates, work.opened.issue_date)
            if len(pieces) < count and len(composers[piece.recipient.population].pages(piece, known)) == 1:
                pieces.append(piece)
    if len(pieces) < count:
        raise SystemExit(f"only {len(pieces)} notices of one page")
    (folder / FONT).write_bytes(font.data)
    (folder / PIECES).write_bytes(plan_print.PIECES.dump_json(tuple(pieces)))
    (folder / ROUND).write_text(
        json.dumps({"round_id": work.round_id, "issue_date": work.opened.issue_date.isoformat()})
    )
    notices = [_notice(piece, templates, work) for piece in pieces]
    forms = {population: _form(template) for population, template in templates.items()}
    (folder / NOTICES).write_text(
        json.dumps({"forms": forms, "notices": notices}, ensure_ascii=False), encoding="utf-8"
    )


def change_notice() -> dict[Population, Template]:
    """Return the templates of the change notice."""
    include = CheckSettings().include
    return load_templates(include, load_round_kind(include, "change_notice"))


def round_font(folder: Path) -> Font:
    """Return the round's font."""
    return Font((folder / FONT).read_bytes())


def issued(folder: Path) -> tuple[str, date]:
    """Return the round's id and its issue date."""
    found = json.loads((folder / ROUND).read_text())
    return found["round_id"], date.fromisoformat(found["issue_date"])


def _values(piece: Piece, templates: dict[Population, Template], issue_date: date) -> dict[str, str]:
    return values(piece, templates[piece.recipient.population], issue_date)


def _notice(piece: Piece, templates: dict[Population, Template], work: RoundContext) -> dict[str, Any]:
    template = templates[piece.recipient.population]
    known = _values(piece, templates, work.opened.issue_date) | numbering(template, 1, 1)
    moving = {name: wording for name, (field, wording) in template.moving.items() if field.shown_on("first")}
    return {
        "population": piece.recipient.population,
        "texts": {name: wording.format_map(known) for name, wording in moving.items()},
        "ink": [*_bars(piece.barcode, template), *_modules(piece, template, work.round_id)],
    }


def _bars(letters: str, template: Template) -> list[_Ink]:
    """Return the bars of a customer barcode."""
    place = template.barcode
    unit = BAR_MM * place.point / 10
    ends = [BAR_ENDS[letter] for letter in letters]
    return [
        (place.x + 2 * number * unit, place.y + (BAR_HEIGHT - top) * unit, unit, (top - bottom) * unit)
        for number, (bottom, top) in enumerate(ends)
    ]


def _modules(piece: Piece, template: Template, round_id: str) -> list[_Ink]:
    """Return the dark modules of the inserter's mark, those beside each other as one."""
    place = template.mark
    marks = MarkPrinter(round_id, piece.enclosure_set)
    return [
        (place.x + column * place.module, place.y + row * place.module, length * place.module, place.module)
        for row, column, length in runs(marks.rows(piece.piece_id, 1, 1), marks.modules)
    ]


def runs(rows: bytes, modules: int) -> Iterator[tuple[int, int, int]]:
    """Yield row, first column and length of each run of dark modules in a symbol."""
    width = len(rows) // modules
    for number in range(modules):
        bits = f"{int.from_bytes(rows[number * width : (number + 1) * width], 'big'):0{8 * width}b}"
        for run in re.finditer("1+", bits):
            yield number, run.start(), run.end() - run.start()


def _form(template: Template) -> dict[str, Any]:
    """Return a page's boxes (millimetres, points) and rules; a box without a text takes the notice's."""
    boxes = []
    for fields, own in ((template.still, False), (template.moving, True)):
        for name, (field, wording) in fields.items():
            if field.shown_on("first"):
                box = field.model_dump(include={"x", "y", "w", "h", "size", "align", "valign", "leading"})
                boxes.append({"name": name, "text": None if own else wording.format(), **box})
    rules = [rule for grid in template.grids.values() if grid.shown_on("first") for rule in _rules(grid)]
    return {"width": template.width, "height": template.height, "boxes": boxes, "rules": rules}


def _rules(grid: Grid) -> Iterator[tuple[float, float, float, float, float]]:
    """Yield a grid's lines: from x, y to x, y, and the width in millimetres."""
    xs, ys = list(accumulate(grid.columns, initial=grid.x)), list(accumulate(grid.rows, initial=grid.y))
    for x in xs:
        yield x, ys[0], x, ys[-1], grid.line
    for y in ys:
        yield xs[0], y, xs[-1], y, grid.line
