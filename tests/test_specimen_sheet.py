"""A specimen notice at once: of every template and household, of nobody."""

from __future__ import annotations

from contextlib import closing

import pypdfium2
import pytest

from mailround.errors import PrintError
from mailround.model import Population
from mailround.settings import CheckSettings
from mailround.specimen_sheet import HOUSEHOLDS, draw_specimen, offered
from mailround.templates import Template
from printing import kind, other_template, templates


def text_of(content: bytes, page: int = 0) -> str:
    with (
        closing(pypdfium2.PdfDocument(content)) as document,
        closing(document[page]) as opened,
        closing(opened.get_textpage()) as text,
    ):
        return str(text.get_text_range())


@pytest.mark.parametrize("name", ["change_notice", "asset_declaration"])
@pytest.mark.parametrize("population", Population)
def test_every_template_is_printed_for_every_household_that_it_has(name: str, population: Population) -> None:
    households = offered(kind(name), population)
    assert {"plain", "name", "house"} <= set(households)
    assert ("long" in households) is kind(name).decision
    for household in households:
        drawn = draw_specimen(templates(name)[population], kind(name), population, household, CheckSettings())
        assert drawn.pages == (2 if household == "long" else drawn.pages)
        assert "見本" in text_of(drawn.content)


def draw(template: Template, household: str = "plain") -> bytes:
    return draw_specimen(template, kind(), Population.ASSISTANCE, household, CheckSettings()).content


def entitled(title: str) -> Template:
    return other_template(lambda content: content["texts"].update(title=title))[Population.ASSISTANCE]


def test_the_same_template_gives_the_same_bytes() -> None:
    template = templates()[Population.ASSISTANCE]
    assert draw(template) == draw(template)


def test_it_is_drawn_with_the_template_that_is_given_for_the_same_household() -> None:
    before, now = (text_of(draw(entitled(title))) for title in ("保護変更決定通知書", "保護変更決定のお知らせ"))
    assert "保護変更決定通知書" in before
    assert now == before.replace("保護変更決定通知書", "保護変更決定のお知らせ")


def test_a_template_that_cannot_be_printed_says_so() -> None:
    with pytest.raises(PrintError, match="フォントにない文字が1種類"):
        draw(entitled("保護変更決定通知書🗾"))


def test_a_household_that_the_kind_does_not_have_is_told() -> None:
    template = templates("asset_declaration")[Population.ASSISTANCE]
    with pytest.raises(PrintError, match="その種類の世帯がありません"):
        draw_specimen(template, kind("asset_declaration"), Population.ASSISTANCE, "long", CheckSettings())
    assert all(not title.isascii() for title, _ in HOUSEHOLDS.values())
