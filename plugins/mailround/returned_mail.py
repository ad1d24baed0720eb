"""Returned mail (返戻): each posted piece that comes back is recorded with its reason, followed up, and settled.

An envelope shows nothing but a piece id. Which case it is, the encrypted piece index knows from the purge until the
closing; every look into it is recorded first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mailround.errors import CountMismatchError, GateClosedError
from mailround.forms import Answer, Form, Label, PieceIds, Settled, designated, recorded, table
from mailround.handover import RECORD
from mailround.items import pulled_pieces
from mailround.piece_id import listed
from mailround.register.entries import (
    Body,
    Entry,
    MailReturned,
    MailSettled,
    Posted,
    Purged,
    ReturnedShown,
    RoundClosed,
    latest,
    standing,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

REASONS = ("宛所不明", "転居先不明", "保管期間経過", "受取拒否", "その他")
"""What the post office writes on an envelope that it brings back."""
ALL = "すべて"
COLUMNS = ("封書の番号", "ケース番号", "理由", "戻った日", "処理", "起案・記録の番号")
_WIDTHS = (14, 14, 14, 12, 20, 24)


@dataclass(frozen=True, slots=True)
class Line:
    """One returned piece and its case; ``action`` and ``reference`` are empty as long as nothing was done about it."""

    piece_id: str
    case_no: str
    reason: str
    returned_on: date
    action: str
    reference: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what stands under `COLUMNS`."""
        return (
            self.piece_id,
            self.case_no,
            self.reason,
            self.returned_on.isoformat(),
            self.action or "未処理",
            self.reference,
        )


def record_returned(
    work: RoundContext, typed: str, reason: str, returned_on: date, *, recorded_by: str, at: datetime
) -> tuple[MailReturned, ...]:
    """Record pieces that came back on one day for one reason; the same run doing it again records nothing twice.

    Args:
        work: The round, for the run that records.
        typed: The piece ids, as typed.
        reason: One of `REASONS`.
        returned_on: The day they came back.
        recorded_by: The user who records, a ward handler.
        at: The time of the entries.

    Returns:
        What stands in the register of this run's pieces.

    Raises:
        GateClosedError: There is no piece index yet or any more, the user may not record, or the day is impossible.
        CountMismatchError: An id is none of this round's, is there twice, or came back before and is not settled yet;
            says which by its place, for what was typed may be anything. Nothing is recorded.
    """
    entries, piece_ids = work.entries, listed(typed)
    mine = {each.piece_id for each in standing(entries, MailReturned) if each.run_id == work.run_id}
    if piece_ids and mine.issuperset(piece_ids):
        return _of_run(work)
    _require_index(work)
    today = at.astimezone(TOKYO).date()
    posted_on = recorded(work, Posted).posted_on
    if not designated(work.contract.ward_handlers, recorded_by, today):
        raise GateClosedError(
            f"返戻を記録できるのは、契約「{work.contract.name}」の区の取扱者だけです。",
            "指定された取扱者が自分の利用者で記録してください。",
        )
    if reason not in REASONS:
        raise GateClosedError("返戻の理由が選択肢にありません。", f"{'・'.join(REASONS)}から選んでください。")
    if not posted_on <= returned_on <= today:
        raise GateClosedError(
            f"戻った日（{returned_on}）が、発送日（{posted_on}）から今日までの間にありません。",
            "日付を確かめ、「返戻の記録」を新しく実行してください。",
        )
    waiting = {each.piece_id for each in unsettled(entries) if each.run_id != work.run_id}
    _require_returnable(work, piece_ids, waiting)
    for piece_id in (each for each in piece_ids if each not in mine):
        body = MailReturned(piece_id=piece_id, reason=reason, returned_on=returned_on, run_id=work.run_id)
        work.register.append(body, round_id=work.round_id, actor=recorded_by, at=at)
    return _of_run(work)


def unsettled(entries: Iterable[Entry]) -> tuple[MailReturned, ...]:
    """Return the pieces that came back and about which nothing is recorded as done, in the order they were recorded.

    A piece that was sent again and came back on another day is unsettled again.
    """
    entries = tuple(entries)
    done = {(each.piece_id, each.returned_on) for each in standing(entries, MailSettled)}
    return tuple(each for each in _returned(entries) if (each.piece_id, each.returned_on) not in done)


