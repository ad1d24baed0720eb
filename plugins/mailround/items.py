"""Custody items: what of a round is out of the house and must come back or be accounted for (control 11).

A function over register entries, so that the returns, the certificate of deletion and the closing speak of the same
things.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mailround.register.entries import (
    DeletionCertified,
    Entry,
    ItemsReturned,
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    Posted,
    Sealed,
    WithdrawalAcknowledged,
    latest,
    standing,
)

Sort = Literal["disc", "notice", "withdrawn", "spoiled", "data"]
"""What an item is; all but the data are things that can come back."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something out of the house. ``quantity`` counts discs, copies or pieces; that of the data is the pieces in it.

    ``id`` tells it apart within its round, for register entries: ``disc``, ``notice-1``, ``data`` …; it holds nothing
    that anybody typed. ``title`` is Japanese and names the thing by what is printed on it.
    """

    id: str
    sort: Sort
    title: str
    quantity: int


def custody_items(entries: Iterable[Entry]) -> tuple[Item, ...]:
    """Return everything of a round that has left the house or was made to: discs, notices, paper, and the data.

    Every copy of the password notice is an item of its own, handed over or not: each of them opens the package. Paper
    is what was pulled or spoiled; what was posted is with its recipients.

    Args:
        entries: One round's, oldest first.

    Returns:
        The items in a fixed order; empty as long as nothing has left the house.
    """
    listed = tuple(entries)
    items: list[Item] = []
    media = latest(listed, MediaHandedOver)
    if media:
        items.append(Item("disc", "disc", f"媒体 {media.media_no}", media.quantity))
    items += [
        Item(f"notice-{copy_no}", "notice", f"パスワード通知書 {notice_no}（{copy_no}部目）", 1)
        for copy_no, notice_no in sorted(_copies(listed).items())
    ]
    pulled, spoiled = _paper(listed)
    if pulled:
        items.append(Item("withdrawn", "withdrawn", "抜き取った封書", pulled))
    if spoiled:
        items.append(Item("spoiled", "spoiled", "使えなくなった用紙", spoiled))
    if media:
        sealed = latest(listed, Sealed)
        items.append(Item("data", "data", "データ（複製・印刷用の一時データを含む）", sealed.pieces if sealed else 0))
    return tuple(items)


def open_items(entries: Iterable[Entry]) -> tuple[Item, ...]:
    """Return the custody items that nothing in the register accounts for yet.

    The data are by the certificate of deletion, things by the returns: as many as went out must have come back or be
    named as accounted for otherwise. Where fewer are, every item of that sort is open, as numbers do not tell which.
    """
    listed = tuple(entries)
    items = custody_items(listed)
    short = missing(items, latest(listed, ItemsReturned))
    certified = latest(listed, DeletionCertified) is not None
    return tuple(item for item in items if (not certified if item.sort == "data" else item.sort in short))


def missing(items: Iterable[Item], returned: ItemsReturned | None) -> dict[Sort, int]:
    """Return how many things of each sort are neither back nor accounted for; a sort with none missing is left out.

    What is accounted for otherwise is one number for all sorts: it closes all that is missing, or nothing.
    """
    out: dict[Sort, int] = {}
    for item in items:
        if item.sort != "data":
            out[item.sort] = out.get(item.sort, 0) + item.quantity
    if returned is None:
        return out
    back: dict[Sort, int] = {
        "disc": returned.discs,
        "notice": returned.notices,
        "withdrawn": returned.withdrawn,
        "spoiled": returned.spoiled,
    }
    short = {sort: quantity - back[sort] for sort, quantity in out.items() if quantity > back[sort]}
    return {} if sum(short.values()) <= returned.elsewhere else short


def pulled_pieces(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the ids of all pieces that the contractor acknowledged as pulled before the posting."""
    said = {each.request_no: each.pulled for each in standing(entries, WithdrawalAcknowledged)}
    return frozenset[str]().union(*said.values())


def _copies(entries: tuple[Entry, ...]) -> dict[int, str]:
    """Return every copy of the password notice that was made or handed over, with the number printed on it."""
    handed_over, issued = latest(entries, PasswordHandedOver), latest(entries, PasswordNoticeIssued)
    copies = {handed_over.copy_no: handed_over.notice_no} if handed_over else {}
    copies |= {1: issued.notice_no} if issued else {}
    return copies | {each.copy_no: each.notice_no for each in standing(entries, PasswordNoticeReprinted)}


def _paper(entries: tuple[Entry, ...]) -> tuple[int, int]:
    """Return how many pieces were pulled and how many spoiled: by the posting, until then by what was acknowledged."""
    posted = latest(entries, Posted)
    if posted:
        return posted.withdrawn, posted.spoiled
    return len(pulled_pieces(entries)), 0
