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


def refused_characters(texts: Iterable[str]) -> frozenset[str]:
    """Return the characters of the texts that may not be printed: controls, invisible signs, 外字 cells, unassigned.

    Han is taken by range: Python's Unicode tables are older than the newest ideographs of 行政事務標準文字.
    """
    characters = set().union(*texts)
    return frozenset(each for each in characters if unicodedata.category(each) in _REFUSED and not _IS_HAN.match(each))


def has_stray_selector(text: str) -> bool:
    """Tell whether a variation selector stands anywhere but right behind a Han character."""
    return bool(_STRAY_SELECTOR.search(text))
