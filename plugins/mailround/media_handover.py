"""Step 10: the disc goes to the contractor, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.approve_release import approvals_of, data_age, export_age, last_posting_day
from mailround.errors import GateClosedError
from mailround.forms import Answer, Label, Settled, Tag, ids, recorded, table
from mailround.gates import ADDRESSES, RECENT, Evaluation
from mailround.handover import RECORD, TAG_HINT, Handover, conditions, minute
from mailround.register.entries import (
    Body,
    MediaHandedOver,
    PrintPlanned,
    ReleaseRefused,
    Sealed,
    latest,
)

if TYPE_CHECKING:
    from mailround.context import RoundContext

STOP = "渡さずに中止する"
_MOST_DISCS = 9


class MediaHandover(Handover):
    """The disc goes to the contractor, or the round is given up while everything is still in the house."""

    step: ClassVar[str] = "record_media_handover"
    subject: ClassVar[str] = "媒体の引渡しを記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD, STOP)
    stop: ClassVar[str | None] = STOP
    recall: ClassVar[str] = "渡してある媒体は、委託先に作業をさせずに回収してください。"
    records: ClassVar[type[Body]] = MediaHandedOver

    media_no: Tag = Field(title="媒体番号", description="媒体のラベルの番号。" + TAG_HINT.format("DVD-0001"))
    quantity: Annotated[int, Field(ge=1, le=_MOST_DISCS)] = Field(
        title="数量（枚）", description=f"渡した媒体の枚数。1から{_MOST_DISCS}までの整数。"
    )
    storage: Label = Field(
        title="委託先での保管場所", description="番号の付いた場所を40字以内で（例：耐火金庫1）。人の名前は書かない。"
    )

    @classmethod
    def stopped(cls, work: RoundContext) -> bool:
        """Tell whether somebody gave the round up."""
        return latest(work.entries, ReleaseRefused) is not None

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show which file goes onto the disc, who may hand it over, and until when that makes sense."""
        sealed = recorded(work, Sealed)
        rows = (
            ("ファイル", f"`{work.round_id}.zip`（{sealed.bytes:,} バイト）"),
            ("SHA-256", f"`{sealed.sha256}`"),
            ("内容", f"{sealed.pieces:,} 通、{sealed.pages:,} 頁"),
            *data_age(work),
            *last_posting_day(work),
            *conditions(work),
            ("区の取扱者", ids(work.contract.ward_handlers)),
            ("委託先の取扱者", ids(work.contract.contractor_handlers)),
        )
        return (
            "媒体に書き込み、書き込んだファイルのSHA-256が次と同じことを確かめ、鍵付きカバンで手渡してから記録してください。"
            f"\n\n{table(rows)}\n\n**パスワード通知書は、一緒に渡さないでください。** 記録のあと、別の機会に渡します。"
            f"\n\n渡せなくなった場合や、発送が間に合わない場合は、媒体が区にあることを確かめて「{STOP}」を選んでください"
            "（他の欄は空のままで構いません）。この回は終わり、パッケージと鍵と、受信フォルダの原本は廃棄されます。"
        )

    def earliest(self, work: RoundContext) -> tuple[datetime, str]:
        """Nothing leaves before its approval."""
        given = approvals_of(work, self.handed_over_at).given
        if not given:
            raise GateClosedError(
                "封緘したパッケージの引渡し承認の記録が管理簿にありません。",
                "「09 引渡し承認」を Clear し、承認を受けてから渡してください。",
            )
        return minute(min(given)), "引渡しの承認"

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the time and the handlers, unless the round is given up."""
        return () if answer.option == STOP else super().objections(work, answer)

    def passing(self, work: RoundContext, answer: Answer) -> Evaluation | None:
        """Return also whether the data were still good then, and every address; a round may always be given up."""
        if answer.option == STOP:
            return None
        return (
            self.holding(work)
            .ask(RECENT, export_age(work, self.handed_over_at))
            .ask(ADDRESSES, recorded(work, PrintPlanned).postable_until)
        )

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:
        """Record the handover of the approved package, or that there will be none."""
        sealed = recorded(work, Sealed).sha256
        if answer.option == STOP:
            return Settled(ReleaseRefused(package_sha256=sealed, answered_at=answer.answered_at), goes_on=False)
        return Settled(MediaHandedOver(package_sha256=sealed, **self.model_dump()))
