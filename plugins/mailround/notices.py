"""Mails to the people in charge: failures, refused answers, dues. Japanese, and never personal data."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException

from mailround.settings import Settings, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Context


def send(settings: Settings, subject: str, body: str, *, to: tuple[str, ...] = (), message_id: str = "") -> None:
    """Mail a plain text to the configured addresses (there is at least one) and to those given, if any.

    Through the connection ``smtp_default``. ``message_id`` names the mail, for one that may have to be sent twice.

    Raises what the mail server raises: the caller's task is tried again.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    lines = "<br>\n".join(html.escape(line) for line in body.splitlines())
    with SmtpHook() as server:
        server.send_email_smtp(
            to=list(dict.fromkeys((*settings.alert_to, *to))),
            subject=f"[mailround] {subject}",
            html_content=f"<html><body>{lines}</body></html>",
            from_email=settings.alert_from,
            custom_headers={"Message-ID": message_id} if message_id else None,
        )


def alert_failure(context: Context) -> None:
    """Tell that a task failed: which round, which step, what to do, and where its log is.

    Only a deterministic fault's text is quoted: our own errors hold no personal data, a library's might.
    """
    instance = context["task_instance"]
    error = context.get("exception")
    round_id = context["params"].get("round_id", "（期限の見回り）")
    step = context["task"].task_display_name
    what = (
        str(error)
        if isinstance(error, AirflowFailException)
        else "想定外の障害です（再試行の回数を使い切りました）。【対応】記録を開き、システム担当へ連絡してください。"
    )
    send(
        load_settings(),
        f"失敗：回 {round_id}／{step}",
        f"回：{round_id}\n工程：{step}（{instance.task_id}）\n内容：{what}\n記録：{instance.log_url}",
    )


EVERY_TASK = {
    "owner": "生活福祉課",
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "on_failure_callback": alert_failure,
}
"""What every task of every DAG has: infrastructure faults are tried again, and somebody hears of what stays red."""
HOUSE_QUEUE = "house"
"""Of the tasks that need Airflow's own database: with Celery only a worker that has it takes them."""
