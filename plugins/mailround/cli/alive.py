"""``mailround alive``: does Airflow still work, seen from outside of it?"""

from __future__ import annotations

from datetime import datetime

import typer

from mailround.settings import TOKYO, load_settings
from mailround.terminal import Exit
from mailround.terminal import console as plain_console


def alive() -> None:
    """見回り（round_watch）が続いているか、最後に何を見たかを、Airflowの外から確かめます。

    Airflowが止まると、見回りも止まって知らせられません。監視の仕組み（cron など）から15分ごとに実行してください。
    異常があれば理由を表示し、1で終わります。データの置き場を読めればよく、Airflowもネットワークも使いません。
    """
    from mailround.house import free_space, least_free
    from mailround.round_watch import reasons
    from mailround.watch import short_of_space

    settings = load_settings()
    least = least_free(settings) if settings.profile == "ward" else 0
    found = reasons(settings, short_of_space(free_space(settings), least), at=datetime.now(TOKYO))
    for reason in found or ("異常はありません。",):
        plain_console().print(reason, soft_wrap=True)
    if found:
        raise typer.Exit(Exit.HELD)
