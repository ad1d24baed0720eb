"""The medium: an image to burn, and the check of what was burned."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from shutil import copyfileobj
from typing import Annotated

import typer

from mailround.settings import TOKYO, load_settings
from mailround.terminal import JapaneseTyper

app = JapaneseTyper("媒体に書き込むイメージの作成と、書き込んだ媒体の照合。")


@app.command("image")
def image(
    round_id: Annotated[str, typer.Argument(help="回の番号")],
    copy: Annotated[
        Path | None,
        typer.Option(help="イメージの写しを置くファイル（.iso。置き場がS3のバケットのとき、書き込むために使う）"),
    ] = None,
) -> None:
    """承認されたパッケージから、DVDに書き込むイメージを作り、読み戻して照合し、管理簿に記録します。"""
    from mailround.context import load_round
    from mailround.media_image import image_path, make_image
    from mailround.private_files import opened, replacing

    settings = load_settings()
    made = make_image(load_round(settings, round_id), at=datetime.now(TOKYO))
    typer.echo(f"媒体イメージ：{image_path(settings, round_id)}（{made.bytes:,} バイト）")
    if copy is not None:
        with opened(image_path(settings, round_id)) as source, replacing(copy) as target:
            copyfileobj(source, target)
        typer.echo(f"写し：{copy}（自動では廃棄されません。媒体の照合が終わったら削除してください）")
    typer.echo(f"SHA-256 {made.sha256}")
    typer.echo("書き込んだら、媒体を取り出して入れ直し、`mailround media check` で照合してください。")


@app.command("check")
def check(
    place: Annotated[Path, typer.Argument(help="媒体をマウントしたフォルダ、または .iso ファイル")],
    round_id: Annotated[str, typer.Option(prompt="回の番号", help="回の番号")],
    media_no: Annotated[str, typer.Option(prompt="媒体番号", help="媒体のラベルの番号（例：DVD-0001）")],
) -> None:
    """媒体を最後まで読んで、承認されたパッケージと目録に照合し、正しければ媒体番号とともに管理簿に記録します。"""
    from mailround.context import load_round
    from mailround.media_check import check_disc

    checked = check_disc(load_round(load_settings(), round_id), place, media_no, at=datetime.now(TOKYO))
    typer.echo(f"照合済み：媒体「{checked.media_no}」は、回「{round_id}」の媒体です。管理簿に記録しました。")
    typer.echo(f"パッケージのSHA-256 {checked.package_sha256}")
