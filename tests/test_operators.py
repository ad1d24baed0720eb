"""The operators on Airflow's own classes: what parks a task, what wakes it, and what it does not believe."""

from __future__ import annotations

import email
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from answered import FIELDS, day, expire, lead_to, report, take_back
from forked import Airflow
from mailround.context import RoundContext
from mailround.deletion_certificate import DeletionCertificate
from mailround.local.airflow import LocalAirflow
from mailround.local.mailbox import Mailbox
from mailround.model import Recipient
from mailround.posting import Posting
from mailround.proof import make_proof
from mailround.receipt import Receipt
from mailround.register.entries import (
    AnswerRefused,
    DeletionReminded,
    Extracted,
    HoldsDecided,
    HoldsReleased,
    Posted,
    QualityChecked,
    ReceiptConfirmed,
    ReceiptDisputed,
    ReleaseApproved,
    WithdrawalRequested,
    standing,
)
from mailround.returns import Returns
from mailround.seal import seal
from mailround.settings import Settings
from mailround.withdrawal import WithdrawalAcknowledgement
from ports import free_port
from prepared import AT, another_contract, as_before_contracts_were_stated, hand_over, own_include, print_round, record

ITEMS = ("disc", "notice-1", "withdrawn", "spoiled", "data")
"""What of the round is out of the house once it is posted."""

