"""What people do with one round: print what goes with it, and find the piece of a case."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mailround.cli.destination import Fd, Printer, destination
from mailround.settings import TOKYO, load_settings


def password_notice(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    fd: Fd = None,
    printer: Printer = None,
    reason: Annotated[str, typer.Option(help="再出力の理由：印刷の失敗、汚損・破損、媒体の差替え")] = "",
    reference: Annotated[str, typer.Option(help="再出力の起案・記録の番号（例：8新福生第900号）")] = "",
) -> None:
    """パスワード通知書を作り、管理簿に記録します。二部目からは、理由と番号が要ります。

    パスワードは、通知書の引渡しを記録するまで鍵庫に残ります。紛失した通知書は再出力できません（事故として報告します）。
    """
    from mailround.context import load_round
    from mailround.password_notice import copies, issue, reprint

    deliver, work, at = destination(fd, printer), load_round(load_settings(), round_id), datetime.now(TOKYO)
    if reason or reference:
        reprint(work, deliver, reason, reference, at=at)
    else:
        issue(work, deliver, at=at)
    message = f"パスワード通知書の第{copies(work)}部を作成しました。封をして、媒体とは別の機会に手渡してください。"
    typer.echo(message, err=fd is not None)  # the PDF may be on standard output


class SheetItem(StrEnum):
    """What a sheet is about, as it is typed."""

    MEDIA = "media"
    PASSWORD = "password"  # noqa: S105 - the name of a thing, not a password


def handover_sheet(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    item: Annotated[SheetItem, typer.Argument(help="渡す物：media（媒体）、password（パスワード通知書）")],
    fd: Fd = None,
    printer: Printer = None,
) -> None:
    """引渡しの時に双方が署名する確認記録票を、区の控と委託先の控の2枚、出力します（出力のたびに管理簿に記録します）。"""
    from mailround.context import load_round
    from mailround.handover_sheet import print_sheet

    deliver = destination(fd, printer)
    print_sheet(load_round(load_settings(), round_id), item.value, deliver, at=datetime.now(TOKYO))
    message = "確認記録票を出力し、管理簿に記録しました。引渡しの場で双方が署名し、一部ずつ保管してください。"
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


def evidence(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    folder: Annotated[Path, typer.Option(help="JSON と PDF を書き出すフォルダ")] = Path(),
) -> None:
    """管理簿の記録だけから、今の時点の証跡報告書を書き出します（個人情報は含みません）。"""
    from mailround.controls import load_controls
    from mailround.errors import RoundRefusedError
    from mailround.evidence import evidence as told
    from mailround.evidence_pdf import draw_evidence
    from mailround.private_files import replacing
    from mailround.register.entries import HOUSE, RoundOpened, latest
    from mailround.register.store import Register

    settings = load_settings()
    register = Register(settings.register_url)
    register.verify()
    entries = register.entries(round_id)
    if latest(entries, RoundOpened) is None:
        raise RoundRefusedError(
            "その番号の回は、管理簿にありません。", "`mailround register show` で回の番号を確かめてください。"
        )
    report = told(entries, load_controls(settings.include), house=register.entries(HOUSE))
    content = {"json": report.model_dump_json(indent=1).encode("utf-8"), "pdf": draw_evidence(settings, report)}
    for suffix, each in content.items():
        with replacing(folder / f"evidence-{round_id}.{suffix}") as file:
            file.write(each)
    typer.echo(f"証跡報告書を evidence-{round_id}.json と .pdf に書き出しました。")
