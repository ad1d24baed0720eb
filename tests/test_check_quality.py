"""The step: report, register entry, and what the next steps get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailround.check_quality import check_quality
from mailround.context import RoundContext
from mailround.errors import GateClosedError, QualityStopError
from mailround.hold_list import list_holds
from mailround.hold_release import RULES, UNPRINTED, load_holds
from mailround.model import Checked, Delivery, Recipient, Status, Unprinted
from mailround.records import write_recipients
from mailround.register.entries import Extracted, QualityChecked, RoundClosed, latest, standing
from mailround.sample_households import sample_recipients
from mailround.settings import TOKYO
from prepared import record

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=TOKYO)
CANARY = "鸚鵡ヶ淵"


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    return open_a_round()


@pytest.fixture
def households(make_recipient: Callable[..., Recipient]) -> Callable[..., tuple[Recipient, ...]]:
    def factory(*changes: dict[str, Any]) -> tuple[Recipient, ...]:
        return tuple(
            make_recipient(
                **{"record_no": n, "kana": f"{CANARY}カナ　{n}", "name": f"{CANARY}　{n}子", "document_no": f"第{n}号"}
                | {"address": f"東京都新宿区新宿1-2-{n}"}
                | each
            )
            for n, each in enumerate(changes, 1)
        )

    return factory


def put(work: RoundContext, recipients: tuple[Recipient, ...]) -> None:
    write_recipients(work.workspace, recipients)


def test_the_step_counts_reports_and_registers(work: RoundContext, households: Any) -> None:
    put(work, households({}, {"postcode": ""}, {"status": Status.CLOSED}, {"kana": ""}, {"delivery": Delivery.HOLD}))
    checked = check_quality(work, at=NOW)
    assert checked == Checked(round_id=work.round_id, rows=5, printable=2, held=2, excluded=1, counter=0, warned=1)
    unprinted = load_holds(work).unprinted
    assert unprinted == Unprinted(rows=5, held=("0000002", "0000005"), excluded=("0000003",), counter=())
    (entry,) = standing(work.entries, QualityChecked)
    assert entry.findings == {"A02": 1, "P01": 1, "C02": 1, "P02": 1}
    assert load_holds(work).held == {"0000002", "0000005"}


def test_records_other_than_those_extracted_are_not_checked(work: RoundContext, households: Any) -> None:
    """An extraction was cut off behind the records and before its entry: their number is the same."""
    old, new = households({}, {}), households({}, {"address": "東京都新宿区新宿9-9-9"})
    body = Extracted(rows=2, bytes=9, sha256="e" * 64, total_after=None, unknown_headers=0)
    sha256 = write_recipients(work.workspace, old)
    record(work, body.model_copy(update={"records_sha256": sha256}))
    put(work, new)
    with pytest.raises(GateClosedError, match="データ取込からやり直して"):
        check_quality(work, at=NOW)
    put(work, old)
    check_quality(work, at=NOW)
    checked = latest(work.entries, QualityChecked)
    assert checked is not None
    assert checked.records_sha256 == sha256


def test_running_again_gives_the_same_report_and_one_entry(work: RoundContext, households: Any) -> None:
    put(work, households({}, {"postcode": ""}))
    first, report = check_quality(work, at=NOW), load_holds(work)
    assert check_quality(work, at=NOW + timedelta(hours=1)) == first
    assert load_holds(work) == report
    assert len(standing(work.entries, QualityChecked)) == 1


def test_a_stop_names_every_stopping_rule_with_its_count_and_leaves_the_report_to_look_at(
    work: RoundContext, households: Any
) -> None:
    put(work, households({}, {"case_no": "0000001"}, {"document_no": "第1号"}, {"postcode": ""}))
    with pytest.raises(QualityStopError) as stopped:
        check_quality(work, at=NOW)
    assert "「同じケース番号の世帯が複数あります。」2件" in stopped.value.happened
    assert "「同じ文書番号の通知が複数あります。」2件" in stopped.value.happened
    assert CANARY not in str(stopped.value)
    assert standing(work.entries, QualityChecked)[0].findings["R02"] == 2
    assert {line.case_no for line in list_holds(work) if line.kind in {"中止", "保留"}} == {
        "0000001",
        "0000003",
        "0000004",
    }


def test_neither_report_nor_register_holds_a_value(work: RoundContext, households: Any) -> None:
    put(work, households({"address": CANARY}, {"reason": ""}, {"building": f"{CANARY}\ue000"}))
    assert check_quality(work, at=NOW).held == 3
    written = [work.workspace.read(UNPRINTED), *work.workspace.read_blocks(RULES)]
    assert len(written) > 40
    assert CANARY not in b"".join(written).decode()
    assert CANARY not in repr(work.entries)


def test_the_posting_date_of_the_round_is_what_a_mail_to_must_outlive(work: RoundContext, households: Any) -> None:
    mailto = {"mailto_postcode": "160-0004", "mailto_address": "新宿区四谷3-4", "mailto_reason": "施設"}
    day = work.opened.posting_date
    put(work, households(mailto | {"mailto_until": day}, mailto | {"mailto_until": day - timedelta(days=1)}))
    check_quality(work, at=NOW)
    assert load_holds(work).held == {"0000002"}


def test_what_does_not_fit_the_form_is_held_before_rendering_and_the_hold_list_says_which_text(
    work: RoundContext, households: Any
) -> None:
    put(work, households({}, {"building": f"{CANARY}荘" * 40}, {"reason": "長い理由。\n" * 60}))
    assert check_quality(work, at=NOW).held == 2
    assert [line.message for line in list_holds(work) if line.kind == "保留"] == [
        "様式の枠に収まらない文字があります。（方書）",
        "様式の枠に収まらない文字があります。（決定の理由）",
    ]


def test_records_other_than_the_extracted_number_are_refused_with_both_numbers(
    work: RoundContext, households: Any
) -> None:
    put(work, households({}, {}))
    entry = Extracted(rows=3, bytes=1, sha256="0" * 64, total_after=None, unknown_headers=0)
    work.register.append(entry, round_id=work.round_id, actor="mailround", at=NOW)
    with pytest.raises(GateClosedError, match=r"2件.*3件"):
        check_quality(work, at=NOW)


def test_the_report_is_encrypted_on_disk(work: RoundContext, households: Any) -> None:
    put(work, households({"case_no": "7654321", "postcode": ""}, {}))
    check_quality(work, at=NOW)
    files: list[Path] = [path for path in work.workspace.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"7654321" in path.read_bytes()]


def test_the_sample_households_have_their_planted_faults_found_and_no_others(work: RoundContext) -> None:
    sample = sample_recipients(400, 1, work.kind)
    put(work, sample.recipients)
    checked = check_quality(work, at=NOW)
    planted = {case_no for fault, cases in sample.planted.items() if fault != "excluded" for case_no in cases}
    protected = load_holds(work).by_rule["P03"]
    assert load_holds(work).held - protected == planted - protected
    assert checked.excluded == len(sample.planted["excluded"])


def test_a_check_is_a_pure_function_of_the_records(work: RoundContext, households: Any) -> None:
    records = households({}, {"postcode": ""})
    put(work, records)
    first = check_quality(work, at=NOW)
    put(work, (records[0], replace(records[1], postcode="160-0022")))
    assert check_quality(work, at=NOW) != first
    assert len(standing(work.entries, QualityChecked)) == 2


def close_a_round(work: RoundContext, rows: int, total: int | None, kind: str = "change_notice") -> None:
    """Let an earlier round of so many rows be closed."""
    earlier = (
        work.opened.model_copy(update={"round_kind": kind}),
        Extracted(rows=rows, bytes=1, sha256="a" * 64, total_after=total, unknown_headers=0),
        RoundClosed(report_sha256="c" * 64),
    )
    for body in earlier:
        work.register.append(body, round_id="2026-08-change", actor="mailround", at=NOW - timedelta(days=90))


def extracted(work: RoundContext, recipients: tuple[Recipient, ...]) -> None:
    """Leave the records as an extraction does, with the entry that tells of them."""
    body = Extracted(
        rows=len(recipients),
        bytes=1,
        sha256="b" * 64,
        total_after=sum(each.decision.total_after for each in recipients if each.decision),
        unknown_headers=0,
        records_sha256=write_recipients(work.workspace, recipients),
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=NOW)


@pytest.mark.parametrize(
    ("rows", "total", "exceeded"),
    [(3, 397_920, False), (4, 397_920, True), (2, 397_920, True), (3, 350_000, True), (3, 440_000, False)],
)
def test_a_round_much_larger_or_smaller_than_the_last_closed_one_is_told_and_goes_on(
    work: RoundContext, households: Any, rows: int, total: int, exceeded: bool
) -> None:
    """Three households of 132,640 yen each, beside what the last round of the kind had; ten percent may change."""
    close_a_round(work, rows, total)
    extracted(work, households({}, {}, {}))
    assert check_quality(work, at=NOW).printable == 3
    checked = latest(work.entries, QualityChecked)
    assert checked is not None
    assert (checked.last_round_id, checked.rows_before, checked.total_before) == ("2026-08-change", rows, total)
    assert checked.change_exceeded is exceeded
    assert ("R05" in checked.findings) is exceeded


def test_a_round_with_no_closed_one_of_its_kind_before_it_is_compared_with_none(
    work: RoundContext, households: Any
) -> None:
    close_a_round(work, 1, None, kind="asset_declaration")
    extracted(work, households({}, {}, {}))
    check_quality(work, at=NOW)
    checked = latest(work.entries, QualityChecked)
    assert checked is not None
    assert (checked.last_round_id, checked.rows_before, checked.total_before) == ("", None, None)
    assert not checked.change_exceeded
