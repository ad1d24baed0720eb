"""Steps 10 to 12: who handed what to whom and when, and whether everything was posted.

The medium and its password travel on two separate occasions (control 7); each line of the register has time, handlers,
content and quantity (control 9).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.approve_release import data_age, export_age, last_posting_day, release_of
from mailround.errors import GateClosedError
from mailround.forms import Answer, Code, Confirmed, Form, Label, Moment, Settled, Tag, designated, ids, recorded, table
from mailround.gates import HANDOVER, OPENING, RECENT, require
from mailround.register.entries import (
    Body,
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    Posted,
    PrintPlanned,
    ReleaseApproved,
    ReleaseRefused,
    Sealed,
    latest,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

RECORD = "記録する"
STOP = "渡さずに中止する"
_CALL_BACK = (
    f"委託先に作業をさせず、媒体を回収してください。回収したら、この工程を Clear して「{STOP}」を選び、"
    "出力し直したデータファイルと、新しい回の番号と発送予定日で作り直してください。"
)
_MINUTE = "%Y-%m-%d %H:%M"
_TAG_HINT = "半角の英数字・ハイフン・点で、16字以内（例：{}）。"
_MOST_PIECES = 1_000_000
_MOST_DISCS = 9


class _Handover(Form):
    """What both handovers ask."""

    options: ClassVar[tuple[str, ...]] = (RECORD,)

    giver: Code = Field(title="渡した人（区の取扱者ID）", description="契約に登録された区の取扱者のID（例：officer）。")
    receiver: Code = Field(
        title="受け取った人（委託先の取扱者ID）", description="契約に登録された委託先の取扱者のID（例：C-001）。"
    )
    handed_over_at: Moment = Field(
        title="引渡し日時", description="実際に手渡した日と時刻を、日本時間で選ぶ（例：2026-11-16 10:30）。"
    )
    bag_no: Tag = Field(title="鍵付きカバンの番号", description=_TAG_HINT.format("BAG-01"))
    locked: Confirmed = Field(title="カバンの施錠を確認した", description="施錠して運んだことを確かめ、オンにする。")

    @abstractmethod
    def earliest(self, work: RoundContext) -> tuple[datetime, str]:
        """Return before which moment there was nothing to hand over, and what happened then."""

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the time, and both handlers on that day."""
        moment, what = self.earliest(work)
        if self.handed_over_at > answer.answered_at:
            yield "「引渡し日時」が回答した時刻より後です。実際に手渡した日時を選んでください。"
        if self.handed_over_at < moment:
            yield f"「引渡し日時」は、{what}（{_shown(moment)}）以後でなければなりません。"
        day = self.handed_over_at.date()
        for title, people, person in (
            ("渡した人", work.contract.ward_handlers, self.giver),
            ("受け取った人", work.contract.contractor_handlers, self.receiver),
        ):
            if not designated(people, person, day):
                yield f"「{title}」は、引渡し日に有効な取扱者ではありません。登録されているのは {ids(people)} です。"


