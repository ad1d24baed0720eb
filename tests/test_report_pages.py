"""Pages of a report: the font is embedded, tables go on over pages, and the same story gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2 as pdfium
import pytest
from reportlab.platypus import Flowable

from mailround.errors import PrintError
from mailround.report_pages import WIDTH, Sheet, build
from mailround.settings import CheckSettings


def story(sheet: Sheet) -> Iterator[Flowable]:
    yield sheet.text("見出し <b>&", sheet.heading)
    yield sheet.grid(
        [("種別", "数"), *[("行", f"{count}") for count in range(200)]], (WIDTH / 2, WIDTH / 2), head=True, figures=1
    )


def pages(pdf: bytes) -> list[str]:
    return ["".join(page.get_textpage().get_text_range().split()) for page in pdfium.PdfDocument(pdf)]


def test_a_long_table_goes_on_with_its_head_and_every_page_has_title_and_number() -> None:
    found = pages(build(CheckSettings(), "報告", story))
    assert len(found) > 2
    assert "見出し<b>&" in found[0]
    for number, page in enumerate(found, 1):
        assert "種別数" in page
        assert f"報告{number}頁" in page
    assert "".join(found).count("行") == 200


def test_no_other_font_is_named() -> None:
    assert b"Helvetica" not in build(CheckSettings(), "報告", story)


def test_the_same_story_gives_the_same_bytes() -> None:
    assert build(CheckSettings(), "報告", story) == build(CheckSettings(), "報告", story)


def test_a_character_that_the_font_lacks_is_refused() -> None:
    with pytest.raises(PrintError, match="印字できない文字"):
        build(CheckSettings(), "報告", lambda sheet: [sheet.text("\U0001f600")])


def test_figures_stand_at_the_right_end() -> None:
    sheet = Sheet("Helvetica")
    table = sheet.grid([("a", "1", "2")], (10, 10, 10), head=False, figures=1)
    assert [cell.style for cell in table._cellvalues[0]] == [sheet.small, sheet.figure, sheet.figure]
    plain = sheet.grid([("a", "1")], (10, 10), head=False)
    assert [cell.style for cell in plain._cellvalues[0]] == [sheet.small, sheet.small]
