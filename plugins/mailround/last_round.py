"""What the last closed round of a kind was like, to tell whether this one is suspiciously larger or smaller.

An export that lost a district still agrees with its own control file; beside the last round it is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailround.register.entries import Entry, Extracted, RoundClosed, RoundOpened, latest


@dataclass(frozen=True, slots=True)
class Change:
    """Rows and the total of new amounts (yen; None in rounds without decisions), of the last round and of this one."""

    round_id: str
    rows_before: int
    rows: int
    total_before: int | None
    total_after: int | None

    def exceeds(self, percent: float) -> bool:
        """Tell whether rows or total changed by more than that percentage, up or down."""
        figures = [(self.rows_before, self.rows)]
        if self.total_before is not None and self.total_after is not None:
            figures.append((self.total_before, self.total_after))
        return any(abs(now - before) * 100 > percent * before for before, now in figures)


def change_against(entries: Iterable[Entry], round_kind: str, rows: int, total_after: int | None) -> Change | None:
    """Compare a round with the last closed one of its kind.

    Args:
        entries: The register, all rounds, oldest first.
        round_kind: Name of the kind; only its rounds are alike enough to compare.
        rows: Records of this round's export.
        total_after: Sum of this round's new amounts in yen; None in a round without decisions.

    Returns:
        Both rounds' figures; None when no round of the kind is closed.
    """
    last = last_closed(entries, round_kind)
    read = latest(last[1], Extracted) if last else None
    return Change(last[0], read.rows, rows, read.total_after, total_after) if last and read else None


def last_closed(entries: Iterable[Entry], round_kind: str) -> tuple[str, tuple[Entry, ...]] | None:
    """Return id and entries of the last closed round of a kind; None when no round of it is closed.

    Args:
        entries: Of any rounds, oldest first.
        round_kind: Name of the kind.
    """
    of_rounds: dict[str, list[Entry]] = {}
    closed: dict[str, int] = {}
    for entry in entries:
        of_rounds.setdefault(entry.round_id, []).append(entry)
        if isinstance(entry.body, RoundClosed):
            closed[entry.round_id] = entry.seq
    for round_id in sorted(closed, key=closed.__getitem__, reverse=True):
        its = of_rounds[round_id]
        opened = latest(its, RoundOpened)
        if opened and latest(its, RoundClosed) and opened.round_kind == round_kind:
            return round_id, tuple(its)
    return None
