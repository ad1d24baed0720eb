"""The embedded font: what is drawn is read back exactly, by PDFium, in every plane."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from pypdfium2 import raw
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from fallback import OWN_SEQUENCE, PLANE_3, SEQUENCE, VIETNAMESE, second_font
from mailround.errors import PrintError
from mailround.fonts import Font, load_font
from mailround.pdf_font import EmbeddedFont
from mailround.settings import CheckSettings
from printing import AWKWARD_NAMES, lines_of, whole_font

ROWS = 30


def drawn(font: Font, texts: list[str]) -> bytes:
    embedded = EmbeddedFont(font)
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(900, 900), invariant=1, initialFontName=embedded.fontName)  # type: ignore[arg-type]
    for first in range(0, len(texts), ROWS):
        canvas.setFont(embedded.fontName, 10)
        for row, text in enumerate(texts[first : first + ROWS]):
            canvas.drawString(20, 20 + 28 * row, text)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def test_awkward_names_are_read_back_exactly() -> None:
    names = [name.strip() for name in AWKWARD_NAMES]
    assert lines_of(drawn(whole_font().subset(names), names)) == names


def test_a_character_and_its_default_sequence_share_a_glyph_and_are_still_told_apart() -> None:
    base, sequence = "邊", "邊\U000e0108"
    font = whole_font().subset([base + sequence])
    assert font.glyph(base) == font.glyph(sequence)
    text = base + sequence + base
    assert lines_of(drawn(font, [text])) == [text]


def test_a_sample_of_the_whole_font_is_read_back_exactly() -> None:
    units = [unit for unit in whole_font().units[::41] if unit.strip() and not "\ue000" <= unit <= "\uf8ff"]
    texts = ["".join(units[first : first + 10]) for first in range(0, len(units), 10)]
    assert any(len(unit) > 1 for unit in units)
    assert any(unit > "\U00020000" for unit in units)
    assert lines_of(drawn(whole_font().subset(texts), texts)) == texts


@pytest.mark.parametrize(
    "text",
    [
        "山A①",
        "𠮷𠀋",
        PLANE_3,
        f"{PLANE_3}{OWN_SEQUENCE}{PLANE_3}",
        "邊邊\U000e0108邊\U000e0109",
        f"葛{SEQUENCE}葛",
        f"Nguy{VIETNAMESE}n 髙{SEQUENCE}𠮷{OWN_SEQUENCE}",
    ],
)
def test_every_plane_and_every_sequence_of_either_font_is_read_back_exactly(tmp_path: Path, text: str) -> None:
    path = tmp_path / "second.ttf"
    path.write_bytes(second_font())
    font = load_font(CheckSettings(fallback_fonts=(path,))).subset([text])
    assert lines_of(drawn(font, [text])) == [text]


def inked(content: bytes) -> bytes:
    with pypdfium2.PdfDocument(content) as document:
        return bytes(document[0].render(scale=2, grayscale=True).buffer)


@pytest.mark.parametrize(
    "unit", ["山", "髙", "﨑", "𠮷", "邊", "邊\U000e0108", "邊\U000e0109", "邊\U000e010a", "A", "①"]
)
def test_the_shape_on_paper_is_the_one_that_reportlabs_own_way_draws(unit: str) -> None:
    font = whole_font().subset(["山髙﨑𠮷邊邊\U000e0108\U000e0109\U000e010aA①"])
    own = TTFont("theirs", io.BytesIO(font.data))
    own.face.charToGlyph[0xF0000] = font.glyph(unit)
    own.face.charWidths[0xF0000] = 1000
    pdfmetrics.registerFont(own)
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(900, 900), invariant=1, initialFontName="theirs")  # type: ignore[arg-type]
    canvas.setFont("theirs", 10)
    canvas.drawString(20, 20, chr(0xF0000))
    canvas.save()
    own.unregister()
    theirs = inked(target.getvalue())
    assert min(theirs) < 128
    assert inked(drawn(font, [unit])) == theirs


@pytest.mark.parametrize("text", ["齋", "髙\ue000", "髙\U000e0108"])
def test_a_missing_glyph_is_an_error_that_names_no_character(text: str) -> None:
    with pytest.raises(PrintError) as caught:
        drawn(whole_font().subset(["髙﨑"]), [text])
    assert text not in str(caught.value)


def test_markup_is_text_like_any_other() -> None:
    text = 'R&D <b>x</b> <img src="/etc/passwd"> \\(n) %'
    assert lines_of(drawn(whole_font().subset([text]), [text])) == [text]


def test_only_used_glyphs_are_embedded_and_nothing_else_is_listed() -> None:
    font = whole_font().subset(["山川田齋髙﨑"])
    content = drawn(font, ["山"])
    with pypdfium2.PdfDocument(content) as document:
        page = document[0]
        text = next(each for each in page.get_objects() if each.type == raw.FPDF_PAGEOBJ_TEXT)
        held = raw.FPDFTextObj_GetFont(text)
        assert raw.FPDFFont_GetIsEmbedded(held) == 1
        page.close()
    assert b"Helvetica" not in content
    assert len(content) < len(drawn(font, ["山川田齋髙﨑"]))


def test_the_same_document_has_the_same_bytes_and_one_font_serves_many_documents() -> None:
    font = whole_font().subset(["山川"])
    first, other, again = drawn(font, ["山"]), drawn(font, ["川"]), drawn(font, ["山"])
    assert first == again
    assert first != other


def test_the_whole_font_has_too_many_units_for_two_bytes_and_is_refused() -> None:
    with pytest.raises(PrintError, match="subset"):
        EmbeddedFont(whole_font())
