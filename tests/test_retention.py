"""The contractor's deletion is reminded of in time, every working day once overdue, from the register alone."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from mailround.context import RoundContext, load_round
from mailround.contracts import load_contract
from mailround.deletion_certificate import DeletionCertificate
from mailround.errors import ConfigurationError, GateClosedError
from mailround.items import Item
from mailround.model import Recipient
from mailround.register.entries import (
    ContractStated,
    Correction,
    DeletionReminded,
    ItemsReturned,
    MediaHandedOver,
    RoundClosed,
    standing,
)
from mailround.register.store import Register
from mailround.retention import Due, due_date, dues, message_id, remind, reminder_day, reminder_text
from mailround.settings import REPOSITORY, TOKYO, Settings
from prepared import (
    AT,
    another_contract,
    as_before_contracts_were_stated,
    certify,
    hand_over,
    own_include,
    post,
    print_round,
    record,
)

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]
DUE = date(2026, 12, 24)  # thirty days after the posting of 24 November


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with contracts that may be broken."""
    return own_include(settings, tmp_path)


def hand_one_over(opened: RoundContext, make_recipient: Maker) -> None:
    work = as_before_contracts_were_stated(opened)
    print_round(work, make_recipient, pieces=1)
    hand_over(work)


@pytest.fixture
def handed_over(round_after: Opener) -> RoundContext:
    return round_after(hand_one_over)


@pytest.fixture
def posted(handed_over: RoundContext) -> RoundContext:
    post(handed_over)
    return handed_over


@dataclass
class Mail:
    """Where mails go; ``down`` is how many it still takes before the server is gone."""

    down: int = 1000
    sent: list[tuple[str, str, tuple[str, ...], str]] = field(default_factory=list)
    calendars: list[bytes] = field(default_factory=list)

    def __call__(self, subject: str, body: str, *, to: tuple[str, ...], message_id: str, calendar: bytes = b"") -> None:
        if self.down == len(self.sent):
            raise ConnectionRefusedError
        self.sent.append((subject, body, to, message_id))
        self.calendars.append(calendar)


def look(work: RoundContext, today: date) -> Due:
    """Return what is due of the data; every other item is due on the same day."""
    listed = list(dues(work.register, work.settings.include, today, work.round_id))
    assert len({(due.due, due.days_left, due.overdue) for due in listed}) == 1
    return next(due for due in listed if due.item.id == "data")


def nothing_due(work: RoundContext, today: date) -> bool:
    return list(dues(work.register, work.settings.include, today)) == []


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, 30, tzinfo=TOKYO)


def watch(work: RoundContext, today: date, mail: Mail | None = None, round_id: str | None = None) -> int:
    """Do what the daily watch does, or a run's own reminder when a round is given; return how many mails went out."""
    return remind(work.settings, work.register, mail or Mail(), at=morning(today), round_id=round_id)


def state(work: RoundContext, **changes: object) -> None:
    """Let the register state the contract, as opening a round does."""
    contract = load_contract(work.settings.include, work.opened.contract)
    stated = {
        "contract": contract.name,
        "contract_sha256": work.opened.contract_sha256,
        "contractor": contract.contractor.id,
        "term_start": contract.term.start,
        "term_end": contract.term.end,
        "privacy_mark": contract.privacy_mark.number,
        "privacy_mark_expires": contract.privacy_mark.expires,
        "provisions_version": contract.provisions.version,
        "items_version": "第1版",
        "flow_version": contract.flow.version,
        "contacts_verified_on": date(2026, 10, 1),
        "days_after_posting": contract.deletion.days_after_posting,
        "remind_days_before": contract.deletion.remind_days_before,
        "return_days": contract.returns.days_after_posting,
        "approval_days": contract.approval_days,
        "subcontractors": tuple(each.id for each in contract.subcontractors),
    }
    record(work, ContractStated.model_validate(stated | changes))


def test_before_the_media_leave_the_house_nothing_is_due(open_a_round: Opener) -> None:
    work = open_a_round()
    assert nothing_due(work, date(2027, 5, 1))


def test_until_the_posting_the_contracts_last_day_is_due(handed_over: RoundContext) -> None:
    assert look(handed_over, date(2026, 12, 1)) == Due(
        round_id="2026-11-change",
        item=Item("data", "data", "データ（複製・印刷用の一時データを含む）", 1),
        due=date(2027, 3, 31),
        days_left=120,
        remind=False,
        overdue=False,
        escalate_to=("chief@ward.example",),
    )


