"""Sorting through the workspace: the order of a sort in memory, but little is held and nothing lies there in plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from pydantic import TypeAdapter

from mailround.errors import WorkspaceError
from mailround.external_sort import external_sort
from mailround.workspace import Workspace

NUMBERS = TypeAdapter(tuple[int, ...])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", Workspace.new_key())


def test_no_more_is_held_than_a_run_and_a_block_of_each(workspace: Workspace) -> None:
    alive: WeakSet[Counted] = WeakSet()
    most = 0

    @dataclass(order=True, eq=True, unsafe_hash=True)
    class Counted:
        number: int

        def __post_init__(self) -> None:
            nonlocal most
            alive.add(self)
            most = max(most, len(alive))

    numbers = (Counted(number * 7_919 % 1_009) for number in range(1_009))
    found = external_sort(workspace, "plan", TypeAdapter(tuple[Counted, ...]), numbers, run=100, block=5, most=20)
    assert most <= 102
    most = 0
    assert all(each.number == number for number, each in enumerate(found))
    assert most <= 11 * 10 + 2  # a block and the one before it, of each of eleven runs


@pytest.mark.parametrize("runs", [3, 4, 5, 10, 50])
def test_more_runs_than_may_be_open_are_merged_in_turns(workspace: Workspace, runs: int) -> None:
    numbers = [number * 7_919 % (runs * 4) for number in range(runs * 4)]  # 7,919 is prime: every number once
    most = 0

    class Watched(Workspace):
        def read_stream(self, *arguments: Any, **named: Any) -> Iterator[Any]:
            for item in super().read_stream(*arguments, **named):
                nonlocal most
                most = max(most, len(list(Path("/proc/self/fd").iterdir())))
                yield item

    watched = Watched(workspace.root, Workspace.new_key())
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert list(external_sort(watched, "plan", NUMBERS, numbers, run=4, block=2, most=3)) == sorted(numbers)
    assert most - before <= 3 + 1  # and the run that is written
    assert len(workspace.names("plan")) <= 3 + 1  # and the empty one


def test_what_an_earlier_sort_left_is_not_read(workspace: Workspace) -> None:
    list(external_sort(workspace, "plan", NUMBERS, range(50), run=5, block=2, most=20))
    assert list(external_sort(workspace, "plan", NUMBERS, [3, 1, 2], run=2, block=2, most=20)) == [1, 2, 3]


def test_no_run_is_readable_on_the_disk(workspace: Workspace, tmp_path: Path) -> None:
    canary = "鸚鵡ヶ淵"
    names = TypeAdapter(tuple[str, ...])
    found = external_sort(
        workspace, "plan", names, [f"{canary}{number}" for number in range(9)], run=4, block=2, most=20
    )
    assert len(list(islice(found, 3))) == 3
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert not [path for path in files if canary.encode() in path.read_bytes()]


def test_a_damaged_run_is_refused(workspace: Workspace) -> None:
    found = external_sort(workspace, "plan", NUMBERS, range(9), run=4, block=2, most=20)
    path = workspace.root / "plan" / "run-002.age"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WorkspaceError, match="run-002"):
        list(found)
