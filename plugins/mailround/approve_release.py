"""Step 9: a second person, of another division, approves exactly one sealed package, or sends it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from mailround.contracts import Person, WardPerson
from mailround.decide_holds import HoldDecision, holds_table
from mailround.errors import CountMismatchError, GateClosedError
from mailround.forms import Answer, Form, Settled, about_responder, designated, recorded, table
from mailround.gates import APPROVAL, RECENT, Approvals, Evaluation, ExportAge, Release, closed
from mailround.private_files import sha256
from mailround.register.entries import (
    Body,
    Extracted,
    HoldsReleased,
    PasswordHandedOver,
    PrintPlanned,
    ProofMade,
    QualityChecked,
    ReleaseApproved,
    ReleaseRefused,
    Sealed,
    latest,
    overtaken,
    standing,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

APPROVE = "承認"
SEND_BACK = "差戻し"


class ReleaseApproval(Form):
    """Approve the package for handover, or send it back."""

    step: ClassVar[str] = "approve_release"
    subject: ClassVar[str] = "パッケージの引渡しを承認してください"
    options: ClassVar[tuple[str, ...]] = (APPROVE, SEND_BACK)
    records: ClassVar[type[Body]] = ReleaseApproved
    four_eyes: ClassVar[bool] = True

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Ask unless this very package is approved."""
        release = release_of(work)
        return release.approved is None or release.approved != release.sealed

    @classmethod
    def lapsed(cls, work: RoundContext, moment: datetime) -> bool:
        """Ask again when no approval counts on that day and something is still to be handed over on one.

        Its days are over, or have not begun: it was answered by a clock that ran ahead.
        """
        approvals = approvals_of(work, moment)
        if latest(work.entries, PasswordHandedOver) or not approvals.given:
            return False
        return not approvals.count_on(moment.astimezone(TOKYO).date())

    @classmethod
    def stopped(cls, work: RoundContext) -> bool:
        """Tell whether somebody sent the package back."""
        return latest(work.entries, ReleaseRefused) is not None

    @classmethod
    def responders(cls, work: RoundContext) -> tuple[Person, ...]:
        """Only the second division's approvers."""
        return work.contract.ward_approvers

    @classmethod
    def asking(cls, work: RoundContext, day: date) -> Evaluation:
        """Nobody is asked to approve what lies on the disk otherwise, or rests on what was done anew."""
        return Evaluation(day).ask(APPROVAL, release_of(work))

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show the counts, the holds, and the hashes of the package that an approval is bound to and of its proof.

        Raises:
            GateClosedError: The holds are not decided on, or the package has no proof.
            CountMismatchError: Printed, held and excluded do not add up to extracted.
        """
        if HoldDecision.needed(work) or HoldDecision.stopped(work):
            raise GateClosedError(
                "保留の世帯を除いて続けるという判断が管理簿にありません。", "「04 保留の判断」に回答してください。"
            )
        checked, planned = recorded(work, QualityChecked), recorded(work, PrintPlanned)
        held = checked.held - planned.released
        sealed, proof = recorded(work, Sealed), recorded(work, ProofMade)
        if proof.package_sha256 != sealed.sha256:
            raise GateClosedError(
                "承認用見本が、封緘したパッケージのものではありません。",
                "「08 封緘（暗号化）」からやり直してください。",
            )
        found = sealed.pieces + held + checked.excluded + checked.counter
        if found != checked.rows:
            raise CountMismatchError(
                f"取込 {checked.rows:,} 世帯に対し、印刷 {sealed.pieces:,} ＋ 保留 {held:,} ＋ "
                f"対象外 {checked.excluded:,} ＋ 窓口交付 {checked.counter:,} ＝ {found:,} です。",
                "印刷計画からやり直してください。直らなければシステム担当へ連絡してください。",
            )
        rows = (
            ("回", f"{work.round_id}（{work.kind.title}）"),
            ("契約", work.contract.title),
            ("開始した人（承認できません）", work.opened.triggered_by),
            *_barred(work),
            ("発行日／発送予定日", f"{work.opened.issue_date}／{work.opened.posting_date}"),
            *data_age(work),
            ("取込", f"{checked.rows:,} 世帯"),
            ("印刷", f"{sealed.pieces:,} 通（{sealed.pages:,} 頁）"),
            ("窓口交付（印刷しない）", f"{checked.counter:,} 世帯"),
            ("保留", f"{held:,} 世帯（解除 {planned.released:,} 世帯）"),
            ("対象外", f"{checked.excluded:,} 世帯"),
            ("注意（印刷済み）", f"{checked.warned:,} 世帯"),
            ("パッケージ", f"{sealed.bytes:,} バイト（{sealed.members} ファイル、{sealed.algorithm}）"),
            ("SHA-256", f"`{sealed.sha256}`"),
            *last_posting_day(work),
            ("承認用見本", f"{proof.pieces:,} 通（表紙とも {proof.pages:,} 頁）"),
            ("承認用見本のSHA-256", f"`{proof.sha256}`"),
        )
        return "\n\n".join(
            (
                table(rows),
                holds_table(work),
                (
                    f"[承認用見本を画面で見る]({work.settings.console_url}/rounds/{work.round_id}/proof)か、"
                    f"`mailround proof {work.round_id} --printer lp` で印刷して、見てから回答してください。"
                    "承認の効力は、上のSHA-256のパッケージに限り、"
                    f"承認の日から {work.contract.approval_days} 日で切れます（その前に渡せなければ、承認し直します）。"
                    f"「{SEND_BACK}」を選ぶと、この回は終わり、パッケージと鍵と、受信フォルダの原本は廃棄されます。"
                ),
            )
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Who took part may not answer; nothing is approved that is too old or has an address that has expired."""
        yield from _took_part(work, answer)
        day = answer.answered_at.astimezone(TOKYO).date()
        until = recorded(work, PrintPlanned).postable_until
        if answer.option != APPROVE:
            return
        if until and until < day:
            yield (
                f"期限（{until}）の切れた送付先があるため、発送できません。「{SEND_BACK}」を選び、"
                "データ担当に、新しい回の番号と発送予定日で作り直すよう依頼してください。"
            )
        for reason in closed(RECENT, export_age(work, answer.answered_at), day):
            yield (
                f"{reason}。その後の異動が反映されていないおそれがあるため、承認できません。「{SEND_BACK}」を選び、"
                "データ担当に、出力し直したデータファイルと新しい回の番号で作り直すよう依頼してください。"
            )

    def passing(self, work: RoundContext, answer: Answer) -> Evaluation | None:
        """Return whether the package is still what was shown; it may always be sent back."""
        if answer.option == SEND_BACK:
            return None
        return self.asking(work, answer.answered_at.astimezone(TOKYO).date())

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:
        """Bind the answer to the sealed package."""
        sealed = recorded(work, Sealed).sha256
        if answer.option == SEND_BACK:
            return Settled(ReleaseRefused(package_sha256=sealed, answered_at=answer.answered_at), goes_on=False)
        return Settled(ReleaseApproved(package_sha256=sealed, answered_at=answer.answered_at))


