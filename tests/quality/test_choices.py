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
        "kinds: {asset_declaration: {C02: {severity: info}}}",
    )
    assert load_choices(include, "asset_declaration")["C02"].severity is Severity.INFO
    assert load_choices(include, "change_notice")["C02"].severity is Severity.WARN


@pytest.mark.parametrize(
    ("suite", "old", "new", "told"),
    [
        ("household", "C02:", "C99:", "C99.*C02"),
        ("household", "kinds: {}", "kinds: {christmas: {}}", "christmas"),
        ("household", "kinds: {}", "kinds: {change_notice: {kana: {severity: info}}}", "kana"),
        ("household", "C02: {severity: warn}", "C02: {severity: ignore}", "C02"),
        ("household", "C02: {severity: warn}", "C02: {severity: warn, mostly: 1.5}", "mostly"),
        ("household", "C02: {severity: warn}", "C02: {severity: stop, mostly: 0.5}", "C02"),
        ("household", "C02: {severity: warn}", "C02: {severity: warn, most: 1}", "most"),
        *(
            (
                "household",
                f"{rule_id}: {{severity: hold}}",
                f"{rule_id}: {{severity: {severity}}}",
                f"軽くできない.*{rule_id}",
            )
            for rule_id in ("P02", "P04", "P05")
            for severity in ("warn", "info", "exclude")
        ),
        (
            "household",
            "kinds: {}",
            "kinds: {change_notice: {P05: {severity: info}}}",
            "軽くできない.*P05",
        ),
        ("round", "  R02: {severity: stop}", "", "R02"),
        ("round", "R02: {severity: stop}", "R02: {severity: hold}", "R02"),
        ("round", "  R02", "  C02: {severity: warn}\n  R02", "C02"),
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
