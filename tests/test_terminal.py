"""How the command speaks: every fault is two Japanese lines and an exit code, and no table cuts what it shows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Annotated

import pytest
import sqlalchemy as sa
import typer
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from mailround.errors import MailroundError
from mailround.postcodes import seven_digits
from mailround.terminal import Exit, JapaneseTyper, console, table

NAME = "髙﨑　伽奈利亜"


def raise_deep_inside() -> None:
    seven_digits(None)  # type: ignore[arg-type]  # a fault of ours, in a module of ours


FAULTS: dict[str, tuple[Callable[[], object], str, str]] = {
    "ours": (lambda: _throw(MailroundError("起きたこと。", "すること。")), "起きたこと。", "すること。"),
    "a file": (lambda: open("/nowhere/x.csv"), "ファイルまたはフォルダを使えません（/nowhere/x.csv）。", "場所、種類"),  # noqa: SIM115, PTH123
    "a device": (
        lambda: _throw(OSError(28, "No space left")),
        "ファイルまたはフォルダを使えません。",
        "権限",
    ),
    "the register": (
        lambda: sa.create_engine("sqlite:////nowhere/x.db").connect(),
        "管理簿のデータベースを使えません。",
        "MAILROUND_REGISTER_URL",
    ),
    "a person": (lambda: _throw(typer.Abort()), "入力が中断されました。", "もう一度実行してください。"),
    "elsewhere": (raise_deep_inside, "想定外の障害です（", "システム担当へ伝えてください。"),
}


def _throw(error: Exception) -> None:
    raise error


@pytest.fixture
def app() -> JapaneseTyper:
    made = JapaneseTyper("見本です。")

    @made.command("fail", help="失敗します。")
    def fail(fault: Annotated[str, typer.Argument(help="どのように。")]) -> None:
        FAULTS[fault][0]()

    @made.command("end", help="終わります。")
    def end(code: Annotated[int, typer.Option(help="終了コード。", min=0, max=2)] = 0) -> None:
        raise typer.Exit(code)

    @made.command("run", help="何もしません。")
    def run() -> None:
        console().print(NAME)

    return made


def call(app: JapaneseTyper, *arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SystemExit | None)
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_told_in_two_lines_and_ends_with_stop(app: JapaneseTyper, fault: str) -> None:
    _, happened, remedy = FAULTS[fault]
    result = call(app, "fail", fault)
    assert result.exit_code == Exit.STOP
    assert not result.stdout
    first, second = result.stderr.splitlines()
    assert first.startswith(f"エラー：{happened}")
    assert second.startswith("対応：")
    assert remedy in second


def test_what_nobody_foresaw_is_told_by_its_place_and_never_by_what_it_says(app: JapaneseTyper) -> None:
    FAULTS["a cell"] = (lambda: [][len(NAME)] if seven_digits("") is None else None, "", "")
    try:
        result = call(app, "fail", "elsewhere")
        assert re.search(r"（TypeError、postcodes\.py \d+行目）", result.stderr)
        cell = call(app, "fail", "a cell")
        assert "（IndexError、" in cell.stderr
    finally:
        del FAULTS["a cell"]
    assert NAME not in result.stderr + cell.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fail",), "'fault' の指定がないか、正しくありません。"),
        (("end", "--code", NAME), "'--code' の指定がないか、正しくありません。"),
        (("end", "--code", "3"), "'--code' の指定がないか、正しくありません。"),
        (("end", "--nonsense"), "--nonsense というオプションはないか、使い方が違います。"),
        (("run", NAME), "コマンドまたは引数の指定に誤りがあります。"),
        ((NAME,), "コマンドまたは引数の指定に誤りがあります。"),
    ],
)
def test_a_wrong_call_is_told_without_repeating_what_was_typed(
    app: JapaneseTyper, arguments: tuple[str, ...], told: str
) -> None:
    result = call(app, *arguments)
    assert result.exit_code == Exit.STOP
    assert told in result.stderr
    assert "--help` で使い方を確かめてください。" in result.stderr
    assert NAME not in result.stderr


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_ends_with_the_code_it_chose(app: JapaneseTyper, code: int) -> None:
    assert call(app, "end", "--code", str(code)).exit_code == code


def test_the_help_is_japanese_and_no_fault(app: JapaneseTyper) -> None:
    alone, whole, command = call(app), call(app, "--help"), call(app, "end", "--help")
    assert "エラー" not in alone.output
    for result in (whole, command):
        assert result.exit_code == Exit.OK
        assert "使い方: " in result.output
        assert "この説明を表示する" in result.output
        assert not re.search("Usage|Options|Show this message", result.output)
    assert "コマンド" in whole.output
    assert "[既定値：0]" in command.output


@pytest.mark.parametrize("text", ["[red]山田[/red]", ":smile:", "8新福生第100001号"])
def test_a_text_is_shown_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console().print(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_a_table_folds_what_is_too_wide_and_cuts_nothing() -> None:
    reason = "第一の理由は冬季加算の計上、第二の理由は世帯員の転入です。" * 5
    made = table("番号", "理由")
    made.add_row("1", reason)
    target = io.StringIO()
    Console(file=target, width=40).print(made)
    lines = target.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= 40
    assert re.sub(r"[^第一の理由は冬季加算の計上、第二世帯員転入です。]", "", "".join(lines[3:])) == reason
