"""Who did what in a month: facts from Airflow and the register in, a review with its findings out.

Staff user ids, counts and times only. What is compared with earlier months comes from the entries of earlier reviews:
Airflow's own log is cleaned, the register is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Literal

from mailround.register.entries import (
    AccessReviewed,
    AnswerRefused,
    Entry,
    HoldsShown,
    ProofPageViewed,
    ProofShown,
    ReleaseApproved,
    ReleaseRefused,
    ReturnedShown,
    standing,
)
from mailround.settings import TOKYO, Settings
from mailround.working_days import ClosingDays, is_working_day

Kind = Literal[
    "started", "answered", "reworked", "marked", "paused", "configured", "commanded", "other", "viewed", "approved",
    "recorded", "refused",
]  # fmt: skip
TITLES: dict[Kind, str] = {
    "started": "開始",
    "answered": "回答",
    "reworked": "やり直し",
    "marked": "状態の書換え",
    "paused": "停止・再開",
    "configured": "設定",
    "commanded": "コマンド",
    "other": "その他",
    "viewed": "閲覧",
    "approved": "承認・差戻し",
    "recorded": "記録",
    "refused": "不受理",
}
"""What was done, for people. The entries of earlier reviews name it by these words: one that is changed starts anew."""
LOGIN = "ログイン"
"""The word for logins beside them; an entry holds how often a user has ever logged in."""
TOLD: dict[str, str] = {
    "accounts": "利用者・役割の変化",
    "marked": "工程の状態の書換え",
    "configured": "設定の変更",
    "failed_logins": "続くログインの失敗",
    "volume": "いつもより多い利用",
    "off_hours": "開庁時間外の利用",
}
"""The kinds of findings, in the order of the report."""
_AUTOMATIC = "mailround"
_SHOWN = (ProofShown, ProofPageViewed, HoldsShown, ReturnedShown)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a user did; ``at`` has a zone, ``who`` is a user name."""

    at: datetime
    who: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Account:
    """A user as Airflow counts: ``logins`` ever, ``failed`` in a row since the last one that succeeded."""

    name: str
    roles: tuple[str, ...]
    logins: int
    failed: int

    def __str__(self) -> str:
        """Return the user and the roles, as an entry has them."""
        return f"{self.name}（{'・'.join(self.roles)}）"


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody must look at. ``kind`` is one of `TOLD`; ``text`` is Japanese."""

    kind: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """A month: what everybody did (by user and kind), when, what to look at, and what the next months compare with.

    ``days`` and ``hours`` hold (within office hours, outside). ``logins`` are those since the last review, None for a
    user that none has seen.
    """

    month: str
    begins: date
    people: Mapping[str, Mapping[Kind, int]]
    logins: Mapping[str, int | None]
    accounts: tuple[Account, ...]
    days: tuple[tuple[int, int], ...]
    hours: tuple[tuple[int, int], ...]
    findings: tuple[Finding, ...]
    compared: tuple[str, ...]

    @property
    def acts(self) -> int:
        """How many acts there were."""
        return sum(sum(done.values()) for done in self.people.values())

    @property
    def subjects(self) -> tuple[str, ...]:
        """The users with a finding, sorted."""
        return tuple(sorted({each.who for each in self.findings}))

    def counts(self) -> dict[str, int]:
        """Return what an entry keeps for the months to come: ``kind:user`` and how often."""
        kept = {
            f"{TITLES[kind]}:{who}": count for who, done in self.people.items() for kind, count in done.items() if count
        }
        return kept | {f"{LOGIN}:{each.name}": each.logins for each in self.accounts}


def month_span(month: str) -> tuple[datetime, datetime]:
    """Return when a month (``2026-10``) begins and when the next one does, in Tokyo.

    Raises:
        ValueError: It is no month.
    """
    first = date.fromisoformat(f"{month}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    return datetime.combine(first, time(), TOKYO), datetime.combine(following, time(), TOKYO)


def previous_month(day: date) -> str:
    """Return the month before the one of that day."""
    return f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"


def acts_in_register(entries: Iterable[Entry]) -> Iterator[Act]:
    """Yield what people did by what the register says of it; automatic steps are nobody's acts."""
    for entry in entries:
        if entry.actor != _AUTOMATIC:
            yield Act(datetime.fromisoformat(entry.at), entry.actor, _kind(entry))


