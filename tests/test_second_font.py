"""A second font, from the check to the reading back: whom the first font alone would hold is printed exactly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from fallback import BLANK, OWN_SEQUENCE, PLANE_3, SEQUENCE, VIETNAMESE, second_font
from mailround.check_quality import check_quality
from mailround.context import RoundContext
from mailround.errors import PrintError
from mailround.fonts import Font
from mailround.model import Recipient
from mailround.plan_print import FONT, plan_print
from mailround.render import pdf_name, render
from mailround.verify import verify
from prepared import AT
from printing import lines_of, put

NAMES = [f"{PLANE_3}田　𠮷郎", f"Nguy{VIETNAMESE}n Van An", f"{SEQUENCE}西　髙志", f"{OWN_SEQUENCE}　邊\U000e0109子"]
UNHOLDABLE = [f"{PLANE_3}\U000e0101　一郎", "葛\U000e01ef　二郎", "山\ue000　三郎", f"か\u3099{VIETNAMESE}", "山😀"]


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]) -> RoundContext:
    """A round whose households need a second font, or more than that."""
    opened = open_a_round()
    recipients = [
        make_recipient(
            record_no=number,
            name=name,
            kana=f"カナ　{number}",
            address=f"東京都新宿区新宿一丁目{number}番{number}号",
            building=f"ハイツ{BLANK}{number}" if number == 1 else "",
            document_no=f"8新福生第{number:06d}号",
            reason=f"{SEQUENCE}飾区から転入したため。\n{PLANE_3}",
        )
        for number, name in enumerate([*NAMES, *UNHOLDABLE], 1)
    ]
    put(opened, recipients)
    return opened


@pytest.fixture
def with_second(work: RoundContext, tmp_path: Path) -> RoundContext:
    path = tmp_path / "second.ttf"
    path.write_bytes(second_font())
    return dataclasses.replace(work, settings=work.settings.model_copy(update={"fallback_fonts": (path,)}))


def test_every_household_that_needs_a_second_font_is_held_where_there_is_none(work: RoundContext) -> None:
    checked = check_quality(work, at=AT)
    assert (checked.printable, checked.held) == (0, len(NAMES) + len(UNHOLDABLE))


def test_what_was_checked_without_the_second_font_is_not_planned(work: RoundContext) -> None:
    with pytest.raises(PrintError, match="フォントにない文字"):
        plan_print(work, at=AT)


def test_with_a_second_font_they_are_printed_read_back_and_the_same_again(with_second: RoundContext) -> None:
    work = with_second
    checked = check_quality(work, at=AT)
    assert (checked.printable, checked.held) == (len(NAMES), len(UNHOLDABLE))

    (group,) = plan_print(work, at=AT)
    rendered = render(work, group, at=AT)
    assert verify(work, rendered, at=AT).pieces == len(NAMES)

    content = work.workspace.read(pdf_name(work, 1))
    lines = "\n".join(lines_of(content))
    assert all(name in lines for name in NAMES)
    assert f"{SEQUENCE}飾区から転入したため。" in lines

    font = work.workspace.read(FONT)
    assert Font(font).missing("".join(NAMES)) == ""
    plan_print(work, at=AT)
    assert work.workspace.read(FONT) == font
    render(work, group, at=AT)
    assert work.workspace.read(pdf_name(work, 1)) == content
