"""The words of the bundle list: a font made of their characters can draw any list, and of fewer it cannot."""

from __future__ import annotations

import pytest

from mailround.bundle_list import draw_bundle_list
from mailround.bundle_words import wordings
from mailround.errors import PrintError
from mailround.package_check import PieceRow, bundles_of, stretches
from printing import whole_font

TITLES = {"a": "邊󠄉髙﨑中央郵便局", "out": "市外"}
PIECES = [
    PieceRow(seq, f"P{seq}", "print/notices-001.pdf", seq, 1, bundle, "A", "1600022", "")
    for seq, bundle in enumerate(["a-001"] * 1234 + ["out-192"] * 55, 1)
]


def draw(texts: set[str]) -> bytes:
    found = list(stretches(PIECES))
    return draw_bundle_list("2026-11-bcdfghjk", TITLES, bundles_of(found), found, whole_font().subset(texts))[0]


def test_they_are_all_it_needs_whatever_the_offices_are_called() -> None:
    assert draw(wordings(TITLES.values())).startswith(b"%PDF")


@pytest.mark.parametrize("lost", ["束", "～", "9", "j", ",", "邊󠄉"])
def test_none_of_their_characters_may_be_left_out(lost: str) -> None:
    texts = {text.replace(lost, "") for text in wordings(TITLES.values())}
    with pytest.raises(PrintError, match="フォントにない文字"):
        draw(texts)
