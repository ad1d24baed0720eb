"""The human steps as Airflow operators: one for every form, a four-eyes variant, and the wait for the deletion day.

Class and method names here are stored in parked runs for months; renaming one strands those runs.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, cast

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import BaseOperator, Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowException, TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from mailround import notices
from mailround.errors import RoundEndedError
from mailround.forms import Answer, AskAgain, Form, question, refusal, settle
from mailround.register.entries import HOUSE
from mailround.settings import TOKYO, load_settings
from mailround.tasks import failing_at_once, find_round, now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from mailround.context import RoundContext


class FormOperator(HITLOperator):
    """Ask a person to fill in a form, ask again while the answer is wrong, and record what was answered.

    No defaults and no timeout: silence is never an answer. The register entry, not this task's state, is what later
    steps believe.
    """

    def __init__(self, *, form: type[Form], **kwargs: Any) -> None:  # noqa: ANN401 - passed on to Airflow as received
        """Take the task's id, subject, options and fields from the form."""
        self.form = form
        kwargs.setdefault("task_id", form.step)
        kwargs.pop("params", None)  # Airflow hands every operator the DAG's params; the form has fields of its own
        super().__init__(
            subject=form.subject,
            options=list(form.options),
            params=ParamsDict({name: Param(**schema) for name, schema in form.params().items()}),
            defaults=None,
            **kwargs,
        )

    def execute(self, context: Context) -> None:
        """Ask, unless the register has the answer or there is nothing to ask."""
        with failing_at_once():
            work = self.find(context)
            if self.form.stopped(work):
                self._end(work)
            if not self.form.needed(work) and not self.form.lapsed(work, now()):
                self.log.info("確認が必要な事項はないか、回答が既に管理簿にあります。次の工程へ進みます。")
                self.form.after(work)  # again: the worker may have been killed before it was done
                self._warn(work)  # again: the mail server may have been down when the answer was recorded
                return
            self._warn(work)  # of an answer after which the question is asked again
            if refused := refusal(self.form, work):  # again: the mail server may have been down
                self._tell_reasons(context, work, refused.reasons, refused.answered_at)
            self.body = question(self.form, work, at=now())
        try:
            super().execute(context)
        except TaskAwaitingInput:
            raise self._awaiting(self.body) from None

    def execute_complete(self, context: Context, event: dict[str, Any], shown: str = "") -> None:
        """Settle the answer: record it and go on, ask again with the reasons by mail, or end the round in red.

        Args:
            context: Airflow's.
            event: The answer.
            shown: Digest of the text that the person saw.

        Raises:
            AirflowException: The facts changed, while the question was open (a package sealed anew, say) or by the
                answer itself (households released); the retry asks afresh, for Airflow cannot change the text of an
                open request.
        """
        if "error" in event:
            self.process_trigger_event_error(event)
        user = event.get("responded_by_user")
        answer = Answer(
            option=next(iter(event["chosen_options"]), ""),
            fields=dict(event.get("params_input") or {}),
            responder=user["name"] if user else None,
            answered_at=event["responded_at"],
        )
        with failing_at_once():
            work = self.find(context)
            body = question(self.form, work, at=now())
            if _digest(body) != shown:
                raise AirflowException("回答を待つ間に内容が変わりました。新しい内容で質問し直します。")
            outcome = settle(self.form, work, answer, at=now())
            if isinstance(outcome, AskAgain):
                self._ask_again(context, body)
                self._tell_reasons(context, work, outcome.reasons, answer.answered_at)
                raise self._awaiting(body)
            if not outcome.goes_on:
                self._end(work)
            if outcome.asks_again:
                raise AirflowException("回答を記録しました。新しい内容で、もう一度お尋ねします。")
            self._warn(work)

    def find(self, context: Context) -> RoundContext:
        """Return what the form is about."""
        return find_round(context["params"]["round_id"], context["task_instance"].run_id)

    def _warn(self, work: RoundContext) -> None:
        if warning := self.form.warning(work):
            self.log.warning("%s", warning)
            notices.send(
                work.settings,
                f"確認のお願い：回 {work.round_id}／{self.task_display_name}",
                f"回：{work.round_id}\n工程：{self.task_display_name}（{self.task_id}）\n内容：{warning}",
            )

    def _end(self, work: RoundContext) -> NoReturn:
        """Destroy what the round made; a refusal is a red run and an alert, not a quiet success."""
        from mailround.end_round import end_round

        if end_round(work, self.task_id, at=now()).exports:
            export, search = "作成物と鍵と、受信フォルダの原本は廃棄済みです。", ""
        else:
            export = "作成物と鍵は廃棄済みですが、原本を受信フォルダで見つけて廃棄した記録がありません。"
            search = "原本の所在を確かめて、写しも含めて削除してください。"
        raise RoundEndedError(
            f"「{self.task_display_name}」の回答により、回「{work.round_id}」を中止しました。{export}",
            f"{search}原因を直し、データファイルを出力し直して、新しい回の番号で開始してください。",
        )

    @staticmethod
    def _awaiting(body: str) -> TaskAwaitingInput:
        return TaskAwaitingInput(method_name="execute_complete", kwargs={"shown": _digest(body)})

    def _ask_again(self, context: Context, body: str) -> None:
        """Open the same request again; why, goes by mail, because Airflow cannot change the request's text."""
        upsert_hitl_detail(
            ti_id=context["task_instance"].id,
            options=self.options,
            subject=self.subject,
            body=body,
            defaults=None,
            multiple=False,
            params=self.serialized_params,
            assigned_users=None,
        )

    def _tell_reasons(
        self, context: Context, work: RoundContext, reasons: tuple[str, ...], answered_at: datetime
    ) -> None:
        """Mail why an answer was not accepted; told again, it is the same mail."""
        listed = "\n".join(f"・{reason}" for reason in reasons)
        self.log.warning("回答を受理できませんでした。もう一度回答してください。\n%s", listed)
        sender = work.settings.alert_from.rpartition("@")[2]
        link = self.generate_link_to_ui(task_instance=context["task_instance"], base_url=work.settings.ui_url)
        notices.send(
            work.settings,
            f"再回答のお願い：{work.title}／{self.task_display_name}",
            f"対象：{work.title}\n工程：{self.task_display_name}（{self.task_id}）\n"
            f"次の理由で回答を受理できませんでした。回答できる人が、同じ画面でもう一度回答してください。\n{listed}\n画面：{link}\n"
            f"この理由は、一斉送付の画面にも出ています：{_page(work)}",
            message_id=f"<{work.round_id}.{self.task_id}.{answered_at.timestamp():.0f}@{sender}>",
        )


