"""The way of a round as people speak of it: its steps, which are done, whose turn it is, until when, and what is out.

A function over register entries (docs/adr/0006): what Airflow's task says of itself is neither asked nor believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from mailround.decide_holds import decision
from mailround.incident import open_incidents, submitted
from mailround.items import Item
from mailround.overdue import stated_return, stated_rule
from mailround.register.entries import (
    Body,
    ContractStated,
    Correction,
    DeletionCertified,
    DeletionReminded,
    Entry,
    Extracted,
    HoldsDecided,
    HoldsReleased,
    IncidentClosed,
    IncidentReported,
    IncidentStep,
    ItemsReturned,
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    Posted,
    PrintPlanned,
    Purged,
    QualityChecked,
    ReceiptConfirmed,
    ReleaseApproved,
    ReleaseRefused,
    Rendered,
    RoundClosed,
    RoundEnded,
    RoundOpened,
    Sealed,
    Verified,
    WithdrawalAcknowledged,
    WithdrawalRequested,
    latest,
    overtaken,
)
from mailround.retention import uncovered_items
from mailround.settings import TOKYO

DAG_ID = "mailing_round"
Who = Literal["自動", "取扱者", "承認者"]
Status = Literal["done", "skipped", "now", "ahead"]
"""Done; not needed this time; whose turn it is; still to come."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a round: Airflow's task, its title as on the screen without its number, who does it, what it leaves.

    ``doing`` is what a caseworker says while it is its turn.
    """

    task_id: str
    number: str
    title: str
    who: Who
    leaves: type[Body]
    doing: str


WAY: tuple[Step, ...] = (
    Step("open_round", "01", "回の開始", "自動", RoundOpened, "開始しています"),
    Step("extract", "02", "データ取込", "自動", Extracted, "データを取り込んでいます"),
    Step("check_quality", "03", "データ検査", "自動", QualityChecked, "データを検査しています"),
    Step("decide_holds", "04", "保留の判断", "取扱者", HoldsDecided, "保留の世帯の扱いを決めるのを待っています"),
    Step("plan_print", "05", "印刷計画", "自動", PrintPlanned, "印刷の順番を決めています"),
    Step("render", "06", "通知書作成", "自動", Rendered, "通知書を作っています"),
    Step("verify", "07", "全頁照合", "自動", Verified, "全頁を照合しています"),
    Step("seal", "08", "封緘（暗号化）", "自動", Sealed, "暗号化しています"),
    Step("approve_release", "09", "引渡し承認", "承認者", ReleaseApproved, "第二課の承認を待っています"),
    Step("record_media_handover", "10", "媒体の引渡し", "取扱者", MediaHandedOver, "媒体の引渡しを待っています"),
    Step(
        "record_password_handover",
        "11",
        "パスワード通知書の引渡し",
        "取扱者",
        PasswordHandedOver,
        "パスワード通知書の引渡しを待っています",
    ),
    Step("record_receipt", "12", "受領の確認", "取扱者", ReceiptConfirmed, "委託先の受領の確認を待っています"),
    Step("record_posting", "13", "発送の記録", "取扱者", Posted, "委託先の発送を待っています"),
    Step("purge", "14", "区側データの廃棄", "自動", Purged, "区側のデータを廃棄しています"),
    Step(
        "deletion_due_reminder",
        "15",
        "消去期限のお知らせ",
        "自動",
        DeletionReminded,
        "お知らせの日を待っています",
    ),
    Step("record_returns", "16", "現物の返却", "取扱者", ItemsReturned, "媒体・通知書・用紙の返却を待っています"),
    Step(
        "record_deletion_certificate", "17", "消去証明の受領", "取扱者", DeletionCertified, "消去証明書を待っています"
    ),
    Step("close_round", "18", "回の完了", "自動", RoundClosed, "証跡報告書を書いています"),
)

READ: tuple[type[Body], ...] = (
    *(step.leaves for step in WAY),
    *(ContractStated, Correction, HoldsReleased, ReleaseRefused, RoundEnded, PasswordNoticeIssued),
    *(PasswordNoticeReprinted, WithdrawalRequested, WithdrawalAcknowledged),
    *(IncidentReported, IncidentStep, IncidentClosed),
)
"""The kinds of entries that anything here looks at: who asks about many rounds reads these and no others."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A step of one round as it stands; ``entry`` is the last one that it left."""

    step: Step
    status: Status
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Until:
    """The last day for something, and why."""

    day: date
    why: str

    def left(self, today: date) -> int:
        """Return the days that are left; negative when it is over."""
        return (self.day - today).days


@dataclass(frozen=True, slots=True)
class Standing:
    """A round as a caseworker asks for it.

    ``now`` is None for a round that is over; ``over`` then says how, and ``ended_at`` when, where it was ended before
    its handover. ``until`` is by when the step of ``now`` must be done, ``deletion`` by when the contractor must have
    deleted what is in ``out``.
    """

    round_id: str
    opened: RoundOpened
    opened_at: str
    ended_at: str
    steps: tuple[Passed, ...]
    now: Step | None
    over: Literal["", "completed", "ended"]
    until: Until | None
    media: MediaHandedOver | None
    out: tuple[Item, ...]
    deletion: Until | None
    warn_days: int
    incidents: tuple[IncidentReported, ...]
    incident_until: Until | None

    @property
    def says(self) -> str:
        """The state in words."""
        if self.over == "ended":
            return "中止しました"
        return self.now.doing if self.now else "完了しました"


