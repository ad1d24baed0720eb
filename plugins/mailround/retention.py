"""The contractor's deletion: when it is due, when to remind of it, and in which words.

Dues are a function over register entries only, so that the daily watch works although an Airflow run is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from mailround.context import RoundContext
from mailround.contracts import Contract, load_contract
from mailround.errors import ConfigurationError, GateClosedError
from mailround.register.entries import (
    DeletionCertified,
    DeletionReminded,
    Entry,
    MediaHandedOver,
    Posted,
    RoundEnded,
    RoundOpened,
    latest,
    standing,
)
from mailround.register.store import Register


@dataclass(frozen=True, slots=True)
class Due:
    """A deletion that is not certified yet. ``days_left`` is negative after the due date."""

    round_id: str
    due: date
    days_left: int
    remind: bool
    overdue: bool


def dues(register: Register, include: Path, today: date) -> Iterator[Due]:
    """Yield every outstanding deletion, the most urgent first, and fail at the end where a contract cannot be read.

    At the end, so that one broken file neither keeps the reminders of the other rounds back nor stays unnoticed.

    Args:
        register: The register.
        include: The folder of the contracts.
        today: The day in Tokyo.

    Raises:
        ConfigurationError: After the last one: contracts of outstanding rounds are gone or wrong; names the rounds.
    """
    by_round: dict[str, list[Entry]] = {}
    for entry in register.entries():
        by_round.setdefault(entry.round_id, []).append(entry)
    found: list[Due] = []
    unread: dict[str, ConfigurationError] = {}
    for round_id, entries in by_round.items():
        opened = latest(entries, RoundOpened)
        if opened and _outstanding(entries):
            try:
                found.append(_due(round_id, entries, load_contract(include, opened.contract), today))
            except ConfigurationError as error:
                unread[round_id] = error
    yield from sorted(found, key=lambda due: (due.due, due.round_id))
    if unread:
        errors = unread.values()
        raise ConfigurationError(
            f"契約の設定を読めないため、消去期限を確かめられない回があります（{'、'.join(unread)}）。"
            + "".join(dict.fromkeys(error.happened for error in errors)),
            "".join(dict.fromkeys(error.remedy for error in errors))
            + "直るまで、この回の消去期限は契約書で確かめてください。",
        )


def due_of(work: RoundContext, today: date) -> Due | None:
    """Return one round's outstanding deletion, None when there is none; other rounds' contracts are not looked at."""
    entries = work.entries
    return _due(work.round_id, entries, work.contract, today) if _outstanding(entries) else None


def due_date(contract: Contract, entries: Iterable[Entry]) -> date:
    """Return the deletion due date: by the contract's rule once posted, until then the contract's last day.

    An edit of the contract after the posting may bring it forward, never put it off.
    """
    posted = latest(entries, Posted)
    if posted is None:
        return contract.term.end
    by_rule = contract.deletion_due(posted.posted_on)
    return min(posted.due or by_rule, by_rule)


def reminder_day(work: RoundContext) -> date:
    """Return the first day on which to remind of a posted round's deletion.

    Raises:
        GateClosedError: The posting is not recorded.
    """
    if latest(work.entries, Posted) is None:
        raise GateClosedError("発送の記録がないため、消去期限が決まりません。", "先に発送を記録してください。")
    return min(_reminder_days(work.contract, due_date(work.contract, work.entries)))


def reminder_text(due: Due) -> tuple[str, str]:
    """Return subject and body of the mail; the round's id and dates only."""
    if due.overdue:
        state = f"期限を{-due.days_left}日過ぎています"
        action = "委託先へ直ちに連絡し、消去証明書の提出と媒体・パスワード通知書の返却を求め、上司へ報告してください。"
    else:
        state = f"期限まであと{due.days_left}日です" if due.days_left else "本日が期限です"
        action = "委託先へ、データの消去、消去証明書の提出、媒体とパスワード通知書の返却を確認してください。"
    subject = f"{'【期限超過】' if due.overdue else ''}委託先のデータ消去：回 {due.round_id}（{state}）"
    body = "\n".join(
        (
            f"回：{due.round_id}",
            f"消去期限：{due.due:%Y年%m月%d日}",
            f"状態：消去証明書が未受領です。{state}。",
            f"対応：{action}",
            "受領したら、Airflowの「17 消去証明の受領」に記録してください。記録されるまで、お知らせは続きます。",
        )
    )
    return subject, body


def record_reminder(register: Register, due: Due, *, at: datetime) -> None:
    """Record that the reminder of a due went out."""
    register.append(
        DeletionReminded(due=due.due, on=due.due - timedelta(days=due.days_left)),
        round_id=due.round_id,
        actor="mailround",
        at=at,
    )


def _outstanding(entries: Sequence[Entry]) -> bool:
    """Tell whether the media left the house and nothing has ended the duty to delete."""
    ended = latest(entries, DeletionCertified) or latest(entries, RoundEnded)
    return not ended and latest(entries, MediaHandedOver) is not None


def _due(round_id: str, entries: Sequence[Entry], contract: Contract, today: date) -> Due:
    due = due_date(contract, entries)
    reminded = max((each.on for each in standing(entries, DeletionReminded) if each.due == due), default=date.min)
    # A reminder whose day was missed (a holiday, a stopped server) is made up for on the next day.
    asked = max((day for day in _reminder_days(contract, due) if day <= today), default=None)
    overdue = today > due
    return Due(
        round_id=round_id,
        due=due,
        days_left=(due - today).days,
        remind=reminded < today if overdue else asked is not None and reminded < asked,
        overdue=overdue,
    )


def _reminder_days(contract: Contract, due: date) -> tuple[date, ...]:
    return tuple(due - timedelta(days=days) for days in contract.deletion.remind_days_before)
