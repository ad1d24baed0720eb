"""An export read to its end, for tests that look at the whole of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from mailround.extract import Source, Totals, open_source
from mailround.gaiji import Gaiji
from mailround.layouts import Layout
from mailround.model import Recipient
from mailround.reader import Export, TrailerTotals


@dataclass(frozen=True)
class Whole:
    """What there was to read."""

    recipients: tuple[Recipient, ...]
    total_after: int | None
    trailer: TrailerTotals | None
    unknown_headers: tuple[str, ...]
    gaiji_decoded: int = 0

    @property
    def rows(self) -> int:
        return len(self.recipients)


def read_export(raw: bytes, layout: Layout, gaiji: Gaiji | None = None, *, decision: bool) -> Whole:
    """Read all records of an export."""
    export = Export(io.BytesIO(raw), layout, gaiji, decision=decision)
    recipients = tuple(export)
    totals = Totals(decision=decision)
    for each in recipients:
        totals.add(each)
    return Whole(recipients, totals.total_after, export.trailer, export.unknown_headers, export.gaiji_decoded)


def read_source(path: Path, layout: Layout, *, decision: bool) -> Source:
    """Read an export to its end, where it is compared with its control file."""
    with open_source(path, layout, decision=decision) as source:
        for _ in source:
            pass
    return source
