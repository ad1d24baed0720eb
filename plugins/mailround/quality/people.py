"""Questions about who may be written to, and where they really are. True where all is well."""

from __future__ import annotations

from datetime import date

import pandas as pd

from mailround.layouts import MailtoReason
from mailround.model import Delivery, Status

_REASONS = frozenset(each.value for each in MailtoReason)


def case_active(status: pd.Series) -> pd.Series:
    """The case is neither suspended nor closed, and its head not deceased."""
    return status == Status.ACTIVE


def delivery_released(delivery: pd.Series) -> pd.Series:
    """Nobody has asked for the delivery to wait."""
    return delivery != Delivery.HOLD


def delivered_by_post(delivery: pd.Series) -> pd.Series:
    """The notice is not given out at the counter."""
    return delivery != Delivery.COUNTER


def unprotected(protected: pd.Series) -> pd.Series:
    """There is no protection measure (支援措置)."""
    return ~protected


def protection_confirmed(protected: pd.Series, confirmed_on: pd.Series, *, issue_date: date) -> pd.Series:
    """A protected household's destination was confirmed, and not on a day that is yet to come when it is written to."""
    return ~protected | confirmed_on.map(lambda day: day is not None and day <= issue_date).astype(bool)


def protected_mailto_in_force(
    protected: pd.Series, address: pd.Series, until: pd.Series, *mailto: pd.Series, posting_date: date | None
) -> pd.Series:
    """A protected household with a mail-to can be written to there: the residence must not be used instead."""
    usable = _filled(address) & ~_expired(until, posting_date)
    return ~protected | ~_given(address, until, *mailto) | usable


def mailto_complete(postcode: pd.Series, address: pd.Series, until: pd.Series, *mailto: pd.Series) -> pd.Series:
    """A mail-to has postcode and address; a name alone would go to the residence."""
    complete = _filled(postcode) & _filled(address)
    return complete | ~_given(postcode, until, address, *mailto)


def mailto_reason_present(reason: pd.Series, until: pd.Series, *mailto: pd.Series) -> pd.Series:
    """A mail-to says why, in the contract's words: a guardian by another name would not be printed as one."""
    return reason.isin(_REASONS) | ~_given(reason, until, *mailto)


def mailto_in_force(
    protected: pd.Series, address: pd.Series, until: pd.Series, *mailto: pd.Series, posting_date: date | None
) -> pd.Series:
    """A mail-to is still valid on the posting day; a protected household's is another question's."""
    return protected | ~_given(address, until, *mailto) | ~_expired(until, posting_date)


def _given(text: pd.Series, until: pd.Series, *texts: pd.Series) -> pd.Series:
    """Tell where anything of a mail-to is left: one whose address alone was blanked must not be taken for none."""
    found = until.notna()
    for each in (text, *texts):
        found |= _filled(each)
    return found


def _filled(text: pd.Series) -> pd.Series:
    """Tell where a text holds more than blanks; most hold nothing at all."""
    return pd.Series([each != "" and not each.isspace() for each in text], index=text.index, dtype=bool)


def _expired(until: pd.Series, posting_date: date | None) -> pd.Series:
    """Tell where a mail-to has run out on the posting day; before there is one, nowhere."""
    last = posting_date or date.min
    return until.map(lambda day: day is not None and day < last).astype(bool)
