"""The evidence report on paper."""

from __future__ import annotations

from collections.abc import Callable

import pypdfium2 as pdfium
import pytest

from mailround.context import RoundContext
from mailround.controls import load_controls
from mailround.errors import PrintError
from mailround.evidence import Evidence, evidence
from mailround.evidence_pdf import draw_evidence
from mailround.register.entries import AnswerRefused
from mailround.settings import REPOSITORY, CheckSettings
from prepared import AT, record

Opener = Callable[..., RoundContext]


@pytest.fixture
def report(open_a_round: Opener) -> Evidence:
    work = open_a_round()
    record(work, AnswerRefused(step="x", reasons=("<b>一&二</b>",), answered_at=AT))
    return evidence(work.entries, load_controls(REPOSITORY / "include"), "MAILROUND-CHECKPOINT-1/" + "A" * 240)


def words(pdf: bytes) -> str:
    pages = pdfium.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pages)


def test_every_row_every_entry_and_the_checkpoint_are_on_the_paper(report: Evidence) -> None:
    text = words(draw_evidence(CheckSettings(), report))
    for each in report.controls:
        assert f"{each.id}{''.join(each.text.split())}" in text
    for line in report.entries:
        assert "".join(line.content.split()) in text
    assert report.head in text
    assert report.checkpoint in text
    assert "未確認48項目" in text


def test_what_looks_like_markup_is_printed_as_it_is(report: Evidence) -> None:
    assert "<b>一&二</b>" in words(draw_evidence(CheckSettings(), report))


def test_the_same_report_gives_the_same_bytes(report: Evidence) -> None:
    assert draw_evidence(CheckSettings(), report) == draw_evidence(CheckSettings(), report)


def test_a_character_that_the_font_lacks_is_refused(report: Evidence) -> None:
    with pytest.raises(PrintError, match="印字できない文字"):
        draw_evidence(CheckSettings(), report.model_copy(update={"contractor": "\U0001f600"}))