RUN = """
import json, sys
from datetime import datetime
from types import SimpleNamespace
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, TaskAwaitingInput, TaskDeferred
from mailround import operators, tasks
from mailround.approve_release import ReleaseApproval
from mailround.posting import Posting
from mailround.receipt import Receipt
from mailround.decide_holds import HoldDecision

asked = []
operators.upsert_hitl_detail = lambda **request: asked.append(request)  # it speaks to a supervisor that is not here
operators.HITLOperator.execute = lambda self, context: (_ for _ in ()).throw(TaskAwaitingInput(method_name="x"))

case, moment = json.loads(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
operators.now = tasks.now = lambda: moment
with DAG("mailing_round"):
    approval = operators.FourEyesApprovalOperator(task_id="approve_release", form=ReleaseApproval)
    posting = operators.FormOperator(task_id="record_posting", task_display_name="13 発送の記録", form=Posting)
    holds = operators.FormOperator(task_id="decide_holds", form=HoldDecision)
    receipt = operators.FormOperator(task_id="record_receipt", task_display_name="12 受領の確認", form=Receipt)
    reminder = operators.DeletionDueReminderOperator(task_id="deletion_due_reminder")
instance = SimpleNamespace(id="1", dag_id="mailing_round", run_id="r", task_id="approve_release", map_index=-1)
context = {"params": {"round_id": "2026-11-change"}, "task_instance": instance}

def done(call):
    try:
        call()
    except TaskDeferred as deferred:
        return {"deferred": deferred.trigger.moment.isoformat(), "method": deferred.method_name}
    except TaskAwaitingInput as parked:
        return {"parked": parked.method_name, "kwargs": parked.kwargs}
    except (AirflowException, OSError) as error:
        return {"failed": type(error).__name__, "text": str(error)}
    return {}

def answered(shown, responder, option="承認"):
    event = {
        "chosen_options": [option], "params_input": {}, "responded_at": moment,
        "responded_by_user": {"id": "2", "name": responder} if responder else None,
    }
    return done(lambda: approval.execute_complete(context, event, shown=shown))

if case["do"] == "remind":
    outcomes = [done(lambda: reminder.execute(context)), done(lambda: reminder.remind(context))]
elif case["do"] == "watch":
    outcomes = [done(tasks.watch_deletions.function)]
elif case["do"] == "post again":
    Posting.after = classmethod(lambda cls, work: asked.append(work.round_id))
    outcomes = [done(lambda: posting.execute(context))]
elif case["do"] == "post":
    shown = done(lambda: posting.execute(context))["kwargs"]["shown"]
    event = {
        "chosen_options": ["記録する"], "params_input": case["fields"], "responded_at": moment,
        "responded_by_user": {"id": "3", "name": "officer"},
    }
    outcomes = [done(lambda: posting.execute_complete(context, event, shown=shown))]
elif case["do"] == "ask for the receipt":
    outcomes = [done(lambda: receipt.execute(context))]
elif case["do"] == "receive":
    event = {
        "chosen_options": ["記録する"], "params_input": case["fields"], "responded_at": moment,
        "responded_by_user": {"id": "3", "name": "officer"},
    }
    outcomes = [done(lambda: receipt.execute_complete(context, event, shown=case["shown"]))]
elif case["do"] == "ask":
    outcomes = [done(lambda: approval.execute(context))]
elif case["do"] == "answer":
    shown = case.get("shown") or done(lambda: approval.execute(context))["kwargs"]["shown"]
    outcomes = [answered(shown, case["responder"])]
elif case["do"] == "send back":
    shown = done(lambda: approval.execute(context))["kwargs"]["shown"]
    outcomes = [answered(shown, "approver", "差戻し"), done(lambda: approval.execute(context))]
elif case["do"] == "release":
    def ask():
        return done(lambda: holds.execute(context))
    def say(shown, option, **fields):
        event = {
            "chosen_options": [option], "params_input": fields, "responded_at": moment,
            "responded_by_user": {"id": "3", "name": "officer"},
        }
        return done(lambda: holds.execute_complete(context, event, shown=shown))
    first = ask()
    released = say(first["kwargs"]["shown"], "保留を解除する", **case["fields"])
    stale = say(first["kwargs"]["shown"], "保留分を除いて続ける")
    second = ask()
    outcomes = [first, released, stale, second, say(second["kwargs"]["shown"], "保留分を除いて続ける"), ask()]
elif case["do"] == "withdraw":
    tasks.get_current_context = lambda: context | {
        "params": case["params"] | context["params"],
        "run_id": "r",
        "dag_run": SimpleNamespace(triggering_user_name="officer"),
    }
    outcomes = [done(tasks.request_withdrawal.function)]
elif case["do"] == "purge":
    outcomes = [done(lambda: tasks.purge.function(tasks.Opened(round_id="2026-11-change")))]
elif case["do"] == "one pair of eyes":
    with DAG("another"):
        try:
            operators.FourEyesApprovalOperator(task_id="posting", form=Posting)
            outcomes = ["built"]
        except ValueError as error:
            outcomes = [str(error)]
elif case["do"] == "names":
    outcomes = [[hasattr(getattr(operators, name), method) for name, method in case["names"]]]
print(json.dumps({"outcomes": outcomes, "asked": len(asked)}))
"""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with contracts that may be broken."""
    return own_include(settings, tmp_path)


def sealed(opened: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    report(opened)
    print_round(opened, make_recipient)
    seal(opened, at=AT)
    make_proof(opened, at=AT)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    """A sealed round that waits for its approval."""
    return round_after(sealed)


@pytest.fixture
def mail_port(tmp_path: Path) -> Iterator[int]:
    """A mail server that keeps what it gets in ``mail``."""
    port = free_port()
    controller = Controller(Mailbox(tmp_path / "mail"), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def mails(work: RoundContext) -> list[Any]:
    """Return the mails that arrived."""
    found = sorted((work.settings.inbox.parent / "mail").glob("*.eml"))
    return [email.message_from_bytes(each.read_bytes(), policy=default) for each in found]


def headers(work: RoundContext, name: str) -> list[str]:
    """Return one header of each mail that arrived."""
    return [str(each[name]) for each in mails(work)]


def subjects(work: RoundContext) -> list[str]:
    """Return the subjects of the mails that arrived."""
    return headers(work, "Subject")


@pytest.fixture
def run(work: RoundContext, tmp_path: Path, mail_port: int, airflow: Airflow) -> Callable[..., dict[str, Any]]:
    """Run one case on the round's ward, at a given time."""
    settings = work.settings
    environment = LocalAirflow(tmp_path / "airflow", 1, mail_port).environment() | {
        "MAILROUND_INCLUDE": str(settings.include),
        "MAILROUND_INBOX": str(settings.inbox),
        "MAILROUND_DATA": str(settings.data),
        "MAILROUND_OUTBOX": str(settings.outbox),
        "MAILROUND_VAULT": str(settings.vault),
        "MAILROUND_VAULT_IDENTITY": str(settings.vault_identity),
        "MAILROUND_REGISTER_URL": settings.register_url,
    }

    def runner(at: str, *, server: bool = True, **case: object) -> dict[str, Any]:
        told = environment if server else environment | {"AIRFLOW_CONN_SMTP_DEFAULT": "smtp://127.0.0.1:1"}
        outcome: dict[str, Any] = airflow.run(RUN, json.dumps(case), at, folder=tmp_path, environment=told)
        return outcome

    return runner


