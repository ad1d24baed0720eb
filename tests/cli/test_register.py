"""``mailround register``: the whole of it, and told when it was changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from commanded import NAME, Run
from rich.cells import cell_len

from mailround.context import RoundContext
from mailround.settings import Settings
from prepared import hand_over


def test_the_register_is_listed_whole_on_eighty_columns(run: Run, work: RoundContext) -> None:
    hand_over(work)
    result = run("register", "list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    text = re.sub(r"\s", "", result.stdout)
    for entry in work.entries:
        assert f"第{entry.seq}号" in text
        assert entry.body.title in text
    assert work.opened.contract_sha256 in text
    assert "鍵付きカバン番号BAG-01" in text
    assert run("register", "list", "--round-id", work.round_id).stdout == result.stdout
    assert run("register", "list", "--round-id", "2026-11-nobody").stdout == "記録はありません。\n"


def test_the_register_verifies_until_somebody_changes_it(run: Run, work: RoundContext) -> None:
    whole = run("register", "verify")
    assert whole.exit_code == 0
    assert f"検証済み：{len(work.entries)}件" in whole.stdout
    assert work.entries[-1].hash in whole.stdout
    tamper(work, lambda body: body.replace('"pieces":4', '"pieces":5'))
    result = run("register", "verify")
    assert result.exit_code == 2
    assert "連鎖が第" in result.stderr
    assert not result.stdout


def test_an_entry_that_cannot_be_read_is_told_without_its_content(run: Run, work: RoundContext) -> None:
    tamper(work, lambda body: body.replace('"pieces":4', f'"pieces":"{NAME}"'))
    result = run("register", "list")
    assert result.exit_code == 2
    assert "想定外の障害です（ValidationError、store.py " in result.stderr


def tamper(work: RoundContext, change: Callable[[str], str]) -> None:
    """Change bodies as somebody with the database in hands would, triggers back in place afterwards."""
    with sqlite3.connect(work.settings.register_url.removeprefix("sqlite:///")) as database:
        [trigger] = database.execute("SELECT sql FROM sqlite_master WHERE name = 'register_entry_no_update'").fetchone()
        database.execute("DROP TRIGGER register_entry_no_update")
        rows = database.execute("SELECT seq, body FROM register_entry").fetchall()
        assert any(change(body) != body for _, body in rows)
        database.executemany("UPDATE register_entry SET body = ? WHERE seq = ?", [(change(b), seq) for seq, b in rows])
        database.execute(trigger)
    database.close()


def test_the_register_is_made_by_migrate_and_told_to_be_missing_before(
    run: Run, ward: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAILROUND_REGISTER_URL", f"sqlite:///{tmp_path}/new/register.db")
    for command in ("list", "verify"):
        missing = run("register", command)
        assert missing.exit_code == 2
        assert "mailround register migrate" in missing.stderr
    assert run("register", "migrate").exit_code == 0
    assert run("register", "migrate").exit_code == 0
    assert run("register", "verify").stdout.startswith("検証済み：0件")
    assert run("register", "list").stdout == "記録はありません。\n"


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_register_is_exported(run: Run, work: RoundContext, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"register.{suffix}"
    assert run("register", "export", target).exit_code == 0
    text = target.read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == len(work.entries) + (suffix == "csv")
    assert work.entries[-1].hash in text
    assert "伽奈利亜" not in text


def test_an_export_of_no_entries_is_told_to_be_one(run: Run, work: RoundContext, tmp_path: Path) -> None:
    target = tmp_path / "register.csv"
    assert f"（{len(work.entries)}件）" in run("register", "export", target).stdout
    nothing = run("register", "export", target, "--round-id", "2026-11-nobody")
    assert nothing.exit_code == 0
    assert nothing.stdout.startswith("記録はありません")


def test_an_export_to_an_unknown_format_is_refused(run: Run, work: RoundContext, tmp_path: Path) -> None:
    result = run("register", "export", tmp_path / "register.xlsx")
    assert result.exit_code == 2
    assert ".csv" in result.stderr
    assert not (tmp_path / "register.xlsx").exists()
