"""What people record of an incident: its two reports to the authority, and that it is settled.

Each form is about the incident that the run in which it is asked has reported or gone on with. Who was designated once
may answer after the designation has ended: an incident does not end with the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mailround.contracts import Person
from mailround.errors import GateClosedError
from mailround.forms import Answer, Form, Label, Settled, table
from mailround.incident import facts, incident_of, open_incidents, submitted
from mailround.register.entries import Body, IncidentClosed, IncidentReported, IncidentStep
from mailround.settings import TOKYO

if TYPE_CHECKING:
    from mailround.context import RoundContext

_WORDS = {"preliminary": "速報", "final": "確報"}


class _IncidentForm(Form):
    """What the three forms share."""

    options: ClassVar[tuple[str, ...]] = ("記録する",)

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Ask while the run's incident is open."""
        return _open(work) is not None

    @classmethod
    def responders(cls, work: RoundContext) -> tuple[Person, ...]:
        """Return the ward's handlers and responsible persons, whatever day it is."""
        contract = work.contract
        return tuple(map(_whenever, (*contract.ward_handlers, *contract.responsible.ward)))


class _Report(_IncidentForm):
    """A report to the authority."""

    report: ClassVar[Literal["preliminary", "final"]]
    records: ClassVar[type[Body]] = IncidentStep

    reference: Label = Field(
        title="報告書の番号",
        description="報告書の起案・記録の番号。報告を要しないと決めたときは、その決裁の番号（例：8新福生第123号）。",
    )
    done_on: date = Field(title="提出日", description="報告書を提出した日、または決裁の日（例：2026-11-18）。")

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Ask while the incident is open and this report of it is not recorded."""
        incident = _open(work)
        return incident is not None and submitted(work.entries, incident.incident_no, cls.report) is None

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show what is known, by when to report and what is in already.

        Raises:
            GateClosedError: The incident is not open, or the report before this one is not recorded.
        """
        incident = _required(work)
        rows = [*facts(incident)]
        if cls.report == "final":
            before = _submitted(work, incident, "preliminary")
            rows.append(("速報", f"{before.done_on}（{before.reference}）"))
        word = _WORDS[cls.report]
        return (
            f"個人情報保護委員会などへの{word}を提出し、その番号を記録してください。期限は、事故を知った日を一日目として数え、"
            f"休みの日も含みます。\n\n{table(rows)}\n\n氏名や住所は入力しないでください。"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Check the day. A late report is recorded as it is: it is the truth."""
        incident = _required(work)
        begin, what = incident.noticed_at.astimezone(TOKYO).date(), "事故を知った日"
        if self.report == "final":
            begin, what = _submitted(work, incident, "preliminary").done_on, "速報の提出日"
        if self.done_on < begin:
            yield f"「提出日」は、{what}（{begin}）以後でなければなりません。"
        if self.done_on > answer.answered_at.astimezone(TOKYO).date():
            yield "「提出日」が回答した日より後です。実際に提出した日を選んでください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the report.

        Raises:
            GateClosedError: The incident is not open.
        """
        return Settled(IncidentStep(incident_no=_required(work).incident_no, step=self.report, **self.model_dump()))


class PreliminaryReport(_Report):
    """The preliminary report (速報)."""

    step: ClassVar[str] = "record_preliminary_report"
    subject: ClassVar[str] = "事故の速報を記録してください"
    report: ClassVar[Literal["preliminary", "final"]] = "preliminary"


class FinalReport(_Report):
    """The final report (確報)."""

    step: ClassVar[str] = "record_final_report"
    subject: ClassVar[str] = "事故の確報を記録してください"
    report: ClassVar[Literal["preliminary", "final"]] = "final"


class IncidentClosing(_IncidentForm):
    """That the incident is settled, by somebody else than who reported it: the round may go on."""

    step: ClassVar[str] = "close_incident"
    subject: ClassVar[str] = "事故対応の終了を記録してください"
    records: ClassVar[type[Body]] = IncidentClosed

    result: Literal[
        "漏えいのないことを確認した", "すべて回収した", "回収できないものを本人に知らせた", "その他（文書による）"
    ] = Field(title="結果", description="確かめた結果を選ぶ。")
    reference: Label = Field(
        title="終了の決裁の番号",
        description="原因、再発防止、引渡しの再開を決めた文書の番号（例：8新福生第130号）。",
    )

    @classmethod
    def responders(cls, work: RoundContext) -> tuple[Person, ...]:
        """Return the ward's responsible persons and the second division, whatever day it is."""
        contract = work.contract
        return tuple(map(_whenever, (*contract.responsible.ward, *contract.ward_approvers)))

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show what is known and both reports.

        Raises:
            GateClosedError: The incident is not open, or a report of it is not recorded.
        """
        incident = _required(work)
        reports = [(word, _submitted(work, incident, name)) for name, word in _WORDS.items()]
        rows = (*facts(incident), *((word, f"{each.done_on}（{each.reference}）") for word, each in reports))
        return (
            "原因、影響、再発防止を確かめ、引渡しを再開してよいと決めてから記録してください。記録すると、この事故による"
            f"引渡しの停止が解けます。事故を報告した本人は回答できません。\n\n{table(rows)}"
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """Refuse whoever reported the incident."""
        number = _required(work).incident_no
        reporters = {
            entry.actor.casefold()
            for entry in work.entries
            if isinstance(entry.body, IncidentReported) and entry.body.incident_no == number
        }
        if answer.responder is not None and answer.responder.casefold() in reporters:
            yield "この事故を報告した本人は回答できません。取扱責任者か第二課の、別の人が回答してください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record that the incident is settled.

        Raises:
            GateClosedError: The incident is not open.
        """
        number = _required(work).incident_no
        return Settled(IncidentClosed(incident_no=number, outcome=self.result, reference=self.reference))


def _open(work: RoundContext) -> IncidentReported | None:
    """Return the run's incident, None when it is closed or every report of it was taken back."""
    incident = incident_of(work.entries, work.run_id)
    return incident if incident in open_incidents(work.entries) else None


def _required(work: RoundContext) -> IncidentReported:
    incident = _open(work)
    if incident is None:
        raise GateClosedError(
            "この実行が報告した、対応中の事故が管理簿にありません。",
            "管理簿を確かめてください。対応が続いているときは、事故の番号を入れて「事故の報告」をもう一度開始してください。",
        )
    return incident


def _submitted(work: RoundContext, incident: IncidentReported, name: str) -> IncidentStep:
    found = submitted(work.entries, incident.incident_no, name)
    if found is None:
        raise GateClosedError(
            f"この事故の{_WORDS[name]}の記録が管理簿にありません。",
            f"先に{_WORDS[name]}を記録してください。前の工程を、画面で状態を書き換えずに Clear してやり直します。",
        )
    return found


def _whenever(person: Person) -> Person:
    return person.model_copy(update={"valid_from": date.min, "valid_to": date.max})
