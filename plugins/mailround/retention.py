"""The contractor's deletion: when it is due, when to remind of which item, whom, and in which words.

Dues are a function over register entries only, so that the daily watch works although an Airflow run or the contract's
file is lost. A round of an older version does not state its contract in the register: only there the file is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from mailround.contracts import Contract, load_contract
from mailround.due_calendar import calendar, deletion_deadline
from mailround.errors import ConfigurationError, GateClosedError
from mailround.items import Item, open_items
from mailround.overdue import Rule, stated_rule, written_rule
from mailround.register.entries import (
    DeletionCertified,
    DeletionReminded,
    Entry,
    MediaHandedOver,
    Posted,
    RoundClosed,
    RoundEnded,
    RoundOpened,
    latest,
    standing,
)
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from mailround.working_days import ClosingDays, is_working_day, load_closing_days

_NEVER_CLOSED = ClosingDays(yearly=(), once=())


class Send(Protocol):
    """What mails a text to these addresses; raises what the mail server raises."""

    def __call__(self, subject: str, body: str, *, to: tuple[str, ...], message_id: str, calendar: bytes = b"") -> None:
        """Mail it, with a calendar file if given; a mail with an identifier that was used before is the same again."""


@dataclass(frozen=True, slots=True)
class Due:
    """A custody item whose deletion or return is neither certified nor recorded yet.

    ``days_left`` is negative after the due date; ``before`` counts the item's reminders in the register, ``first`` says
    that none of them was about this date.
    ``escalate_to`` is whom to tell beside the usual addresses once it is overdue, None where the contract's file
    cannot be read.
    """

    round_id: str
    item: Item
    due: date
    days_left: int
    remind: bool
    overdue: bool
    before: int = 0
    first: bool = True
    escalate_to: tuple[str, ...] | None = ()


def dues(register: Register, include: Path, today: date, round_id: str | None = None) -> Iterator[Due]:
    """Yield every item that is due, the most urgent first, and fail at the end where a file cannot be read.

    At the end, so that one broken file neither keeps the reminders of the other rounds back nor stays unnoticed.

    Args:
        register: The register.
        include: The folder of the contracts and of the ward's closing days.
        today: The day in Tokyo.
        round_id: One round, whose look does not hang on the contracts of others; by default all.

    Raises:
        ConfigurationError: After the last one: names the rounds of an older version whose contract cannot be read, the
            overdue ones whose escalation addresses cannot, or says that the closing days cannot be; these are then
            taken for working days.
    """
    by_round: dict[str, list[Entry]] = {}
    for entry in register.entries(round_id):
        by_round.setdefault(entry.round_id, []).append(entry)
    faults = _Faults([], [], [])
    closing = _closing_days(include, faults)
    found: list[Due] = []
    for each, entries in by_round.items():
        opened, items = latest(entries, RoundOpened), uncovered_items(entries)
        if opened is None or not items or latest(entries, MediaHandedOver) is None:
            continue
        contract, error = _read(include, opened.contract)
        rule = stated_rule(entries) or (written_rule(contract) if contract else None)
        if rule is None:
            faults.add(faults.undated, each, error)
            continue
        due = rule.due(entries)
        if today > due:
            faults.add(faults.unreachable, each, error)
        for item in items:
            reminded = _reminded(entries, item, due, today)
            found.append(
                Due(
                    round_id=each,
                    item=item,
                    due=due,
                    days_left=(due - today).days,
                    remind=_is_asked(rule, due, today, max(reminded, default=date.min), closing),
                    overdue=today > due,
                    before=len(_reminders(entries, item)),
                    first=not reminded,
                    escalate_to=contract.escalate_to if contract else None,
                )
            )
    yield from sorted(found, key=lambda due: (due.due, due.round_id))
    faults.tell()


def remind(settings: Settings, register: Register, send: Send, *, at: datetime, round_id: str | None = None) -> int:
    """Mail what is to be reminded of on that day, one mail an item, and record each once it has gone.

    An item's first mail about a due date carries it as a calendar file.

    One at a time: whoever comes second, the watch or a run's own reminder, finds the entries of the first. Between a
    mail and its entry a crash may come; then the same mail goes again, under the same message identifier. The other
    order would lose it.

    Args:
        settings: The ward's.
        register: The register.
        send: Mails a text.
        at: Now, with a zone.
        round_id: One round; by default all.

    Returns:
        How many mails went out.

    Raises:
        ConfigurationError: As `dues`, after everything else is mailed.
    """
    sent = 0
    with register.alone():
        for due in dues(register, settings.include, at.astimezone(TOKYO).date(), round_id):
            if due.remind:
                to = settings.alert_to + ((due.escalate_to or ()) if due.overdue else ())
                first = calendar([deletion_deadline(due.round_id, due.item, due.due)], at=at) if due.first else b""
                send(*reminder_text(due), to=to, message_id=message_id(due, settings.alert_from), calendar=first)
                record_reminder(register, due, at=at)
                sent += 1
    return sent


def due_date(contract: Contract, entries: Iterable[Entry]) -> date:
    """Return the deletion due date: by the contract's rule once posted, until then the contract's last day.

    The rule is the one the register states; only where it states none, the contract's as its file has it now. An edit
    of the contract after the posting may bring the date forward, never put it off.
    """
    listed = tuple(entries)
    return (stated_rule(listed) or written_rule(contract)).due(listed)


def reminder_day(register: Register, include: Path, round_id: str) -> date:
    """Return the first day on which to remind of a posted round's deletion.

    Raises:
        GateClosedError: The posting is not recorded.
        ConfigurationError: The register does not state the contract, and its file cannot be read.
    """
    entries = register.entries(round_id)
    opened = latest(entries, RoundOpened)
    if opened is None or latest(entries, Posted) is None:
        raise GateClosedError("発送の記録がないため、消去期限が決まりません。", "先に発送を記録してください。")
    rule = stated_rule(entries) or written_rule(load_contract(include, opened.contract))
    return min(_reminder_days(rule, rule.due(entries)))


def reminder_text(due: Due) -> tuple[str, str]:
    """Return subject and body of the mail; the round's id, the item's number and dates only."""
    if due.overdue:
        state = f"期限を{-due.days_left}日過ぎています"
        action = (
            "委託先へ直ちに連絡し、消去証明書の提出と媒体・パスワード通知書・紙の返却を求め、上司へ報告してください。"
        )
    else:
        state = f"期限まであと{due.days_left}日です" if due.days_left else "本日が期限です"
        action = "委託先へ、データの消去、消去証明書の提出、媒体・パスワード通知書・紙の返却を確認してください。"
    subject = (
        f"{'【期限超過】' if due.overdue else ''}委託先の消去・返却：回 {due.round_id}／{due.item.title}（{state}）"
    )
    lines = [
        f"回：{due.round_id}",
        f"対象：{due.item.title}" + (f"（数量 {due.item.quantity:,}）" if due.item.quantity else ""),
        f"消去期限：{due.due:%Y年%m月%d日}",
        f"状態：この対象の消去・返却が、まだ記録されていません。{state}。",
        f"対応：{action}",
        "受領したら、Airflowの「17 消去証明の受領」に記録してください。記録されるまで、お知らせは続きます。",
    ]
    if due.overdue and due.escalate_to is None:
        lines.append(
            "注意：契約の設定を読めないため、期限を過ぎたときの連絡先（escalate_to）には送っていません。"
            "このメールを転送し、契約の設定を直してください。"
        )
    return subject, "\n".join(lines)


def message_id(due: Due, sender: str) -> str:
    """Return the mail's identifier: one for the round, the item, the day and how often it was reminded of before.

    A mail sent again after a crash has the same; one sent anew after a clock had run ahead to that day has another.
    """
    day = due.due - timedelta(days=due.days_left)
    return f"<{due.round_id}.{due.item.id}.{day:%Y%m%d}.{due.before + 1}@{sender.rpartition('@')[2]}>"


def record_reminder(register: Register, due: Due, *, at: datetime) -> None:
    """Record that the reminder of a due went out."""
    register.append(
        DeletionReminded(due=due.due, on=due.due - timedelta(days=due.days_left), item=due.item.id),
        round_id=due.round_id,
        actor="mailround",
        at=at,
    )


def uncovered_items(entries: Iterable[Entry]) -> tuple[Item, ...]:
    """Return a round's custody items that neither a return nor the certificate of deletion covers.

    A certificate that names no items is of an older version and was accepted for all of them; a round that was ended
    or closed has none left.
    """
    listed = tuple(entries)
    certified = latest(listed, DeletionCertified)
    if latest(listed, RoundEnded) or latest(listed, RoundClosed) or (certified and not certified.items):
        return ()
    named = certified.items if certified else ()
    return tuple(item for item in open_items(listed) if item.id not in named)


@dataclass(frozen=True, slots=True)
class _Faults:
    """Which rounds a file that cannot be read leaves without a due date, and which without escalation addresses."""

    undated: list[str]
    unreachable: list[str]
    errors: list[ConfigurationError]

    def add(self, rounds: list[str], round_id: str, error: ConfigurationError | None) -> None:
        """Note what is wrong with a round's file, if anything is."""
        if error:
            rounds.append(round_id)
            self.errors.append(error)

    def tell(self) -> None:
        """Fail where there is something to tell."""
        if not self.errors:
            return
        told = (
            ("契約の設定を読めないため、消去期限を確かめられない回があります（{}）。", self.undated),
            ("契約の設定を読めないため、期限を過ぎたときの連絡先に送れない回があります（{}）。", self.unreachable),
        )
        raise ConfigurationError(
            "".join(words.format("、".join(rounds)) for words, rounds in told if rounds)
            + "".join(dict.fromkeys(error.happened for error in self.errors)),
            "".join(dict.fromkeys(error.remedy for error in self.errors))
            + ("直るまで、この回の消去期限は契約書で確かめてください。" if self.undated else ""),
        )


