"""The command ``mailround``: what people do beside the Airflow UI. Japanese on the screen, ids and counts only."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailround.settings import REPOSITORY, TOKYO, CheckSettings, load_settings
from mailround.terminal import Exit, JapaneseTyper
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table

if TYPE_CHECKING:
    from mailround.hold_list import Line


app = JapaneseTyper("一斉送付の回を支える道具。")
register_app = JapaneseTyper("管理簿の検証・一覧・書き出し。")
holds_app = JapaneseTyper("保留・対象外・窓口交付・注意の一覧。")
package_app = JapaneseTyper("引渡しパッケージの検査。")
templates_app = JapaneseTyper("様式の点検。")
quality_app = JapaneseTyper("データ検査の一覧。")
local_app = JapaneseTyper("この端末だけで動くAirflow（動作確認用）。")
app.add_typer(register_app, name="register")
app.add_typer(holds_app, name="holds")
app.add_typer(package_app, name="package")
app.add_typer(templates_app, name="templates")
app.add_typer(quality_app, name="quality")
app.add_typer(local_app, name="local")


def _stop_on_terminate(*_: object) -> None:
    """Turn SIGTERM into an ordinary end, so that what was started is stopped."""
    raise SystemExit(143)


@app.command()
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


@quality_app.command("rules")
def quality_rules(
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


@app.command()
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


@holds_app.command("show")
def holds_show(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    xlsx: Annotated[Path | None, typer.Option(help="書き出すファイル（.xlsx。既にあるファイルには書かない）")] = None,
    fd: Annotated[int | None, typer.Option(help="表計算ファイルを書き込む、開いているファイル記述子")] = None,
) -> None:
    """保留などの世帯を、理由・対応とともに一覧します。

    表示や書き出しのたびに管理簿に記録します。
    """
    from mailround.context import load_round
    from mailround.errors import ConfigurationError
    from mailround.hold_list import show_holds, spreadsheet
    from mailround.private_files import write_new

    at = datetime.now(TOKYO)

    def deliver(lines: Sequence[Line]) -> None:
        if fd is not None:
            with os.fdopen(os.dup(fd), "wb") as out:
                out.write(spreadsheet(lines, at=at))
        elif xlsx is not None:
            write_new(xlsx, spreadsheet(lines, at=at))
        else:
            _show_lines(lines)

    if fd is not None and xlsx is not None:
        raise ConfigurationError("出力先が決まりません。", "--xlsx か --fd のどちらか一つを指定してください。")
    if xlsx is not None and (xlsx.suffix != ".xlsx" or xlsx.exists()):
        raise ConfigurationError(
            "そのファイルには書き出せません。", "まだないファイルの名前を、末尾を .xlsx にして指定してください。"
        )
    to_file = fd is not None or xlsx is not None
    count = show_holds(load_round(load_settings(), round_id), deliver, output="xlsx" if to_file else "terminal", at=at)
    if to_file:
        typer.echo(
            f"書き出しました：{count:,}行。管理簿に記録しました。このファイルは暗号化されていません。"
            "鍵のかかる場所に保管し、用が済んだら写しも含めて廃棄してください（回の廃棄の工程では消えません）。",
            err=True,  # the spreadsheet may be on standard output
        )


def _show_lines(lines: Sequence[Line]) -> None:
    """Print the list: a table for every rule, below its heading."""
    console = plain_console()
    for (kind, rule, remedy), found in groupby(lines, key=lambda line: (line.kind, line.rule, line.remedy)):
        console.print(Text(f"【{kind}】{rule}　対応：{remedy}", "bold"), soft_wrap=True)
        table = folding_table("ケース番号", "地区", "担当", "理由", "状態")
        for line in found:
            table.add_row(*map(_visible, (line.case_no, line.district, line.caseworker, line.message, line.state)))
        console.print(table)
    if not lines:
        console.print("一覧に載る世帯はありません。")


def _visible(text: str) -> str:
    """Return a text of the export without what a terminal would obey."""
    return "".join(each if each.isprintable() or each == "\u3000" else "\ufffd" for each in text)


_Fd = Annotated[int | None, typer.Option(help="PDFを書き込む、開いているファイル記述子")]
_Printer = Annotated[str | None, typer.Option(help="PDFを標準入力で受け取る印刷コマンド（例：lp）")]


def _destination(fd: int | None, printer: str | None) -> Callable[[bytes], None]:
    """Return what takes a secret PDF to paper or to an open file, never to a path.

    Raises:
        ConfigurationError: Not exactly one destination is named; when called, the printer's command failed.
    """
    import shlex

    from mailround.errors import ConfigurationError

    def deliver(pdf: bytes) -> None:
        if fd is not None:
            with os.fdopen(os.dup(fd), "wb") as out:
                out.write(pdf)
            return
        done = subprocess.run(command, input=pdf, check=False)  # noqa: S603 - the operator's own command
        if done.returncode:
            raise ConfigurationError("印刷コマンドが失敗しました。", "プリンタを確認し、もう一度実行してください。")

    try:
        command = shlex.split(printer or "")
    except ValueError:
        raise ConfigurationError("印刷コマンドの引用符が閉じていません。", "--printer を確かめてください。") from None
    if (fd is None) == (not command):
        raise ConfigurationError("出力先が決まりません。", "--fd か --printer のどちらか一つを指定してください。")
    return deliver


@app.command("password-notice")
def password_notice(
    round_id: Annotated[str, typer.Argument(help="回の番号")], fd: _Fd = None, printer: _Printer = None
) -> None:
    """パスワード通知書を一度だけ作り、秘密を廃棄します。"""
    from mailround.context import load_round
    from mailround.password_notice import issue

    deliver = _destination(fd, printer)
    issue(load_round(load_settings(), round_id), deliver, at=datetime.now(TOKYO))
    message = "パスワード通知書を作成し、元の秘密を廃棄しました。封をして、媒体とは別の機会に手渡してください。"
    typer.echo(message, err=fd is not None)  # the PDF may be on standard output


@app.command()
def proof(round_id: Annotated[str, typer.Argument(help="回の番号")], fd: _Fd = None, printer: _Printer = None) -> None:
    """承認する人が見る見本を出力します（個人情報を含みます。出力のたびに管理簿に記録します）。"""
    from mailround.context import load_round
    from mailround.proof import show_proof

    deliver = _destination(fd, printer)
    show_proof(load_round(load_settings(), round_id), deliver, at=datetime.now(TOKYO))
    typer.echo("承認用見本を出力し、管理簿に記録しました。", err=fd is not None)  # the PDF may be on standard output


@app.command()
def returned(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    piece: Annotated[str, typer.Argument(help="返戻された封書の番号")],
) -> None:
    """返戻された封書の番号から、ケース番号を調べます（廃棄の工程の後、回の完了まで）。"""
    from mailround.context import load_round
    from mailround.errors import CountMismatchError
    from mailround.purge import read_index
    from mailround.register.entries import Purged, latest

    work = load_round(load_settings(), round_id)
    if latest(work.entries, Purged) is None:
        raise CountMismatchError(
            "この回の封書索引は、まだありません。", "索引は廃棄の工程でできます。廃棄が終わってから実行してください。"
        )
    found = read_index(work).get(piece.upper())
    if found is None:
        raise CountMismatchError("その番号の封書はこの回にありません。", "回の番号と封書の番号を確かめてください。")
    typer.echo(found)


@app.command()
def barcode(
    postcode: Annotated[str, typer.Argument(help="郵便番号（7桁。ハイフンがあってもよい）")],
    address: Annotated[str, typer.Argument(help="住所（都道府県か市区町村から番地まで）")],
    building: Annotated[str, typer.Option(help="方書（建物名・部屋番号）")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="結果をJSONで出力する")] = False,
) -> None:
    """住所から作られるカスタマバーコードを、町域の区切りとともに表示します。

    何も記録しません。入力した住所はシェルの履歴に残ることがあります。
    """
    from mailround.barcodes import barcode_of
    from mailround.errors import PrintError
    from mailround.model import Addressee
    from mailround.postcodes import load_postcodes, seven_digits

    postcodes = load_postcodes()
    code = seven_digits(postcode)
    if code is None or not postcodes.exists(code):
        happened = "郵便番号が7桁の数字ではありません。" if code is None else "その郵便番号は使われていません。"
        raise PrintError(happened, "郵便番号と住所を確かめてください。")
    found = barcode_of(Addressee("", code, address, building), postcodes)
    if as_json:
        result = {
            "town": found.split.town,
            "rest": found.split.rest,
            "address_number": found.address_number,
            "code_words": found.code_words,
            "bars": found.bars,
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    typer.echo(f"町域：{found.split.town or '（住所から分かりません）'}")
    typer.echo(f"町域の後：{found.split.rest}")
    typer.echo(f"住所表示番号：{found.address_number or '（なし）'}")
    if found.bars:
        typer.echo(f"符号語：{' '.join(found.code_words)}")
        typer.echo(f"バー：{found.bars}")
    else:
        typer.echo("バーコードは印字しません。町域が定まらない郵便番号（代表番号）です。")
    if not found.split.agrees:
        typer.echo("住所が、郵便番号の表す町域と一致しません。どちらが正しいか確かめてください。")


@register_app.command("migrate")
def register_migrate() -> None:
    """管理簿の表を作成・更新します。"""
    from mailround.register.store import Register

    Register(load_settings().register_url).migrate()
    typer.echo("管理簿の準備ができました。")


@register_app.command("verify")
def register_verify() -> None:
    """管理簿の連鎖をすべて検証します。"""
    from mailround.register.store import Register

    chain = Register(load_settings().register_url).verify()
    typer.echo(f"検証済み：{chain.entries}件、末尾のハッシュ {chain.head}")


@register_app.command("list")
def register_list(round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None) -> None:
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


@register_app.command("export")
def register_export(
    target: Annotated[Path, typer.Argument(help="書き出すファイル（.csv または .jsonl）")],
    round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None,
) -> None:
    """管理簿をCSVまたはJSON Linesに書き出します。"""
    from mailround.register.listing import export
    from mailround.register.store import Register

    entries = tuple(Register(load_settings().register_url).entries(round_id))
    export(entries, target)
    typer.echo(f"書き出しました：{target}（{len(entries):,}件）" if entries else f"記録はありません：{target}")


@package_app.command("check")
def package_check(
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


@templates_app.command("check")
def templates_check(
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


_Home = Annotated[Path, typer.Option(envvar="MAILROUND_HOME", help="Airflowの作業フォルダ")]
_Port = Annotated[int, typer.Option(min=1024, max=65535, envvar="MAILROUND_PORT", help="画面とAPIのポート")]
_MailPort = Annotated[
    int, typer.Option(min=1024, max=65535, envvar="MAILROUND_MAIL_PORT", help="メール受け（確認用）のポート")
]


@local_app.command("demo")
def local_demo(
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


@local_app.command("up")
def local_up(home: _Home = REPOSITORY / ".airflow" / "up", port: _Port = 8080, mail_port: _MailPort = 8025) -> None:
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


@local_app.command("down")
def local_down(home: _Home = REPOSITORY / ".airflow" / "up", port: _Port = 8080, mail_port: _MailPort = 8025) -> None:
    """upで起動したAirflowを止めます。"""
    from mailround.local.airflow import LocalAirflow

    airflow = LocalAirflow(home.resolve(), port, mail_port)
    airflow.require_own_home()
    airflow.stop()
    typer.echo("止めました。")


if __name__ == "__main__":
    sys.exit(app())
