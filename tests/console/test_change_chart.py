"""What differs, framed on the page: to scale, numbered as in the table, on the pages that it stands on."""

from __future__ import annotations

import re

import pytest

from mailround.console.change_chart import draw
from mailround.model import Population
from mailround.template_diff import template_diff
from printing import other_template, templates

NOW = templates()[Population.ASSISTANCE]
BEFORE = other_template(
    lambda content: (
        content["texts"].update(title="保護変更のお知らせ"),
        content["fields"]["issue_date"].update(y=22),
        content["fields"].pop("unit"),
        content.update(margin=4),
    )
)[Population.ASSISTANCE]
CHANGES = template_diff(BEFORE, NOW)


def frames(drawn: str) -> list[tuple[str, ...]]:
    return re.findall(r'<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)" class="changed"', drawn)


def numbers(drawn: str) -> list[str]:
    return re.findall(r">(\d+)</text>", drawn)


def test_each_side_shows_its_own_places_a_millimetre_a_unit() -> None:
    before, now = draw(BEFORE, CHANGES, now=False, page=1), draw(NOW, CHANGES, now=True, page=1)
    assert 'viewBox="0 0 210.0 297.0"' in now
    assert [(float(x), float(y)) for x, y, *_ in frames(before)] == [(17.3, 68.3), (123.3, 21.3)]
    assert [(float(x), float(y)) for x, y, *_ in frames(now)] == [(17.3, 68.3), (123.3, 19.3), (149.3, 97.3)]
    assert (numbers(before), numbers(now)) == (["1", "2"], ["1", "2", "3"])
    assert "今回の様式で変わった所の番号：1、2、3" in now
    assert "前回の様式で変わった所の番号：1、2" in before


def test_a_further_page_shows_what_stands_on_it() -> None:
    assert numbers(draw(NOW, CHANGES, now=True, page=2)) == ["1"]


def test_a_page_without_changes_says_so() -> None:
    drawn = draw(NOW, (), now=True, page=1)
    assert not frames(drawn)
    assert "なし" in drawn


@pytest.mark.parametrize("now", [True, False])
def test_it_has_no_style_of_its_own(now: bool) -> None:
    assert "style=" not in draw(NOW, CHANGES, now=now, page=1)
