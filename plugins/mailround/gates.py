"""Gates: preconditions of the control checklist, each one row: (facts, day) → a reason to refuse, or None.

A row also says which items of the checklist it keeps and what to do when it is closed. Steps name the gates they need
and `evaluation` records what was found. An id is in the register for good: it is never renamed nor used for another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from mailround.contracts import ApprovedItems, Contract
from mailround.errors import GateClosedError
from mailround.overdue import Outstanding
from mailround.settings import TOKYO

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Gate(Generic[Facts]):
    """One precondition.

    ``controls`` are the numbers of the checklist's items. ``check`` returns a Japanese reason without its full stop,
    or None; ``remedy`` is Japanese sentences. Neither holds personal data.
    """

    id: str
    controls: tuple[int, ...]
    check: Callable[[Facts, date], str | None]
    remedy: str

    def closed(self, facts: Facts, day: date) -> Closed | None:
        """Return why it is closed on that day, or None."""
        reason = self.check(facts, day)
        numbers = "・".join(map(str, self.controls))
        return None if reason is None else Closed(self.id, f"{reason}（点検表{numbers}）", self.remedy)


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed gate: its id, the reason with its checklist number, and what to do."""

    id: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a step's gates said for a day: the ids of those that hold, and those that are closed."""

    day: date
    passed: tuple[str, ...] = ()
    closed: tuple[Closed, ...] = ()

    def ask(self, gates: Sequence[Gate[Facts]], facts: Facts) -> Evaluation:
        """Return the evaluation with more gates, asked of these facts."""
        found = [(gate.id, gate.closed(facts, self.day)) for gate in gates]
        passed = tuple(id_ for id_, why in found if why is None)
        return Evaluation(self.day, self.passed + passed, self.closed + tuple(why for _, why in found if why))

    def require(self, first: str = "") -> None:
        """Pass, or refuse with every reason at once and each remedy once.

        Args:
            first: What to do before anything else, a Japanese sentence.

        Raises:
            GateClosedError: At least one gate is closed.
        """
        if self.closed:
            remedies = dict.fromkeys((first, *(each.remedy for each in self.closed)))
            reasons = "、".join(each.reason for each in self.closed)
            raise GateClosedError(f"点検表の前提条件を満たしていません：{reasons}。", "".join(remedies))


@dataclass(frozen=True, slots=True)
class Carried:
    """What is approved for the kind of round (None: nothing), and what templates and lists carry.

    ``items`` is None for a package that was sealed by a version that did not say.
    """

    approved: ApprovedItems | None
    items: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Release:
    """The package's SHA-256 as sealed, as approved, and as the file on disk has it now; None where there is none.

    ``overtaken`` is the title of a step whose last work rests on something that was done anew since.
    """

    sealed: str | None
    approved: str | None
    on_disk: str | None
    overtaken: str | None = None


@dataclass(frozen=True, slots=True)
class Approvals:
    """When the sealed package was approved, each time, for how many days that counts, and when it is acted on."""

    given: tuple[datetime, ...]
    days: int
    moment: datetime
    """To the minute, as people read clocks."""

    @property
    def good_until(self) -> date | None:
        """The last day on which the latest approval may be acted on."""
        return max(map(self._last_day, self.given), default=None)

    def cover(self) -> bool:
        """Tell whether one of them was given by then and still counted."""
        day = self.moment.astimezone(TOKYO).date()
        return any(_minute(each) <= self.moment and day <= self._last_day(each) for each in self.given)

    def count_on(self, day: date) -> bool:
        """Tell whether one of them counts at some time of that day."""
        return any(each.astimezone(TOKYO).date() <= day <= self._last_day(each) for each in self.given)

    def _last_day(self, given: datetime) -> date:
        return given.astimezone(TOKYO).date() + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class ExportAge:
    """When the export was made (None: recorded by a version that did not say), and when it is to count.

    Hours matter, so the facts carry the moment: the answer's for an approval, the handing over itself for a medium.
    """

    created_at: datetime | None
    moment: datetime
    max_hours: int

    @property
    def good_until(self) -> datetime | None:
        """The last moment at which the export is not too old, in Tokyo's zone."""
        return self.created_at.astimezone(TOKYO) + timedelta(hours=self.max_hours) if self.created_at else None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What is open elsewhere: deletions of the contractor's other rounds, and how many incidents of this round."""

    deletions: tuple[Outstanding, ...] = ()
    incidents: int = 0


def _in_term(contract: Contract, day: date) -> str | None:
    if contract.term.start <= day <= contract.term.end:
        return None
    return f"{day} は契約期間（{contract.term.start}〜{contract.term.end}）の外です"


