"""Back up what a lost machine must not take along: Airflow's own database, the register, and the ward's ``include/``.

Never what the deletion policy destroys or what opens it: round keys, vault, workspaces, packages, exports, secrets. So
no backup undoes a purge, and of a closed round a backup holds what the register says of it (docs/adr/0028).
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import sqlalchemy as sa

from mailround.archive import INCLUDE, METADATA, REGISTER, Manifest, Versions, write
from mailround.database_dump import dump, tables
from mailround.errors import BackupError, ConfigurationError
from mailround.private_files import delete, make_folder
from mailround.register.listing import json_lines, read_export
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings

_STAMP = "%Y%m%dT%H%M%S"
_NAME = re.compile(r"mailround-(\d{8}T\d{6})\.backup\.age")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made, and the names of older ones whose days were over."""

    path: Path
    bytes: int
    manifest: Manifest
    deleted: tuple[str, ...]


def make_backup(settings: Settings, metadata_url: str, *, at: datetime) -> Backup:
    """Make a backup; then delete those of this command's own naming that are older than the days they are kept.

    Args:
        settings: Those of the ward; they name the folder and the public key.
        metadata_url: Airflow's own database.
        at: When, timezone-aware.

    Raises:
        ConfigurationError: The folder or the key is not set.
        RegisterError: The register's chain does not hold.
        BackupError: A database cannot be dumped, or ``include/`` holds a link or a folder that no backup may hold.
    """
    folder, recipient = settings.backup, settings.backup_recipient
    if folder is None or recipient is None:
        raise ConfigurationError(
            "控えの置き場所か公開鍵が設定されていません。",
            "MAILROUND_BACKUP と MAILROUND_BACKUP_RECIPIENT を設定してください（README の「Settings」）。",
        )
    included = _included(settings)
    found = tables(metadata_url)
    if "dag_run" not in found or "register_entry" in found:
        raise BackupError(
            "接続先がAirflowのデータベースでないか、管理簿と同じデータベースです。",
            "Airflowと管理簿を別々のデータベースにし、接続先を確かめてください。",
        )
    register = Register(settings.register_url)
    register.verify()
    text = "".join(json_lines(register.entries()))
    rows = read_export(text)  # what would not come back as it was is not backed up as if it did
    make_folder(folder)
    path = folder / f"mailround-{at.astimezone(TOKYO).strftime(_STAMP)}.backup.age"
    with ExitStack() as stack:
        members: dict[str, BinaryIO] = {}
        for name in (METADATA, REGISTER):
            members[name] = stack.enter_context(TemporaryFile(dir=folder))
        dump(metadata_url, members[METADATA], settings.postgres_tools)
        members[REGISTER].write(text.encode("utf-8"))
        for file in included:
            members[INCLUDE + file.relative_to(settings.include).as_posix()] = stack.enter_context(file.open("rb"))
        manifest = write(
            path,
            Manifest(
                made_at=at,
                versions=Versions.ours(),
                database="sqlite" if sa.make_url(metadata_url).get_backend_name() == "sqlite" else "postgresql",
                entries=rows[-1].seq,
                head=rows[-1].hash,
            ),
            members,
            recipient,
        )
    return Backup(path, path.stat().st_size, manifest, _delete_older(folder, at - timedelta(days=settings.backup_days)))


def _included(settings: Settings) -> list[Path]:
    """Return the files of ``include/``, sorted.

    Raises:
        BackupError: A folder or key that no backup may hold lies in it, or a link leads out of it unseen.
    """
    include = settings.include.resolve()
    apart = (settings.inbox, settings.data, settings.outbox, settings.vault, settings.vault_identity)
    for place in (*apart, settings.checkpoint_key, settings.backup):
        if isinstance(place, Path) and place.resolve().is_relative_to(include):
            raise BackupError(f"設定のフォルダの中に {place} があります。", "設定のフォルダの外へ移してください。")
    found = sorted(settings.include.rglob("*"))
    for each in found:
        if each.is_symlink():
            raise BackupError(
                f"設定のフォルダにリンク {each} があります。", "リンクでなく、ファイルそのものを置いてください。"
            )
    return [each for each in found if each.is_file()]


def _delete_older(folder: Path, before: datetime) -> tuple[str, ...]:
    gone = []
    for path in sorted(folder.iterdir()):
        named = _NAME.fullmatch(path.name)
        if named and datetime.strptime(named[1], _STAMP).replace(tzinfo=TOKYO) < before:
            delete(path)
            gone.append(path.name)
    return tuple(gone)
