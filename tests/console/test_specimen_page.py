"""One page of a specimen as a picture."""

from __future__ import annotations

import pytest
from visited import visit

from mailround.console import specimen_page
from mailround.console.visit import File
from mailround.errors import MailroundError
from mailround.settings import Settings

SUPPORT = {"kind": "change_notice", "population": "support", "household": "long", "page": "2"}


def test_a_page_is_a_picture_that_is_shown_and_not_saved(settings: Settings) -> None:
    file = specimen_page.show(visit(settings, **SUPPORT))
    assert isinstance(file, File)
    assert (file.media_type, file.name) == ("image/png", "")
    assert file.content.startswith(b"\x89PNG")


def test_a_page_that_the_specimen_lacks_is_told(settings: Settings) -> None:
    with pytest.raises(MailroundError, match="頁はありません"):
        specimen_page.show(visit(settings, **(SUPPORT | {"page": "3"})))
