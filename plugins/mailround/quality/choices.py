"""What a ward makes of each rule: one YAML per suite under include/expectations/."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mailround.configuration import names, read_yaml
from mailround.errors import ConfigurationError
from mailround.quality.catalogue import CATALOGUE, Severity

_ROUND_SEVERITIES = frozenset({Severity.STOP, Severity.WARN})
_BINDING_SEVERITIES = frozenset({Severity.STOP, Severity.HOLD, Severity.COUNTER})
"""All of which keep the piece from print, and none of which leaves the household without its notice."""


class Choice(BaseModel):
    """How severe a finding is, and how many are too many.

    ``mostly`` is the share of households that must pass, else the round stops (Great Expectations' own word). Unset:
    every one for a rule that stops, none for all others. A rule that stops over single households takes no share:
    those below it would go into print unseen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity
    mostly: float | None = Field(default=None, ge=0, le=1)

    @property
    def required_share(self) -> float:
        """Return the share of households that must pass."""
        if self.mostly is not None:
            return self.mostly
        return 1.0 if self.severity is Severity.STOP else 0.0


class _Suite(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: dict[str, Choice]
    kinds: dict[str, dict[str, Choice]] = Field(default_factory=dict, description="Other choices for a round kind.")


def load_choices(include: Path, kind: str) -> dict[str, Choice]:
    """Return the ward's choice for every rule of the catalogue, for rounds of one kind.

    Raises:
        ConfigurationError: A suite's YAML is wrong, leaves a rule out, or names a rule or round kind that is none.
    """
    chosen: dict[str, Choice] = {}
    for name in ("round", "household"):
        suite = read_yaml(include / "expectations", name, _Suite, "検査の設定")
        known = {rule.id for rule in CATALOGUE if rule.suite == name}
        about_households = {rule.id for rule in CATALOGUE if rule.columns}
        binding = {rule.id for rule in CATALOGUE if rule.binding}
        named = {rule_id for each in (suite.rules, *suite.kinds.values()) for rule_id in each}
        mine = suite.rules | suite.kinds.get(kind, {})
        stopping = {rule_id for rule_id, choice in mine.items() if choice.severity is Severity.STOP}
        wrong = {
            "未知の検査": named - known,
            "設定のない検査": known - suite.rules.keys(),
            "未知の発送種別": suite.kinds.keys() - set(names(include / "rounds")),
            "回の検査に使えない区分": {
                rule_id
                for rule_id, choice in mine.items()
                if name == "round" and choice.severity not in _ROUND_SEVERITIES
            },
            "保留より軽くできない検査": {
                rule_id for rule_id, choice in mine.items() if choice.severity not in _BINDING_SEVERITIES
            }
            & binding,
            "stopでは許容できない割合": {each for each in stopping & about_households if mine[each].required_share < 1},
        }
        if any(wrong.values()):
            found = "、".join(f"{what}（{', '.join(sorted(which))}）" for what, which in wrong.items() if which)
            raise ConfigurationError(
                f"検査の設定「{name}」に誤りがあります：{found}。", f"expectations/{name}.yaml を直してください。"
            )
        chosen |= mine
    return chosen
