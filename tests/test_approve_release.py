"""The release approval: two people, one hash, and a refusal that stays one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from answered import ANSWERED, CANARY, answer, day, expire, extracted, refused, report, sealed_sha256, settled
from mailround.approve_release import APPROVE, SEND_BACK, ReleaseApproval, release_of
from mailround.context import RoundContext
from mailround.errors import CountMismatchError, GateClosedError, RoundEndedError
from mailround.forms import question, settle
from mailround.gates import Release
from mailround.hold_release import write_release
from mailround.model import Recipient
from mailround.proof import make_proof
from mailround.register.entries import (
    Correction,
    GatesEvaluated,
    HoldsDecided,
    HoldsReleased,
    PrintPlanned,
    QualityChecked,
    ReleaseApproved,
    ReleaseRefused,
    latest,
    releases_sha256,
)
from mailround.seal import package_path, seal
from prepared import print_round, record

AT = ANSWERED[ReleaseApproval]


def sealed(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    print_round(opened, make_recipient)
    report(opened)
    seal(opened, at=AT)
    make_proof(opened, at=AT)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(sealed)


def test_a_second_person_approves_the_package_that_lies_on_the_disk(work: RoundContext) -> None:
    assert ReleaseApproval.needed(work)
    on_disk = hashlib.sha256(package_path(work.settings, work.round_id).read_bytes()).hexdigest()
    assert settled(ReleaseApproval, work).body == ReleaseApproved(package_sha256=on_disk, answered_at=AT)
    assert release_of(work) == Release(sealed=on_disk, approved=on_disk, on_disk=on_disk)
    assert not ReleaseApproval.needed(work)


@pytest.mark.parametrize("option", [APPROVE, SEND_BACK])
@pytest.mark.parametrize("responder", ["datateam", "DataTeam"])
def test_whoever_started_the_round_may_not_answer(work: RoundContext, option: str, responder: str) -> None:
    """Here the contract even names that person as an approver, as the demo's does."""
    people = (
        *work.contract.ward_approvers,
        work.contract.ward_approvers[0].model_copy(update={"id": responder, "division": "生活福祉課"}),
    )
    object.__setattr__(work, "contract", work.contract.model_copy(update={"ward_approvers": people}))
    (reason,) = refused(ReleaseApproval, work, responder=responder, option=option)
    assert reason == "この回を開始した本人は回答できません。別の承認者が回答してください。"
    assert latest(work.entries, ReleaseApproved) is None
    assert settled(ReleaseApproval, work, responder="approver2").goes_on


@pytest.mark.parametrize("responder", ["officer", "officer2", "C-001", CANARY])
def test_only_the_second_division_approves(work: RoundContext, responder: str) -> None:
    (reason,) = refused(ReleaseApproval, work, responder=responder)
    assert responder not in reason


@pytest.mark.parametrize(
    ("kind", "field", "title"),
    [(QualityChecked, "checked_sha256", "印刷計画"), (PrintPlanned, "plan_sha256", "封緘（暗号化）")],
)
def test_a_package_of_an_earlier_check_or_plan_is_not_approved(
    work: RoundContext, kind: type[QualityChecked | PrintPlanned], field: str, title: str
) -> None:
    """A step was cleared by itself while the question was open, and what it did differs."""
    body = ReleaseApproval.body(work)
    assert body
    done = latest(work.entries, kind)
    assert done is not None
    record(work, done.model_copy(update={field: "9" * 64}))
    record(work, HoldsDecided(held=2, go_on=True, answered_at=AT))
    for ask in (lambda: question(ReleaseApproval, work, at=AT), lambda: settled(ReleaseApproval, work)):
        with pytest.raises(GateClosedError, match=f"「{title}」からやり直す"):
            ask()
    assert latest(work.entries, ReleaseApproved) is None
    assert settled(ReleaseApproval, work, option=SEND_BACK).body.kind == "release_refused"


def test_sending_back_is_recorded_and_final(work: RoundContext) -> None:
    outcome = settled(ReleaseApproval, work, option=SEND_BACK)
    assert outcome.body == ReleaseRefused(package_sha256=sealed_sha256(work), answered_at=AT)
    assert not outcome.goes_on
    assert ReleaseApproval.stopped(work)
    with pytest.raises(RoundEndedError):
        settle(ReleaseApproval, work, answer(ReleaseApproval, responder="approver2"), at=AT)
    assert latest(work.entries, ReleaseApproved) is None


def test_what_could_only_go_to_an_expired_address_is_sent_back_not_approved(work: RoundContext) -> None:
    expire(work, day(11, 11))
    assert "| 発送できる最後の日 | 2026-11-11" in ReleaseApproval.body(work)
    (reason,) = refused(ReleaseApproval, work)
    assert "期限（2026-11-11）の切れた送付先" in reason
    assert "「差戻し」" in reason
    assert not settled(ReleaseApproval, work, option=SEND_BACK).goes_on


