"""The records of a round: kept whole, read one after the other, and never those of two extractions together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailround.errors import WorkspaceError
from mailround.model import Recipient
from mailround.records import read_recipients, write_recipients
from mailround.workspace import Workspace

Maker = Callable[..., Recipient]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", Workspace.new_key())


@pytest.mark.parametrize("count", [0, 1, 100, 250])
def test_all_records_come_back_in_their_order(workspace: Workspace, make_recipient: Maker, count: int) -> None:
    written = [make_recipient(record_no=number, name=f"髙﨑　邊󠄉　{number}") for number in range(1, count + 1)]
    write_recipients(workspace, iter(written))
    assert list(read_recipients(workspace)) == written


def test_a_shorter_extraction_leaves_nothing_of_the_longer_one(workspace: Workspace, make_recipient: Maker) -> None:
    write_recipients(workspace, [make_recipient(record_no=number) for number in range(1, 251)])
    write_recipients(workspace, [make_recipient(record_no=1, name="林")])
    assert [each.name for each in read_recipients(workspace)] == ["林"]
    assert workspace.names() == ("records",)


def test_an_extraction_that_breaks_off_leaves_the_earlier_one(workspace: Workspace, make_recipient: Maker) -> None:
    def broken() -> object:
        yield from (make_recipient(record_no=number) for number in range(1, 201))
        raise OSError("disk")

    write_recipients(workspace, [make_recipient(name="林")])
    with pytest.raises(OSError, match="disk"):
        write_recipients(workspace, broken())  # type: ignore[arg-type]
    assert [each.name for each in read_recipients(workspace)] == ["林"]


def test_records_that_were_never_extracted_are_named(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="「records」がありません"):
        list(read_recipients(workspace))
