"""A specimen notice at once: of every template and household, as the file stands now, of nobody."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest

from mailround.errors import ConfigurationError, PrintError
from mailround.model import Population
from mailround.settings import CheckSettings
from mailround.specimen_sheet import HOUSEHOLDS, draw_specimen, offered
from prepared import own_include
from printing import kind


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
        drawn = draw_specimen(kind(name), population, household, CheckSettings())
        assert drawn.pages == (2 if household == "long" else drawn.pages)
        assert "見本" in text_of(drawn.content)


def test_the_same_template_gives_the_same_bytes() -> None:
    first, again = (draw_specimen(kind(), Population.SUPPORT, "plain", CheckSettings()) for _ in range(2))
    assert first == again


def test_what_is_edited_is_seen_at_once(settings: object, tmp_path: Path) -> None:
    ward = own_include(settings, tmp_path)  # type: ignore[arg-type]
    path = ward.include / "templates" / "change_notice" / "assistance" / "template.yaml"
    text = path.read_text(encoding="utf-8")
    assert "保護変更決定通知書" in text
    path.write_text(text.replace("保護変更決定通知書", "保護変更決定のお知らせ"), encoding="utf-8")
    drawn = draw_specimen(kind(), Population.ASSISTANCE, "plain", ward)
    assert "保護変更決定のお知らせ" in text_of(drawn.content)


def test_a_template_that_cannot_be_read_or_printed_says_so(settings: object, tmp_path: Path) -> None:
    ward = own_include(settings, tmp_path)  # type: ignore[arg-type]
    path = ward.include / "templates" / "change_notice" / "assistance" / "template.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("保護変更決定通知書", "保護変更決定通知書🗾"), encoding="utf-8")
    with pytest.raises(PrintError, match="フォントにない文字が1種類"):
        draw_specimen(kind(), Population.ASSISTANCE, "plain", ward)
    path.write_text("texts: [", encoding="utf-8")
    with pytest.raises(ConfigurationError):
        draw_specimen(kind(), Population.ASSISTANCE, "plain", ward)


def test_a_household_that_the_kind_does_not_have_is_told() -> None:
    with pytest.raises(PrintError, match="その種類の世帯がありません"):
        draw_specimen(kind("asset_declaration"), Population.ASSISTANCE, "long", CheckSettings())
    assert all(not title.isascii() for title, _ in HOUSEHOLDS.values())
