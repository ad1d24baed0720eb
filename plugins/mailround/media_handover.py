"""Step 10: the disc goes to the contractor, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.approve_release import approvals_of, data_age, export_age, last_posting_day
from mailround.errors import GateClosedError
from mailround.forms import Answer, Settled, Tag, ids, recorded, table
from mailround.gates import ADDRESSES, RECENT, Evaluation
from mailround.handover import (
    RECORD,
    TAG_HINT,
    Handover,
    conditions,
    minute,
    sheets,
    standing_entries,
    without_sheet,
)
from mailround.media_numbers import taken
from mailround.register.entries import (
    Body,
    HandoverSheetPrinted,
    MediaChecked,
    MediaHandedOver,
    PrintPlanned,
    ReleaseRefused,
    Sealed,
    latest,
)

if TYPE_CHECKING:
    from mailround.context import RoundContext

STOP = "渡さずに中止する"
_MOST_DISCS, _MOST_PIECES = 9, 1_000_000


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
        title="数量（枚）", description="渡した媒体の枚数。照合した媒体は、番号ごとに1枚。"
    )
    pieces: Annotated[int, Field(ge=1, le=_MOST_PIECES)] = Field(
        title="通数", description="確認記録票の通数。上の表とも同じ。"
    )
    pages: Annotated[int, Field(ge=1, le=9 * _MOST_PIECES)] = Field(
        title="頁数", description="確認記録票の頁数。上の表とも同じ。"
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
            f"1. `mailround media image {work.round_id}` で作ったイメージを、媒体に書き込みます。\n"
            "2. 媒体を入れ直し、`mailround media check` で照合します（媒体番号とともに管理簿に残ります）。\n"
            f"3. 「回のページ」か、`mailround handover-sheet {work.round_id} media --printer lp` で、"
            "確認記録票を出力します。\n"
            "4. 鍵付きカバンで手渡し、確認記録票に双方が署名してから、その内容を記録します。"
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
        """Check the time, the handlers, the counts, the disc and its paper, unless the round is given up."""
        if answer.option == STOP:
            return
        yield from super().objections(work, answer)
        sealed = recorded(work, Sealed)
        yield from self._counts(sealed)
        yield from self._disc(work, sealed)

    def _counts(self, sealed: Sealed) -> Iterable[str]:
        """Compare with the manifest, which the sealing has counted (control 9)."""
        for title, said, right, unit in (
            ("通数", self.pieces, sealed.pieces, "通"),
            ("頁数", self.pages, sealed.pages, "頁"),
            ("数量（枚）", self.quantity, 1, "枚"),
        ):
            if said != right:
                yield f"「{title}」が目録（{right:,}{unit}）と違います。渡した媒体と確認記録票を確かめてください。"

    def _disc(self, work: RoundContext, sealed: Sealed) -> Iterable[str]:
        """Ask for the check of exactly this disc and for its sheet; a number is never given twice."""
        if entry := taken(work.register.entries(), self.media_no, sealed.sha256):
            yield (
                f"その「媒体番号」は、既に回「{entry.round_id}」の媒体の番号です（管理簿 第{entry.seq}号）。"
                "媒体とラベルを取り違えていないか、直ちに確かめてください。"
            )
            return
        checks = [
            entry
            for entry in standing_entries(work.entries, MediaChecked)
            if isinstance(entry.body, MediaChecked)
            and (entry.body.media_no, entry.body.package_sha256) == (self.media_no, sealed.sha256)
        ]
        if not checks:
            yield (
                "その「媒体番号」の媒体を照合した記録がありません。ラベルの番号を確かめてください。照合していない媒体を"
                "渡した場合は、回収し、`mailround media check` で照合してから渡し直してください。"
            )
            return
        yield from self.too_early(datetime.fromisoformat(checks[0].at), "媒体の照合")
        printed = [
            entry
            for entry in sheets(work, "media", sealed.sha256)
            if isinstance(entry.body, HandoverSheetPrinted) and entry.body.media_no == self.media_no
        ]
        yield from without_sheet(self, work, printed, "media")

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
