"""The mails about an incident: at once to the emergency contacts, then every day until it is closed.

Counts and dates, never a piece's id. What is open and due follows from the register alone, so that the daily watch
works although an Airflow run is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from mailround.context import RoundContext
from mailround.contracts import load_contract
from mailround.due_calendar import calendar, incident_deadline
from mailround.incident import facts, incident_of, open_incidents, submitted
from mailround.register.entries import (
    Entry,
    IncidentReminded,
    IncidentReported,
    IncidentTold,
    RoundOpened,
    latest,
    standing,
)
from mailround.register.store import Register

CLOSING = "対応の終了"
"""What is awaited once both reports are in; the law sets no day for it."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """An open incident as it stands on a day. ``awaits`` is what is to be done next, in Japanese.

    ``report_by`` is the next day by which to report, the last one once both reports are in; ``days_left`` is negative
    after it. ``remind``: no mail went out on that day. ``contract`` names the file that knows whom to escalate to.
    ``first``: no mail went out about that day.
    """

    round_id: str
    incident_no: int
    awaits: str
    report_by: date
    days_left: int
    overdue: bool
    remind: bool
    contract: str
    first: bool = False


def untold(work: RoundContext) -> IncidentReported | None:
    """Return the incident of the round's run; None when the contacts were told of it as that run reported it."""
    incident = incident_of(work.entries, work.run_id)
    told = {(each.incident_no, each.run_id) for each in standing(work.entries, IncidentTold)}
    return None if incident is None or (incident.incident_no, work.run_id) in told else incident


def contact_text(round_id: str, incident: IncidentReported) -> tuple[str, str]:
    """Return subject and body of the mail to the emergency contacts."""
    action = (
        "直ちに区の取扱責任者へ電話で連絡し、指示があるまで、媒体・パスワード通知書・封書を動かさず、"
        "データと記録を消さないでください。このメールに、氏名や住所を書いて返信しないでください。"
    )
    lines = (
        f"回：{round_id}",
        *(f"{title}：{value}" for title, value in facts(incident)),
        "状態：対応の終了が記録されるまで、この回の引渡しを止めています。",
        f"対応：{action}",
    )
    return f"【事故】回 {round_id} 第{incident.incident_no}号（{incident.what}）", "\n".join(lines)


def record_told(work: RoundContext, incident: IncidentReported, *, at: datetime) -> None:
    """Record that the mail to the emergency contacts went out."""
    contacts = tuple(each.id for each in work.contract.contacts)
    body = IncidentTold(incident_no=incident.incident_no, contacts=contacts, run_id=work.run_id)
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)


def reminders(entries: Iterable[Entry], today: date) -> tuple[Reminder, ...]:
    """Return every open incident, the most urgent first.

    Args:
        entries: The register, all rounds.
        today: The day in Tokyo.
    """
    of_rounds: dict[str, list[Entry]] = {}
    for entry in entries:
        of_rounds.setdefault(entry.round_id, []).append(entry)
    found = [
        _reminder(round_id, its, incident, today)
        for round_id, its in of_rounds.items()
        for incident in open_incidents(its)
    ]
    return tuple(sorted(found, key=lambda each: (each.report_by, each.round_id, each.incident_no)))


def escalation(reminder: Reminder, include: Path) -> tuple[str, ...]:
    """Return the addresses, beside the usual ones, that are told of what is overdue; none while nothing is.

    Raises:
        ConfigurationError: The contract is gone or wrong.
    """
    return load_contract(include, reminder.contract).escalate_to if reminder.overdue else ()


def reminder_text(reminder: Reminder) -> tuple[str, str]:
    """Return subject and body of the daily mail about an open incident."""
    if reminder.overdue:
        state = f"期限を{-reminder.days_left}日過ぎています"
    elif reminder.awaits == CLOSING:
        state = "報告は済んでいます"
    else:
        state = f"期限まであと{reminder.days_left}日です" if reminder.days_left else "本日が期限です"
    head = "【期限超過】" if reminder.overdue else ""
    action = (
        "済んだら、Airflowの「事故の報告」の、この事故の実行に記録してください。実行が見当たらないときは、"
        "「続きの報告：事故の番号」にこの事故番号を入れて、「事故の報告」をもう一度開始してください。"
    )
    lines = (
        f"回：{reminder.round_id}",
        f"事故番号：{reminder.incident_no}",
        f"次にすること：{reminder.awaits}",
        f"報告の期限：{reminder.report_by:%Y年%m月%d日}（{state}）",
        f"対応：{action}",
        "対応の終了が記録されるまで、この回の引渡しは止まり、お知らせは毎日続きます。",
    )
    subject = f"{head}事故対応：回 {reminder.round_id} 第{reminder.incident_no}号（{reminder.awaits}）"
    return subject, "\n".join(lines)


def first_day(reminder: Reminder, *, at: datetime) -> bytes:
    """Return the last day as a calendar file, for the first mail about it; empty for every other."""
    due = incident_deadline(reminder.round_id, reminder.incident_no, reminder.awaits, reminder.report_by)
    return calendar([due], at=at) if reminder.first else b""


def record_reminder(register: Register, reminder: Reminder, *, at: datetime) -> None:
    """Record that a reminder went out."""
    on = reminder.report_by - timedelta(days=reminder.days_left)
    body = IncidentReminded(incident_no=reminder.incident_no, report_by=reminder.report_by, on=on)
    register.append(body, round_id=reminder.round_id, actor="mailround", at=at)


def _reminder(round_id: str, entries: Sequence[Entry], incident: IncidentReported, today: date) -> Reminder:
    number = incident.incident_no
    if submitted(entries, number, "preliminary") is None:
        awaits, report_by = "速報の提出", incident.preliminary_by
    else:
        awaits = "確報の提出" if submitted(entries, number, "final") is None else CLOSING
        report_by = incident.final_by
    opened = latest(entries, RoundOpened)
    told = [each for each in standing(entries, IncidentReminded) if each.incident_no == number]
    return Reminder(
        round_id=round_id,
        incident_no=number,
        awaits=awaits,
        report_by=report_by,
        days_left=(report_by - today).days,
        overdue=today > report_by and awaits != CLOSING,
        # "on that day", not "since": a clock that once ran ahead must not silence the days until then
        remind=all(each.on != today for each in told),
        contract=opened.contract if opened else "",
        first=all(each.report_by != report_by for each in told),
    )