def list_returned(work: RoundContext) -> tuple[Line, ...]:
    """Return the follow-up list: what is not settled first, then by day and id.

    Raises:
        GateClosedError: There is no piece index yet or any more.
        VaultError: The index and its key do not belong together.
    """
    index = _require_index(work)
    entries = work.entries
    done = {(each.piece_id, each.returned_on): each for each in standing(entries, MailSettled)}
    lines = []
    for each in _returned(entries):
        settled = done.get((each.piece_id, each.returned_on))
        action, reference = (settled.action, settled.reference) if settled else ("", "")
        lines.append(Line(each.piece_id, index[each.piece_id], each.reason, each.returned_on, action, reference))
    return tuple(sorted(lines, key=lambda line: (bool(line.action), line.returned_on, line.piece_id)))


def show_returned(
    work: RoundContext,
    deliver: Callable[[Sequence[Line]], None],
    *,
    output: Literal["terminal", "xlsx"],
    at: datetime,
) -> int:
    """Record that the list leaves the index, then deliver it, and return its length; may be done again.

    The entry comes first: an output that fails leaves an entry too many, never one too few.

    Raises:
        GateClosedError: There is no piece index yet or any more.
        VaultError: The index and its key do not belong together.
    """
    lines = list_returned(work)
    _record_showing(work, len(lines), output, at=at)
    deliver(lines)
    return len(lines)


def look_up(work: RoundContext, typed: str, *, at: datetime) -> str:
    """Record that a piece is looked up, and return its case number.

    Raises:
        GateClosedError: There is no piece index yet or any more.
        CountMismatchError: The round has no such piece; nothing is recorded.
        VaultError: The index and its key do not belong together.
    """
    found = _require_index(work).get(typed.strip().upper())
    if found is None:
        raise CountMismatchError("その番号の封書はこの回にありません。", "回の番号と封書の番号を確かめてください。")
    _record_showing(work, 1, "terminal", at=at)
    return found


def spreadsheet(lines: Sequence[Line], *, at: datetime) -> bytes:
    """Return the follow-up list as an .xlsx.

    Raises:
        PrintError: There are more lines than a sheet has.
    """
    from mailround.spreadsheet import spreadsheet as draw  # noqa: PLC0415 - a DAG file imports this module

    return draw({"返戻": [line.cells for line in lines]}, tuple(zip(COLUMNS, _WIDTHS, strict=True)), at=at)


