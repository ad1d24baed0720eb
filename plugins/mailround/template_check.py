"""The template linter: whatever can be known of a template before a round, told for all templates at once.

What a page must and must not say, what the window shows however the sheet slides, what stands in the way of what, what
does not fit, and who answers for the wording that the law prescribes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.lib.utils import ImageReader

from mailround.composition import fits
from mailround.configuration import load_strictly
from mailround.envelopes import Box
from mailround.errors import ConfigurationError
from mailround.fonts import FontStack
from mailround.model import Population
from mailround.piece_id import piece_id
from mailround.rounds import RoundKind
from mailround.templates import (
    BASIC_VALUES,
    DECISION_VALUES,
    SHEETS,
    Seal,
    Sheet,
    Template,
    folded,
    literal,
    own_file,
    placeholders,
    read_template,
)

BARCODE_CLEAR = 2.0
"""Millimetres that Japan Post wants clear on all sides of a customer barcode, the window's frame included."""
BARCODE_FROM_EDGE = 10.0
"""Millimetres that Japan Post wants between a customer barcode and the envelope's edges."""

_WINDOW_VALUES = frozenset({"postcode", "address", "building", "addressee", "on_behalf", "piece_id"})
_WINDOW_SIGNS = re.compile(r"[〒様殿御中方行（）()\s]*")
"""All that may stand in the window beside these values: nothing that says what the letter is about."""
_TITLED = re.compile(r"\{addressee\}\s*(様|殿|御中)")
_ON_EVERY_SHEET = ("piece_id", "page", "pages")
_ON_THE_FIRST = ("postcode", "address", "building", "addressee", "on_behalf", "issue_date")
_PRESCRIBED = ("basis", "appeal")
"""Texts of a decision that the law prescribes: each population's own, and approved."""
_HAIRLINE = 0.2
"""Millimetres of a usual rule. The box of a cell's text may reach its middle: a text has that much room in its box."""
_PLACEHOLDER = re.compile(
    r"\s*|[-－—]+|案|仮|.*(未定|未承認|（案）|（仮）|[○〇◯●×]{2}|[?？]|TODO|TBD|XXX).*", re.IGNORECASE
)
_SEAL_OMITTED = "公印省略"
_PNG_RGB = re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR.{8}\x08\x02", re.DOTALL)
"""A PNG of three samples of 8 bits: drawn as it is, and read back sample by sample."""
_COARSEST = 25.4 / 300
"""Millimetres of a pixel at 300 dpi."""
_STRETCHED = 0.02
_BARCODE, _MARK, _SEAL = "カスタマバーコード（周囲2mmを含む）", "封入機用マーク（余白を含む）", "印影"


class TemplateFault(NamedTuple):
    """What is wrong with a template: ``kind/population``, and a Japanese sentence."""

    template: str
    problem: str


def check_templates(
    include: Path, kinds: Iterable[RoundKind], *, font: FontStack, issue_date: date
) -> tuple[TemplateFault, ...]:
    """Return every fault of the templates of some kinds of round, for all legal populations.

    Args:
        include: The ward's include folder.
        kinds: The kinds whose templates are checked.
        font: The whole font; texts are measured with it.
        issue_date: Wording must be approved by this day.
    """
    return tuple(
        TemplateFault(f"{kind.templates}/{population}", problem)
        for kind in kinds
        for population in Population
        for problem in _problems(include, kind, population, font, issue_date)
    )


def _problems(include: Path, kind: RoundKind, population: Population, font: FontStack, issue_date: date) -> list[str]:
    try:
        template = read_template(include, kind, population)
    except ConfigurationError as error:
        return [error.happened]
    own = load_strictly(own_file(include, kind, population))
    found = [
        *template.faults(population, decision=kind.decision),
        *_unsaid(template, decision=kind.decision),
        *_inherited(own, ("title", *_PRESCRIBED) if kind.decision else ("title",)),
        *(_unlabelled(template) if kind.decision else ()),
        *(_unapproved(template, own, issue_date) if kind.decision else ()),
        *(_unsealed(template) if kind.decision else ()),
        *_outside_the_window(template),
        *_shown_to_everybody(template),
        *_in_the_way(template),
        *_on_a_fold(template),
        *_unfit(template, font),
    ]
    return list(dict.fromkeys(found))  # what is wrong on every sheet is told once


def _unsaid(template: Template, *, decision: bool) -> Iterator[str]:
    """Yield the values that no field of a page prints."""
    two_pages = any(field.continues for field in template.fields.values())
    for sheet in SHEETS if two_pages else SHEETS[:1]:
        said = {
            value
            for field in template.fields.values()
            if field.shown_on(sheet)
            for value in placeholders(template.wording(field))
        }
        wanted = [*_ON_EVERY_SHEET]
        if sheet == "first":
            wanted += [*_ON_THE_FIRST, *(DECISION_VALUES if decision else ())]
            wanted += ["continued"] if two_pages and template.texts.get("goes_on", "").strip() else []
        page = "1頁目" if sheet == "first" else "2頁目以降"
        yield from (f"{page}に {{{value}}} を印字する項目がありません" for value in wanted if value not in said)


