"""``mailround templates``: what is wrong with the templates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from mailround.settings import TOKYO, CheckSettings
from mailround.terminal import Exit, JapaneseTyper
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table

app = JapaneseTyper("様式の点検。")


@app.command("check")
def check(
    kind: Annotated[str | None, typer.Option(help="発送種別（include/rounds）。省略するとすべて")] = None,
    issue_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="文言の承認日を確かめる発行日。省略すると今日")
    ] = None,
) -> None:
    """様式の文言、位置、窓から見える範囲、承認の記録を点検します。

    Airflowも環境変数も要りません。終了コード：0 誤りなし、2 誤りあり。
    """
    from mailround.configuration import names
    from mailround.errors import ConfigurationError
    from mailround.fonts import load_font
    from mailround.rounds import load_round_kind
    from mailround.template_check import check_templates

    settings = CheckSettings()
    kinds = [
        load_round_kind(settings.include, each) for each in ([kind] if kind else names(settings.include / "rounds"))
    ]
    if not kinds:
        raise ConfigurationError(
            "点検する発送種別が一つもありません。",
            "include/rounds のYAMLと、環境変数 MAILROUND_INCLUDE のフォルダを確かめてください。",
        )
    day = (issue_date or datetime.now(TOKYO)).date()
    found = check_templates(settings.include, kinds, font=load_font(settings), issue_date=day)
    if not found:
        typer.echo(f"様式に誤りはありません（{'、'.join(each.title for each in kinds)}）。")
        return
    table = folding_table("様式", "誤り")
    for fault in found:
        table.add_row(*fault)
    console = plain_console()
    console.print(table)
    console.print(f"様式に{len(found)}件の誤りがあります。該当するファイルを直してください。", soft_wrap=True)
    raise typer.Exit(Exit.STOP)
