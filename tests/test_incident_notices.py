"""The mails about an incident: once to the contacts, daily until it is closed, from the register alone, no ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from answered import day
from mailround.context import RoundContext, load_round
from mailround.errors import ConfigurationError
from mailround.incident import report_incident
from mailround.incident_notices import (
    Reminder,
    contact_text,
    escalation,
    first_day,
    record_reminder,
    record_told,
    reminder_text,
    reminders,
    untold,
)
from mailround.register.entries import (
    Correction,
    IncidentClosed,
    IncidentReminded,
    IncidentStep,
    IncidentTold,
    RoundClosed,
    standing,
)
from mailround.settings import TOKYO, Settings
from prepared import own_include, record
from reported import ONE, PARAMS

Opener = Callable[..., RoundContext]
NOTICED, PRELIMINARY_BY, FINAL_BY = date(2026, 11, 17), date(2026, 11, 19), date(2026, 12, 16)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with contracts that may be broken."""
    return own_include(settings, tmp_path)


@pytest.fixture
def work(open_a_round: Opener, settings: Settings) -> RoundContext:
    """A round with an incident, as the run sees it that reported it."""
    opened = open_a_round()
    reported(opened, "r")
    return load_round(settings, opened.round_id, "r")


def reported(work: RoundContext, run_id: str, **changes: object) -> None:
    report_incident(work, PARAMS | changes, run_id=run_id, reported_by="datateam", at=day(11, 17, 15))


def submit(work: RoundContext, step: str, number: int = 1) -> None:
    fields = {"incident_no": number, "step": step, "reference": "第2号", "done_on": NOTICED}
    record(work, IncidentStep.model_validate(fields))


def close(work: RoundContext, number: int = 1) -> None:
    record(work, IncidentClosed(incident_no=number, outcome="すべて回収した", reference="第3号"))


def look(work: RoundContext, today: date) -> tuple[Reminder, ...]:
    return reminders(work.register.entries(), today)


def remind(work: RoundContext, today: date) -> list[int]:
    """Do what the daily watch does; return the numbers of the incidents that mails went out about."""
    due = [each for each in look(work, today) if each.remind]
    for each in due:
        moment = datetime(today.year, today.month, today.day, 8, 30, tzinfo=TOKYO)
        record_reminder(work.register, each, at=moment)
    return [each.incident_no for each in due]


def test_the_contacts_are_told_once_of_what_a_run_reported(work: RoundContext) -> None:
    incident = untold(work)
    assert incident is not None
    record_told(work, incident, at=day(11, 17, 15))
    assert untold(work) is None
    assert standing(work.entries, IncidentTold) == [
        IncidentTold(incident_no=1, contacts=("ward-desk", "contractor-desk"), run_id="r")
    ]


def test_the_contacts_are_told_again_of_what_another_run_adds(work: RoundContext) -> None:
    incident = untold(work)
    assert incident is not None
    record_told(work, incident, at=day(11, 17, 15))
    reported(work, "s", incident_no=1, pieces=9)
    again = load_round(work.settings, work.round_id, "s")
    more = untold(again)
    assert more is not None
    assert more.pieces == 9
    record_told(again, more, at=day(11, 17, 16))
    assert untold(work) is untold(again) is None


def test_nobody_is_told_of_an_incident_that_the_run_has_not_reported(work: RoundContext) -> None:
    assert untold(load_round(work.settings, work.round_id, "s")) is None
    assert untold(load_round(work.settings, work.round_id)) is None


def test_the_mail_to_the_contacts_has_counts_and_dates_and_no_ids(work: RoundContext) -> None:
    reported(work, "s", piece_ids=ONE, encrypted="分からない")
    incident = untold(load_round(work.settings, work.round_id, "s"))
    assert incident is not None
    assert incident.piece_ids == (ONE,)
    subject, body = contact_text(work.round_id, incident)
    assert subject == "【事故】回 2026-11-change 第2号（紛失）"
    for line in (
        "事故を知った日時：2026-11-17 10:00",
        "影響するおそれのある通数：7 通（番号の分かるもの 1 通）",
        "暗号化されていた：いいえ、または分からない",
        "速報の期限：2026-11-19",
        "確報の期限：2026-12-16",
    ):
        assert line in body.splitlines()
    assert ONE not in subject + body
    assert "datateam" not in subject + body


def test_every_day_reminds_of_what_is_next_until_the_incident_is_closed(work: RoundContext) -> None:
    def told(today: date) -> tuple[str, date, bool]:
        (reminder,) = look(work, today)
        assert reminder.days_left == (reminder.report_by - today).days
        return reminder.awaits, reminder.report_by, reminder.overdue

    assert told(NOTICED) == told(PRELIMINARY_BY) == ("速報の提出", PRELIMINARY_BY, False)
    assert told(PRELIMINARY_BY + timedelta(days=1)) == ("速報の提出", PRELIMINARY_BY, True)
    submit(work, "preliminary")
    assert told(PRELIMINARY_BY + timedelta(days=1)) == told(FINAL_BY) == ("確報の提出", FINAL_BY, False)
    assert told(FINAL_BY + timedelta(days=1)) == ("確報の提出", FINAL_BY, True)
    submit(work, "final")
    assert told(FINAL_BY + timedelta(days=9)) == ("対応の終了", FINAL_BY, False)
    close(work)
    assert look(work, FINAL_BY + timedelta(days=9)) == ()


