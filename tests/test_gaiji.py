"""外字: a cell becomes the character that the ward says it is, or stays and holds its household."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mailround.check_quality import check_quality
from mailround.configuration import names
from mailround.context import RoundContext
from mailround.errors import ConfigurationError, MalformedExportError
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.gaiji import Gaiji, load_gaiji
from mailround.hold_release import load_holds
from mailround.layouts import load_layout
from mailround.model import Recipient
from mailround.plan_print import PIECES, chunk_name, plan_print
from mailround.records import read_recipients
from mailround.render import pdf_name, render
from mailround.samples import control_file, write_export
from mailround.settings import REPOSITORY, CheckSettings, Settings
from mailround.trial import try_export
from mailround.verify import verify
from prepared import AT
from printing import lines_of, whole_font
from reading import read_export

INCLUDE = REPOSITORY / "include"
SHINJUKU, SETO = (load_layout(INCLUDE, name) for name in ("shinjuku", "seto"))
SHAPE = "邉\U000e010f"
GAIJI = Gaiji(
    name="ward",
    description="",
    cells={"U+E000": SHAPE, "U+E001": "hold", "U+E0BC": "𠮷", "U+E757": "髙", "U+F0000": "﨑", "U+10FFFD": "㈱"},
)

Maker = Callable[..., Recipient]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (b"\xf0\x40", SHAPE),
        (b"\xf1\x40", "𠮷"),
        (b"\xf9\xfc", "髙"),
        (b"\xf0\x40\xf0\x40\x8e\x52\xf1\x40", f"{SHAPE}{SHAPE}山𠮷"),
        (b"\xf0\x41", "\ue001"),
        (b"\xf0\x42", "\ue002"),
        (b"\xa0", "\uf8f0"),
        (b"\xfd\xfe\xff", "\uf8f1\uf8f2\uf8f3"),
        ("神\ufa19①㈱～".encode("cp932"), "神\ufa19①㈱～"),
    ],
)
def test_the_bytes_of_a_cell_are_read_as_the_ward_says_and_all_others_as_they_are(
    make_recipient: Maker, cell: bytes, read: str
) -> None:
    raw = write_export((make_recipient(name="***", building="***"),), SHINJUKU, decision=True)
    export = read_export(raw.replace(b"***", cell), SHINJUKU, GAIJI, decision=True)
    (recipient,) = export.recipients
    assert (recipient.name, recipient.building) == (read, read)


def test_every_text_is_decoded_and_the_cells_are_counted(make_recipient: Maker) -> None:
    texts = ("name", "kana", "address", "building", "mailto_name", "mailto_address", "mailto_building", "mailto_reason")
    more = ("mailto_postcode", "postcode", "district", "caseworker", "document_no", "reason")
    written = make_recipient(**dict.fromkeys((*texts, *more), "\ue000の\ue001"))
    raw = write_export((written, written), SHINJUKU, decision=True)
    export = read_export(raw, SHINJUKU, GAIJI, decision=True)
    expected = make_recipient(**dict.fromkeys((*texts, *more), f"{SHAPE}の\ue001"))
    assert export.recipients == (expected, dataclasses.replace(expected, record_no=2))
    assert export.gaiji_decoded == 2 * len((*texts, *more))
    assert read_export(raw, SHINJUKU, decision=True).gaiji_decoded == 0


def test_a_cell_in_a_field_that_is_no_text_is_malformed_as_ever(make_recipient: Maker) -> None:
    raw = write_export((make_recipient(case_no="\ue0bc", name="山田"),), SHINJUKU, decision=True)
    with pytest.raises(MalformedExportError, match="case_no"):
        read_export(raw, SHINJUKU, GAIJI, decision=True)


def test_utf8_exports_have_their_cells_in_the_other_private_planes_too(make_recipient: Maker) -> None:
    raw = write_export((make_recipient(name="\ue000\U000f0000\U0010fffd\U000f0001"),), SETO, decision=True)
    export = read_export(raw, SETO, GAIJI, decision=True)
    assert export.recipients[0].name == f"{SHAPE}﨑㈱\U000f0001"
    assert export.gaiji_decoded == 3


@pytest.mark.parametrize("text", ["\ue0bc\U000e0100", "\ue000\U000e010f", "山\ue0bc\ufe00"])
def test_a_selector_behind_a_cell_does_not_make_a_shape_that_nobody_wrote(text: str) -> None:
    assert GAIJI.decode(text) == (text, 0)


KNOWN = {"\ue000": SHAPE, "\ue0bc": "𠮷", "\ue757": "髙", "\U000f0000": "﨑", "\U0010fffd": "㈱"}
SELECTORS = [*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))]


@given(st.text(st.characters(exclude_characters=SELECTORS) | st.sampled_from([*KNOWN, "\ue001", "\ue002"])))
def test_known_cells_are_decoded_and_whatever_else_there_is_stays(text: str) -> None:
    assert GAIJI.decode(text) == (text.translate(str.maketrans(KNOWN)), sum(map(text.count, KNOWN)))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"E000": "山"}, "「E000」は外字の番号ではありません"),
        ({"u+e000": "山"}, "外字の番号ではありません"),
        ({"U+0E000": "山"}, "外字の番号ではありません"),
        ({"U+E000\n": "山"}, "外字の番号ではありません"),
        ({"U+E000..U+E010": "hold"}, "外字の番号ではありません"),
        ({"U+9089": "邉"}, "「U+9089」は外字の番号ではありません"),
        ({"U+DFFF": "山"}, "外字の番号ではありません"),
        ({"U+F900": "山"}, "外字の番号ではありません"),
        ({"U+FFFFE": "山"}, "外字の番号ではありません"),
        ({"U+110000": "山"}, "外字の番号ではありません"),
        ({"\ue000": "山"}, "外字の番号ではありません"),
        ({"U+F8F0": "山"}, "U+F8F0 は外字ではなく、CP932 の壊れたバイト"),
        ({"U+F8F3": "hold"}, "壊れたバイト"),
        ({"U+E000": ""}, "U+E000 は、印刷できる1文字"),
        ({"U+E000": "山田"}, "印刷できる1文字"),
        ({"U+E000": "Hold"}, "印刷できる1文字"),
        ({"U+E000": "邉\U000e010f\U000e0110"}, "印刷できる1文字"),
        ({"U+E000": "\U000e010f"}, "印刷できる1文字"),
        ({"U+E000": "か\U000e0100"}, "印刷できる1文字"),
        ({"U+E000": "か\u3099"}, "印刷できる1文字"),
        ({"U+E000": "\u3099"}, "印刷できる1文字"),
        ({"U+E000": "\ue001"}, "印刷できる1文字"),
        ({"U+E000": "\U000f0000"}, "印刷できる1文字"),
        ({"U+E000": "\u0378"}, "印刷できる1文字"),
        ({"U+E000": "\n"}, "印刷できる1文字"),
        ({"U+E000": "\u200b"}, "印刷できる1文字"),
        ({"U+E000": "　"}, "印刷できる1文字"),
        ({"U+E000": " "}, "印刷できる1文字"),
        ({"U+E000": None}, "文字列にしてください"),
        ({"U+E000": 3}, "文字列にしてください"),
        ({"U+E758": "山"}, "CP932 のデータには現れない番号があります：U+E758"),
        ({"U+F0000": "hold"}, "CP932 のデータには現れない番号"),
    ],
)
def test_a_wrong_map_is_refused_in_japanese_and_names_the_cell(
    tmp_path: Path, cells: dict[str, object], told: str
) -> None:
    write_map(tmp_path, cells)
    with pytest.raises(ConfigurationError) as caught:
        load_gaiji(tmp_path, SHINJUKU)
    assert told in caught.value.happened


@pytest.mark.parametrize("text", ["山", "𠮷", SHAPE, "神\ufe00", "\U00030000", "𱍐", "ｱ", "①", "é", "hold"])
def test_any_single_printable_character_can_be_meant(tmp_path: Path, text: str) -> None:
    write_map(tmp_path, {"U+E757": text})
    found = load_gaiji(tmp_path, SHINJUKU)
    assert found is not None
    assert found.decode("山\ue757") == (("山\ue757", 0) if text == "hold" else (f"山{text}", 1))


def test_a_cell_written_twice_is_refused(tmp_path: Path) -> None:
    write_map(tmp_path, {})
    path = tmp_path / "gaiji" / "shinjuku.yaml"
    path.write_text("name: shinjuku\ndescription: x\ncells:\n  U+E000: 山\n  U+E000: 川\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="同じ項目が二度あります（5行目）"):
        load_gaiji(tmp_path, SHINJUKU)


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="外字の対応表「shinjuku」は登録されていません"):
        load_gaiji(tmp_path, SHINJUKU)
    assert load_gaiji(tmp_path, SHINJUKU.model_copy(update={"gaiji": None})) is None


@pytest.mark.parametrize("name", names(INCLUDE / "layouts"))
def test_every_map_that_a_shipped_layout_names_is_sound_and_can_be_printed(name: str) -> None:
    found = load_gaiji(INCLUDE, load_layout(INCLUDE, name))
    if found:
        assert whole_font().missing("".join(text for text in found.cells.values() if text != "hold")) == ""
        assert set(found.cells.values()) > {"hold"}
    assert name != "shinjuku" or found


def write_map(include: Path, cells: dict[str, Any]) -> None:
    (include / "gaiji").mkdir(exist_ok=True)
    content = {"name": "shinjuku", "description": "試験", "cells": cells}
    (include / "gaiji" / "shinjuku.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with a map of its own."""
    include = tmp_path / "include"
    shutil.copytree(settings.include, include)
    write_map(include, {"U+E000": "hold", "U+E001": SHAPE, "U+E002": "葛\U000e0100"})
    return settings.model_copy(update={"include": include})


