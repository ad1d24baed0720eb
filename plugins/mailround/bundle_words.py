"""The words of the bundle list, apart from it: the plan needs their characters, and none of what draws a PDF."""

from __future__ import annotations

import string
from collections.abc import Iterable

TITLE = "束一覧表"
NOTE = "通数を数え、束ごとに確認欄へ印を付けてください。数が合わないときは、作業を止めて発注者へ連絡してください。"
GOES_ON = "（続き）"
ROUND, TOTAL, SECTIONS, FILES = "回", "合計", "配達局別", "ファイル別"
UNITS = ("束", "通", "頁")
BY_SECTION = ("配達局", "束数", "通数", "頁数")
BY_FILE = ("ファイル", "通し番号", "通数", "頁数")
BY_BUNDLE = ("束", "ファイル", "通し番号", "通数", "頁数", "束の通数", "束の頁数", "確認")
"""Titles of the columns of the three kinds of table."""


def wordings(titles: Iterable[str]) -> set[str]:
    """Return every text whose characters a bundle list with these section titles may need, for the round's font."""
    fixed = (TITLE, NOTE, GOES_ON, ROUND, TOTAL, SECTIONS, FILES, *UNITS, "～（）　")
    return {*fixed, *BY_SECTION, *BY_FILE, *BY_BUNDLE, *titles, string.ascii_lowercase, string.digits, ",-./ "}
