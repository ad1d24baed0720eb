"""A printed file by its bytes: what `render` wrote is read, whatever else could stand in a PDF is refused in words."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pypdfium2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailround import pdf_font
from mailround.composition import Composer, numbering, values
from mailround.fonts import Font
from mailround.model import Population
from mailround.printed_file import PageFault, PrintedFile, Written
from mailround.render import Press
from mailround.templates import Sheet, Template
from printing import ISSUED, ROUND, Chunk, seal_png, templates, with_seal
from rewritten import A_LAYER, A_PAGE, assembled, objects_of, rearranged, repainted, reworded

Told = list[tuple[bytes, list[Written], list[Written]]]

SHEETS: tuple[tuple[Population, Sheet], ...] = (
    (Population.ASSISTANCE, "first"),
    (Population.ASSISTANCE, "first"),
    (Population.ASSISTANCE, "more"),
    (Population.SUPPORT, "first"),
)
"""Whose form each page of the chunk is."""
FAULTS = re.compile(
    "ファイルの作り|用紙の大きさか、頁の作り|頁の資源|様式にない描き方|様式の固定部分|印影|文字と字形の対応"
    "|余分な、または埋め込まれていないフォント"
)


def told(content: bytes, font: Font, forms: dict[Population, Template] | None = None) -> Told:
    """Return all that a file says: per page its layer's name, its own lines, the layer's."""
    file = PrintedFile(content, font)
    found = []
    for index, (population, sheet) in enumerate(SHEETS):
        template = (forms or templates())[population]
        name, own = file.page(index, template)
        found.append((name, own, file.layer(name, template, sheet)))
    return found


def refused(content: bytes, font: Font, forms: dict[Population, Template] | None = None) -> str:
    with pytest.raises(PageFault) as caught:
        told(content, font, forms)
    assert FAULTS.fullmatch(str(caught.value))
    return str(caught.value)


def drawn(chunk: Chunk, forms: dict[Population, Template]) -> bytes:
    return Press(chunk.font, forms, ISSUED, ROUND).draw(chunk.pieces)[0]


@pytest.fixture(scope="module")
def sound(chunk: Chunk) -> Told:
    return told(chunk.content, chunk.font)


def test_every_line_is_read_with_its_place_and_size_as_it_was_composed(chunk: Chunk, sound: Told) -> None:
    pages = []
    for piece in chunk.pieces:
        template = templates()[piece.recipient.population]
        composer = Composer(template, chunk.font)
        composed = composer.pages(piece, values(piece, template, ISSUED))
        for number, page in enumerate(composed, 1):
            assert numbering(template, number, len(composed))
            still = composer.static("more" if number > 1 else "first")
            pages.append([[line for placed in layer for line in placed.lines if line.text] for layer in (page, still)])
    assert [name for name, _, _ in sound] == [b"FormXob.%b-%b" % (p.encode(), s.encode()) for p, s in SHEETS]
    for (_, *layers), expected in zip(sound, pages, strict=True):
        for lines, composed_lines in zip(layers, expected, strict=True):
            assert [line.text for line in lines] == [line.text for line in composed_lines]
            for line, composed_line in zip(lines, composed_lines, strict=True):
                assert (line.x, line.y) == pytest.approx((composed_line.x, composed_line.y), abs=0.001)
                assert line.size == pytest.approx(composed_line.size)


def test_a_file_put_together_again_says_the_same(chunk: Chunk, sound: Told) -> None:
    assert told(assembled(chunk.content, objects_of(chunk.content)), chunk.font) == sound


def attempted(content: bytes, font: Font) -> Told | None:
    """Return what a file says, None when it is refused, and refused in words of ours."""
    try:
        return told(content, font)
    except PageFault as fault:
        said = str(fault)
    assert FAULTS.fullmatch(said)
    return None


def require_nothing_new(found: Told | None, sound: Told) -> None:
    """A page may have been put in another's place, which the record tells; nothing may be said that stood nowhere."""
    for name, own, layer in found or ():
        assert (name, own) in [page[:2] for page in sound]
        assert layer in [page[2] for page in sound]


@pytest.fixture(scope="module")
def words(chunk: Chunk) -> list[int]:
    """Return the places that no compressed stream takes."""
    places, begin = [], 0
    for found in re.finditer(rb"stream\n(.*?)endstream\n", chunk.content, re.DOTALL):
        places += range(begin, found.start(1))
        begin = found.end(1)
    return [*places, *range(begin, len(chunk.content))]


