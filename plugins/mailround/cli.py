"""The command ``mailround``: what people do beside the Airflow UI. Japanese on the screen, ids and counts only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mailround.errors import MailroundError
from mailround.settings import REPOSITORY, TOKYO, CheckSettings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="一斉送付の回を支える道具。")
register_app = typer.Typer(no_args_is_help=True, help="管理簿の検証・一覧・書き出し。")
package_app = typer.Typer(no_args_is_help=True, help="引渡しパッケージの検査。")
local_app = typer.Typer(no_args_is_help=True, help="この端末だけで動くAirflow（動作確認用）。")
app.add_typer(register_app, name="register")
app.add_typer(package_app, name="package")
app.add_typer(local_app, name="local")


class Exit(IntEnum):
    """Exit codes of ``mailround check``; every other command ends with OK or STOP."""

    OK = 0
    HELD = 1
    STOP = 2


def _stop_on_terminate(*_: object) -> None:
    """Turn SIGTERM into an ordinary end, so that what was started is stopped."""
    raise SystemExit(143)


def _table(*columns: str) -> Table:
    """Return a table that folds long Japanese texts instead of cutting them."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


@contextmanager
def _told() -> Iterator[None]:
    """End with a Japanese message instead of a traceback."""
    try:
        yield
    except MailroundError as error:
        Console(stderr=True).print(f"[red]エラー[/red]：{error.happened}\n[yellow]対応[/yellow]：{error.remedy}")
        raise typer.Exit(Exit.STOP) from None


@app.command()
def check(
    export: Annotated[Path, typer.Argument(help="検査するデータファイル")],
    layout: Annotated[str, typer.Option(help="データレイアウトの名称（include/layouts）")],
    kind: Annotated[str, typer.Option(help="発送種別（include/rounds）")] = "change_notice",
    as_json: Annotated[bool, typer.Option("--json", help="結果をJSONで出力する")] = False,
) -> None:
    """回を始める前に、データファイルを試しに検査します（Airflow不要）。終了コード：0 問題なし、1 保留あり、2 中止。"""
    from mailround.trial import try_export

    with _told():
        report = try_export(export, layout=layout, kind=kind, settings=CheckSettings())
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        table = _table("検査", "区分", "件数", "内容")
        for rule in report["rules"]:
            if rule["count"]:
                table.add_row(rule["id"], rule["severity"], f"{rule['count']:,}", rule["message"])
        console = Console()
        console.print(table if table.row_count else "指摘はありません。")
        console.print(f"{report['rows']:,} 世帯を検査しました。")
    found = {rule["severity"] for rule in report["rules"] if rule["count"]}
    raise typer.Exit(Exit.STOP if "stop" in found else Exit.HELD if "hold" in found else Exit.OK)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="書き出すフォルダ")],
    households: Annotated[int, typer.Option(min=1, help="世帯数")] = 8500,
    seed: Annotated[int, typer.Option(help="乱数の種（同じ種は同じデータ）")] = 1,
    layout: Annotated[str, typer.Option(help="データレイアウト")] = "shinjuku",
    kind: Annotated[str, typer.Option(help="発送種別")] = "change_notice",
    name: Annotated[str, typer.Option(help="ファイル名（拡張子なし）")] = "sample",
    faults: Annotated[bool, typer.Option(help="保留になる世帯を混ぜる")] = True,
) -> None:
    """架空の世帯でデータファイルと件数ファイルを作ります（研修・動作確認用）。"""
    from mailround.layouts import load_layout
    from mailround.rounds import load_round_kind
    from mailround.samples import write_sample

    with _told():
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


@app.command()
def holds(round_id: Annotated[str, typer.Argument(help="回の番号")]) -> None:
    """保留になった世帯の一覧（ケース番号・地区・担当・理由・対応）を表示します。"""
    from mailround.check_quality import hold_list
    from mailround.context import load_round

    with _told():
        listed = hold_list(load_round(load_settings(), round_id))
    table = _table("ケース番号", "地区", "担当", "理由", "対応")
    for row in listed:
        table.add_row(row.case_no, row.district, row.caseworker, "\n".join(row.messages), "\n".join(row.remedies))
    Console().print(table if listed else "保留の世帯はありません。")


@app.command("password-notice")
def password_notice(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    fd: Annotated[int | None, typer.Option(help="PDFを書き込む、開いているファイル記述子")] = None,
    printer: Annotated[str | None, typer.Option(help="PDFを標準入力で受け取る印刷コマンド（例：lp）")] = None,
) -> None:
    """パスワード通知書を一度だけ作り、印刷へ渡し、秘密を廃棄します。"""
    import shlex

    from mailround.context import load_round
    from mailround.errors import ConfigurationError
    from mailround.password_notice import issue

    def deliver(pdf: bytes) -> None:
        if fd is not None:
            with os.fdopen(os.dup(fd), "wb") as out:
                out.write(pdf)
            return
        done = subprocess.run(shlex.split(printer or ""), input=pdf, check=False)  # noqa: S603 - the operator's own command
        if done.returncode:
            raise ConfigurationError("印刷コマンドが失敗しました。", "プリンタを確認し、もう一度実行してください。")

    with _told():
        if (fd is None) == (printer is None):
            raise ConfigurationError("出力先が決まりません。", "--fd か --printer のどちらか一つを指定してください。")
        issue(load_round(load_settings(), round_id), deliver, at=datetime.now(TOKYO))
    typer.echo("パスワード通知書を作成し、元の秘密を廃棄しました。封をして、媒体とは別の機会に手渡してください。")


