"""What stands on a page as PDFium shows it: texts with their boxes, both codes, the seal; all else is refused."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mailround.fonts import Font, split_units
from mailround.inserter_mark import Mark, read_mark
from mailround.model import Population, Recipient
from mailround.page_reader import Page, PageReader, Shown
from mailround.printed_file import PageFault
from mailround.render import Press
from mailround.templates import Sheet, Template
from prepared import BARS
from printing import ISSUED, ROUND, Chunk, font_for, number, other_template, seal_png, templates, with_seal
from rewritten import A_LAYER, A_PAGE, rearranged, repainted, reworded

PAGES: tuple[tuple[int, Sheet, bool], ...] = (
    (0, "first", True),
    (1, "first", False),
    (1, "more", False),
    (2, "first", False),
)
"""Per page of the chunk the place of its piece, its sheet, and whether a customer barcode stands there."""


@contextmanager
def opened(content: bytes, font: Font) -> Iterator[PageReader]:
    reader = PageReader(content, font)
    try:
        yield reader
    finally:
        reader.close()


def seen(chunk: Chunk, content: bytes, forms: dict[Population, Template] | None = None) -> list[Page]:
    """Return every page."""
    with opened(content, chunk.font) as reader:
        return [
            reader.read(index, (forms or templates())[chunk.pieces[place].recipient.population], sheet, barcode=barcode)
            for index, (place, sheet, barcode) in enumerate(PAGES)
        ]


def refused(chunk: Chunk, content: bytes, forms: dict[Population, Template] | None = None) -> str:
    with pytest.raises(PageFault) as caught:
        seen(chunk, content, forms)
    return str(caught.value)


def drawn(chunk: Chunk, forms: dict[Population, Template]) -> bytes:
    return Press(chunk.font, forms, ISSUED, ROUND).draw(chunk.pieces)[0]


@pytest.fixture(scope="module")
def sound(chunk: Chunk) -> list[Page]:
    return seen(chunk, chunk.content)


def texts(shown: Sequence[Shown] | None) -> list[str]:
    return [each.text for each in shown or ()]


def test_every_page_shows_its_own_texts_and_names_its_layer_once(chunk: Chunk, sound: list[Page]) -> None:
    assert [page.still is not None for page in sound] == [True, False, True, True]
    assert "保護変更決定通知書" in "".join(texts(sound[0].still))
    for page, (place, sheet, _) in zip(sound, PAGES, strict=True):
        recipient = chunk.pieces[place].recipient
        assert recipient.case_no in "".join(texts(page.moving))
        assert (f"{recipient.name}　様" in texts(page.moving)) is (sheet == "first")


def test_the_box_of_a_text_is_where_its_template_puts_it(sound: list[Page]) -> None:
    field = templates()[Population.ASSISTANCE].fields["addressee"]
    (name,) = [each for each in sound[1].moving if each.text == "髙﨑　𠮷郎　様" and each.top < 60]
    assert field.x - 0.3 <= name.left < name.right <= field.x + field.w + 0.3
    assert field.y - 0.3 <= name.top < name.bottom <= field.y + field.h + 0.3
    assert name.size == field.size


def test_both_codes_are_read_from_the_picture_of_the_page(chunk: Chunk, sound: list[Page]) -> None:
    assert [page.bars for page in sound] == [BARS, "", "", ""]
    assert [read_mark(page.mark) for page in sound] == [
        Mark(ROUND, "A", chunk.pieces[place].piece_id, 2 if sheet == "more" else 1, 2 if place == 1 else 1)
        for place, sheet, _ in PAGES
    ]


def test_the_reader_counts_pages_and_collects_the_units_and_the_font_that_it_met(chunk: Chunk) -> None:
    with opened(chunk.content, chunk.font) as reader:
        assert len(reader) == len(PAGES)
        assert (reader.units, reader.font_data) == (set(), b"")
        page = reader.read(0, templates()[Population.ASSISTANCE], "first", barcode=True)
        shown = {unit for text in (*texts(page.still), *texts(page.moving)) for unit in split_units(text)}
        assert reader.units == shown
        assert "邊\U000e0108" in shown
        embedded = Font(reader.font_data)
        for unit in shown - {"　", " "}:
            glyph = chunk.font.glyph(unit)
            assert embedded.extents(glyph) == chunk.font.extents(glyph)


def said(pages: Sequence[Page]) -> list[tuple[list[str], str, str]]:
    """Return what the pages tell of their pieces, without the boxes: those are measured in the embedded glyphs."""
    return [(texts(page.moving), page.mark, page.bars) for page in pages]


@settings(max_examples=150)
@given(
    place=st.floats(0, 1, exclude_max=True),
    byte=st.sampled_from(b"0123456789./<>[](-)RT \n\0"),
    begin=st.sampled_from([b"%PDF", b"/Type /Page ", b"/Type /FontDescriptor", b"/Type /Catalog", b"xref\n0 "]),
)
def test_a_changed_byte_is_refused_or_shows_no_page_that_was_not_there(
    chunk: Chunk, sound: list[Page], place: float, byte: int, begin: bytes
) -> None:
    spoilt = bytearray(chunk.content)
    first = spoilt.index(begin)
    spoilt[first + int(place * min(len(spoilt) - first, 1_000))] = byte
    try:
        found = seen(chunk, bytes(spoilt))
    except PageFault:
        return
    assert all(page in said(sound) for page in said(found))


def test_a_file_that_pdfium_cannot_open_is_refused(chunk: Chunk) -> None:
    with pytest.raises(PageFault):
        PageReader(b"%PDF-1.3\nnothing else\n", chunk.font)
    with pytest.raises(PageFault, match="開けない"):
        PageReader(chunk.content.replace(b"%PDF-1.3", b"%XXX-1.3"), chunk.font)


def test_a_page_that_is_not_there_is_refused(chunk: Chunk) -> None:
    template = templates()[Population.ASSISTANCE]
    with opened(rearranged(chunk.content, [0]), chunk.font) as reader:
        assert len(reader) == 1
        with pytest.raises(PageFault):
            reader.read(1, template, "first", barcode=False)


@pytest.mark.parametrize("barcode", [True, False])
def test_a_barcode_stands_where_one_must_and_nowhere_else(chunk: Chunk, barcode: bool) -> None:
    index = 1 if barcode else 0
    with opened(chunk.content, chunk.font) as reader, pytest.raises(PageFault, match="図形とコードの数"):
        reader.read(index, templates()[Population.ASSISTANCE], "first", barcode=barcode)


@pytest.mark.parametrize("code", ["mark", "barcode"])
@pytest.mark.parametrize("moved", [{"x": 1.0}, {"y": -0.2}])
def test_a_code_at_another_place_is_refused(chunk: Chunk, code: str, moved: dict[str, float]) -> None:
    def shift(content: dict[str, Any]) -> None:
        for axis, by in moved.items():
            content[code][axis] += by

    assert refused(chunk, drawn(chunk, other_template(shift))) == "コードの位置"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda code: re.sub(rb"ID\n[0-9a-f]{8}", b"ID\n00000000", code), ("", BARS)),
        (lambda code: re.sub(rb"ID\n[0-9a-f]+", lambda found: b"ID\n" + b"0" * (len(found[0]) - 3), code), ("", BARS)),
        (lambda code: code.replace(b"cm 0 0 1 6 re ", b"cm 0 2 1 2 re "), (None, "T" + BARS[1:])),
    ],
)
def test_a_code_is_told_as_a_camera_reads_it_right_or_not(
    chunk: Chunk, sound: list[Page], how: Callable[[bytes], bytes], said: tuple[str | None, str]
) -> None:
    (first, *_) = seen(chunk, repainted(chunk.content, A_PAGE, how))
    mark, bars = said
    assert (first.mark, first.bars[:2]) == (sound[0].mark if mark is None else mark, bars[:2])


def test_a_line_too_long_to_be_one_is_refused(chunk: Chunk) -> None:
    def stretched(code: bytes) -> bytes:
        return re.sub(rb"<([0-9A-F]{4})", lambda found: b"<" + found[1] * 3_000, code, count=1)

    assert refused(chunk, repainted(chunk.content, A_PAGE, stretched)) == "表示される文字"


@pytest.mark.parametrize("building", ["新宿荘-", "新宿荘  101", "ハイツA-", "(va) ; [jq]"])
def test_blanks_that_pdfium_folds_and_hyphens_that_it_takes_for_its_own_are_told_as_they_were_written(
    make_recipient: Callable[..., Recipient], building: str
) -> None:
    pieces = number([make_recipient(building=building)])
    font = font_for(pieces)
    content, _ = Press(font, templates(), ISSUED, ROUND).draw(pieces)
    with opened(content, font) as reader:
        page = reader.read(0, templates()[Population.ASSISTANCE], "first", barcode=False)
    assert building in texts(page.moving)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: repainted(content, A_PAGE, lambda code: code + b"0 0 9 9 re f\n"), "様式にない描き方"),
        (lambda content: repainted(content, A_LAYER, lambda code: code + b"0 0 9 9 re f\n"), "様式の固定部分"),
        (lambda content: reworded(content, rb"(/Type /Pages)", rb"/CropBox [ 0 400 595 842 ] \1"), "ファイルの作り"),
    ],
)
def test_what_the_bytes_say_too_much_is_refused_here_too(
    chunk: Chunk, spoil: Callable[[bytes], bytes], said: str
) -> None:
    assert refused(chunk, spoil(chunk.content)) == said


def test_another_paper_size_is_refused(chunk: Chunk) -> None:
    other = other_template(lambda content: content.update(height=298))
    assert refused(chunk, drawn(chunk, other)) == "用紙の大きさか、頁の作り"


def test_the_seal_is_told_with_its_place_and_its_samples(chunk: Chunk) -> None:
    first, *further = seen(chunk, drawn(chunk, with_seal()), with_seal())
    (seal,) = first.seals
    assert tuple(seal.box) == pytest.approx((172, 46, 20, 20), abs=0.01)
    assert seal.samples == Image.open(io.BytesIO(seal_png())).tobytes()
    assert [page.seals for page in further] == [[], [], []]