def barred(work: RoundContext, who: str, moment: datetime) -> tuple[str, ...]:
    """Return what keeps somebody from approving this round at that moment, as Japanese sentences."""
    asked = Answer(option=APPROVE, fields={}, responder=who, answered_at=moment)
    return (*about_responder(ReleaseApproval, work, asked), *_took_part(work, asked))


def approvals_of(work: RoundContext, moment: datetime) -> Approvals:
    """Return every standing approval of the sealed package, as it counts at that moment."""
    entries = work.entries
    sealed = latest(entries, Sealed)
    given = (each for each in standing(entries, ReleaseApproved) if sealed and each.package_sha256 == sealed.sha256)
    return Approvals(tuple(each.answered_at for each in given), work.contract.approval_days, moment)


def approved_until(work: RoundContext) -> str:
    """Return for a question the last day on which the package may be handed over on its approval."""
    approved = recorded(work, ReleaseApproved)
    return f"{approvals_of(work, approved.answered_at).good_until}"


def last_posting_day(work: RoundContext) -> tuple[tuple[str, str], ...]:
    """Return the row of a question that says until when the pieces may be posted; none when no address expires."""
    until = recorded(work, PrintPlanned).postable_until
    return (("発送できる最後の日", f"{until}（翌日から、期限の切れた送付先がある）"),) if until else ()


