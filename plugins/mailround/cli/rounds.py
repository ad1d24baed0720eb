"""What people do with one round: print what goes with it, and find the piece of a case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from mailround.cli.destination import Fd, Printer, destination
from mailround.settings import TOKYO, load_settings


def password_notice(
    round_id: Annotated[str, typer.Argument(help="回の番号")], fd: Fd = None, printer: Printer = None
) -> None:
    """パスワード通知書を一度だけ作り、秘密を廃棄します。"""
    from mailround.context import load_round
    from mailround.password_notice import issue

    deliver = destination(fd, printer)
    issue(load_round(load_settings(), round_id), deliver, at=datetime.now(TOKYO))
    message = "パスワード通知書を作成し、元の秘密を廃棄しました。封をして、媒体とは別の機会に手渡してください。"
    typer.echo(message, err=fd is not None)  # the PDF may be on standard output


def proof(round_id: Annotated[str, typer.Argument(help="回の番号")], fd: Fd = None, printer: Printer = None) -> None:
    """承認する人が見る見本を出力します（個人情報を含みます。出力のたびに管理簿に記録します）。"""
    from mailround.context import load_round
    from mailround.proof import show_proof

    deliver = destination(fd, printer)
    show_proof(load_round(load_settings(), round_id), deliver, at=datetime.now(TOKYO))
    typer.echo("承認用見本を出力し、管理簿に記録しました。", err=fd is not None)  # the PDF may be on standard output


def piece(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    case_no: Annotated[str, typer.Option(prompt="ケース番号", help="ケース番号（省くと尋ねます）")],
) -> None:
    """抜き取る封書の番号を、ケース番号から調べます（媒体の引渡しの後、発送の記録まで）。"""
    from mailround.context import load_round
    from mailround.withdrawal import find_piece

    typer.echo(find_piece(load_round(load_settings(), round_id), case_no))
