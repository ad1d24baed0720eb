"""A part of the register as a PDF, to print and to file: one line an entry, with the hash that proves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from mailround.register.entries import Entry
from mailround.register.listing import rows
from mailround.report_pages import WIDTH, Sheet, build
from mailround.settings import TOKYO, CheckSettings

_WIDTHS = (13 * mm, 27 * mm, 19 * mm, 25 * mm, 30 * mm)


def draw_register(settings: CheckSettings, entries: Sequence[Entry], asked: Sequence[str], at: datetime) -> bytes:
    """Return the entries as an A4 PDF.

    Args:
        settings: For the font.
        entries: In the order in which they are printed.
        asked: What they were chosen by, one Japanese line each; nothing when it is all.
        at: When it is drawn.

    Raises:
        PrintError: The font lacks a character.
    """
    title = f"管理簿の写し（{at.astimezone(TOKYO):%Y-%m-%d %H:%M} 現在、{len(entries):,}件）"

    def story(sheet: Sheet) -> Iterator[Flowable]:
        yield sheet.text(title, sheet.title)
        for line in asked or ("全件",):
            yield sheet.text(line)
        head = ("番号", "日時", "取扱者", "回", "種別", "内容／ハッシュ")
        lines = [
            (f"{row.seq}", row.at, row.actor, row.round_id, row.title, f"{row.content}　［{entry.hash}］")
            for row, entry in zip(rows(entries), entries, strict=True)
        ]
        yield sheet.grid([head, *lines], [*_WIDTHS, WIDTH - sum(_WIDTHS)], head=True)

    return build(settings, title, story)
