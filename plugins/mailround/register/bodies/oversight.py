"""What is said of a round as a whole, of its contract and controls, of incidents, and of the register itself."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from mailround.register.bodies.body import Body
from mailround.register.bodies.custody import KEY_DESTRUCTION


class ContractStated(Body):
    """What the contract said when the round was opened or the contract's file was found to be changed.

    Dues, blocks and the evidence report go by it: the file may be edited or lost, and the register alone must tell.
    Ids, numbers, dates and versions; addresses stay in the file. ``contacts_verified_on`` is the day of the emergency
    contact that was verified longest ago, ``items_version`` that of the items approved for the round's kind.
    """

    title: ClassVar[str] = "契約の内容"
    kind: Literal["contract_stated"] = "contract_stated"
    contract: str
    contract_sha256: str
    contractor: str
    term_start: date
    term_end: date
    privacy_mark: str
    privacy_mark_expires: date
    provisions_version: str
    items_version: str
    flow_version: str
    contacts_verified_on: date
    days_after_posting: int
    remind_days_before: tuple[int, ...]
    return_days: int
    approval_days: int
    subcontractors: tuple[str, ...]


class ContractChanged(Body):
    """The contract's file says something else than when the round was opened or last found to be changed."""

    title: ClassVar[str] = "契約設定の変更"
    kind: Literal["contract_changed"] = "contract_changed"
    contract: str
    contract_sha256: str


class GatesEvaluated(Body):
    """A step's preconditions were looked at for a day; the ids of those that held and of those that did not."""

    title: ClassVar[str] = "前提条件の確認"
    identity: ClassVar[tuple[str, ...]] = ("step",)
    kind: Literal["gates_evaluated"] = "gates_evaluated"
    step: str
    day: date
    passed: tuple[str, ...]
    closed: tuple[str, ...]


class ControlAttested(Body):
    """Somebody attests a control that software cannot see, by a paper on file. ``control`` is its checklist id."""

    title: ClassVar[str] = "点検項目の確認"
    identity: ClassVar[tuple[str, ...]] = ("control",)
    kind: Literal["control_attested"] = "control_attested"
    control: str
    reference: str
    attested_on: date
    valid_until: date


class AnswerRefused(Body):
    """An answer in the UI was not accepted and the question was asked again. Reasons are Japanese sentences."""

    title: ClassVar[str] = "回答の不受理"
    kind: Literal["answer_refused"] = "answer_refused"
    step: str
    reasons: tuple[str, ...]
    answered_at: AwareDatetime


class IncidentReported(Body):
    """Something went wrong with what is in custody. ``incident_no`` counts the round's incidents from 1.

    ``pieces`` is how many may be affected at most; their ids are in ``piece_ids`` as far as they are known.
    ``encrypted`` is False also when nobody knows. ``preliminary_by`` and ``final_by`` are the days by which to report
    to the authority; ``malicious`` makes the second later. ``run_id`` is the run that reported it.
    """

    title: ClassVar[str] = "事故の報告"
    identity: ClassVar[tuple[str, ...]] = ("incident_no",)
    kind: Literal["incident_reported"] = "incident_reported"
    incident_no: int
    what: str
    noticed_at: AwareDatetime
    pieces: int
    piece_ids: tuple[str, ...]
    encrypted: bool
    malicious: bool
    preliminary_by: date
    final_by: date
    run_id: str


class IncidentTold(Body):
    """The emergency contacts got the mail about an incident as that run had reported it; ``contacts`` are their ids."""

    title: ClassVar[str] = "緊急連絡先への連絡"
    identity: ClassVar[tuple[str, ...]] = ("incident_no", "run_id")
    kind: Literal["incident_told"] = "incident_told"
    incident_no: int
    contacts: tuple[str, ...]
    run_id: str


class IncidentStep(Body):
    """A report of an incident was sent to the authority: the preliminary (速報) or the final one (確報)."""

    title: ClassVar[str] = "事故の報告書の提出"
    identity: ClassVar[tuple[str, ...]] = ("incident_no", "step")
    kind: Literal["incident_step"] = "incident_step"
    incident_no: int
    step: Literal["preliminary", "final"]
    reference: str
    done_on: date


