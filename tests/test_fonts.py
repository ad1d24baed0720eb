"""The font says exactly what it can print, and a cut-down font prints the same."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from mailround.errors import ConfigurationError
from mailround.fonts import Font, load_font, split_units
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
    assert load_font(CheckSettings(font=own)).units == Font(own).units == ("山",)
