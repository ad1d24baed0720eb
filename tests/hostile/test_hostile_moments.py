"""An export that is still being written, and the inputs that cost memory: a message, and within bounds."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from inputs import LAYOUTS, export, households, put

from mailround.errors import CountMismatchError, MalformedExportError
from mailround.extract import CONTROL_SUFFIX, read_source, read_whole

SHINJUKU = LAYOUTS["shinjuku"]
SOUND = export(households(8), SHINJUKU)


class Watched(io.FileIO):
    """A file to which something happens right after it was read, as it may at any time."""

    def __init__(self, path: Path, then: str) -> None:
        super().__init__(path)
        self._path, self._then = path, then

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(-1 if size is None else size) or b""
        match self._then:
            case "grows":
                with self._path.open("ab") as file:
                    file.write(b"0")
            case "shrinks":
                os.truncate(self._path, 10)
            case "changes in place":
                with self._path.open("r+b") as file:
                    file.write(b"0")
                os.utime(self._path, ns=(0, 1))  # a clock that ticks slowly must not decide
            case "is replaced":
                other = self._path.with_suffix(".new")
                other.write_bytes(content)
                other.rename(self._path)
        return content


@pytest.mark.parametrize("then", ["grows", "shrinks", "changes in place", "is replaced"])
def test_an_export_that_changes_while_it_is_read_is_refused(tmp_path: Path, then: str) -> None:
    path = put(tmp_path, SOUND, households(8))
    with Watched(path, then) as file, pytest.raises(MalformedExportError, match=r"書き換えられ.*出力が終わり"):
        read_whole(path, file)


def test_an_export_at_rest_is_read_whole(tmp_path: Path) -> None:
    path = put(tmp_path, SOUND, households(8))
    with Watched(path, "nothing") as file:
        assert read_whole(path, file) == SOUND


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
    assert read_source(path, SHINJUKU, decision=True).export.rows == 8


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
    assert read_source(path, SHINJUKU, decision=True).export.rows == 8


MEBIBYTE = 1 << 20
READ = """
import resource, sys
from pathlib import Path
from mailround.errors import MalformedExportError
from mailround.layouts import load_layout
from mailround.reader import read_export
from mailround.settings import REPOSITORY
layout = load_layout(REPOSITORY / "include", "shinjuku")
raw = {raw}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_export(raw, layout, decision=True)
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
