"""What the questions are put to: blocks of records one after the other, and what is kept of them for the whole round.

A round may be of any size. What a question asks of a household by itself it is asked block by block; what compares
households is asked at the end, of the few columns that `Block.kept` keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from mailround.fonts import FontStack
from mailround.model import Recipient
from mailround.postcodes import Postcodes
from mailround.quality import addresses, households
from mailround.quality.forms import Forms
from mailround.quality.frame import frame_of
from mailround.rounds import Thresholds

SOURCES = {
    "record": ("*",),
    "to": ("mailto_*", "name", "postcode", "address", "building"),
    "to_name": ("name", "mailto_name"),
    "to_postcode": ("postcode", "mailto_postcode"),
    "to_address": ("address", "mailto_address"),
    "to_building": ("building", "mailto_building"),
    "code": ("postcode", "mailto_postcode"),
    "town": ("postcode", "address", "mailto_postcode", "mailto_address"),
    "rest": ("postcode", "address", "mailto_postcode", "mailto_address"),
    "agrees": ("postcode", "address", "mailto_postcode", "mailto_address"),
    "own_reason": ("reason",),
    "reading": ("kana",),
    "surname": ("name", "kana"),
    "home": ("postcode", "address", "building"),
    "destination": ("postcode", "address", "building", "mailto_postcode", "mailto_address", "mailto_building"),
    "elsewhere": ("mailto_postcode", "mailto_address", "mailto_building"),
}
"""Columns that are worked out, and the canonical fields that they come from."""


@dataclass(frozen=True)
class Given:
    """What all questions may look at beside the records. ``posting_date`` is None before there is a round."""

    postcodes: Postcodes
    forms: Forms
    thresholds: Thresholds
    issue_date: date
    posting_date: date | None = None
    decision: bool = True

    @property
    def font(self) -> FontStack:
        """What is printed with."""
        return self.forms.font

    @property
    def effective_window(self) -> tuple[date, date]:
        """The first and the last day on which a decision may take effect."""
        return self.thresholds.effective_window(self.issue_date)

    @property
    def mailto_shared_from(self) -> int:
        """From how many households on one mail-to are listed."""
        return self.thresholds.mailto_shared_from


@dataclass(frozen=True)
class Block:
    """Some records of a round with all that is worked out of each."""

    given: Given
    frame: pd.DataFrame

    @classmethod
    def of(cls, recipients: Sequence[Recipient], given: Given) -> Block:
        """Work out the columns of some records."""
        frame = frame_of(recipients, decision=given.decision)
        day = given.posting_date or date.min
        destinations = [each.addressee(day) for each in recipients]
        for name in ("name", "postcode", "address", "building"):
            frame[f"to_{name}"] = _objects([getattr(each, name) for each in destinations], frame.index)
        frame["record"] = _objects(recipients, frame.index)
        frame["to"] = _objects(destinations, frame.index)
        frame["code"] = addresses.code_of(frame["to_postcode"])
        if given.decision:
            frame["own_reason"] = frame["reason"].str.replace(r"\r\n|\n", "", regex=True)
        splits = addresses.split(frame["to_address"], frame["code"], given.postcodes)
        return cls(given, pd.concat([frame, splits], axis=1))

    def only(self, wanted: pd.Series) -> Block:
        """Return the block of the wanted records alone."""
        return self if wanted.all() else Block(self.given, self.frame[wanted])

    def kept(self, active: pd.Series) -> pd.DataFrame:
        """Return what is kept of these records for the whole round; ``active`` are those that are not excluded."""
        frame, postcodes = self.frame, self.given.postcodes
        kept = frame[["case_no", "population", "protected", "name", "kana", "birth_date"]].copy()
        if self.given.decision:
            kept["document_no"] = frame["document_no"]
            kept["reason"] = _pooled(frame["reason"])
        kept["active"] = active
        kept["reading"] = households.reading_key(frame["kana"])
        kept["surname"] = households.surname_key(frame["name"], frame["kana"])
        destination = addresses.residence_key(*(frame[each] for each in ("town", "rest", "to_address", "to_building")))
        at_home = (frame["to_address"] == frame["address"]) & (frame["to_building"] == frame["building"])
        away = frame[~at_home]
        own = addresses.split(away["address"], addresses.code_of(away["postcode"]), postcodes)
        kept["destination"] = destination
        kept["home"] = destination
        kept.loc[~at_home, "home"] = addresses.residence_key(
            own["town"], own["rest"], away["address"], away["building"]
        )
        kept["elsewhere"] = destination.where(~at_home, "")
        return kept


@dataclass(frozen=True)
class Whole:
    """What is kept of all records of a round."""

    given: Given
    frame: pd.DataFrame

    @classmethod
    def of(cls, kept: Iterable[pd.DataFrame], given: Given) -> Whole:
        """Put together what was kept of the blocks."""
        return cls(given, pd.concat(list(kept)))

    def only(self, wanted: pd.Series) -> Whole:
        """Return the wanted records alone."""
        return self if wanted.all() else Whole(self.given, self.frame[wanted])


def _objects(values: Sequence[object], index: pd.Index) -> pd.Series:
    """Return the values as they are."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, index=index, dtype=object)


def _pooled(texts: pd.Series) -> pd.Series:
    """Return the texts, equal ones being one: reasons recur in every other notice."""
    pool: dict[str, str] = {}
    return texts.map(lambda text: pool.setdefault(text, text))
