"""Private files: closed to everybody else, written whole or not at all."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailround.private_files import alone, delete, make_folder, partials, replacing, write_new


@pytest.fixture(autouse=True)
def careless_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_on_the_way_is_closed(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o750)
    make_folder(tmp_path / "shared" / "own")
    assert mode(tmp_path / "shared") == 0o750


def test_a_file_appears_whole_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    with replacing(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        assert [mode(partial) for partial in partials(path)] == [0o600]
    assert path.read_bytes() == b"half"
    assert mode(path) == 0o600
    assert partials(path) == ()


def test_a_killed_writer_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as file:
        file.write(b"old")
    child = os.fork()
    if child == 0:  # pragma: no cover - dies at once
        with replacing(path) as file:
            file.write(b"new")
            file.flush()
            os.kill(os.getpid(), 9)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == 9
    assert path.read_bytes() == b"old"
    assert len(partials(path)) == 1


def test_a_second_process_waits_until_the_first_is_done_or_killed(tmp_path: Path) -> None:
    lock, written = tmp_path / "a" / "lock", tmp_path / "written"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - dies at once
        with alone(lock):
            os.write(writer, b"x")
            time.sleep(0.5)
            written.write_bytes(b"by the first")
            os.kill(os.getpid(), 9)
    os.read(reader, 1)
    with alone(lock):
        assert written.read_bytes() == b"by the first"
    os.waitpid(child, 0)
    with alone(lock):
        assert mode(lock) == 0o600


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    write_new(path, b"first")
    with pytest.raises(FileExistsError):
        write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert mode(path) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_deleting_counts_files_and_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"")
    make_folder(tmp_path / "doomed" / "inner")
    (tmp_path / "doomed" / "file").write_bytes(b"")
    (tmp_path / "doomed" / "inner" / ".file.x.partial").write_bytes(b"")
    (tmp_path / "doomed" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    assert delete(tmp_path / "doomed") == 3
    assert delete(tmp_path / "link") == 1
    assert delete(tmp_path / "nothing") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()