class MediaHandover(_Handover):
    """The disc goes to the contractor, or the round is given up while everything is still in the house."""

    step: ClassVar[str] = "record_media_handover"
    subject: ClassVar[str] = "媒体の引渡しを記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD, STOP)
    stop: ClassVar[str | None] = STOP
    records: ClassVar[type[Body]] = MediaHandedOver

    media_no: Tag = Field(title="媒体番号", description="媒体のラベルの番号。" + _TAG_HINT.format("DVD-0001"))
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
        """Show which file goes onto the disc, who may hand it over, and until when that makes sense.

        Raises:
            GateClosedError: The package is not approved, or is not what was approved.
        """
        require(HANDOVER, release_of(work), work.opened.posting_date)
        sealed = recorded(work, Sealed)
        rows = (
            ("ファイル", f"`{work.round_id}.zip`（{sealed.bytes:,} バイト）"),
            ("SHA-256", f"`{sealed.sha256}`"),
            ("内容", f"{sealed.pieces:,} 通、{sealed.pages:,} 頁"),
            *data_age(work),
            *last_posting_day(work),
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
        return _minute(recorded(work, ReleaseApproved).answered_at), "引渡しの承認"

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the time and the handlers, unless the round is given up."""
        return () if answer.option == STOP else super().objections(work, answer)

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:
        """Record the handover of the approved package, or that there will be none.

        Raises:
            GateClosedError: The contract does not cover the day, the package is not what was approved, its data were
                too old when it was handed over, or it could only be posted to an address that has expired.
        """
        sealed = recorded(work, Sealed).sha256
        if answer.option == STOP:
            return Settled(ReleaseRefused(package_sha256=sealed, answered_at=answer.answered_at), goes_on=False)
        day = self.handed_over_at.date()
        require(OPENING, work.contract, day)
        require(HANDOVER, release_of(work), day)
        require(RECENT, export_age(work, self.handed_over_at), day, remedy=_CALL_BACK)
        until = recorded(work, PrintPlanned).postable_until
        if until and until < day:
            raise GateClosedError(
                f"引渡し日（{day}）には、期限（{until}）の切れた送付先があるため、発送できません。",
                _CALL_BACK,
            )
        return Settled(MediaHandedOver(package_sha256=sealed, **self.model_dump()))


class PasswordHandover(_Handover):
    """The password notice goes to the contractor, later and separately."""

    step: ClassVar[str] = "record_password_handover"
    subject: ClassVar[str] = "パスワード通知書の引渡しを記録してください"
    records: ClassVar[type[Body]] = PasswordHandedOver

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
            ("媒体の引渡し", f"{_shown(media.handed_over_at)}（媒体番号 `{media.media_no}`）"),
            ("通知書を渡せる時刻", f"{_shown(_next_occasion(work))} 以後"),
            *last_posting_day(work),
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
        made = _minute(next(datetime.fromisoformat(each.at) for each in work.entries if each.body == issued))
        if self.handed_over_at < made:
            yield f"「引渡し日時」は、パスワード通知書の作成（{_shown(made)}）以後でなければなりません。"
        if self.notice_no != issued.notice_no:
            yield "「パスワード通知書の番号」が、作成した番号と違います。通知書に印字された番号を入力してください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the second handover.

        Raises:
            GateClosedError: The contract does not cover the day.
        """
        require(OPENING, work.contract, self.handed_over_at.date())
        return Settled(PasswordHandedOver(**self.model_dump()))


_Count = Annotated[int, Field(ge=0, le=_MOST_PIECES)]


class Posting(Form):
    """Everything handed over is posted or accounted for."""

    step: ClassVar[str] = "record_posting"
    subject: ClassVar[str] = "発送の結果を記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD,)
    records: ClassVar[type[Body]] = Posted

    posted_on: date = Field(title="発送日", description="郵便局に差し出した日を選ぶ（例：2026-11-24）。")
    withdrawn: _Count = Field(title="抜取り（通）", description="引渡しのあとに抜き取った数。0以上の整数。")
    spoiled: _Count = Field(title="破損（通）", description="印刷や封入で使えなくなった数。0以上の整数。")
    reprinted: _Count = Field(title="再印刷（通）", description="使えなくなった分を作り直した数。0以上の整数。")
    posted: _Count = Field(title="発送（通）", description="差出票の通数。0以上の整数。")

    @classmethod
    def warning(cls, work: RoundContext) -> str:
        """Tell that pieces may have gone to an address that had expired: too late to refuse, not to look after."""
        posted, planned = recorded(work, Posted), recorded(work, PrintPlanned)
        if planned.postable_until is None or posted.posted_on <= planned.postable_until:
            return ""
        return (
            f"発送日（{posted.posted_on}）が、送付先の最も早い期限（{planned.postable_until}）より後です。"
            "期限の切れた送付先に届いたおそれがあります。"
            f"業務システムで、送付先の期限が {planned.postable_until} 以後、{posted.posted_on} より前の世帯を調べ、"
            "届いた先を確かめ、個人情報の取扱いの責任者へ直ちに報告してください。"
        )

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show the number that must be accounted for.

        Raises:
            GateClosedError: A handover is not recorded.
        """
        recorded(work, PasswordHandedOver)
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
            "\n\n記録すると、区側のデータと鍵は直ちに廃棄され、作り直しはできなくなります。"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Reconcile the counts and check the day."""
        handover = recorded(work, PasswordHandedOver).handed_over_at.astimezone(TOKYO).date()
        if self.posted_on < handover:
            yield f"「発送日」は、パスワード通知書の引渡し日（{handover}）以後でなければなりません。"
        if self.posted_on > answer.answered_at.astimezone(TOKYO).date():
            yield "「発送日」が回答した日より後です。差し出してから記録してください。"
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
        due = work.contract.deletion_due(self.posted_on)
        return Settled(Posted(handed_over=recorded(work, Sealed).pieces, due=due, **self.model_dump()))


def _minute(moment: datetime) -> datetime:
    """Return the start of the minute: people read clocks to the minute, and the UI asks no closer."""
    return moment.astimezone(TOKYO).replace(second=0, microsecond=0)


def _next_occasion(work: RoundContext) -> datetime:
    media = recorded(work, MediaHandedOver)
    return media.handed_over_at + timedelta(minutes=work.contract.minutes_between_handovers)


def _shown(moment: datetime) -> str:
    """Write a lower bound to the minute, rounded up, so that what is shown is accepted."""
    start = _minute(moment)
    return (start if start == moment else start + timedelta(minutes=1)).strftime(_MINUTE)