def test_an_approval_whose_days_are_over_is_asked_for_again_when_its_step_is_cleared(
    work: RoundContext, run: Callable[..., dict[str, Any]]
) -> None:
    assert run(APPROVED_AT, do="answer", responder="approver")["outcomes"] == [{}]
    assert run("2026-11-19T23:59:00+09:00", do="ask")["outcomes"] == [{}]
    late = "2026-11-20T00:00:00+09:00"
    assert run(late, do="ask")["outcomes"][0]["parked"] == "execute_complete"
    assert run(late, do="answer", responder="approver2")["outcomes"] == [{}]
    assert run(late, do="ask")["outcomes"] == [{}]
    assert len(standing(work.entries, ReleaseApproved)) == 2


APPROVED_AT = "2026-11-12T10:00:00+09:00"


def test_a_question_parks_the_task_with_the_digest_of_what_is_shown(run: Callable[..., dict[str, Any]]) -> None:
    (outcome,) = run(APPROVED_AT, do="ask")["outcomes"]
    assert outcome["parked"] == "execute_complete"
    assert len(outcome["kwargs"]["shown"]) == 64


def test_the_second_division_approves(run: Callable[..., dict[str, Any]], work: RoundContext) -> None:
    assert run(APPROVED_AT, do="answer", responder="approver") == {"outcomes": [{}], "asked": 0}
    assert len(standing(work.entries, ReleaseApproved)) == 1


@pytest.mark.parametrize("responder", ["datateam", "officer", None])
def test_anybody_else_is_recorded_and_asked_again(
    run: Callable[..., dict[str, Any]], work: RoundContext, responder: str | None
) -> None:
    told = run(APPROVED_AT, do="answer", responder=responder)
    assert told["outcomes"][0]["parked"] == "execute_complete"
    assert told["asked"] == 1
    assert standing(work.entries, ReleaseApproved) == []
    assert [each.step for each in standing(work.entries, AnswerRefused)] == ["approve_release"]
    assert [subject.split("：")[0] for subject in subjects(work)] == ["[mailround] 再回答のお願い"]


def test_why_an_answer_was_refused_is_told_by_the_next_try_when_the_mail_server_was_down(
    run: Callable[..., dict[str, Any]], work: RoundContext
) -> None:
    (refused,) = run(APPROVED_AT, server=False, do="answer", responder="datateam")["outcomes"]
    assert refused["failed"] == "ConnectionRefusedError", "the task is tried again"
    assert run(APPROVED_AT, server=False, do="ask")["outcomes"][0]["failed"] == "ConnectionRefusedError"
    for _ in range(2):
        assert run(APPROVED_AT, do="ask")["outcomes"][0]["parked"] == "execute_complete"
    assert [subject.split("：")[0] for subject in subjects(work)] == ["[mailround] 再回答のお願い"] * 2
    assert len(set(headers(work, "Message-ID"))) == 1, "for whoever reads it, one mail"
    (told, _) = (each.get_body(("html",)).get_content() for each in mails(work))
    assert "開始した本人は回答できません" in told
    assert f"/mailround/rounds/{work.round_id}<" in told, "where the reason is to be seen, too"
    assert len(standing(work.entries, AnswerRefused)) == 1
    take_back(work, AnswerRefused)
    assert run(APPROVED_AT, do="ask")["outcomes"][0]["parked"] == "execute_complete"
    assert len(subjects(work)) == 2, "somebody has done something since"


def test_a_withdrawal_is_told_by_the_next_try_when_the_mail_server_was_down(
    run: Callable[..., dict[str, Any]], work: RoundContext
) -> None:
    lead_to(WithdrawalAcknowledgement, work)
    params = {"piece_ids": "PA000003Z", "reason": "送付先の変更"}
    at = "2026-11-18T11:00:00+09:00"
    (untold,) = run(at, server=False, do="withdraw", params=params)["outcomes"]
    assert untold["failed"] == "ConnectionRefusedError", "the task is tried again"
    assert run(at, do="withdraw", params=params)["outcomes"] == [{}]
    assert subjects(work) == ["[mailround] 封書の抜取り：回 2026-11-change（1 通）"]
    assert [each.piece_ids for each in standing(work.entries, WithdrawalRequested)][1:] == [("PA000003Z",)]


