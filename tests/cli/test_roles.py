"""``mailround roles``; what it does to a real metadata database is in tests/test_roles.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from commanded import Run

from mailround.terminal import Exit


def test_a_wrong_file_is_told_in_japanese_before_airflow_is_touched(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "roles.yaml").write_text("abilities: {}\nroles: {A: {title: a, may: [b]}}\n", encoding="utf-8")
    monkeypatch.setenv("MAILROUND_INCLUDE", str(tmp_path))
    done = run("roles", "apply")
    assert done.exit_code == Exit.STOP
    assert "abilities にない名前です：b" in done.output.replace("\n", "")
