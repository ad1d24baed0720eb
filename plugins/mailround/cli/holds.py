"""``mailround holds``: who is held and why, on the screen or in a spreadsheet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from mailround.settings import TOKYO, load_settings
from mailround.terminal import JapaneseTyper
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table

if TYPE_CHECKING:
    from mailround.hold_list import Line

app = JapaneseTyper("保留・対象外・窓口交付・注意の一覧。")


@app.command("show")
def show(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    xlsx: Annotated[Path | None, typer.Option(help="書き出すファイル（.xlsx。既にあるファイルには書かない）")] = None,
    fd: Annotated[int | None, typer.Option(help="表計算ファイルを書き込む、開いているファイル記述子")] = None,
) -> None:
    """保留などの世帯を、理由・対応とともに一覧します。

    表示や書き出しのたびに管理簿に記録します。
    """
    from mailround.context import load_round
    from mailround.errors import ConfigurationError
    from mailround.hold_list import show_holds, spreadsheet
    from mailround.private_files import write_new

    at = datetime.now(TOKYO)

    def deliver(lines: Sequence[Line]) -> None:
        if fd is not None:
            with os.fdopen(os.dup(fd), "wb") as out:
                out.write(spreadsheet(lines, at=at))
        elif xlsx is not None:
            write_new(xlsx, spreadsheet(lines, at=at))
        else:
            _show_lines(lines)

    if fd is not None and xlsx is not None:
        raise ConfigurationError("出力先が決まりません。", "--xlsx か --fd のどちらか一つを指定してください。")
    if xlsx is not None and (xlsx.suffix != ".xlsx" or xlsx.exists()):
        raise ConfigurationError(
            "そのファイルには書き出せません。", "まだないファイルの名前を、末尾を .xlsx にして指定してください。"
        )
    to_file = fd is not None or xlsx is not None
    count = show_holds(load_round(load_settings(), round_id), deliver, output="xlsx" if to_file else "terminal", at=at)
    if to_file:
        typer.echo(
            f"書き出しました：{count:,}行。管理簿に記録しました。このファイルは暗号化されていません。"
            "鍵のかかる場所に保管し、用が済んだら写しも含めて廃棄してください（回の廃棄の工程では消えません）。",
            err=True,  # the spreadsheet may be on standard output
        )


def _show_lines(lines: Sequence[Line]) -> None:
    """Print the list: a table for every rule, below its heading."""
    console = plain_console()
    for (kind, rule, remedy), found in groupby(lines, key=lambda line: (line.kind, line.rule, line.remedy)):
        console.print(Text(f"【{kind}】{rule}　対応：{remedy}", "bold"), soft_wrap=True)
        table = folding_table("ケース番号", "地区", "担当", "理由", "状態")
        for line in found:
            table.add_row(*map(_visible, (line.case_no, line.district, line.caseworker, line.message, line.state)))
        console.print(table)
    if not lines:
        console.print("一覧に載る世帯はありません。")


def _visible(text: str) -> str:
    """Return a text of the export without what a terminal would obey."""
    return "".join(each if each.isprintable() or each == "\u3000" else "\ufffd" for each in text)