def review(
    month: str,
    acts: Iterable[Act],
    accounts: Sequence[Account],
    *,
    earlier: Iterable[Entry],
    settings: Settings,
    closing: ClosingDays,
) -> Review:
    """Judge a month.

    Args:
        month: As ``2026-10``.
        acts: What was done, of this month and maybe of others, which do not count.
        accounts: The users, as they are now.
        earlier: The house's entries; those of reviews of earlier months are compared with.
        settings: Office hours and thresholds.
        closing: The ward's closing days.
    """
    begin, end = month_span(month)
    done = sorted((each for each in acts if begin <= each.at < end), key=lambda each: (each.at, each.who, each.kind))
    before = sorted(
        (each for each in standing(earlier, AccessReviewed) if each.month < month), key=lambda each: each.month
    )
    # a month that was reviewed twice counts by its last review
    known = [{each.month: each for each in before}[name] for name in sorted({each.month for each in before})][-12:]
    people: dict[str, Counter[Kind]] = {}
    for act in done:
        people.setdefault(act.who, Counter())[act.kind] += 1
    last = known[-1].counts if known else {}
    logins = {
        each.name: each.logins - last[f"{LOGIN}:{each.name}"] if f"{LOGIN}:{each.name}" in last else None
        for each in accounts
    }
    off = [each for each in done if off_hours(each.at, settings, closing)]
    days, hours = Counter(_day(each.at) for each in done), Counter(_hour(each.at) for each in done)
    days_off, hours_off = Counter(_day(each.at) for each in off), Counter(_hour(each.at) for each in off)
    findings = (
        *_off_hours(off),
        *_volume(people, known, settings),
        *_failed_logins(accounts, settings),
        *_touched(people),
        *_changed(accounts, known),
    )
    return Review(
        month=month,
        begins=begin.date(),
        people={who: people[who] for who in sorted(people)},
        logins=logins,
        accounts=tuple(sorted(accounts, key=lambda each: each.name)),
        days=tuple((days[day] - days_off[day], days_off[day]) for day in range(1, (end - begin).days + 1)),
        hours=tuple((hours[hour] - hours_off[hour], hours_off[hour]) for hour in range(24)),
        findings=findings,
        compared=tuple(each.month for each in known),
    )


def off_hours(at: datetime, settings: Settings, closing: ClosingDays) -> bool:
    """Tell whether a moment is on a day on which the ward is closed, or outside its office hours."""
    local = at.astimezone(TOKYO)
    return not (
        is_working_day(local.date(), closing) and settings.office_opens <= local.time() < settings.office_closes
    )


def _kind(entry: Entry) -> Kind:
    body = entry.body
    if isinstance(body, _SHOWN):
        return "viewed"
    if isinstance(body, ReleaseApproved | ReleaseRefused):
        return "approved"
    return "refused" if isinstance(body, AnswerRefused) else "recorded"


def _day(at: datetime) -> int:
    return at.astimezone(TOKYO).day


def _hour(at: datetime) -> int:
    return at.astimezone(TOKYO).hour


def _off_hours(off: Sequence[Act]) -> Iterator[Finding]:
    """Yield one finding a user and day, with the first and last time and what was done."""

    def of(act: Act) -> tuple[str, date]:
        return act.who, act.at.astimezone(TOKYO).date()

    for (who, day), group in groupby(sorted(off, key=lambda act: (of(act), act.at)), key=of):
        acts = list(group)
        first, last = (act.at.astimezone(TOKYO) for act in (acts[0], acts[-1]))
        when = f"{first:%H:%M}" if f"{first:%H:%M}" == f"{last:%H:%M}" else f"{first:%H:%M}〜{last:%H:%M}"
        yield Finding("off_hours", who, f"{day:%m月%d日} {when}　{_words(Counter(act.kind for act in acts))}")


def _volume(
    people: Mapping[str, Counter[Kind]], known: Sequence[AccessReviewed], settings: Settings
) -> Iterator[Finding]:
    """Compare with the busiest of the person's own months: rounds come four times a year, an average would not know."""
    if not known:
        return
    for who in sorted(people):
        for kind, count in sorted(people[who].items()):
            most = max(each.counts.get(f"{TITLES[kind]}:{who}", 0) for each in known)
            if count >= settings.volume_least and count > settings.volume_factor * most:
                yield Finding("volume", who, f"{TITLES[kind]} {count:,}回（これまでの月の最多 {most:,}回）")


def _failed_logins(accounts: Sequence[Account], settings: Settings) -> Iterator[Finding]:
    for each in sorted(accounts, key=lambda each: each.name):
        if each.failed >= settings.failed_logins:
            yield Finding("failed_logins", each.name, f"最後に成功してから {each.failed:,}回続けて失敗")


def _touched(people: Mapping[str, Counter[Kind]]) -> Iterator[Finding]:
    kinds: tuple[Kind, ...] = ("marked", "configured")
    for kind in kinds:
        for who in sorted(people):
            if count := people[who][kind]:
                yield Finding(kind, who, f"{TITLES[kind]} {count:,}回")


def _changed(accounts: Sequence[Account], known: Sequence[AccessReviewed]) -> Iterator[Finding]:
    """Compare the users with those of the last review: Airflow's log says nothing of who made or changed them."""
    if not known:
        return
    now, then = {each.name: str(each) for each in accounts}, {each.partition("（")[0]: each for each in known[-1].users}
    for name in sorted({*now, *then}):
        if now.get(name) != then.get(name):
            yield Finding("accounts", name, f"{then.get(name, 'なし')} → {now.get(name, 'なし')}")


def _words(done: Counter[Kind]) -> str:
    return "・".join(f"{TITLES[kind]} {done[kind]:,}回" for kind in TITLES if done[kind])
