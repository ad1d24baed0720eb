"""Incidents (事故): reported at any time of a round, they stop its handovers until a person closes them (control 13).

What is open, and by when to report it, follows from the register alone. An incident may come before
any handover, after the round was closed, and when its contract has ended: it is a fact, and recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mailround.contracts import IncidentClocks
from mailround.errors import IncidentError, RegisterError
from mailround.forms import Moment
from mailround.model import IncidentRef, RoundId
from mailround.piece_id import is_piece_id
from mailround.register.entries import (
    Correction,
    Entry,
    IncidentClosed,
    IncidentReported,
    IncidentStep,
    standing,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:  # a DAG file imports this module at every parse
    from mailround.context import RoundContext

What = Literal["紛失", "盗難", "渡す相手の誤り", "宛先・封入の誤り", "のぞき見・不正な閲覧", "き損・消失", "その他"]
Told = Literal["はい", "いいえ", "分からない"]
WHAT: tuple[str, ...] = get_args(What)
TOLD: tuple[str, ...] = get_args(Told)
IDS = r"^[0-9A-Za-z\s,]*$"
"""What the trigger form takes as piece ids: Airflow keeps what is typed, and nobody's name is written so."""
_MOST_PIECES = 1_000_000

TITLES = {
    "round_id": "回の番号",
    "incident_no": "続きの報告：事故の番号",
    "what": "何が起きたか",
    "noticed_at": "事故を知った日時",
    "pieces": "影響するおそれのある通数",
    "piece_ids": "封書の番号",
    "encrypted": "暗号化されていた",
    "malicious": "不正の目的のおそれ",
}
"""What the trigger form calls each param."""


def _listed(typed: object) -> object:
    """Read ids as people type or paste them: in either case, with spaces, line feeds or commas between them."""
    if typed is None or isinstance(typed, str):
        return tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", (typed or "").upper()))))
    return typed


