"""``mailround returned``: which cases the returned pieces are, and what was done about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailround.settings import TOKYO, load_settings
from mailround.terminal import JapaneseTyper
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table

if TYPE_CHECKING:
    from mailround.returned_mail import Line

app = JapaneseTyper("返戻された封書のケース番号と、処理の状況。")


@app.command("show")
def show(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    xlsx: Annotated[Path | None, typer.Option(help="書き出すファイル（.xlsx。既にあるファイルには書かない）")] = None,
) -> None:
    """返戻の記録を、ケース番号と処理の状況とともに一覧します（廃棄の工程の後、回の完了まで）。

    表示や書き出しのたびに管理簿に記録します。
    """
    from mailround.context import load_round
    from mailround.errors import ConfigurationError
    from mailround.private_files import write_new
    from mailround.returned_mail import show_returned, spreadsheet

    at = datetime.now(TOKYO)

    def deliver(lines: Sequence[Line]) -> None:
        if xlsx is None:
            _show_lines(lines)
        else:
            write_new(xlsx, spreadsheet(lines, at=at))

    if xlsx is not None and (xlsx.suffix != ".xlsx" or xlsx.exists()):
        raise ConfigurationError(
            "そのファイルには書き出せません。", "まだないファイルの名前を、末尾を .xlsx にして指定してください。"
        )
    work = load_round(load_settings(), round_id)
    count = show_returned(work, deliver, output="terminal" if xlsx is None else "xlsx", at=at)
    if xlsx is not None:
        typer.echo(
            f"書き出しました：{count:,}行。管理簿に記録しました。このファイルは暗号化されていません。"
            "鍵のかかる場所に保管し、用が済んだら写しも含めて廃棄してください（回の廃棄の工程では消えません）。"
        )


@app.command("case")
def case(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    piece: Annotated[str, typer.Argument(help="返戻された封書の番号")],
) -> None:
    """封書の番号から、ケース番号を調べます（廃棄の工程の後、回の完了まで）。調べるたびに管理簿に記録します。"""
    from mailround.context import load_round
    from mailround.returned_mail import look_up

    typer.echo(look_up(load_round(load_settings(), round_id), piece, at=datetime.now(TOKYO)))


def _show_lines(lines: Sequence[Line]) -> None:
    from mailround.returned_mail import COLUMNS

    console = plain_console()
    table = folding_table(*COLUMNS)
    for line in lines:
        table.add_row(*line.cells)
    console.print(table if lines else "返戻の記録はありません。")
