"""What both handovers share: who, when, where, in which bag; each line of the register has all of it (control 9).

The medium and its password travel on two separate occasions (control 7): `media_handover`, then `password_handover`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mailround.approve_release import approvals_of, approved_until, release_of
from mailround.forms import Answer, Code, Confirmed, Form, Label, Moment, Tag, designated, ids, recorded
from mailround.gates import FRESH, HANDOVER, ITEMS, OPENING, SETTLED, Carried, Evaluation, Unsettled
from mailround.incident import open_incidents
from mailround.overdue import Outstanding, outstanding_deletions
from mailround.register.entries import Body, Correction, Entry, HandoverSheetPrinted, Sealed
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext
    from mailround.contracts import ApprovedItems

RECORD = "記録する"
Item = Literal["media", "password"]
"""What a handover is about, and its sheet; also what the command calls it."""
TAG_HINT = "半角の英数字・ハイフン・点で、16字以内（例：{}）。"
"""What to type as the number on a thing."""
_MINUTE = "%Y-%m-%d %H:%M"


class Handover(Form):
    """What both handovers ask."""

    options: ClassVar[tuple[str, ...]] = (RECORD,)

    giver: Code = Field(title="渡した人（区の取扱者ID）", description="契約に登録された区の取扱者のID（例：officer）。")
    receiver: Code = Field(
        title="受け取った人（委託先の取扱者ID）", description="契約に登録された委託先の取扱者のID（例：C-001）。"
    )
    handed_over_at: Moment = Field(
        title="引渡し日時", description="実際に手渡した日と時刻を、日本時間で入力する（例：2026/11/16、10:30）。"
    )
    place: Label = Field(
        title="引渡しの場所", description="番号の付いた場所を40字以内で（例：本庁舎1階 窓口3）。人の名前は書かない。"
    )
    bag_no: Tag = Field(title="鍵付きカバンの番号", description=TAG_HINT.format("BAG-01"))
    locked: Confirmed = Field(title="カバンの施錠を確認した", description="施錠して運んだことを確かめ、オンにする。")
    storage: Label = Field(
        title="委託先での保管場所", description="番号の付いた場所を40字以内で（例：耐火金庫1）。人の名前は書かない。"
    )

    @classmethod
    def asking(cls, work: RoundContext, day: date) -> Evaluation:
        """Nothing is asked of a package that is not approved, or is not what was approved."""
        return Evaluation(day).ask(HANDOVER, release_of(work))

    def passing(self, work: RoundContext, answer: Answer) -> Evaluation | None:  # noqa: ARG002 - the interface of forms
        """Return what must hold on the day of the handing over, whenever it is recorded."""
        return self.holding(work)

    def holding(self, work: RoundContext) -> Evaluation:
        """Return the gates of both handovers, on the day of this one."""
        items = recorded(work, Sealed).carried
        return (
            Evaluation(self.handed_over_at.date())
            .ask(OPENING, work.contract)
            .ask(ITEMS, Carried(_approved_items(work), None if items is None else frozenset(items)))
            .ask(HANDOVER, release_of(work))
            .ask(FRESH, approvals_of(work, self.handed_over_at))
            .ask(SETTLED, Unsettled(_outstanding(work), len(open_incidents(work.entries))))
        )

    @abstractmethod
    def earliest(self, work: RoundContext) -> tuple[datetime, str]:
        """Return before which moment there was nothing to hand over, and what happened then."""

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the time, and both handlers on that day."""
        moment, what = self.earliest(work)
        if self.handed_over_at > answer.answered_at:
            yield "「引渡し日時」が回答した時刻より後です。実際に手渡した日時を選んでください。"
        if self.handed_over_at < moment:
            yield f"「引渡し日時」は、{what}（{shown(moment)}）以後でなければなりません。"
        day = self.handed_over_at.date()
        for title, people, person in (
            ("渡した人", work.contract.ward_handlers, self.giver),
            ("受け取った人", work.contract.contractor_handlers, self.receiver),
        ):
            if not designated(people, person, day):
                yield f"「{title}」は、引渡し日に有効な取扱者ではありません。登録されているのは {ids(people)} です。"
        if self.giver.casefold() == self.receiver.casefold():
            yield "「渡した人」と「受け取った人」が同じです。区と委託先の、別の取扱者のIDを入力してください。"

    def too_early(self, moment: datetime, what: str) -> Iterable[str]:
        """Yield an objection when the handover is told to have come before something that it needed."""
        if self.handed_over_at < minute(moment):
            yield f"「引渡し日時」は、{what}（{shown(minute(moment))}）以後でなければなりません。"


