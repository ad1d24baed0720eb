"""The catalogue as a person reads it: on the console, and as the page docs/ja/quality-rules.md."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from mailround.model import SEVERITIES
from mailround.quality.catalogue import CATALOGUE, Release, Rule, Severity
from mailround.quality.choices import load_choices

_RELEASES = {Release.NOBODY: "解除できない", Release.PERSON: "取扱者", Release.SECOND: "開始した人以外の二人目"}
_GROUPS = {
    "R": "回全体",
    "P": "人（送ってよい相手か）",
    "A": "住所",
    "C": "文字と様式",
    "H": "世帯どうしの比較",
    "D": "決定の内容",
}
_COLUMNS = ("| 番号 | 区分 | 内容 | 読む項目 | 対応 | 解除できる人 |", "| --- | --- | --- | --- | --- | --- |")
_HEAD = """\
# データ検査の一覧

このページは `mailround quality rules --page` が作ります。手で書き換えないでください（テストが一致を確かめます）。

* **区分**は出荷時の設定です。`include/expectations/` で変えられます。
* しきい値は `include/rounds/` の `thresholds` で変えます。
* **保留**の世帯は印刷しません。「04 保留の判断」で、検査ごとに定められた人が、理由と文書番号を記録して解除できます。
* **対象外**と**窓口交付**の世帯は印刷せず、一覧に載せます。**注意**と**参考**の世帯は印刷し、一覧に載せます。
* どの世帯が該当したかは `mailround holds show 回の番号` で確かめます（見るたびに管理簿に記録されます）。
"""


class RuleRow(TypedDict):
    """One rule with what a ward makes of it."""

    id: str
    suite: str
    severity: str
    message: str
    remedy: str
    fields: list[str]
    release: str
    decision_rounds_only: bool


def rule_rows(include: Path, kind: str) -> list[RuleRow]:
    """Return every rule of the catalogue with the ward's severity for rounds of a kind.

    Raises:
        ConfigurationError: include/expectations does not fit the catalogue.
    """
    choices = load_choices(include, kind)
    return [
        {
            "id": rule.id,
            "suite": rule.suite,
            "severity": choices[rule.id].severity.value,
            "message": rule.message,
            "remedy": rule.remedy,
            "fields": list(rule.fields),
            "release": rule.release.value,
            "decision_rounds_only": rule.decision,
        }
        for rule in CATALOGUE
    ]


def rules_page(include: Path, kind: str) -> str:
    """Return the page for the manual, in markdown.

    Raises:
        ConfigurationError: As `rule_rows`.
    """
    choices = load_choices(include, kind)

    def line(rule: Rule) -> str:
        severity = choices[rule.id].severity
        cells = (
            rule.id,
            SEVERITIES[severity],
            rule.message + ("（決定のある回だけ）" if rule.decision else ""),
            "、".join(f"`{each}`" for each in rule.fields) or "（回全体）",
            rule.remedy,
            _RELEASES[rule.release] if severity is Severity.HOLD else "",
        )
        return f"| {' | '.join(cells)} |"

    parts = [_HEAD]
    for letter, title in _GROUPS.items():
        rules = [rule for rule in CATALOGUE if rule.id.startswith(letter)]
        parts += [f"## {title}\n", *_COLUMNS]
        parts += [*map(line, rules), ""]
    return "\n".join(parts)