def _inherited(own: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    """Yield the texts that a population may not share with another by extending its file."""
    for name in names:
        if name not in (own.get("texts") or {}):
            yield f"texts の {name} がこの様式自身の template.yaml にありません（ほかの様式から引き継げません）"


def _unlabelled(template: Template) -> Iterator[str]:
    """Yield the amounts that would stand on the notice without a word for what they are."""
    for name, text in template.texts.items():
        if name.startswith("label_") and not folded(text):
            yield f"texts の {name} が空です"


def _unapproved(template: Template, own: Mapping[str, Any], issue_date: date) -> Iterator[str]:
    """Yield what nobody answers for yet."""
    for name in _PRESCRIBED:
        approval = template.approvals.get(name)
        if approval is None or name not in (own.get("approvals") or {}):
            yield f"approvals に {name} の版・承認者・承認日がありません（template.yaml 自身に書いてください）"
            continue
        if _PLACEHOLDER.fullmatch(approval.version) or _PLACEHOLDER.fullmatch(approval.approved_by):
            yield f"approvals の {name} の版か承認者が空か仮の値です"
        if approval.approved_on > issue_date:
            yield f"approvals の {name} の承認日（{approval.approved_on}）が発行日（{issue_date}）より後です"
    for name in template.approvals:
        if name not in template.texts:
            yield f"approvals の {name} という文言は texts にありません"


def _unsealed(template: Template) -> Iterator[str]:
    """Yield what is wrong with the seal: exactly one of its image and the words that say it is omitted."""
    printed = folded("".join(template.wording(field) for field in template.fields.values()))
    if (template.seal is None) is (_SEAL_OMITTED not in printed):
        yield f"印影（seal）と「{_SEAL_OMITTED}」の表示は、どちらか一つだけにしてください"
    if template.seal:
        yield from (f"印影 {template.seal.image} {problem}" for problem in _misdrawn(template.seal))


def _misdrawn(seal: Seal) -> Iterator[str]:
    """Yield why an image would not print as a seal does."""
    try:
        image = ImageReader(io.BytesIO(seal.png))
        image.getRGBData()  # type: ignore[no-untyped-call]  # reads all of the file
    except (OSError, SyntaxError, ValueError):
        yield "を画像として読めません"
        return
    if not _PNG_RGB.match(seal.png):
        yield "は、透過のない24ビットカラーのPNGにしてください"
    across, down = (length / dots for length, dots in zip((seal.w, seal.h), image.getSize(), strict=True))
    if max(across, down) > _COARSEST:
        yield "の画素が粗すぎます（枠の大きさで300dpi以上にしてください）"
    if abs(across - down) > across * _STRETCHED:
        yield f"の縦横の比が枠（{_told(seal.box)}）と違います"


def _outside_the_window(template: Template) -> Iterator[str]:
    """Yield what the window must show and does not, at one of the extremes of the slip."""
    envelope = template.envelope
    if not any(field.window and _TITLED.search(template.wording(field)) for field in template.fields.values()):
        yield "窓の宛名 {addressee} の後に敬称（様・殿・御中）がありません"
    for name, field in template.fields.items():
        if field.window and not envelope.always_seen.holds(field.box):
            yield f"窓の項目 {name} が、用紙がずれると窓から外れます（いつも見える範囲：{_told(envelope.always_seen)}）"
    bars = template.barcode.box
    if not envelope.always_seen.holds(bars.grown(BARCODE_CLEAR)):
        yield f"{_BARCODE}が、用紙がずれると窓から外れます（いつも見える範囲：{_told(envelope.always_seen)}）"
    face = Box(0, 0, envelope.width, envelope.height).grown(-BARCODE_FROM_EDGE)
    if not all(face.holds(bars.moved(*slip)) for slip in envelope.slips):
        yield f"カスタマバーコードが、用紙がずれると封筒の端から{BARCODE_FROM_EDGE:g}mm以内に入ります"


def _shown_to_everybody(template: Template) -> Iterator[str]:
    """Yield what the window may not show and does, at one of the extremes of the slip."""
    envelope = template.envelope
    if (template.width, template.height) != (envelope.sheet.width, envelope.sheet.height):
        yield "用紙の大きさが、封筒の設定の用紙（sheet）と違います"
    ever = envelope.ever_seen
    for name, field in template.fields.items():
        if not field.window:
            if field.shown_on("first") and ever.meets(field.box):
                yield f"項目 {name} が窓から見えることがあります（見えうる範囲：{_told(ever)}）"
            continue
        if field.sheet != "first":
            yield f"窓の項目 {name} は1頁目だけに置けます"
        wording = template.wording(field)
        if refused := [value for value in placeholders(wording) if value not in _WINDOW_VALUES]:
            yield f"窓の項目 {name} に {{{refused[0]}}} は印字できません（窓に出せるのは宛名と通知番号だけです）"
        if not _WINDOW_SIGNS.fullmatch(literal(wording)):
            yield f"窓の項目 {name} に宛名以外の文言があります"
    for name, grid in template.grids.items():
        if grid.shown_on("first") and any(ever.meets(line) for line in grid.lines):
            yield f"罫線 {name} が窓から見えることがあります（見えうる範囲：{_told(ever)}）"
    for name, box in _images(template):
        if ever.meets(box):
            yield f"{name}が窓から見えることがあります（見えうる範囲：{_told(ever)}）"


def _in_the_way(template: Template) -> Iterator[str]:
    """Yield what lies outside the printable zone or over something else."""
    zone = Box(0, 0, template.width, template.height).grown(-template.margin)
    outside = f"印字できる範囲（端から{template.margin:g}mmの内側）の外です"
    for sheet in SHEETS:
        items = dict(_items(template, sheet))
        grids = [(name, grid.lines) for name, grid in template.grids.items() if grid.shown_on(sheet)]
        yield from (f"{name} が{outside}" for name, box in items.items() if not zone.holds(box))
        for (one, box), (other, second) in combinations(items.items(), 2):
            if box.meets(second):
                yield f"{one} と {other} が重なっています"
        for name, lines in grids:
            if not all(zone.holds(line) for line in lines):
                yield f"罫線 {name} が{outside}"
            inked = {each: box.grown(-_HAIRLINE / 2) for each, box in items.items()}
            crossed = (each for each, box in inked.items() if any(box.meets(line) for line in lines))
            yield from (f"罫線 {name} が {each} を横切っています" for each in crossed)


def _on_a_fold(template: Template) -> Iterator[str]:
    """Yield what a fold runs through; a text that flows from page to page may run over it."""
    flowing = {field.continues for field in template.fields.values()}
    flowing |= {name for name, field in template.fields.items() if field.continues}
    resting = {f"項目 {name}": field.box for name, field in template.fields.items() if name not in flowing}
    for name, box in (resting | {_BARCODE: template.barcode.box} | dict(_images(template))).items():
        for fold in template.envelope.sheet.folds:
            if box.meets(Box(0, fold, template.width, 0)):
                yield f"{name} が折り目（上から{fold:g}mm）にかかっています"


def _items(template: Template, sheet: Sheet) -> Iterator[tuple[str, Box]]:
    """Yield whatever takes room on a page; a text that is always empty takes none."""
    for name, field in template.fields.items():
        if field.shown_on(sheet) and (name in template.moving or template.wording(field)):
            yield f"項目 {name}", field.box
    if sheet == "first":
        yield _BARCODE, template.barcode.box.grown(BARCODE_CLEAR)
        yield from _images(template)
    else:
        yield _MARK, template.mark.box


def _images(template: Template) -> Iterator[tuple[str, Box]]:
    """Yield what is drawn on the first page outside the window beside texts and rules."""
    yield _MARK, template.mark.box
    if template.seal:
        yield _SEAL, template.seal.box


def _unfit(template: Template, font: FontStack) -> Iterator[str]:
    """Yield the fields whose text, or the shortest one a record can give, does not fit or is not in the font."""
    shortest = _shortest(template)
    for name, (field, wording) in template.moving.items():
        if set(placeholders(wording)) <= set(shortest) and not fits(field, wording.format_map(shortest), font):
            yield f"項目 {name} は、最も短い値も枠に収まりません"
    for name, (field, wording) in template.still.items():
        if not fits(field, wording.format(), font):
            yield f"項目 {name} の文字が枠に収まりません"
    for name, field in template.fields.items():
        if missing := font.missing(literal(template.wording(field))):
            yield f"項目 {name} に印刷用フォントにない文字があります（{missing}）"


def _told(box: Box) -> str:
    return f"左{box.x:g}～{box.x + box.w:g}mm、上{box.y:g}～{box.y + box.h:g}mm"


def _shortest(template: Template) -> dict[str, str]:
    """Return, for every value a text may name, the shortest that can come."""
    day = "令和元年5月1日"
    methods = [text for name, text in template.texts.items() if name.startswith("payment_")]
    return dict.fromkeys((*BASIC_VALUES, *DECISION_VALUES), "1") | {
        "postcode": "160-0022",
        "addressee": "林",
        "head": "林",
        "on_behalf": "",
        "building": "",
        "piece_id": piece_id(bytes(5)),
        "continued": template.texts.get("goes_on", ""),
        "issue_date": day,
        "decision_date": day,
        "effective_date": day,
        "payment_date": day,
        "payment_method": max(methods, key=len, default=""),
    }
