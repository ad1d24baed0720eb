"""``mailround register``: make, verify, sign, correct, list and export the register."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from mailround.model import CorrectionReason
from mailround.settings import TOKYO, load_settings
from mailround.terminal import JapaneseTyper
from mailround.terminal import console as plain_console

if TYPE_CHECKING:
    from mailround.register.checkpoint import Checkpoint

app = JapaneseTyper("管理簿の検証・署名・訂正・一覧・書き出し。")


@app.command("migrate")
def migrate() -> None:
    """管理簿の表を作成・更新し、初めてなら検証点の署名鍵を作ります。"""
    from mailround.register.signing_key import make_key
    from mailround.register.store import Register

    settings = load_settings()
    register = Register(settings.register_url)
    register.migrate(settings.register_owner_url)
    fingerprint = make_key(register, settings.checkpoint_key, at=datetime.now(TOKYO))
    typer.echo(f"管理簿の準備ができました。署名鍵の指紋：{_grouped(fingerprint)}")


@app.command("verify")
def verify(
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="紙の検証点の文か、それを入れたファイル（何度でも指定できる）")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help="控えてある署名鍵の指紋（何度でも指定できる）")] = None,
    against: Annotated[Path | None, typer.Option(help="以前に書き出した全件の控え（.jsonl）")] = None,
) -> None:
    """管理簿の連鎖と検証点をすべて検証します。

    末尾の切取りと履歴の作り直しは、紙の検証点を --checkpoint で指定すると分かります。
    """
    from mailround.register.checkpoint import check
    from mailround.register.listing import read_export
    from mailround.register.store import Register

    given = [_checkpoint(each) for each in checkpoint or ()]
    checked = check(
        Register(load_settings().register_url),
        given,
        fingerprints=["".join(each.split()).lower() for each in key or ()],
        export=read_export(against.read_text(encoding="utf-8", errors="replace")) if against else (),
    )
    typer.echo(f"検証済み：{checked.chain.entries}件、末尾のハッシュ {checked.chain.head}")
    if checked.chain.undivided:
        typer.echo(f"第{checked.chain.undivided}号までは、前の版の形式のハッシュです。")
    typer.echo(f"検証点：管理簿の中の{checked.signed}件と、指定した{len(given)}件が、すべて一致しました。")
    if not given:
        typer.echo("末尾の切取りと履歴の作り直しは、紙の検証点を --checkpoint で指定すると分かります。")
    for each in checked.fingerprints:
        typer.echo(f"署名鍵の指紋：{_grouped(each)}（控えてある指紋と見比べてください）")


def _checkpoint(text: str) -> Checkpoint:
    from mailround.register.checkpoint import HEAD, read

    is_text = text.lstrip().upper().startswith(HEAD)
    return read(text if is_text else Path(text).read_text(encoding="utf-8", errors="replace"))


def _grouped(fingerprint: str) -> str:
    """Return a fingerprint as it is compared by eye."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


@app.command("checkpoint")
def checkpoint() -> None:
    """今の管理簿に署名し、検証点の文を一行で出力します。"""
    from mailround.register.checkpoint import sign
    from mailround.register.store import Register

    settings = load_settings()
    signed = sign(Register(settings.register_url), settings.checkpoint_key, at=datetime.now(TOKYO))
    typer.echo(signed.text)
    typer.echo(f"{signed}です。印刷し、管理簿とは別の場所に保管してください。", err=True)  # the line may go to a file


@app.command("key")
def key() -> None:
    """検証点の署名鍵の指紋と公開鍵を表示します。"""
    from mailround.register.entries import HOUSE, CheckpointKeyMade, standing
    from mailround.register.store import Register

    keys = standing(Register(load_settings().register_url).entries(HOUSE), CheckpointKeyMade)
    for each in keys:
        typer.echo(f"署名鍵の指紋：{_grouped(each.fingerprint)}")
        typer.echo(f"公開鍵（Ed25519）：{each.public_key}")
    if not keys:
        typer.echo("署名鍵の記録はありません。`mailround register migrate` で作ります。")


@app.command("correct")
def correct(
    seq: Annotated[int, typer.Argument(min=1, help="訂正する記録の番号（第N号）")],
    reason: Annotated[CorrectionReason, typer.Option(help="理由")],
    reference: Annotated[str, typer.Option(help="起案・記録の番号（例：8新福生第123号）")],
    by: Annotated[str, typer.Option(help="訂正する人のID（契約の設定にある取扱者・承認者）")],
) -> None:
    """人が記録した内容を、訂正の記録で取り消します。元の記録は残ります。

    正しい内容は、Airflowでその工程を Clear し、もう一度記録します。
    """
    from mailround.correct_entry import correct_entry

    made = correct_entry(load_settings(), seq, reason=reason, reference=reference, by=by, at=datetime.now(TOKYO))
    typer.echo(f"第{seq}号を訂正しました（第{made.seq}号）。正しい内容は、その工程をやり直して記録してください。")


@app.command("list")
def list_entries(round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None) -> None:
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


@app.command("export")
def export_entries(
    target: Annotated[Path, typer.Argument(help="書き出すファイル（.csv または .jsonl）")],
    round_id: Annotated[str | None, typer.Option(help="回の番号で絞り込む")] = None,
) -> None:
    """管理簿をCSVまたはJSON Linesに書き出します。"""
    from mailround.register.listing import export
    from mailround.register.store import Register

    entries = tuple(Register(load_settings().register_url).entries(round_id))
    export(entries, target)
    typer.echo(f"書き出しました：{target}（{len(entries):,}件）" if entries else f"記録はありません：{target}")
