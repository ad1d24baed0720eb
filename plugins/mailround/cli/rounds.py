"""What people do with one round: print what goes with it, and find the piece of a case."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
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
    from mailround.register.entries import RoundOpened, latest
    from mailround.register.store import Register

    settings = load_settings()
    register = Register(settings.register_url)
    register.verify()
    entries = register.entries(round_id)
    if latest(entries, RoundOpened) is None:
        raise RoundRefusedError(
            "その番号の回は、管理簿にありません。", "`mailround register show` で回の番号を確かめてください。"
        )
    report = told(entries, load_controls(settings.include))
    content = {"json": report.model_dump_json(indent=1).encode("utf-8"), "pdf": draw_evidence(settings, report)}
    for suffix, each in content.items():
        with replacing(folder / f"evidence-{round_id}.{suffix}") as file:
            file.write(each)
    typer.echo(f"証跡報告書を evidence-{round_id}.json と .pdf に書き出しました。")