class ReturnedMailSettlement(Form):
    """What was done about pieces of one run's batch; asked until nothing of the batch is left."""

    step: ClassVar[str] = "settle_returned_mail"
    subject: ClassVar[str] = "返戻の処理を記録してください"
    options: ClassVar[tuple[str, ...]] = (RECORD,)
    records: ClassVar[type[Body]] = MailSettled

    piece_ids: PieceIds = Field(
        title="処理した封書の番号",
        description=f"空白か読点で区切って入力する。残りが全部同じ処理のときは「{ALL}」。",
    )
    action: Literal["送付先を確かめて再送", "窓口で交付", "訪問して交付", "公示送達", "送付の取りやめ"] = Field(
        title="処理", description="行ったことを一つ選ぶ。処理が違う封書は、分けて記録する。"
    )
    reference: Label = Field(
        title="起案・記録の番号", description="数字を含む番号を40字以内で入力する（例：8新福生第12号）。"
    )

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Tell whether something of this run's batch is left to settle."""
        return not _of_run(work) or bool(_left(work))

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """List what is left of the batch, by piece id.

        Raises:
            GateClosedError: This run has recorded nothing.
        """
        if not _of_run(work):
            raise GateClosedError(
                "この実行の返戻の記録が管理簿にありません。", "「返戻の記録」を、はじめから新しく実行してください。"
            )
        left = _left(work)
        pulled = pulled_pieces(work.entries)
        listing = table(
            (
                (f"`{each.piece_id}`", f"{each.reason}{'（抜き取ったはずの封書）' if each.piece_id in pulled else ''}")
                for each in left
            ),
            ("封書の番号", "理由"),
        )
        return (
            f"戻った封書が {len(left):,} 通あります。"
            f"ケース番号は `mailround returned show {work.round_id}` で調べられます（出力は管理簿に残ります）。\n\n"
            "送付先を秘匿している世帯（支援措置）かどうかを、再送の前に、地区担当が必ず確かめてください。"
            f"処理したものから記録してください。全部を記録するまで、回は完了できません。\n\n{listing}"
        )

    @classmethod
    def warning(cls, work: RoundContext) -> str:
        """Tell of pieces of the batch that were acknowledged as pulled and have been posted all the same."""
        pulled = pulled_pieces(work.entries)
        wrong = [each for each in _of_run(work) if each.piece_id in pulled]
        if not wrong:
            return ""
        return (
            f"抜き取ったと委託先が回答した封書が {len(wrong):,} 通、発送されて戻りました。"
            "委託先に事実を確かめ、事故として、個人情報の取扱いの責任者へ直ちに報告してください。"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:  # noqa: ARG002 - the interface of forms
        """Check that every id is one of those left."""
        chosen, left = self._chosen(work), {each.piece_id for each in _left(work)}
        if not left:
            yield "この一覧に、処理を待つ封書は残っていません。"
        if len(set(chosen)) < len(chosen):
            yield "「処理した封書の番号」に同じ番号が二度あります。"
        if strangers := len(set(chosen) - left):
            yield f"「処理した封書の番号」に、この一覧にないものが {strangers:,} 通あります。番号を確かめてください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record each piece, and ask again for what is left."""
        chosen, left = set(self._chosen(work)), _left(work)
        first, *more = (
            MailSettled(
                piece_id=each.piece_id, returned_on=each.returned_on, action=self.action, reference=self.reference
            )
            for each in left
            if each.piece_id in chosen
        )
        return Settled(first, more=tuple(more), asks_again=len(chosen) < len(left))

    def _chosen(self, work: RoundContext) -> tuple[str, ...]:
        return tuple(each.piece_id for each in _left(work)) if self.piece_ids == ALL else listed(self.piece_ids)


def _returned(entries: Iterable[Entry]) -> tuple[MailReturned, ...]:
    """Return what stands of every piece: a piece that came back again, as it came back last."""
    return tuple({each.piece_id: each for each in standing(entries, MailReturned)}.values())


def _of_run(work: RoundContext) -> tuple[MailReturned, ...]:
    """Return all that the run at work has recorded."""
    return tuple(each for each in standing(work.entries, MailReturned) if each.run_id == work.run_id)


def _left(work: RoundContext) -> tuple[MailReturned, ...]:
    return tuple(each for each in unsettled(work.entries) if each.run_id == work.run_id)


def _record_showing(work: RoundContext, rows: int, output: Literal["terminal", "xlsx"], *, at: datetime) -> None:
    shown = ReturnedShown(rows=rows, output=output, copy_no=len(standing(work.entries, ReturnedShown)) + 1)
    work.register.append(shown, round_id=work.round_id, actor="mailround", at=at)


def _require_index(work: RoundContext) -> dict[str, str]:
    """Return the piece index."""
    from mailround.purge import read_index  # noqa: PLC0415 - a DAG file imports this module at every parse

    entries = work.entries
    if latest(entries, Purged) is None:
        raise GateClosedError(
            "この回の封書索引は、まだありません。", "索引は廃棄の工程でできます。廃棄が終わってから実行してください。"
        )
    if latest(entries, RoundClosed) is not None:
        raise GateClosedError(
            "この回は完了し、封書索引は廃棄したため、返戻をケース番号と結び付けられません。",
            "業務システムで、封書の宛名から世帯を調べてください。",
        )
    return read_index(work)


def _require_returnable(work: RoundContext, piece_ids: tuple[str, ...], waiting: set[str]) -> None:
    """Refuse ids that are wrong, with their places in the list."""
    known, often = _require_index(work), Counter(piece_ids)
    wrong = (
        ("この回にない番号", [each not in known for each in piece_ids]),
        ("二度書かれた番号", [often[each] > 1 for each in piece_ids]),
        ("既に記録され、処理を待つ番号", [each in waiting for each in piece_ids]),
    )
    told = [
        f"{title} {sum(found):,} 通（{'、'.join(f'{place}番目' for place, bad in enumerate(found, 1) if bad)}）"
        for title, found in wrong
        if any(found)
    ]
    if told or not piece_ids:
        raise CountMismatchError(
            f"返戻の {len(piece_ids):,} 通を受け付けられません：{'、'.join(told) or '番号がありません'}。",
            "封書の番号を確かめ、「返戻の記録」を新しく実行してください。この実行では、1通も記録していません。",
        )
