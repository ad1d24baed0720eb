"""An export that is still being written, and the inputs that cost memory: a message, and within bounds."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from inputs import LAYOUTS, export, households, put

from mailround.errors import CountMismatchError, MalformedExportError
from mailround.extract import CONTROL_SUFFIX, Source
from mailround.workspace import Workspace
from reading import read_source

SHINJUKU = LAYOUTS["shinjuku"]
SOUND = export(households(8), SHINJUKU)


class Watched(io.FileIO):
    """A file to which something happens once, right after it was read, as it may at any time."""

    def __init__(self, path: Path, then: str) -> None:
        super().__init__(path)
        self._path, self.then = path, then

    def readinto(self, buffer: Any) -> int:
        size = super().readinto(buffer) or 0
        self._happen()
        return size

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(-1 if size is None else size) or b""
        self._happen()
        return content

    def _happen(self) -> None:
        then, self.then = self.then, "nothing"
        before = self._path.stat()
        match then:
            case "grows":
                with self._path.open("ab") as file:
                    file.write(b"0")
            case "shrinks":
                os.truncate(self._path, 10)
            case "changes in place":
                with self._path.open("r+b") as file:
                    file.write(b"0")
                os.utime(self._path, ns=(0, 1))  # a clock that ticks slowly must not decide
            case "changes within a tick":
                with self._path.open("r+b") as file:
                    file.seek(-4, os.SEEK_END)
                    file.write(b"0")
                os.utime(self._path, ns=(before.st_atime_ns, before.st_mtime_ns))
            case "is replaced":
                other = self._path.with_suffix(".new")
                other.write_bytes(self._path.read_bytes())
                other.rename(self._path)


def opened(path: Path, file: io.FileIO) -> Source:
    return Source(path, file, SHINJUKU, None, decision=True)  # type: ignore[arg-type]  # unbuffered, so that each read is one


@pytest.mark.parametrize("then", ["grows", "shrinks", "changes in place", "is replaced"])
def test_an_export_that_changes_while_it_is_read_is_refused(tmp_path: Path, then: str) -> None:
    path = put(tmp_path, SOUND, households(8))
    with Watched(path, then) as file, pytest.raises(MalformedExportError, match=r"書き換えられ.*出力が終わり"):
        opened(path, file)


@pytest.mark.parametrize("then", ["grows", "shrinks", "changes in place", "changes within a tick", "is replaced"])
def test_an_export_that_changes_between_its_hash_and_its_records_is_refused(tmp_path: Path, then: str) -> None:
    path = put(tmp_path, SOUND, households(8))
    with Watched(path, "nothing") as file:
        source = opened(path, file)
        file.then = then
        with pytest.raises(MalformedExportError, match=r"書き換えられ|形式に誤り"):
            list(source)


@pytest.mark.parametrize("then", ["grows", "shrinks", "changes in place", "is replaced"])
def test_an_export_that_changes_while_it_is_kept_is_refused(tmp_path: Path, then: str) -> None:
    path = put(tmp_path, SOUND, households(8))
    with Watched(path, "nothing") as file:
        source = opened(path, file)
        file.then = then
        with pytest.raises(MalformedExportError, match="書き換えられ"):
            source.keep(Workspace(tmp_path / "work", Workspace.new_key()), "original")


def test_an_export_at_rest_is_read_and_kept_whole(tmp_path: Path) -> None:
    path = put(tmp_path, SOUND, households(8))
    workspace = Workspace(tmp_path / "work", Workspace.new_key())
    with Watched(path, "nothing") as file:
        source = opened(path, file)
        assert tuple(source) == households(8)
        source.keep(workspace, "original")
    assert workspace.read("original") == SOUND


def test_an_export_to_which_somebody_keeps_writing_never_gets_through(tmp_path: Path) -> None:
    path = put(tmp_path, SOUND[:500], households(8), agreeing=SOUND)
    done = threading.Event()

    def keep_writing() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(SOUND[500:600])

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for _ in range(20):
            with pytest.raises((MalformedExportError, CountMismatchError), match=r"書き換えられ|SHA-256"):
                read_source(path, SHINJUKU, decision=True)
    finally:
        done.set()
        writer.join()


def test_a_control_file_that_comes_first_waits_for_every_byte(tmp_path: Path) -> None:
    for size in (0, 1, 300, len(SOUND) // 2, len(SOUND) - 1):
        path = put(tmp_path, SOUND[:size], households(8), agreeing=SOUND)
        with pytest.raises(CountMismatchError, match="SHA-256"):
            read_source(path, SHINJUKU, decision=True)
    path.write_bytes(SOUND)
    assert read_source(path, SHINJUKU, decision=True).totals.rows == 8


def test_a_control_file_that_comes_last_is_waited_for(tmp_path: Path) -> None:
    path = put(tmp_path, SOUND, households(8))
    control = path.with_name(path.name + CONTROL_SUFFIX)
    whole = control.read_bytes()
    control.unlink()
    with pytest.raises(MalformedExportError, match="件数ファイルがありません"):
        read_source(path, SHINJUKU, decision=True)
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        control.write_bytes(whole[:size])
        with pytest.raises(MalformedExportError, match="件数ファイルに誤りがあります"):
            read_source(path, SHINJUKU, decision=True)
    control.write_bytes(whole)
    assert read_source(path, SHINJUKU, decision=True).totals.rows == 8


MEBIBYTE = 1 << 20
READ = """
import io, resource
from mailround.errors import MalformedExportError
from mailround.layouts import load_layout
from mailround.reader import Export
from mailround.settings import REPOSITORY
layout = load_layout(REPOSITORY / "include", "shinjuku")
raw = {raw}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    for _ in Export(io.BytesIO(raw), layout, decision=True):
        pass
except MalformedExportError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ('b"x" * (200 << 20)', "バイトを超える項目があります"),
        ('b"\\"" + b"x" * (200 << 20)', "引用符が閉じていません"),
        ('b"x\\n" + b"1," * (20 << 20)', "見出し"),
        ('b",".join(b"%d" % each for each in range(1_000_000))', "見出し"),
        ('b"x," * 300_000', "重複"),
        ('b"\\"" * (1 << 20)', "引用符"),
        ('b"\\n" * 1_000_000', "空行です"),
    ],
    ids=[
        "200 MB without a break",
        "200 MB in a quote",
        "20 M fields",
        "1 M columns",
        "equal columns",
        "quotes",
        "breaks",
    ],
)
def test_a_file_without_measure_is_refused_within_three_times_its_size(raw: str, told: str) -> None:
    size = len(eval(raw, {}))  # noqa: S307 - one of the expressions above
    done = subprocess.run(
        [sys.executable, "-c", READ.format(raw=raw)], capture_output=True, check=True, text=True, timeout=60
    )
    grown, _, message = done.stdout.partition(" ")
    assert told in message
    assert int(grown) * 1024 < 3 * size + 300 * MEBIBYTE
    assert len(message) < 5000