class IncidentParams(BaseModel):
    """What somebody types into the trigger form; ``incident_no`` only when more is said of a reported incident."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    round_id: RoundId
    incident_no: int | None = Field(default=None, ge=1)
    what: What
    noticed_at: Moment
    pieces: int | None = Field(default=None, ge=0, le=_MOST_PIECES)
    piece_ids: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    encrypted: Told
    malicious: Told


def report_incident(
    work: RoundContext, params: dict[str, object], *, run_id: str, reported_by: str, at: datetime
) -> IncidentRef:
    """Record an incident, or more that is known of one; the same run does so once, however often it is cleared.

    Args:
        work: The round.
        params: What was typed.
        run_id: The run that reports it.
        reported_by: Who started that run.
        at: The time of the report.

    Raises:
        IncidentError: What was typed is wrong, lies in the future, or goes on with an incident that is not open.
    """
    if (before := incident_of(work.entries, run_id)) is not None:
        return IncidentRef(round_id=work.round_id, incident_no=before.incident_no)
    asked = _read(params)
    if asked.noticed_at > at:
        raise IncidentError(
            "「事故を知った日時」が、報告の時刻より後です。", "実際に知った日時を入力して、報告し直してください。"
        )
    if asked.incident_no is None:
        return _first_report(work, asked, run_id, reported_by, at)
    found = [each for each in open_incidents(work.entries) if each.incident_no == asked.incident_no]
    if not found:
        raise IncidentError(
            f"事故の番号「{asked.incident_no}」は、この回の対応中の事故ではありません。",
            "新しい事故なら番号を空にし、続きの報告なら管理簿で番号を確かめて、報告し直してください。",
        )
    body = _go_on(found[0], _body(asked, asked.incident_no, work.contract.incident, run_id))
    work.register.append(body, round_id=work.round_id, actor=reported_by, at=at)
    return IncidentRef(round_id=work.round_id, incident_no=body.incident_no)


def incident_of(entries: Sequence[Entry], run_id: str) -> IncidentReported | None:
    """Return what was last reported of the incident that a run reported or went on with; None when there is none.

    Args:
        entries: One round's.
        run_id: The run.
    """
    reports = standing(entries, IncidentReported)
    own = [each.incident_no for each in reports if each.run_id == run_id]
    return [each for each in reports if each.incident_no == own[-1]][-1] if own else None


def open_incidents(entries: Sequence[Entry]) -> tuple[IncidentReported, ...]:
    """Return what was last reported of every incident that is not closed, in the order of the first reports.

    Args:
        entries: A round's, or several rounds': an incident is told from another round's with the same number.
    """
    corrected = {entry.body.corrects for entry in entries if isinstance(entry.body, Correction)}
    found: dict[tuple[str, int], IncidentReported] = {}
    closed: set[tuple[str, int]] = set()
    for entry in entries:
        if entry.seq in corrected:
            continue
        if isinstance(entry.body, IncidentReported):
            found[entry.round_id, entry.body.incident_no] = entry.body
        elif isinstance(entry.body, IncidentClosed):
            closed.add((entry.round_id, entry.body.incident_no))
    return tuple(reported for key, reported in found.items() if key not in closed)


def submitted(entries: Iterable[Entry], incident_no: int, step: str) -> IncidentStep | None:
    """Return what is recorded of a report (``preliminary`` or ``final``) to the authority; None when nothing is."""
    found = [each for each in standing(entries, IncidentStep) if (each.incident_no, each.step) == (incident_no, step)]
    return found[-1] if found else None


def facts(incident: IncidentReported) -> tuple[tuple[str, str], ...]:
    """Return what is known of an incident, as titles and Japanese values; ids of pieces only by their number."""
    return (
        ("事故番号", str(incident.incident_no)),
        ("何が起きたか", incident.what),
        ("事故を知った日時", f"{incident.noticed_at.astimezone(TOKYO):%Y-%m-%d %H:%M}"),
        ("影響するおそれのある通数", f"{incident.pieces:,} 通（番号の分かるもの {len(incident.piece_ids):,} 通）"),
        ("暗号化されていた", "はい" if incident.encrypted else "いいえ、または分からない"),
        ("不正の目的のおそれ", "はい" if incident.malicious else "いいえ、または分からない"),
        ("速報の期限", str(incident.preliminary_by)),
        ("確報の期限", str(incident.final_by)),
    )


def _read(params: dict[str, object]) -> IncidentParams:
    try:
        asked = IncidentParams.model_validate(params)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) if each["loc"] else "" for each in error.errors(include_input=False)}
        fields = "、".join(TITLES.get(name, "画面にない項目") for name in sorted(wrong))
        raise IncidentError(
            f"入力に誤りがあります：{fields}。", "画面の説明のとおりに、報告し直してください。"
        ) from None
    if malformed := sum(not is_piece_id(each) for each in asked.piece_ids):
        raise IncidentError(
            f"封書の番号でないものが{malformed}件あります。",
            "封書に印字された9文字の番号だけを入力してください。番号が読み取れない封書は、通数だけを入力してください。",
        )
    if asked.pieces is None and not asked.piece_ids:
        raise IncidentError(
            "影響する通数も、封書の番号もありません。",
            "どちらかを入力してください。分からないときは、影響するおそれのある最大の通数を入力してください。",
        )
    if asked.pieces is not None and asked.pieces < len(asked.piece_ids):
        raise IncidentError(
            f"通数（{asked.pieces:,}）が、封書の番号の数（{len(asked.piece_ids):,}）より少なくなっています。",
            "番号の分からない封書も含めた通数を入力してください。",
        )
    return asked


def _first_report(
    work: RoundContext, asked: IncidentParams, run_id: str, reported_by: str, at: datetime
) -> IncidentRef:
    while True:
        number = _next_number(work.entries)
        body = _body(asked, number, work.contract.incident, run_id)
        try:
            work.register.append(body, round_id=work.round_id, actor=reported_by, at=at, once=True)
        except RegisterError:
            if _next_number(work.entries) == number:
                raise
            continue  # another incident of the round was reported at the same moment and has the number
        return IncidentRef(round_id=work.round_id, incident_no=number)


def _next_number(entries: Iterable[Entry]) -> int:
    """Return the first number that no report has had, also none that was taken back."""
    return 1 + max((each.body.incident_no for each in entries if isinstance(each.body, IncidentReported)), default=0)


def _body(asked: IncidentParams, number: int, clocks: IncidentClocks, run_id: str) -> IncidentReported:
    """Return the report with its deadlines. The day of noticing is the first day, and days off count.

    What nobody knows is taken for the worse: as not encrypted, and as not malicious, which makes the final report due
    earlier.
    """
    malicious = asked.malicious == "はい"
    noticed_on = asked.noticed_at.date()  # in Tokyo, as every `Moment` is
    return IncidentReported(
        incident_no=number,
        what=asked.what,
        noticed_at=asked.noticed_at,
        pieces=len(asked.piece_ids) if asked.pieces is None else asked.pieces,
        piece_ids=asked.piece_ids,
        encrypted=asked.encrypted == "はい",
        malicious=malicious,
        preliminary_by=noticed_on + timedelta(days=clocks.preliminary_days - 1),
        final_by=noticed_on + timedelta(days=(clocks.final_days_malicious if malicious else clocks.final_days) - 1),
        run_id=run_id,
    )


def _go_on(before: IncidentReported, body: IncidentReported) -> IncidentReported:
    """Return the later report with deadlines that are put off by one thing only: that the purpose may be wrongful.

    Raises:
        IncidentError: It says that the incident was noticed later.
    """
    if body.noticed_at > before.noticed_at:
        raise IncidentError(
            f"「事故を知った日時」が、前の報告（{before.noticed_at.astimezone(TOKYO):%Y-%m-%d %H:%M}）より後です。",
            "初めに知った日時を選んで、報告し直してください。",
        )
    later = body.malicious and not before.malicious
    return body.model_copy(
        update={
            "preliminary_by": min(before.preliminary_by, body.preliminary_by),
            "final_by": body.final_by if later else min(before.final_by, body.final_by),
        }
    )
