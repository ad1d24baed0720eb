"""Packages: the check of one, and a specimen for the contractor's test print."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mailround.settings import TOKYO, CheckSettings
from mailround.terminal import JapaneseTyper

app = JapaneseTyper("引渡しパッケージの検査。")


@app.command("check")
def check(
    package: Annotated[Path, typer.Argument(help="検査するZIP")],
    password_fd: Annotated[int | None, typer.Option(help="パスワードを読むファイル記述子")] = None,
) -> None:
    """パッケージを開き、全ファイルを目録と照合します。パスワードは入力か記述子から読みます。"""
    from mailround.errors import PackageError
    from mailround.package_check import check_package

    if not package.is_file():
        raise PackageError(
            "パッケージのファイルがありません。", "ファイルの場所を確かめてから、パスワードを入力してください。"
        )
    if password_fd is None:
        password = typer.prompt("パスワード", hide_input=True)
    else:
        with os.fdopen(os.dup(password_fd), encoding="utf-8", errors="replace") as source:
            password = source.read().strip()
    report = check_package(package, password)
    typer.echo(f"照合済み：{report.members}ファイル、{report.pieces:,}通、{report.pages:,}頁、SHA-256 {report.sha256}")


def specimen(
    target: Annotated[Path, typer.Argument(help="書き出すZIPファイル")],
    kind: Annotated[str, typer.Option(help="発送種別（include/rounds）")] = "change_notice",
    households: Annotated[int, typer.Option(min=20, max=500, help="世帯数")] = 40,
) -> None:
    """委託先の試し刷りのために、架空の世帯だけの見本のパッケージを作ります。"""
    from mailround.rounds import load_round_kind
    from mailround.specimen import make_specimen

    settings = CheckSettings()
    made = make_specimen(
        target,
        kind=load_round_kind(settings.include, kind),
        households=households,
        settings=settings,
        at=datetime.now(TOKYO),
    )
    typer.echo(f"書き出しました：{target}（{made.pieces:,}通、{made.pages:,}頁）")
    typer.echo(f"パスワード：{made.password}（架空のデータなので秘密ではありません）")
