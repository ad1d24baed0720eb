"""Folders of mode 0700 and files of mode 0600, written in one step or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, each 0700 (``mkdir(parents=True)`` would leave the parents open)."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a 0600 file that becomes ``path`` when the block ends, replacing what was there; nothing when it raises.

    The folder is made when missing. The file may be read back and sought in. A killed process leaves a hidden
    ``.partial`` beside the old content, never half of the new.
    """
    make_folder(path.parent)
    partial = _partial(path)
    try:
        with _create(partial) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Create a 0600 file in one step.

    Raises:
        FileExistsError: There is one already; it is left as it was.
    """
    make_folder(path.parent)
    partial = _partial(path)
    try:
        with _create(partial) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)  # fails when the name exists, unlike a rename
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process that asks for the same file waiting until the block ends; a killed one lets go.

    The empty 0600 file stays. Processes of machines that share no such folder do not see each other.
    """
    make_folder(path.parent)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def partials(path: Path) -> tuple[Path, ...]:
    """Return what killed writers of ``path`` left beside it, sorted."""
    return tuple(sorted(path.parent.glob(f".{path.name}.*.partial")))


def delete(path: Path) -> int:
    """Delete a file or a whole folder; return how many files are gone, 0 when there was nothing."""
    if path.is_dir() and not path.is_symlink():
        count = sum(1 for each in path.rglob("*") if each.is_symlink() or not each.is_dir())
        shutil.rmtree(path)
        return count
    if path.exists() or path.is_symlink():
        path.unlink()
        return 1
    return 0


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