def test_an_approval_on_the_last_day_of_an_address_counts(work: RoundContext) -> None:
    expire(work, AT)
    assert settled(ReleaseApproval, work).goes_on


def test_data_that_are_too_old_are_sent_back_not_approved(work: RoundContext) -> None:
    """Ten days and a minute: whoever moved or died since is not in them."""
    extracted(work, AT - timedelta(hours=240, minutes=1))
    (reason,) = refused(ReleaseApproval, work)
    assert "データの作成から240時間（期限 2026-11-12 09:59）を過ぎています（点検表5）" in reason
    assert "「差戻し」" in reason
    assert "出力し直したデータファイル" in reason
    assert not settled(ReleaseApproval, work, option=SEND_BACK).goes_on


@pytest.mark.parametrize("created_at", [AT - timedelta(hours=240), AT, None])
def test_data_of_the_last_hours_or_of_an_earlier_version_are_approved(
    work: RoundContext, created_at: datetime | None
) -> None:
    extracted(work, created_at)
    assert settled(ReleaseApproval, work).goes_on


def test_the_wards_own_hours_count(work: RoundContext) -> None:
    extracted(work, AT - timedelta(hours=49))
    thresholds = work.kind.thresholds.model_copy(update={"export_max_age_hours": 48})
    object.__setattr__(work, "kind", work.kind.model_copy(update={"thresholds": thresholds}))
    (reason,) = refused(ReleaseApproval, work)
    assert "48時間" in reason


def test_the_question_says_when_the_data_were_made_and_until_when_they_count(work: RoundContext) -> None:
    assert "データの作成日時" not in ReleaseApproval.body(work)
    extracted(work, day(11, 10, 9))
    told = "2026-11-10 09:00（封緘の時点で 49 時間前。承認と媒体の引渡しは 2026-11-20 09:00 まで）"
    assert f"| データの作成日時 | {told} |" in ReleaseApproval.body(work)


