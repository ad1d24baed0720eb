"""The QR code of a checkpoint: a camera reads exactly what was encoded, also with a part of it covered."""

from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from mailround.errors import PrintError
from mailround.qr import QrCode, qr_code

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CHECKPOINT = f"MAILROUND-CHECKPOINT-1/9999999999/{'F' * 64}/2026-11-16T10:30:00+09:00/{'0' * 32}/{'Q' * 103}"


def seen(code: QrCode, covered: int = 0) -> str:
    """Return what a camera reads: four pixels to a module, four modules of quiet zone, the middle painted white."""
    side, total = code.modules, (code.modules + 8) * 4
    middle = range((side - covered) // 2, (side + covered) // 2)
    picture = bytearray(b"\xff" * total * total)
    for y, row in enumerate(code.rows):
        for x, dark in enumerate(row):
            if dark and not (x in middle and y in middle):
                for pixel in range(4):
                    start = ((y + 4) * 4 + pixel) * total + (x + 4) * 4
                    picture[start : start + 4] = bytes(4)
    found = zxingcpp.read_barcode(memoryview(bytes(picture)).cast("B", (total, total)))
    assert found is not None
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


@given(st.text(SIGNS, min_size=1, max_size=600))
def test_a_camera_reads_what_was_encoded(text: str) -> None:
    assert seen(qr_code(text)) == text


def test_the_longest_checkpoint_is_read_with_a_stamp_over_its_middle() -> None:
    code = qr_code(CHECKPOINT)
    assert code.modules <= 57
    assert seen(code, covered=code.modules // 6) == CHECKPOINT


@pytest.mark.parametrize("text", ["", "a", "検証点", "A\n", "A" * 601])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(PrintError, match="QRコード"):
        qr_code(text)