def test_after_the_posting_the_rule_counts(posted: RoundContext) -> None:
    assert look(posted, date(2026, 12, 1)).due == DUE


@pytest.mark.parametrize(("days", "due"), [(60, DUE), (30, DUE), (10, date(2026, 12, 4))])
def test_a_contract_edited_after_the_posting_brings_the_due_date_forward_but_does_not_put_it_off(
    handed_over: RoundContext, days: int, due: date
) -> None:
    post(handed_over, due=DUE)
    edit_rule(handed_over, days)
    edited = load_round(handed_over.settings, handed_over.round_id)
    assert look(edited, date(2026, 12, 1)).due == due
    assert first_day(edited) == due - timedelta(days=7)
    counts = {"discs": 1, "notices": 1, "withdrawn": 0, "spoiled": 0, "elsewhere": 0}
    about = {"reason": "", "reference": "", "received_by": "officer", "returned_on": date(2026, 12, 1)}
    record(edited, ItemsReturned.model_validate(counts | about))
    assert f"| 消去期限 | {due} |" in DeletionCertificate.body(edited)


def test_a_posting_recorded_by_an_earlier_version_is_due_by_the_rule_of_today(posted: RoundContext) -> None:
    edit_rule(posted, 40)
    edited = load_round(posted.settings, posted.round_id)
    assert look(edited, date(2026, 12, 1)).due == DUE + timedelta(days=10)


def first_day(work: RoundContext) -> date:
    return reminder_day(work.register, work.settings.include, work.round_id)


def edit_rule(work: RoundContext, days: int) -> None:
    path = work.settings.include / "contracts" / "r8-print.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("days_after_posting: 30", f"days_after_posting: {days}"), encoding="utf-8")


