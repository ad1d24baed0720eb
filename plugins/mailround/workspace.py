"""The encrypted workspace of a round: every file is age-encrypted with the round's key; plaintext lives in memory.

Names are neutral ASCII paths such as ``plan/chunk-001``; on disk they carry ``.age``. A write replaces the file in one
step, so a killed worker leaves the old content or the new one, never half.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import pyrage
from pydantic import TypeAdapter, ValidationError

from mailround.errors import WorkspaceError
from mailround.private_files import delete, names, opened, read, replacing
from mailround.settings import Location

if TYPE_CHECKING:
    from _typeshed import SupportsRead

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9]+(?:[-_./][a-z0-9]+)*")
_SUFFIX = ".age"
_NUMBER = 4
"""Bytes of a number in the foot of a stream, highest first: the length of each block, and how many blocks there are."""


class Workspace:
    """Files of one round under ``root``, readable only with ``key`` (an age X25519 identity)."""

    def __init__(self, root: Location, key: bytes) -> None:
        """Bind the folder and the key; nothing is touched yet."""
        self.root = root
        self._identity = pyrage.x25519.Identity.from_str(key.decode("ascii"))
        self._recipient = self._identity.to_public()
        self._secret = str(self._identity).encode("ascii")

    @staticmethod
    def new_key() -> bytes:
        """Return a fresh key."""
        return str(pyrage.x25519.Identity.generate()).encode("ascii")

    def derive(self, label: str) -> bytes:
        """Return 32 bytes that follow from the round's key and a label, for ids that nobody can guess or link."""
        return hmac.digest(self._secret, label.encode("utf-8"), "sha256")

    def write(self, name: str, content: bytes) -> None:
        """Encrypt and write, replacing what was there; 0600 in 0700 folders."""
        with replacing(self._path(name)) as file:
            file.write(self._encrypted(content))

    def write_from(self, name: str, file: SupportsRead[bytes]) -> str:
        """Encrypt what is left of a file without holding it, and return its SHA-256; else as ``write``.

        Raises:
            pyrage.EncryptError: One of the files cannot be read or written; its text says why.
        """
        content = _Read(file)
        with replacing(self._path(name)) as target:
            pyrage.encrypt_io(content, target, [self._recipient])
        return content.digest.hexdigest()

    def read(self, name: str) -> bytes:
        """Return the plaintext of a file.

        Raises:
            WorkspaceError: Missing, damaged, or encrypted with another key.
        """
        try:
            content = read(self._path(name))
        except FileNotFoundError:
            raise _missing(name) from None
        return self._decrypted(content, name)

    def write_records(self, name: str, adapter: TypeAdapter[T], value: T) -> bytes:
        """Write a typed value as JSON and return its SHA-256."""
        content = adapter.dump_json(value)
        self.write(name, content)
        return hashlib.sha256(content).digest()

    def read_records(self, name: str, adapter: TypeAdapter[T]) -> T:
        """Read back what write_records wrote.

        Raises:
            WorkspaceError: As ``read``, or another version wrote it; pydantic's own error would quote what it found.
        """
        return parse_block(self.read(name), adapter, name)

    def write_stream(self, name: str, adapter: TypeAdapter[tuple[T, ...]], items: Iterable[T], block: int) -> str:
        """Write items as they come, ``block`` of them at a time, and return their SHA-256; empty when there were none.

        Each block is encrypted by itself. As with ``write``, the file appears whole or not at all.
        """
        remaining, digest, written = iter(items), hashlib.sha256(), False
        with self.write_blocks(name) as write:
            while held := tuple(islice(remaining, block)):
                content = adapter.dump_json(held)
                digest.update(content)
                write(content)
                written = True
        return digest.hexdigest() if written else ""

    @contextmanager
    def write_blocks(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Give what encrypts and writes one block, for ``read_blocks``; the file appears when the last is written."""
        foot: list[int] = []
        with replacing(self._path(name)) as file:
            yield lambda content: foot.append(file.write(self._encrypted(content)))
            foot.append(len(foot))
            file.write(b"".join(number.to_bytes(_NUMBER, "big") for number in foot))

    def read_stream(
        self, name: str, adapter: TypeAdapter[tuple[T, ...]], digest: hashlib._Hash | None = None
    ) -> Iterator[T]:
        """Yield the items that write_stream wrote, holding one block of them; feed ``digest`` with what is read.

        The items are those of one file, also when another takes its place meanwhile.

        Raises:
            WorkspaceError: As ``read_blocks`` and ``parse_block``.
        """
        for content in self.read_blocks(name, digest):
            yield from parse_block(content, adapter, name)

    def read_blocks(self, name: str, digest: hashlib._Hash | None = None) -> Iterator[bytes]:
        """Yield the blocks that write_stream or write_blocks wrote, decrypted; else as ``read_stream``.

        Raises:
            WorkspaceError: As ``read``; of a file that was cut off, before the first block.
        """
        try:
            file = opened(self._path(name))
        except FileNotFoundError:
            raise _missing(name) from None
        with file:
            for length in _lengths(file, name):
                content = self._decrypted(file.read(length), name)
                if digest:
                    digest.update(content)
                yield content

    def delete(self, name: str) -> None:
        """Delete a file; nothing happens when there is none."""
        delete(self._path(name))

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of all files below a folder, sorted; what a killed writer left is not among them."""
        found = (f"{folder}/{name}" if folder else name for name in names(self.root / folder if folder else self.root))
        return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))

    def destroy(self) -> int:
        """Delete every file of the round and return how many there were. The key is the vault's to destroy."""
        return delete(self.root)

    def _encrypted(self, content: bytes) -> bytes:
        return bytes(pyrage.encrypt(content, [self._recipient]))

    def _decrypted(self, content: bytes, name: str) -> bytes:
        try:
            return bytes(pyrage.decrypt(content, [self._identity]))
        except pyrage.DecryptError:
            raise WorkspaceError(
                f"作業領域のファイル「{name}」を復号できません（破損または鍵の不一致）。",
                "ファイルを触らずに、システム担当へ連絡してください。",
            ) from None

    def _path(self, name: str) -> Location:
        if not _NAME.fullmatch(name):
            raise WorkspaceError("作業領域のファイル名が規則に合いません。", "システム担当へ連絡してください。")
        return self.root / f"{name}{_SUFFIX}"


