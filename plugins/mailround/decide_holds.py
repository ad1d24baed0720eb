"""Step 4: a person decides whether the round goes on without the held households. Nothing is ever dropped silently."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from mailround.forms import Answer, Form, Settled, recorded, table
from mailround.register.entries import Body, HoldsDecided, QualityChecked, standing

if TYPE_CHECKING:
    from mailround.context import RoundContext

GO_ON = "保留分を除いて続ける"
STOP = "中止する"


class HoldDecision(Form):
    """Go on without the held households, or stop."""

    step: ClassVar[str] = "decide_holds"
    subject: ClassVar[str] = "保留になった世帯の扱いを決めてください"
    options: ClassVar[tuple[str, ...]] = (GO_ON, STOP)
    records: ClassVar[type[Body]] = HoldsDecided

    @classmethod
    def needed(cls, work: RoundContext) -> bool:
        """Ask when something is held and nobody has decided since it was found to be."""
        return recorded(work, QualityChecked).held > 0 and _decision(work) is None

    @classmethod
    def stopped(cls, work: RoundContext) -> bool:
        """Tell whether somebody chose to stop."""
        decision = _decision(work)
        return decision is not None and not decision.go_on

    @classmethod
    def body(cls, work: RoundContext) -> str:
        """Show how many are held, by which rules, and where to read which."""
        checked = recorded(work, QualityChecked)
        return "\n\n".join(
            (
                f"回「{work.round_id}」の {checked.rows:,} 世帯のうち **{checked.held:,} 世帯** が保留になりました。",
                holds_table(work),
                f"どの世帯かは `mailround holds {work.round_id}` で確かめてください（この画面には表示しません）。",
                (
                    f"- 「{GO_ON}」：保留の {checked.held:,} 世帯を除き、残り {checked.printable:,} 世帯で続けます。"
                    "保留の世帯への通知は、別に手配してください。\n"
                    f"- 「{STOP}」：この回を終わらせ、作成物と鍵と、受信フォルダの原本を廃棄します。"
                    "データを直して出力し直し、新しい回の番号で始めてください。"
                ),
            )
        )

    def objections(self, work: RoundContext, answer: Answer) -> Iterable[str]:
        """A round without a single piece cannot go on."""
        if answer.option == GO_ON and recorded(work, QualityChecked).printable == 0:
            yield f"印刷できる世帯が残らないため、続けられません。「{STOP}」を選び、データを直してください。"

    def outcome(self, work: RoundContext, answer: Answer) -> Settled:
        """Record the choice."""
        go_on = answer.option == GO_ON
        held = recorded(work, QualityChecked).held
        return Settled(HoldsDecided(held=held, go_on=go_on, answered_at=answer.answered_at), goes_on=go_on)


def holds_table(work: RoundContext) -> str:
    """Return, per rule, how many households it held or excluded: a markdown table."""
    rules = json.loads(work.workspace.read("quality/report"))["rules"]
    kinds = {"hold": "保留", "exclude": "対象外"}
    rows = [
        (f"【{kinds[rule['severity']]}】{rule['message']}", f"{rule['count']:,}")
        for rule in rules
        if rule["severity"] in kinds and rule["count"]
    ]
    return table(rows or [("なし", "0")], head=("検査", "世帯"))


def _decision(work: RoundContext) -> HoldsDecided | None:
    """Return the decision on the latest check; one on an earlier check of other data does not count."""
    both = [each for each in standing(work.entries, Body) if isinstance(each, QualityChecked | HoldsDecided)]
    return both[-1] if both and isinstance(both[-1], HoldsDecided) else None
