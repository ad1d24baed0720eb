"""Sort what is too much to hold: sorted runs in the encrypted workspace, then merged (external merge sort)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import count, islice
from typing import TypeVar

from pydantic import TypeAdapter

from mailround.workspace import Workspace

T = TypeVar("T")


def external_sort(
    workspace: Workspace,
    folder: str,
    adapter: TypeAdapter[tuple[T, ...]],
    items: Iterable[T],
    *,
    run: int,
    block: int,
    most: int,
) -> Iterator[T]:
    """Take all items at once, ``run`` of them in memory, and return what yields them in order, a block of each run.

    Equal items keep no order. The runs lie in ``folder``, a file for each and an empty one behind them, and are the
    caller's to delete; whatever lay there before is not read. ``most`` runs are merged at once, each of them an open
    file: where there are more, merged runs take their place until there are not.

    Raises:
        WorkspaceError: A run cannot be read back.
    """
    remaining = iter(items)
    names = (f"{folder}/run-{number:03d}" for number in count(1))

    def merged(runs: Iterable[str]) -> Iterator[T]:
        return merge(*(workspace.read_stream(name, adapter) for name in runs))  # type: ignore[type-var]  # whatever compares

    runs: list[str] = []
    name = next(names)
    while workspace.write_stream(name, adapter, sorted(islice(remaining, run)), block):  # type: ignore[type-var]
        runs.append(name)
        name = next(names)
    while len(runs) > most:
        name = next(names)
        workspace.write_stream(name, adapter, merged(runs[:most]), block)
        for each in runs[:most]:
            workspace.delete(each)
        runs = [*runs[most:], name]
    return merged(runs)
