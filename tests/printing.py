"""Pieces, fonts and templates for the tests of the print path, without a round around them where none is needed."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any

import pypdfium2
from PIL import Image, ImageDraw

from mailround.composition import values
from mailround.context import RoundContext
from mailround.fonts import Font, load_font
from mailround.hold_release import write_report
from mailround.model import Piece, PieceRange, Population, Recipient, RuleFindings, Unprinted
from mailround.piece_id import piece_id
from mailround.records import write_recipients
from mailround.rounds import RoundKind, load_round_kind
from mailround.settings import CheckSettings
from mailround.templates import Template, load_templates

ISSUED = date(2026, 11, 20)
ROUND = "2026-11-change"
POSTED = date(2026, 11, 24)
INCLUDE = CheckSettings().include


@dataclasses.dataclass(frozen=True)
class Chunk:
    """What `Press` made of some pieces."""

    pieces: Sequence[Piece]
    font: Font
    content: bytes
    ranges: Sequence[PieceRange]


AWKWARD_NAMES = [
    "髙﨑　𠮷郎",
    "邊邊󠄈邊󠄉　邊󠄊",
    "𠀋𡈽𡌛𡑮𡢽　𦙾",
    "齋藤　齊",
    "Ｎｇｕｙｅｎ José Müller",
    "O'Brien-Smith R&D <b>",
    "アレクサンドラ・マリア・デ・ラ・クルス・ガルシア・ロドリゲス・フェルナンデス",
    "Maximiliano Alejandro Fernández de la Vega y Montesinos-Hohenstaufen",
    "林",
    " 前後に空白 ",
    "①㈱～−―∥¢£¬",
    "NA",
]


@cache
def whole_font() -> Font:
    """Return IPAmj Mincho itself, whatever stands behind it."""
    return load_font(CheckSettings()).fonts[0]


@cache
def kind(name: str = "change_notice") -> RoundKind:
    return load_round_kind(INCLUDE, name)


@cache
def templates(name: str = "change_notice") -> dict[Population, Template]:
    return load_templates(INCLUDE, kind(name))


def number(recipients: Iterable[Recipient]) -> list[Piece]:
    """Make pieces of one chunk in the order given."""
    return [
        Piece(
            seq=seq,
            piece_id=piece_id(f"{seq:05d}".encode()),
            chunk=1,
            file="print/notices-001.pdf",
            bundle="160-001",
            enclosure_set="A",
            barcode="",
            recipient=recipient,
            to=recipient.addressee(POSTED),
        )
        for seq, recipient in enumerate(recipients, 1)
    ]


def given(piece: Piece, recipient: Recipient) -> Piece:
    """Return the piece with another household in it, addressed to where that one is sent to."""
    return dataclasses.replace(piece, recipient=recipient, to=recipient.addressee(POSTED))


def font_for(pieces: Sequence[Piece], name: str = "change_notice") -> Font:
    """Return the font of a round that prints these pieces."""
    texts = {"0123456789"}
    for template in templates(name).values():
        texts.update(template.texts.values(), (field.text for field in template.fields.values()))
    for piece in pieces:
        texts.update(values(piece, templates(name)[piece.recipient.population], ISSUED).values())
    return whole_font().subset(texts)


def lines_of(content: bytes) -> list[str]:
    """Read back with PDFium's own page text, which is another way than the verify step's."""
    with pypdfium2.PdfDocument(content) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return [line for page in pages for line in page.split("\r\n")]


def seal_png(side: int = 300, mode: str = "RGB", letters: str = "福祉事務所長印") -> bytes:
    """Draw something like an official seal: a red square with a ring for every letter."""
    image = Image.new(mode, (side, side), "white")
    pen = ImageDraw.Draw(image)
    for place in range(len(letters) + 1):
        pen.rectangle((place * 9, place * 9, side - 1 - place * 9, side - 1 - place * 9), outline="red", width=3)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def other_template(how: Callable[[dict[str, Any]], object]) -> dict[Population, Template]:
    """Return the templates, the one of the first piece changed."""
    content = templates()[Population.ASSISTANCE].model_dump() | {"population": Population.ASSISTANCE}
    how(content)
    return templates() | {Population.ASSISTANCE: Template.model_validate(content)}


def with_seal(**changes: object) -> dict[Population, Template]:
    seal = {"image": "seal.png", "x": 172, "y": 46, "w": 20, "h": 20, "png": seal_png()} | changes
    return other_template(lambda content: content.update(seal=seal, texts=content["texts"] | {"seal": ""}))


def put(
    work: RoundContext,
    recipients: Sequence[Recipient],
    held: Sequence[str] = (),
    excluded: Sequence[str] = (),
    counter: Sequence[str] = (),
) -> None:
    """Leave in the workspace what extract and check_quality leave."""
    write_recipients(work.workspace, recipients)
    unprinted = Unprinted(rows=len(recipients), held=tuple(held), excluded=tuple(excluded), counter=tuple(counter))
    nothing = RuleFindings(id="C02", severity="warn", message="", count=0, case_nos=(), details={})
    write_report(work.workspace, unprinted, [nothing])
