"""Mails to the people in charge: failures, refused answers, dues. Japanese, and never personal data."""

from __future__ import annotations

import html
import logging
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException

from mailround import unsent
from mailround.settings import TOKYO, Settings, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Context

_log = logging.getLogger(__name__)


def send(
    settings: Settings,
    subject: str,
    body: str,
    *,
    to: tuple[str, ...] = (),
    message_id: str = "",
    calendar: bytes = b"",
) -> None:
    """Mail a plain text to the configured addresses (there is at least one) and to those given, if any.

    Through the connection ``smtp_default``. ``message_id`` names the mail, for one that may have to be sent twice.
    ``calendar`` is attached as ``kigen.ics``: dates and ids, which may lie in a file for the moment that takes.

    Raises what the mail server raises: the caller's task is tried again.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    lines = "<br>\n".join(html.escape(line) for line in body.splitlines())
    with TemporaryDirectory(prefix="mailround-mail-") as folder, SmtpHook() as server:
        attached = Path(folder) / "kigen.ics"
        attached.write_bytes(calendar)
        server.send_email_smtp(
            to=list(dict.fromkeys((*settings.alert_to, *to))),
            subject=f"[mailround] {subject}",
            html_content=f"<html><body>{lines}</body></html>",
            from_email=settings.alert_from,
            files=[str(attached)] if calendar else None,
            custom_headers={"Message-ID": message_id} if message_id else None,
        )


def alert_failure(context: Context) -> None:
    """Tell that a task failed: which round or DAG, which step, what to do, and where its log is.

    Only a deterministic fault's text is quoted: our own errors hold no personal data, a library's might. Airflow calls
    this once: a mail that cannot be sent is kept, and the next look of `round_watch` sends it.
    """
    instance, task = context["task_instance"], context["task"]
    error = context.get("exception")
    round_id = context["params"].get("round_id")
    about = f"回 {round_id}" if round_id else f"「{context['dag'].dag_display_name}」"
    what = (
        str(error)
        if isinstance(error, AirflowFailException)
        else "想定外の障害です（再試行の回数を使い切りました）。【対応】記録を開き、システム担当へ連絡してください。"
    )
    subject = f"失敗：{about}／{task.task_display_name}"
    body = f"対象：{about}\n工程：{task.task_display_name}（{instance.task_id}）\n内容：{what}"
    settings = load_settings()
    try:
        send(settings, subject, f"{body}\n記録：{instance.log_url}")
    except Exception:  # noqa: BLE001 - whatever keeps a mail from going must not lose it
        _log.exception("メールを送れませんでした。残しておき、次の見回りで送ります。")
        unsent.keep(settings, subject, body, instance.log_url, at=datetime.now(TOKYO))


EVERY_TASK = {
    "owner": "生活福祉課",
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "on_failure_callback": alert_failure,
}
"""What every task of every DAG has: infrastructure faults are tried again, and somebody hears of what stays red."""
HOUSE_QUEUE = "house"
"""Of the tasks that need Airflow's own database, or must not wait behind a round's: with Celery a worker of its own."""
