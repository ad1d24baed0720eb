"""A part of the register on paper: every entry that was asked for, with its hash, and nothing cut off."""

from __future__ import annotations

from datetime import datetime

import pypdfium2

from mailround.register.store import Register
from mailround.register_pdf import draw_register
from mailround.settings import TOKYO, Settings
from registered import record_round

AT = datetime(2026, 12, 1, 9, 30, tzinfo=TOKYO)


def words(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    return "".join("".join(pages).split())


def test_every_entry_stands_on_the_paper_with_its_hash(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register)
    entries = register.entries()
    said = words(draw_register(settings, entries, ["回：2026-11-change"], AT))
    assert f"管理簿の写し（2026-12-0109:30現在、{len(entries)}件）" in said
    assert "回：2026-11-change" in said
    for entry in entries:
        assert entry.hash in said
        assert entry.body.title in said


def test_the_same_entries_give_the_same_bytes(settings: Settings) -> None:
    register = Register(settings.register_url)
    record_round(register, up_to="extract")
    entries = register.entries()
    assert draw_register(settings, entries, [], AT) == draw_register(settings, entries, [], AT)


def test_nothing_found_is_a_paper_too(settings: Settings) -> None:
    assert "0件" in words(draw_register(settings, (), [], AT))