def _page(work: RoundContext) -> str:
    """Return the address of the console's page that tells of a refused answer."""
    about = "register?kind=answer_refused" if work.round_id == HOUSE else f"rounds/{work.round_id}"
    return f"{work.settings.console_url}/{about}"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


class FourEyesApprovalOperator(FormOperator):
    """A form whose answer must come from somebody other than the person who triggered the run.

    The rule itself is the form's (`approve_release.ReleaseApproval`), where it is tested without Airflow; this class
    refuses to carry a form that lacks it, and an answer that came without a person.
    """

    def __init__(self, *, form: type[Form], **kwargs: Any) -> None:  # noqa: ANN401 - passed on to Airflow as received
        """Check that the form asks for a second pair of eyes."""
        if not form.four_eyes:
            raise ValueError(f"{form.__name__} does not ask for a second person")
        super().__init__(form=form, **kwargs)


class HouseFormOperator(FormOperator):
    """A form about the house: its methods take a `context.Work`, and get a `context.HouseContext`."""

    def find(self, context: Context) -> RoundContext:
        """Return the house. The form's own signatures say that it asks for nothing that only a round has."""
        from mailround.context import HouseContext
        from mailround.register.store import Register

        settings = load_settings()
        house = HouseContext(settings, Register(settings.register_url), context["task_instance"].run_id)
        return cast("RoundContext", house)


class DeletionDueReminderOperator(BaseOperator):
    """Wait, without a worker slot, until the contract's reminder day; then remind of the deletion by mail."""

    def execute(self, context: Context) -> None:
        """Defer to the reminder day, or remind at once when it has come."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        from mailround import retention
        from mailround.register.store import Register

        settings = load_settings()
        with failing_at_once():
            register = Register(settings.register_url)
            day = retention.reminder_day(register, settings.include, context["params"]["round_id"])
        moment = datetime.combine(day, time(), tzinfo=TOKYO)
        if moment > now():
            self.defer(trigger=DateTimeTrigger(moment=moment), method_name="remind")
        self.remind(context)

    def remind(self, context: Context, event: Any = None) -> None:  # noqa: ANN401, ARG002 - Airflow's signature
        """Mail what the daily watch would mail of this round; what went out today or is certified is left alone."""
        from mailround import retention
        from mailround.register.store import Register

        settings, round_id = load_settings(), context["params"]["round_id"]
        with failing_at_once():
            register = Register(settings.register_url)
            retention.remind(settings, register, partial(notices.send, settings), at=now(), round_id=round_id)
