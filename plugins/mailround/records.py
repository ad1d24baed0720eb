"""The records of a round in its workspace: extract writes them, checks and plan read them, nobody needs to hold all.

The file is replaced in one step, so that no record of an earlier extraction is ever read among those of a later one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from mailround.model import Recipient
from mailround.workspace import Workspace

_NAME = "records"
_RECORDS: TypeAdapter[tuple[Recipient, ...]] = TypeAdapter(tuple[Recipient, ...])
_BLOCK = 100
"""Records that are encrypted, and later held, at a time."""


def write_recipients(workspace: Workspace, recipients: Iterable[Recipient]) -> str:
    """Write the records of a round, replacing all that were there, and return their SHA-256."""
    return workspace.write_stream(_NAME, _RECORDS, recipients, _BLOCK)


def read_recipients(workspace: Workspace, digest: hashlib._Hash | None = None) -> Iterator[Recipient]:
    """Yield the records of a round in the order of the export; what is read goes into ``digest``, a SHA-256.

    Raises:
        WorkspaceError: As `Workspace.read_stream`.
    """
    return workspace.read_stream(_NAME, _RECORDS, digest)