@register_app.command("migrate")
def register_migrate() -> None:
    """管理簿の表を作成・更新します。"""
    from mailround.register.store import Register

    with _told():
        Register(load_settings().register_url).migrate()
    typer.echo("管理簿の準備ができました。")


@register_app.command("verify")
def register_verify() -> None:
    """管理簿の連鎖をすべて検証します。"""
    from mailround.register.store import Register

    with _told():
        chain = Register(load_settings().register_url).verify()
    typer.echo(f"検証済み：{chain.entries}件、末尾のハッシュ {chain.head}")


@register_app.command("list")
def register_list(round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None) -> None:
    """管理簿を一覧します。"""
    from mailround.register.listing import rows
    from mailround.register.store import Register

    with _told():
        listed = rows(Register(load_settings().register_url).entries(round_id))
    table = _table("番号", "日時", "回", "種別", "取扱者", "内容")
    for row in listed:
        table.add_row(str(row.seq), row.at, row.round_id, row.title, row.actor, row.content)
    Console().print(table)


@register_app.command("export")
def register_export(
    target: Annotated[Path, typer.Argument(help="書き出すファイル（.csv または .jsonl）")],
    round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None,
) -> None:
    """管理簿をCSVまたはJSON Linesに書き出します。"""
    from mailround.register.listing import export
    from mailround.register.store import Register

    with _told():
        export(Register(load_settings().register_url).entries(round_id), target)
    typer.echo(f"書き出しました：{target}")


@package_app.command("check")
def package_check(
    package: Annotated[Path, typer.Argument(help="検査するZIP")],
    password_fd: Annotated[int | None, typer.Option(help="パスワードを読むファイル記述子")] = None,
) -> None:
    """パッケージを開き、全ファイルを目録と照合します。パスワードは入力か記述子から読みます。"""
    from mailround.package_check import check_package

    if password_fd is None:
        password = typer.prompt("パスワード", hide_input=True)
    else:
        with os.fdopen(os.dup(password_fd), encoding="ascii") as source:
            password = source.read().strip()
    with _told():
        report = check_package(package, password)
    typer.echo(f"照合済み：{report.members}ファイル、{report.pieces:,}通、{report.pages:,}頁、SHA-256 {report.sha256}")


_Home = Annotated[Path, typer.Option(envvar="MAILROUND_HOME", help="Airflowの作業フォルダ")]
_Port = Annotated[int, typer.Option(envvar="MAILROUND_PORT", help="画面とAPIのポート")]
_MailPort = Annotated[int, typer.Option(envvar="MAILROUND_MAIL_PORT", help="メール受け（確認用）のポート")]


@local_app.command("demo")
def local_demo(
    home: _Home = REPOSITORY / ".airflow" / "demo",
    port: _Port = 8080,
    mail_port: _MailPort = 8025,
    households: Annotated[int, typer.Option(min=20, help="世帯数")] = 8500,
    seed: Annotated[int, typer.Option(help="乱数の種")] = 1,
) -> None:
    """実物のAirflowで一つの回を最初から最後まで実行し、結果をまとめ、すべて止めます。"""
    import shutil

    from mailround.local.airflow import LocalAirflow
    from mailround.local.demo import demo

    signal.signal(signal.SIGTERM, _stop_on_terminate)
    airflow = LocalAirflow(home.resolve(), port, mail_port)
    with _told():
        airflow.stop()
        shutil.rmtree(airflow.home, ignore_errors=True)
        if not demo(airflow, Console(), households=households, seed=seed):
            raise typer.Exit(Exit.STOP)


@local_app.command("up")
def local_up(home: _Home = REPOSITORY / ".airflow" / "up", port: _Port = 8080, mail_port: _MailPort = 8025) -> None:
    """Airflowを起動したままにし、画面の場所と確認用の利用者を表示します。"""
    from mailround.local.airflow import LocalAirflow
    from mailround.local.drive import Driver, sample_round
    from mailround.local.people import USERS

    airflow = LocalAirflow(home.resolve(), port, mail_port)
    console = Console()
    with _told():
        if airflow.running():
            console.print("既に起動しています。")
        else:
            with console.status("準備しています") as status:
                airflow.start(status.update)
                driver = Driver(airflow)
                sample_round(driver.settings, households=200, seed=1, name="sample")
                driver.close()
    table = _table("利用者", "役割", "パスワード")
    for user in USERS:
        table.add_row(user.name, user.title, airflow.password)
    console.print(f"画面：{airflow.url}　メール：{airflow.mails}　受信フォルダ：{airflow.home / 'ward' / 'inbox'}")
    console.print(table)
    console.print("止めるには `make down` を実行してください。")


@local_app.command("down")
def local_down(home: _Home = REPOSITORY / ".airflow" / "up", port: _Port = 8080, mail_port: _MailPort = 8025) -> None:
    """``up`` で起動したAirflowを止めます。"""
    from mailround.local.airflow import LocalAirflow

    with _told():
        LocalAirflow(home.resolve(), port, mail_port).stop()
    typer.echo("止めました。")


if __name__ == "__main__":
    sys.exit(app())