def standings(entries: Iterable[Entry]) -> tuple[Standing, ...]:
    """Return every round that was opened, the last opened first.

    Args:
        entries: Of any rounds, oldest first; those of the kinds in `READ` are enough.
    """
    by_round: dict[str, list[Entry]] = {}
    for entry in entries:
        by_round.setdefault(entry.round_id, []).append(entry)
    found = [standing_of(each) for each in by_round.values() if latest(each, RoundOpened)]
    return tuple(sorted(found, key=lambda each: each.opened_at, reverse=True))


def standing_of(entries: Sequence[Entry]) -> Standing:
    """Return how one round stands.

    Args:
        entries: The round's, oldest first, that of its opening among them.
    """
    opening = next(entry for entry in entries if isinstance(entry.body, RoundOpened))
    opened = latest(entries, RoundOpened)
    if opened is None:
        raise ValueError("the round was never opened")
    ended = latest(entries, RoundEnded) or latest(entries, ReleaseRefused)
    steps = way(entries)
    now = None if ended else next((each.step for each in steps if each.status == "now"), None)
    media, out = latest(entries, MediaHandedOver), uncovered_items(entries)
    rule = stated_rule(entries)
    incidents = open_incidents(entries)
    return Standing(
        round_id=opening.round_id,
        opened=opened,
        opened_at=opening.at,
        ended_at=next((entry.at for entry in entries if entry.body is ended), ""),
        steps=steps,
        now=now,
        over="ended" if ended else "" if now else "completed",
        until=_until(entries, opened, now) if now else None,
        media=media,
        out=out if media else (),
        deletion=Until(rule.due(entries), "委託先の消去期限") if media and out and rule else None,
        warn_days=max(rule.remind_days_before, default=0) if rule else 0,
        incidents=incidents,
        incident_until=_report_by(entries, incidents),
    )


def way(entries: Sequence[Entry]) -> tuple[Passed, ...]:
    """Return every step as it stands. What was done anew makes the steps that rest on it be done anew, too."""
    late = overtaken(entries)
    left: list[Entry | None] = []
    for step in WAY:
        if step.leaves is late or not _counts(entries, step):
            break
        left.append(_left(entries, step))
    left += [None] * (len(WAY) - len(left))
    reached = max((number for number, entry in enumerate(left) if entry), default=-1)
    passed: list[Passed] = []
    waited_for = False
    for number, (step, entry) in enumerate(zip(WAY, left, strict=True)):
        status: Status = "done"
        if waited_for:
            status = "ahead"
        elif not entry:
            status = "skipped" if _goes_without(entries, step, number < reached) else "now"
            waited_for = status == "now"
        passed.append(Passed(step, status, entry if status == "done" else None))
    return tuple(passed)


def _left(entries: Sequence[Entry], step: Step) -> Entry | None:
    body = decision(entries) if step.leaves is HoldsDecided else latest(entries, step.leaves)
    return next((each for each in reversed(entries) if each.body is body), None) if body else None


def _counts(entries: Sequence[Entry], step: Step) -> bool:
    """Tell whether what a step left is still about what there is: an approval is of the package as it was sealed."""
    if step.leaves is not ReleaseApproved:
        return True
    approved, sealed = latest(entries, ReleaseApproved), latest(entries, Sealed)
    return not approved or not sealed or approved.package_sha256 == sealed.sha256


def _goes_without(entries: Sequence[Entry], step: Step, passed: bool) -> bool:
    """Tell whether a step that left nothing is over: nobody is asked where there is nothing to decide.

    An automatic one is over as soon as a later one has left something. A person's is not: it is asked for again.
    """
    if step.leaves is HoldsDecided:
        checked = latest(entries, QualityChecked)
        return checked is not None and not checked.held and not checked.change_exceeded
    return passed and step.who == "自動"


def _until(entries: Sequence[Entry], opened: RoundOpened, now: Step) -> Until | None:
    """Return the first day that forbids or delays what is to be done now, by what the register tells."""
    bounds: list[Until] = []
    posted = latest(entries, Posted)
    if posted is None:
        bounds.append(Until(opened.posting_date, "発送予定日"))
        planned = latest(entries, PrintPlanned)
        if planned and planned.postable_until:
            bounds.append(Until(planned.postable_until, "送付先の期限が切れる前"))
    stated, approved = latest(entries, ContractStated), latest(entries, ReleaseApproved)
    if now.leaves in (MediaHandedOver, PasswordHandedOver) and stated and approved:
        given = approved.answered_at.astimezone(TOKYO).date()
        bounds.append(Until(given + timedelta(days=stated.approval_days), "承認の有効期限"))
    if now.leaves in (ItemsReturned, DeletionCertified, DeletionReminded) and stated and posted:
        back = stated_return(stated, posted.posted_on)
        if now.leaves is not DeletionCertified:
            bounds.append(Until(back, "返却期限"))
        if rule := stated_rule(entries):
            bounds.append(Until(rule.due(entries), "消去期限"))
    return min(bounds, key=lambda each: each.day, default=None)


def _report_by(entries: Sequence[Entry], incidents: Sequence[IncidentReported]) -> Until | None:
    """Return the next day by which an open incident is to be reported to the authority."""
    bounds = [
        Until(day, title)
        for each in incidents
        for step, day, title in (
            ("preliminary", each.preliminary_by, "事故の速報"),
            ("final", each.final_by, "事故の確報"),
        )
        if submitted(entries, each.incident_no, step) is None
    ]
    return min(bounds, key=lambda each: each.day, default=None)