def conditions(work: RoundContext) -> tuple[tuple[str, str], ...]:
    """Return the rows of a question that say until when, and on what conditions, something may be handed over.

    A question knows no clock: what runs out is told by its last day.
    """
    last = min(work.contract.term.end, work.contract.privacy_mark.expires)
    rows = [("承認の有効期限", approved_until(work)), ("契約上、渡せる最後の日", str(last))]
    if outstanding := _outstanding(work):
        told = "、".join(f"{each.round_id}（期限 {each.due}）" for each in outstanding)
        rows.append(("この委託先の、消去証明が未受領の回", f"{told}。期限を過ぎたら、受領するまで渡せない"))
    if incidents := open_incidents(work.entries):
        rows.append(("対応中の事故", f"**{len(incidents)}件。対応を終えるまで渡せない**"))
    return tuple(rows)


def _approved_items(work: RoundContext) -> ApprovedItems | None:
    return work.contract.approved_items.get(work.opened.round_kind)


def _outstanding(work: RoundContext) -> tuple[Outstanding, ...]:
    return outstanding_deletions(work.register.entries(), work.contract, besides=work.round_id)


def without_sheet(handover: Handover, work: RoundContext, printed: Iterable[Entry], item: Item) -> Iterable[str]:
    """Yield what is wrong with the sheets of a handover: there is none, or none was there yet when things were handed.

    Args:
        handover: The answer.
        work: The round.
        printed: The sheets that are about exactly what was handed over.
        item: What was handed over.
    """
    # by time, not by number: after a clock that ran ahead another print has the right one
    first = min((datetime.fromisoformat(each.at) for each in printed), default=None)
    if first is None:
        yield (
            "渡した物の確認記録票が出力されていません。"
            f"`mailround handover-sheet {work.round_id} {item}` で出力し、双方が署名した引渡しを記録してください。"
        )
        return
    yield from handover.too_early(first, "確認記録票の出力")


def sheets(work: RoundContext, item: Item, package_sha256: str) -> list[Entry]:
    """Return the entries of the sheets printed for an item with that package, oldest first."""
    return [
        entry
        for entry in standing_entries(work.entries, HandoverSheetPrinted)
        if isinstance(entry.body, HandoverSheetPrinted)
        and entry.body.item == item
        and entry.body.package_sha256 == package_sha256
    ]


def standing_entries(entries: Iterable[Entry], kind: type[Body]) -> list[Entry]:
    """Return the entries of one kind that no correction has taken back, oldest first."""
    listed = tuple(entries)
    corrected = {entry.body.corrects for entry in listed if isinstance(entry.body, Correction)}
    return [entry for entry in listed if isinstance(entry.body, kind) and entry.seq not in corrected]


def minute(moment: datetime) -> datetime:
    """Return the start of the minute: people read clocks to the minute, and the UI asks no closer."""
    return moment.astimezone(TOKYO).replace(second=0, microsecond=0)


def shown(moment: datetime) -> str:
    """Write a lower bound to the minute, rounded up, so that what is shown is accepted."""
    start = minute(moment)
    return (start if start == moment else start + timedelta(minutes=1)).strftime(_MINUTE)