def export_age(work: RoundContext, moment: datetime) -> ExportAge:
    """Return how old the round's data may be, and are at that moment."""
    read = latest(work.entries, Extracted)
    return ExportAge(read.created_at if read else None, moment, work.kind.thresholds.export_max_age_hours)


def data_age(work: RoundContext) -> tuple[tuple[str, str], ...]:
    """Return the row of a question that says when the data were made; none when an older version did not record it.

    A question knows no clock: their age is told as of the sealing, with the moment at which they become too old.
    """
    *_, sealed = (entry.at for entry in work.entries if isinstance(entry.body, Sealed))
    age = export_age(work, datetime.fromisoformat(sealed))
    if age.created_at is None or age.good_until is None:
        return ()
    hours = (age.moment - age.created_at).total_seconds() // 3600
    made, until = f"{age.created_at.astimezone(TOKYO):%Y-%m-%d %H:%M}", f"{age.good_until:%Y-%m-%d %H:%M}"
    told = f"{made}（封緘の時点で {hours:,.0f} 時間前。承認と媒体の引渡しは {until} まで）"
    return (("データの作成日時", told),)


def release_of(work: RoundContext) -> Release:
    """Return what the register and the disk say of the package; reads the whole file."""
    from mailround.seal import package_path  # noqa: PLC0415 - a DAG file imports this module at every parse

    on_disk = sha256(package_path(work.settings, work.round_id))
    entries = work.entries
    sealed, approved, late = latest(entries, Sealed), latest(entries, ReleaseApproved), overtaken(entries)
    return Release(
        sealed=sealed.sha256 if sealed else None,
        approved=approved.package_sha256 if approved else None,
        on_disk=on_disk,
        overtaken=late.title if late else None,
    )


def _barred(work: RoundContext) -> tuple[tuple[str, str], ...]:
    """Return the rows that say who else may not approve."""
    rows = []
    if work.opened.extracted_by:
        rows.append(("抽出した人（承認できません）", work.opened.extracted_by))
    if releasers := _releasers(work):
        rows.append(("保留を解除した人（承認できません）", "、".join(releasers)))
    return tuple(rows)


def _releasers(work: RoundContext) -> tuple[str, ...]:
    """Return who released a hold, also one of an earlier check: they have seen and judged households of this round."""
    entries = work.entries
    released = standing(entries, HoldsReleased)
    return tuple(dict.fromkeys(each.actor for each in entries if each.body in released))


def _took_part(work: RoundContext, answer: Answer) -> Iterable[str]:
    """Return, as one sentence at most, what keeps this person from approving what they or their division made."""
    responder, opened = str(answer.responder).casefold(), work.opened
    day = answer.answered_at.astimezone(TOKYO).date()
    approver = designated(work.contract.ward_approvers, str(answer.responder), day)
    if responder == opened.triggered_by.casefold() or not approver:  # told already
        return
    if responder == opened.extracted_by.casefold():
        yield "この回のデータを抽出した本人は回答できません。別の承認者が回答してください。"
    elif responder in {each.casefold() for each in _releasers(work)}:
        yield "この回の保留を解除した本人は回答できません。別の承認者が回答してください。"
    elif _divisions(work, day, responder) & _divisions(work, day, opened.triggered_by, opened.extracted_by):
        yield "この回を開始した人かデータを抽出した人と同じ課の人は回答できません。別の課の承認者が回答してください。"


def _divisions(work: RoundContext, day: date, *who: str) -> set[str]:
    """Return the divisions of these people wherever the contract names them on that day."""
    contract, ids = work.contract, {each.casefold() for each in who}
    people: tuple[WardPerson, ...] = (*contract.ward_handlers, *contract.ward_approvers, *contract.responsible.ward)
    return {each.division for each in people if each.id.casefold() in ids and each.valid_on(day)}
