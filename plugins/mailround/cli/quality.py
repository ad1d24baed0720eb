"""``mailround quality``: the checks as a list or as a page of the manual."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mailround.settings import CheckSettings
from mailround.terminal import JapaneseTyper
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table

app = JapaneseTyper("データ検査の一覧。")


@app.command("rules")
def rules(
    kind: Annotated[str, typer.Option(help="発送種別（include/rounds）")] = "change_notice",
    as_json: Annotated[bool, typer.Option("--json", help="結果をJSONで出力する")] = False,
    as_page: Annotated[bool, typer.Option("--page", help="手引きのページ（markdown）として出力する")] = False,
) -> None:
    """データ検査を、番号・区分・内容・対応とともに一覧します。"""
    from mailround.model import SEVERITIES
    from mailround.quality.listing import rule_rows, rules_page

    include = CheckSettings().include
    if as_page:
        typer.echo(rules_page(include, kind), nl=False)
        return
    rows = rule_rows(include, kind)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = folding_table("検査", "区分", "内容", "対応")
    for row in rows:
        table.add_row(row["id"], SEVERITIES[row["severity"]], row["message"], row["remedy"])
    plain_console().print(table)
