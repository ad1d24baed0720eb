"""``mailround backup`` and ``mailround restore``: what a lost machine must not take along."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailround.settings import TOKYO, load_settings
from mailround.terminal import console as plain_console
from mailround.terminal import table as folding_table

if TYPE_CHECKING:
    from mailround.archive import Manifest


def backup() -> None:
    """Airflowのデータベース・管理簿・設定の控えを一つのファイルに作り、公開鍵で暗号化します。

    回の鍵・鍵庫・作業データ・パッケージ・受信フォルダ・パスワードは入りません。保存日数（MAILROUND_BACKUP_DAYS）を
    過ぎた控えは消します。Airflowと同じ環境で実行してください。
    """
    from mailround.backup import make_backup
    from mailround.house import metadata_url

    settings = load_settings()
    made = make_backup(settings, metadata_url(settings), at=datetime.now(TOKYO))
    deleted = "\n".join(made.deleted) or "なし"
    _show(made.manifest, {"控えの大きさ": f"{made.bytes:,} バイト", "日数を過ぎて消した控え": deleted})
    typer.echo(f"控えのファイル：{made.path}")


def restore(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="控えのファイル")],
    identity: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="控えの公開鍵と組になる識別鍵のファイル")],
    include: Annotated[Path, typer.Option(help="設定（include）を置く、空の、またはまだないフォルダ")],
) -> None:
    """控えを空の設置に戻し、管理簿の連鎖と末尾を確かめます。

    すべてを確かめてから始め、空でないものには書きません。Airflowを起動する前に、Airflowと同じ環境で実行してください。
    """
    from mailround.house import metadata_url
    from mailround.restore import restore as step

    settings = load_settings()
    restored = step(settings, metadata_url(settings), archive, identity, include)
    _show(
        restored.manifest,
        {
            "管理簿の検証": f"良　{restored.chain.entries:,}件の連鎖と末尾が、目録と一致しました",
            "次に行うこと": "紙の検証点を `mailround register verify --checkpoint` で照合し、"
            f"MAILROUND_INCLUDE を {include} にして、起動の手順へ進んでください",
        },
    )


def _show(manifest: Manifest, more: dict[str, str]) -> None:
    from mailround.archive import INCLUDE, METADATA

    included = sum(member.name.startswith(INCLUDE) for member in manifest.members)
    (metadata,) = (member for member in manifest.members if member.name == METADATA)
    table = folding_table("項目", "内容")
    rows = {
        "控えの日時": manifest.made_at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S"),
        "版": f"mailround {manifest.versions.mailround}／Airflow {manifest.versions.airflow}",
        "Airflowのデータベース": f"{manifest.database}（{metadata.bytes:,} バイト）",
        "管理簿": f"{manifest.entries:,}件",
        "管理簿の末尾のハッシュ": manifest.head,
        "設定のファイル": f"{included:,}",
    }
    for name, value in (rows | more).items():
        table.add_row(name, value)
    plain_console().print(table)
