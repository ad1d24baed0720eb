"""Keys and passwords of the rounds, off the data folder, each encrypted to the vault's own identity.

A secret is written once, may be opened while it exists, and is destroyed once: destroying the round's key makes its
workspace unreadable, which is the purge.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pyrage
from pydantic import TypeAdapter, ValidationError

from mailround.errors import VaultError
from mailround.model import RoundId
from mailround.private_files import destroy, names, read, size, write_new
from mailround.settings import Location

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ROUND_ID: TypeAdapter[str] = TypeAdapter(RoundId)


class Vault:
    """Secrets under ``root/<round_id>/<name>``; the identity file is made with the first secret, 0600."""

    def __init__(self, root: Location, identity_file: Path) -> None:
        """Bind the folders; nothing is touched yet."""
        self.root = root
        self._identity_file = identity_file

    def keep(self, round_id: str, name: str, secret: bytes) -> None:
        """Store a secret.

        Raises:
            VaultError: One of that name exists already; secrets are never replaced.
        """
        path = self._path(round_id, name)
        if not self._identity_file.exists() and not any("/" in each for each in names(self.root)):
            with suppress(FileExistsError):  # another process made it just now
                write_new(self._identity_file, str(pyrage.x25519.Identity.generate()).encode("ascii"))
        try:
            write_new(path, pyrage.encrypt(secret, [self._identity().to_public()]))
        except FileExistsError:
            raise VaultError(
                f"回「{round_id}」の秘密情報「{name}」は既にあります。",
                "同じ回を二重に実行していないか確認してください。",
            ) from None

    def open(self, round_id: str, name: str) -> bytes:
        """Return a secret.

        Raises:
            VaultError: It never existed, was destroyed, or the identity is another one.
        """
        path = self._path(round_id, name)
        try:
            return bytes(pyrage.decrypt(read(path), [self._identity()]))
        except (FileNotFoundError, pyrage.DecryptError):
            raise VaultError(
                f"回「{round_id}」の秘密情報「{name}」を開けません（廃棄済み、または鍵庫の不一致）。",
                "管理簿で廃棄の記録を確認してください。記録がなければシステム担当へ連絡してください。",
            ) from None

    def holds(self, round_id: str, name: str) -> bool:
        """Tell whether a secret exists."""
        return size(self._path(round_id, name)) is not None

    def destroy(self, round_id: str, name: str) -> bool:
        """Overwrite and delete a secret, and whatever a killed writer left in the round's folder.

        Returns:
            Whether there was one.
        """
        held = self.holds(round_id, name)
        destroy(self._path(round_id, name))
        return held

    def _identity(self) -> pyrage.x25519.Identity:
        """Read the identity; never make one here, which would hide that the true one is lost."""
        try:
            return pyrage.x25519.Identity.from_str(self._identity_file.read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError, pyrage.IdentityError):
            raise VaultError(
                "鍵庫の識別鍵を読めません（ないか、壊れているか、権限がありません）。",
                "保管してある識別鍵を元の場所へ戻してください。新しく作り直すと、保管中の秘密情報は開けません。",
            ) from None

    def _path(self, round_id: str, name: str) -> Location:
        try:
            _ROUND_ID.validate_python(round_id)
        except ValidationError:
            round_id = ""
        if not round_id or not _NAME.fullmatch(name):
            raise VaultError("秘密情報の名称が規則に合いません。", "システム担当へ連絡してください。")
        return self.root / round_id / name
