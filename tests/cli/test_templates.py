"""``mailround templates``: every fault, on eighty columns."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from commanded import Run
from rich.cells import cell_len

from mailround.settings import CheckSettings


def test_templates_without_fault_are_told_to_be_so(run: Run) -> None:
    result = run("templates", "check")
    assert result.exit_code == 0
    assert "様式に誤りはありません" in result.stdout
    assert "保護変更決定通知書" in result.stdout
    assert "保護変更決定通知書" not in run("templates", "check", "--kind", "asset_declaration").stdout


def test_an_include_folder_without_kinds_is_not_told_to_be_sound(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILROUND_INCLUDE", str(tmp_path))
    result = run("templates", "check")
    assert result.exit_code == 2
    assert "点検する発送種別が一つもありません" in result.stderr


def test_every_fault_of_the_templates_is_listed_on_eighty_columns(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    include = tmp_path / "include"
    shutil.copytree(CheckSettings().include, include)
    notice = include / "templates" / "change_notice" / "support" / "template.yaml"
    notice.write_text(
        notice.read_text(encoding="utf-8").replace("title: 支援", "title: 生活保護支援"), encoding="utf-8"
    )
    monkeypatch.setenv("MAILROUND_INCLUDE", str(include))
    result = run("templates", "check", "--issue-date", "2025-03-31")
    assert result.exit_code == 2
    assert max(map(cell_len, result.stdout.splitlines())) <= 80
    said = re.sub(r"[│ \n]", "", result.stdout)
    assert "「生活保護」があります" in said
    assert said.count("が発行日（2025-03-31）より後です") == 6
    assert "様式に7件の誤りがあります" in said
    assert run("templates", "check", "--kind", "asset_declaration").exit_code == 0