def test_a_march_round_is_due_by_the_contracts_last_day(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round(round_id="2027-03-change")
    print_round(work, make_recipient, pieces=1)
    hand_over(work)
    post(work, posted_on=date(2027, 3, 20))
    assert look(work, date(2027, 3, 21)).due == date(2027, 3, 31)


ITEMS = ["disc", "notice-1", "data"]


def test_over_the_turn_of_the_year_mails_go_on_the_contracts_days_the_due_day_and_then_on_working_days(
    posted: RoundContext,
) -> None:
    days = [DUE + timedelta(days=offset) for offset in range(-12, 22)]
    mailed = [day for day in days if watch(posted, day)]
    assert [day for day in mailed if day <= DUE] == [date(2026, 12, 17), date(2026, 12, 23), DUE]
    assert [f"{day:%m-%d}" for day in mailed if day > DUE] == [
        *("12-25", "12-28"),  # a Friday and a Monday; the offices are closed from the 29th to the 3rd
        *("01-04", "01-05", "01-06", "01-07", "01-08"),
        *("01-12", "01-13", "01-14"),  # the 11th is Coming of Age Day
    ]


def test_the_due_day_is_reminded_of_even_when_it_is_not_configured_and_no_working_day(
    handed_over: RoundContext,
) -> None:
    state(handed_over, remind_days_before=(3,))
    post(handed_over, posted_on=date(2026, 11, 27))  # due on the 27th, a Sunday
    days = [date(2026, 12, 20) + timedelta(days=offset) for offset in range(10)]
    assert [f"{day:%m-%d}" for day in days if watch(handed_over, day)] == ["12-24", "12-27", "12-28"]


def test_the_first_mail_about_a_date_carries_it_for_the_calendar(posted: RoundContext) -> None:
    mail = Mail()

    def days() -> set[date]:
        return {Calendar.from_ical(each).walk("VEVENT")[0]["DTSTART"].dt for each in mail.calendars if each}

    items = watch(posted, DUE - timedelta(days=7), mail)
    assert (days(), all(mail.calendars)) == ({DUE}, True)
    assert watch(posted, DUE, mail) == items
    assert mail.calendars[items:] == [b""] * items
    mail.calendars.clear()
    state(posted, days_after_posting=20)
    assert watch(posted, DUE + timedelta(days=4), mail) == items
    assert (days(), all(mail.calendars)) == ({date(2026, 12, 14)}, True)


def test_every_item_has_a_mail_and_an_entry_of_its_own(posted: RoundContext) -> None:
    mail = Mail()
    assert watch(posted, DUE, mail) == 3
    assert [each.item for each in standing(posted.entries, DeletionReminded)] == ITEMS
    assert [subject.split("／")[1].split("（")[0] for subject, *_ in mail.sent] == [
        *("媒体 DVD-0001", "パスワード通知書 PW-2026-11-change", "データ"),
    ]
    assert len({known for *_, known in mail.sent}) == 3


@pytest.mark.parametrize("day", [DUE - timedelta(days=7), DUE, date(2026, 12, 28)])
@pytest.mark.parametrize("first", [None, "2026-11-change"])
@pytest.mark.parametrize("second", [None, "2026-11-change"])
def test_the_watch_and_the_runs_own_reminder_send_one_mail_a_day_and_item_between_them(
    posted: RoundContext, day: date, first: str | None, second: str | None
) -> None:
    assert watch(posted, day, round_id=first) == 3
    assert watch(posted, day, round_id=second) == 0
    assert len(standing(posted.entries, DeletionReminded)) == 3


def look_at_once(settings: Settings, folder: Path, number: int) -> None:
    """Remind as one of several processes; each mail is a file, and takes as long as a mail server does."""

    def send(subject: str, body: str, *, to: tuple[str, ...], message_id: str, calendar: bytes = b"") -> None:
        assert calendar, "every mail of that day is the first about its item"
        (folder / f"{number} {message_id}").touch()
        time.sleep(0.2)

    remind(settings, Register(settings.register_url), send, at=morning(DUE))


def test_processes_that_look_at_the_same_moment_send_each_mail_once(posted: RoundContext, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    processes = [
        multiprocessing.get_context("fork").Process(target=look_at_once, args=(posted.settings, folder, number))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert len(list(folder.iterdir())) == 3
    assert len(standing(posted.entries, DeletionReminded)) == 3


def test_a_crash_between_a_mail_and_its_entry_sends_that_mail_again_as_the_same(posted: RoundContext) -> None:
    with pytest.raises(ConnectionRefusedError):
        watch(posted, DUE, Mail(down=2))
    assert [each.item for each in standing(posted.entries, DeletionReminded)] == ITEMS[:2]
    lost, again = Mail(), Mail()
    [due] = [due for due in dues(posted.register, posted.settings.include, DUE) if due.remind]
    lost(*reminder_text(due), to=(), message_id=message_id(due, posted.settings.alert_from))  # and then it died
    assert watch(posted, DUE, again) == 1
    assert [(body, known) for _, body, _, known in again.sent] == [(body, known) for _, body, _, known in lost.sent]
    assert watch(posted, DUE) == 0


def test_a_mail_server_that_is_down_leaves_no_entry_and_the_next_look_sends_everything(posted: RoundContext) -> None:
    with pytest.raises(ConnectionRefusedError):
        watch(posted, DUE, Mail(down=0))
    assert standing(posted.entries, DeletionReminded) == []
    assert watch(posted, DUE) == 3


def test_a_reminder_whose_day_was_missed_is_made_up_for(posted: RoundContext) -> None:
    assert not look(posted, DUE - timedelta(days=8)).remind
    assert [day for day in range(6, 0, -1) if watch(posted, DUE - timedelta(days=day))] == [6, 1]


def test_a_clock_that_ran_ahead_and_was_put_right_silences_nothing(posted: RoundContext) -> None:
    for ahead in (date(2027, 12, 1), date(2026, 12, 25), date(2026, 12, 23)):
        watch(posted, ahead)
    days = [DUE + timedelta(days=offset) for offset in range(-7, 5)]
    assert [f"{day:%m-%d}" for day in days if watch(posted, day)] == ["12-17", "12-23", "12-24", "12-25", "12-28"]
    assert watch(posted, date(2026, 12, 28)) == 0


def test_a_mail_sent_anew_after_a_clock_had_run_ahead_is_another_mail(posted: RoundContext) -> None:
    wrong, right = Mail(), Mail()
    assert watch(posted, date(2026, 12, 25), wrong) == 3
    assert watch(posted, DUE) == 3
    assert watch(posted, date(2026, 12, 25), right) == 3
    assert {known for *_, known in wrong.sent}.isdisjoint({known for *_, known in right.sent})


def test_a_clock_that_fell_back_costs_no_reminder(posted: RoundContext) -> None:
    assert watch(posted, DUE) == 3
    watch(posted, date(2026, 1, 5))
    assert watch(posted, date(2026, 12, 25)) == 3
    assert watch(posted, date(2026, 12, 25)) == 0


def test_a_reminder_of_an_older_version_counts_for_every_item(posted: RoundContext) -> None:
    record(posted, DeletionReminded(due=DUE, on=DUE))
    assert watch(posted, DUE) == 0


def test_a_reminder_of_an_earlier_due_date_does_not_silence_the_new_one(handed_over: RoundContext) -> None:
    assert watch(handed_over, date(2027, 3, 24)) == 2
    post(handed_over, posted_on=date(2027, 1, 10))
    assert look(handed_over, date(2027, 3, 24)).overdue
    assert watch(handed_over, date(2027, 3, 24)) == 3


def test_what_is_overdue_goes_to_the_escalation_addresses_too(posted: RoundContext) -> None:
    before, after = Mail(), Mail()
    watch(posted, DUE, before)
    watch(posted, date(2026, 12, 25), after)
    assert {to for _, _, to, _ in before.sent} == {("data@example.org",)}
    assert {to for _, _, to, _ in after.sent} == {("data@example.org", "chief@ward.example")}


def test_things_that_came_back_are_not_reminded_of_any_more(posted: RoundContext) -> None:
    counts = {"discs": 1, "notices": 0, "withdrawn": 0, "spoiled": 0, "elsewhere": 0}
    about = {"reason": "", "reference": "", "received_by": "officer", "returned_on": date(2026, 12, 7)}
    record(posted, ItemsReturned.model_validate(counts | about))
    listed = dues(posted.register, posted.settings.include, DUE)
    assert [due.item.id for due in listed] == ["notice-1", "data"]


def test_a_certificate_silences_the_items_that_it_names_and_no_other(posted: RoundContext) -> None:
    certify(posted, items=("disc", "data"))
    listed = dues(posted.register, posted.settings.include, DUE)
    assert [due.item.id for due in listed] == ["notice-1"]


def test_a_certified_deletion_is_no_longer_due(posted: RoundContext) -> None:
    certify(posted)
    assert nothing_due(posted, date(2027, 1, 1))


def test_a_corrected_certificate_makes_it_due_again(posted: RoundContext) -> None:
    certify(posted)
    record(posted, Correction(corrects=posted.entries[-1].seq, reason="別の回の証明書"))
    assert look(posted, date(2027, 1, 1)).overdue


def test_a_closed_round_is_no_longer_due(posted: RoundContext) -> None:
    record(posted, RoundClosed(report_sha256="0" * 64))
    assert nothing_due(posted, date(2027, 1, 1))


def test_the_most_urgent_comes_first(posted: RoundContext, open_a_round: Opener, make_recipient: Maker) -> None:
    other = open_a_round(round_id="2026-10-change")
    print_round(other, make_recipient, pieces=1)
    hand_over(other)
    post(other, posted_on=date(2026, 11, 25))
    listed = dues(posted.register, posted.settings.include, date(2026, 12, 1))
    assert [due.round_id for due in listed] == ["2026-11-change"] * 3 + ["2026-10-change"] * 3


BREAKING: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "not YAML": lambda path: path.write_text("term: [", encoding="utf-8"),
    "without a term": lambda path: path.write_text("name: other\ntitle: 契約\n", encoding="utf-8"),
}


@pytest.fixture
def under_another_contract(
    settings: Settings, posted: RoundContext, open_a_round: Opener, make_recipient: Maker
) -> Path:
    """Hand two further rounds over under a contract of their own; return its file."""
    other = another_contract(settings)
    for round_id in ("2026-09-change", "2026-10-change"):
        work = as_before_contracts_were_stated(open_a_round(round_id=round_id, contract="other"))
        print_round(work, make_recipient, pieces=1)
        hand_over(work)
    return other


@pytest.mark.parametrize("breaking", BREAKING)
def test_a_broken_contract_neither_keeps_the_other_rounds_back_nor_stays_unnoticed(
    posted: RoundContext, under_another_contract: Path, breaking: str
) -> None:
    BREAKING[breaking](under_another_contract)
    told = dues(posted.register, posted.settings.include, date(2026, 12, 1))
    assert {next(told).round_id for _ in range(3)} == {posted.round_id}
    with pytest.raises(ConfigurationError) as caught:
        next(told)
    assert "（2026-09-change、2026-10-change）" in caught.value.happened
    assert caught.value.happened.count("契約「other」") == 1
    assert "契約書で確かめて" in caught.value.remedy


def test_a_rounds_own_due_does_not_hang_on_the_contracts_of_others(
    posted: RoundContext, under_another_contract: Path
) -> None:
    under_another_contract.unlink()
    assert look(posted, date(2026, 12, 1)).due == DUE
    assert first_day(posted) == DUE - timedelta(days=7)


@pytest.mark.parametrize("breaking", BREAKING)
def test_a_contract_that_the_register_states_is_not_needed_as_a_file(handed_over: RoundContext, breaking: str) -> None:
    state(handed_over, days_after_posting=10, remind_days_before=(5,))
    post(handed_over)
    BREAKING[breaking](handed_over.settings.include / "contracts" / "r8-print.yaml")
    due = date(2026, 12, 4)
    assert look(handed_over, date(2026, 12, 1)).due == due
    assert first_day(handed_over) == due - timedelta(days=5)
    mail = Mail()
    assert watch(handed_over, due, mail) == 3
    assert not any("escalate_to" in body for _, body, _, _ in mail.sent)


def test_what_the_register_states_goes_before_the_file_and_the_latest_statement_before_earlier_ones(
    handed_over: RoundContext,
) -> None:
    state(handed_over, days_after_posting=20)
    post(handed_over)
    edit_rule(handed_over, 5)
    assert look(handed_over, date(2026, 12, 1)).due == date(2026, 12, 14)
    state(handed_over, days_after_posting=15)
    assert look(handed_over, date(2026, 12, 1)).due == date(2026, 12, 9)
    assert due_date(CONTRACT, handed_over.entries) == date(2026, 12, 9)


def test_an_escalation_that_cannot_reach_its_addresses_goes_to_the_usual_ones_says_so_and_ends_in_red(
    posted: RoundContext,
) -> None:
    state(posted)
    (posted.settings.include / "contracts" / "r8-print.yaml").unlink()
    mail = Mail()
    with pytest.raises(ConfigurationError) as caught:
        watch(posted, date(2026, 12, 25), mail)
    assert {to for _, _, to, _ in mail.sent} == {("data@example.org",)}
    assert all("escalate_to）には送っていません" in body for _, body, _, _ in mail.sent)
    assert "期限を過ぎたときの連絡先に送れない回があります（2026-11-change）" in caught.value.happened
    assert "消去期限を確かめられない" not in caught.value.happened
    assert len(standing(posted.entries, DeletionReminded)) == len(mail.sent) == 3


def test_closing_days_that_cannot_be_read_cost_a_mail_too_many_and_end_in_red(posted: RoundContext) -> None:
    (posted.settings.include / "closing_days.yaml").write_text("yearly: [", encoding="utf-8")
    mail = Mail()
    with pytest.raises(ConfigurationError, match="閉庁日の一覧"):
        watch(posted, date(2026, 12, 29), mail)
    assert len(mail.sent) == 3


def test_the_reminder_day_is_the_first_of_the_contracts_days(posted: RoundContext) -> None:
    assert first_day(posted) == DUE - timedelta(days=7)


def test_without_a_posting_there_is_no_reminder_day(handed_over: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="発送の記録"):
        first_day(handed_over)


@pytest.mark.parametrize(
    ("days_left", "words"),
    [(7, "期限まであと7日です"), (0, "本日が期限です"), (-3, "【期限超過】"), (-3, "期限を3日過ぎています")],
)
def test_the_mail_says_when_and_what_to_do(days_left: int, words: str) -> None:
    item = Item("disc", "disc", "媒体 DVD-0001", 2)
    subject, body = reminder_text(
        Due(round_id="2026-11-change", item=item, due=DUE, days_left=days_left, remind=True, overdue=days_left < 0)
    )
    assert words in subject
    assert "2026-11-change／媒体 DVD-0001" in subject
    assert "対象：媒体 DVD-0001（数量 2）" in body
    assert "消去期限：2026年12月24日" in body
    assert "対応：" in body


CONTRACT = load_contract(REPOSITORY / "include", "r8-print")


def test_a_corrected_handover_is_not_due(handed_over: RoundContext) -> None:
    [seq] = [entry.seq for entry in handed_over.entries if isinstance(entry.body, MediaHandedOver)]
    record(handed_over, Correction(corrects=seq, reason="引渡しは行われなかった"))
    assert nothing_due(handed_over, AT.date())
