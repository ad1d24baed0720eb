"""The contractor's deletion is reminded of in time, every day once overdue, from the register alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailround.context import RoundContext, load_round
from mailround.contracts import Contract, load_contract
from mailround.deletion_certificate import DeletionCertificate
from mailround.errors import ConfigurationError, GateClosedError
from mailround.model import Recipient
from mailround.register.entries import Correction, DeletionReminded, MediaHandedOver, standing
from mailround.retention import Due, due_of, dues, record_reminder, reminder_day, reminder_text
from mailround.settings import REPOSITORY, TOKYO, Settings
from prepared import AT, another_contract, certify, hand_over, own_include, post, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]
DUE = date(2026, 12, 24)  # thirty days after the posting of 24 November


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with contracts that may be broken."""
    return own_include(settings, tmp_path)


@pytest.fixture
def handed_over(open_a_round: Opener, make_recipient: Maker) -> RoundContext:
    work = open_a_round()
    print_round(work, make_recipient, pieces=1)
    hand_over(work)
    return work


@pytest.fixture
def posted(handed_over: RoundContext) -> RoundContext:
    post(handed_over)
    return handed_over


def look(work: RoundContext, today: date) -> Due:
    [due] = dues(work.register, work.settings.include, today)
    assert due_of(work, today) == due
    return due


def nothing_due(work: RoundContext, today: date) -> bool:
    return list(dues(work.register, work.settings.include, today)) == [] and due_of(work, today) is None


def remind(work: RoundContext, today: date) -> bool:
    """Do what the daily watch does; tell whether a mail went out."""
    due = look(work, today)
    if due.remind:
        record_reminder(work.register, due, at=datetime(today.year, today.month, today.day, 8, 30, tzinfo=TOKYO))
    return due.remind


def test_before_the_media_leave_the_house_nothing_is_due(open_a_round: Opener) -> None:
    work = open_a_round()
    assert nothing_due(work, date(2027, 5, 1))


