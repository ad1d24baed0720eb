"""The encrypted workspace of a round: every file is age-encrypted with the round's key; plaintext lives in memory.

Names are neutral ASCII paths such as ``plan/chunk-001``; on disk they carry ``.age``. A write replaces the file in one
step, so a killed worker leaves the old content or the new one, never half.
"""

from __future__ import annotations

import hmac
import re
from pathlib import Path
from typing import TypeVar

import pyrage
from pydantic import TypeAdapter, ValidationError

from mailround.errors import WorkspaceError
from mailround.private_files import delete, replacing

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9]+(?:[-_./][a-z0-9]+)*")
_SUFFIX = ".age"


class Workspace:
    """Files of one round under ``root``, readable only with ``key`` (an age X25519 identity)."""

    def __init__(self, root: Path, key: bytes) -> None:
        """Bind the folder and the key; nothing is touched yet."""
        self.root = root
        self._identity = pyrage.x25519.Identity.from_str(key.decode("ascii"))
        self._recipient = self._identity.to_public()

    @staticmethod
    def new_key() -> bytes:
        """Return a fresh key."""
        return str(pyrage.x25519.Identity.generate()).encode("ascii")

    def derive(self, label: str) -> bytes:
        """Return 32 bytes that follow from the round's key and a label, for ids that nobody can guess or link."""
        return hmac.digest(str(self._identity).encode("ascii"), label.encode("utf-8"), "sha256")

    def write(self, name: str, content: bytes) -> None:
        """Encrypt and write, replacing what was there; 0600 in 0700 folders."""
        with replacing(self._path(name)) as file:
            file.write(pyrage.encrypt(content, [self._recipient]))

    def read(self, name: str) -> bytes:
        """Return the plaintext of a file.

        Raises:
            WorkspaceError: Missing, damaged, or encrypted with another key.
        """
        try:
            return bytes(pyrage.decrypt(self._path(name).read_bytes(), [self._identity]))
        except FileNotFoundError:
            raise WorkspaceError(
                f"作業領域にファイル「{name}」がありません。",
                "前の工程の状態を確認し、前の工程からやり直してください。",
            ) from None
        except pyrage.DecryptError:
            raise WorkspaceError(
                f"作業領域のファイル「{name}」を復号できません（破損または鍵の不一致）。",
                "ファイルを触らずに、システム担当へ連絡してください。",
            ) from None

    def write_records(self, name: str, adapter: TypeAdapter[T], value: T) -> None:
        """Write a typed value as JSON."""
        self.write(name, adapter.dump_json(value))

    def read_records(self, name: str, adapter: TypeAdapter[T]) -> T:
        """Read back what write_records wrote.

        Raises:
            WorkspaceError: As ``read``, or another version wrote it; pydantic's own error would quote what it found.
        """
        content = self.read(name)
        try:
            return adapter.validate_json(content)
        except ValidationError:
            unread = WorkspaceError(
                f"作業領域のファイル「{name}」の形式が、この版と合いません。",
                "前の工程からやり直してください。直らなければシステム担当へ連絡してください。",
            )
        raise unread  # outside the handler, so that no value hangs on it as context

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of all files below a folder, sorted; what a killed writer left is not among them."""
        found = (path.relative_to(self.root).as_posix() for path in (self.root / folder).rglob(f"*{_SUFFIX}"))
        return tuple(sorted(name.removesuffix(_SUFFIX) for name in found))

    def destroy(self) -> int:
        """Delete every file of the round and return how many there were. The key is the vault's to destroy."""
        return delete(self.root)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise WorkspaceError("作業領域のファイル名が規則に合いません。", "システム担当へ連絡してください。")
        return self.root / f"{name}{_SUFFIX}"