def test_a_release_is_recorded_and_the_question_asked_afresh_with_the_new_counts(
    run: Callable[..., dict[str, Any]], work: RoundContext
) -> None:
    report(work, A04=("0000906",))
    counts = {"rows": 10, "printable": 6, "held": 3, "excluded": 1, "warned": 0}
    record(work, QualityChecked(export_sha256="e" * 64, findings={}, checked_sha256="c" * 64, **counts))
    fields = {"rule": "A04", "case_nos": "", "reason": "データは正しい（例外）", "reference": "第1号"}
    told = run("2026-11-11T10:00:00+09:00", do="release", fields=fields)
    first, released, stale, second, decided, again = told["outcomes"]
    assert first["parked"] == second["parked"] == "execute_complete"
    assert first["kwargs"]["shown"] != second["kwargs"]["shown"]
    assert released["failed"] == stale["failed"] == "AirflowException", "Airflow cannot change the text of a request"
    assert "新しい内容で" in released["text"]
    assert decided == again == {}
    assert [each.cases for each in standing(work.entries, HoldsReleased)] == [1]
    assert standing(work.entries, HoldsDecided)[-1].held == 2
    assert told["asked"] == 0


def test_an_answer_to_what_is_no_longer_so_is_not_taken(run: Callable[..., dict[str, Any]], work: RoundContext) -> None:
    (outcome,) = run(APPROVED_AT, do="answer", responder="approver", shown="0" * 64)["outcomes"]
    assert outcome["failed"] == "AirflowException", "a plain failure, so that the retry asks afresh"
    assert standing(work.entries, ReleaseApproved) == []
    assert standing(work.entries, AnswerRefused) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_round_sent_back_fails_in_red_and_says_what_became_of_the_export(
    run: Callable[..., dict[str, Any]], work: RoundContext, there: bool
) -> None:
    export = work.settings.inbox / work.opened.source
    extracted = Extracted(rows=1, bytes=0, sha256=hashlib.sha256(b"").hexdigest(), total_after=0, unknown_headers=0)
    record(work, extracted)
    if not there:
        export.unlink()
    told = run(APPROVED_AT, do="send back")["outcomes"]
    assert told[0] == told[1], "a cleared task says the same"
    assert told[0]["failed"] == "AirflowFailException"
    assert ("受信フォルダの原本は廃棄済みです" in told[0]["text"]) is there
    assert ("原本の所在を確かめて" in told[0]["text"]) is not there
    assert not export.exists()


def test_a_purge_that_finds_no_export_is_told_by_mail(run: Callable[..., dict[str, Any]], work: RoundContext) -> None:
    lead_to(DeletionCertificate, work)
    (outcome,) = run("2026-11-25T11:00:00+09:00", do="purge", server=False)["outcomes"]
    assert outcome["failed"] == "ConnectionRefusedError", "the task is tried again"
    assert run("2026-11-25T11:00:00+09:00", do="purge")["outcomes"] == [{}]
    assert subjects(work) == ["[mailround] 確認のお願い：回 2026-11-change／受信フォルダの原本"]


def test_a_form_for_one_pair_of_eyes_cannot_be_an_approval(run: Callable[..., dict[str, Any]]) -> None:
    assert "second person" in run(APPROVED_AT, do="one pair of eyes")["outcomes"][0]


def test_the_reminder_sleeps_until_its_day_and_then_reminds_once(
    run: Callable[..., dict[str, Any]], work: RoundContext
) -> None:
    lead_to(Returns, work)
    waiting, early = run("2026-11-25T09:00:00+09:00", do="remind")["outcomes"]
    assert waiting == {"deferred": "2026-12-16T15:00:00+00:00", "method": "remind"}
    assert early == {}
    assert standing(work.entries, DeletionReminded) == []
    assert run("2026-12-17T00:00:05+09:00", do="remind")["outcomes"] == [{}, {}]
    assert standing(work.entries, DeletionReminded) == [
        DeletionReminded(due=date(2026, 12, 24), on=date(2026, 12, 17), item=item) for item in ITEMS
    ]
    assert len(subjects(work)) == len(ITEMS)
    told = "[mailround] 委託先の消去・返却：回 2026-11-change／媒体 DVD-0001（期限まであと7日です）"
    assert subjects(work)[0] == told


@pytest.mark.parametrize("broken", [False, True])
def test_the_watch_and_the_runs_reminder_escalate_what_is_overdue_once_between_them(
    run: Callable[..., dict[str, Any]], work: RoundContext, broken: bool
) -> None:
    lead_to(Returns, work)
    if broken:
        (work.settings.include / "closing_days.yaml").unlink()
    (watched,) = run("2026-12-25T08:30:00+09:00", do="watch")["outcomes"]
    run("2026-12-25T09:00:00+09:00", do="remind")
    assert watched.get("failed") == ("AirflowFailException" if broken else None)
    assert len(standing(work.entries, DeletionReminded)) == len(subjects(work)) == len(ITEMS)
    assert set(headers(work, "To")) == {"alert@mailround.invalid, chief@ward.example"}
    assert headers(work, "Message-ID")[0] == "<2026-11-change.disc.20261225.1@localhost>"


