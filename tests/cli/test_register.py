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
from tampered import replace_all, stored


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
    assert run("register", "verify").stdout.startswith("検証済み：1件")
    assert "共通　署名鍵の作成　（自動）" in run("register", "list").stdout
    assert run("register", "list", "--round-id", "2026-11-nobody").stdout == "記録はありません。\n"


def test_a_key_is_made_once_and_its_fingerprint_told_everywhere(run: Run, ward: Settings) -> None:
    assert "`mailround register migrate`" in run("register", "key").stdout
    told = run("register", "migrate").stdout
    assert ward.checkpoint_key.is_file()
    [grouped] = re.findall(r"署名鍵の指紋：((?:[0-9a-f]{4} ?){8})\n", told)
    for command in ("migrate", "key", "verify"):
        assert grouped in run("register", command).stdout
    assert run("register", "verify", "--key", grouped).exit_code == 0
    assert run("register", "verify", "--key", grouped.replace(" ", "").upper()).exit_code == 0
    other = run("register", "verify", "--key", "0" * 32)
    assert other.exit_code == 2
    assert "控えた指紋の鍵ではありません" in other.stderr
    ward.checkpoint_key.unlink()
    lost = run("register", "migrate")
    assert lost.exit_code == 2
    assert "署名鍵のファイルを読めません" in lost.stderr


def test_a_checkpoint_goes_to_paper_and_is_verified_as_text_or_file(
    run: Run, work: RoundContext, tmp_path: Path
) -> None:
    run("register", "migrate")
    signed = run("register", "checkpoint")
    assert signed.exit_code == 0
    [line] = signed.stdout.splitlines()
    (tmp_path / "paper.txt").write_text(f"{line[:90]}\n{line[90:]}\n", encoding="utf-8")
    for given in (line, line.lower(), tmp_path / "paper.txt"):
        told = run("register", "verify", "--checkpoint", given).stdout
        assert "検証点：管理簿の中の1件と、指定した1件が、すべて一致しました。" in told
    assert "--checkpoint で指定すると分かります" in run("register", "verify").stdout
    edited = run("register", "verify", "--checkpoint", line.replace("/2026-", "/2027-"))
    assert edited.exit_code == 2
    assert "写し間違い" in edited.stderr
    for wrong in (tmp_path / "nothing.txt", "第5号"):
        assert run("register", "verify", "--checkpoint", wrong).exit_code == 2


def test_a_cut_tail_is_told_beside_the_paper_and_the_export(run: Run, work: RoundContext, tmp_path: Path) -> None:
    run("register", "migrate")
    hand_over(work)
    assert run("register", "export", tmp_path / "all.jsonl").exit_code == 0
    line = run("register", "checkpoint").stdout.strip()
    assert run("register", "verify", "--against", tmp_path / "all.jsonl").exit_code == 0
    replace_all(work.register, stored(work.register)[:-3])
    left = len(work.register.entries())
    assert run("register", "verify").exit_code == 0
    cut = run("register", "verify", "--checkpoint", line)
    assert cut.exit_code == 2
    assert f"第{left + 1}号からがありません" in cut.stderr
    exact = run("register", "verify", "--checkpoint", line, "--against", tmp_path / "all.jsonl")
    assert exact.exit_code == 2
    assert f"第{left + 1}号から後がありません" in exact.stderr


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:0], lambda text: text[9:], lambda text: text.replace("datateam", "x")]
)
def test_an_export_that_was_changed_or_is_none_is_refused(
    run: Run, work: RoundContext, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    run("register", "export", tmp_path / "all.jsonl")
    text = (tmp_path / "all.jsonl").read_text(encoding="utf-8")
    assert spoil(text) != text
    (tmp_path / "all.jsonl").write_text(spoil(text), encoding="utf-8")
    refused = run("register", "verify", "--against", tmp_path / "all.jsonl")
    assert refused.exit_code == 2
    assert "書き出した控えを使えません" in refused.stderr


def test_an_entry_is_corrected_for_a_reason_out_of_the_list(run: Run, work: RoundContext) -> None:
    hand_over(work)
    seq = work.entries[-1].seq
    options = ("--reference", "8新福生第123号", "--by", "officer2")
    free = run("register", "correct", seq, "--reason", NAME, *options)
    assert free.exit_code == 2
    assert "--reason" in free.stderr
    assert work.entries[-1].seq == seq
    done = run("register", "correct", seq, "--reason", "誤記", *options)
    assert done.exit_code == 0
    assert f"第{seq}号を訂正しました（第{seq + 1}号）" in done.stdout
    assert work.entries[-1].actor == "officer2"
    again = run("register", "correct", seq, "--reason", "誤記", *options)
    assert again.exit_code == 2
    assert "既に訂正されています" in again.stderr


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
