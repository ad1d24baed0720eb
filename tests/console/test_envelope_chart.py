"""The envelope over a page: to scale, the window on first pages alone, coloured by the style sheet."""

from __future__ import annotations

from mailround.console.envelope_chart import draw
from mailround.envelopes import load_envelope
from mailround.settings import CheckSettings

ENVELOPE = load_envelope(CheckSettings().include, "naga3-window")


def test_a_first_page_lies_under_the_window_a_millimetre_a_unit() -> None:
    drawn = draw(ENVELOPE, window=True)
    always, ever = ENVELOPE.always_seen, ENVELOPE.ever_seen
    assert 'viewBox="0 0 210.0 297.0"' in drawn
    for box, name in ((always, "always"), (ever, "ever")):
        assert f'<rect x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}" class="{name}"' in drawn
    assert drawn.count('class="fold"') == len(ENVELOPE.sheet.folds) == 2
    assert "窓から必ず見える範囲" in drawn


def test_a_further_page_is_folded_and_never_seen() -> None:
    drawn = draw(ENVELOPE, window=False)
    assert drawn.count('class="fold"') == 2
    assert "<rect" not in drawn
    assert "窓から" not in drawn


def test_it_has_no_style_of_its_own() -> None:
    for window in (True, False):
        assert "style=" not in draw(ENVELOPE, window=window)
