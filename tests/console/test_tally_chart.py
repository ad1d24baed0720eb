"""The counts as a flow: every number that was counted is in the picture, and a difference cannot be overlooked."""

from __future__ import annotations

import re

from mailround.console.tally_chart import draw
from mailround.tally import Branch, Stage

STAGES = (
    Stage("取込", 8_500, leaving=(Branch("保留", 31), Branch("対象外", 0))),
    Stage("印刷", 8_469),
    Stage("引渡し", 8_469, leaving=(Branch("破損", 3),), joining=(Branch("再印刷", 3),)),
    Stage("発送", 8_467, leaving=(Branch("返戻", 12),)),
)


def words(chart: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart)


def test_every_count_is_drawn_and_what_is_nothing_is_not() -> None:
    told = words(draw(STAGES))
    assert {"8,500", "8,469", "8,467", "−31 保留", "−3 破損", "＋3 再印刷", "−12 返戻"} <= {*told}
    assert not [each for each in told if "対象外" in each]


def test_a_difference_is_marked_with_its_size() -> None:
    told = words(draw(STAGES))
    assert [each for each in told if "≠" in each] == ["≠ 差 -2"]
    assert not [each for each in words(draw(STAGES[:3])) if "≠" in each]


def test_whoever_does_not_see_it_hears_the_stages() -> None:
    assert 'aria-label="取込 8,500、印刷 8,469' in draw(STAGES)
