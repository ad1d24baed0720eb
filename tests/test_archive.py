"""The file of a backup: what reads it back says of every way in which it is not good."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pyrage
import pytest

from installations import KEY
from mailround.archive import MANIFEST, METADATA, REGISTER, Manifest, Versions, opened, write
from mailround.errors import BackupError
from mailround.settings import TOKYO

RECIPIENT = KEY.to_public()


def manifest() -> Manifest:
    at = datetime(2026, 11, 29, tzinfo=TOKYO)
    return Manifest(made_at=at, versions=Versions.ours(), database="sqlite", entries=1, head="0" * 64)


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    path = tmp_path / "identity"
    path.write_text(str(KEY), encoding="ascii")
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    members: dict[str, BinaryIO] = {
        METADATA: io.BytesIO(b"d" * 300_000),
        REGISTER: io.BytesIO(b"{}\n"),
        "include/contracts/漢字.yaml": io.BytesIO(b"a: 1\n"),
    }
    write(tmp_path / "archive.age", manifest(), members, str(RECIPIENT))
    return tmp_path / "archive.age"


def read(archive: Path, identity: Path) -> dict[str, bytes]:
    with opened(archive, identity) as (_, members):
        return {name: file.read() for name, file in members.items()}


def tar(archive: Path) -> dict[str, bytes]:
    plain = io.BytesIO(pyrage.decrypt(archive.read_bytes(), [KEY]))
    with tarfile.open(fileobj=plain) as opened_tar:
        return {each.name: opened_tar.extractfile(each).read() for each in opened_tar}  # type: ignore[union-attr]


def packed(archive: Path, *members: tuple[str, bytes], link: str = "") -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:") as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            made.addfile(info)
    archive.write_bytes(pyrage.encrypt(plain.getvalue(), [RECIPIENT]))


def test_what_was_written_is_read(archive: Path, identity: Path) -> None:
    found = read(archive, identity)
    assert found == {METADATA: b"d" * 300_000, REGISTER: b"{}\n", "include/contracts/漢字.yaml": b"a: 1\n"}


def test_an_identity_as_age_keygen_writes_it_is_read(archive: Path, identity: Path) -> None:
    identity.write_text(f"# created: today\n# public key: {RECIPIENT}\n{KEY}\n", encoding="ascii")
    assert read(archive, identity)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (str(pyrage.x25519.Identity.generate()).encode(), "指定した識別鍵では開けません"),
        (str(RECIPIENT).encode(), "識別鍵を読めません"),
        ("鍵".encode(), "識別鍵を読めません"),
        (b"", "識別鍵を読めません"),
    ],
    ids=["another's", "the public key", "no key", "nothing"],
)
def test_a_wrong_identity_is_told(archive: Path, identity: Path, content: bytes, told: str) -> None:
    identity.write_bytes(content)
    with pytest.raises(BackupError, match=told):
        read(archive, identity)


@pytest.mark.parametrize("keep", [0, 40, 150, 70_000, -1])
def test_a_cut_file_is_told(archive: Path, identity: Path, keep: int) -> None:
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(BackupError, match=r"途中で切れている|壊れている"):
        read(archive, identity)


@pytest.mark.parametrize("at", [5, 130, 100_000, -1])
def test_a_changed_byte_is_told(archive: Path, identity: Path, at: int) -> None:
    content = bytearray(archive.read_bytes())
    content[at] ^= 1
    archive.write_bytes(content)
    with pytest.raises(BackupError):
        read(archive, identity)


def test_a_changed_member_is_told_by_name(archive: Path, identity: Path) -> None:
    members = tar(archive) | {REGISTER: b"[]\n"}
    packed(archive, *members.items())
    with pytest.raises(BackupError, match=r"「register\.jsonl」が目録のSHA-256と一致しません"):
        read(archive, identity)


def test_a_member_too_few_or_too_many_is_told(archive: Path, identity: Path) -> None:
    members = tar(archive)
    for changed in (
        {name: content for name, content in members.items() if name != REGISTER},
        members | {"include/more.yaml": b""},
    ):
        packed(archive, *changed.items())
        with pytest.raises(BackupError, match="目録が一致しません"):
            read(archive, identity)
    packed(archive, *members.items(), (REGISTER, b"again"))
    with pytest.raises(BackupError, match="二つあります"):
        read(archive, identity)
    packed(archive, *members.items(), link="include/linked.yaml")
    with pytest.raises(BackupError, match="ファイルでない"):
        read(archive, identity)


def test_what_is_no_backup_is_told(archive: Path, identity: Path) -> None:
    archive.write_bytes(pyrage.encrypt(b"a letter", [RECIPIENT]))
    with pytest.raises(BackupError, match="控えの形式ではありません"):
        read(archive, identity)
    packed(archive, ("letter.txt", b"a letter"))
    with pytest.raises(BackupError, match="目録がありません"):
        read(archive, identity)
    packed(archive, (MANIFEST, b"{}"))
    with pytest.raises(BackupError, match="目録を読めません"):
        read(archive, identity)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"format": 2}, True),
        ({"versions": {"mailround": "0.1.1", "airflow": Versions.ours().airflow}}, True),
        ({"versions": {"mailround": "0.1.0", "airflow": "3.10.0"}}, True),
        ({"versions": {"mailround": "0.0.9", "airflow": "3.3.1"}}, False),
    ],
)
def test_a_newer_version_is_told_and_an_older_one_is_read(
    archive: Path, identity: Path, changes: dict[str, object], refused: bool
) -> None:
    members = tar(archive)
    members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | changes).encode()
    packed(archive, *members.items())
    if refused:
        with pytest.raises(BackupError, match="新しい版"):
            read(archive, identity)
    else:
        assert read(archive, identity)


@pytest.mark.parametrize("name", ["include/../x.yaml", "/etc/x", "other.yaml", "include//x.yaml", "include/./x.yaml"])
def test_a_member_that_would_land_elsewhere_is_refused(tmp_path: Path, identity: Path, name: str) -> None:
    members: dict[str, BinaryIO] = {each: io.BytesIO(b"x") for each in (METADATA, REGISTER, name)}
    write(tmp_path / "archive.age", manifest(), members, str(RECIPIENT))
    with pytest.raises(BackupError, match="戻せる場所のファイルではありません"):
        read(tmp_path / "archive.age", identity)
