"""The page of all rounds."""

from __future__ import annotations

from served import Served


def test_without_a_round_the_page_says_so(served: Served) -> None:
    assert "回はまだありません" in served.get("auditor", "/rounds").text
