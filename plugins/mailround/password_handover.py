"""Step 11: the password notice goes to the contractor, later than the disc and separately."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.approve_release import last_posting_day
from mailround.forms import Answer, Code, Settled, ids, recorded, table
from mailround.handover import Handover, conditions, sheets, shown, standing_entries, without_sheet
from mailround.register.entries import (
    Body,
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    Sealed,
    latest,
)

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
    copy_no: Annotated[int, Field(ge=1, le=99)] = Field(
        title="何部目か", description="通知書の「第○部」の数。再出力していなければ 1。"
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
            f"1. `mailround password-notice {work.round_id} --printer lp` で通知書を印刷し、封をします。\n"
            f"2. 「回のページ」か、`mailround handover-sheet {work.round_id} password --printer lp` で、"
            "確認記録票を出力します。\n"
            "3. 媒体とは別の機会に、鍵付きカバンで手渡し、確認記録票に双方が署名してから、その内容を記録します。\n\n"
            f"{table(rows)}\n\n記録すると、パスワードは鍵庫からなくなり、通知書を再出力できなくなります。"
            "パスワードそのものは、この画面に入力しないでください。"
        )

    def earliest(self, work: RoundContext) -> tuple[datetime, str]:
        """A separate occasion: the contract's interval after the medium."""
        return _next_occasion(work), f"媒体の引渡しの{work.contract.minutes_between_handovers}分後"

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check also that the notice exists, existed then, is the copy handed over, and has its paper."""
        yield from super().objections(work, answer)
        issued = latest(work.entries, PasswordNoticeIssued)
        if issued is None:
            yield (
                "パスワード通知書がまだ作られていません。"
                f"`mailround password-notice {work.round_id}` で作り、手渡してから記録してください。"
            )
            return
        if self.notice_no != issued.notice_no:
            yield "「パスワード通知書の番号」が、作成した番号と違います。通知書に印字された番号を入力してください。"
        yield from self._copy(work)

    def _copy(self, work: RoundContext) -> Iterable[str]:
        """Accept the last copy alone: whatever was made before it could not be used, and stays in the ward's hands."""
        entries = work.entries
        made = [
            *standing_entries(entries, PasswordNoticeIssued)[-1:],
            *standing_entries(entries, PasswordNoticeReprinted),
        ]
        if self.copy_no != len(made):
            yield (
                f"「何部目か」が違います。渡してよいのは、最後に作成した第{len(made)}部だけです。"
                "ほかの部を渡した場合は、回収して渡し直してください。"
            )
        yield from self.too_early(datetime.fromisoformat(made[-1].at), "パスワード通知書の作成")
        media, last = recorded(work, MediaHandedOver), made[-1].body
        if isinstance(last, PasswordNoticeIssued | PasswordNoticeReprinted) and last.media_no != media.media_no:
            yield (
                "通知書の媒体番号が、引き渡した媒体の番号と違います。"
                f"`mailround password-notice {work.round_id} --reason 媒体の差替え` で、通知書を作り直してください。"
            )
        printed = [entry for entry in sheets(work, "password", media.package_sha256) if entry.seq > made[-1].seq]
        yield from without_sheet(self, work, printed, "password")

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the second handover, and of which package."""
        return Settled(PasswordHandedOver(package_sha256=recorded(work, Sealed).sha256, **self.model_dump()))

    @classmethod
    def after(cls, work: RoundContext) -> None:
        """Destroy the secret: the paper has it, and no further copy of it is to be made."""
        from mailround.context import PASSWORD  # noqa: PLC0415 - a DAG file imports this module at every parse

        work.vault.destroy(work.round_id, PASSWORD)


def _next_occasion(work: RoundContext) -> datetime:
    media = recorded(work, MediaHandedOver)
    return media.handed_over_at + timedelta(minutes=work.contract.minutes_between_handovers)