def _mark_valid(contract: Contract, day: date) -> str | None:
    if day <= contract.privacy_mark.expires:
        return None
    return f"{day} には委託先のプライバシーマークが失効しています［期限 {contract.privacy_mark.expires}］"


def _handlers(contract: Contract, day: date) -> str | None:
    lists = (
        ("区の取扱者", contract.ward_handlers),
        ("区の承認者", contract.ward_approvers),
        ("委託先の取扱者", contract.contractor_handlers),
    )
    missing = [title for title, people in lists if not any(person.valid_on(day) for person in people)]
    return f"{day} に有効な{'・'.join(missing)}が指定されていません" if missing else None


def _responsible(contract: Contract, day: date) -> str | None:
    lists = (("区", contract.responsible.ward), ("委託先", contract.responsible.contractor))
    missing = [title for title, people in lists if not any(person.valid_on(day) for person in people)]
    return f"{day} に有効な{'・'.join(missing)}の取扱責任者が指定されていません" if missing else None


def _two_divisions(contract: Contract, day: date) -> str | None:
    handling = {person.division for person in contract.ward_handlers if person.valid_on(day)}
    approving = {person.division for person in contract.ward_approvers if person.valid_on(day)}
    if len(handling | approving) > 1 or not handling or not approving:  # the last two are the gate's before
        return None
    return f"{day} に有効な区の承認者が、取扱者とすべて同じ課です"


def _subcontractors(contract: Contract, day: date) -> str | None:
    early = [each.id for each in contract.subcontractors if max(each.approved_on, each.inspected_on) > day]
    return f"{day} の時点で承認と検査の済んでいない再委託先があります［{'・'.join(early)}］" if early else None


def _flow(contract: Contract, day: date) -> str | None:
    if contract.flow.acknowledged_on <= day:
        return None
    return f"{day} の時点で委託先が作業の流れ［{contract.flow.version}］を確認していません"


def _contacts(contract: Contract, day: date) -> str | None:
    most = timedelta(days=contract.contacts_max_age_days)
    stale = [each.id for each in contract.contacts if not timedelta() <= day - each.verified_on <= most]
    told = f"［{'・'.join(stale)}、{contract.contacts_max_age_days}日以内］"
    return f"{day} の時点で、つながることを確かめていない緊急連絡先があります{told}" if stale else None


def _items(carried: Carried, day: date) -> str | None:
    if carried.approved is None:
        return "この発送種別で委託先に渡してよい項目が承認されていません"
    if carried.approved.approved_on > day:
        return (
            f"渡してよい項目［{carried.approved.version}］の承認日（{carried.approved.approved_on}）が {day} より後です"
        )
    extra = sorted((carried.items or frozenset()) - set(carried.approved.items))
    return f"承認されていない項目があります［{'・'.join(extra)}］" if extra else None


def _unchanged(release: Release, _: date) -> str | None:
    if release.on_disk is None:
        return "封緘したパッケージのファイルがありません"
    if release.on_disk != release.sealed:
        return "パッケージのファイルが封緘の記録と一致しません"
    return None


def _nothing_anew(release: Release, _: date) -> str | None:
    if release.overtaken is None:
        return None
    return f"「{release.overtaken}」の後に前の工程がやり直されたので、「{release.overtaken}」からやり直す"


def _approved(release: Release, _: date) -> str | None:
    if release.approved is None:
        return "引渡しの承認が管理簿にありません"
    if release.approved != release.sealed:
        return "承認されたパッケージと封緘の記録が一致しません"
    return None


def _fresh(approvals: Approvals, _: date) -> str | None:
    if not approvals.given or approvals.cover():  # where there is none, the gate before says so
        return None
    told = f"［承認の有効日数 {approvals.days}日、最後の承認は {approvals.good_until} まで］"
    return f"引渡しの時点で有効な承認がありません{told}"


def _recent(age: ExportAge, _: date) -> str | None:
    if age.good_until is None or age.moment <= age.good_until:
        return None
    return f"データの作成から{age.max_hours}時間（期限 {age.good_until:%Y-%m-%d %H:%M}）を過ぎています"


def _addresses(until: date | None, day: date) -> str | None:
    if until is None or day <= until:
        return None
    return f"引渡し日（{day}）には、期限（{until}）の切れた送付先があるため、発送できません"


def _deletions(unsettled: Unsettled, day: date) -> str | None:
    late = [f"{each.round_id}（期限 {each.due}）" for each in unsettled.deletions if each.due < day]
    return f"この委託先の、消去期限を過ぎて消去証明のない回があります：{'・'.join(late)}" if late else None


