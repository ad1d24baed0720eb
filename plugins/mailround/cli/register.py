"""``mailround register``: make, verify, list and export the register."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from mailround.settings import load_settings
from mailround.terminal import JapaneseTyper
from mailround.terminal import console as plain_console

app = JapaneseTyper("管理簿の検証・一覧・書き出し。")


@app.command("migrate")
def migrate() -> None:
    """管理簿の表を作成・更新します。"""
    from mailround.register.store import Register

    Register(load_settings().register_url).migrate()
    typer.echo("管理簿の準備ができました。")


@app.command("verify")
def verify() -> None:
    """管理簿の連鎖をすべて検証します。"""
    from mailround.register.store import Register

    chain = Register(load_settings().register_url).verify()
    typer.echo(f"検証済み：{chain.entries}件、末尾のハッシュ {chain.head}")


@app.command("list")
def list_entries(round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None) -> None:
    """管理簿を一覧します。"""
    from mailround.register.listing import rows
    from mailround.register.store import Register

    listed = rows(Register(load_settings().register_url).entries(round_id))
    console = plain_console()
    for row in listed:
        heading = f"第{row.seq}号　{row.at}　{row.round_id}　{row.title}　（{row.actor}）"
        console.print(Text(heading, "bold"), soft_wrap=True)
        console.print(Padding(Text(row.content, overflow="fold"), (0, 0, 0, 4)))
    if not listed:
        console.print("記録はありません。")


@app.command("export")
def export_entries(
    target: Annotated[Path, typer.Argument(help="書き出すファイル（.csv または .jsonl）")],
    round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None,
) -> None:
    """管理簿をCSVまたはJSON Linesに書き出します。"""
    from mailround.register.listing import export
    from mailround.register.store import Register

    entries = tuple(Register(load_settings().register_url).entries(round_id))
    export(entries, target)
    typer.echo(f"書き出しました：{target}（{len(entries):,}件）" if entries else f"記録はありません：{target}")
