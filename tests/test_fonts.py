"""The font says exactly what it can print, and a cut-down font prints the same."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from fallback import ADVANCES, BLANK, EM, OWN_SEQUENCE, PLANE_3, SEQUENCE, SHARED, VIETNAMESE, second_font
from mailround.errors import ConfigurationError
from mailround.fonts import Font, FontStack, load_font, split_units
from mailround.settings import CheckSettings
from printing import whole_font

SELECTOR_8, SELECTOR_9 = "\U000e0108", "\U000e0109"


@pytest.mark.parametrize(
    "text",
    [
        "髙﨑　𠮷郎",
        f"邊邊{SELECTOR_8}邊{SELECTOR_9}",
        "①㈱～−",
        "José Müller",
        "ｱｲｳﾞ゛",
        "一行目\n二行目\r\n三行目",
        "",
    ],
)
def test_what_ward_names_are_written_with_can_be_printed(text: str) -> None:
    assert whole_font().missing(text) == ""


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("山\ue000田", "\ue000"),
        ("葛\U000e0100飾", "葛\U000e0100"),
        (f"山{SELECTOR_8}", f"山{SELECTOR_8}"),
        (f"{SELECTOR_8}山", SELECTOR_8),
        (f"邊{SELECTOR_8}{SELECTOR_9}", SELECTOR_9),
        ("เก", "เก"),
        ("か\u3099え\u0301", "\u3099\u0301"),
        ("\u200b\ufeff\x00\t", "\u200b\ufeff\x00\t"),
        ("😀山😀", "😀"),
        ("Nguyễn Thị Hương", "ễịươ"),
    ],
)
def test_what_cannot_be_printed_is_named_once_and_never_replaced_by_the_base_shape(text: str, missing: str) -> None:
    assert whole_font().missing(text) == missing


def test_units_keep_a_base_and_its_selector_together() -> None:
    assert split_units(f"山邊{SELECTOR_8}𠮷") == ["山", f"邊{SELECTOR_8}", "𠮷"]


def test_widths_are_in_em() -> None:
    assert whole_font().width("山　") == 2
    assert whole_font().width(f"邊{SELECTOR_8}") == 1
    assert 0.9 < whole_font().width("AB") < 2


def test_a_subset_prints_what_it_was_made_for_in_the_same_shapes_and_nothing_else() -> None:
    texts = ["髙﨑　𠮷郎", f"邊{SELECTOR_9}", "AB"]
    cut = whole_font().subset(texts)
    assert all(cut.missing(text) == "" for text in texts)
    assert cut.missing("山齋") == "山齋"
    assert cut.postscript_name == whole_font().postscript_name
    for unit in ("髙", "𠮷", f"邊{SELECTOR_9}", "A"):
        assert cut.extents(cut.glyph(unit)) == whole_font().extents(whole_font().glyph(unit))
    assert len(cut.data) < 20_000


def test_a_subset_has_the_same_bytes_whatever_the_order_of_the_texts() -> None:
    texts = ["髙﨑", f"邊{SELECTOR_9}", "AB", "𠮷"]
    assert whole_font().subset(texts).data == whole_font().subset(reversed(texts)).data


def test_an_independent_reader_finds_the_same_units_in_a_subset() -> None:
    cut = whole_font().subset([f"髙𠮷邊{SELECTOR_8}{SELECTOR_9}AB"])
    cmap = TTFont(io.BytesIO(cut.data))["cmap"]
    sequences = {
        chr(base) + chr(selector)
        for table in cmap.tables
        if table.format == 14
        for selector, pairs in table.uvsDict.items()
        for base, _ in pairs
    }
    assert set(cut.units) == {chr(code) for code in cmap.getBestCmap()} | sequences


def test_a_missing_font_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="apt-get install fonts-ipamj-mincho"):
        load_font(CheckSettings(font=tmp_path / "no.ttf"))


def test_a_machine_without_fontconfig_gets_the_same_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="MAILROUND_FONT"):
        load_font(CheckSettings())


def test_another_font_in_place_of_ipamj_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "fc-match"
    other.write_text("#!/bin/sh\nprintf 'DejaVu Sans\\t/usr/share/fonts/dejavu.ttf'\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="IPAmj"):
        load_font(CheckSettings())


def test_the_font_of_the_settings_wins(tmp_path: Path) -> None:
    own = tmp_path / "own.ttf"
    own.write_bytes(whole_font().subset(["山"]).data)
    assert load_font(CheckSettings(font=own)).fonts[0].units == Font(own).units == ("山",)


@pytest.mark.parametrize("content", [b"", b"not a font", b"%PDF-1.7", b"OTTO" + bytes(200)])
def test_a_file_that_is_no_truetype_font_is_not_taken_as_the_font(tmp_path: Path, content: bytes) -> None:
    own = tmp_path / "own.ttf"
    own.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"印刷用フォント own\.ttf は TrueType 形式ではない"):
        load_font(CheckSettings(font=own))


BORROWED = (PLANE_3, VIETNAMESE, SEQUENCE, OWN_SEQUENCE, BLANK)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fonts") / "second.ttf"
    path.write_bytes(second_font())
    return path


@pytest.fixture(scope="module")
def stack(second: Path) -> FontStack:
    return load_font(CheckSettings(fallback_fonts=(second,)))


@pytest.mark.parametrize("unit", BORROWED)
def test_what_the_font_lacks_is_missing_without_a_second_font_and_printed_with_one(stack: FontStack, unit: str) -> None:
    assert load_font(CheckSettings()).missing(f"山{unit}") == whole_font().missing(f"山{unit}") == unit
    assert stack.missing(f"山{unit}") == ""
    assert stack.subset([f"山{unit}"]).missing(f"山{unit}") == ""


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (f"{PLANE_3}\U000e0101山", f"{PLANE_3}\U000e0101"),
        ("葛\U000e01ef葛\U000e0100", "葛\U000e01ef"),
        (f"{VIETNAMESE}\U000e0100", f"{VIETNAMESE}\U000e0100"),
        ("😀\U000e0100\U000e0100山😀", "😀\U000e0100\U000e0100😀"),
        ("か\u3099", "\u3099"),
        ("山\ue000", "\ue000"),
        ("\r\n", ""),
        ("", ""),
    ],
)
def test_what_no_font_holds_is_missing_and_no_font_replaces_it_by_the_base_shape(
    stack: FontStack, text: str, missing: str
) -> None:
    assert stack.missing(text) == missing


def test_the_first_font_that_holds_a_unit_prints_it(stack: FontStack) -> None:
    assert stack.width(SHARED) == 1
    both = stack.subset([SHARED + VIETNAMESE])
    assert both.width(SHARED) == 1
    own = whole_font()
    assert both.extents(both.glyph(SHARED)) == own.extents(own.glyph(SHARED))


def test_the_order_of_the_fallbacks_decides(stack: FontStack, second: Path, tmp_path: Path) -> None:
    other = tmp_path / "third.ttf"
    other.write_bytes(second_font(list(reversed(ADVANCES))))
    third = FontStack(other, [second])
    assert FontStack(second, [other]).subset([PLANE_3]).data == FontStack(second).subset([PLANE_3]).data
    assert third.subset([PLANE_3]).data == FontStack(other).subset([PLANE_3]).data


@pytest.mark.parametrize("unit", BORROWED)
def test_a_borrowed_unit_has_the_width_and_shape_of_its_font_on_the_em_of_the_first(
    stack: FontStack, second: Path, unit: str
) -> None:
    cut = stack.subset([f"山{unit}"])
    assert cut.em == whole_font().em == 2048
    assert stack.width(unit) == cut.width(unit)
    assert abs(cut.width(unit) - ADVANCES[unit] / EM) <= 0.5 / 2048
    lender = Font(second)
    found, expected = (font.extents(font.glyph(unit)) for font in (cut, lender))
    assert found is not None
    assert expected is not None
    assert all(abs(one - other * 2048 / EM) <= 2 for one, other in zip(found, expected, strict=True))


def test_a_borrowed_outline_of_the_same_em_is_taken_over_point_by_point(tmp_path: Path) -> None:
    units = ("髙", "𠮷", "邊\U000e0109", "A", "ｱ")
    for name, texts in (("first.ttf", ["川"]), ("second.ttf", units)):
        (tmp_path / name).write_bytes(whole_font().subset(texts).data)
    merged = FontStack(tmp_path / "first.ttf", [tmp_path / "second.ttf"]).subset(units)
    own = whole_font().subset(units)
    tables = [(font, TTFont(io.BytesIO(font.data))["glyf"]) for font in (merged, own)]
    for unit in units:
        taken, given = (glyf[glyf.glyphOrder[font.glyph(unit)]].getCoordinates(glyf) for font, glyf in tables)
        assert [list(part) for part in taken] == [list(part) for part in given]


def test_a_sequence_is_borrowed_without_its_base(stack: FontStack) -> None:
    cut = stack.subset([SEQUENCE])
    assert cut.units == (SEQUENCE,)
    both = stack.subset(["葛" + SEQUENCE])
    assert both.units == ("葛", SEQUENCE)
    assert both.glyph("葛") != both.glyph(SEQUENCE)


def test_own_sequences_stay_beside_borrowed_ones(stack: FontStack) -> None:
    units = (f"邊{SELECTOR_8}", f"邊{SELECTOR_9}", "𠮷", *BORROWED)
    cut = stack.subset(units)
    assert set(units) <= set(cut.units)
    assert cut.glyph("邊") == cut.glyph(f"邊{SELECTOR_8}") != cut.glyph(f"邊{SELECTOR_9}")
    own = whole_font()
    assert cut.extents(cut.glyph(f"邊{SELECTOR_9}")) == own.extents(own.glyph(f"邊{SELECTOR_9}"))


def test_a_merged_font_is_one_that_an_independent_reader_opens(stack: FontStack) -> None:
    cut = stack.subset(["山𠮷", *BORROWED])
    file = TTFont(io.BytesIO(cut.data))
    assert file["maxp"].numGlyphs == len(file.getGlyphOrder()) == len(file["hmtx"].metrics)
    assert {PLANE_3, "𠮷", VIETNAMESE} <= {chr(code) for code in file["cmap"].getcmap(3, 10).cmap}
    (sequences,) = (table.uvsDict for table in file["cmap"].tables if table.format == 14)
    pairs = {(base, selector) for selector, bases in sequences.items() for base, _ in bases}
    assert pairs == {(ord(SEQUENCE[0]), 0xE0100), (ord(PLANE_3), 0xE0100)}


def test_a_merged_font_has_the_same_bytes_whatever_the_order_and_the_hash_seed(stack: FontStack, second: Path) -> None:
    texts = ["髙﨑", f"邊{SELECTOR_9}", VIETNAMESE + SEQUENCE, PLANE_3 + OWN_SEQUENCE]
    data = stack.subset(texts).data
    assert stack.subset(reversed(texts)).data == data
    program = (
        "import hashlib, sys; from pathlib import Path; from mailround.fonts import load_font;"
        "from mailround.settings import CheckSettings;"
        "fonts = load_font(CheckSettings(fallback_fonts=(Path(sys.argv[1]),)));"
        "print(hashlib.sha256(fonts.subset(sys.argv[2:]).data).hexdigest(), 'fontTools' in sys.modules)"
    )

    def elsewhere(seed: str, *printed: str) -> list[str]:
        return subprocess.run(
            [sys.executable, "-c", program, str(second), *printed],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()

    assert elsewhere("1", *texts) == elsewhere("2", *texts) == [hashlib.sha256(data).hexdigest(), "True"]
    assert elsewhere("1", "髙﨑") == [hashlib.sha256(whole_font().subset(["髙﨑"]).data).hexdigest(), "False"]


@given(st.lists(st.sampled_from(["山", "髙", "𠮷", f"邊{SELECTOR_8}", "A", "\n", "　"])))
def test_where_no_fallback_is_needed_the_subset_is_the_first_fonts_own(stack: FontStack, units: list[str]) -> None:
    assert stack.subset(["".join(units)]).data == whole_font().subset(["".join(units)]).data


def test_a_fallback_without_truetype_outlines_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    builder = FontBuilder(EM, isTTF=False)
    builder.setupGlyphOrder([".notdef"])
    builder.setupCharacterMap({})
    builder.setupCFF("Cff", {}, {".notdef": T2CharStringPen(EM, None).getCharString()}, {})
    builder.setupHorizontalMetrics({".notdef": (EM, 0)})
    builder.setupHorizontalHeader()
    builder.setupPost()
    path = tmp_path / "mincho.otf"
    builder.save(path)
    assert path.read_bytes().startswith(b"OTTO")
    with pytest.raises(ConfigurationError, match=r"mincho\.otf は TrueType 形式ではない"):
        load_font(CheckSettings(fallback_fonts=(path,)))


@pytest.mark.parametrize("content", [b"", b"not a font", b"\0\1\0\0"])
def test_a_fallback_that_is_no_font_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "second.ttf"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="TrueType"):
        load_font(CheckSettings(fallback_fonts=(path,)))


def test_a_missing_fallback_is_named_with_its_setting(second: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no\.ttf.*MAILROUND_FALLBACK_FONTS"):
        load_font(CheckSettings(fallback_fonts=(second, tmp_path / "no.ttf")))