@pytest.mark.parametrize("fault", ["changed", "missing"])
def test_a_package_that_is_not_the_sealed_one_is_neither_shown_nor_approved(work: RoundContext, fault: str) -> None:
    package = package_path(work.settings, work.round_id)
    if fault == "missing":
        package.unlink()
    else:
        content = bytearray(package.read_bytes())
        content[len(content) // 2] ^= 1
        package.write_bytes(content)
    before = work.entries
    for ask in (
        lambda: question(ReleaseApproval, work, at=AT),
        lambda: settle(ReleaseApproval, work, answer(ReleaseApproval), at=AT),
    ):
        with pytest.raises(GateClosedError, match="点検表7"):
            ask()
    (told,) = (each.body for each in work.entries[len(before) :])
    assert told == GatesEvaluated(
        step="approve_release", day=AT.date(), passed=("nothing_done_anew",), closed=("package_unchanged",)
    )
    assert not settled(ReleaseApproval, work, option=SEND_BACK).goes_on


def test_an_approval_does_not_cover_a_later_sealing(work: RoundContext) -> None:
    approved = ReleaseApproved(package_sha256="a" * 64, answered_at=AT)
    work.register.append(approved, round_id=work.round_id, actor="approver", at=AT)
    assert ReleaseApproval.needed(work)


def test_the_question_shows_counts_holds_and_the_whole_hash(work: RoundContext) -> None:
    text = ReleaseApproval.body(work)
    for part in (
        "| 取込 | 10 世帯 |",
        "| 印刷 | 7 通（9 頁） |",
        "| 窓口交付（印刷しない） | 0 世帯 |",
        "| 保留 | 2 世帯（解除 0 世帯） |",
        "| 対象外 | 1 世帯 |",
        f"| SHA-256 | `{sealed_sha256(work)}` |",
        f"{package_path(work.settings, work.round_id).stat().st_size:,} バイト",
        "| 【保留】C01 氏名がありません | 2 |",
        "| 開始した人（承認できません） | datateam |",
        "保護変更決定通知書",
    ):
        assert part in text


def test_released_households_are_counted_among_the_printed_and_a_release_since_the_plan_stops_the_approval(
    work: RoundContext,
) -> None:
    def release(case_no: str) -> None:
        said = {"rule": "A04", "cases": 1, "reason": "データは正しい（例外）", "reference": "第1号"}
        sha256 = write_release(work, "A04", [case_no])
        record(work, HoldsReleased(checked_sha256="", sha256=sha256, answered_at=AT, **said))

    report(work, A04=("0000906", "0000907"), C01=("0000901",))
    counts = {"rows": 10, "printable": 6, "held": 3, "excluded": 1, "warned": 0}
    record(work, QualityChecked(export_sha256="e" * 64, findings={}, **counts))
    release("0000906")
    record(work, HoldsDecided(held=2, go_on=True, answered_at=AT))
    with pytest.raises(GateClosedError, match="「印刷計画」からやり直す"):
        question(ReleaseApproval, work, at=AT)
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    sha256 = releases_sha256(work.entries)
    record(work, planned.model_copy(update={"released": 1, "releases_sha256": sha256}))
    text = ReleaseApproval.body(work)
    assert "| 保留 | 2 世帯（解除 1 世帯） |" in text
    assert "郵便番号と住所が一致しません | 2（うち解除 1） |" in text
    release("0000907")
    record(work, HoldsDecided(held=1, go_on=True, answered_at=AT))
    with pytest.raises(GateClosedError, match="「印刷計画」からやり直す"):
        question(ReleaseApproval, work, at=AT)


def test_counts_that_do_not_reconcile_are_never_put_before_an_approver(work: RoundContext) -> None:
    body = QualityChecked(export_sha256="e" * 64, rows=11, printable=8, held=2, excluded=1, warned=0, findings={})
    work.register.append(body, round_id=work.round_id, actor="mailround", at=AT)
    with pytest.raises(GateClosedError, match="判断が管理簿にありません"):  # the decision was on the check before
        ReleaseApproval.body(work)
    decided = HoldsDecided(held=2, go_on=True, answered_at=AT)
    work.register.append(decided, round_id=work.round_id, actor="officer", at=AT)
    with pytest.raises(CountMismatchError, match=r"取込 11 世帯.*＝ 10 です"):
        ReleaseApproval.body(work)


def test_an_approval_needs_a_sealed_package(open_a_round: Callable[..., RoundContext]) -> None:
    with pytest.raises(GateClosedError):
        ReleaseApproval.body(open_a_round())


@pytest.mark.parametrize("option", [APPROVE, SEND_BACK])
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ({"extracted_by": "Approver"}, "この回のデータを抽出した本人は回答できません。別の承認者が回答してください。"),
        ({"triggered_by": "approver2"}, "この回を開始した人かデータを抽出した人と同じ課の人は回答できません。"),
        ({"extracted_by": "approver2"}, "この回を開始した人かデータを抽出した人と同じ課の人は回答できません。"),
    ],
)
def test_whoever_extracted_and_the_division_of_those_who_began_do_not_approve(
    work: RoundContext, spoil: dict[str, str], told: str, option: str
) -> None:
    object.__setattr__(work, "opened", work.opened.model_copy(update=spoil))
    (reason,) = refused(ReleaseApproval, work, option=option)
    assert reason.startswith(told)
    assert latest(work.entries, ReleaseApproved) is None


@pytest.mark.parametrize("checked_sha256", ["", "9" * 64])
def test_whoever_released_a_hold_does_not_approve_not_even_one_of_an_earlier_check(
    work: RoundContext, checked_sha256: str
) -> None:
    said = {"rule": "A04", "cases": 1, "reason": "データは正しい（例外）", "reference": "第1号"}
    left = write_release(work, "A04", frozenset())
    released = HoldsReleased(checked_sha256=checked_sha256, sha256=left, answered_at=AT, **said)
    seq = work.register.append(released, round_id=work.round_id, actor="Approver", at=AT).seq
    record(work, HoldsDecided(held=2, go_on=True, answered_at=AT))
    (reason,) = refused(ReleaseApproval, work)
    assert reason == "この回の保留を解除した本人は回答できません。別の承認者が回答してください。"
    record(work, Correction(corrects=seq, reason="試験"))
    assert settled(ReleaseApproval, work).goes_on


def test_a_round_of_a_version_that_did_not_ask_who_extracted_is_approved_by_another_division(
    work: RoundContext,
) -> None:
    object.__setattr__(work, "opened", work.opened.model_copy(update={"extracted_by": ""}))
    assert "抽出した人" not in ReleaseApproval.body(work)
    assert settled(ReleaseApproval, work).goes_on


def test_the_question_names_who_may_not_approve_and_how_long_an_approval_counts(work: RoundContext) -> None:
    text = ReleaseApproval.body(work)
    assert "| 抽出した人（承認できません） | datateam |" in text
    assert "保留を解除した人" not in text
    assert "承認の日から 7 日で切れます" in text


def test_an_approval_leaves_that_its_gates_held(work: RoundContext) -> None:
    settled(ReleaseApproval, work)
    evaluated = latest(work.entries, GatesEvaluated)
    assert evaluated == GatesEvaluated(
        step="approve_release", day=AT.date(), passed=("package_unchanged", "nothing_done_anew"), closed=()
    )
