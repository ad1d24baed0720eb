"""Forms: every human step is one pydantic model.

The model's fields yield what the UI shows, its validation and `objections` decide whether the answer is good, and its
`outcome` is the register entry. A new human step is a new model; nothing here or in the operators changes.

The UI enforces nothing that counts: its API accepts answers the form would not allow, and kills a task whose field has
a default that its own schema refuses. So the shown schema is bare (type, label, what to type) with a blank default, and
every rule is applied here, to the answer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from mailround.contracts import Person
from mailround.errors import GateClosedError, RegisterError, RoundEndedError
from mailround.evaluation import pass_gates, state_contract
from mailround.gates import Evaluation
from mailround.register.entries import (
    AnswerRefused,
    AnyBody,
    B,
    Body,
    Entry,
    HandoverSheetPrinted,
    HoldsShown,
    ProofPageViewed,
    latest,
    standing,
)
from mailround.settings import TOKYO

if TYPE_CHECKING:  # a DAG file imports every form at every parse; the register's database library would weigh on it
    from mailround.context import RoundContext

UNCHOSEN = "（選んでください）"
"""The blank default of a choice: the UI needs one of the listed values, silence must not be one that counts."""

_BLANK: dict[str, object] = {"string": "", "integer": 0, "boolean": False}
_BLANKS: tuple[object, ...] = (None, "", UNCHOSEN)
_EMPTY, _WRONG = "未入力です", "正しくありません"
_NOBODY = "mailround"
"""The actor of what no person did, or nobody knows which."""
_BESIDE = (HandoverSheetPrinted, HoldsShown, ProofPageViewed)
"""What people leave behind who look or print: it answers nothing."""
_ACTOR_LENGTH = 64
"""Length of the register's actor column."""


def _in_tokyo(moment: datetime) -> datetime:
    """Read a time without a zone as Tokyo's: that is the zone of the people and of the UI."""
    try:
        return moment.replace(tzinfo=TOKYO) if moment.tzinfo is None else moment.astimezone(TOKYO)
    except OverflowError:
        raise ValueError("out of range") from None


def _confirmed(value: bool) -> bool:
    if not value:
        raise ValueError("not confirmed")
    return value


def _as_typed(typed: object) -> object:
    """Read a time as people write it, in figures of any width; what a program sends is ISO 8601."""
    if not isinstance(typed, str):
        return typed
    text = unicodedata.normalize("NFKC", typed)
    if found := re.fullmatch(MOMENT, text):
        year, month, day, hour, minute = map(int, found.groups())
        return datetime(year, month, day, hour, minute, tzinfo=TOKYO)
    if "T" not in text:  # of a day alone it would make midnight
        raise ValueError("not a time")
    return datetime.fromisoformat(text)


