"""A whole round of a ward, answered by its users with a mistake here and there; it runs beside the tests.

It mostly waits: for Airflow, for the second occasion, for people. The tests of `test_round.py` look at what it left.
"""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Callable
from datetime import datetime

from asked import answer_until

from mailround.context import load_round
from mailround.extract import CONTROL_SUFFIX
from mailround.layouts import load_layout
from mailround.local.drive import (
    ANSWERS,
    Answers,
    Driver,
    approve,
    record_posting,
    record_receipt,
    record_returns,
    round_over,
)
from mailround.model import Delivery, RoundParams, Status
from mailround.plan_print import LISTED, list_name
from mailround.register.entries import AnswerRefused, ReceiptDisputed, Sealed, standing
from mailround.rounds import load_round_kind
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.seal import package_path
from mailround.settings import TOKYO
from mailround.vault import Vault

CANARY_NAME = "蜩澤　鵺之介"
CANARY_KANA = "ヒグラシザワ　ヌエノスケ"
CANARY_ADDRESS = "東京都新宿区新宿一丁目987番65号"
CANARY_REASON = "翡翠色の鸚鵡を譲り受けたため。"
CANARIES = ("蜩澤", "鵺之介", "ヒグラシザワ", "987番65号", "翡翠色の鸚鵡")


def put_export(driver: Driver, name: str, seed: int, *, break_it: bool = False) -> RoundParams:
    """Write an export of 60 households with three canaries: one is printed, one is held, one is excluded."""
    now = datetime.now(TOKYO)
    kind = load_round_kind(driver.settings.include, "change_notice")
    layout = load_layout(driver.settings.include, "shinjuku")
    records = list(sample_recipients(60, seed, kind).recipients)
    plain = [
        index
        for index, each in enumerate(records)
        if each.name and each.status == Status.ACTIVE and each.delivery == Delivery.POST and not each.mailto_address
    ]
    changes: tuple[dict[str, object], ...] = (
        {"address": CANARY_ADDRESS},
        {"address": "東京都新宿区新宿一丁目", "building": "蜩澤荘"},
        {"address": CANARY_ADDRESS, "status": Status.CLOSED},
    )
    for number, (index, change) in enumerate(zip(plain[-3:], changes, strict=True)):
        decision = records[index].decision
        assert decision is not None
        records[index] = dataclasses.replace(
            records[index],
            name=CANARY_NAME,
            kana=CANARY_KANA + "アイウ"[number],
            postcode="160-0022",
            decision=dataclasses.replace(decision, reason=CANARY_REASON),
            **({"building": ""} | change),  # type: ignore[arg-type]
        )
    raw = write_export(tuple(records), layout, decision=True)
    if break_it:
        name_as_written = CANARY_NAME.encode("cp932")
        raw = raw.replace(name_as_written, name_as_written + b"\xff,")
    export = driver.settings.inbox / f"{name}.csv"
    export.write_bytes(raw)
    export.with_name(export.name + CONTROL_SUFFIX).write_bytes(
        control_file(raw, tuple(records), decision=True, created_at=now)
    )
    return round_over(export.name, name, now)


def approve_oneself_then_let_another(driver: Driver, run_id: str, round_id: str) -> None:
    """First the person who triggered the round tries to approve it; once asked again, the second division does."""
    if standing(driver.register.entries(round_id), AnswerRefused):
        approve(driver, run_id, round_id)
    else:
        driver.users["datateam"].answer(run_id, "approve_release", "承認")


def casework(
    driver: Driver, dag: str, task_id: str, params: dict[str, str], moment: str = "", **fields: object
) -> None:
    """The officer, who may not start a round, starts a DAG of a round that is out, and answers its form at once."""
    officer = driver.users["officer"]
    run_id = officer.trigger(params, dag=dag)
    over = lambda: officer.run_state(run_id, dag=dag) in {"success", "failed"}  # noqa: E731
    # not before the request was recorded
    given = lambda: fields | ({moment: datetime.now(TOKYO).isoformat()} if moment else {})  # noqa: E731
    answer_until(over, officer, run_id, task_id, "記録する", dag=dag, fields=given, airflow=driver.airflow)
    assert officer.run_state(run_id, dag=dag) == "success"


