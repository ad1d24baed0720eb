"""The ward's choices per rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mailround.errors import ConfigurationError
from mailround.quality.catalogue import CATALOGUE, Severity
from mailround.quality.choices import Choice, load_choices
from mailround.settings import REPOSITORY


@pytest.fixture
def include(tmp_path: Path) -> Path:
    for folder in ("rounds", "expectations"):
        shutil.copytree(REPOSITORY / "include" / folder, tmp_path / folder)
    return tmp_path


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
def test_the_shipped_suites_choose_for_every_rule(kind: str) -> None:
    assert load_choices(REPOSITORY / "include", kind).keys() == {rule.id for rule in CATALOGUE}


def test_a_round_kind_may_choose_otherwise(include: Path) -> None:
    rewrite(
        include / "expectations" / "household.yaml",
        "kinds: {}",
        "kinds: {asset_declaration: {kana_present: {severity: info}}}",
    )
    assert load_choices(include, "asset_declaration")["kana_present"].severity is Severity.INFO
    assert load_choices(include, "change_notice")["kana_present"].severity is Severity.WARN


@pytest.mark.parametrize(
    ("suite", "old", "new", "told"),
    [
        ("household", "kana_present:", "kana_presnt:", "kana_presnt.*kana_present"),
        ("household", "kinds: {}", "kinds: {christmas: {}}", "christmas"),
        ("household", "kinds: {}", "kinds: {change_notice: {kana: {severity: info}}}", "kana"),
        ("household", "kana_present: {severity: warn}", "kana_present: {severity: ignore}", "kana_present"),
        ("household", "kana_present: {severity: warn}", "kana_present: {severity: warn, mostly: 1.5}", "mostly"),
        ("household", "kana_present: {severity: warn}", "kana_present: {severity: stop, mostly: 0.5}", "kana_present"),
        ("household", "kana_present: {severity: warn}", "kana_present: {severity: warn, most: 1}", "most"),
        *(
            (
                "household",
                f"{rule_id}: {{severity: hold}}",
                f"{rule_id}: {{severity: {severity}}}",
                f"軽くできない.*{rule_id}",
            )
            for rule_id in ("delivery_released", "protection_confirmed", "protected_mailto_in_force")
            for severity in ("warn", "info", "exclude")
        ),
        (
            "household",
            "kinds: {}",
            "kinds: {change_notice: {protected_mailto_in_force: {severity: info}}}",
            "軽くできない.*protected_mailto_in_force",
        ),
        ("round", "  case_no_unique: {severity: stop}\n", "", "case_no_unique"),
        ("round", "case_no_unique: {severity: stop}", "case_no_unique: {severity: hold}", "case_no_unique"),
        ("round", "  case_no_unique", "  kana_present: {severity: warn}\n  case_no_unique", "kana_present"),
        ("round", "rules:", "rules: [", "YAML"),
    ],
)
def test_a_suite_that_does_not_fit_the_catalogue_is_refused_naming_the_place(
    include: Path, suite: str, old: str, new: str, told: str
) -> None:
    rewrite(include / "expectations" / f"{suite}.yaml", old, new)
    with pytest.raises(ConfigurationError, match=told):
        load_choices(include, "change_notice")


def test_a_stopping_rule_demands_every_household_and_any_other_none_unless_told() -> None:
    assert Choice(severity="stop").required_share == 1
    assert Choice(severity="hold").required_share == 0
    assert Choice(severity="hold", mostly=0.9).required_share == 0.9
