"""Spreadsheets: what is written is read back as the very text, in a sheet of its own, and nothing is a formula."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest

from mailround.errors import PrintError
from mailround.spreadsheet import spreadsheet

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
COLUMNS = (("番号", 14), ("理由", 50))


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name).decode("utf-8") for name in book.namelist()}


def test_every_cell_is_a_text_whatever_it_looks_like() -> None:
    cells = ("=1+1", "+1", "0000101", "https://example.invalid/", "髙﨑 <b>&")
    found = parts(spreadsheet({"返戻": [(cell, "転居先不明") for cell in cells]}, COLUMNS, at=AT))
    sheet = found["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert sheet.count('t="s"') == 2 * (1 + len(cells)), "every cell refers to the shared texts"
    for cell in ("=1+1", "+1", "0000101", "https://example.invalid/", "髙﨑 &lt;b&gt;&amp;"):
        assert f"<t>{cell}</t>" in found["xl/sharedStrings.xml"]


def test_every_kind_has_a_sheet_of_its_own_under_the_same_columns() -> None:
    found = parts(spreadsheet({"保留": [], "注意": [("1", "2")]}, COLUMNS, at=AT))
    assert [name for name in found if name.startswith("xl/worksheets/")] == [
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
    ]
    assert 'name="保留"' in found["xl/workbook.xml"]
    assert 'name="注意"' in found["xl/workbook.xml"]


def test_the_same_list_is_the_same_file() -> None:
    assert spreadsheet({"一覧": [("1", "2")]}, COLUMNS, at=AT) == spreadsheet({"一覧": [("1", "2")]}, COLUMNS, at=AT)


def test_a_text_that_no_cell_holds_is_told_and_not_cut() -> None:
    with pytest.raises(PrintError, match="1枚に入りません"):
        spreadsheet({"一覧": [("保" * 32_768, "")]}, COLUMNS, at=AT)
