"""Exports before a round: a trial, and made-up ones to try with."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mailround.settings import TOKYO, CheckSettings
from mailround.terminal import Exit
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table


def check(
    export: Annotated[Path, typer.Argument(help="検査するデータファイル")],
    layout: Annotated[str, typer.Option(help="データレイアウトの名称（include/layouts）")],
    kind: Annotated[str, typer.Option(help="発送種別（include/rounds）")] = "change_notice",
    as_json: Annotated[bool, typer.Option("--json", help="結果をJSONで出力する")] = False,
) -> None:
    """データファイルを、回を始める前に試しに検査します。

    Airflowも環境変数も要りません。終了コード：0 問題なし、1 保留あり、2 中止。
    """
    from mailround.model import SEVERITIES
    from mailround.trial import try_export

    report = try_export(export, layout=layout, kind=kind, settings=CheckSettings())
    found = {rule["severity"] for rule in report["rules"] if rule["count"]}
    result = Exit.STOP if "stop" in found else Exit.HELD if "hold" in found else Exit.OK
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        raise typer.Exit(result)
    table = folding_table("検査", "区分", "件数", "内容")
    for rule in report["rules"]:
        if rule["count"]:
            table.add_row(rule["id"], SEVERITIES[rule["severity"]], f"{rule['count']:,}", rule["message"])
    console = plain_console()
    if table.row_count:
        console.print(table)
    results = {
        Exit.OK: "このデータで回を始められます。",
        Exit.HELD: "回を始められますが、保留になる世帯があります。",
        Exit.STOP: "このデータでは回を始められません。",
    }
    console.print(f"{report['rows']:,} 世帯を検査しました。{results[result]}", soft_wrap=True)
    raise typer.Exit(result)


def sample(
    folder: Annotated[Path, typer.Argument(help="書き出すフォルダ")],
    households: Annotated[int, typer.Option(min=1, help="世帯数")] = 8500,
    seed: Annotated[int, typer.Option(help="乱数の種（同じ種は同じデータ）")] = 1,
    layout: Annotated[str, typer.Option(help="データレイアウト")] = "shinjuku",
    kind: Annotated[str, typer.Option(help="発送種別")] = "change_notice",
    name: Annotated[str, typer.Option(help="ファイル名（拡張子なし）")] = "sample",
    faults: Annotated[bool, typer.Option(help="保留になる世帯を混ぜる")] = True,
) -> None:
    """架空の世帯のデータファイルと件数ファイルを作ります。"""
    from mailround.errors import ConfigurationError
    from mailround.layouts import load_layout
    from mailround.rounds import load_round_kind
    from mailround.samples import write_sample

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ConfigurationError(
            "ファイル名に使えない文字があります。", "--name は半角の英数字と - _ だけ（拡張子なし）にしてください。"
        )
    include = CheckSettings().include
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = write_sample(
        folder,
        name=name,
        households=households,
        seed=seed,
        layout=load_layout(include, layout),
        kind=load_round_kind(include, kind),
        created_at=datetime.now(TOKYO),
        faults=faults,
    )
    typer.echo(str(written))