MOMENT = r"^\s*([0-9]{4})[-/年]([0-9]{1,2})[-/月]([0-9]{1,2})(?:日\s*|\s+)([0-9]{1,2})[:時]([0-9]{2})分?\s*$"
"""What a time looks like that somebody types. It is a field for text: Airflow's own for times opens by mouse alone."""
Moment = Annotated[datetime, BeforeValidator(_as_typed), AfterValidator(_in_tokyo), WithJsonSchema({"type": "string"})]
"""A date and time, in Tokyo's zone."""
Confirmed = Annotated[bool, AfterValidator(_confirmed)]
"""Something that must have been done; only yes is a good answer."""
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""An id, in ASCII."""
Tag = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$")]
"""The number on a thing, in ASCII; too short for a password of 20 symbols to be recorded by mistake."""
_LABEL = r"[\p{L}\p{N} 　ー・－()（）._/-]*"
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40, pattern=rf"^{_LABEL}\p{{N}}{_LABEL}$")]
"""A numbered thing in Japanese, one line. It must hold a figure: what is typed stays for good, and names have none."""

_PIECES = r"[0-9A-Za-z]+([\s,、，]+[0-9A-Za-z]+)*"
PieceIds = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=20_000, pattern=rf"^(なし|すべて|{_PIECES})$")
]
"""Piece ids as typed, or the word for none or for all; `piece_id.listed` reads them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from the UI or its API, unchecked. ``answered_at`` has a zone; ``responder`` is a user name."""

    option: str
    fields: dict[str, object]
    responder: str | None
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """A good answer and its register body; ``more`` are further ones, where an answer is about several things.

    ``goes_on`` False ends the round, visibly. ``asks_again``: the answer has changed what the question is about, and it
    is put anew.
    """

    body: AnyBody
    more: tuple[AnyBody, ...] = ()
    goes_on: bool = True
    asks_again: bool = False


@dataclass(frozen=True, slots=True)
class AskAgain:
    """An answer that cannot be accepted: one Japanese reason per problem, none repeating what was typed."""

    reasons: tuple[str, ...]


class Form(BaseModel, ABC):
    """A question to a person. Each field has a ``title`` (its label) and a ``description`` (what to type)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    step: ClassVar[str]
    """The Airflow task that asks."""
    subject: ClassVar[str]
    """The headline, Japanese."""
    options: ClassVar[tuple[str, ...]]
    """The buttons."""
    records: ClassVar[type[Body]]
    """The register body that a good answer becomes."""
    four_eyes: ClassVar[bool] = False
    """Whether whoever started the round may not answer."""
    stop: ClassVar[str | None] = None
    """The button that ends the round, with which no field need be filled in."""
    recall: ClassVar[str] = ""
    """What to do first when a gate turns out to be closed at what has been done already: a Japanese sentence."""

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Tell whether to ask at all: not when the register has the answer already (a cleared or retried task)."""
        return latest(work.entries, cls.records) is None

    @classmethod
    def lapsed(cls, work: RoundContext, moment: datetime) -> bool:  # noqa: ARG003 - for answers that count for a while
        """Tell whether the register's answer no longer counts at that moment, so that a new one is asked for."""
        return False

    @classmethod
    def stopped(cls, work: RoundContext) -> bool:  # noqa: ARG003 - for forms that can end a round
        """Tell whether an answer has ended the round, so that an interrupted end is finished and not asked about."""
        return False

    @classmethod
    def warning(cls, work: RoundContext) -> str:  # noqa: ARG003 - for forms that record what cannot be undone
        """Return what the people in charge are told by mail, in Japanese; empty if there is nothing to tell.

        Asked once an answer is recorded, and before every question: an answer may be a reason to ask again.
        """
        return ""

    @classmethod
    def after(cls, work: RoundContext) -> None:
        """Do what follows from the recorded answer (destroy a secret no longer needed, say); by default nothing.

        Called once the answer stands in the register, and again whenever a cleared or interrupted task finds it there:
        doing it twice must be as good as doing it once.
        """

    @classmethod
    def asking(cls, work: RoundContext, day: date) -> Evaluation:  # noqa: ARG003 - for forms with gates
        """Return the gates without which the question must not even be put, as they are on that day."""
        return Evaluation(day)

    @classmethod
    @abstractmethod
    def body(cls, work: RoundContext) -> str:
        """Return what is asked and what to check first: Japanese markdown, counts, ids and hashes only.

        Raises:
            GateClosedError: The question must not be asked now.
        """

    @classmethod
    def responders(cls, work: RoundContext) -> tuple[Person, ...]:
        """Return who may answer."""
        return work.contract.ward_handlers

    @classmethod
    def params(cls) -> dict[str, dict[str, Any]]:
        """Return, per field, the JSON schema for Airflow's ``Param``, with a blank default valid under that schema."""
        schema = cls.model_json_schema()
        # The UI keeps every button shut while a field that may not be null is empty.
        needed = set(schema.get("required", ())) if cls.stop is None else set()
        return {name: _param(each, needed=name in needed) for name, each in schema.get("properties", {}).items()}

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:  # noqa: ARG002 - for forms with rules
        """Return what the register and the contract say against a well-formed answer, as Japanese sentences."""
        return ()

    def passing(self, work: RoundContext, answer: Answer) -> Evaluation | None:  # noqa: ARG002 - for forms with gates
        """Return the gates that must hold for a good answer, on the day of what it tells; None where there are none."""
        return None

    @abstractmethod
    def outcome(self, work: RoundContext, answer: Answer) -> Settled:
        """Return what a good answer means.

        Raises:
            GateClosedError: What an earlier step must have left is missing.
        """

    @classmethod
    def read(cls, fields: dict[str, object]) -> Self | tuple[str, ...]:
        """Return the filled-in form, or one Japanese reason per wrong field; one with a default may be left blank."""
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        fields = {name: value for name, value in fields.items() if name not in optional or value not in _BLANKS}
        try:
            return cls.model_validate_json(json.dumps(fields, default=str))
        except ValidationError as error:
            wrong = {str(each["loc"][0]) if each["loc"] else "" for each in error.errors(include_input=False)}
        reasons = [
            f"「{field.title}」が{_EMPTY if fields.get(name) in _BLANKS else _WRONG}。{field.description}"
            for name, field in cls.model_fields.items()
            if name in wrong
        ]
        if wrong - set(cls.model_fields):
            reasons.append("読み取れない回答、または画面にない項目が送られました。画面から回答し直してください。")
        return tuple(reasons)