def test_the_first_mail_about_a_day_carries_it_for_the_calendar(work: RoundContext) -> None:
    carried = []
    for today in (NOTICED, NOTICED + timedelta(days=1)):
        (reminder,) = reminders(work.register.entries(), today)
        carried.append(first_day(reminder, at=day(11, 17, 15)))
        record_reminder(work.register, reminder, at=day(11, 17, 15))
    submit(work, "preliminary")
    (reminder,) = reminders(work.register.entries(), NOTICED + timedelta(days=2))
    carried.append(first_day(reminder, at=day(11, 17, 15)))
    assert [Calendar.from_ical(each).walk("VEVENT")[0]["DTSTART"].dt for each in carried if each] == [
        PRELIMINARY_BY,
        FINAL_BY,
    ]
    assert not carried[1]


def test_one_mail_goes_out_a_day_also_on_days_off(work: RoundContext) -> None:
    days = [NOTICED + timedelta(days=offset) for offset in range(10)]
    assert [remind(work, each) for each in days for _ in range(2)] == [[1], []] * 10
    assert len(standing(work.entries, IncidentReminded)) == 10


def test_a_clock_that_ran_ahead_does_not_silence_the_days_until_then(work: RoundContext) -> None:
    assert remind(work, NOTICED.replace(year=2027)) == [1]
    assert remind(work, NOTICED + timedelta(days=1)) == [1]
    assert remind(work, NOTICED + timedelta(days=1)) == []


def test_incidents_of_all_rounds_are_reminded_of_the_most_urgent_first(
    work: RoundContext, open_a_round: Opener
) -> None:
    other = open_a_round(round_id="2026-10-change", export=b"other")
    reported(other, "r", noticed_at="2026-11-15T10:00:00+09:00")
    reported(work, "s")
    found = look(work, NOTICED)
    assert [(each.round_id, each.incident_no) for each in found] == [
        ("2026-10-change", 1),
        ("2026-11-change", 1),
        ("2026-11-change", 2),
    ]
    close(other)
    submit(other, "preliminary", 2)
    assert [each.round_id for each in look(work, NOTICED)] == ["2026-11-change"] * 2
    assert {each.awaits for each in look(work, NOTICED)} == {"速報の提出"}


def test_what_was_taken_back_is_reminded_of_again(work: RoundContext) -> None:
    submit(work, "preliminary")
    record(work, Correction(corrects=work.entries[-1].seq, reason="別の事故の速報"))
    assert look(work, NOTICED)[0].awaits == "速報の提出"


def test_a_closed_round_whose_contract_file_is_gone_is_reminded_of(work: RoundContext, settings: Settings) -> None:
    record(work, RoundClosed(report_sha256="a" * 64))
    (settings.include / "contracts" / "r8-print.yaml").unlink()
    assert remind(work, NOTICED) == [1]


def test_what_is_overdue_is_told_to_those_whom_the_contract_names_too(work: RoundContext, settings: Settings) -> None:
    (in_time,), (late,) = look(work, PRELIMINARY_BY), look(work, PRELIMINARY_BY + timedelta(days=1))
    assert escalation(in_time, settings.include) == ()
    assert escalation(late, settings.include) == ("chief@ward.example",)
    (settings.include / "contracts" / "r8-print.yaml").unlink()
    assert escalation(in_time, settings.include) == ()
    with pytest.raises(ConfigurationError):
        escalation(late, settings.include)


@pytest.mark.parametrize(
    ("days", "done", "subject", "state"),
    [
        (0, (), "事故対応：回 2026-11-change 第1号（速報の提出）", "2026年11月19日（期限まであと2日です）"),
        (2, (), "事故対応：回", "2026年11月19日（本日が期限です）"),
        (3, (), "【期限超過】事故対応：回", "2026年11月19日（期限を1日過ぎています）"),
        (3, ("preliminary",), "事故対応：回", "2026年12月16日（期限まであと26日です）"),
        (40, ("preliminary", "final"), "事故対応：回 2026-11-change 第1号（対応の終了）", "（報告は済んでいます）"),
    ],
)
def test_the_reminder_says_what_is_next_and_by_when(
    work: RoundContext, days: int, done: tuple[str, ...], subject: str, state: str
) -> None:
    for step in done:
        submit(work, step)
    (reminder,) = look(work, NOTICED + timedelta(days=days))
    head, body = reminder_text(reminder)
    assert head.startswith(subject)
    assert state in body
    assert "対応：" in body