def test_until_the_posting_the_contracts_last_day_is_due(handed_over: RoundContext) -> None:
    assert look(handed_over, date(2026, 12, 1)) == Due(
        round_id="2026-11-change", due=date(2027, 3, 31), days_left=120, remind=False, overdue=False
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
    assert reminder_day(edited) == due - timedelta(days=7)
    assert f"| 消去期限 | {due} |" in DeletionCertificate.body(edited)


def test_a_posting_recorded_by_an_earlier_version_is_due_by_the_rule_of_today(posted: RoundContext) -> None:
    edit_rule(posted, 40)
    edited = load_round(posted.settings, posted.round_id)
    assert look(edited, date(2026, 12, 1)).due == DUE + timedelta(days=10)


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


def test_a_daily_watch_mails_on_the_contracts_days_and_every_day_once_overdue(posted: RoundContext) -> None:
    days = [DUE + timedelta(days=offset) for offset in range(-12, 6)]
    assert [(day - DUE).days for day in days if remind(posted, day)] == [-7, -1, 0, 1, 2, 3, 4, 5]


def test_a_reminder_goes_out_once_a_day(posted: RoundContext) -> None:
    for day in (DUE - timedelta(days=7), DUE, DUE + timedelta(days=2)):
        assert remind(posted, day)
        assert not remind(posted, day)
    assert len(standing(posted.entries, DeletionReminded)) == 3


def test_a_reminder_whose_day_was_missed_is_made_up_for(posted: RoundContext) -> None:
    assert not look(posted, DUE - timedelta(days=8)).remind
    assert [day for day in range(6, 0, -1) if remind(posted, DUE - timedelta(days=day))] == [6, 1]


def test_a_reminder_of_an_earlier_due_date_does_not_silence_the_new_one(handed_over: RoundContext) -> None:
    assert remind(handed_over, date(2027, 3, 24))
    post(handed_over, posted_on=date(2027, 1, 10))
    assert look(handed_over, date(2027, 3, 24)).overdue
    assert remind(handed_over, date(2027, 3, 24))


def test_a_certified_deletion_is_no_longer_due(posted: RoundContext) -> None:
    certify(posted)
    assert nothing_due(posted, date(2027, 1, 1))


def test_a_corrected_certificate_makes_it_due_again(posted: RoundContext) -> None:
    certify(posted)
    record(posted, Correction(corrects=posted.entries[-1].seq, reason="別の回の証明書"))
    assert look(posted, date(2027, 1, 1)).overdue


def test_the_most_urgent_comes_first(posted: RoundContext, open_a_round: Opener, make_recipient: Maker) -> None:
    other = open_a_round(round_id="2026-10-change")
    print_round(other, make_recipient, pieces=1)
    hand_over(other)
    post(other, posted_on=date(2026, 11, 25))
    listed = dues(posted.register, posted.settings.include, date(2026, 12, 1))
    assert [due.round_id for due in listed] == ["2026-11-change", "2026-10-change"]


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
        work = open_a_round(round_id=round_id, contract="other")
        print_round(work, make_recipient, pieces=1)
        hand_over(work)
    return other


@pytest.mark.parametrize("breaking", BREAKING)
def test_a_broken_contract_neither_keeps_the_other_rounds_back_nor_stays_unnoticed(
    posted: RoundContext, under_another_contract: Path, breaking: str
) -> None:
    BREAKING[breaking](under_another_contract)
    told = dues(posted.register, posted.settings.include, date(2026, 12, 1))
    assert next(told).round_id == posted.round_id
    with pytest.raises(ConfigurationError) as caught:
        next(told)
    assert "（2026-09-change、2026-10-change）" in caught.value.happened
    assert caught.value.happened.count("契約「other」") == 1
    assert "契約書で確かめて" in caught.value.remedy


def test_a_rounds_own_due_does_not_hang_on_the_contracts_of_others(
    posted: RoundContext, under_another_contract: Path
) -> None:
    under_another_contract.unlink()
    due = due_of(posted, date(2026, 12, 1))
    assert due is not None
    assert (due.round_id, due.due) == (posted.round_id, DUE)


def test_the_reminder_day_is_the_first_of_the_contracts_days(posted: RoundContext) -> None:
    assert reminder_day(posted) == DUE - timedelta(days=7)


def test_without_a_posting_there_is_no_reminder_day(handed_over: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="発送の記録"):
        reminder_day(handed_over)


@pytest.mark.parametrize(
    ("days_left", "words"),
    [(7, "期限まであと7日です"), (0, "本日が期限です"), (-3, "【期限超過】"), (-3, "期限を3日過ぎています")],
)
def test_the_mail_says_when_and_what_to_do(days_left: int, words: str) -> None:
    subject, body = reminder_text(
        Due(round_id="2026-11-change", due=DUE, days_left=days_left, remind=True, overdue=days_left < 0)
    )
    assert words in subject
    assert "2026-11-change" in subject
    assert "消去期限：2026年12月24日" in body
    assert "対応：" in body


CONTRACT = load_contract(REPOSITORY / "include", "r8-print")


@hypothesis_settings(deadline=None)
@given(posted_on=st.dates(CONTRACT.term.start, CONTRACT.term.end), days=st.integers(0, 400))
def test_the_due_date_never_lies_after_the_contracts_end(posted_on: date, days: int) -> None:
    changed = yaml.safe_load(CONTRACT.model_dump_json()) | {
        "deletion": {"days_after_posting": days, "remind_days_before": [7, 1, 0]}
    }
    due = Contract.model_validate(changed).deletion_due(posted_on)
    assert posted_on <= due <= CONTRACT.term.end
    assert due == CONTRACT.term.end or due == posted_on + timedelta(days=days)


def test_a_corrected_handover_is_not_due(handed_over: RoundContext) -> None:
    [seq] = [entry.seq for entry in handed_over.entries if isinstance(entry.body, MediaHandedOver)]
    record(handed_over, Correction(corrects=seq, reason="引渡しは行われなかった"))
    assert nothing_due(handed_over, AT.date())
