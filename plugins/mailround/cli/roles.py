"""``mailround roles``: Airflow's roles as the file in include/ says."""

from __future__ import annotations

import typer

from mailround.settings import CheckSettings
from mailround.terminal import JapaneseTyper

app = JapaneseTyper("Airflowの役割。")


@app.command("apply")
def apply() -> None:
    """include/roles.yaml の通りに、Airflowの役割を作り直します。

    Airflowと同じ環境（同じ AIRFLOW__ の設定）で実行してください。
    """
    from mailround.roles import apply_roles, load_roles, reviewer

    roles = load_roles(CheckSettings().include)
    account = reviewer()
    others = apply_roles(roles, account)
    names = "、".join(f"{name}（{role.title}）" for name, role in roles.roles.items())
    typer.echo(f"役割を設定しました：{names}")
    if account:
        typer.echo(f"アクセスの点検に使う利用者「{account.login}」を、接続のとおりにしました。")
    for name, count in sorted(others.items()):
        typer.echo(f"注意：設定にない役割「{name}」を持つ利用者が{count}人います。上の役割に変えてください。", err=True)