def put_export(folder: Path, raw: bytes, recipients: tuple[Recipient, ...]) -> Path:
    path = folder / "export.csv"
    path.write_bytes(raw)
    control = control_file(raw, recipients, decision=True, created_at=AT)
    path.with_name(path.name + CONTROL_SUFFIX).write_bytes(control)
    return path


@pytest.fixture
def exported(make_recipient: Maker) -> tuple[bytes, tuple[Recipient, ...]]:
    """Four households: a known cell, one on hold, one without an entry, and a known one that no font can print."""
    recipients = tuple(
        make_recipient(
            record_no=number,
            name=f"渡{cell}　清",
            kana=f"カナ　{number}",
            address=f"東京都新宿区新宿一丁目{number}番{number}号",
            document_no=f"8新福生第{number:06d}号",
        )
        for number, cell in enumerate(("\ue001", "\ue000", "\ue003", "\ue002"), 1)
    )
    return write_export(recipients, SHINJUKU, decision=True), recipients


def test_a_household_with_a_known_cell_is_printed_and_the_others_are_held(
    settings: Settings, open_a_round: Callable[..., RoundContext], exported: tuple[bytes, tuple[Recipient, ...]]
) -> None:
    work = open_a_round(exported[0])
    put_export(settings.inbox, *exported)
    extract(work, at=AT)

    assert work.workspace.read("original") == exported[0]
    assert hashlib.sha256(work.workspace.read("original")).hexdigest() in work.workspace.read("extract/report").decode()
    assert json.loads(work.workspace.read("extract/report"))["gaiji_decoded"] == 2
    names_read = [each.name for each in read_recipients(work.workspace)]
    assert names_read == [f"渡{SHAPE}　清", "渡\ue000　清", "渡\ue003　清", "渡葛\U000e0100　清"]

    checked = check_quality(work, at=AT)
    assert (checked.printable, checked.held) == (1, 3)
    assert load_holds(work).held == {"0000002", "0000003", "0000004"}

    (group,) = plan_print(work, at=AT)
    (piece,) = work.workspace.read_records(chunk_name(1), PIECES)
    assert piece.recipient.name == f"渡{SHAPE}　清"
    verify(work, render(work, group, at=AT), at=AT)
    assert any(f"渡{SHAPE}　清" in line for line in lines_of(work.workspace.read(pdf_name(work, 1))))


def test_an_export_is_tried_with_the_same_map(
    settings: Settings, tmp_path: Path, exported: tuple[bytes, tuple[Recipient, ...]]
) -> None:
    path = put_export(tmp_path, *exported)
    report = try_export(path, layout="shinjuku", kind="change_notice", settings=CheckSettings(include=settings.include))
    held = {rule["id"]: rule["case_nos"] for rule in report["rules"] if rule["severity"] == "hold" and rule["count"]}
    assert held == {"C03": ["0000002", "0000003"], "C04": ["0000004"]}


def test_a_round_is_not_opened_on_a_wrong_map(settings: Settings, open_a_round: Callable[..., RoundContext]) -> None:
    write_map(settings.include, {"U+E000": "山田"})
    with pytest.raises(ConfigurationError, match="外字の対応表"):
        open_a_round()
