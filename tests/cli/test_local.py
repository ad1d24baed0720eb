"""``mailround local``: what is not its own is left alone."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from commanded import Run

from mailround.local.airflow import LocalAirflow
from ports import free_port


@pytest.fixture
def local(run: Run) -> Iterator[Run]:
    """Call the command, and undo what the local Airflow's commands change in their process."""
    umask, terminate = os.umask(0o022), signal.getsignal(signal.SIGTERM)
    os.umask(umask)
    yield run
    os.umask(umask)
    signal.signal(signal.SIGTERM, terminate)


@pytest.mark.parametrize("command", ["demo", "up", "down"])
def test_a_folder_that_is_not_the_local_airflows_own_is_left_alone(local: Run, tmp_path: Path, command: str) -> None:
    home = tmp_path / "documents"
    home.mkdir()
    names = ("letter.txt", "pids.json", "secrets.json", "address")
    for name in names:
        (home / name).write_text(name)
    refused = local("local", command, "--home", home, "--port", free_port(), "--mail-port", free_port())
    assert refused.exit_code == 2
    assert "確認用のAirflowの作業フォルダではありません" in refused.stderr
    assert {path.name: path.read_text() for path in home.iterdir()} == {name: name for name in names}
    (home / "a file").touch()
    assert local("local", command, "--home", home / "a file").exit_code == 2


def test_a_taken_port_is_told_before_the_last_demo_is_erased(local: Run, tmp_path: Path) -> None:
    earlier = LocalAirflow(tmp_path / "demo", free_port(), free_port())
    password = earlier.password
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        refused = local("local", "demo", "--home", earlier.home, "--port", taken, "--mail-port", free_port())
    assert refused.exit_code == 2
    assert f"ポート {taken} は別のプログラムが使っています" in refused.stderr
    assert earlier.password == password