@settings(max_examples=200)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_a_changed_byte_anywhere_is_refused_or_says_nothing_new(
    chunk: Chunk, sound: Told, place: float, byte: int
) -> None:
    spoilt = bytearray(chunk.content)
    spoilt[int(place * len(spoilt))] ^= byte
    require_nothing_new(attempted(bytes(spoilt), chunk.font), sound)


@settings(max_examples=300)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.sampled_from(b"0123456789./<>[](-)RT \n\0"))
def test_a_changed_byte_between_the_streams_is_refused_or_says_nothing_new(
    chunk: Chunk, sound: Told, words: list[int], place: float, byte: int
) -> None:
    spoilt = bytearray(chunk.content)
    spoilt[words[int(place * len(words))]] = byte
    require_nothing_new(attempted(bytes(spoilt), chunk.font), sound)


@settings(max_examples=200)
@given(
    which=st.sampled_from([A_PAGE, A_LAYER, b"begincmap"]),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.sampled_from(b"0123456789ABCDEF./<>[](-)TmBI \n\0"),
)
def test_a_changed_operator_is_refused_or_changes_a_figure_or_a_code(
    chunk: Chunk, sound: Told, which: bytes, place: float, byte: int
) -> None:
    def spoil(code: bytes) -> bytes:
        at = int(place * len(code))
        return code[:at] + bytes([byte if code[at] != byte else byte ^ 1]) + code[at + 1 :]

    found = attempted(repainted(chunk.content, which, spoil), chunk.font)
    if which == b"begincmap":
        assert found in (None, sound)
    for (_, *layers), (_, *right) in zip(found or (), sound, strict=False):
        assert [len(lines) for lines in layers] == [len(lines) for lines in right]


@settings(max_examples=100)
@given(keep=st.floats(0, 1, exclude_max=True))
@example(keep=0.0)
def test_a_file_cut_short_anywhere_is_refused(chunk: Chunk, keep: float) -> None:
    assert refused(chunk.content[: int(keep * len(chunk.content))], chunk.font) == "ファイルの作り"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"not a PDF",
        lambda content: content[:-1],
        lambda content: content + b"\n",
        lambda content: content + content,
        lambda content: re.sub(rb"startxref\n\d+", b"startxref\n" + b"9" * 40, content),
        lambda content: re.sub(rb"startxref\n\d+", b"startxref\n9999999999", content),
        lambda content: content.replace(b"/Size", b"/Prev 1 /Size"),
        lambda content: content.replace(b"/Info", b"/Encrypt 1 0 R /Info"),
        lambda content: re.sub(rb"(/Root \d+ 0 R)", rb"\1 \1", content),
        lambda content: re.sub(rb"/Root \d+ 0 R", b"/Root 99 0 R", content),
        lambda content: content.replace(b" 00000 n \n", b" 00000 f \n", 1),
        lambda content: re.sub(rb"(65535 f \n)(\d{10} 00000 n \n)(\d{10} 00000 n \n)", rb"\1\3\2", content),
        lambda content: content.replace(b"endobj\n1", b"endobj \n1", 1),
    ],
)
def test_a_file_that_is_built_otherwise_is_refused(chunk: Chunk, spoil: Callable[[bytes], bytes]) -> None:
    spoilt = spoil(chunk.content)
    assert spoilt != chunk.content
    assert refused(spoilt, chunk.font)


def test_a_file_that_another_tool_has_written_again_is_refused(chunk: Chunk) -> None:
    target = io.BytesIO()
    with pypdfium2.PdfDocument(chunk.content) as document:
        document.save(target)
    assert refused(target.getvalue(), chunk.font) == "ファイルの作り"


def test_pages_come_in_the_order_of_the_page_tree_and_there_are_no_others(chunk: Chunk, sound: Told) -> None:
    turned = PrintedFile(rearranged(chunk.content, [1, 0, 2, 3]), chunk.font)
    template = templates()[Population.ASSISTANCE]
    assert [turned.page(index, template) for index in (0, 1)] == [(name, own) for name, own, _ in (sound[1], sound[0])]
    short = PrintedFile(rearranged(chunk.content, [0]), chunk.font)
    assert short.page(0, template)
    with pytest.raises(PageFault, match="ファイルの作り"):
        short.page(1, template)


