"""The deletion certificate: covers everything handed over, dated after the posting, late or not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

import pytest

from answered import (
    CANARY,
    FIELDS,
    NOTICE_NO,
    answer,
    day,
    lead_to,
    refused,
    release_ready,
    sealed_sha256,
    settled,
    take_back,
)
from mailround.context import RoundContext
from mailround.contracts import Person
from mailround.deletion_certificate import DeletionCertificate
from mailround.errors import GateClosedError
from mailround.forms import UNCHOSEN, settle
from mailround.model import Recipient
from mailround.register.entries import Correction, DeletionCertified, ItemsReturned, PasswordNoticeReprinted, Posted
from prepared import as_before_contracts_were_stated


def uncertified(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    lead_to(DeletionCertificate, release_ready(opened, make_recipient))


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(uncertified)


def test_the_certificate_is_recorded(work: RoundContext) -> None:
    assert settled(DeletionCertificate, work).body == DeletionCertified(
        certificate_no="DEL-0001",
        responsible="C-001",
        method="物理破壊",
        deleted_on=date(2026, 12, 10),
        media_returned=True,
        notice_returned=True,
        copies_included=True,
        spool_included=True,
        subcontractors_included=True,
        items=("disc", "notice-1", "withdrawn", "spoiled", "data"),
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"deleted_on": "2026-11-23"}, "発送日（2026-11-24）以後"),
        ({"deleted_on": "2026-12-12"}, "回答した日より後"),
        ({"deleted_on": "2026-12-10T00:00:00"}, "「消去日」が正しくありません"),
        ({"deleted_on": None}, "「消去日」が未入力です"),
        ({"responsible": "officer"}, "`C-000`、`C-001`、`C-002`"),
        ({"responsible": CANARY}, "「消去の責任者（委託先のID）」が正しくありません"),
        ({"method": UNCHOSEN}, "「消去の方法」が未入力です"),
        ({"method": "ごみ箱へ移動"}, "「消去の方法」が正しくありません"),
        ({"discs": 0}, "媒体（枚）が、渡した数と違います。渡した数は 1、証明書は 0 です"),
        ({"discs": 2}, "渡した数は 1、証明書は 2 です"),
        ({"notices": 0}, "パスワード通知書（部）が、渡した数と違います"),
        ({"paper": 2}, "紙（通）が、渡した数と違います。渡した数は 3、証明書は 2 です"),
        ({"copies_included": False}, "「データの複製も消去された」"),
        ({"copies_included": 1}, "「データの複製も消去された」"),
        ({"spool_included": False}, "「印刷用の一時データも消去された」"),
        ({"subcontractors_included": False}, "契約に再委託先がありますが"),
        ({"certificate_no": ""}, "「消去証明書の番号」が未入力です"),
        ({"certificate_no": CANARY}, "「消去証明書の番号」が正しくありません"),
    ],
)
def test_a_wrong_certificate_is_asked_again(work: RoundContext, changes: dict[str, object], told: str) -> None:
    (reason,) = refused(DeletionCertificate, work, **changes)
    assert told in reason
    assert CANARY not in reason
    assert "ごみ箱" not in reason


@pytest.mark.parametrize("deleted_on", ["2026-11-24", "2026-12-24", "2026-12-25", "2027-03-30"])
def test_a_deletion_is_recorded_as_it_was_even_when_late(work: RoundContext, deleted_on: str) -> None:
    """Due is 2026-12-24; a late date is the truth, and the reminders have escalated it already."""
    outcome = settled(
        DeletionCertificate, work, deleted_on=deleted_on, answered_at=day(12, 31).replace(year=2027, month=3)
    )
    assert isinstance(outcome.body, DeletionCertified)
    assert outcome.body.deleted_on == date.fromisoformat(deleted_on)


@pytest.mark.parametrize(("deleted_on", "good"), [("2026-12-09", False), ("2026-12-10", True), ("2027-04-02", True)])
def test_the_responsible_person_is_designated_on_that_day_or_for_a_day_after_the_contract_on_its_last(
    work: RoundContext, deleted_on: str, good: bool
) -> None:
    person = Person(id="C-009", valid_from=date(2026, 12, 10), valid_to=date(2027, 3, 31))
    contract = work.contract.model_copy(update={"contractor_handlers": (person,)})
    changed = dataclasses.replace(work, contract=contract)
    certificate = DeletionCertificate.read(
        FIELDS[DeletionCertificate] | {"responsible": "C-009", "deleted_on": deleted_on}
    )
    assert isinstance(certificate, DeletionCertificate)
    asked = answer(DeletionCertificate, answered_at=day(4, 5).replace(year=2027))
    assert (list(certificate.objections(changed, asked)) == []) is good


def test_a_copy_of_the_notice_made_after_the_returns_stops_the_certificate(work: RoundContext) -> None:
    reprinted = PasswordNoticeReprinted(
        copy_no=2, notice_no="PW-2", media_no="DVD-0001", reason="紛失", reference="第1号"
    )
    work.register.append(reprinted, round_id=work.round_id, actor="officer", at=day(12, 9))
    wrong = refused(DeletionCertificate, work)
    assert "渡した数は 2、証明書は 1 です" in wrong[0]
    assert "次の物の返却が記録されていません" in wrong[1]


def test_without_subcontractors_nothing_is_asked_of_them_and_the_entry_says_so(work: RoundContext) -> None:
    as_before_contracts_were_stated(work)  # what the register states comes before the file
    changed = dataclasses.replace(work, contract=work.contract.model_copy(update={"subcontractors": ()}))
    body = settled(DeletionCertificate, changed, subcontractors_included=False).body
    assert isinstance(body, DeletionCertified)
    assert body.subcontractors_included is None


def test_nothing_is_certified_before_the_returns_are_recorded(work: RoundContext) -> None:
    take_back(work, ItemsReturned)
    with pytest.raises(GateClosedError, match="現物の返却"):
        DeletionCertificate.body(work)


def test_the_question_lists_everything_that_was_handed_over_and_the_due_date(work: RoundContext) -> None:
    text = DeletionCertificate.body(work)
    for part in (
        "| 媒体 DVD-0001 | 1 |",
        NOTICE_NO,
        sealed_sha256(work),
        "| 消去期限 | 2026-12-24 |",
        "| データ（複製・印刷用の一時データを含む） | 7 |",
    ):
        assert part in text


def test_nothing_is_certified_before_it_is_posted(work: RoundContext) -> None:
    seq = next(entry.seq for entry in work.entries if isinstance(entry.body, Posted))
    correction = Correction(corrects=seq, reason="試験")
    work.register.append(correction, round_id=work.round_id, actor="officer", at=day(12, 1))
    with pytest.raises(GateClosedError, match="発送の記録"):
        DeletionCertificate.body(work)
    with pytest.raises(GateClosedError, match="発送の記録"):
        settle(DeletionCertificate, work, answer(DeletionCertificate), at=day(12, 11))
