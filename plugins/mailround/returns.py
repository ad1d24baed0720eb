"""Step 16: every thing that was handed over comes back from the contractor, or is accounted for (control 11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from mailround.forms import Answer, Code, Form, Label, Settled, designated, ids, recorded, table
from mailround.handover import RECORD
from mailround.items import Sort, custody_items
from mailround.overdue import return_due
from mailround.register.entries import Body, ItemsReturned, PasswordHandedOver, Posted
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

_MOST = 1_000_000
_Count = Annotated[int, Field(ge=0, le=_MOST)]
_TITLES: dict[Sort, str] = {
    "disc": "媒体（枚）",
    "notice": "パスワード通知書（部）",
    "withdrawn": "抜き取った封書（通）",
    "spoiled": "使えなくなった用紙（通）",
}


class Returns(Form):
    """What came back, counted on arrival, against what is out of the house."""

    step: ClassVar[str] = "record_returns"
    subject: ClassVar[str] = "引き渡した物の返却を記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD,)
    records: ClassVar[type[Body]] = ItemsReturned

    discs: _Count = Field(title="戻った媒体（枚）", description="番号を確かめて受け取った媒体の枚数。0以上の整数。")
    notices: _Count = Field(
        title="戻ったパスワード通知書（部）", description="出力したすべての部数のうち、手元にある数。0以上の整数。"
    )
    withdrawn: _Count = Field(title="戻った抜取りの封書（通）", description="番号を確かめた通数。0以上の整数。")
    spoiled: _Count = Field(
        title="戻った使えなくなった用紙（通）", description="破損した分として受け取った通数。0以上の整数。"
    )
    elsewhere: _Count = Field(
        title="返却によらない数の合計", description="戻らない物の数の合計。すべて戻ったときは0。0以上の整数。"
    )
    reason: Literal["", "委託先で廃棄（証明書あり）", "紛失（事故として報告済み）", "その他"] = Field(
        default="", title="戻らない理由", description="戻らない物があるときだけ。一つ選ぶ。"
    )
    reference: Label = Field(
        default="",
        title="理由を示す文書の番号",
        description="戻らない物があるときだけ。数字を含む番号を40字以内で入力する（例：8新福生第12号）。",
    )
    received_by: Code = Field(
        title="受け取った人（区の取扱者ID）", description="契約に登録された区の取扱者のID（例：officer）。"
    )
    returned_on: date = Field(
        title="戻った日", description="実際に受け取った日、最後の物が戻った日を選ぶ（例：2026-12-08）。"
    )

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show what is out of the house and by when it must be back.

        Raises:
            GateClosedError: The posting is not recorded.
        """
        posted = recorded(work, Posted)
        due = return_due(work.entries, work.contract, posted.posted_on)
        rows = [
            (item.title, f"{item.quantity:,} {_TITLES[item.sort][-2]}")
            for item in custody_items(work.entries)
            if item.sort != "data"
        ]
        more = (("返却の期限", str(due)), ("区の取扱者", ids(work.contract.ward_handlers)))
        return (
            "委託先から戻った物を、次の一覧と照らして数え、記録してください。"
            f"\n\n{table((*rows, *more))}\n\n"
            "戻らない物があるときは、その数の合計を「返却によらない数の合計」に入れ、理由と文書の番号を記録してください。"
            "**理由なく足りない場合は、受理できません。**"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Count every sort of thing against what went out, and check the day and the receiver."""
        yield from self.unaccounted(_out(work))
        handover = recorded(work, PasswordHandedOver).handed_over_at.astimezone(TOKYO).date()
        if self.returned_on < handover:
            yield f"「戻った日」は、パスワード通知書の引渡し日（{handover}）以後でなければなりません。"
        if self.returned_on > answer.answered_at.astimezone(TOKYO).date():
            yield "「戻った日」が回答した日より後です。受け取ってから記録してください。"
        if not designated(work.contract.ward_handlers, self.received_by, self.returned_on):
            known = ids(work.contract.ward_handlers)
            yield f"「受け取った人」は、その日に有効な取扱者ではありません。登録されているのは {known} です。"

    def unaccounted(self, out: dict[Sort, int]) -> Iterable[str]:
        """Return why the counts do not account for what is out of the house, with both numbers of every sort."""
        back: dict[Sort, int] = {
            "disc": self.discs,
            "notice": self.notices,
            "withdrawn": self.withdrawn,
            "spoiled": self.spoiled,
        }
        short = []
        for sort, title in _TITLES.items():
            given, came = out.get(sort, 0), back[sort]
            if came > given:
                yield (
                    f"{title}が、出した数より多く戻っています。"
                    f"出した数は {given:,}、戻った数は {came:,} です。数え直してください。"
                )
            elif came < given:
                short.append((f"{title} 出した数 {given:,}・戻った数 {came:,}", given - came))
        missing = sum(number for _, number in short)
        if missing != self.elsewhere:
            told = "、".join(title for title, _ in short) or "足りない物はありません"
            yield (
                f"戻らない物の数が合いません。足りないのは {missing:,}（{told}）ですが、"
                f"「返却によらない数の合計」は {self.elsewhere:,} です。"
            )
        if self.elsewhere and not (self.reason and self.reference):
            yield "戻らない物があるときは、「戻らない理由」と「理由を示す文書の番号」が要ります。"
        if not self.elsewhere and (self.reason or self.reference):
            yield "すべて戻ったときは、「戻らない理由」と「理由を示す文書の番号」を空にしてください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record what came back and what is accounted for otherwise."""
        return Settled(ItemsReturned(**self.model_dump()))


def _out(work: RoundContext) -> dict[Sort, int]:
    out: dict[Sort, int] = {}
    for item in custody_items(work.entries):
        if item.sort != "data":
            out[item.sort] = out.get(item.sort, 0) + item.quantity
    return out
