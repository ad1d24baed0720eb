"""What a round keeps, on this machine or in a bucket: the same promises, kept in other ways."""

from __future__ import annotations

import hashlib
import multiprocessing.synchronize
import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from buckets import S3
from mailround.errors import VaultError, WorkspaceError
from mailround.private_files import delete, destroy, names, opened, read, replacing, sha256, size, write_new
from mailround.settings import Location
from mailround.vault import Vault
from mailround.workspace import Workspace

ROUND = "2026-11-change"
SECRET = b"ABCDEFGHJKLMNPQRSTUV"
NUMBERS = TypeAdapter(tuple[int, ...])


@pytest.fixture(params=["folder", "bucket", "bucket root", "bucket with versions"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "folder":
        return tmp_path / "data"
    s3: S3 = request.getfixturevalue("s3")
    bucket = s3.bucket(versioned="versions" in request.param)
    return s3.place(tmp_path, f"s3://{bucket}" if "root" in request.param else f"s3://{bucket}/data")


def put(path: Location, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


def test_a_file_appears_whole_when_the_block_ends(root: Location) -> None:
    path = root / "a" / "file"
    with replacing(path) as file:
        file.write(b"first half, ")
        file.flush()
        assert size(path) is None
        file.write(b"second")
        file.seek(0)
        assert file.read(5) == b"first"
    assert read(path) == b"first half, second"
    assert size(path) == 18
    assert sha256(path) == hashlib.sha256(b"first half, second").hexdigest()
    assert list(names(root)) == ["a/file"]


def test_a_failed_write_leaves_the_old_content(root: Location) -> None:
    path = root / "file"
    put(path, b"old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert read(path) == b"old"
    assert list(names(root)) == ["file"]


def test_a_killed_writer_leaves_the_old_content_and_what_it_left_goes_with_the_folder(root: Location) -> None:
    path = root / "round" / "file"
    put(path, b"old")
    child = os.fork()  # its connection is its own: that of the parent does not survive the fork
    if child == 0:  # pragma: no cover - dies at once
        put(root / "round" / "other", b"of the child")
        with replacing(path) as file:
            file.write(b"new")
            file.flush()
            os.kill(os.getpid(), 9)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == 9
    assert read(path) == b"old"
    assert read(root / "round" / "other") == b"of the child"
    delete(root / "round")
    assert list(names(root)) == []


def test_what_is_not_there_is_told(root: Location) -> None:
    path = root / "nothing"
    for use in (read, opened):
        with pytest.raises(FileNotFoundError):
            use(path)
    assert (size(path), sha256(path), delete(path), list(names(path))) == (None, None, 0, [])


@pytest.mark.parametrize("length", [0, 1, 9 * 2**20], ids=["nothing", "one byte", "more than a block"])
def test_an_open_file_can_be_sought_in_and_stays_when_another_takes_its_place(root: Location, length: int) -> None:
    content = os.urandom(length)
    put(root / "file", content)
    with opened(root / "file") as file:
        assert file.seek(0, os.SEEK_END) == length
        put(root / "file", b"another")
        file.seek(length // 2)
        assert file.read() == content[length // 2 :]
    assert read(root / "file") == b"another"


def test_a_new_file_never_replaces_one(root: Location) -> None:
    path = root / "a" / "file"
    write_new(path, b"first")
    with pytest.raises(FileExistsError):
        write_new(path, b"second")
    assert read(path) == b"first"
    assert list(names(root)) == ["a/file"]


def _first(path: Location, number: int, barrier: multiprocessing.synchronize.Barrier, won: str) -> None:
    barrier.wait(60)
    try:
        write_new(path, b"%d" % number)
    except FileExistsError:
        return
    Path(won, str(number)).touch()


def test_of_writers_at_the_same_time_one_is_first(root: Location, tmp_path: Path) -> None:
    won = tmp_path / "won"
    won.mkdir()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(3)
    writers = [context.Process(target=_first, args=(root / "file", number, barrier, str(won))) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * 3
    assert [path.name.encode() for path in won.iterdir()] == [read(root / "file")]


def test_deleting_takes_the_file_or_the_folder_and_none_of_a_name_that_begins_alike(root: Location) -> None:
    for name in ("round/a", "round/b/c", "round2/a", "round.age"):
        put(root / name, b"once")
        put(root / name, b"twice")
    assert delete(root / "round" / "a") == 1
    assert delete(root / "round") == 1
    assert sorted(names(root)) == ["round.age", "round2/a"]
    assert delete(root / "round") == 0


def test_destroying_takes_one_file_of_a_folder(root: Location) -> None:
    for name in ("key", "key2"):
        put(root / "round" / name, SECRET)
    destroy(root / "round" / "key")
    assert list(names(root)) == ["round/key2"]
    destroy(root / "round" / "key")
    destroy(root / "round" / "key2")
    assert list(names(root)) == []


def test_a_workspace_reads_back_what_was_written_and_is_gone_when_destroyed(root: Location) -> None:
    space = Workspace(root / ROUND, Workspace.new_key())
    space.write("plan/chunk-001", b"\x00 plain")
    space.write("plan/chunk-002", b"")
    digest = space.write_stream("records", NUMBERS, range(7), 3)
    found = space.read_stream("records", NUMBERS, read_digest := hashlib.sha256())
    first = next(found)
    space.write_stream("records", NUMBERS, range(100, 101), 3)
    assert [first, *found] == list(range(7))
    assert read_digest.hexdigest() == digest
    assert space.read("plan/chunk-001") == b"\x00 plain"
    assert space.names() == ("plan/chunk-001", "plan/chunk-002", "records")
    assert space.names("plan") == ("plan/chunk-001", "plan/chunk-002")
    assert not [name for name in names(root) if b"plain" in read(root / name)]
    space.delete("plan/chunk-002")
    with pytest.raises(WorkspaceError, match="「plan/chunk-002」がありません"):
        space.read("plan/chunk-002")
    with pytest.raises(WorkspaceError, match="「none」がありません"):
        list(space.read_stream("none", NUMBERS))
    with pytest.raises(WorkspaceError, match="鍵の不一致"):
        Workspace(space.root, Workspace.new_key()).read("records")
    assert space.destroy() == 2
    assert list(names(root)) == []


def test_a_vault_keeps_once_opens_and_destroys(root: Location, tmp_path: Path) -> None:
    vault = Vault(root, tmp_path / "identity")
    vault.keep(ROUND, "round-key", SECRET)
    vault.keep(ROUND, "index-key", b"other")
    with pytest.raises(VaultError, match="既にあります"):
        vault.keep(ROUND, "round-key", b"another")
    assert vault.holds(ROUND, "round-key")
    assert vault.open(ROUND, "round-key") == SECRET
    assert not [name for name in names(root) if SECRET in read(root / name)]
    assert vault.destroy(ROUND, "round-key")
    assert not vault.destroy(ROUND, "round-key")
    assert not vault.holds(ROUND, "round-key")
    with pytest.raises(VaultError, match="廃棄済み"):
        vault.open(ROUND, "round-key")
    assert list(names(root)) == [f"{ROUND}/index-key"]


def test_a_vault_that_lost_its_identity_makes_none_anew(root: Location, tmp_path: Path) -> None:
    vault = Vault(root, tmp_path / "identity")
    vault.keep(ROUND, "round-key", SECRET)
    (tmp_path / "identity").unlink()
    with pytest.raises(VaultError, match="識別鍵を読めません"):
        vault.keep(ROUND, "second", b"")
    assert not (tmp_path / "identity").exists()
