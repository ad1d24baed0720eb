"""``mailround doctor``: is this installation as it must be?"""

from __future__ import annotations

from typing import Annotated

import typer

from mailround.settings import load_settings
from mailround.terminal import Exit
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table


def doctor(
    strict: Annotated[bool, typer.Option("--strict", help="確かめられない項目も不備とする（起動時）")] = False,
) -> None:
    """設置の点検：通信・パスワード・権限・鍵庫・管理簿・時計・証明書・メール・空き容量を確かめます。

    Airflowと同じ環境（同じ AIRFLOW__ と MAILROUND_ の設定）で実行してください。不備が一つでもあれば、1で終わります。
    「注意」はまだ使えるもの、「許容」は動作確認用の設定（MAILROUND_PROFILE=demonstration）だから通したもの、
    「確認外」はここからは見えないものです。
    """
    from mailround.doctor import Outcome, examine
    from mailround.house import find_facts

    examined = examine(find_facts(load_settings()))
    table = folding_table("結果", "項目", "指摘", "対応")
    for each in examined:
        table.add_row(each.outcome, each.row.what, each.reason, each.row.remedy if each.reason else "")
    plain_console().print(table)
    wrong = {Outcome.BAD, Outcome.UNSEEN} if strict else {Outcome.BAD}
    if any(each.outcome in wrong for each in examined):
        raise typer.Exit(Exit.HELD)