@pytest.mark.parametrize(
    ("which", "how"),
    [
        (A_PAGE, lambda code: code.replace(b"BT\n", b"BT\n3 Tr\n")),
        (A_PAGE, lambda code: code.replace(b"BT\n", b"BT\n1 g\n")),
        (A_PAGE, lambda code: code.replace(b"BT\n", b"BT\n10 Tz\n")),
        (A_PAGE, lambda code: code.replace(b"1 0 0 1 ", b"1 0 0 -1 ", 1)),
        (A_PAGE, lambda code: code.replace(b"1 0 0 1 ", b"-1 0 0 1 ", 1)),
        (A_PAGE, lambda code: re.sub(rb"^(/\S+ Do)", rb"q 1 0 0 1 0 -300 cm \1 Q", code)),
        (A_PAGE, lambda code: re.sub(rb"^(/\S+ Do)\n", rb"\1\n\1\n", code)),
        (A_PAGE, lambda code: re.sub(rb"^/\S+ Do\n", b"", code)),
        (A_PAGE, lambda code: re.sub(rb"^/\S+ Do\n", b"/FormXob.other Do\n", code)),
        (A_PAGE, lambda code: b"0 0 1 1 re W n\n" + code),
        (A_PAGE, lambda code: b"/OC /hidden BDC\n" + code + b"EMC\n"),
        (A_PAGE, lambda code: code + b"0 0 600 850 re f\n"),
        (A_PAGE, lambda code: code.replace(b"\nET\n", b"\n1 g ET\n")),
        (A_PAGE, lambda code: code.replace(b"Tj\nET\n", b"Tj ET\n")),
        (A_LAYER, lambda code: code.replace(b"\nET", b"\n1 g ET")),
        (A_PAGE, lambda code: code.replace(b"/IM true", b"/IM true /D [0 1]")),
        (A_PAGE, lambda code: code[: code.index(b"q ")]),
        (A_PAGE, lambda code: re.sub(rb"<[0-9A-F]{4}", b"<FFFF", code, count=1)),
        (A_PAGE, lambda code: re.sub(rb"<[0-9A-F]{4}", b"<D83D", code, count=1)),
        (A_PAGE, lambda code: re.sub(rb"<[0-9A-F]{4}", b"<", code, count=1).replace(b"> Tj", b"0> Tj", 1)),
        (A_PAGE, lambda code: re.sub(rb"1 0 0 1 \d+", b"1 0 0 1 1.2", code, count=1)),
        (A_PAGE, lambda code: re.sub(rb"/FT \d+", b"/FT 1.2.3", code, count=1)),
        (A_LAYER, lambda code: code.replace(b"BT\n", b"BT\n3 Tr\n")),
        (A_LAYER, lambda code: code[: code.index(b".566929 w")] + code[code.index(b"BT\n") :]),
        (A_LAYER, lambda code: code.replace(b" l\nS\n", b" l\n100 100 m 500 500 l\nS\n", 1)),
        (A_LAYER, lambda code: code.replace(b".566929 w", b".5.66929 w")),
        (A_LAYER, lambda code: code + b"\n100 100 300 300 re f"),
        (A_LAYER, lambda code: code.replace(b"1 0 0 1 0 0 cm", b"1 0 0 1 0 9 cm", 1)),
    ],
)
def test_ink_that_is_hidden_moved_scaled_or_added_is_refused(
    chunk: Chunk, which: bytes, how: Callable[[bytes], bytes]
) -> None:
    assert refused(repainted(chunk.content, which, how), chunk.font)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (rb"(/Type /Page /Parent)", rb"/UserUnit 2 \1"),
        (rb"(/Type /Page /Parent)", rb"/Annots [ 1 0 R ] \1"),
        (rb"(/Type /Page /Parent)", rb"/Rotate 180 \1"),
        (rb"/MediaBox \[0 0 595", rb"/MediaBox [0 9 595"),
        (rb"/MediaBox \[0 0 595", rb"/MediaBox [0 0 5.95"),
        (rb"(/Type /Pages)", rb"/Rotate 180 \1"),
        (rb"(/Type /Pages)", rb"/CropBox [ 0 400 595 842 ] \1"),
        (rb"(/Type /Catalog)", rb"/OpenAction << /S /JavaScript /JS (x) >> \1"),
        (rb"(/Pages \d+ 0 R)", rb"\1 \1"),
        (rb"/BBox \[ 0 0 595.2756 841.8898 \]", rb"/BBox [ 0 0 300 400 ]"),
        (rb"/Matrix \[ 1 0 0 1 0 0 \]", rb"/Matrix [ 2 0 0 1 0 0 ]"),
        (rb"(/BBox .*/Resources <<\n/Font )\d+", rb"\g<1>99"),
        (rb"/ProcSet \[ /PDF /Text \] ", rb"/ProcSet [ /PDF /Text ] /ExtGState << >> "),
        (rb"/FT (\d+) 0 R", rb"/FT \1 0 R /FU \1 0 R"),
        (rb"/Encoding /Identity-H", rb"/Encoding /Identity-V"),
        (rb"/DW 1000 ", rb"/DW 300 "),
        (rb"/DW 1000 ", rb"/DW 1000 /DW 300 "),
        (rb"/DW 1000 ", rb"/DW 1000 /DW2 [ 0 0 ] "),
        (rb"/W \[ 1 \[ \d+", rb"/W [ 1 [ 999"),
        (rb"/W \[", rb"/W [ 12 400 100 "),
        (rb"/W \[(.*)\]", rb"/W [\1] /W [ 12 [ 100 ] ]"),
        (rb"/CIDToGIDMap \d+ 0 R", rb"/CIDToGIDMap /Identity"),
        (rb"(/CIDToGIDMap \d+ 0 R)", rb"\1 /CIDToGIDMap /Identity"),
        (rb"/ToUnicode \d+ 0 R", rb"/ToUnicode 2 0 R"),
    ],
)
def test_a_page_or_font_that_says_more_or_less_is_refused(chunk: Chunk, was: bytes, becomes: bytes) -> None:
    assert refused(reworded(chunk.content, was, becomes), chunk.font)


