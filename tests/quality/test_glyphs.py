"""What no font holds is held, whatever the number of fonts; what one of them holds is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fallback import OWN_SEQUENCE, PLANE_3, SEQUENCE, VIETNAMESE, second_font
from mailround.fonts import FontStack, load_font
from mailround.model import Recipient
from mailround.quality import Assessment
from mailround.settings import CheckSettings

Checker = Callable[..., Assessment]
Neighbours = Callable[..., tuple[Recipient, ...]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> FontStack:
    path = tmp_path_factory.mktemp("fonts") / "second.ttf"
    path.write_bytes(second_font())
    return load_font(CheckSettings(fallback_fonts=(path,)))


TEXTS = [
    ("髙﨑　𠮷郎邊\U000e0109", [], []),
    (f"{PLANE_3}田", ["C04"], []),
    (f"Nguy{VIETNAMESE}n", ["C04"], []),
    (SEQUENCE, ["C04"], []),
    (OWN_SEQUENCE, ["C04"], []),
    ("葛\U000e01ef", ["C04"], ["C04"]),
    (f"{PLANE_3}\U000e0101", ["C04"], ["C04"]),
    (f"{SEQUENCE}葛\U000e01ef", ["C04"], ["C04"]),
    ("渡邊\U000e0106", ["C04"], ["C04"]),
    (f"{VIETNAMESE}か\u3099", ["C04"], ["C04"]),
    ("山😀", ["C04"], ["C04"]),
    (f"{VIETNAMESE}\U000e0100", ["C03", "C04"], ["C03", "C04"]),
    ("山\ue000", ["C03"], ["C03"]),
]
"""A text, the rules that find it with IPAmj Mincho alone, and with a second font."""


@pytest.mark.parametrize("field", ["name", "building", "reason"])
def test_a_text_is_held_unless_some_font_holds_every_unit_of_it(
    check: Checker, neighbours: Neighbours, stack: FontStack, field: str
) -> None:
    households = neighbours(*({field: text} for text, _, _ in TEXTS))
    for fonts, column in ((load_font(CheckSettings()), 1), (stack, 2)):
        found = {each.id: each.case_nos for each in check(*households, font=fonts).findings}
        for rule in ("C03", "C04"):
            expected = [each.case_no for each, row in zip(households, TEXTS, strict=True) if rule in row[column]]
            assert list(found[rule]) == expected
