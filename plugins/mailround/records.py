"""The records of a round in its workspace: extract writes them, checks and plan read them, nobody needs to hold all.

The file is replaced in one step, so that no record of an earlier extraction is ever read among those of a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from mailround.model import Recipient
from mailround.workspace import Workspace

_NAME = "records"
_RECORDS: TypeAdapter[tuple[Recipient, ...]] = TypeAdapter(tuple[Recipient, ...])
_BLOCK = 100
"""Records that are encrypted, and later held, at a time."""


def write_recipients(workspace: Workspace, recipients: Iterable[Recipient]) -> None:
    """Write the records of a round, replacing all that were there."""
    workspace.write_stream(_NAME, _RECORDS, recipients, _BLOCK)


def read_recipients(workspace: Workspace) -> Iterator[Recipient]:
    """Yield the records of a round in the order of the export.

    Raises:
        WorkspaceError: As `Workspace.read_stream`.
    """
    return workspace.read_stream(_NAME, _RECORDS)
