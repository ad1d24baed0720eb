"""Step 17: the contractor's certificate that everything handed over is returned or erased (control 11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from mailround.contracts import Person
from mailround.forms import Answer, Code, Confirmed, Form, Label, Settled, designated, ids, recorded, table
from mailround.items import Item, custody_items, open_items
from mailround.register.entries import (
    Body,
    ContractStated,
    DeletionCertified,
    ItemsReturned,
    MediaHandedOver,
    Posted,
    standing,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext


_Count = Annotated[int, Field(ge=0, le=1_000_000)]


class DeletionCertificate(Form):
    """What the certificate says, and that it covers every handed-over item."""

    step: ClassVar[str] = "record_deletion_certificate"
    subject: ClassVar[str] = "委託先の消去証明を記録してください"
    options: ClassVar[tuple[str, ...]] = ("記録する",)
    records: ClassVar[type[Body]] = DeletionCertified

    certificate_no: Label = Field(
        title="消去証明書の番号", description="数字を含む番号を40字以内で入力する（例：DEL-0001、第12号）。"
    )
    responsible: Code = Field(
        title="消去の責任者（委託先のID）", description="契約に登録された委託先の責任者か取扱者のID（例：C-001）。"
    )
    method: Literal["物理破壊", "上書き消去", "暗号鍵の消去", "磁気消去"] = Field(
        title="消去の方法", description="証明書に書かれた方法を選ぶ。"
    )
    deleted_on: date = Field(title="消去日", description="証明書に書かれた消去の日を選ぶ（例：2026-12-10）。")
    discs: _Count = Field(title="証明書の媒体（枚）", description="証明書に書かれた媒体の枚数。0以上の整数。")
    notices: _Count = Field(
        title="証明書のパスワード通知書（部）", description="証明書に書かれた通知書の部数。0以上の整数。"
    )
    paper: _Count = Field(
        title="証明書の紙（通）",
        description="証明書に書かれた、抜き取った封書と使えなくなった用紙の合計。0以上の整数。",
    )
    copies_included: Confirmed = Field(
        title="データの複製も消去された",
        description="複製やバックアップも証明書に含まれることを確かめ、オンにする。",
    )
    spool_included: Confirmed = Field(
        title="印刷用の一時データも消去された",
        description="印刷待ちや変換のための一時データも証明書に含まれることを確かめ、オンにする。",
    )
    subcontractors_included: bool = Field(
        default=False,
        title="再委託先の分も消去された",
        description="再委託先がある契約では、その分も証明書に含まれることを確かめ、オンにする。",
    )

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show what the certificate must cover, and by when.

        Raises:
            GateClosedError: The medium, the posting or the returns are not recorded.
        """
        from mailround.retention import due_date  # noqa: PLC0415 - a DAG file imports this module at every parse

        media, posted = recorded(work, MediaHandedOver), recorded(work, Posted)
        recorded(work, ItemsReturned)
        rows = (
            *((item.title, f"{item.quantity:,}") for item in custody_items(work.entries)),
            ("データのSHA-256", f"`{media.package_sha256}`"),
            ("発送日", str(posted.posted_on)),
            ("消去期限", str(due_date(work.contract, work.entries))),
            ("再委託先", "、".join(f"`{each}`" for each in _subcontractors(work)) or "なし"),
            ("委託先の責任者・取扱者", ids(_people(work))),
        )
        return (
            "委託先の消去証明書が、次のすべてを対象にしていることを確かめて記録してください。"
            f"返却した物も、証明書に数が書かれていなければなりません。\n\n{table(rows)}"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the day, the responsible person, and that nothing is left out.

        A late deletion is recorded as it is: it is the truth. Whoever was designated on the contract's last day
        answers for what was deleted after it.
        """
        posted_on = recorded(work, Posted).posted_on
        if self.deleted_on < posted_on:
            yield f"「消去日」は、発送日（{posted_on}）以後でなければなりません。証明書の日付を確かめてください。"
        if self.deleted_on > answer.answered_at.astimezone(TOKYO).date():
            yield "「消去日」が回答した日より後です。証明書の日付を確かめてください。"
        people = _people(work)
        if not designated(people, self.responsible, min(self.deleted_on, work.contract.term.end)):
            yield f"「消去の責任者」は、消去日に有効な委託先の人ではありません。登録されているのは {ids(people)} です。"
        yield from self.uncovered(custody_items(work.entries))
        recorded(work, ItemsReturned)
        lost = [item.title for item in open_items(work.entries) if item.sort != "data"]
        if lost:
            yield f"次の物の返却が記録されていません：{'、'.join(lost)}。先に「現物の返却」の記録を訂正してください。"
        if _subcontractors(work) and not self.subcontractors_included:
            yield "契約に再委託先がありますが、「再委託先の分も消去された」がオフです。その証明を求めてください。"

    def uncovered(self, items: Iterable[Item]) -> Iterable[str]:
        """Return which things the certificate leaves out or names too many of, with both numbers of every sort."""
        out: dict[str, int] = {}
        for item in items:
            sort = "paper" if item.sort in ("withdrawn", "spoiled") else item.sort
            out[sort] = out.get(sort, 0) + item.quantity
        for title, sort, said in (
            ("媒体（枚）", "disc", self.discs),
            ("パスワード通知書（部）", "notice", self.notices),
            ("紙（通）", "paper", self.paper),
        ):
            if said != out.get(sort, 0):
                yield (
                    f"証明書の{title}が、渡した数と違います。渡した数は {out.get(sort, 0):,}、証明書は {said:,} です。"
                    "証明書を出し直してもらってください。"
                )

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the certificate with the items that it covers; what came back is told by the returns."""
        entries = work.entries
        items, back = custody_items(entries), recorded(work, ItemsReturned)
        out = {sort: sum(item.quantity for item in items if item.sort == sort) for sort in ("disc", "notice")}
        said = self.model_dump(exclude={"discs", "notices", "paper", "subcontractors_included"})
        return Settled(
            DeletionCertified(
                **said,
                media_returned=back.discs >= out["disc"],
                notice_returned=back.notices >= out["notice"],
                subcontractors_included=self.subcontractors_included if _subcontractors(work) else None,
                items=tuple(item.id for item in items),
            )
        )


def _people(work: RoundContext) -> tuple[Person, ...]:
    """Return who may answer for a deletion on the contractor's side, each once."""
    listed = (*work.contract.responsible.contractor, *work.contract.contractor_handlers)
    return tuple(dict.fromkeys(listed))


def _subcontractors(work: RoundContext) -> tuple[str, ...]:
    """Return every subcontractor that the contract has or had since the round was opened."""
    stated = [each for body in standing(work.entries, ContractStated) for each in body.subcontractors]
    return tuple(dict.fromkeys((*stated, *(each.id for each in work.contract.subcontractors))))
