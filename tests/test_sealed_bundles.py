"""The bundles beside a package: the same as inside, gone with it, and refused when they are not what was sealed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailround.context import RoundContext
from mailround.errors import PackageError
from mailround.package_check import BundleRow
from mailround.purge import erase
from mailround.seal import package_path, seal
from mailround.sealed_bundles import sealed_bundles
from prepared import AT, CANARY, print_round


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(print_round)


def beside(work: RoundContext) -> Path:
    return Path(package_path(work.settings, work.round_id).with_name("bundles.csv"))


def test_they_are_told_as_they_stand_in_the_package(work: RoundContext) -> None:
    assert sealed_bundles(work.settings, work.round_id) == ()
    seal(work, at=AT)
    assert sealed_bundles(work.settings, work.round_id) == (
        BundleRow("160-001", 1, 4, 4, 5, "160", "print/notices-001.pdf:1-3 print/notices-002.pdf:4-4"),
        BundleRow("160-002", 5, 7, 3, 4, "160", "print/notices-002.pdf:5-6 print/notices-003.pdf:7-7"),
    )
    content = beside(work).read_text(encoding="utf-8")
    assert CANARY not in content
    assert "1600022" not in content, "no postcode"


def test_a_count_that_was_changed_afterwards_is_not_shown(work: RoundContext) -> None:
    seal(work, at=AT)
    path = beside(work)
    path.write_text(path.read_text(encoding="utf-8").replace(",4,5,", ",5,5,"), encoding="utf-8")
    with pytest.raises(PackageError, match="目録と一致しません"):
        sealed_bundles(work.settings, work.round_id)


def test_they_go_with_the_package(work: RoundContext) -> None:
    seal(work, at=AT)
    erase(work)
    assert not beside(work).exists()
    assert sealed_bundles(work.settings, work.round_id) == ()
