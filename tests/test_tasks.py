"""The automatic steps as tasks: a real round through each of them, and which faults fail without retries."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from forked import Airflow
from mailround.extract import CONTROL_SUFFIX
from mailround.layouts import load_layout
from mailround.local.airflow import LocalAirflow
from mailround.register.store import Register
from mailround.round_watch import Memory
from mailround.rounds import load_round_kind
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.settings import TOKYO, CheckSettings

NAME = "髙﨑　伽奈利亜"
NOW = "2026-11-10T09:00:00+09:00"

# Airflow is imported in a process of its own: it makes folders and takes seconds.
RUN = """
import dataclasses, json, logging, os, sys
from datetime import datetime
from types import SimpleNamespace
from airflow.sdk.exceptions import AirflowFailException
from mailround import tasks
from mailround.errors import CountMismatchError
from mailround.settings import TOKYO

logged = []
handler = logging.Handler()
handler.emit = lambda record: logged.append(record.getMessage())
logging.getLogger("mailround.tasks").addHandler(handler)
clock = tasks.now()
tasks.now = lambda: datetime.fromisoformat(sys.argv[1])
asked = {}
tasks.get_current_context = lambda: asked  # a worker's, and there is none

def params(name):
    return {"round_id": f"2026-11-{name}", "kind": "change_notice", "source": f"{name}.csv", "layout": "shinjuku",
            "contract": "r8-print", "extracted_by": "datateam",
            "issue_date": "2026-11-20", "posting_date": "2026-11-24"}

def asking(name, user="datateam"):
    asked.update(params=params(name), run_id="manual__1", dag_run=SimpleNamespace(triggering_user_name=user))

def done(call):
    try:
        outcome = call()
    except Exception as error:
        return {"raised": type(error).__name__, "text": str(error), "cause": error.__suppress_context__}
    return outcome if isinstance(outcome, list) else dataclasses.asdict(outcome) if outcome else None

def fault(error):
    with tasks.failing_at_once():
        raise error

told = {"clock": [clock.tzinfo == TOKYO, abs((datetime.now(TOKYO) - clock).total_seconds()) < 60]}
told["ours"] = done(lambda: fault(CountMismatchError("件数が違います。", "直してください。")))
told["theirs"] = done(lambda: fault(ConnectionError("the database is away")))
asking("good", user=None)
told["nobody"] = done(tasks.open_round.function)
asking("good")
opened = tasks.open_round.function()
told["open_round"] = done(lambda: opened)
told["again"] = done(tasks.open_round.function)
extracted = tasks.extract.function(opened)
told["extract"] = done(lambda: extracted)
checked = tasks.check_quality.function(extracted)
told["check_quality"] = done(lambda: checked)
groups = tasks.plan_print.function(checked)
rendered = [tasks.render.function(group) for group in groups]
told["render"] = [dataclasses.asdict(each) for each in rendered]
verified = [tasks.verify.function(each) for each in rendered]
told["verify"] = [dataclasses.asdict(each) for each in verified]
told["seal"] = done(lambda: tasks.seal.function(verified))
told["too early"] = [done(lambda: tasks.purge.function(opened)), done(lambda: tasks.close_round.function(opened))]
casework = [tasks.request_withdrawal.function, tasks.record_returned.function]
typed = {"piece_ids": "0123ABCDE", "reason": "その他", "returned_on": "2026-11-30"}
asked["params"] |= typed
told["casework too early"] = [done(each) for each in casework]
asking("good", user=None)
asked["params"] |= typed
told["casework of nobody"] = [done(each) for each in casework]
asking("bad")
bad = tasks.open_round.function()
logged.clear()
told["malformed"] = done(lambda: tasks.extract.function(bad))
told["logged"] = logged
told["watch without an API server"] = done(tasks.watch_rounds.function)
del os.environ["AIRFLOW_CONN_ACCESS_REVIEW"]
told["watch without its connection, and no mail server"] = done(tasks.watch_rounds.function)
print(json.dumps(told, default=str))
"""


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a ward whose inbox holds a sound export and a malformed one."""
    home = tmp_path_factory.mktemp("ward") / "airflow"
    environment = LocalAirflow(home, 1, 2).environment()
    inbox = Path(environment["MAILROUND_INBOX"])
    inbox.mkdir(mode=0o700, parents=True)
    Register(environment["MAILROUND_REGISTER_URL"]).migrate()
    kind = load_round_kind(CheckSettings().include, "change_notice")
    recipients = sample_recipients(45, 7, kind).recipients
    sound = write_export(recipients, load_layout(CheckSettings().include, "shinjuku"), decision=True)
    lines = sound.split(b"\r\n")
    broken = [line + b"," + NAME.encode("cp932") if 3 <= place < 40 else line for place, line in enumerate(lines)]
    for name, raw in (("good", sound), ("bad", b"\r\n".join(broken))):
        export = inbox / f"{name}.csv"
        export.write_bytes(raw)
        control = control_file(raw, recipients, decision=True, created_at=datetime.fromisoformat(NOW))
        export.with_name(export.name + CONTROL_SUFFIX).write_bytes(control)
    return environment


