"""Put a backup into an empty installation: everything is looked at first, and nothing is written over.

The register comes back through its own door: made by its migrations with triggers and rights, then filled entry by
entry past the trigger that lets nothing in but the next link. Round keys and exports are in no backup
(docs/adr/0028): a round that had not been handed over is given up and started anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from mailround.archive import INCLUDE, METADATA, REGISTER, Manifest, opened
from mailround.database_dump import load, require_loader, tables
from mailround.errors import BackupError
from mailround.private_files import write_new
from mailround.register.chain import ChainState
from mailround.register.listing import read_export
from mailround.register.store import Register
from mailround.settings import Settings


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the manifest, and the register's chain as it was verified afterwards."""

    manifest: Manifest
    chain: ChainState


def restore(settings: Settings, metadata_url: str, archive: Path, identity: Path, include: Path) -> Restored:
    """Restore a backup into two empty databases and an empty folder.

    Args:
        settings: Those of the new installation.
        metadata_url: Airflow's own database: no tables yet.
        archive: The backup.
        identity: The age identity of the public key that it was encrypted to.
        include: Where the ward's ``include/`` is put: empty, or not there yet.

    Raises:
        BackupError: Something is there already; the backup or the identity is not good; a program is missing. Nothing
            was changed, unless the message says otherwise.
        RegisterError: The register in the backup, or its roles here, are not good.
    """
    with opened(archive, identity) as (manifest, members):
        rows = read_export(members[REGISTER].read().decode("utf-8", errors="replace"))
        if (rows[-1].seq, rows[-1].hash) != (manifest.entries, manifest.head):
            raise BackupError(
                "控えの管理簿の末尾が目録と一致しません。", "別の日の控えを使い、控えの置き場所も調べてください。"
            )
        _require_empty(settings, metadata_url, include)
        if sa.make_url(metadata_url).get_backend_name() != manifest.database:
            raise BackupError(
                f"控えのAirflowのデータベースは {manifest.database} で、ここの接続先は別の種類です。",
                f"{manifest.database} の空のデータベースを用意し、Airflowの接続先に設定してください。",
            )
        require_loader(metadata_url, settings.postgres_tools)
        register = Register(settings.register_url)
        # What is likelier to fail comes first, and leaves what a second try takes for empty.
        register.migrate(settings.register_owner_url)
        load(metadata_url, members[METADATA], settings.postgres_tools)
        for name, file in members.items():
            if name.startswith(INCLUDE):
                write_new(include / name.removeprefix(INCLUDE), file.read())
        register.take_over(rows)
    chain = register.verify()
    if (chain.entries, chain.head) != (manifest.entries, manifest.head):
        raise BackupError(
            "復元した管理簿の末尾が目録と一致しません。復元は終わっています。",
            "使い始めずに、システム担当と監査担当へ連絡してください。",
        )
    return Restored(manifest, chain)


def _require_empty(settings: Settings, metadata_url: str, include: Path) -> None:
    taken = []
    if tables(metadata_url):
        taken.append("Airflowのデータベース")
    if "register_entry" in tables(settings.register_url) and Register(settings.register_url).hashes():
        taken.append("管理簿")
    if include.exists() and (not include.is_dir() or any(include.iterdir())):
        taken.append(f"設定のフォルダ {include}")
    if taken:
        raise BackupError(
            f"空でないので復元しません：{'、'.join(taken)}。何も変えていません。",
            "新しいデータベースと空のフォルダを用意し、起動する前（`airflow db migrate` と"
            " `mailround register migrate` の前）に実行してください。",
        )
