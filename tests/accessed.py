"""A month of accesses to review: acts and accounts as Airflow tells them, and the review of the month before."""

from __future__ import annotations

from datetime import datetime

from mailround.access_review import Account, Act, Kind
from mailround.register.entries import HOUSE, AccessReviewed, AnyBody, Entry
from mailround.settings import TOKYO

ACCOUNTS = (
    Account("datateam", ("DataTeam",), 42, 0),
    Account("approver", ("Approver",), 12, 1),
    Account("officer", ("Carrier",), 9, 0),
)


def at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=TOKYO)


def act(who: str, kind: Kind, day: int = 6, hour: int = 10, minute: int = 0) -> Act:
    """Something done in October 2026; the 6th is a Tuesday."""
    return Act(at(day, hour, minute), who, kind)


def reviewed(month: str, users: tuple[str, ...] = tuple(map(str, ACCOUNTS)), **counts: int) -> AccessReviewed:
    """Return the review of a month; ``viewed_by_officer=3`` stands for 閲覧:officer."""
    words = {"viewed": "閲覧", "started": "開始", "logins": "ログイン"}
    named = {f"{words[name.split('_by_')[0]]}:{name.split('_by_')[1]}": count for name, count in counts.items()}
    return AccessReviewed(
        month=month,
        access_report_sha256="a" * 64,
        findings=0,
        subjects=(),
        counts=named,
        users=users,
        run_id=f"scheduled__{month}",
    )


def entries(*bodies: AnyBody, actor: str = "mailround", when: datetime | None = None) -> tuple[Entry, ...]:
    stamp = (when or at(1)).isoformat()
    return tuple(Entry(number, stamp, actor, HOUSE, body, "", "", "") for number, body in enumerate(bodies, 1))
