"""Pages written in one piece: what a reader of the file finds is what was handed over, page by page."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Sequence

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from mailround.pdf_page import add_page, add_resources, form_name

SIZE = (300.5, 200.25)


def written(codes: Sequence[str], sizes: Sequence[tuple[float, float]] | None = None) -> bytes:
    """Return a file of these pages; each may call the form ``box`` by its name, put in for ``FORM``."""
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1, pageCompression=1)
    canvas.beginForm("box")
    canvas.rect(10, 10, 20, 20)
    canvas.endForm()
    name = form_name(canvas, "box")
    for code, size in zip(codes, sizes or [SIZE] * len(codes), strict=True):
        add_page(canvas, code.replace("FORM", name), size)
    add_resources(canvas, [name])
    canvas.save()
    return target.getvalue()


def texts(content: bytes) -> list[str]:
    with pypdfium2.PdfDocument(content) as document:
        return [page.get_textpage().get_text_range() for page in document]


def say(word: str) -> str:
    return f"BT\n/F1 12 Tf\n1 0 0 1 20 100 Tm ({word}) Tj\nET\n"


def test_pages_come_in_order_with_their_own_size_and_text() -> None:
    sizes = [SIZE, (595.2756, 841.8898), SIZE]
    content = written([say("one"), say("two"), say("three")], sizes)
    assert texts(content) == ["one", "two", "three"]
    with pypdfium2.PdfDocument(content) as document:
        assert [page.get_size() for page in document] == [pytest.approx(size) for size in sizes]


def test_the_operators_are_kept_byte_for_byte_and_compressed() -> None:
    code = say("kept") + "q 1 0 0 1 0 0 cm Q\n" * 50
    content = written([code])
    streams = [
        zlib.decompress(each)
        for each in re.findall(rb"/Filter /FlateDecode /Length \d+ >>\nstream\n(.*?)\nendstream", content, re.DOTALL)
    ]
    assert streams == [code.encode()]
    assert code.encode() not in content


def test_a_page_shows_a_form_by_the_name_that_it_was_told() -> None:
    with pypdfium2.PdfDocument(written(["/FORM Do\n", say("bare")])) as document:
        kinds = [[each.type for each in page.get_objects(max_depth=2)] for page in document]
    form, path, text = pypdfium2.raw.FPDF_PAGEOBJ_FORM, pypdfium2.raw.FPDF_PAGEOBJ_PATH, pypdfium2.raw.FPDF_PAGEOBJ_TEXT
    assert kinds == [[form, path], [text]]


def test_all_pages_share_one_dictionary_of_resources() -> None:
    content = written([say(str(number)) for number in range(5)])
    shared = re.findall(rb"/Type /Page /Parent \d+ 0 R /MediaBox \[[\d. ]+\] /Resources (\d+) 0 R", content)
    assert len(shared) == 5
    assert len(set(shared)) == 1
    assert content.count(b"/ProcSet [ /PDF /Text ]") == 1


def test_the_canvas_goes_on_with_a_page_of_its_own() -> None:
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1)
    canvas.drawString(10, 10, "begun before")
    add_page(canvas, say("in between"), SIZE)
    add_resources(canvas, [])
    canvas.drawString(10, 30, "ended after")
    canvas.save()
    between, own = texts(target.getvalue())
    assert between == "in between"
    assert "begun before" in own
    assert "ended after" in own


def test_the_same_pages_are_the_same_bytes() -> None:
    assert written([say("a"), say("b")]) == written([say("a"), say("b")])
    assert written([say("a"), say("b")]) != written([say("b"), say("a")])


def test_operators_that_are_no_ascii_are_refused_before_anything_is_written() -> None:
    with pytest.raises(UnicodeEncodeError):
        written([say("髙")])