class _Read:
    """A file whose content is hashed as it is read."""

    def __init__(self, file: SupportsRead[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        return content


def parse_block(content: bytes, adapter: TypeAdapter[T], name: str) -> T:
    """Return the value that a file, or a block of a stream, holds as JSON.

    Raises:
        WorkspaceError: Another version wrote it; pydantic's own error would quote what it found.
    """
    try:
        return adapter.validate_json(content)
    except ValidationError:
        unread = _unread(name)
    raise unread  # outside the handler, so that no value hangs on it as context


def _lengths(file: BinaryIO, name: str) -> list[int]:
    """Return the lengths of a stream's blocks, and leave the file where the first one begins."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _NUMBER, 0))
    foot = _NUMBER * (int.from_bytes(file.read(), "big") + 1)
    if foot > size:
        raise _unread(name)
    file.seek(size - foot)
    lengths = [int.from_bytes(file.read(_NUMBER), "big") for _ in range(foot // _NUMBER - 1)]
    if sum(lengths) + foot != size:
        raise _unread(name)
    file.seek(0)
    return lengths


def _missing(name: str) -> WorkspaceError:
    return WorkspaceError(
        f"作業領域にファイル「{name}」がありません。", "前の工程の状態を確認し、前の工程からやり直してください。"
    )


def _unread(name: str) -> WorkspaceError:
    return WorkspaceError(
        f"作業領域のファイル「{name}」の形式が、この版と合いません。",
        "前の工程からやり直してください。直らなければシステム担当へ連絡してください。",
    )
