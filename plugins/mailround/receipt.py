"""Step 12: the contractor opens the package, counts, and has received what was handed over, or says what is not right.

Only now can it count: the pieces are behind the password. Until the counts agree nothing may be posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.approve_release import last_posting_day
from mailround.forms import Answer, Code, Form, Moment, Settled, designated, ids, recorded, table
from mailround.handover import RECORD, minute, shown
from mailround.register.entries import (
    Body,
    MediaHandedOver,
    PasswordHandedOver,
    ReceiptConfirmed,
    ReceiptDisputed,
    Sealed,
    latest,
)

if TYPE_CHECKING:
    from mailround.context import RoundContext

_MOST = 1_000_000
_Count = Annotated[int, Field(ge=0, le=_MOST)]


class Receipt(Form):
    """What the contractor counted. Other counts than those handed over are recorded, and the question asked again."""

    step: ClassVar[str] = "record_receipt"
    subject: ClassVar[str] = "委託先が数えた受領数を記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD,)
    records: ClassVar[type[Body]] = ReceiptConfirmed

    receiver: Code = Field(
        title="受領を確認した人（委託先の取扱者ID）", description="契約に登録された委託先の取扱者のID（例：C-001）。"
    )
    received_at: Moment = Field(
        title="受領を確認した日時", description="委託先が数え終えた日と時刻を入力する（例：2026/11/16、15:00）。"
    )
    discs: _Count = Field(title="媒体（枚）", description="受領書に書かれた枚数。0以上の整数。")
    pieces: _Count = Field(title="通知書（通）", description="受領書に書かれた通数。0以上の整数。")
    pages: _Count = Field(title="頁数（頁）", description="受領書に書かれた頁数。0以上の整数。")

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Ask for the contractor's own counts; what was handed over is shown only beside counts that differ.

        Who is shown the right number beforehand tends to find it.

        Raises:
            GateClosedError: A handover is not recorded.
        """
        media, notice = recorded(work, MediaHandedOver), recorded(work, PasswordHandedOver)
        rows = (
            ("媒体の引渡し", f"{shown(media.handed_over_at)}（媒体番号 `{media.media_no}`）"),
            ("パスワード通知書の引渡し", shown(notice.handed_over_at)),
            *last_posting_day(work),
            ("委託先の取扱者", ids(work.contract.contractor_handlers)),
        )
        return (
            "委託先がパッケージを開き、媒体の枚数と、通知書の通数・頁数を数えた結果を、受領書のとおりに記録してください。"
            f"引渡しの数と違うときも、数えた数をそのまま記録してください。\n\n{table(rows)}{cls._disputed(work)}"
        )

    @classmethod
    def warning(cls, work: RoundContext) -> str:
        """Tell of counts that differ as long as none have been recorded that agree."""
        disputed = latest(work.entries, ReceiptDisputed)
        if disputed is None or not cls.needed(work):
            return ""
        return (
            f"委託先が数えた受領数が、引渡しの数と違います（{_differences(work, disputed)}）。"
            "発送はできません。委託先に作業を止めさせ、原因を確かめて、数え直した数を記録してください。"
            "媒体やデータが足りない、または余分にある場合は、個人情報の取扱いの責任者へ直ちに報告してください。"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the time and who counted; other counts are no fault of the answer."""
        handover = minute(recorded(work, PasswordHandedOver).handed_over_at)
        if self.received_at < handover:
            yield (
                f"「受領を確認した日時」は、パスワード通知書の引渡し（{shown(handover)}）以後でなければなりません。"
                "それより前に中身は数えられません。"
            )
        if self.received_at > answer.answered_at:
            yield "「受領を確認した日時」が回答した時刻より後です。委託先が数え終えた日時を選んでください。"
        if not designated(work.contract.contractor_handlers, self.receiver, self.received_at.date()):
            known = ids(work.contract.contractor_handlers)
            yield f"「受領を確認した人」は、その日に有効な取扱者ではありません。登録されているのは {known} です。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the receipt, or counts that differ, after which the question is put again."""
        counted = ReceiptDisputed(**self.model_dump())
        if _differences(work, counted):
            return Settled(counted, asks_again=True)
        return Settled(ReceiptConfirmed(**self.model_dump()))

    @classmethod
    def _disputed(cls, work: RoundContext) -> str:
        disputed = latest(work.entries, ReceiptDisputed)
        if disputed is None:
            return ""
        return (
            f"\n\n**前回の受領数は、引渡しの数と違いました**（{_differences(work, disputed)}）。"
            "委託先に作業を止めさせ、原因を確かめてから、数え直した数を記録してください。合うまで発送は記録できません。"
        )


def _differences(work: RoundContext, counted: ReceiptDisputed) -> str:
    """Return every count that is not what was handed over, with both numbers; empty when all agree."""
    media, sealed = recorded(work, MediaHandedOver), recorded(work, Sealed)
    counts = (
        ("媒体", media.quantity, counted.discs, "枚"),
        ("通知書", sealed.pieces, counted.pieces, "通"),
        ("頁数", sealed.pages, counted.pages, "頁"),
    )
    return "、".join(
        f"{title} 引渡し {given:,} {unit}・受領 {taken:,} {unit}"
        for title, given, taken, unit in counts
        if given != taken
    )