def _incidents(unsettled: Unsettled, _: date) -> str | None:
    return f"この回に対応中の事故が{unsettled.incidents}件あります" if unsettled.incidents else None


_PEOPLE = "契約の設定に、指定した人と期間を書き足してください。"
_LEAVE = "「10 媒体の引渡し」を Clear して「渡さずに中止する」を選び、出力し直したデータファイルと、"
_ANEW = _LEAVE + "新しい回の番号と発送予定日で作り直してください。"

OPENING: tuple[Gate[Contract], ...] = (
    Gate("contract_in_term", (1,), _in_term, "契約書と、契約の設定の期間を確かめてください。"),
    Gate(
        "privacy_mark_valid",
        (1,),
        _mark_valid,
        "委託先に更新後の登録証を求め、契約の設定の番号と期限を直してください。",
    ),
    Gate(
        "subcontractors_approved",
        (3,),
        _subcontractors,
        "再委託先を承認し検査してから、日付を契約の設定に書いてください。",
    ),
    Gate("handlers_designated", (4,), _handlers, _PEOPLE),
    Gate("responsible_designated", (4,), _responsible, _PEOPLE),
    Gate(
        "flow_acknowledged",
        (5,),
        _flow,
        "作業の流れの文書を委託先に渡し、確認した日を契約の設定に書いてください。",
    ),
    Gate(
        "contacts_verified",
        (12,),
        _contacts,
        "緊急連絡先に連絡してつながることを確かめ、確認日を契約の設定に書いてください。",
    ),
    Gate("two_divisions", (19,), _two_divisions, "取扱者と別の課の人を、承認者として契約の設定に加えてください。"),
)
"""What must hold on the posting day before a round is opened, and on the day of every handover."""

ITEMS: tuple[Gate[Carried], ...] = (
    Gate(
        "items_approved",
        (1,),
        _items,
        "様式や一覧から項目を除くか、項目の承認を受けてから、版とともに契約の設定に書き足してください。",
    ),
)
"""What may be in the package: looked at when a round is opened, when it is sealed, and at every handover."""

_UNCHANGED: Gate[Release] = Gate(
    "package_unchanged",
    (7,),
    _unchanged,
    "パッケージに触れた人がいないか確かめ、システム担当へ連絡してください。封緘したものに戻るまで、渡せません。",
)

APPROVAL: tuple[Gate[Release], ...] = (
    _UNCHANGED,
    Gate("nothing_done_anew", (19,), _nothing_anew, "示された工程を Clear してください。"),
)
"""What must hold when a release is approved."""

HANDOVER: tuple[Gate[Release], ...] = (
    _UNCHANGED,
    Gate("release_approved", (19,), _approved, "「09 引渡し承認」を Clear し、承認者が回答してください。"),
)
"""What must hold of the package at every handover."""

FRESH: tuple[Gate[Approvals], ...] = (
    Gate(
        "approval_fresh",
        (19,),
        _fresh,
        "「09 引渡し承認」を Clear し、承認を受け直してから、改めて渡してください。",
    ),
)
"""What must hold of the approval at the moment of every handover."""

RECENT: tuple[Gate[ExportAge], ...] = (Gate("export_recent", (5,), _recent, _ANEW),)
"""What must hold at the moment of the approval, and at the moment the medium is handed over."""

ADDRESSES: tuple[Gate[date | None], ...] = (Gate("addresses_current", (5,), _addresses, _ANEW),)
"""What must hold of the first mail-to among the pieces that expires, when the medium is handed over."""

SETTLED: tuple[Gate[Unsettled], ...] = (
    Gate(
        "deletion_not_overdue",
        (11,),
        _deletions,
        "委託先に消去証明書と返却を求め、その回の「17 消去証明の受領」に記録してください。",
    ),
    Gate("no_open_incident", (13,), _incidents, "事故への対応を終え、終了を記録してください。"),
)
"""What must be settled before anything more is handed over."""


def closed(gates: Sequence[Gate[Facts]], facts: Facts, day: date) -> tuple[str, ...]:
    """Return the reason of every gate that is closed."""
    return tuple(each.reason for each in Evaluation(day).ask(gates, facts).closed)


def require(gates: Sequence[Gate[Facts]], facts: Facts, day: date) -> None:
    """Pass, or refuse with every reason at once and each remedy; nothing is recorded.

    Raises:
        GateClosedError: At least one gate is closed.
    """
    Evaluation(day).ask(gates, facts).require()


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
