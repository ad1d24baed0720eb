"""What passes the checks can be printed and read back: one household that could not would stop a whole round."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import pytest

from mailround.barcodes import barcode_of
from mailround.fonts import load_font
from mailround.model import Population, Recipient
from mailround.postcodes import load_postcodes
from mailround.quality import assess
from mailround.render import Press
from mailround.settings import CheckSettings
from mailround.verify import Reader
from printing import INCLUDE, ISSUED, POSTED, ROUND, font_for, kind, number, templates

Maker = Callable[..., Recipient]

AWKWARD = [
    *"()[]{}|/\\_jgpqyQ,;@§¶†‡¦$&%#~^`'\"<>Çç（）｜〱〲∥／Ｑｇｊｙ，．√∫♯♪゛＿々〆ー―…‥　 -－‐",
    *(
        "  ",
        "\u00a0",
        "𠮷",
        "邊󠄈",
        "ﾟ",
        "1",
        "12",
        "林",
        "新宿",
        "ハイツ",
        "号室",
        "101",
        "Ａ",
        "ab",
        "Ltd.",
        "co-op",
        "R&D",
    ),
    *("①", "㈱", "㌔", "№", "℡", "Ⅳ", "½", "ﬁ"),
]


def household(make_recipient: Maker, record_no: int, draw: random.Random) -> Recipient:
    """Return a household with awkward texts, of any population, some sent elsewhere."""

    def text(longest: int) -> str:
        return "".join(draw.choice(AWKWARD) for _ in range(draw.randint(0, longest)))

    changes: dict[str, object] = {"population": draw.choice(list(Population)), "kana": f"カナ{record_no}"}
    changes["document_no"] = f"8新福生第{record_no:06d}号{text(3)}"
    if draw.random() < 0.5:
        changes["name"] = f"林{text(25)}"
    if draw.random() < 0.5:
        changes["building"] = text(40)
    if draw.random() < 0.5:
        changes["address"] = f"東京都新宿区新宿1-2-3{text(30)}"
    if draw.random() < 0.7:
        breaks = ["\n", "\r\n", "\n\n", "　", "冬季加算を計上したため。"]
        changes["reason"] = "理" + "".join(draw.choice([*breaks, text(50)]) for _ in range(draw.randint(1, 10)))
    if draw.random() < 0.3:
        changes |= {
            "mailto_name": draw.choice(["", "　", "四谷第一病院", text(25)]),
            "mailto_postcode": "160-0004",
            "mailto_address": f"東京都新宿区四谷三丁目4番5号{text(15)}",
            "mailto_building": text(15),
            "mailto_reason": draw.choice(["後見人", "入院", "その他"]),
        }
    return make_recipient(record_no=record_no, **changes)


@pytest.mark.parametrize("seed", range(3))
def test_no_household_that_passes_the_checks_stops_the_print(make_recipient: Maker, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - data, not secrets
    households = [household(make_recipient, each, draw) for each in range(1, 151)]
    postcodes = load_postcodes()
    found = assess(
        [households],
        kind=kind(),
        postcodes=postcodes,
        font=load_font(CheckSettings()),
        include=INCLUDE,
        issue_date=ISSUED,
        posting_date=POSTED,
    )
    kept = [each for each in households if each.case_no not in found.held]
    assert len(kept) > 40
    pieces = [dataclasses.replace(each, barcode=barcode_of(each.to, postcodes).bars) for each in number(kept)]
    font = font_for(pieces)
    content, ranges = Press(font, templates(), ISSUED, ROUND).draw(pieces)
    pages = Reader(font, templates(), ISSUED, ROUND).read("print/notices-001", content, pieces, ranges)
    assert pages == sum(each.pages for each in ranges)
