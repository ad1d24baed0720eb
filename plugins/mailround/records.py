"""The records of a round in its workspace: extract writes them, checks and plan read them, nobody needs to hold all.

The file is replaced in one step, so that no record of an earlier extraction is ever read among those of a later one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import TypeAdapter

from mailround.model import Recipient
from mailround.workspace import Workspace, parse_block

_NAME = "records"
_RECORDS: TypeAdapter[tuple[Recipient, ...]] = TypeAdapter(tuple[Recipient, ...])
_BLOCK = 100
"""Records that are encrypted, and later held, at a time."""
_BLOCKS = 100
"""Blocks that are handed on at a time."""


def write_recipients(workspace: Workspace, recipients: Iterable[Recipient]) -> str:
    """Write the records of a round, replacing all that were there, and return their SHA-256."""
    return workspace.write_stream(_NAME, _RECORDS, recipients, _BLOCK)


def read_recipients(workspace: Workspace, digest: hashlib._Hash | None = None) -> Iterator[Recipient]:
    """Yield the records of a round in the order of the export; what is read goes into ``digest``, a SHA-256.

    Raises:
        WorkspaceError: As `Workspace.read_stream`.
    """
    return workspace.read_stream(_NAME, _RECORDS, digest)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records, as they were read: parsed when they are iterated over, in the process that needs them.

    Handing parsed records to another process takes three times as long as parsing them there.
    """

    blocks: tuple[bytes, ...]

    def __iter__(self) -> Iterator[Recipient]:
        """Yield the records.

        Raises:
            WorkspaceError: As `Workspace.read_stream`.
        """
        for block in self.blocks:
            yield from parse_block(block, _RECORDS, _NAME)


def read_batches(workspace: Workspace, digest: hashlib._Hash | None = None) -> Iterator[Batch]:
    """Yield the records of a round as `read_recipients` does, 10,000 at a time.

    Raises:
        WorkspaceError: As `Workspace.read_blocks`.
    """
    blocks = workspace.read_blocks(_NAME, digest)
    while batch := tuple(islice(blocks, _BLOCKS)):
        yield Batch(batch)