@pytest.fixture(scope="module")
def told(ward: dict[str, str], airflow: Airflow) -> dict[str, Any]:
    done = airflow.python("-c", RUN, NOW, environment=ward)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def test_the_clock_is_tokyos(told: dict[str, Any]) -> None:
    assert told["clock"] == [True, True]


def test_a_fault_of_the_round_fails_at_once_and_one_of_the_machine_is_left_to_the_retries(told: dict[str, Any]) -> None:
    ours, theirs = told["ours"], told["theirs"]
    assert (ours["raised"], theirs["raised"]) == ("AirflowFailException", "ConnectionError")
    assert ours["text"] == "件数が違います。 【対応】直してください。"
    assert ours["cause"], "the fault behind it may quote a cell"


def test_a_run_that_nobody_started_is_refused(told: dict[str, Any]) -> None:
    assert told["nobody"]["raised"] == "AirflowFailException"
    assert "誰がこの実行を開始したか分かりません" in told["nobody"]["text"]
    assert [each["raised"] for each in told["casework of nobody"]] == ["AirflowFailException"] * 2
    assert all("誰がこの実行を開始したか" in each["text"] for each in told["casework of nobody"])


def test_every_step_hands_its_reference_to_the_next(told: dict[str, Any]) -> None:
    assert told["again"] == told["open_round"]
    assert told["open_round"]["round_id"] == "2026-11-good"
    assert told["extract"]["rows"] == 45
    checked, sealed = told["check_quality"], told["seal"]
    assert checked["printable"] + checked["held"] + checked["excluded"] + checked["counter"] == 45
    assert {each["round_id"] for each in (*told["render"], *told["verify"])} == {"2026-11-good"}
    for step in ("render", "verify"):
        assert sum(each["pieces"] for each in told[step]) == sealed["pieces"] == checked["printable"]


def test_what_may_not_be_done_yet_fails_at_once(told: dict[str, Any]) -> None:
    assert [each["raised"] for each in told["too early"]] == ["AirflowFailException"] * 2
    assert [each["raised"] for each in told["casework too early"]] == ["AirflowFailException"] * 2
    withdrawal, returned = (each["text"] for each in told["casework too early"])
    assert "媒体をまだ引き渡していない" in withdrawal
    assert "封書索引は、まだありません" in returned


def test_every_step_is_in_the_register_at_the_time_of_the_clock_with_the_proof_behind_the_seal(
    ward: dict[str, str], told: dict[str, Any]
) -> None:
    entries = Register(ward["MAILROUND_REGISTER_URL"]).entries("2026-11-good")
    kinds = [entry.body.kind for entry in entries]
    opening = ["gates_evaluated", "round_opened", "contract_stated"]
    assert kinds[:6] == [*opening, "extracted", "quality_checked", "print_planned"]
    assert kinds[-3:] == ["gates_evaluated", "sealed", "proof_made"]
    assert {datetime.fromisoformat(entry.at) for entry in entries} == {datetime.fromisoformat(NOW)}
    assert entries[1].actor == "datateam"
    assert datetime.fromisoformat(NOW).utcoffset() == TOKYO.utcoffset(datetime.fromisoformat(NOW))


def test_a_malformed_export_is_logged_place_by_place_and_named_in_short_without_a_value(told: dict[str, Any]) -> None:
    assert told["malformed"]["raised"] == "AirflowFailException"
    assert len(told["logged"]) == 37
    assert len(set(told["logged"])) == 37
    assert sum(each in told["malformed"]["text"] for each in told["logged"]) < 37
    assert not any(NAME[3:] in text for text in (told["malformed"]["text"], *told["logged"]))


def test_a_watch_that_is_away_from_the_api_server_is_tried_again_and_one_without_its_connection_looks_at_the_rest(
    ward: dict[str, str], told: dict[str, Any]
) -> None:
    assert told["watch without an API server"]["raised"] == "ConnectError"
    assert told["watch without its connection, and no mail server"]["raised"] == "ConnectionRefusedError"
    memory = Memory.model_validate_json((Path(ward["MAILROUND_DATA"]) / "watch.json").read_bytes())
    assert list(memory.findings) == ["unseen"]
    assert "接続 access_review がない" in memory.findings["unseen"].line
    assert memory.looked == datetime.fromisoformat(NOW)
