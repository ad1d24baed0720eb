"""The pieces of a round through its steps: what came in, what went where, and whether it adds up (件数照合).

A function over register entries. Every number is one that a step or a person recorded; none is made to fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailround.register.entries import (
    Entry,
    MailReturned,
    MediaHandedOver,
    Posted,
    PrintPlanned,
    QualityChecked,
    Sealed,
    latest,
    standing,
)


@dataclass(frozen=True, slots=True)
class Branch:
    """What leaves or joins between two stages; ``pieces`` is counted up, whichever way it goes."""

    title: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A count that was recorded, and what left and joined before the next one."""

    title: str
    pieces: int
    leaving: tuple[Branch, ...] = ()
    joining: tuple[Branch, ...] = ()

    @property
    def left(self) -> int:
        """What the next stage must count."""
        return self.pieces - sum(each.pieces for each in self.leaving) + sum(each.pieces for each in self.joining)


@dataclass(frozen=True, slots=True)
class Gap:
    """Two counts that must agree and do not."""

    title: str
    expected: int
    found: int


def tally(entries: Iterable[Entry]) -> tuple[Stage, ...]:
    """Return the stages that a round has reached, in order; none before its data were checked."""
    listed = tuple(entries)
    stages: list[Stage] = []
    checked, planned = latest(listed, QualityChecked), latest(listed, PrintPlanned)
    if checked:
        held = checked.held - (planned.released if planned else 0)
        apart = (Branch("保留", held), Branch("対象外", checked.excluded), Branch("窓口交付", checked.counter))
        stages.append(Stage("取込", checked.rows, leaving=apart))
    if planned:
        stages.append(Stage("印刷", planned.pieces))
    if sealed := latest(listed, Sealed):
        stages.append(Stage("封緘", sealed.pieces))
    posted, media = latest(listed, Posted), latest(listed, MediaHandedOver)
    if posted:
        lost = (Branch("抜取り", posted.withdrawn), Branch("破損", posted.spoiled))
        again = (Branch("再印刷", posted.reprinted),)
        stages.append(Stage("引渡し", posted.handed_over, leaving=lost, joining=again))
        back = len({each.piece_id for each in standing(listed, MailReturned)})
        stages.append(Stage("発送", posted.posted, leaving=(Branch("返戻", back),)))
    elif media and media.pieces is not None:
        stages.append(Stage("引渡し", media.pieces))
    return tuple(stages)


def gaps(stages: Sequence[Stage]) -> tuple[Gap, ...]:
    """Return where a stage counts something else than the one before leaves for it."""
    pairs = pairwise(stages)
    return tuple(Gap(later.title, before.left, later.pieces) for before, later in pairs if before.left != later.pieces)