class IncidentReminded(Body):
    """A reminder of an open incident went out by mail; ``report_by`` is the next day by which to report."""

    title: ClassVar[str] = "事故対応のお知らせ"
    identity: ClassVar[tuple[str, ...]] = ("incident_no",)
    kind: Literal["incident_reminded"] = "incident_reminded"
    incident_no: int
    report_by: date
    on: date


class IncidentClosed(Body):
    """An incident is settled and no longer stops the round."""

    title: ClassVar[str] = "事故対応の終了"
    identity: ClassVar[tuple[str, ...]] = ("incident_no",)
    kind: Literal["incident_closed"] = "incident_closed"
    incident_no: int
    outcome: str
    reference: str


class AccessReviewed(Body):
    """The accesses of a month (``2026-10``) were gathered and judged; ``access_report_sha256`` is the PDF's.

    ``subjects`` are the users with a finding. ``counts`` is how often who did what (``kind:user``; of logins how often
    ever) and ``users`` who had which roles: what later months are compared with. Staff user ids only. ``run_id`` is the
    run that made it.
    """

    title: ClassVar[str] = "アクセスの点検"
    identity: ClassVar[tuple[str, ...]] = ("month",)
    kind: Literal["access_reviewed"] = "access_reviewed"
    month: str
    access_report_sha256: str
    findings: int
    subjects: tuple[str, ...]
    counts: dict[str, int]
    users: tuple[str, ...]
    run_id: str


class AccessReviewSigned(Body):
    """A responsible person read the report of a month with that hash; the actor signs."""

    title: ClassVar[str] = "アクセスの点検の署名"
    identity: ClassVar[tuple[str, ...]] = ("month",)
    kind: Literal["access_review_signed"] = "access_review_signed"
    month: str
    access_report_sha256: str
    judgement: str
    reference: str


class RoundClosed(Body):
    """Everything is accounted for; ``report_sha256`` is the evidence report's.

    Those of its JSON and of its PDF came later: empty in older entries, whose report was one text.
    """

    title: ClassVar[str] = "回の完了"
    kind: Literal["round_closed"] = "round_closed"
    report_sha256: str
    report_json_sha256: str = ""
    report_pdf_sha256: str = ""


class RoundEnded(Body):
    """The round was ended before its handover, by a person's decision; its keys and files are destroyed.

    ``exports`` as in `Purged`.
    """

    title: ClassVar[str] = "回の中止"
    caution: ClassVar[str] = KEY_DESTRUCTION
    kind: Literal["round_ended"] = "round_ended"
    step: str
    files: int
    exports: int | None = None


class CheckpointKeyMade(Body):
    """The key that signs checkpoints was made. ``fingerprint`` names it on every paper, which is what proves it.

    Whoever could forge the register could forge this entry too: it tells which key is meant, not that it is right.
    """

    title: ClassVar[str] = "署名鍵の作成"
    kind: Literal["checkpoint_key_made"] = "checkpoint_key_made"
    public_key: str
    fingerprint: str


class CheckpointSigned(Body):
    """The register's first ``entries`` entries, the last with the hash ``head``, were signed (Ed25519)."""

    title: ClassVar[str] = "管理簿の検証点"
    identity: ClassVar[tuple[str, ...]] = ("entries",)
    kind: Literal["checkpoint_signed"] = "checkpoint_signed"
    entries: int
    head: str
    signed_at: AwareDatetime
    fingerprint: str
    signature: str


class Correction(Body):
    """A counter-entry: entry ``corrects`` no longer counts, for the reason given. The entry itself stays.

    ``reference`` is the number of the paper that says more; it came later: empty in older entries.
    """

    title: ClassVar[str] = "訂正"
    identity: ClassVar[tuple[str, ...]] = ("corrects",)
    kind: Literal["correction"] = "correction"
    corrects: int
    reason: str
    reference: str = ""
