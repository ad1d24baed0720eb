"""How the command speaks: Japanese help, Japanese faults without a traceback, tables that cut nothing."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from mailround.errors import MailroundError

_HERE = Path(__file__).parent


class Exit(IntEnum):
    """Exit codes of ``mailround check``; ``doctor`` and ``alive`` end with OK, HELD (something is wrong) or STOP.

    Every other command ends with OK or STOP.
    """

    OK = 0
    HELD = 1
    STOP = 2


class _Japanese:
    """Makes the help of a command or group Japanese. The classes of contexts and formatters are the library's own."""

    def get_usage(self, ctx: Any) -> str:  # noqa: ANN401 - see above
        """Return the usage line."""
        return str(super().get_usage(ctx)).replace("Usage:", "使い方:", 1)  # type: ignore[misc]  # beside a command

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - see above
        """Return the option --help."""
        option = super().get_help_option(ctx)  # type: ignore[misc]  # beside a command
        if option:
            option.help = "この説明を表示する"
        return option

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - see above
        """Print the help."""
        from typer import rich_utils

        rich_utils.ARGUMENTS_PANEL_TITLE = "引数"
        rich_utils.OPTIONS_PANEL_TITLE = "オプション"
        rich_utils.COMMANDS_PANEL_TITLE = "コマンド"
        rich_utils.REQUIRED_LONG_STRING = "[必須]"
        rich_utils.DEFAULT_STRING = "[既定値：{}]"
        rich_utils.ENVVAR_STRING = "[環境変数：{}]"
        super().format_help(ctx, formatter)  # type: ignore[misc]  # beside a command


class _Command(_Japanese, TyperCommand):
    """A command with Japanese help."""


class _Group(_Japanese, TyperGroup):
    """Commands that fail in Japanese, and never with a traceback: a library's error may quote a cell."""

    def main(self, *args: Any, **settings: Any) -> NoReturn:  # noqa: ANN401 - passed on as received
        """Run and exit; every fault ends with STOP."""
        try:
            code = super().main(*args, **(settings | {"standalone_mode": False}))
        except Exception as error:  # noqa: BLE001 - what nothing else caught
            code = Exit.STOP
            if told := _in_japanese(error):
                _tell(*told)
        sys.exit(code or Exit.OK)


_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class JapaneseTyper(typer.Typer):
    """Groups and commands as above."""

    def __init__(self, purpose: str) -> None:
        """Say what the commands are for."""
        super().__init__(cls=_Group, no_args_is_help=True, add_completion=False, help=purpose)

    def command(self, name: str | None = None, **settings: Any) -> _Decorator:  # type: ignore[override]  # noqa: ANN401 - passed on
        """Add a command."""
        return super().command(name, cls=_Command, **settings)


def _in_japanese(error: Exception) -> tuple[str, str] | None:
    """Return what happened and what to do; nothing when it is on the screen already (the help)."""
    from sqlalchemy.exc import SQLAlchemyError

    match error:
        case MailroundError():
            return error.happened, error.remedy
        case TyperException():
            return _misused(error)
        case typer.Abort():
            return "入力が中断されました。", "もう一度実行してください。"
        case OSError():
            named = f"（{error.filename}）" if error.filename else ""
            return (
                f"ファイルまたはフォルダを使えません{named}。",
                "場所、種類（ファイルかフォルダか）、権限を確かめてください。",
            )
        case SQLAlchemyError():
            return (
                "管理簿のデータベースを使えません。",
                "MAILROUND_REGISTER_URL を確かめ、初めて使うときは `mailround register migrate` を実行してください。",
            )
    places = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename).is_relative_to(_HERE)]
    where = f"{type(error).__name__}、{Path(places[-1].filename).name} {places[-1].lineno}行目"
    return f"想定外の障害です（{where}）。", "この表示をシステム担当へ伝えてください。"


def _misused(error: TyperException) -> tuple[str, str] | None:
    """Return how a command was called wrongly, without repeating what was typed in its place."""
    context, param = getattr(error, "ctx", None), getattr(error, "param", None)
    if not error.format_message():  # no command was given: the help was printed instead
        return None
    if param is not None:
        happened = f"{param.get_error_hint()} の指定がないか、正しくありません。"
    elif option := getattr(error, "option_name", ""):
        happened = f"{option} というオプションはないか、使い方が違います。"
    else:
        happened = "コマンドまたは引数の指定に誤りがあります。"
    return happened, f"`{context.command_path if context else 'mailround'} --help` で使い方を確かめてください。"


def _tell(happened: str, remedy: str) -> None:
    lines = Text.assemble(("エラー", "red"), f"：{happened}\n", ("対応", "yellow"), f"：{remedy}")
    Console(stderr=True, highlight=False).print(lines, soft_wrap=True)


def console() -> Console:
    """Return a console that shows texts as they are."""
    return Console(markup=False, emoji=False, highlight=False)


def table(*columns: str) -> Table:
    """Return a table that folds long Japanese texts instead of cutting them."""
    made = Table()
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