def some_pieces(driver: Driver, round_id: str) -> tuple[str, str]:
    """Return the ids of the round's first two pieces."""
    plan = load_round(driver.settings, round_id).workspace.read_records(list_name(1), LISTED)
    return plan[0].piece_id, plan[1].piece_id


PIECES: list[str] = []
"""The piece that is pulled and the one that comes back."""


def miscount_then_record_posting(driver: Driver, run_id: str, round_id: str) -> None:
    """First the officer has a piece pulled and forgets another; once asked again, the count is right."""
    asked = any(each.step == "record_posting" for each in standing(driver.register.entries(round_id), AnswerRefused))
    if not asked:
        PIECES[:] = some_pieces(driver, round_id)
        casework(
            driver,
            "withdraw_pieces",
            "acknowledge_withdrawal",
            {"round_id": round_id, "piece_ids": PIECES[0].lower(), "reason": "送付先の変更"},
            acknowledged_by="C-001",
            moment="acknowledged_at",
            pulled="すべて",
            too_late=0,
        )
    record_posting(driver, run_id, round_id, forgotten=0 if asked else 1)


def dispute_then_confirm(driver: Driver, run_id: str, round_id: str) -> None:
    """First the contractor counts a piece too few; once asked again, the count is right."""
    if standing(driver.register.entries(round_id), ReceiptDisputed):
        record_receipt(driver, run_id, round_id)
        return
    driver.users["officer"].answer(
        run_id,
        "record_receipt",
        "記録する",
        receiver="C-001",
        received_at=datetime.now(TOKYO).isoformat(),
        discs=1,
        pieces=driver.entry(round_id, Sealed).pieces - 1,
        pages=driver.entry(round_id, Sealed).pages,
    )


def settle_returned_mail_then_record_returns(driver: Driver, run_id: str, round_id: str) -> None:
    """A piece comes back before the things do."""
    casework(
        driver,
        "record_returned_mail",
        "settle_returned_mail",
        {
            "round_id": round_id,
            "piece_ids": PIECES[1],
            "reason": "転居先不明",
            "returned_on": datetime.now(TOKYO).date().isoformat(),
        },
        piece_ids="すべて",
        action="窓口で交付",
        reference="第12号",
    )
    record_returns(driver, run_id, round_id)


def open_with_seven_zip(answer: Answers) -> Answers:
    """Before the disc is handed over, open the package as the contractor would, with an independent reader."""

    def media(driver: Driver, run_id: str, round_id: str) -> None:
        password = Vault(driver.settings.vault, driver.settings.vault_identity).open(round_id, "package-password")
        tested = subprocess.run(
            ["7z", "t", f"-p{password.decode()}", str(package_path(driver.settings, round_id))],
            capture_output=True,
            check=False,
        )
        assert tested.returncode == 0, tested.stdout
        assert (package_path(driver.settings, round_id).stat().st_mode & 0o777) == 0o600
        answer["record_media_handover"](driver, run_id, round_id)

    return {**answer, "record_media_handover": media}


def wait_for(done: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def run_to_the_end(driver: Driver) -> RoundParams:
    """Start the round, answer all it asks, and return what it was started with once it has succeeded."""
    params = put_export(driver, "happy", seed=11)
    run_id = driver.trigger(params)
    answers = open_with_seven_zip(
        {
            **ANSWERS,
            "approve_release": approve_oneself_then_let_another,
            "record_receipt": dispute_then_confirm,
            "record_posting": miscount_then_record_posting,
            "record_returns": settle_returned_mail_then_record_returns,
        }
    )
    assert driver.follow(run_id, params.round_id, answers) == "success"
    return params
