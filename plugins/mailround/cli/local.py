"""``mailround local``: a real Airflow on this machine, to see a round run."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mailround.settings import REPOSITORY
from mailround.terminal import Exit, JapaneseTyper
from mailround.terminal import table as folding_table

app = JapaneseTyper("この端末だけで動くAirflow（動作確認用）。")
_Home = Annotated[Path, typer.Option(envvar="MAILROUND_HOME", help="Airflowの作業フォルダ")]
_Port = Annotated[int, typer.Option(min=1024, max=65535, envvar="MAILROUND_PORT", help="画面とAPIのポート")]
_MailPort = Annotated[
    int, typer.Option(min=1024, max=65535, envvar="MAILROUND_MAIL_PORT", help="メール受け（確認用）のポート")
]


@app.command("demo")
def run_demo(
    home: _Home = REPOSITORY / ".airflow" / "demo",
    port: _Port = 8080,
    mail_port: _MailPort = 8025,
    households: Annotated[int, typer.Option(min=20, help="世帯数")] = 8500,
    seed: Annotated[int, typer.Option(help="乱数の種")] = 1,
) -> None:
    """実物のAirflowで、一つの回を最初から最後まで実行します。"""
    from mailround.local.airflow import LocalAirflow
    from mailround.local.demo import demo

    os.umask(0o077)
    signal.signal(signal.SIGTERM, _stop_on_terminate)
    airflow = LocalAirflow(home.resolve(), port, mail_port)
    airflow.require_own_home()
    airflow.stop()
    airflow.require_free_ports()
    airflow.erase()
    if not demo(airflow, Console(), households=households, seed=seed):
        raise typer.Exit(Exit.STOP)


@app.command("up")
def up(home: _Home = REPOSITORY / ".airflow" / "up", port: _Port = 8080, mail_port: _MailPort = 8025) -> None:
    """Airflowを起動したままにし、画面の場所と確認用の利用者を表示します。"""
    from mailround.local.airflow import LocalAirflow
    from mailround.local.drive import Driver, sample_round
    from mailround.local.people import USERS

    os.umask(0o077)
    airflow = LocalAirflow(home.resolve(), port, mail_port)
    airflow.require_own_home()
    console = Console()
    if address := airflow.running():
        console.print("既に起動しています。")
    else:
        address = airflow.url
        with console.status("準備しています") as status, airflow.stopped_on_error():
            airflow.start(status.update)
            driver = Driver(airflow)
            sample_round(driver.settings, households=200, seed=1, name="sample")
            driver.close()
    table = folding_table("利用者", "役割", "パスワード")
    for user in USERS:
        table.add_row(user.name, user.title, airflow.password)
    console.print(f"画面：{address}　メール：{airflow.mails}　受信フォルダ：{airflow.home / 'ward' / 'inbox'}")
    console.print(table)
    console.print(f"この環境で `mailround` を使うには `. {airflow.ward_file}` を実行してください。", soft_wrap=True)
    console.print("止めるには `make down` を実行してください。")


@app.command("down")
def down(home: _Home = REPOSITORY / ".airflow" / "up", port: _Port = 8080, mail_port: _MailPort = 8025) -> None:
    """upで起動したAirflowを止めます。"""
    from mailround.local.airflow import LocalAirflow

    airflow = LocalAirflow(home.resolve(), port, mail_port)
    airflow.require_own_home()
    airflow.stop()
    typer.echo("止めました。")


def _stop_on_terminate(*_: object) -> None:
    """Turn SIGTERM into an ordinary end, so that what was started is stopped."""
    raise SystemExit(143)