def _read(include: Path, name: str) -> tuple[Contract | None, ConfigurationError | None]:
    """Return the contract's file, or what is wrong with it."""
    try:
        return load_contract(include, name), None
    except ConfigurationError as error:
        return None, error


def _closing_days(include: Path, faults: _Faults) -> ClosingDays:
    """Return the ward's closing days, none where they cannot be read: a mail too many is better than one too few."""
    try:
        return load_closing_days(include)
    except ConfigurationError as error:
        faults.errors.append(error)
        return _NEVER_CLOSED


def _reminder_days(rule: Rule, due: date) -> tuple[date, ...]:
    """Return the days before the due date on which to remind, and the due date itself."""
    return tuple(due - timedelta(days=days) for days in {*rule.remind_days_before, 0})


def _is_asked(rule: Rule, due: date, today: date, reminded: date, closing: ClosingDays) -> bool:
    if today > due:
        return reminded < today and is_working_day(today, closing)
    # A reminder whose day was missed (a stopped server) is made up for on the next day.
    asked = max((day for day in _reminder_days(rule, due) if day <= today), default=None)
    return asked is not None and reminded < asked


def _reminded(entries: Sequence[Entry], item: Item, due: date, today: date) -> list[date]:
    """Return the days on which the item was reminded of for this due date.

    A day that is still to come, or that lies after the day of a later reminder, was told by a clock that ran ahead: it
    does not count, lest it silence the reminder of the true day.
    """
    days: list[date] = []
    bound = today
    for body in reversed(_reminders(entries, item)):
        if body.due == due and body.on <= bound:
            days.append(body.on)
        bound = min(bound, body.on)
    return days


def _reminders(entries: Sequence[Entry], item: Item) -> list[DeletionReminded]:
    """Return the standing reminders of the item, oldest first; older versions spoke of the whole round."""
    return [each for each in standing(entries, DeletionReminded) if each.item in ("", item.id)]
