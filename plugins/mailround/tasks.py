"""The automatic steps as Airflow tasks: find the round, call the step, return its reference.

Everything heavy is imported inside the task: a DAG file that pulled in pandas or reportlab would slow every parse.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from mailround.errors import ConfigurationError, HouseError, MailroundError, MalformedExportError, RoundRefusedError
from mailround.model import Checked, ChunkGroup, Extracted, IncidentRef, Opened, Rendered, Sealed, Verified
from mailround.settings import TOKYO, environment_with, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Context

    from mailround.context import RoundContext


_log = logging.getLogger(__name__)


def now() -> datetime:
    """Return the time in Tokyo: the one clock of the system, handed to the steps as an argument."""
    return datetime.now(TOKYO)


@contextmanager
def failing_at_once() -> Iterator[None]:
    """Turn a deterministic fault into a failure without retries; infrastructure faults pass through and are retried."""
    try:
        yield
    except MailroundError as error:
        raise AirflowFailException(str(error)) from None


def find_round(round_id: str, run_id: str = "") -> RoundContext:
    """Return an opened round under the current settings, for the run of that id where it matters."""
    from mailround.context import load_round

    return load_round(load_settings(), round_id, run_id)


def started_by(context: Context) -> str:
    """Return the user who started the run.

    Raises:
        RoundRefusedError: Airflow knows none: the run was not started by a person.
    """
    user = context["dag_run"].triggering_user_name
    if not user:
        raise RoundRefusedError(
            "誰がこの実行を開始したか分かりません。", "Airflowの画面に自分の利用者でログインして開始してください。"
        )
    return user


@task(task_display_name="01 回の開始")
def open_round() -> Opened:
    """Open the round, or refuse it."""
    from mailround.open_round import open_round as step

    context = get_current_context()
    with failing_at_once():
        user = started_by(context)
        return step(load_settings(), dict(context["params"]), run_id=context["run_id"], triggered_by=user, at=now())


@task(task_display_name="02 データ取込")
def extract(opened: Opened) -> Extracted:
    """Freeze and read the export."""
    from mailround.extract import extract as step

    with failing_at_once():
        try:
            return step(find_round(opened.round_id), at=now())
        except MalformedExportError as error:
            for finding in error.findings:  # the message, which is mailed too, names only the first ones
                _log.error("%s", finding)
            raise


@task(task_display_name="03 データ検査")
def check_quality(extracted: Extracted) -> Checked:
    """Run both suites."""
    from mailround.check_quality import check_quality as step

    with failing_at_once():
        return step(find_round(extracted.round_id), at=now())


@task(task_display_name="05 印刷計画")
def plan_print(checked: Checked) -> list[ChunkGroup]:
    """Order, number and cut the pieces."""
    from mailround.plan_print import plan_print as step

    with failing_at_once():
        return step(find_round(checked.round_id), at=now())


@task(task_display_name="06 通知書作成")
def render(group: ChunkGroup) -> Rendered:
    """Render one group of chunks."""
    from mailround.render import render as step

    with failing_at_once():
        return step(find_round(group.round_id), group, at=now())


@task(task_display_name="07 全頁照合")
def verify(rendered: Rendered) -> Verified:
    """Read back every page of one group."""
    from mailround.verify import verify as step

    with failing_at_once():
        return step(find_round(rendered.round_id), rendered, at=now())


@task(task_display_name="08 封緘（暗号化）")
def seal(verified: list[Verified]) -> Sealed:
    """Seal the package, re-open it, and take the approver's proof out of it."""
    from mailround.proof import make_proof
    from mailround.seal import seal as step

    with failing_at_once():
        work = find_round(next(iter(verified)).round_id)
        sealed = step(work, at=now())
        make_proof(work, at=now())
        return sealed


@task(task_display_name="14 区側データの廃棄")
def purge(opened: Opened) -> None:
    """Destroy the round key, then the files, then prove it; tell by mail when the export was not where it was put."""
    from mailround import notices
    from mailround.purge import lost_export
    from mailround.purge import purge as step

    with failing_at_once():
        work = find_round(opened.round_id)
        step(work, at=now())
        if told := lost_export(work):
            notices.send(work.settings, *told)


@task(task_display_name="18 回の完了")
def close_round(opened: Opened) -> None:
    """Write the evidence report and close the round."""
    from mailround.close_round import close_round as step

    with failing_at_once():
        step(find_round(opened.round_id), at=now())


@task(task_display_name="1 抜取りの依頼", max_active_tis_per_dag=1)
def request_withdrawal() -> None:
    """Record which pieces are to be pulled, and tell by mail how many; alone, so that requests are numbered in turn."""
    from mailround import notices
    from mailround.withdrawal import request_text
    from mailround.withdrawal import request_withdrawal as step

    context = get_current_context()
    params = context["params"]
    with failing_at_once():
        work = find_round(params["round_id"], context["run_id"])
        request = step(work, params["piece_ids"], params["reason"], requested_by=started_by(context), at=now())
    contacts = tuple(contact.mail for contact in work.contract.contacts)
    notices.send(work.settings, *request_text(work, request), to=contacts)


