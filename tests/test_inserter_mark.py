"""The inserter's mark: a camera reads what was encoded, all marks of a round have one size, faults are noticed."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from mailround.errors import PrintError
from mailround.inserter_mark import LARGEST, Mark, MarkPrinter, read_mark
from mailround.piece_id import ALPHABET, piece_id
from mailround.settings import REPOSITORY

ROUND_IDS = st.from_regex(r"[0-9]{4}-[0-9]{2}-[a-z0-9]{1,16}", fullmatch=True)
SETS = st.from_regex(r"[A-Z0-9]{1,4}", fullmatch=True)
PIECE_IDS = st.binary(min_size=5, max_size=5).map(piece_id)
PAGES = st.integers(1, 9)


def seen(printer: MarkPrinter, rows: bytes) -> str:
    """Return what a camera reads: four pixels to a module, two modules of quiet zone."""
    side, width = printer.modules, -(-printer.modules // 8)
    total = (side + 4) * 4
    picture = bytearray(b"\xff" * total * total)
    for row in range(side):
        bits = "".join(f"{byte:08b}" for byte in rows[row * width : (row + 1) * width])[:side]
        line = b"\xff" * 8 + b"".join((b"\0" if bit == "1" else b"\xff") * 4 for bit in bits) + b"\xff" * 8
        for pixel in range(4):
            start = ((row + 2) * 4 + pixel) * total
            picture[start : start + total] = line
    found = zxingcpp.read_barcode(memoryview(bytes(picture)).cast("B", (total, total)))
    assert found is not None
    assert found.format == zxingcpp.BarcodeFormat.DataMatrix
    return str(found.text)


@given(ROUND_IDS, SETS, PIECE_IDS, PAGES, PAGES)
def test_a_camera_reads_what_was_encoded(round_id: str, enclosures: str, piece: str, page: int, pages: int) -> None:
    printer = MarkPrinter(round_id, enclosures)
    text = seen(printer, printer.rows(piece, page, pages))
    assert read_mark(text) == Mark(round_id, enclosures, piece, page, pages)


@given(ROUND_IDS, SETS, st.lists(PIECE_IDS, min_size=2, max_size=6))
def test_all_marks_of_a_round_have_one_size(round_id: str, enclosures: str, pieces: list[str]) -> None:
    printer = MarkPrinter(round_id, enclosures)
    assert printer.modules <= LARGEST
    assert {len(printer.rows(each, 1, 2)) for each in pieces} == {printer.modules * -(-printer.modules // 8)}


def test_the_text_has_places_that_a_contractor_can_set_his_camera_to() -> None:
    text = Mark("2026-11-change", "A", "60R30C1H3", 1, 2).text()
    assert text[:-1] == "2026-11-change/A/60R30C1H312"
    assert len(text.split("/")[2]) == 12


def test_the_contractors_specification_shows_a_mark_that_is_one() -> None:
    document = (REPOSITORY / "docs" / "ja" / "print-specification.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^例：`(.+)`$", document, re.MULTILINE)
    mark = read_mark(example)
    assert mark is not None
    [*places, check] = re.findall(r"^\| [0-9–]+ \| [0-9]+ \| .* \| `(.+)` \|$", document, re.MULTILINE)
    assert places == [mark.piece_id, str(mark.page), str(mark.pages)]
    assert example == f"{mark.round_id}/{mark.enclosure_set}/{''.join(places)}{check}"


@given(ROUND_IDS, SETS, PIECE_IDS, st.data())
def test_every_single_wrong_sign_of_the_piece_and_page_is_noticed(
    round_id: str, enclosures: str, piece: str, data: st.DataObject
) -> None:
    text = Mark(round_id, enclosures, piece, 1, 2).text()
    place = data.draw(st.integers(len(text) - 12, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda sign: sign != text[place]))
    assert read_mark(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize(
    "text", ["", "2026-11-change", "2026-11-change/A/60R30C1H3120\n", "2026-11-CHANGE/A/60R30C1H312A"]
)
def test_another_form_is_no_mark(text: str) -> None:
    assert read_mark(text) is None


@pytest.mark.parametrize(
    ("round_id", "enclosures"), [("2026-11", "A"), ("2026-11-change", "a"), ("2026-11-change", "ABCDE")]
)
def test_a_round_that_cannot_be_is_refused(round_id: str, enclosures: str) -> None:
    with pytest.raises(PrintError, match="封入機用のマーク"):
        MarkPrinter(round_id, enclosures)


@pytest.mark.parametrize(("text", "check"), [("2026-11-CHANGE", "2026-11-change")])
def test_the_check_character_knows_no_case(text: str, check: str) -> None:
    """ISO/IEC 7064 MOD 37,36 is defined over capital letters; the round's id is printed in small ones."""
    assert Mark(text, "A", "60R30C1H3", 1, 1).text()[-1] == Mark(check, "A", "60R30C1H3", 1, 1).text()[-1]
