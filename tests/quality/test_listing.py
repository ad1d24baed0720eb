"""The catalogue as a person reads it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from mailround.model import SEVERITIES
from mailround.quality.catalogue import CATALOGUE, Severity
from mailround.quality.listing import rule_rows, rules_page
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"


def test_the_page_of_the_manual_is_what_the_catalogue_says() -> None:
    page = (REPOSITORY / "docs" / "ja" / "quality-rules.md").read_text(encoding="utf-8")
    assert page == rules_page(INCLUDE, "change_notice"), "mailround quality rules --page > docs/ja/quality-rules.md"


def test_every_rule_stands_once_on_the_page_under_a_heading_of_its_letter() -> None:
    found = re.findall(r"^\| ([A-Z][0-9]{2}) \|", rules_page(INCLUDE, "change_notice"), re.MULTILINE)
    assert sorted(found) == sorted(rule.id for rule in CATALOGUE)


def test_the_severity_is_the_wards(tmp_path: Path) -> None:
    shutil.copytree(INCLUDE, tmp_path / "include")
    suite = tmp_path / "include" / "expectations" / "household.yaml"
    text = suite.read_text(encoding="utf-8")
    suite.write_text(text.replace("  C02: {severity: warn}", "  C02: {severity: info}"), encoding="utf-8")
    (row,) = [row for row in rule_rows(tmp_path / "include", "change_notice") if row["id"] == "C02"]
    assert row["severity"] == "info"
    assert "| C02 | 参考 |" in rules_page(tmp_path / "include", "change_notice")


def test_every_severity_has_a_japanese_name() -> None:
    assert set(SEVERITIES) == set(Severity)
