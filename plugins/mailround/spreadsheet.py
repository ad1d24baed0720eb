"""A list as an .xlsx: a sheet for every kind, every cell a text, nothing a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import xlsxwriter

from mailround.errors import PrintError


def spreadsheet(
    sheets: Mapping[str, Iterable[Sequence[str]]], columns: Sequence[tuple[str, int]], *, at: datetime
) -> bytes:
    """Return the sheets, by name, under the same columns (title and width in characters).

    It is made in memory: the library's temporary files would lie in plain text where no purge looks.

    Raises:
        PrintError: A text is longer than a cell holds, or there are more lines than a sheet has.
    """
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": at.replace(tzinfo=None)})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for column, (_, width) in enumerate(columns):
                sheet.set_column(column, column, width)
            for row, cells in enumerate(([title for title, _ in columns], *lines)):
                for column, text in enumerate(cells):
                    if sheet.write_string(row, column, text, wrapped):
                        raise PrintError(
                            "一覧が、表計算ファイルの1枚に入りません。", "--xlsx を付けずに、画面に表示してください。"
                        )
    return target.getvalue()
