"""A block of records as a table: what the questions of the catalogue are put to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

import numpy as np
import pandas as pd

from mailround.model import AID_KINDS, Decision, Recipient

_AMOUNTS = ("before", "after")
_SIMPLE = tuple(each.name for each in fields(Recipient) if each.name != "decision")
_DECIDED = tuple(each.name for each in fields(Decision) if each.name not in _AMOUNTS)
YEN = (
    *(f"{when}_{kind}" for when in _AMOUNTS for kind in AID_KINDS),
    "income_before",
    "income_after",
    "total_before",
    "total_after",
)
"""The columns of amounts."""


def frame_of(recipients: Sequence[Recipient], *, decision: bool) -> pd.DataFrame:
    """Return the records as rows, by record number: the canonical fields as columns, with `YEN` only with a decision.

    Texts are str, dates ``date`` or None, ``protected`` bool, amounts and ``members`` int64.
    """
    columns = _columns(recipients, _SIMPLE)
    index = pd.Index(columns.pop("record_no"), dtype=np.int64, name="record_no")
    table: dict[str, object] = dict(columns)
    table["protected"] = np.array(columns["protected"], dtype=bool)
    table["members"] = np.array(columns["members"], dtype=np.int64)
    if decision:
        decisions = [each.decision for each in recipients]
        table |= _columns(decisions, _DECIDED)
        for when in _AMOUNTS:
            amounts = np.array([getattr(each, when) for each in decisions], dtype=np.int64).reshape(-1, len(AID_KINDS))
            table |= {f"{when}_{kind}": amounts[:, place] for place, kind in enumerate(AID_KINDS)}
        table |= {name: np.array(table[name], dtype=np.int64) for name in YEN if name in _DECIDED}
    return pd.DataFrame(
        {
            name: pd.Series(values, index=index, dtype=object if isinstance(values, list) else None)
            for name, values in table.items()
        },
        index=index,
    )


def _columns(rows: Sequence[object], names: Sequence[str]) -> dict[str, list[object]]:
    """Return an attribute of every row per name, in the order of the rows."""
    read = attrgetter(*names)
    values = zip(*map(read, rows), strict=True) if rows else ((),) * len(names)
    return {name: list(column) for name, column in zip(names, values, strict=True)}
