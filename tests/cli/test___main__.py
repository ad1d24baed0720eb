"""The command as a whole: every wrong call and every help in Japanese, and its second door."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commanded import NAME, Run

from mailround.settings import Settings

MISUSES: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown_layout": (("check", "x.csv", "--layout", "nope"), "「nope」は登録されていません"),
    "unknown_kind": (("check", "x.csv", "--layout", "seto", "--kind", "nope"), "発送種別「nope」"),
    "no_layout": (("check", "x.csv"), "'--layout'"),
    "no_export": (("check",), "'export'"),
    "missing_export": (("check", "/nowhere/x.csv", "--layout", "seto"), "/nowhere/x.csv"),
    "export_is_a_folder": (("check", "/", "--layout", "seto"), "ファイルまたはフォルダを使えません"),
    "folder_cannot_be_made": (("sample", "/dev/null/x"), "ファイルまたはフォルダを使えません"),
    "unknown_command": (("chek",), "コマンドまたは引数"),
    "unknown_option": (("check", "--nope"), "--nope"),
    "too_many_arguments": (("register", "list", NAME), "コマンドまたは引数"),
    "no_households": (("sample", "/tmp/x", "--households", "0"), "'--households'"),
    "too_few_for_a_specimen": (("specimen", "/tmp/x.zip", "--households", "19"), "'--households'"),
    "a_sample_elsewhere": (("sample", "/tmp/x", "--name", "../x"), "ファイル名に使えない文字"),
    "a_sample_without_a_name": (("sample", "/tmp/x", "--name", ""), "ファイル名に使えない文字"),
    "not_a_number": (("sample", "/tmp/x", "--households", NAME), "'--households'"),
    "no_settings": (("register", "list"), "MAILROUND_INBOX、MAILROUND_DATA、MAILROUND_OUTBOX、"),
    "no_settings_for_holds": (("holds", "show", "2026-11-change"), "MAILROUND_REGISTER_URL"),
    "a_port_that_cannot_be": (("local", "demo", "--port", "70000"), "'--port'"),
    "a_port_of_the_system": (("local", "up", "--mail-port", "25"), "'--mail-port'"),
    "no_package": (("package", "check", "/nowhere/x.zip", "--password-fd", "0"), "パッケージ"),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_a_wrong_call_is_told_in_japanese_with_what_to_do(run: Run, misuse: str) -> None:
    arguments, words = MISUSES[misuse]
    with Path(os.devnull).open() as nothing:
        descriptor = str(nothing.fileno())
        result = run(*(descriptor if each == "0" and "--password-fd" in arguments else each for each in arguments))
    assert result.exit_code == 2
    assert not result.stdout
    happened, remedy = result.stderr.splitlines()
    assert happened.startswith("エラー：")
    assert words in happened
    assert remedy.startswith("対応：")


@pytest.mark.parametrize("group", [(), ("register",), ("holds",), ("package",), ("templates",), ("local",)])
def test_a_group_alone_shows_its_help_in_japanese(run: Run, group: tuple[str, ...]) -> None:
    result = run(*group)
    assert "使い方: " in result.output
    assert "コマンド" in result.output
    assert "エラー" not in result.output


@pytest.mark.parametrize("command", ["check", "sample", "holds show", "password-notice", "proof", "specimen"])
def test_the_help_of_a_command_is_japanese(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "引数" in result.stdout
    assert "この説明を表示する" in result.stdout


def test_an_unknown_round_is_told_so(ward: Settings, run: Run) -> None:
    for command in (("holds", "show"), ("password-notice", "--fd", "1"), ("proof", "--fd", "1")):
        result = run(*command, "2026-11-nobody")
        assert result.exit_code == 2
        assert "2026-11-nobody" in result.stderr


def test_the_command_is_also_a_module_for_programs_that_know_their_interpreter() -> None:
    done = subprocess.run([sys.executable, "-m", "mailround.cli"], capture_output=True, text=True, check=False)
    assert "使い方: " in done.stdout + done.stderr
    assert "一斉送付の回を支える道具。" in done.stdout + done.stderr
    wrong = subprocess.run(
        [sys.executable, "-m", "mailround.cli", "nothing"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("エラー：")
