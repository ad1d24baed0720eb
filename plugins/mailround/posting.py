"""Step 13: everything handed over is posted or accounted for (件数照合)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.approve_release import last_posting_day
from mailround.forms import Answer, Form, Settled, recorded, table
from mailround.handover import RECORD
from mailround.incident import open_incidents
from mailround.items import pulled_pieces
from mailround.overdue import written_rule
from mailround.register.entries import (
    Body,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    ReceiptConfirmed,
    Sealed,
    latest,
)
from mailround.settings import TOKYO
from mailround.withdrawal import open_requests

if TYPE_CHECKING:
    from mailround.context import RoundContext

_MOST_PIECES = 1_000_000
_Count = Annotated[int, Field(ge=0, le=_MOST_PIECES)]


class Posting(Form):
    """Everything handed over is posted or accounted for."""

    step: ClassVar[str] = "record_posting"
    subject: ClassVar[str] = "発送の結果を記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD,)
    records: ClassVar[type[Body]] = Posted

    posted_on: date = Field(title="発送日", description="郵便局に差し出した日を選ぶ（例：2026-11-24）。")
    withdrawn: _Count = Field(title="抜取り（通）", description="引渡しのあとに抜き取った数の合計。0以上の整数。")
    spoiled: _Count = Field(title="破損（通）", description="印刷や封入で使えなくなった数。0以上の整数。")
    reprinted: _Count = Field(title="再印刷（通）", description="使えなくなった分を作り直した数。0以上の整数。")
    posted: _Count = Field(title="発送（通）", description="差出票の通数。0以上の整数。")

    @classmethod
    def warning(cls, work: RoundContext) -> str:
        """Tell what is too late to refuse, not to look after: an open incident, or an address that had expired."""
        posted, planned = latest(work.entries, Posted), recorded(work, PrintPlanned)
        if posted is None:
            return ""
        told = ""
        if incidents := "、".join(f"第{each.incident_no}号" for each in open_incidents(work.entries)):
            told = (
                f"対応中の事故（{incidents}）がある間に、発送が記録されました。"
                "影響する封書が差し出されていないかを確かめ、個人情報の取扱いの責任者へ直ちに報告してください。"
            )
        if planned.postable_until is None or posted.posted_on <= planned.postable_until:
            return told
        return told + (
            f"発送日（{posted.posted_on}）が、送付先の最も早い期限（{planned.postable_until}）より後です。"
            "期限の切れた送付先に届いたおそれがあります。"
            f"業務システムで、送付先の期限が {planned.postable_until} 以後、{posted.posted_on} より前の世帯を調べ、"
            "届いた先を確かめ、個人情報の取扱いの責任者へ直ちに報告してください。"
        )

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show the number that must be accounted for.

        Raises:
            GateClosedError: A handover or the receipt is not recorded.
        """
        recorded(work, PasswordHandedOver)
        recorded(work, ReceiptConfirmed)
        by = {"ward": "区", "contractor": "委託先"}[work.contract.posted_by]
        rows = (
            ("引渡し", f"{recorded(work, Sealed).pieces:,} 通"),
            ("発送予定日", str(work.opened.posting_date)),
            *last_posting_day(work),
            ("発送する者", by),
        )
        return (
            "封入・発送の報告書と差出票を見て記録してください。"
            f"\n\n{table(rows)}\n\n**引渡し − 抜取り − 破損 ＋ 再印刷 ＝ 発送** にならない場合は、受理できません。"
            "抜取りは、「封書の抜取り」に記録された、抜き取れた数の合計です。"
            "\n\n記録すると、区側のデータと鍵は直ちに廃棄され、作り直しはできなくなります。"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Reconcile the counts and check the day."""
        recorded(work, PasswordHandedOver)
        received = recorded(work, ReceiptConfirmed).received_at.astimezone(TOKYO).date()
        if self.posted_on < received:
            yield f"「発送日」は、委託先が受領を確認した日（{received}）以後でなければなりません。"
        if self.posted_on > answer.answered_at.astimezone(TOKYO).date():
            yield "「発送日」が回答した日より後です。差し出してから記録してください。"
        entries = work.entries
        if waiting := open_requests(entries):
            numbers = "、".join(str(each.request_no) for each in waiting)
            yield f"抜取りの結果が、まだ記録されていません（依頼番号 {numbers}）。先に記録してください。"
        elif self.withdrawn != (pulled := len(pulled_pieces(entries))):
            yield (
                f"「抜取り」が、抜き取れたと記録した数と違います。"
                f"記録は {pulled:,} 通、回答は {self.withdrawn:,} 通です。"
                "記録にない抜取りは、「封書の抜取り」に記録してください。"
            )
        yield from self.unreconciled(recorded(work, Sealed).pieces)

    def unreconciled(self, handed_over: int) -> Iterable[str]:
        """Return why the counts do not account for the pieces handed over (件数照合), with both numbers."""
        expected = handed_over - self.withdrawn - self.spoiled + self.reprinted
        if self.posted != expected:
            yield (
                f"発送数が合いません。引渡し {handed_over:,} − 抜取り {self.withdrawn:,} − 破損 {self.spoiled:,} "
                f"＋ 再印刷 {self.reprinted:,} ＝ {expected:,} 通に対し、発送は {self.posted:,} 通です。"
                "報告書と差出票を確かめてください。"
            )
        if self.reprinted > self.spoiled:
            yield "「再印刷」が「破損」より多くなっています。二重の発送がないか、委託先に確かめてください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the reconciled counts, and by when the contractor must have deleted."""
        due = written_rule(work.contract).after(self.posted_on)
        pieces = recorded(work, Sealed).pieces
        pulled = len(pulled_pieces(work.entries))
        return Settled(Posted(handed_over=pieces, due=due, withdrawal_pieces=pulled, **self.model_dump()))
