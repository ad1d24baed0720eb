"""Driving a round: who answers which form with what, and what is told when a round does not go on.

That the answers are the ones Airflow and the forms accept is shown by tests/e2e.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_api import RIGHT, Api, instance

import answered
from mailround.context import RoundContext
from mailround.decide_holds import GO_ON, RELEASE, HoldDecision
from mailround.extract import CONTROL_SUFFIX
from mailround.layouts import load_layout
from mailround.local import client, drive
from mailround.local.airflow import LocalAirflow
from mailround.local.client import ClientError
from mailround.local.drive import ANSWERS, Driver, record_posting, sample_round
from mailround.model import Recipient
from mailround.register.entries import (
    AnswerRefused,
    HandoverSheetPrinted,
    MediaChecked,
    PasswordNoticeIssued,
    Posted,
    QualityChecked,
    ReleaseApproved,
    RoundClosed,
    RoundOpened,
    Sealed,
    standing,
)
from mailround.seal import seal
from mailround.settings import TOKYO, Settings
from mailround.withdrawal import WithdrawalAcknowledgement
from prepared import AT, hand_over, make_signing_key, print_round, record
from reading import read_source

RUN = "/api/v2/dags/mailing_round/dagRuns/manual__1"
ROUND = "2026-11-change"


@pytest.fixture
def driver(api: Api, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A driver on the test's ward and on the test's API."""
    monkeypatch.setattr(client, "_SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(drive.time, "sleep", lambda _: None)
    api.answers["GET", "/api/v2/dags"] = {"dags": [{"dag_id": "mailing_round"}]}
    made = Driver(airflow(api, settings, tmp_path))
    yield made
    made.close()


class OnTheApi(LocalAirflow):
    """A local Airflow whose UI is the test's API, and everybody's password the right one."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        return RIGHT


def airflow(api: Api, settings: Settings, home: Path) -> LocalAirflow:
    ward = {name: str(getattr(settings, name)) for name in ("inbox", "data", "outbox", "vault", "vault_identity")}
    extra = {f"MAILROUND_{name.upper()}": value for name, value in ward.items()}
    extra["MAILROUND_REGISTER_URL"] = settings.register_url
    return OnTheApi(home / "airflow", int(api.url.rpartition(":")[2]), 1, tuple(extra.items()))


def answers(api: Api) -> dict[str, Any]:
    """Return per task what was answered, and by whom."""
    return {
        path.split("/")[-3]: (token.removeprefix("Bearer token of "), body)
        for (method, path, body), token in zip(api.asked, api.tokens, strict=True)
        if method == "PATCH"
    }


def test_the_three_users_log_in_and_the_settings_are_the_wards(driver: Driver, settings: Settings, api: Api) -> None:
    assert driver.users.keys() == {"datateam", "approver", "officer"}
    assert (driver.settings.inbox, driver.settings.register_url) == (settings.inbox, settings.register_url)


def test_a_dag_that_does_not_load_is_told_by_its_last_line(api: Api, settings: Settings, tmp_path: Path) -> None:
    api.answers["GET", "/api/v2/dags"] = {"dags": []}
    api.answers["GET", "/api/v2/importErrors"] = {
        "import_errors": [{"stack_trace": "Traceback\n  File x\nSyntaxError: invalid syntax\n"}]
    }
    with pytest.raises(ClientError, match="DAGの読込に失敗しました：SyntaxError: invalid syntax"):
        Driver(airflow(api, settings, tmp_path))


def test_a_dag_that_does_not_appear_is_told_in_time(
    api: Api, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "PATIENCE_SECONDS", -1)
    api.answers["GET", "/api/v2/dags"] = {"dags": []}
    with pytest.raises(ClientError, match="DAGが読み込まれません"):
        Driver(airflow(api, settings, tmp_path))


@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_run_is_followed_to_its_end_and_every_question_answered(api: Api, driver: Driver, state: str) -> None:
    asks = instance("approve_release", "awaiting_input", "2026-11-10T10:00:01Z")
    done = instance("approve_release", "success", "2026-11-10T10:00:01Z")
    api.answers["GET", f"{RUN}/taskInstances?limit=200"] = [
        {"task_instances": [asks]},
        {"task_instances": [done]},
        {"task_instances": [done]},
    ]
    api.answers["GET", RUN] = [{"state": "running"}, {"state": state}]
    asked: list[tuple[str, str]] = []
    watched: list[str | None] = []
    found = driver.follow(
        "manual__1",
        ROUND,
        {"approve_release": lambda _, run_id, round_id: asked.append((run_id, round_id))},
        lambda tasks: watched.append(tasks[0].state),
    )
    assert found == state
    assert asked == [("manual__1", ROUND)]
    assert watched == ["awaiting_input", "success", "success"]


def test_a_question_that_nobody_answers_is_told_by_its_title(api: Api, driver: Driver) -> None:
    api.answers["GET", f"{RUN}/taskInstances?limit=200"] = {"task_instances": [instance("surprise", "awaiting_input")]}
    with pytest.raises(ClientError, match="「工程 surprise」に答える人がいません"):
        driver.follow("manual__1", ROUND, ANSWERS)


def test_an_answer_that_is_refused_again_and_again_is_told_with_its_reason(
    api: Api, driver: Driver, work: RoundContext
) -> None:
    api.answers["GET", f"{RUN}/taskInstances?limit=200"] = {
        "task_instances": [instance("record_posting", "awaiting_input")]
    }
    api.answers["GET", RUN] = {"state": "running"}

    def miscount(_: Driver, __: str, ___: str) -> None:
        moment = AT + timedelta(minutes=len(work.entries))
        record(work, AnswerRefused(step="record_posting", reasons=("発送数が合いません",), answered_at=moment))

    with pytest.raises(ClientError, match="「工程 record_posting」の回答が受理されません：発送数が合いません"):
        driver.follow("manual__1", ROUND, {"record_posting": miscount})


def test_the_certificate_covers_the_paper_that_is_out(api: Api, driver: Driver, work: RoundContext) -> None:
    hand_over(work)
    posted = Posted(posted_on=AT.date(), handed_over=7, withdrawn=1, spoiled=2, reprinted=2, posted=6)
    record(work, posted)
    api.answers["PATCH", f"{RUN}/taskInstances/record_deletion_certificate/-1/hitlDetails"] = {}
    ANSWERS["record_deletion_certificate"](driver, "manual__1", ROUND)
    said = answers(api)["record_deletion_certificate"][1]["params_input"]
    assert (said["discs"], said["notices"], said["paper"]) == (1, 0, 3)  # no notice was made


def test_a_run_that_does_not_end_is_told_in_time(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "PATIENCE_SECONDS", -1)
    with pytest.raises(ClientError, match="回が時間内に終わりません"):
        driver.follow("manual__1", ROUND, ANSWERS)


def test_every_form_has_an_answer() -> None:
    assert ANSWERS.keys() == {form.step for form in answered.FORMS if form is not WithdrawalAcknowledgement}


def approved(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    print_round(opened, make_recipient)
    make_signing_key(opened)
    sealed = seal(opened, at=AT)
    record(opened, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    """A round whose package is approved."""
    return round_after(approved)


@pytest.mark.parametrize(
    ("form", "user"),
    [
        ("approve_release", "approver"),
        ("record_media_handover", "officer"),
        ("record_password_handover", "officer"),
        ("record_returns", "officer"),
        ("record_deletion_certificate", "officer"),
    ],
)
def test_the_right_person_answers_with_every_field_of_the_form(
    api: Api, driver: Driver, work: RoundContext, form: str, user: str
) -> None:
    if form == "record_password_handover":
        hand_over(work)
    api.answers["PATCH", f"{RUN}/taskInstances/{form}/-1/hitlDetails"] = {}
    ANSWERS[form](driver, "manual__1", ROUND)
    (shown,) = [each for each in answered.FORMS if each.step == form]
    who, body = answers(api)[form]
    assert who == user
    assert body["chosen_options"] == [shown.options[0]]
    assert body["params_input"].keys() == set(shown.model_fields)


@pytest.mark.parametrize("said", [("P03", "officer", RELEASE), ("A04", "datateam", GO_ON)])
@pytest.mark.parametrize("exceeded", [False, True])
def test_who_did_not_start_the_round_releases_the_protected_before_it_goes_on(
    api: Api,
    driver: Driver,
    open_a_round: Callable[..., RoundContext],
    said: tuple[str, str, str],
    exceeded: bool,
) -> None:
    """What differs much from the last closed round is acknowledged by whoever decides to go on."""
    rule, user, option = said
    work = open_a_round()
    counts = dict.fromkeys(("rows", "printable", "held", "excluded", "warned"), 0)
    record(work, QualityChecked(export_sha256="e" * 64, findings={}, change_exceeded=exceeded, **counts))
    answered.report(work, **dict.fromkeys(answered.HELD, ()) | {rule: ("0000003", "0000004")})
    api.answers["PATCH", f"{RUN}/taskInstances/decide_holds/-1/hitlDetails"] = {}
    ANSWERS["decide_holds"](driver, "manual__1", ROUND)
    who, body = answers(api)["decide_holds"]
    assert (who, body["chosen_options"]) == (user, [option])
    assert body["params_input"].keys() == set(HoldDecision.model_fields)
    assert body["params_input"]["case_nos"] == ("0000003 0000004" if rule == "P03" else "")
    assert body["params_input"]["change_acknowledged"] == (exceeded and option == GO_ON)


def test_before_the_disc_is_handed_over_it_is_made_checked_and_has_its_sheet(
    api: Api, driver: Driver, work: RoundContext
) -> None:
    api.answers["PATCH", f"{RUN}/taskInstances/record_media_handover/-1/hitlDetails"] = {}
    ANSWERS["record_media_handover"](driver, "manual__1", ROUND)
    said = answers(api)["record_media_handover"][1]["params_input"]
    [checked] = standing(work.entries, MediaChecked)
    [sheet] = standing(work.entries, HandoverSheetPrinted)
    assert said["media_no"] == checked.media_no == sheet.media_no
    assert (said["pieces"], said["pages"], said["quantity"]) == (7, 9, 1)
    assert not list(driver.airflow.home.glob("*.pdf"))


def test_a_question_put_once_more_is_answered_with_the_notice_that_is_printed_already(
    api: Api, driver: Driver, work: RoundContext
) -> None:
    hand_over(work)
    api.answers["PATCH", f"{RUN}/taskInstances/record_password_handover/-1/hitlDetails"] = {}
    for _ in range(2):
        ANSWERS["record_password_handover"](driver, "manual__1", ROUND)
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1


def test_the_posting_counts_what_was_sealed_without_the_forgotten(api: Api, driver: Driver, work: RoundContext) -> None:
    sealed = seal(work, at=AT)
    api.answers["PATCH", f"{RUN}/taskInstances/record_posting/-1/hitlDetails"] = {}
    record_posting(driver, "manual__1", ROUND, forgotten=1)
    said = answers(api)["record_posting"][1]["params_input"]
    assert (said["withdrawn"], said["posted"]) == (0, sealed.pieces - 1)


def test_an_entry_that_is_not_there_is_told_by_its_title(driver: Driver, work: RoundContext) -> None:
    hand_over(work)
    assert driver.entry(ROUND, RoundOpened) == work.opened
    assert driver.entry(ROUND, Sealed).pieces == 7
    with pytest.raises(ClientError, match="管理簿に「回の完了」の記録がありません"):
        driver.entry(ROUND, RoundClosed)


def test_a_sample_round_is_one_over_an_export_that_lies_in_the_inbox(settings: Settings) -> None:
    params = sample_round(settings, households=30, seed=7, name="demo")
    export = settings.inbox / params.source
    assert export.with_name(export.name + CONTROL_SUFFIX).is_file()
    source = read_source(export, load_layout(settings.include, params.layout), decision=True)
    assert source.totals.rows == 30
    today = datetime.now(TOKYO).date()
    assert params.issue_date == params.posting_date == today
    assert params.round_id == f"{today:%Y-%m}-demo"
    assert stat.S_IMODE(settings.inbox.stat().st_mode) == 0o700
