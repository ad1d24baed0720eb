"""Step 4: a person decides whether the round goes on without the held households, and whom to release first.

Nothing is ever dropped silently: rows = printed + held + excluded + counter, whatever is released.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from mailround.forms import Answer, Form, Label, Settled, recorded, table
from mailround.hold_release import Holds, load_holds, releasable_by, write_release
from mailround.model import SEVERITIES
from mailround.register.entries import (
    AnyBody,
    Body,
    Entry,
    Extracted,
    HoldsDecided,
    HoldsReleased,
    QualityChecked,
    latest,
    releases,
    standing,
)

if TYPE_CHECKING:
    from mailround.context import RoundContext

GO_ON = "保留分を除いて続ける"
RELEASE = "保留を解除する"
STOP = "中止する"

_SEPARATORS = re.compile(r"[\s,、;]+")


def _narrow(typed: object) -> object:
    """Read full-width letters, figures and separators as their ASCII ones."""
    return unicodedata.normalize("NFKC", typed).strip() if isinstance(typed, str) else typed


def _upper(typed: object) -> object:
    narrow = _narrow(typed)
    return narrow.upper() if isinstance(narrow, str) else narrow


RuleId = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z][0-9]{2}$")]
"""The id of a rule of the catalogue."""
CaseNumbers = Annotated[
    str, BeforeValidator(_narrow), StringConstraints(pattern=r"^[A-Za-z0-9-]+(?:[\s,、;]+[A-Za-z0-9-]+)*[\s,、;]*$")
]
"""Case numbers, as a list or a copied column has them. A name does not pass: what is typed is kept by Airflow."""
Reason = Literal["", "本人・地区担当に確認済み", "送付先を二人で確認済み", "別世帯と確認済み", "データは正しい（例外）"]
"""Why a household is released: a choice, for prose would name people, and the register keeps it for good."""


class HoldDecision(Form):
    """Go on without the held households, stop, or release some of them and be asked again."""

    step: ClassVar[str] = "decide_holds"
    subject: ClassVar[str] = "保留になった世帯の扱いを決めてください"
    options: ClassVar[tuple[str, ...]] = (GO_ON, RELEASE, STOP)
    records: ClassVar[type[Body]] = HoldsDecided
    stop: ClassVar[str | None] = STOP

    rule: RuleId = Field(
        default="",
        title="解除する検査",
        description=f"「{RELEASE}」のときだけ。検査の番号を一つ（例：A04）。",
    )
    case_nos: CaseNumbers = Field(
        default="",
        title="解除するケース番号",
        description="空白か読点で区切る。空なら、その検査で保留の世帯すべて（二人で確認する検査では必ず指定）。",
    )
    reason: Reason = Field(default="", title="解除の理由", description=f"「{RELEASE}」のときだけ。一つ選ぶ。")
    reference: Label = Field(
        default="",
        title="起案・記録の番号",
        description="「解除の理由」を記録した文書の番号（40字まで。氏名は書かない。例：8新福生第123号）。",
    )
    change_acknowledged: bool = Field(
        default=False,
        title="前回からの増減を確認した",
        description="前回の回から大きく変わったときだけ、続ける前に印を付ける。",
    )

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Ask when something is held or much has changed, and nobody has decided since it was found to be so."""
        checked = recorded(work, QualityChecked)
        return (checked.held > 0 or checked.change_exceeded) and decision(work.entries) is None

    @classmethod
    def stopped(cls, work: RoundContext) -> bool:
        """Tell whether somebody chose to stop."""
        decided = decision(work.entries)
        return decided is not None and not decided.go_on

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show how many are held, by which rules, who may release them, and where to read which they are."""
        checked, holds = recorded(work, QualityChecked), load_holds(work)
        held = f"{len(holds.held):,}"
        released = f"（ほかに {len(holds.released):,} 世帯の保留を解除済み）" if holds.released else ""
        return "\n\n".join(
            (
                f"回「{work.round_id}」の {checked.rows:,} 世帯のうち **{held} 世帯** が保留です{released}。",
                *_change(work, checked),
                _counts(holds),
                (
                    f"どの世帯かは [保留の一覧]({work.settings.console_url}/rounds/{work.round_id}/holds)か、"
                    f"`mailround holds show {work.round_id}` で確かめてください。"
                    "この画面には表示しません。見たことは管理簿に残ります。"
                ),
                (
                    f"- 「{GO_ON}」：保留の {held} 世帯を除き、残り {holds.printable:,} 世帯で続けます。"
                    "保留の世帯への通知は、別に手配してください。\n"
                    f"- 「{RELEASE}」：検査の番号・理由・文書番号を入力します。"
                    "記録した後、新しい件数でもう一度お尋ねします。"
                    f"{_who_may(holds)}\n"
                    f"- 「{STOP}」：この回を終わらせ、作成物と鍵と、受信フォルダの原本を廃棄します。"
                    "データを直して出力し直し、新しい回の番号で始めてください。"
                ),
            )
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """What cannot be printed right is released by nobody; a protected household by a second person only."""
        if answer.option == GO_ON:
            return self._against_going_on(work, answer)
        return self._against_release(work, answer) if answer.option == RELEASE else ()

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:
        """Record the choice, or whom it releases."""
        holds = load_holds(work)
        if answer.option == RELEASE:
            return Settled(self._release(work, holds, answer), asks_again=True)
        go_on = answer.option == GO_ON
        decided = HoldsDecided(
            held=len(holds.held),
            go_on=go_on,
            answered_at=answer.answered_at,
            change_acknowledged=self.change_acknowledged and recorded(work, QualityChecked).change_exceeded,
        )
        return Settled(decided, goes_on=go_on)

    def _release(self, work: RoundContext, holds: Holds, answer: Answer) -> AnyBody:
        case_nos = self._named() or holds.by_rule[self.rule]
        return HoldsReleased(
            rule=self.rule,
            cases=len(case_nos),
            reason=self.reason,
            reference=self.reference,
            checked_sha256=recorded(work, QualityChecked).checked_sha256,
            sha256=write_release(work, self.rule, case_nos),
            answered_at=answer.answered_at,
        )

    def _named(self) -> frozenset[str]:
        return frozenset(filter(None, _SEPARATORS.split(self.case_nos)))

    def _against_going_on(self, work: RoundContext, answer: Answer) -> Iterator[str]:
        if self.rule or self.case_nos or self.reason or self.reference:
            yield f"解除の項目が入力されています。「{RELEASE}」を選ぶか、解除の項目をすべて空にしてください。"
        if load_holds(work).printable == 0:
            yield f"印刷できる世帯が残らないため、続けられません。「{STOP}」を選び、データを直してください。"
        if recorded(work, QualityChecked).change_exceeded and not self.change_acknowledged:
            yield (
                "前回から大きく増減しています。抽出条件と増減の理由を確かめ、"
                "「前回からの増減を確認した」に印を付けてください。"
            )
        if str(answer.responder).casefold() in _second_persons(work):
            yield (
                "二人での確認が要る保留を解除した本人は、続ける判断ができません。"
                "別の担当者が、解除した世帯を確かめて回答してください。"
            )

    def _against_release(self, work: RoundContext, answer: Answer) -> Iterator[str]:
        for name in ("rule", "reason", "reference"):
            if not getattr(self, name):
                field = type(self).model_fields[name]
                yield f"「{field.title}」が未入力です。{field.description}"
        if not self.rule:
            return
        holds = load_holds(work)
        held = holds.by_rule.get(self.rule, frozenset())
        if not held:
            yield "その検査で保留になっている世帯はありません。画面の表にある検査の番号を入力してください。"
            return
        who = releasable_by(self.rule)
        if who == "nobody":
            yield (
                f"検査「{self.rule}」の保留は解除できません。正しく印刷・送付できないためです。"
                "データを直して新しい回で送るか、別に手配してください。"
            )
        if who == "second":
            if str(answer.responder).casefold() == work.opened.triggered_by.casefold():
                yield f"検査「{self.rule}」の保留は、この回を開始した本人は解除できません。別の人が解除してください。"
            if not self._named():
                yield f"検査「{self.rule}」の保留は、確かめた世帯の「解除するケース番号」を指定して解除してください。"
        if unknown := self._named() - held:
            yield (
                f"「解除するケース番号」のうち{len(unknown)}件は、この検査で保留になっていません（解除済みを含む）。"
                "保留の一覧で番号を確かめてください。"
            )


def holds_table(work: RoundContext) -> str:
    """Return, per rule, how many households it found, and what that means for them: a markdown table."""
    return _counts(load_holds(work))


def _counts(holds: Holds) -> str:
    rows = []
    for rule in holds.report["rules"]:
        if rule["count"]:
            left = holds.by_rule.get(rule["id"])
            known = frozenset(holds.report["held"]).intersection(rule["case_nos"])
            released = len(known) - len(left) if left is not None else 0
            told = f"（うち解除 {released:,}）" if released else ""
            rows.append(
                (f"【{SEVERITIES[rule['severity']]}】{rule['id']} {rule['message']}", f"{rule['count']:,}{told}")
            )
    return table(rows or [("なし", "0")], head=("検査", "世帯"))


def _who_may(holds: Holds) -> str:
    """Return which of the rules that hold somebody can be released, and by whom."""
    told = {
        "person": "解除できる検査：{}。",
        "second": "回を開始した人と、続ける判断をする人のどちらでもない人が、ケース番号を指定して解除できる検査：{}。",
        "nobody": "解除できない検査：{}。",
    }
    rules = [(rule_id, releasable_by(rule_id)) for rule_id, case_nos in holds.by_rule.items() if case_nos]
    return "".join(
        text.format("、".join(found))
        for kind, text in told.items()
        if (found := [rule_id for rule_id, who in rules if who == kind])
    )


def _change(work: RoundContext, checked: QualityChecked) -> Iterator[str]:
    """Yield this round's figures beside those of the last one, when they differ too much."""
    if not checked.change_exceeded:
        return
    extracted = latest(work.entries, Extracted)
    total = extracted.total_after if extracted else None
    yield f"**前回（{checked.last_round_id}）から大きく増減しています。** 続けるには、確かめて印を付けてください。"
    yield table(
        [
            ("世帯", f"{_figure(checked.rows_before)} → {checked.rows:,}"),
            ("支給額の合計", f"{_figure(checked.total_before)} → {_figure(total)}"),
        ],
        head=("項目", "前回 → 今回"),
    )


def _figure(count: int | None) -> str:
    return "（なし）" if count is None else f"{count:,}"


def _second_persons(work: RoundContext) -> set[str]:
    """Return who released what only a second person may release; the names are folded."""
    entries = work.entries
    second = [each for each in releases(entries) if releasable_by(each.rule) == "second"]
    return {entry.actor.casefold() for entry in entries if entry.body in second}


def decision(entries: Iterable[Entry]) -> HoldsDecided | None:
    """Return the decision on the latest check and release; one on an earlier check of other data does not count."""
    kinds = QualityChecked | HoldsReleased | HoldsDecided
    found = [each for each in standing(entries, Body) if isinstance(each, kinds)]
    return found[-1] if found and isinstance(found[-1], HoldsDecided) else None
