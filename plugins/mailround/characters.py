"""Which characters may be in a printed text at all: a whitelist by Unicode category."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"

SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Variation selectors, as a class for regular expressions."""

_IS_HAN = re.compile(f"[{_HAN}]")
_STRAY_SELECTOR = re.compile(f"(?<![{_HAN}])[{SELECTORS}]")
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters and marks that show nothing, whatever their category: a name of these would be an empty window."""
_STAND_INS = frozenset("\ufffc\ufffd\u3013")
"""Signs that a system puts where it lost a character: the object and replacement characters, the geta 〓."""


def refused_characters(texts: Iterable[str]) -> frozenset[str]:
    """Return the characters of the texts that may not be printed.

    Controls, invisible signs, 外字 cells, unassigned code points, and what stands for a character that was lost.
    Han is taken by range: Python's Unicode tables are older than the newest ideographs of 行政事務標準文字.
    """
    return frozenset(
        each
        for each in set().union(*texts)
        if (unicodedata.category(each) in _REFUSED and not _IS_HAN.match(each)) or each in _BLANKS or each in _STAND_INS
    )


def has_stray_selector(text: str) -> bool:
    """Tell whether a variation selector stands anywhere but right behind a Han character."""
    return bool(_STRAY_SELECTOR.search(text))
