"""Withdrawals (抜取り): pieces that must not go out are pulled at the contractor before the posting, each acknowledged.

A request names pieces by their opaque ids. Mails say how many; the ids go on paper or by phone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mailround.errors import CountMismatchError, GateClosedError
from mailround.forms import Answer, Code, Form, Moment, PieceIds, Settled, designated, ids, recorded, table
from mailround.handover import RECORD, minute
from mailround.piece_id import is_piece_id, listed
from mailround.register.entries import (
    Body,
    Entry,
    MediaHandedOver,
    Posted,
    PrintPlanned,
    WithdrawalAcknowledged,
    WithdrawalRequested,
    latest,
    standing,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

REASONS = ("送付先の変更", "送付の取りやめ", "内容の誤り", "その他")
"""Why pieces are pulled. None tells of a person: that an address must be kept secret is a change of the address."""
NONE = "なし"
_MOST = 1_000_000


def request_withdrawal(
    work: RoundContext, typed: str, reason: str, *, requested_by: str, at: datetime
) -> WithdrawalRequested:
    """Record that pieces are to be pulled; the same run asking again finds its own request.

    Args:
        work: The round, for the run that asks.
        typed: The piece ids, as typed.
        reason: One of `REASONS`.
        requested_by: The user who asks, a ward handler.
        at: The time of the request.

    Returns:
        The request that stands in the register.

    Raises:
        GateClosedError: Nothing has been handed over or everything is posted, or the user may not ask.
        CountMismatchError: An id is none of this round's, is there twice, or was asked for before; says which by its
            place, for what was typed may be anything.
    """
    entries = work.entries
    mine = request_of(work)
    if mine is not None:
        return mine
    _require_out_and_unposted(entries)
    if not designated(work.contract.ward_handlers, requested_by, at.astimezone(TOKYO).date()):
        raise GateClosedError(
            f"抜取りを依頼できるのは、契約「{work.contract.name}」の区の取扱者だけです。",
            "指定された取扱者が自分の利用者で依頼してください。",
        )
    if reason not in REASONS:
        raise GateClosedError("抜取りの理由が選択肢にありません。", f"{'・'.join(REASONS)}から選んでください。")
    piece_ids = listed(typed)
    _require_pullable(work, piece_ids)
    request = WithdrawalRequested(
        request_no=max((each.request_no for each in standing(entries, WithdrawalRequested)), default=0) + 1,
        piece_ids=piece_ids,
        reason=reason,
        requested_by=requested_by,
        run_id=work.run_id,
    )
    # once: a request that another run made in between keeps its number, and this one is tried again
    work.register.append(request, round_id=work.round_id, actor=requested_by, at=at, once=True)
    return request


def find_piece(work: RoundContext, case_no: str) -> str:
    """Return the id of a case's piece, for a request. Nothing personal leaves: the id is opaque, the case was known.

    Raises:
        GateClosedError: Nothing has been handed over or everything is posted.
        CountMismatchError: The case has no piece in this round.
    """
    from mailround.plan_print import PIECES, chunk_name  # noqa: PLC0415 - a DAG file imports this module at every parse

    _require_out_and_unposted(work.entries)
    for number in range(1, recorded(work, PrintPlanned).chunks + 1):
        for piece in work.workspace.read_records(chunk_name(number), PIECES):
            if piece.recipient.case_no == case_no.strip():
                return piece.piece_id
    raise CountMismatchError(
        "そのケース番号の封書は、この回にありません。",
        "回の番号とケース番号を確かめてください。保留・対象外・窓口交付の世帯の封書は、作られていません。",
    )


def request_of(work: RoundContext) -> WithdrawalRequested | None:
    """Return the request that the run at work has made, or None."""
    found = [each for each in standing(work.entries, WithdrawalRequested) if each.run_id == work.run_id]
    return found[-1] if found else None


def open_requests(entries: Iterable[Entry]) -> tuple[WithdrawalRequested, ...]:
    """Return the requests that the contractor has not answered yet, oldest first."""
    entries = tuple(entries)
    answered = {each.request_no for each in standing(entries, WithdrawalAcknowledged)}
    return tuple(each for each in standing(entries, WithdrawalRequested) if each.request_no not in answered)


def request_text(work: RoundContext, request: WithdrawalRequested) -> tuple[str, str]:
    """Return subject and body of the mail about a request: how many, and never which."""
    lines = (
        f"回：{work.round_id}",
        f"内容：発送の前に抜き取る封書が {len(request.piece_ids):,} 通あります（依頼番号 {request.request_no}）。",
        "対応：番号の一覧は、メールでは送りません。取扱者が、紙で手渡すか電話で、委託先へ直ちに伝えてください。",
        "一覧は、Airflowの「封書の抜取り」の画面にあります。抜き取れたかどうかを、同じ画面に記録してください。",
        "記録されるまで、発送は記録できません。",
    )
    return f"封書の抜取り：回 {work.round_id}（{len(request.piece_ids):,} 通）", "\n".join(lines)


class WithdrawalAcknowledgement(Form):
    """What the contractor says of every piece of one request: pulled, or too late."""

    step: ClassVar[str] = "acknowledge_withdrawal"
    subject: ClassVar[str] = "抜取りの結果を記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD,)
    records: ClassVar[type[Body]] = WithdrawalAcknowledged

    acknowledged_by: Code = Field(
        title="回答した人（委託先の取扱者ID）", description="契約に登録された委託先の取扱者のID（例：C-001）。"
    )
    acknowledged_at: Moment = Field(
        title="回答の日時", description="委託先が結果を知らせた日と時刻を入力する（例：2026/11/18、15:00）。"
    )
    pulled: PieceIds = Field(
        title="抜き取れた封書の番号",
        description=f"空白か読点で区切って入力する。すべて抜き取れたときは「すべて」、1通もないときは「{NONE}」。",
    )
    too_late: Annotated[int, Field(ge=0, le=_MOST)] = Field(
        title="間に合わなかった数（通）", description="抜き取れなかった封書の通数。0以上の整数。"
    )

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Tell whether this run's request is still unanswered."""
        request = request_of(work)
        return request is None or request in open_requests(work.entries)

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """List the pieces to pull.

        Raises:
            GateClosedError: This run has made no request.
        """
        request = _own_request(work)
        rows = (
            ("依頼番号", str(request.request_no)),
            ("依頼者", f"`{request.requested_by}`"),
            ("理由", request.reason),
            ("通数", f"{len(request.piece_ids):,} 通"),
            ("委託先の取扱者", ids(work.contract.contractor_handlers)),
        )
        listing = "\n".join(f"{number}. `{each}`" for number, each in enumerate(request.piece_ids, 1))
        return (
            "次の封書を抜き取るよう、番号の一覧を紙で手渡すか電話で、委託先の取扱者へ直ちに伝えてください"
            "（メールでは送らない）。結果を聞いたら、1通ずつ確かめて記録してください。"
            f"\n\n{table(rows)}\n\n{listing}\n\n**抜き取れた数と間に合わなかった数の合計が、依頼の通数と合わない場合は、"
            "受理できません。** 記録するまで、発送は記録できません。"
        )

    @classmethod
    def warning(cls, work: RoundContext) -> str:
        """Tell of pieces that go out although they should not."""
        request = request_of(work)
        said = [
            each
            for each in standing(work.entries, WithdrawalAcknowledged)
            if request and each.request_no == request.request_no
        ]
        if not said or not said[-1].too_late:
            return ""
        return (
            f"抜取り（依頼番号 {said[-1].request_no}）が間に合わず、"
            f"発送される封書が {len(said[-1].too_late):,} 通あります。"
            "郵便局に取戻しを相談し、届いた先への対応を決め、個人情報の取扱いの責任者へ直ちに報告してください。"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the time, who said it, and that every piece of the request is spoken of, and no other."""
        request = _own_request(work)
        *_, stamp = (each.at for each in work.entries if each.body == request)  # not that of one taken back
        requested_at = datetime.fromisoformat(stamp)
        if self.acknowledged_at < minute(requested_at):
            yield "「回答の日時」が依頼より前です。委託先が結果を知らせた日時を選んでください。"
        if self.acknowledged_at > answer.answered_at:
            yield "「回答の日時」が回答した時刻より後です。委託先が結果を知らせた日時を選んでください。"
        if not designated(work.contract.contractor_handlers, self.acknowledged_by, self.acknowledged_at.date()):
            known = ids(work.contract.contractor_handlers)
            yield f"「回答した人」は、その日に有効な取扱者ではありません。登録されているのは {known} です。"
        pulled = self._pulled(request)
        if len(set(pulled)) < len(pulled):
            yield "「抜き取れた封書の番号」に同じ番号が二度あります。"
        strangers = len(set(pulled).difference(request.piece_ids))
        if strangers:
            yield f"「抜き取れた封書の番号」に、依頼していないものが {strangers:,} 通あります。番号を確かめてください。"
        if len(set(pulled)) + self.too_late != len(request.piece_ids):
            yield (
                f"抜取りの数が合いません。依頼 {len(request.piece_ids):,} 通に対し、"
                f"抜き取れたもの {len(set(pulled)):,} 通、間に合わなかったもの {self.too_late:,} 通です。"
            )
        if pulled and latest(work.entries, Posted) is not None:
            yield "発送が記録された後に抜き取れた封書はありえません。発送の記録と委託先の報告を確かめてください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record what was pulled and, as all that is left of the request, what was too late; in the request's order."""
        request = _own_request(work)
        pulled = set(self._pulled(request))
        return Settled(
            WithdrawalAcknowledged(
                request_no=request.request_no,
                pulled=tuple(each for each in request.piece_ids if each in pulled),
                too_late=tuple(each for each in request.piece_ids if each not in pulled),
                acknowledged_by=self.acknowledged_by,
                acknowledged_at=self.acknowledged_at,
            )
        )

    def _pulled(self, request: WithdrawalRequested) -> tuple[str, ...]:
        if self.pulled == NONE:
            return ()
        return request.piece_ids if self.pulled == "すべて" else listed(self.pulled)


def _require_out_and_unposted(entries: Iterable[Entry]) -> None:
    entries = tuple(entries)
    if latest(entries, MediaHandedOver) is None:
        raise GateClosedError(
            "媒体をまだ引き渡していないため、抜取りは依頼できません。",
            "引渡しの前は、「渡さずに中止する」を選び、データを直して新しい回で作り直してください。",
        )
    if latest(entries, Posted) is not None:
        raise GateClosedError(
            "発送が記録されているため、抜取りは依頼できません。",
            "委託先と郵便局に直ちに電話で取戻しを相談し、個人情報の取扱いの責任者へ報告してください。",
        )


def _own_request(work: RoundContext) -> WithdrawalRequested:
    request = request_of(work)
    if request is None:
        raise GateClosedError(
            "この実行の抜取りの依頼が管理簿にありません。", "「封書の抜取り」を、はじめから新しく実行してください。"
        )
    return request


def _require_pullable(work: RoundContext, piece_ids: tuple[str, ...]) -> None:
    """Refuse ids that are wrong, with their places in the list."""
    from mailround.plan_print import LISTED, list_name  # noqa: PLC0415 - a DAG file imports this module at every parse

    known = {
        piece.piece_id
        for number in range(1, recorded(work, PrintPlanned).chunks + 1)
        for piece in work.workspace.read_records(list_name(number), LISTED)
    }
    asked = {each for request in standing(work.entries, WithdrawalRequested) for each in request.piece_ids}
    often = Counter(piece_ids)
    wrong = (
        ("番号の写し間違い（検査文字が合わない）", [each not in known and not is_piece_id(each) for each in piece_ids]),
        ("この回にない番号", [each not in known and is_piece_id(each) for each in piece_ids]),
        ("二度書かれた番号", [often[each] > 1 for each in piece_ids]),
        ("既に抜取りを依頼した番号", [each in asked for each in piece_ids]),
    )
    told = [
        f"{title} {sum(found):,} 通（{'、'.join(f'{place}番目' for place, bad in enumerate(found, 1) if bad)}）"
        for title, found in wrong
        if any(found)
    ]
    if told or not piece_ids:
        raise CountMismatchError(
            f"依頼の {len(piece_ids):,} 通を受け付けられません：{'、'.join(told) or '番号がありません'}。",
            "封書の番号を確かめ、「封書の抜取り」を新しく実行してください。この依頼は、1通も記録していません。",
        )