def question(form: type[Form], work: RoundContext, *, at: datetime) -> str:
    """Return what is asked; what forbids to ask is recorded before it is raised, on the day of ``at``.

    Raises:
        GateClosedError: The question must not be put now.
    """
    evaluation = form.asking(work, at.astimezone(TOKYO).date())
    if evaluation.closed:
        pass_gates(work.register, work.round_id, form.step, evaluation, at=at)
    return form.body(work)


def settle(form: type[Form], work: RoundContext, answer: Answer, *, at: datetime) -> Settled | AskAgain:
    """Judge an answer and put the result into the register.

    Args:
        form: The form that was asked.
        work: The round.
        answer: What came back.
        at: The time of the entry.

    Returns:
        What was recorded, or the reasons (recorded too) to ask again.

    Raises:
        GateClosedError: It is not the time for the question; or a gate is closed, which is no fault of the answer: that
            is recorded, and the answer is not.
        RegisterError: The register has another answer already; this one is recorded as refused.
        RoundEndedError: An earlier answer has ended the round.
    """
    if form.stopped(work):
        raise RoundEndedError(
            f"回「{work.round_id}」は、前の回答により中止と決まっています。", "新しい回の番号で始めてください。"
        )
    asked = form.needed(work) or form.lapsed(work, answer.answered_at)
    if asked:
        form.body(work)  # what must not be asked yet cannot be answered either
    answered = not asked and latest(work.entries, form.records) is not None  # one that was never needed has no answer
    reasons = list(about_responder(form, work, answer))
    if answer.option not in form.options:
        reasons.append(f"{'・'.join(f'「{option}」' for option in form.options)}から選んでください。")
    filled = form.model_construct() if form.stop == answer.option else form.read(answer.fields)
    reasons += filled if isinstance(filled, tuple) else filled.objections(work, answer)
    if reasons or isinstance(filled, tuple):
        _refuse(form, work, answer, tuple(reasons), at=at)
        if answered:
            raise _answered_already(form, work)
        return AskAgain(tuple(reasons))
    settled = filled.outcome(work, answer)
    if answered and settled.body not in standing(work.entries, type(settled.body)):
        error = _answered_already(form, work)
        _refuse(form, work, answer, (error.happened,), at=at)
        raise error
    if asked and (evaluation := filled.passing(work, answer)):
        state_contract(work.register, work.round_id, work.contract, work.opened.round_kind, at=at)
        pass_gates(work.register, work.round_id, form.step, evaluation, at=at, first=form.recall)

    def last_look() -> None:
        asked_still = form.needed(work) or form.lapsed(work, answer.answered_at)
        if asked and (form.stopped(work) or not asked_still or [*filled.objections(work, answer)]):
            raise _OvertakenError

    if not answered:
        bodies, actor = (settled.body, *settled.more), str(answer.responder)
        try:
            work.register.append_all(bodies, round_id=work.round_id, actor=actor, at=at, last_look=last_look)
        except _OvertakenError:  # another process recorded something just now, by which the answer is judged anew
            return settle(form, work, answer, at=at)
    if settled.goes_on and not settled.asks_again:
        form.after(work)
    return settled


