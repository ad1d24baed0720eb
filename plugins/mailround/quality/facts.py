"""What the questions are put to: blocks of records one after the other, and what is kept of them for the whole round.

A round may be of any size. What a question asks of a household by itself it is asked block by block; what compares
households is asked at the end, of the few columns that `Block.kept` keeps.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from mailround.fonts import FontStack
from mailround.layouts import MailtoReason
from mailround.model import Recipient
from mailround.postcodes import Postcodes
from mailround.quality import addresses, households
from mailround.quality.forms import Forms
from mailround.quality.frame import frame_of
from mailround.quality.near_duplicates import Pair, near_duplicates
from mailround.quality.protected_addresses import Places, protected_places
from mailround.rounds import Thresholds

SOURCES = {
    "record": ("population", "case_no", "name", "district", "document_no", "reason", "before_*", "after_*", "*_date"),
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
    "born": ("birth_date",),
    "home": ("postcode", "address", "building"),
    "pairs": ("name", "kana", "birth_date", "postcode", "address", "building"),
    "texts": ("name", "address", "building", "mailto_name", "mailto_address", "mailto_building", "district", "reason"),
    "stays": ("mailto_address", "mailto_reason"),
    "lot": ("postcode", "address", "mailto_postcode", "mailto_address"),
    "dwelling_given": ("address", "building", "mailto_address", "mailto_building"),
    "elsewhere": ("mailto_postcode", "mailto_address", "mailto_building"),
}
"""Columns that are worked out, and the canonical fields that they come from."""


_STAYS = frozenset({MailtoReason.HOSPITAL, MailtoReason.INSTITUTION})
_KEPT = ("case_no", "document_no")
_NAMED = ("case_no", "name", "kana")


_BREAKS = re.compile(r"\r\n|\n")


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
            frame["own_reason"] = _objects(
                [_BREAKS.sub("", text) if "\n" in text else text for text in frame["reason"]], frame.index
            )
        splits = addresses.split(frame["to_address"], frame["code"], given.postcodes)
        return cls(given, pd.concat([frame, splits], axis=1))

    def only(self, wanted: pd.Series) -> Block:
        """Return the block of the wanted records alone."""
        return self if wanted.all() else Block(self.given, self.frame[wanted])

    def known(self, name: str) -> object:
        """Return something a question needs beside its columns."""
        return getattr(self.given, name)

    def protected(self) -> pd.DataFrame:
        """Return what says where the protected households among these can be found."""
        return self.frame.loc[self.frame["protected"], _OF_PROTECTED]

    def kept(self, active: pd.Series) -> Kept:
        """Return what is kept of these records for the whole round; ``active`` are those that are not excluded."""
        frame, postcodes = self.frame, self.given.postcodes
        kept = frame[["population", "protected"]].copy()
        kept["born"] = frame["birth_date"].map(lambda day: day.toordinal() if day else 0).astype(np.int64)
        kept["active"] = active
        kept["stays"] = (frame["to_address"] != frame["address"]) & frame["mailto_reason"].isin(_STAYS)
        kept["reading"] = _hashed(households.reading_key(frame["kana"]))
        kept["surname"] = _hashed(households.surname_key(frame["name"], frame["kana"]))
        lot, kept["dwelling_given"] = addresses.lot(frame["town"], frame["rest"], frame["to_building"])
        kept["lot"] = _hashed(lot)
        destination = addresses.residence_key(*(frame[each] for each in ("town", "rest", "to_address", "to_building")))
        at_home = (frame["to_address"] == frame["address"]) & (frame["to_building"] == frame["building"])
        away = frame[~at_home]
        own = addresses.split(away["address"], away["postcode"], postcodes)
        home = destination.copy()
        home[~at_home] = addresses.residence_key(own["town"], own["rest"], away["address"], away["building"])
        kept["elsewhere"] = _hashed(destination.where(~at_home, ""))
        kept["home"] = _hashed(home)
        letters = Texts(frame[[each for each in _KEPT if each in frame]])
        return Kept(kept, letters, Texts(frame[[*_NAMED]].assign(home=home)), self.texts(), self.protected())

    def texts(self) -> Texts:
        """Return what a piece of each household says."""
        return Texts(self.frame[[each for each in _SAID if each in self.frame]])


class Texts:
    """Texts of a block that are looked at once more when the whole round is known; compressed until then.

    A round's letters are several times what else is kept of it.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Take in the texts."""
        self._index = frame.index
        self._columns = {
            name: (
                np.fromiter(map(len, frame[name]), dtype=np.uint32, count=len(frame)),
                zlib.compress("".join(frame[name]).encode("utf-8", "surrogatepass"), level=1),
            )
            for name in frame.columns
        }

    def frame(self) -> pd.DataFrame:
        """Return the texts as they were."""
        return pd.DataFrame({name: self._unpacked(*packed) for name, packed in self._columns.items()})

    def _unpacked(self, lengths: npt.NDArray[np.uint32], packed: bytes) -> pd.Series:
        whole = zlib.decompress(packed).decode("utf-8", "surrogatepass")
        ends = np.cumsum(lengths).tolist()
        texts = [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return pd.Series(texts, index=self._index, dtype=object)


@dataclass(frozen=True)
class Kept:
    """What is kept of a block.

    Figures and ``letters`` to compare, ``names`` and homes to find what is nearly the same, ``texts`` that its pieces
    say, and its protected.
    """

    figures: pd.DataFrame
    letters: Texts
    names: Texts
    texts: Texts
    protected: pd.DataFrame


@dataclass(frozen=True)
class Whole:
    """What is kept of all records of a round."""

    given: Given
    frame: pd.DataFrame
    protected: pd.DataFrame
    texts: Sequence[Texts]
    near: Callable[[], tuple[Pair, ...]]

    @classmethod
    def of(cls, kept: Sequence[Kept], given: Given, near: Callable[[], tuple[Pair, ...]] | None = None) -> Whole:
        """Put together what was kept of the blocks, at least one.

        ``near`` is where `near_pairs` of them is already looked for; without it, that is done when it is asked for.
        """
        letters = pd.concat([each.letters.frame() for each in kept])
        return cls(
            given,
            pd.concat([pd.concat([each.figures for each in kept]), letters], axis=1),
            pd.concat([each.protected for each in kept]),
            [each.texts for each in kept],
            near or partial(near_pairs, *comparable(kept), given.thresholds.near_duplicate_score),
        )

    def only(self, wanted: pd.Series) -> Whole:
        """Return the wanted records alone; the protected stay, whatever became of their cases."""
        return self if wanted.all() else replace(self, frame=self.frame[wanted])

    def known(self, name: str) -> object:
        """Return something a question needs beside its columns."""
        return getattr(self if name in _OF_THE_WHOLE else self.given, name)

    @cached_property
    def places(self) -> Places:
        """Where the protected can be found."""
        day = self.given.posting_date or self.given.issue_date
        if self.protected.empty:
            return protected_places(self.frame[:0], self.given.postcodes, day)
        return protected_places(self.protected, self.given.postcodes, day)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The near-duplicates among those that are not excluded."""
        return self.near()


def comparable(kept: Sequence[Kept]) -> tuple[list[pd.DataFrame], list[Texts]]:
    """Return what `near_pairs` needs of what is kept."""
    return [each.figures[["born", "active"]] for each in kept], [each.names for each in kept]


def near_pairs(figures: Sequence[pd.DataFrame], names: Sequence[Texts], least: float) -> tuple[Pair, ...]:
    """Return the near-duplicates of a round that score at least so much, those left out that are excluded.

    Apart from the other questions: it takes as long as all of them, and may be asked in another process.
    """
    known = pd.concat(figures)
    days = {number: date.fromordinal(number) if number else None for number in known["born"].unique().tolist()}
    frame = pd.concat([each.frame() for each in names])
    frame["birth_date"] = _objects([days[number] for number in known["born"].tolist()], known.index)
    frame["home"] = frame["home"].str.replace("\0", "", regex=False)
    return tuple(pair for pair in near_duplicates(frame[known["active"]]).pairs if pair.score >= least)


_OF_THE_WHOLE = frozenset({"places", "pairs", "texts"})
_SAID = ("to_name", "to_address", "to_building", "district", "reason")
_OF_PROTECTED = [
    "case_no",
    "protected",
    "postcode",
    "address",
    "building",
    "mailto_postcode",
    "mailto_address",
    "mailto_building",
    "mailto_reason",
    "mailto_until",
]


def _objects(values: Sequence[object], index: pd.Index) -> pd.Series:
    """Return the values as they are."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, index=index, dtype=object)


def _hashed(keys: pd.Series) -> pd.Series:
    """Return a number for each key, 0 for an empty one: equal keys are found, and eight bytes kept of each.

    Two keys of a million share a number with a chance of one in thirty million; two households are held then.
    """
    numbers = pd.util.hash_array(keys.to_numpy(dtype=object), categorize=False)
    return pd.Series(np.where(keys.to_numpy() == "", 0, numbers), index=keys.index)