@task(task_display_name="1 返戻の記録")
def record_returned() -> None:
    """Record which pieces came back."""
    from mailround.returned_mail import record_returned as step

    context = get_current_context()
    params = context["params"]
    with failing_at_once():
        step(
            find_round(params["round_id"], context["run_id"]),
            params["piece_ids"],
            params["reason"],
            date.fromisoformat(params["returned_on"]),
            recorded_by=started_by(context),
            at=now(),
        )


@task(task_display_name="消去期限の見回り")
def watch_deletions() -> int:
    """Remind of every item whose deletion is due, from the register alone; return how many mails went out."""
    from mailround import notices, retention
    from mailround.register.store import Register

    settings = load_settings()
    with failing_at_once():
        register = Register(settings.register_url)
        register.verify()
        return retention.remind(settings, register, partial(notices.send, settings), at=now())


@task(task_display_name="01 事故の報告")
def report_incident() -> IncidentRef:
    """Record the incident, or refuse what was typed; anybody who may start the run may report one."""
    from mailround.incident import report_incident as step

    context = get_current_context()
    with failing_at_once():
        user, params = started_by(context), dict(context["params"])
        return step(find_round(str(params["round_id"])), params, run_id=context["run_id"], reported_by=user, at=now())


@task(task_display_name="02 緊急連絡先への連絡")
def tell_contacts(reported: IncidentRef) -> None:
    """Mail the emergency contacts and the people in charge; the incident is recorded already."""
    from mailround import incident_notices, notices

    with failing_at_once():
        work = find_round(reported.round_id, get_current_context()["run_id"])
        if incident := incident_notices.untold(work):
            to = tuple(each.mail for each in work.contract.contacts)
            notices.send(work.settings, *incident_notices.contact_text(work.round_id, incident), to=to)
            incident_notices.record_told(work, incident, at=now())


@task(task_display_name="設置の点検")
def check_house() -> None:
    """Look whether the installation is as it must be, register and free space included; red with every finding."""
    from mailround.doctor import examine, require_good
    from mailround.house import find_facts

    with failing_at_once():
        require_good(examine(find_facts(load_settings())))


@task(task_display_name="古い実行と記録の削除")
def clean_house() -> dict[str, int]:
    """Remove what Airflow keeps of finished work once its days are over; return how much.

    In a process of its own: Airflow hides its database from this one.
    """
    from mailround.house import metadata_url

    with failing_at_once():
        url = metadata_url(load_settings())
    done = subprocess.run(
        [sys.executable, "-m", "mailround.cleaning"],
        env=environment_with({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        _log.error("%s", done.stderr)
        raise HouseError(
            "古い実行と記録を消し終えませんでした。",
            "MAILROUND_METADATA_URL と管理簿の接続先を確かめ、この工程を Clear してください。",
        )
    cleaned: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return cleaned


@task(task_display_name="1 集計と報告書")
def review_access() -> None:
    """Review the accesses of the month asked for, by default of the one before the run's."""
    from mailround.access_review import previous_month
    from mailround.airflow_api import read_accesses
    from mailround.review_access import review_access as step

    context = get_current_context()
    with failing_at_once():
        month = context["params"]["month"] or previous_month(context["dag_run"].run_after.astimezone(TOKYO).date())
        acts, accounts = read_accesses(month)
        step(load_settings(), month, acts, accounts, run_id=context["run_id"], at=now())


@task(task_display_name="事故対応の見回り")
def watch_incidents() -> int:
    """Remind of every open incident, from the register alone; return how many mails went out.

    Where a contract cannot be read nobody but the usual addresses is told of what is overdue, and at the end it fails.
    """
    from mailround import incident_notices, notices
    from mailround.register.store import Register

    settings = load_settings()
    at = now()
    sent = 0
    unread: ConfigurationError | None = None
    with failing_at_once():
        register = Register(settings.register_url)
        for reminder in incident_notices.reminders(register.entries(), at.date()):
            if not reminder.remind:
                continue
            to: tuple[str, ...] = ()
            try:
                to = incident_notices.escalation(reminder, settings.include)
            except ConfigurationError as error:
                unread = error
            first = incident_notices.first_day(reminder, at=at)
            notices.send(settings, *incident_notices.reminder_text(reminder), to=to, calendar=first)
            incident_notices.record_reminder(register, reminder, at=at)
            sent += 1
        if unread is not None:
            raise unread
    return sent


@task(task_display_name="実行の見回り")
def watch_rounds() -> int:
    """Look at the work, send the mails that wait, and tell what is new, lasting or over; return how many last."""
    from mailround import notices
    from mailround.airflow_api import read_work
    from mailround.house import answering_workers, free_space, least_free
    from mailround.round_watch import watch
    from mailround.watch import Seen, Work

    settings = load_settings()
    with failing_at_once():
        work: Work | MailroundError
        try:
            work = read_work()
        except ConfigurationError as error:
            work = error
        # A demonstration's disk may be small, as in `doctor`.
        least = least_free(settings) if settings.profile == "ward" else 0
        seen = Seen(now(), work, answering_workers(), free_space(settings), least)
        return watch(settings, seen, partial(notices.send, settings))
