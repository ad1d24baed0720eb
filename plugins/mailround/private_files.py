"""Files that nobody else may read, written in one step or not at all: 0600 in folders of mode 0700, or in a bucket.

The one place that knows the difference. A `Location` is a name everywhere else, for which these functions are called.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from mailround import bucket
from mailround.settings import Location


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, each 0700 (``mkdir(parents=True)`` would leave the parents open)."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def replacing(path: Location) -> Iterator[BinaryIO]:
    """Open a file that becomes ``path`` when the block ends, replacing what was there; nothing when it raises.

    The folder is made when missing. The file may be read back and sought in. A killed process leaves a hidden
    ``.partial`` beside the old content, never half of the new; in a bucket nothing, for the file is a nameless one of
    this machine until it is sent.
    """
    if not isinstance(path, Path):
        with TemporaryFile() as sent:
            yield cast("BinaryIO", sent)
            bucket.put(path, cast("BinaryIO", sent))
        return
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


def write_new(path: Location, content: bytes) -> None:
    """Create a file in one step.

    Raises:
        FileExistsError: There is one already; it is left as it was.
    """
    if not isinstance(path, Path):
        bucket.put_new(path, content)
        return
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


def opened(path: Location) -> BufferedReader:
    """Open a file to read and to seek in; what is read stays what it is, also when another takes its place meanwhile.

    An object is fetched once, into a nameless file of this machine: a ZIP is read from its end and then all over.

    Raises:
        FileNotFoundError: There is none.
    """
    if isinstance(path, Path):
        return path.open("rb")
    file = cast("BufferedReader", TemporaryFile())  # noqa: SIM115 - the caller closes it, as the other
    try:
        bucket.fetch(path, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def read(path: Location) -> bytes:
    """Return a file's content.

    Raises:
        FileNotFoundError: There is none.
    """
    return path.read_bytes() if isinstance(path, Path) else bucket.read(path)


def size(path: Location) -> int | None:
    """Return how many bytes a file has, None where there is none."""
    if not isinstance(path, Path):
        return bucket.size(path)
    return path.stat().st_size if path.is_file() else None


def sha256(path: Location) -> str | None:
    """Return the SHA-256 of a file as it lies there, in hexadecimal; None where there is none."""
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def names(folder: Location) -> Iterator[str]:
    """Yield the name of each file below a folder, relative to it; hidden ones, links and old versions too."""
    if not isinstance(folder, Path):
        yield from bucket.keys(folder)
        return
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process that asks for the same file waiting until the block ends; a killed one lets go.

    The empty 0600 file stays. Processes of machines that share no such folder do not see each other.
    """
    make_folder(path.parent)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def partials(path: Location) -> tuple[Path, ...]:
    """Return what killed writers of ``path`` left beside it, sorted."""
    return tuple(sorted(path.parent.glob(f".{path.name}.*.partial"))) if isinstance(path, Path) else ()


def delete(path: Location) -> int:
    """Delete a file or a whole folder, with all old versions; return how many files are gone."""
    if not isinstance(path, Path):
        return bucket.erase(path)
    if path.is_dir() and not path.is_symlink():
        count = sum(1 for _ in names(path))
        shutil.rmtree(path)
        return count
    if path.exists() or path.is_symlink():
        path.unlink()
        return 1
    return 0


def destroy(path: Location) -> None:
    """Overwrite and delete a small file, and what killed writers and destructions left in its folder.

    In a bucket, where nothing can be overwritten, every version is deleted.
    """
    if not isinstance(path, Path):
        bucket.erase(path)
        return
    if path.exists():  # the name goes first: a killed destruction leaves no file that is there but cannot be opened
        path.replace(path.with_name(f".{path.name}.destroyed.partial"))
    for each in path.parent.glob(".*.partial"):
        if each.exists():
            with each.open("r+b") as file:
                file.write(b"\0" * each.stat().st_size)
                file.flush()
                os.fsync(file.fileno())
            each.unlink()
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


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
