"""A backup as one file: a tar with a manifest first, encrypted with age to a key that is not on this machine.

Plain content is on the disk only in files without a name, which a killed process does not leave behind. age tells of a
cut or changed file; who made it, it does not tell: everybody may encrypt to a public key (docs/adr/0028).
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, BinaryIO, Literal

import pyrage
from pydantic import BaseModel, ConfigDict, ValidationError

from mailround.errors import BackupError
from mailround.private_files import replacing

MANIFEST = "manifest.json"
METADATA = "metadata.dump"
REGISTER = "register.jsonl"
INCLUDE = "include/"

_BLOCK = 1 << 20
_ANOTHER = "別の日の控えを使ってください。控えの置き場所も調べてください。"


class Versions(BaseModel):
    """What made a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mailround: str
    airflow: str

    @classmethod
    def ours(cls) -> Versions:
        """Return those of this installation."""
        return cls(mailround=version("mailround"), airflow=version("apache-airflow"))


class Member(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds, and where the register stood."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    made_at: datetime
    versions: Versions
    database: Literal["postgresql", "sqlite"]
    entries: int
    head: str
    members: tuple[Member, ...] = ()


@contextmanager
def opened(path: Path, identity: Path) -> Iterator[tuple[Manifest, Mapping[str, IO[bytes]]]]:
    """Decrypt a backup and compare every member with the manifest before anything of it is given out.

    Raises:
        BackupError: The identity is another one's or unreadable; the file is cut, changed or none; a member differs
            from the manifest, is missing or too many; or a newer version made it.
    """
    with TemporaryFile() as plain:
        _decrypt(path, identity, plain)
        plain.seek(0)
        try:
            with tarfile.open(fileobj=plain, mode="r:") as tar:
                yield _checked(tar)
        except tarfile.TarError:
            raise BackupError("控えの中身が控えの形式ではありません。", _ANOTHER) from None


def write(path: Path, manifest: Manifest, members: Mapping[str, BinaryIO], recipient: str) -> Manifest:
    """Write a backup, 0600, in one step; return the manifest with its members."""
    listed = tuple(Member(name=name, bytes=_size(file), sha256=_digest(file)) for name, file in members.items())
    full = manifest.model_copy(update={"members": listed})
    with TemporaryFile(dir=path.parent) as plain, TemporaryFile() as first:
        first.write(full.model_dump_json(indent=2).encode("utf-8"))
        with tarfile.open(fileobj=plain, mode="w:", format=tarfile.PAX_FORMAT) as tar:
            for name, file in {MANIFEST: first, **members}.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = _size(file), 0o600
                file.seek(0)
                tar.addfile(info, file)
        plain.seek(0)
        with replacing(path) as target:
            pyrage.encrypt_io(plain, target, [pyrage.x25519.Recipient.from_str(recipient)])
    return full


def _decrypt(path: Path, identity: Path, target: BinaryIO) -> None:
    try:
        lines = identity.read_text(encoding="ascii").splitlines()  # age-keygen writes comments before the key
        key = pyrage.x25519.Identity.from_str(next(line for line in lines if line and not line.startswith("#")))
    except (UnicodeDecodeError, StopIteration, pyrage.IdentityError):
        raise BackupError(
            "控えの識別鍵を読めません。", "控えの公開鍵と組になる識別鍵のファイルを --identity に指定してください。"
        ) from None
    with path.open("rb") as source:
        try:
            pyrage.decrypt_io(source, target, [key])
        except pyrage.DecryptError as error:
            if "keys" in str(error):
                raise BackupError(
                    "この控えは、指定した識別鍵では開けません。",
                    "控えを作った時の公開鍵と組になる識別鍵を --identity に指定してください。",
                ) from None
            raise BackupError("控えのファイルが壊れているか、控えではありません。", _ANOTHER) from None
        except OSError as error:
            if error.errno is not None:  # the disk's own
                raise
            raise BackupError("控えのファイルが途中で切れているか、書き換えられています。", _ANOTHER) from None


def _checked(tar: tarfile.TarFile) -> tuple[Manifest, Mapping[str, IO[bytes]]]:
    files: dict[str, IO[bytes]] = {}
    for info in tar:
        content = tar.extractfile(info) if info.isreg() else None
        if content is None or info.name in files:
            raise BackupError(f"控えの「{info.name}」がファイルでないか、二つあります。", _ANOTHER)
        files[info.name] = content
    if MANIFEST not in files:
        raise BackupError("控えに目録がありません。", _ANOTHER)
    manifest = _manifest(files.pop(MANIFEST).read())
    listed = {member.name: member for member in manifest.members}
    if len(listed) != len(manifest.members) or set(listed) != set(files) or not {METADATA, REGISTER} <= set(listed):
        raise BackupError("控えにあるファイルと目録が一致しません。", _ANOTHER)
    for name, file in files.items():
        if (_size(file), _digest(file)) != (listed[name].bytes, listed[name].sha256):
            raise BackupError(f"控えの「{name}」が目録のSHA-256と一致しません。", _ANOTHER)
        if name not in {METADATA, REGISTER} and not _inside_include(name):
            raise BackupError(f"控えの「{name}」は、戻せる場所のファイルではありません。", _ANOTHER)
        file.seek(0)
    return manifest, files


def _manifest(text: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        if any(each["loc"] == ("format",) for each in error.errors()):
            raise _newer() from None
        raise BackupError("控えの目録を読めません。", _ANOTHER) from None
    ours, its = Versions.ours(), manifest.versions
    if _numbers(its.mailround) > _numbers(ours.mailround) or _numbers(its.airflow) > _numbers(ours.airflow):
        raise _newer(f"（控え {its.mailround}／Airflow {its.airflow}、ここ {ours.mailround}／Airflow {ours.airflow}）")
    return manifest


def _newer(which: str = "") -> BackupError:
    return BackupError(
        f"控えは、ここより新しい版で作られています{which}。", "同じか、より新しい版を入れてから復元してください。"
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdecimal, part)) or "0") for part in text.split("."))


def _inside_include(name: str) -> bool:
    path = PurePosixPath(name)
    return name.startswith(INCLUDE) and not {"..", "."} & set(path.parts) and path.as_posix() == name


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
