"""Papers: what is given is on the page, within its margins, and a missing glyph stops the print."""

from __future__ import annotations

import random

import pypdfium2
import pytest
from reportlab.lib.units import mm

from mailround.errors import PrintError
from mailround.fonts import load_font
from mailround.paper import Frame, Page, Text, checkpoint_block, draw
from mailround.qr import qr_code
from mailround.settings import CheckSettings


def drawn(seed: int) -> str:
    """Return a checkpoint's line of the greatest length, with hashes and a signature as they come."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    head, name = ("".join(chance.choices("0123456789ABCDEF", k=length)) for length in (64, 32))
    signature = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=103))
    return f"MAILROUND-CHECKPOINT-1/9999999999/{head}/2026-11-16T10:30:00+09:00/{name}/{signature}"


def test_the_pages_are_a4_and_say_what_they_were_given() -> None:
    pages = [
        Page([Text(100, 700, 10, "引渡者")], [Frame(90, 690, 100, 30)]),
        Page([Text(300, 700, 10, "控", centred=True)]),
    ]
    pdf = draw(CheckSettings(), "HS-1", pages)
    document = pypdfium2.PdfDocument(pdf)
    assert document.get_metadata_value("Title") == "HS-1"
    assert [tuple(map(round, page.get_size())) for page in document] == [(595, 842)] * 2
    texts = [page.get_textpage() for page in document]
    assert [each.get_text_range() for each in texts] == ["引渡者", "控"]
    left, _, right, _ = texts[1].get_charbox(0)
    assert abs((left + right) / 2 - 300) < 1
    assert pdf == draw(CheckSettings(), "HS-1", pages)
    assert b"Helvetica" not in pdf


def test_a_missing_glyph_is_told_with_the_paper_and_not_the_text() -> None:
    with pytest.raises(PrintError, match="「HS-1」に印字できない文字") as caught:
        draw(CheckSettings(), "HS-1", [Page([Text(0, 0, 9, "契約😀")])])
    assert "契約😀" not in str(caught.value)


def test_a_long_text_is_printed_smaller_and_one_that_nobody_could_read_is_refused() -> None:
    document = pypdfium2.PdfDocument(draw(CheckSettings(), "HS-1", [Page([Text(100, 700, 9, "契約" * 10, room=150)])]))
    text = document[0].get_textpage()
    boxes = [text.get_charbox(number) for number in range(text.count_chars())]
    assert text.get_text_range() == "契約" * 10
    assert 245 < max(right for _, _, right, _ in boxes) <= 250
    with pytest.raises(PrintError, match="長すぎて入らない"):
        draw(CheckSettings(), "HS-1", [Page([Text(100, 700, 9, "契約" * 13, room=150)])])


def test_a_checkpoint_keeps_clear_of_its_code_and_nothing_leaves_the_block() -> None:
    left, right, bottom = 25 * mm, 185 * mm, 12 * mm
    block = checkpoint_block(drawn(0), qr_code(drawn(0)), left=left, right=right, bottom=bottom)
    [code] = block.codes
    quiet = 4 * code.side / code.symbol.modules
    assert code.x + code.side + quiet == pytest.approx(right)
    assert code.y - quiet == pytest.approx(bottom)
    assert code.side / code.symbol.modules >= 0.45 * mm
    document = pypdfium2.PdfDocument(draw(CheckSettings(), "HS-1", [block]))
    text = document[0].get_textpage()
    boxes = [text.get_charbox(number) for number in range(text.count_chars())]
    assert min(low for _, low, _, _ in boxes) >= bottom
    assert max(top for *_, top in boxes) <= bottom + 33 * mm
    assert drawn(0) in "".join(text.get_text_range().split())
    font = load_font(CheckSettings())
    for seed in range(1000):
        other = checkpoint_block(drawn(seed), code.symbol, left=left, right=right, bottom=bottom)
        assert max(each.x + each.size * font.width(each.text) for each in other.texts) < code.x - quiet