@pytest.mark.parametrize(
    "how",
    [
        lambda said: re.sub(rb"<0001> <[0-9A-F]+>", b"<0001> <0032>", said),
        lambda said: re.sub(rb"<0001> <[0-9A-F]+>", b"<0001> <D83D>", said),
        lambda said: re.sub(rb"<0001> <[0-9A-F]+>", b"<0001> <003>", said),
        lambda said: re.sub(rb"<0001> <[0-9A-F]+>\n", b"", said),
        lambda said: said.replace(b"endcodespacerange", b"endcodespace"),
    ],
)
def test_a_code_that_stands_for_nothing_or_another_character_is_refused(
    chunk: Chunk, how: Callable[[bytes], bytes]
) -> None:
    assert refused(repainted(chunk.content, b"begincmap", how), chunk.font) == "文字と字形の対応"


def test_every_glyph_shifted_by_one_is_refused(chunk: Chunk, monkeypatch: pytest.MonkeyPatch) -> None:
    right = pdf_font._glyph_map

    def shifted(glyphs: dict[int, int]) -> bytes:
        return right(dict(zip(glyphs, [*list(glyphs.values())[1:], *list(glyphs.values())[:1]], strict=True)))

    monkeypatch.setattr(pdf_font, "_glyph_map", shifted)
    assert refused(drawn(chunk, templates()), chunk.font) == "文字と字形の対応"


def test_another_font_than_the_rounds_is_refused(chunk: Chunk) -> None:
    assert refused(chunk.content, chunk.font.subset(["別の書体"])) == "文字と字形の対応"


def test_a_seal_stands_where_the_template_has_one_and_nowhere_else(chunk: Chunk, sound: Told) -> None:
    with_one = drawn(chunk, with_seal())
    assert len(told(with_one, chunk.font, with_seal())) == len(sound)
    assert refused(with_one, chunk.font) == "様式の固定部分"
    assert refused(chunk.content, chunk.font, with_seal()) == "様式の固定部分"


@pytest.mark.parametrize(
    "becomes", [rb"/Decode [ 1 0 1 0 1 0 ] /Height", rb"/SMask 1 0 R /Height", rb"/ImageMask true /Height"]
)
def test_an_image_that_is_masked_or_inverted_is_refused(chunk: Chunk, becomes: bytes) -> None:
    with_one = drawn(chunk, with_seal(png=seal_png(200)))
    assert refused(reworded(with_one, rb"/Height", becomes), chunk.font, with_seal(png=seal_png(200))) == "印影"
