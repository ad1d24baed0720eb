"""Keys and passwords of the rounds, off the data folder, each encrypted to the vault's own identity.

A secret is written once, may be opened while it exists, and is destroyed once: destroying the round's key makes its
workspace unreadable, which is the purge.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyrage

from mailround.errors import VaultError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Vault:
    """Secrets under ``root/<round_id>/<name>``; the identity file is made on first use, 0600."""

    def __init__(self, root: Path, identity_file: Path) -> None:
        """Bind the folders; nothing is touched yet."""
        self.root = root
        self._identity_file = identity_file

    def keep(self, round_id: str, name: str, secret: bytes) -> None:
        """Store a secret.

        Raises:
            VaultError: One of that name exists already; secrets are never replaced.
        """
        path = self._path(round_id, name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sealed = pyrage.encrypt(secret, [self._identity().to_public()])
        try:
            _write_new(path, sealed)
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
        try:
            return bytes(pyrage.decrypt(self._path(round_id, name).read_bytes(), [self._identity()]))
        except (FileNotFoundError, pyrage.DecryptError):
            raise VaultError(
                f"回「{round_id}」の秘密情報「{name}」を開けません（廃棄済み、または鍵庫の不一致）。",
                "管理簿で廃棄の記録を確認してください。記録がなければシステム担当へ連絡してください。",
            ) from None

    def holds(self, round_id: str, name: str) -> bool:
        """Tell whether a secret exists."""
        return self._path(round_id, name).exists()

    def destroy(self, round_id: str, name: str) -> bool:
        """Overwrite and delete a secret; return whether there was one."""
        path = self._path(round_id, name)
        if not path.exists():
            return False
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        return True

    def _identity(self) -> pyrage.x25519.Identity:
        if not self._identity_file.exists():
            self._identity_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _write_new(self._identity_file, str(pyrage.x25519.Identity.generate()).encode("ascii"))
            except FileExistsError:  # another process made it just now; read that one
                return self._identity()
        return pyrage.x25519.Identity.from_str(self._identity_file.read_text(encoding="ascii"))

    def _path(self, round_id: str, name: str) -> Path:
        path = self.root / round_id / name
        if not _NAME.fullmatch(name) or path.parent.parent != self.root:
            raise VaultError("秘密情報の名称が規則に合いません。", "システム担当へ連絡してください。")
        return path


def _write_new(path: Path, content: bytes) -> None:
    """Create a 0600 file that did not exist, in one step."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)  # fails when the name exists, unlike a rename
    finally:
        partial.unlink()
