"""Step 17: the contractor's certificate that everything handed over is returned or erased (control 11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mailround.forms import Answer, Code, Confirmed, Form, Label, Settled, ids, recorded, table
from mailround.register.entries import (
    Body,
    DeletionCertified,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext


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
        title="消去の責任者（委託先の取扱者ID）", description="契約に登録された委託先の取扱者のID（例：C-001）。"
    )
    method: Literal["物理破壊", "上書き消去", "暗号鍵の消去", "磁気消去"] = Field(
        title="消去の方法", description="証明書に書かれた方法を選ぶ。"
    )
    deleted_on: date = Field(title="消去日", description="証明書に書かれた消去の日を選ぶ（例：2026-12-10）。")
    media_returned: Confirmed = Field(
        title="媒体が返却された", description="番号を確かめ、媒体を受け取ってから、オンにする。"
    )
    notice_returned: Confirmed = Field(
        title="パスワード通知書が返却された", description="番号を確かめ、通知書を受け取ってから、オンにする。"
    )
    copies_included: Confirmed = Field(
        title="複製・印刷用の一時データも消去された",
        description="複製、印刷用の一時データ、再委託先の分も証明書に含まれることを確かめ、オンにする。",
    )

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show what the certificate must cover, and by when.

        Raises:
            GateClosedError: A handover or the posting is not recorded.
        """
        from mailround.retention import due_date  # noqa: PLC0415 - a DAG file imports this module at every parse

        media, notice, posted = (
            recorded(work, MediaHandedOver),
            recorded(work, PasswordHandedOver),
            recorded(work, Posted),
        )
        rows = (
            ("媒体", f"`{media.media_no}`（{media.quantity} 枚）"),
            ("パスワード通知書", f"`{notice.notice_no}`"),
            ("データ", f"{posted.handed_over:,} 通（SHA-256 `{media.package_sha256}`）"),
            ("発送日", str(posted.posted_on)),
            ("消去期限", str(due_date(work.contract, work.entries))),
            ("委託先の取扱者", ids(work.contract.contractor_handlers)),
        )
        return f"委託先の消去証明書と返却物を、次の引渡し品と照らして記録してください。\n\n{table(rows)}"

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the day and the responsible person. A late deletion is recorded as it is: it is the truth."""
        posted_on = recorded(work, Posted).posted_on
        if self.deleted_on < posted_on:
            yield f"「消去日」は、発送日（{posted_on}）以後でなければなりません。証明書の日付を確かめてください。"
        if self.deleted_on > answer.answered_at.astimezone(TOKYO).date():
            yield "「消去日」が回答した日より後です。証明書の日付を確かめてください。"
        if not any(person.id == self.responsible for person in work.contract.contractor_handlers):
            known = ids(work.contract.contractor_handlers)
            yield f"「消去の責任者」は委託先の取扱者ではありません。登録されているのは {known} です。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the certificate."""
        return Settled(DeletionCertified(**self.model_dump()))
