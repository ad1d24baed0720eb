"""Questions about the decision that a notice tells. True where all is well."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import pandas as pd

from mailround.eras import FIRST_DAY

_SERIAL = re.compile(r"(.*?)([0-9]{1,18})([^0-9]*)", re.DOTALL)


def dated(*days: pd.Series) -> pd.Series:
    """Every day is there and can be written in an era; placeholders like 0001/01/01 cannot."""
    found = pd.Series(data=True, index=days[0].index)
    for each in days:
        found &= each.map(lambda day: day is not None and day >= FIRST_DAY).astype(bool)
    return found


def decided_before_posting(decision_date: pd.Series, *, posting_date: date | None) -> pd.Series:
    """Nothing is posted before it is decided."""
    last = posting_date or date.max
    return decision_date.map(lambda day: day is None or day <= last).astype(bool)


def effective_in_window(effective_date: pd.Series, *, effective_window: tuple[date, date]) -> pd.Series:
    """The day on which the decision takes effect is one that a round of this issue date may tell of."""
    first, last = effective_window
    return effective_date.map(lambda day: day is None or first <= day <= last).astype(bool)


def totals_add_up(*amounts: pd.Series) -> pd.Series:
    """Σ of the eight kinds − income applied = total, before and after.

    ``amounts``: the eight kinds before, income and total before, and the same ten after.
    """
    half = len(amounts) // 2
    return _adds_up(*amounts[:half]) & _adds_up(*amounts[half:])


def _adds_up(*amounts: pd.Series) -> pd.Series:
    *kinds, income, total = amounts
    return sum(kinds[1:], kinds[0]) - income == total


def something_changes(*amounts: pd.Series) -> pd.Series:
    """A change notice changes an amount; ``amounts`` as in `totals_add_up`."""
    half = len(amounts) // 2
    changed = pd.Series(data=False, index=amounts[0].index)
    for before, after in zip(amounts[:half], amounts[half:], strict=True):
        changed |= before != after
    return changed


def document_no_unique(document_no: pd.Series) -> pd.Series:
    """One document per number."""
    number = document_no.str.strip()
    return ~number.duplicated(keep=False) | (number == "")


def document_no_gapless(document_no: pd.Series) -> pd.Series:
    """Within one series of document numbers, none is left out before this one."""
    found = [_SERIAL.fullmatch(unicodedata.normalize("NFKC", text)) for text in document_no]
    table = pd.DataFrame(
        {
            "series": [f"{match[1]}\0{match[3]}" if match else "" for match in found],
            "number": [int(match[2]) if match else 0 for match in found],
        },
        index=document_no.index,
    )
    numbered = table[[match is not None for match in found]].sort_values("number", kind="stable")
    step = numbered.groupby("series", sort=False)["number"].diff()
    well = pd.Series(data=True, index=document_no.index)
    well[numbered.index] = ~(step > 1)
    return well
