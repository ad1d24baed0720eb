"""What both handovers share: who, when, in which bag; each line of the register has all of it (control 9).

The medium and its password travel on two separate occasions (control 7): `media_handover`, then `password_handover`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mailround.forms import Answer, Code, Confirmed, Form, Moment, Tag, designated, ids
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

RECORD = "記録する"
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
        title="引渡し日時", description="実際に手渡した日と時刻を、日本時間で選ぶ（例：2026-11-16 10:30）。"
    )
    bag_no: Tag = Field(title="鍵付きカバンの番号", description=TAG_HINT.format("BAG-01"))
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
            yield f"「引渡し日時」は、{what}（{shown(moment)}）以後でなければなりません。"
        day = self.handed_over_at.date()
        for title, people, person in (
            ("渡した人", work.contract.ward_handlers, self.giver),
            ("受け取った人", work.contract.contractor_handlers, self.receiver),
        ):
            if not designated(people, person, day):
                yield f"「{title}」は、引渡し日に有効な取扱者ではありません。登録されているのは {ids(people)} です。"


def minute(moment: datetime) -> datetime:
    """Return the start of the minute: people read clocks to the minute, and the UI asks no closer."""
    return moment.astimezone(TOKYO).replace(second=0, microsecond=0)


def shown(moment: datetime) -> str:
    """Write a lower bound to the minute, rounded up, so that what is shown is accepted."""
    start = minute(moment)
    return (start if start == moment else start + timedelta(minutes=1)).strftime(_MINUTE)
