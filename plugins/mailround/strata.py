"""Strata: what an approver should see of a round, and which pieces show it best.

A stratum is one row of the table: a title and a key. The pieces with the largest keys stand for it, the earlier one
where keys are equal, so that the same round always gives the same sample.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailround.characters import SELECTORS
from mailround.fonts import FontStack
from mailround.layouts import MailtoReason
from mailround.model import Piece, PieceRange, Population

_SELECTOR = re.compile(f"[{SELECTORS}]")
_BEYOND_TWO_BYTES = re.compile("[\U00020000-\U0003ffff]")
"""The planes of rare Han characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A piece as the strata look at it.

    ``text`` is everything of it that is not the same or a number on every piece: names, address, reason. ``rarity`` is
    the sum, over its distinct characters, of one divided by the number of pieces of the round that have the character.
    """

    piece: Piece
    where: PieceRange
    last_in_file: bool
    text: str
    rarity: float
    font: FontStack


@dataclass(frozen=True, slots=True)
class Stratum:
    """A reason to show so many pieces at most; ``key`` is None where a piece does not belong."""

    title: str
    take: int
    key: Callable[[Candidate], float | None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A piece of the sample: where it stands in the package, and the titles of the strata it stands for.

    Of a sample taken by an earlier version nobody knows the population.
    """

    seq: int
    piece_id: str
    file: str
    first_page: int
    pages: int
    reasons: tuple[str, ...]
    population: Population | None = None


def _when(holds: Callable[[Candidate], bool]) -> Callable[[Candidate], float | None]:
    return lambda each: 1 if holds(each) else None


def _positive(amount: Callable[[Candidate], float]) -> Callable[[Candidate], float | None]:
    return lambda each: found if (found := amount(each)) > 0 else None


def _width(text: Callable[[Candidate], str]) -> Callable[[Candidate], float | None]:
    return _positive(lambda each: each.font.width(text(each)))


def _reason(each: Candidate) -> int:
    decision = each.piece.recipient.decision
    return len(decision.reason) if decision else 0


def _goes_elsewhere(reason: MailtoReason) -> Callable[[Candidate], float | None]:
    return _when(
        lambda each: bool(each.piece.recipient.mailto_address) and each.piece.recipient.mailto_reason == reason
    )


def _increase(each: Candidate) -> int:
    decision = each.piece.recipient.decision
    return decision.total_after - decision.total_before if decision else 0


def _total(each: Candidate) -> int:
    decision = each.piece.recipient.decision
    return decision.total_after if decision else 0


FILES = 17
"""Files whose ends are shown, all of a ward's 8,500 pieces. Of more files no person could read all ends."""


def _spread(each: Candidate) -> float:
    """Return a key whose largest, however many are taken, lie evenly among the files, the first one before all.

    It falls with the file's number written backwards behind the point in base two (van der Corput's sequence).
    """
    digits = f"{each.piece.chunk - 1:b}"[::-1]
    return 1 - int(digits, 2) / (1 << len(digits))


POPULATIONS = {Population.ASSISTANCE: "生活保護", Population.EQUIVALENT: "準用", Population.SUPPORT: "支援給付"}


def _of(population: Population) -> Callable[[Candidate], float | None]:
    return _when(lambda each: each.piece.recipient.population is population)


STRATA: tuple[Stratum, ...] = (
    Stratum("ファイルの先頭", FILES, lambda each: _spread(each) if each.where.first_page == 1 else None),
    Stratum("ファイルの末尾", FILES, lambda each: _spread(each) if each.last_in_file else None),
    Stratum("最後の封書", 1, lambda each: each.piece.seq),
    *(Stratum(title, 2, _of(population)) for population, title in POPULATIONS.items()),
    Stratum("氏名が長い", 3, _width(lambda each: each.piece.recipient.name)),
    Stratum("宛名が長い", 3, _width(lambda each: each.piece.to.name)),
    Stratum("住所が長い", 3, _width(lambda each: each.piece.to.address)),
    Stratum("方書が長い", 3, _width(lambda each: each.piece.to.building)),
    Stratum("珍しい文字", 5, _positive(lambda each: each.rarity)),
    Stratum("異体字（IVS）", 5, _positive(lambda each: len(_SELECTOR.findall(each.text)))),
    Stratum("第2面以降の漢字", 5, _positive(lambda each: len(_BEYOND_TWO_BYTES.findall(each.text)))),
    Stratum("補助フォントの文字", 5, _positive(lambda each: len(each.font.fonts[0].missing(each.text)))),
    Stratum("2頁にわたる", 5, lambda each: _reason(each) if each.where.pages > 1 else None),
    Stratum("1頁で理由が長い", 2, _positive(lambda each: _reason(each) if each.where.pages == 1 else 0)),
    *(Stratum(f"送付先：{reason}", 2, _goes_elsewhere(reason)) for reason in MailtoReason),
    Stratum("支援措置", 2, _when(lambda each: each.piece.recipient.protected)),
    Stratum("支給額が大きい", 2, _positive(_total)),
    Stratum("増額が大きい", 2, _positive(_increase)),
    Stratum("減額が大きい", 2, _positive(lambda each: -_increase(each))),
    Stratum("バーコードなし", 2, _when(lambda each: not each.piece.barcode)),
)
"""What a sample shows: some hundred pieces at most, whatever the round's size."""


def choose(candidates: Iterable[Candidate]) -> tuple[Chosen, ...]:
    """Return the sample in print order, each piece once with all its reasons.

    Args:
        candidates: Every piece of the round; they are looked at one by one and not kept.
    """
    leading: dict[Stratum, list[tuple[float, int, Candidate]]] = {stratum: [] for stratum in STRATA}
    for each in candidates:
        for stratum, leaders in leading.items():
            key = stratum.key(each)
            if key is not None:
                insort(leaders, (-key, each.piece.seq, each), key=lambda leader: leader[:2])
                del leaders[stratum.take :]
    found: dict[int, Candidate] = {}
    reasons: dict[int, list[str]] = {}
    for stratum, leaders in leading.items():
        for _, seq, each in leaders:
            found[seq] = each
            reasons.setdefault(seq, []).append(stratum.title)
    return tuple(
        Chosen(
            seq=seq,
            piece_id=each.piece.piece_id,
            file=each.piece.file,
            first_page=each.where.first_page,
            pages=each.where.pages,
            reasons=tuple(reasons[seq]),
            population=each.piece.recipient.population,
        )
        for seq, each in sorted(found.items())
    )
