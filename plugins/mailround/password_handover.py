"""Step 11: the password notice goes to the contractor, later than the disc and separately."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mailround.approve_release import last_posting_day
from mailround.forms import Answer, Code, Settled, ids, recorded, table
from mailround.handover import Handover, conditions, minute, shown
from mailround.register.entries import Body, MediaHandedOver, PasswordHandedOver, PasswordNoticeIssued, Sealed, latest

if TYPE_CHECKING:
    from mailround.context import RoundContext


class PasswordHandover(Handover):
    """The password notice goes to the contractor, later and separately."""

    step: ClassVar[str] = "record_password_handover"
    subject: ClassVar[str] = "パスワード通知書の引渡しを記録してください"
    records: ClassVar[type[Body]] = PasswordHandedOver
    recall: ClassVar[str] = "渡してあるパスワード通知書は、委託先に開封させずに回収してください。"

    notice_no: Code = Field(
        title="パスワード通知書の番号",
        description="通知書の「文書番号」を、そのまま入力する（例：PW-2026-11-change）。",
    )

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show how to make the notice and from when it may be handed over.

        Raises:
            GateClosedError: The medium's handover is not recorded.
        """
        media = recorded(work, MediaHandedOver)
        rows = (
            ("媒体の引渡し", f"{shown(media.handed_over_at)}（媒体番号 `{media.media_no}`）"),
            ("通知書を渡せる時刻", f"{shown(_next_occasion(work))} 以後"),
            *last_posting_day(work),
            *conditions(work),
            ("区の取扱者", ids(work.contract.ward_handlers)),
            ("委託先の取扱者", ids(work.contract.contractor_handlers)),
        )
        return (
            f"コマンド `mailround password-notice {work.round_id} --printer lp` で通知書を一度だけ印刷し、封をして、"
            f"媒体とは別の機会に、鍵付きカバンで手渡してから記録してください。\n\n{table(rows)}\n\n"
            "パスワードそのものは、この画面に入力しないでください。"
        )

    def earliest(self, work: RoundContext) -> tuple[datetime, str]:
        """A separate occasion: the contract's interval after the medium."""
        return _next_occasion(work), f"媒体の引渡しの{work.contract.minutes_between_handovers}分後"

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check also that the notice exists, existed then, and is the one handed over."""
        yield from super().objections(work, answer)
        issued = latest(work.entries, PasswordNoticeIssued)
        if issued is None:
            yield (
                "パスワード通知書がまだ作られていません。"
                f"`mailround password-notice {work.round_id}` で作り、手渡してから記録してください。"
            )
            return
        made = minute(next(datetime.fromisoformat(each.at) for each in work.entries if each.body == issued))
        if self.handed_over_at < made:
            yield f"「引渡し日時」は、パスワード通知書の作成（{shown(made)}）以後でなければなりません。"
        if self.notice_no != issued.notice_no:
            yield "「パスワード通知書の番号」が、作成した番号と違います。通知書に印字された番号を入力してください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the second handover, and of which package."""
        return Settled(PasswordHandedOver(package_sha256=recorded(work, Sealed).sha256, **self.model_dump()))


def _next_occasion(work: RoundContext) -> datetime:
    media = recorded(work, MediaHandedOver)
    return media.handed_over_at + timedelta(minutes=work.contract.minutes_between_handovers)
