"""The bundle list: every count on paper is the one of the pieces, whatever the page it falls on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pypdfium2
import pytest
from pypdfium2 import raw

from mailround.bundle_list import draw_bundle_list
from mailround.delivery_offices import load_delivery_offices
from mailround.errors import PrintError
from mailround.package_check import PieceRow, bundles_of, stretches
from mailround.settings import REPOSITORY
from prepared import list_font

TITLES = load_delivery_offices(REPOSITORY / "include").sections()
ROUND = "2026-11-change"


def rows(bundles: Sequence[tuple[str, int]], per_file: int = 500) -> list[PieceRow]:
    """Return pieces of bundles, every third with two pages, so many to a file."""
    names = [name for name, count in bundles for _ in range(count)]
    pages = [2 if seq % 3 == 0 else 1 for seq in range(1, len(names) + 1)]
    found = []
    for at in range(0, len(names), per_file):
        firsts = accumulate(pages[at : at + per_file], initial=1)
        for place, first in zip(range(at, min(at + per_file, len(names))), firsts, strict=False):
            file = f"print/notices-{at // per_file + 1:03d}.pdf"
            found.append(
                PieceRow(place + 1, f"P{place:06d}", file, first, pages[place], names[place], "A", "1600022", "")
            )
    return found


def drawn(pieces: Sequence[PieceRow], titles: dict[str, str] = TITLES) -> tuple[bytes, int]:
    found = list(stretches(pieces))
    return draw_bundle_list(ROUND, titles, bundles_of(found), found, list_font())


def pages_of(content: bytes) -> list[list[str]]:
    """Return the lines of every page, cells from left to right; all of them inside the margins of an A4 sheet."""
    document = pypdfium2.PdfDocument(content)
    pages = []
    for page in document:
        assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)
        textpage = page.get_textpage()
        lines: dict[float, list[tuple[float, str]]] = {}
        for shown in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], textpage=textpage):
            left, bottom, right, top = shown.get_bounds()
            assert 40 < left < right < 555
            assert 50 < bottom < top < 820
            matrix = shown.get_matrix()
            lines.setdefault(round(matrix.f, 1), []).append((matrix.e, shown.extract().strip()))
        pages.append(["|".join(cell for _, cell in sorted(lines[height])) for height in sorted(lines, reverse=True)])
        textpage.close()
        page.close()
    document.close()
    return pages


def lines_of(content: bytes) -> list[str]:
    return [line for page in pages_of(content) for line in page]


def test_it_lists_every_bundle_and_file_with_the_totals_first_and_the_residue_apart() -> None:
    pieces = rows([("160-001", 3), ("160-002", 4), ("out-192", 3)], per_file=5)
    [[header, note, *lines]] = pages_of(drawn(pieces)[0])
    assert header == "束一覧表|回　2026-11-change　　1/1頁"
    assert "発注者へ連絡" in note
    assert lines == [
        "配達局別",
        "配達局|束数|通数|頁数",
        "新宿郵便局|2|7|9",
        "落合郵便局|0|0|0",
        "牛込郵便局|0|0|0",
        "新宿北郵便局|0|0|0",
        "区外|1|3|4",
        "合計|3|10|13",
        "ファイル別",
        "ファイル|通し番号|通数|頁数",
        "notices-001.pdf|1～5|5|6",
        "notices-002.pdf|6～10|5|7",
        "合計|10|13",
        "新宿郵便局（160）|2束　7通　9頁",
        "束|ファイル|通し番号|通数|頁数|束の通数|束の頁数|確認",
        "160-001|notices-001.pdf|1～3|3|4|3|4",
        "160-002|notices-001.pdf|4～5|2|2",
        "160-002|notices-002.pdf|6～7|2|3|4|5",
        "区外（out）|1束　3通　4頁",
        "束|ファイル|通し番号|通数|頁数|束の通数|束の頁数|確認",
        "out-192|notices-002.pdf|8～10|3|4|3|4",
    ]


def test_the_counts_of_a_large_round_add_up_over_its_pages() -> None:
    bundles = [(f"{office}-{number:03d}", 7 * number) for office in (160, 161, 162, 169) for number in range(1, 35)]
    content, pages = drawn(rows([*bundles, ("out-192", 1_001)]))
    read = pages_of(content)
    assert len(read) == pages > 4
    assert [page[0].rpartition("　")[2] for page in read] == [f"{number}/{pages}頁" for number in range(1, pages + 1)]
    told: Counter[str] = Counter()
    for line in lines_of(content):
        match line.split("|"):
            case [bundle, file, _, pieces, _, *_] if file.startswith("notices"):
                told[bundle] += int(pieces.replace(",", ""))
    assert told == dict([*bundles, ("out-192", 1_001)])
    assert "合計|137|17,661|23,548" in lines_of(content)


@pytest.mark.parametrize("count", range(1, 75))
def test_no_page_ends_with_a_heading_and_no_sum_stands_alone(count: int) -> None:
    """So many files and bundles that every row of a page is the last one once."""
    content, pages = drawn(rows([(f"160-{number:03d}", 1) for number in range(1, count + 1)], per_file=1))
    read = pages_of(content)
    assert len(read) == pages
    assert sum(line.endswith("確認") for page in read for line in page) <= pages
    for page in read:
        assert len(page) > 4
        assert not page[-1].endswith(("確認", "頁数", "）", "頁"))
        for before, line in pairwise(page):
            assert not (line.startswith("合計") and before.endswith("頁数"))
    listed = [line.split("|")[0] for page in read for line in page if line.startswith("160-")]
    assert list(dict.fromkeys(listed)) == [f"160-{number:03d}" for number in range(1, count + 1)]


def test_a_table_that_goes_on_says_so_and_its_sums_stand_once() -> None:
    content, _ = drawn(rows([(f"160-{number:03d}", 1) for number in range(1, 90)]))
    headings = [line for line in lines_of(content) if line.startswith("新宿郵便局（160）")]
    assert headings == ["新宿郵便局（160）|89束　89通　118頁", *["新宿郵便局（160）（続き）"] * (len(headings) - 1)]
    assert len(headings) > 1


def test_the_same_counts_give_the_same_bytes_also_with_another_font_object() -> None:
    pieces = rows([("160-001", 30), ("out-192", 2)])
    assert drawn(pieces) == drawn(list(pieces))


def test_it_says_nothing_of_what_the_round_is_about_and_embeds_its_font() -> None:
    content, _ = drawn(rows([("160-001", 1)]))
    assert not [word for word in ("保護", "支援", "決定", "資産") if word in "".join(lines_of(content))]
    assert b"/Helvetica" not in content
    assert b"/Type1" not in content


def test_a_character_that_the_font_lacks_is_refused_not_replaced() -> None:
    with pytest.raises(PrintError, match="フォントにない文字"):
        drawn(rows([("160-001", 1)]), {"160": "𠮷田郵便局"})


def test_a_bundle_of_no_section_is_refused() -> None:
    with pytest.raises(PrintError, match="170-001"):
        drawn(rows([("170-001", 1)]))