def test_a_late_posting_is_recorded_and_warned_of_even_when_the_mail_server_was_down(
    run: Callable[..., dict[str, Any]], work: RoundContext
) -> None:
    lead_to(Posting, work)
    expire(work, day(11, 20))
    posted_at = "2026-11-25T10:00:00+09:00"
    (outcome,) = run(posted_at, server=False, do="post", fields=FIELDS[Posting])["outcomes"]
    assert outcome["failed"] == "ConnectionRefusedError", "the task is tried again"
    assert len(standing(work.entries, Posted)) == 1
    assert run(posted_at, do="post again") == {"outcomes": [{}], "asked": 1}, "what follows is done again"
    assert len(standing(work.entries, Posted)) == 1
    assert subjects(work) == ["[mailround] 確認のお願い：回 2026-11-change／13 発送の記録"]


def test_a_count_that_differs_is_told_by_mail_before_the_question_is_put_again(
    run: Callable[..., dict[str, Any]], work: RoundContext
) -> None:
    lead_to(Receipt, work)
    at = "2026-11-17T15:00:00+09:00"
    (asked,) = run(at, do="ask for the receipt")["outcomes"]
    assert subjects(work) == []
    shown, fields = asked["kwargs"]["shown"], FIELDS[Receipt] | {"pieces": 6}
    (disputed,) = run(at, do="receive", shown=shown, fields=fields)["outcomes"]
    assert disputed["failed"] == "AirflowException", "the task's next try asks again"
    (untold,) = run(at, do="ask for the receipt", server=False)["outcomes"]
    assert untold["failed"] == "ConnectionRefusedError", "and does not ask what nobody was told of"
    (again,) = run(at, do="ask for the receipt")["outcomes"]
    assert again["kwargs"]["shown"] != shown
    assert subjects(work) == ["[mailround] 確認のお願い：回 2026-11-change／12 受領の確認"]
    (stale,) = run(at, do="receive", shown=shown, fields=FIELDS[Receipt])["outcomes"]
    assert stale["failed"] == "AirflowException"
    assert run(at, do="receive", shown=again["kwargs"]["shown"], fields=FIELDS[Receipt])["outcomes"] == [{}]
    assert [each.pieces for each in standing(work.entries, ReceiptDisputed)] == [6]
    assert len(standing(work.entries, ReceiptConfirmed)) == len(subjects(work)) == 1


@pytest.mark.parametrize("who", ["remind", "watch"])
def test_a_reminder_that_nobody_got_is_not_recorded_as_sent(
    run: Callable[..., dict[str, Any]], work: RoundContext, who: str
) -> None:
    lead_to(DeletionCertificate, work)
    outcomes = run("2026-12-17T08:30:00+09:00", do=who, server=False)["outcomes"]
    assert {outcome["failed"] for outcome in outcomes} == {"ConnectionRefusedError"}
    assert standing(work.entries, DeletionReminded) == []


def test_the_daily_watch_reminds_of_the_others_and_then_fails_over_a_round_whose_contract_is_broken(
    run: Callable[..., dict[str, Any]],
    work: RoundContext,
    open_a_round: Callable[..., RoundContext],
    make_recipient: Callable[..., Recipient],
) -> None:
    lead_to(Returns, work)
    other = another_contract(work.settings)
    lost = as_before_contracts_were_stated(open_a_round(round_id="2026-10-change", contract="other"))
    print_round(lost, make_recipient)
    hand_over(lost)
    other.unlink()

    (outcome,) = run("2026-12-17T08:30:00+09:00", do="watch")["outcomes"]
    assert outcome["failed"] == "AirflowFailException", "red at once; the alert quotes the text"
    assert "2026-10-change" in outcome["text"]
    assert len(standing(work.entries, DeletionReminded)) == len(subjects(work)) == len(ITEMS)


def test_names_that_parked_runs_have_stored_stay_importable(run: Callable[..., dict[str, Any]]) -> None:
    """A run waits for months; these names stand in its rows. Do not edit this list, add to it."""
    names = [
        ("FormOperator", "execute_complete"),
        ("FourEyesApprovalOperator", "execute_complete"),
        ("DeletionDueReminderOperator", "remind"),
    ]
    assert run(APPROVED_AT, do="names", names=names)["outcomes"] == [[True, True, True]]
