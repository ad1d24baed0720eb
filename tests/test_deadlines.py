"""Every last day on one list: each from where it is decided, none that is over, the files that are wrong named."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from mailround.contracts import load_contract
from mailround.deadlines import READ, deadlines, of_contract, unreadable
from mailround.due_calendar import Deadline
from mailround.overdue import return_due
from mailround.register.entries import HOUSE, AccessReviewed, AccessReviewSigned, AnyBody
from mailround.register.store import Register
from mailround.retention import dues
from mailround.settings import TOKYO, Settings
from prepared import own_include
from registered import record_round

ROUND, TODAY = "2026-11-change", date(2026, 12, 1)


@pytest.fixture
def ward(settings: Settings, tmp_path: Path) -> Settings:
    """A ward with contracts of its own."""
    return own_include(settings, tmp_path)


def found(ward: Settings, today: date = TODAY) -> tuple[Deadline, ...]:
    return deadlines(Register(ward.register_url).of_kinds(READ), ward.include, today)


def of_round(ward: Settings, today: date = TODAY) -> list[Deadline]:
    return [each for each in found(ward, today) if each.round_id]


def test_without_a_round_there_are_the_contracts_dates(ward: Settings) -> None:
    assert of_round(ward) == []
    assert {each.sort for each in found(ward)} >= {"contract", "mark"}


def test_the_earliest_comes_first(ward: Settings) -> None:
    record_round(Register(ward.register_url), ROUND, up_to="record_posting", incident=True)
    days = [each.day for each in found(ward)]
    assert days == sorted(days)
    assert len(days) > 4


def test_a_round_that_waits_says_for_what_and_until_when(ward: Settings) -> None:
    record_round(Register(ward.register_url), ROUND, up_to="seal")
    (due,) = of_round(ward, date(2026, 11, 12))
    assert due.sort == "step"
    assert due.what.startswith("09 引渡し承認（")


def test_what_is_out_is_due_when_the_mails_say_it_is(ward: Settings) -> None:
    register = Register(ward.register_url)
    record_round(register, ROUND, up_to="record_posting")
    told = {each.item.id: each.due for each in dues(register, ward.include, TODAY) if each.item.sort == "data"}
    (deletion,) = (each for each in of_round(ward) if each.sort == "deletion")
    assert deletion.day == told["data"]
    returns = [each for each in of_round(ward) if each.sort == "return"]
    contract, entries = load_contract(ward.include, "r8-print"), register.entries(ROUND)
    assert {each.day for each in returns} == {return_due(entries, contract, date(2026, 11, 24))}
    assert [each.what for each in returns if "媒体" in each.what]


def test_an_incident_is_due_until_both_reports_are_in(ward: Settings) -> None:
    record_round(Register(ward.register_url), ROUND, up_to="record_posting", incident=True)
    assert [each.what for each in of_round(ward) if each.sort == "incident"] == ["事故 第1号：速報の提出"]


@pytest.mark.parametrize("up_to", ["close_round"])
def test_a_round_that_is_over_has_none(ward: Settings, up_to: str) -> None:
    record_round(Register(ward.register_url), ROUND, up_to=up_to)
    assert of_round(ward, date(2027, 3, 1)) == []


def test_a_contract_that_is_over_has_none_and_a_mark_that_is_over_is_late(ward: Settings) -> None:
    contract = load_contract(ward.include, "r8-print")
    told = [each for each in found(ward) if each.about == "契約 r8-print"]
    assert ("contract", contract.term.end) in {(each.sort, each.day) for each in told}
    assert ("mark", contract.privacy_mark.expires) in {(each.sort, each.day) for each in told}
    after = contract.term.end + timedelta(days=1)
    assert not [each for each in found(ward, after) if each.about == "契約 r8-print"]


def test_what_a_contract_names_runs_out_too(ward: Settings) -> None:
    path = ward.include / "contracts" / "r8-print.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["contacts_max_age_days"] = 30
    content["ward_approvers"][0]["valid_to"] = date(2027, 1, 31)
    paper = {
        "control": "W23",
        "reference": "第602号",
        "attested_on": date(2026, 9, 24),
        "valid_until": date(2027, 2, 1),
    }
    content["attestations"] = [paper]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    contract = load_contract(ward.include, "r8-print")
    told = {each.what: each.day for each in of_contract(contract)}
    assert told["承認者 approver の指定の終了"] == date(2027, 1, 31)
    assert told["点検表 W23 の文書の有効期限"] == date(2027, 2, 1)
    verified = contract.contacts[0]
    assert told[f"緊急連絡先 {verified.id} の確認のし直し"] == verified.verified_on + timedelta(days=30)


def test_an_access_review_is_due_until_its_last_report_is_signed(ward: Settings) -> None:
    register, at = Register(ward.register_url), datetime(2026, 11, 4, 6, tzinfo=TOKYO)

    def add(body: AnyBody) -> None:
        register.append(body, round_id=HOUSE, actor="mailround", at=at)

    def told() -> list[tuple[date, str]]:
        return [(each.day, each.what) for each in found(ward) if each.about == "アクセスの点検"]

    assert told() == []
    for month, report in (("2026-09", "a"), ("2026-10", "b"), ("2026-10", "c"), ("2026-12", "d")):
        add(
            AccessReviewed(
                month=month, access_report_sha256=report * 64, findings=0, subjects=(), counts={}, users=(), run_id="r"
            )
        )
    wanted = [("2026-10-31", "2026年9月分"), ("2026-11-30", "2026年10月分"), ("2027-01-31", "2026年12月分")]
    assert told() == [(date.fromisoformat(day), f"{month}の報告書への署名") for day, month in wanted]
    for month, report in (("2026-09", "a"), ("2026-10", "b")):  # the second is no longer the last of its month
        signed = {"judgement": "問題はなかった", "reference": "第1号", "month": month}
        add(AccessReviewSigned(access_report_sha256=report * 64, **signed))  # type: ignore[arg-type]
    assert [what for _, what in told()] == ["2026年10月分の報告書への署名", "2026年12月分の報告書への署名"]


def test_a_contract_that_cannot_be_read_is_named(ward: Settings) -> None:
    assert unreadable(ward.include) == ()
    (ward.include / "contracts" / "r8-print.yaml").write_text("name: [", encoding="utf-8")
    assert unreadable(ward.include) == ("r8-print",)
    assert {each.about for each in found(ward)} == {"契約 demo"}