class _OvertakenError(Exception):
    """What an answer was judged by is no longer so."""


def refusal(form: type[Form], work: RoundContext) -> AnswerRefused | None:
    """Return the refused answer to this form when it is the last thing that anybody did in the round, else None.

    Whoever asks anew says by mail why: nobody may have been told, the mail server being down.
    """
    last = last_refusal(work.entries)
    return last if last and last.step == form.step else None


def last_refusal(entries: Iterable[Entry]) -> AnswerRefused | None:
    """Return the refused answer that is the last thing which anybody did in a round, else None."""
    acts = (entry for entry in entries if not isinstance(entry.body, _BESIDE))
    done = [entry for entry in acts if entry.actor != _NOBODY or isinstance(entry.body, AnswerRefused)]
    last = done[-1].body if done else None
    return last if isinstance(last, AnswerRefused) else None


def _refuse(form: type[Form], work: RoundContext, answer: Answer, reasons: tuple[str, ...], *, at: datetime) -> None:
    refused = AnswerRefused(step=form.step, reasons=reasons, answered_at=answer.answered_at)
    actor = (answer.responder or _NOBODY)[:_ACTOR_LENGTH]
    work.register.append(refused, round_id=work.round_id, actor=actor, at=at)


def _answered_already(form: type[Form], work: RoundContext) -> RegisterError:
    return RegisterError(
        f"{work.title}の「{form.records.title}」には、既に別の回答があります。",
        "管理簿の記録を確かめてください。誤りがあれば、その記録を訂正し、この工程を Clear して回答し直してください。",
    )


def recorded(work: RoundContext, kind: type[B]) -> B:
    """Return the standing entry an earlier step must have left; the register, never a task's state, is believed.

    Raises:
        GateClosedError: There is none.
    """
    found = latest(work.entries, kind)
    if found is None:
        raise GateClosedError(
            f"前の工程「{kind.title}」の記録が管理簿にありません。",
            "前の工程を、Airflowの画面で状態を書き換えずに、正しい手順でやり直してください。",
        )
    return found


def designated(people: Iterable[Person], person_id: str, day: date) -> bool:
    """Tell whether that id is among the people and valid on the day (control 4)."""
    return any(person.id == person_id and person.valid_on(day) for person in people)


def ids(people: Iterable[Person]) -> str:
    """Return the ids of the people for a Japanese text."""
    return "、".join(f"`{person.id}`" for person in people)


def table(rows: Iterable[tuple[str, str]], head: tuple[str, str] = ("項目", "内容")) -> str:
    """Return a markdown table of two columns."""
    cells = [head, ("---", "---"), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '｜') for cell in row)} |" for row in cells)


def about_responder(form: type[Form], work: RoundContext, answer: Answer) -> Iterable[str]:
    """Yield what keeps whoever answered from answering this form at all, as Japanese sentences."""
    if answer.responder is None:
        yield "誰が回答したか記録されていません。自分の利用者でログインして回答してください。"
        return
    if form.four_eyes and answer.responder.casefold() == work.opened.triggered_by.casefold():
        yield "この回を開始した本人は回答できません。別の承認者が回答してください。"
    if not designated(form.responders(work), answer.responder, answer.answered_at.astimezone(TOKYO).date()):
        yield (
            f"回答できるのは、{work.designates}でこの役割に指定され、期間内の人だけです。"
            "指定された人が回答するか、システム担当に契約設定の更新を依頼してください。"
        )


def _param(schema: dict[str, Any], *, needed: bool) -> dict[str, Any]:
    shown = {key: schema[key] for key in ("title", "description", "type")}
    nullable = {"type": [schema["type"], "null"]}
    if "enum" in schema:
        choices = {"enum": [UNCHOSEN, *filter(None, schema["enum"])], "default": UNCHOSEN}
        return shown | choices | ({} if needed else nullable)
    if "format" in schema:
        return shown | nullable | {"format": schema["format"], "default": None}
    if needed or schema["type"] == "boolean":  # which is never empty
        return shown | {"default": _BLANK[schema["type"]]}
    return shown | nullable | {"default": None}
