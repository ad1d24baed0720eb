"""Every day by which something must be done, and how many days are left: of rounds, contracts and reviews.

Each date comes from where it is decided (`overdue`, `way`, the contract); here they are laid side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from mailround.configuration import names
from mailround.contracts import Contract, load_contract
from mailround.due_calendar import SORTS, Deadline, deletion_deadline, incident_deadline
from mailround.errors import ConfigurationError
from mailround.incident_notices import CLOSING, reminders
from mailround.overdue import stated_return, stated_rule
from mailround.register.entries import (
    AccessReviewed,
    AccessReviewSigned,
    Body,
    ContractStated,
    Entry,
    Posted,
    latest,
    standing,
)
from mailround.way import READ as OF_ROUNDS
from mailround.way import Standing, standings

READ: tuple[type[Body], ...] = (*OF_ROUNDS, AccessReviewed, AccessReviewSigned)
"""The kinds of entries that are looked at."""


def deadlines(entries: Iterable[Entry], include: Path, today: date) -> tuple[Deadline, ...]:
    """Return all of them, the earliest first.

    Args:
        entries: Of all rounds, oldest first; those of the kinds in `READ` are enough.
        include: The folder of the contracts.
        today: The day in Tokyo: a contract that is over has no more dates of its own.
    """
    listed = tuple(entries)
    of_rounds: dict[str, list[Entry]] = {}
    for entry in listed:
        of_rounds.setdefault(entry.round_id, []).append(entry)
    found = [
        *(due for each in standings(listed) for due in _of_round(each, of_rounds[each.round_id])),
        *(due for contract in _contracts(include) if today <= contract.term.end for due in of_contract(contract)),
    ]
    found += _unsigned(listed)
    found += [
        incident_deadline(each.round_id, each.incident_no, each.awaits, each.report_by)
        for each in reminders(listed, today)
        if each.awaits != CLOSING
    ]
    order = [*SORTS]
    return tuple(sorted(found, key=lambda each: (each.day, order.index(each.sort), each.about, each.what)))


def unreadable(include: Path) -> tuple[str, ...]:
    """Return the contracts whose file is wrong: their dates are missing from the list."""
    return tuple(name for name in names(include / "contracts") if _read(include, name) is None)


def of_contract(contract: Contract) -> Iterator[Deadline]:
    """Yield the dates of a contract and of who and what it names."""
    name = f"契約 {contract.name}"
    yield Deadline(contract.term.end, "contract", "契約の終了", name)
    yield Deadline(contract.privacy_mark.expires, "mark", "委託先のプライバシーマークの有効期限", name)
    age = timedelta(days=contract.contacts_max_age_days)
    for contact in contract.contacts:
        if (day := contact.verified_on + age) < contract.term.end:
            yield Deadline(day, "check", f"緊急連絡先 {contact.id} の確認のし直し", name)
    for each in contract.attestations:
        yield Deadline(each.valid_until, "check", f"点検表 {each.control} の文書の有効期限", name)
    for title, people in (
        ("取扱者", contract.ward_handlers),
        ("承認者", contract.ward_approvers),
        ("取扱責任者", contract.responsible.ward),
        ("委託先の取扱者", contract.contractor_handlers),
        ("委託先の取扱責任者", contract.responsible.contractor),
    ):
        for person in people:
            if person.valid_to < contract.term.end:
                yield Deadline(person.valid_to, "contract", f"{title} {person.id} の指定の終了", name)


def _of_round(each: Standing, entries: list[Entry]) -> Iterator[Deadline]:
    name = each.round_id
    posted = latest(entries, Posted)
    if each.now and each.until and posted is None:
        yield Deadline(each.until.day, "step", f"{each.now.number} {each.now.title}（{each.until.why}）", name, name)
    stated = latest(entries, ContractStated)
    rule = stated_rule(entries)
    for item in each.out:
        if item.sort != "data" and posted and stated:
            yield Deadline(stated_return(stated, posted.posted_on), "return", f"{item.title}の返却", name, name)
        elif item.sort == "data" and rule:
            yield deletion_deadline(name, item, rule.due(entries))


def _unsigned(entries: Sequence[Entry]) -> Iterator[Deadline]:
    """Yield until when the access review of a month is to be signed: before that of the next month is made."""
    signed = {(each.month, each.access_report_sha256) for each in standing(entries, AccessReviewSigned)}
    for each in {review.month: review for review in standing(entries, AccessReviewed)}.values():
        if (each.month, each.access_report_sha256) not in signed:
            month = date.fromisoformat(f"{each.month}-01")
            until = (month + timedelta(days=70)).replace(day=1) - timedelta(days=1)
            yield Deadline(until, "check", f"{month:%Y年%-m月}分の報告書への署名", "アクセスの点検")


def _contracts(include: Path) -> Iterator[Contract]:
    for name in names(include / "contracts"):
        if contract := _read(include, name):
            yield contract


def _read(include: Path, name: str) -> Contract | None:
    try:
        return load_contract(include, name)
    except ConfigurationError:
        return None
