"""``mailround backup`` and ``mailround restore`` as people call them; what they do is in tests/test_restore.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commanded import Run

from installations import KEY
from mailround.local.airflow import LocalAirflow
from mailround.settings import Settings


@pytest.fixture
def backed_up(
    ward: Settings, run: Run, metadata: LocalAirflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    shutil.copy(metadata.home / "airflow.db", tmp_path / "airflow.db")
    monkeypatch.setenv("MAILROUND_METADATA_URL", f"sqlite:///{tmp_path}/airflow.db")
    monkeypatch.setenv("MAILROUND_BACKUP", str(tmp_path / "backups"))
    monkeypatch.setenv("MAILROUND_BACKUP_RECIPIENT", str(KEY.to_public()))
    assert run("register", "migrate").exit_code == 0
    (tmp_path / "backups").mkdir(mode=0o700)
    (tmp_path / "backups" / "mailround-20200101T000000.backup.age").touch()
    (tmp_path / "identity").write_text(str(KEY))
    done = run("backup")
    assert done.exit_code == 0, done.output
    assert "mailround-20200101T000000.backup.age" in done.stdout
    (made,) = (tmp_path / "backups").iterdir()
    assert f"控えのファイル：{made}\n" in done.stdout
    return made


def test_a_backup_is_restored_and_told_in_a_table(
    backed_up: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILROUND_METADATA_URL", f"sqlite:///{tmp_path}/new/airflow.db")
    monkeypatch.setenv("MAILROUND_REGISTER_URL", f"sqlite:///{tmp_path}/new/register.db")
    command = ("restore", backed_up, "--identity", tmp_path / "identity", "--include", tmp_path / "new" / "include")
    done = run(*command)
    assert done.exit_code == 0, done.output
    assert "管理簿の検証" in done.stdout
    assert run("register", "verify").exit_code == 0
    done = run(*command)
    assert done.exit_code == 2
    assert "空でないので復元しません" in done.stderr


def test_a_wrong_identity_is_a_japanese_fault(backed_up: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "identity").write_text("AGE-SECRET-KEY-1")
    done = run("restore", backed_up, "--identity", tmp_path / "identity", "--include", tmp_path / "include")
    assert done.exit_code == 2
    assert "控えの識別鍵を読めません" in done.stderr
    assert not (tmp_path / "include").exists()


@pytest.mark.parametrize("value", ["age1short", "AGE-SECRET-KEY-1", ""])
def test_a_public_key_that_is_none_is_told_by_its_variable(
    ward: Settings, run: Run, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MAILROUND_BACKUP_RECIPIENT", value)
    done = run("backup")
    assert done.exit_code == 2
    assert "MAILROUND_BACKUP_RECIPIENT" in done.stderr
    assert "SECRET" not in done.output
