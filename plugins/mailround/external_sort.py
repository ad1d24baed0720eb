"""Sort what is too much to hold: sorted runs in the encrypted workspace, then merged (external merge sort)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import TypeVar

from pydantic import TypeAdapter

from mailround.workspace import Workspace

T = TypeVar("T")


def external_sort(
    workspace: Workspace, folder: str, adapter: TypeAdapter[tuple[T, ...]], items: Iterable[T], *, run: int, block: int
) -> Iterator[T]:
    """Take all items at once, ``run`` of them in memory, and return what yields them in order, a block of each run.

    Equal items keep no order. The runs lie in ``folder``, a file for each and an empty one behind them, and are the
    caller's to delete; whatever lay there before is not read. While they are merged each run is an open file: a
    process that may open a thousand sorts a thousand runs.

    Raises:
        WorkspaceError: A run cannot be read back.
    """
    remaining = iter(items)
    runs: list[Iterator[T]] = []
    name = _name(folder, 1)
    while workspace.write_stream(name, adapter, sorted(islice(remaining, run)), block):  # type: ignore[type-var]
        runs.append(workspace.read_stream(name, adapter))
        name = _name(folder, len(runs) + 1)
    return merge(*runs)  # type: ignore[type-var]  # whatever compares


def _name(folder: str, number: int) -> str:
    return f"{folder}/run-{number:03d}"
