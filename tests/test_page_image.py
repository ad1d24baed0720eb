"""Pictures of pages: legible, marked all over, from many threads at once."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageChops

from mailround.errors import PrintError
from mailround.page_image import page_image
from prepared import pdf


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_page_is_a_png_at_150_dots_an_inch() -> None:
    made = picture(page_image(pdf(1), 1))
    assert made.format == "PNG"
    assert made.size == (1241, 1754)


def test_the_mark_lies_over_every_part_of_the_page() -> None:
    plain = picture(page_image(pdf(1), 1))
    marked = picture(page_image(pdf(1), 1, "approver  2026-11-11 10:00"))
    changed = ImageChops.difference(plain, marked).convert("L")
    wide, high = changed.width // 3, changed.height // 4
    for column in range(3):
        for row in range(4):
            part = changed.crop((column * wide, row * high, (column + 1) * wide, (row + 1) * high))
            assert part.getbbox() is not None, (column, row)
    assert page_image(pdf(1), 1, "approver  2026-11-11 10:01") != page_image(pdf(1), 1, "approver  2026-11-11 10:00")


@pytest.mark.parametrize("page", [0, 3, -1])
def test_a_page_that_is_not_there_is_refused(page: int) -> None:
    with pytest.raises(PrintError, match="頁はありません"):
        page_image(pdf(2), page)


def test_threads_do_not_get_into_each_others_way() -> None:
    content = pdf(4)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda page: page_image(content, page, "a"), [1, 2, 3, 4] * 3))
    assert len(set(made)) == 1
