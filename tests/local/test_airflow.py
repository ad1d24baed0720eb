"""The local Airflow before and after it runs: its environment, its home, its ports, and whom it ends.

That the four components come up, answer and stop is shown by tests/e2e.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailround.errors import ConfigurationError
from mailround.local.airflow import WARD, LocalAirflow, LocalAirflowError, _born
from mailround.local.people import PASSWORD_VARIABLE
from mailround.settings import REPOSITORY, Settings
from ports import free_port


@pytest.fixture
def local(tmp_path: Path) -> LocalAirflow:
    return LocalAirflow(tmp_path / "airflow", free_port(), free_port())


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own group that ends only when it is ended."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def left_running(local: LocalAirflow, *processes: tuple[int, str]) -> None:
    """Leave the state files of an earlier start."""
    assert local.password  # makes the home
    started = {str(place): process for place, process in enumerate(processes)}
    (local.home / "pids.json").write_text(json.dumps(started), encoding="utf-8")
    (local.home / "address").write_text("http://127.0.0.1:9999", encoding="utf-8")


def test_everything_that_is_written_lies_under_the_home_and_everything_listens_on_loopback(local: LocalAirflow) -> None:
    environment = local.environment()
    ours = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    read_only = {"AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER", "AIRFLOW__FAB__CONFIG_FILE"}
    for name, value in ours.items():
        if "/" in value.removeprefix("sqlite:///") and "://" not in value and name not in read_only:
            assert local.home.as_posix() in value or name == "AIRFLOW__CORE__DEFAULT_TIMEZONE", name
    database, _, asked = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].partition("?")
    assert (database, asked.split("=")[0]) == (f"sqlite:///{local.home}/airflow.db", "timeout")
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == str(local.port)
    assert local.url == environment["AIRFLOW__API__BASE_URL"] == f"http://127.0.0.1:{local.port}"
    mail = json.loads(environment["AIRFLOW_CONN_SMTP_DEFAULT"])
    assert (mail["host"], mail["port"]) == ("127.0.0.1", local.mail_port)
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(REPOSITORY / "dags")


def test_the_settings_that_all_installations_share_are_in_force(local: LocalAirflow) -> None:
    lines = (REPOSITORY / "include" / "airflow.env").read_text(encoding="utf-8").splitlines()
    shared = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert shared
    assert shared.items() <= local.environment().items()


def test_the_environment_is_a_wards_and_what_is_given_comes_last(tmp_path: Path) -> None:
    local = LocalAirflow(tmp_path / "home", 1, 2, (("MAILROUND_ALERT_TO", "other@example.org"), ("NEW", "1")))
    environment = local.environment()
    named = {name: f"MAILROUND_{name.upper()}" for name in Settings.model_fields}
    ward = Settings.model_validate({name: environment[each] for name, each in named.items() if each in environment})
    assert ward.alert_to == ("other@example.org",)
    assert environment["NEW"] == "1"
    assert ward.vault.is_relative_to(local.home)
    assert not ward.vault.is_relative_to(ward.data.parent), "the keys lie beside the data, not in it"
    assert {name for name in environment if name.startswith("MAILROUND_")} - WARD == {PASSWORD_VARIABLE}


def test_secrets_are_drawn_once_per_home_for_its_owner_only(local: LocalAirflow, tmp_path: Path) -> None:
    environment = local.environment()
    assert LocalAirflow(local.home, 1, 2).password == local.password == environment[PASSWORD_VARIABLE]
    assert LocalAirflow(tmp_path / "another", 1, 2).password != local.password
    assert stat.S_IMODE((local.home / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(local.home.stat().st_mode) == 0o700
    assert len(environment["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    assert len(base64.urlsafe_b64decode(environment["AIRFLOW__CORE__FERNET_KEY"])) == 32
    assert len({environment[name] for name in ("AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")}) == 2


@pytest.mark.parametrize("which", ["port", "mail_port"])
def test_a_taken_port_is_told_with_the_variable_that_names_another(local: LocalAirflow, which: str) -> None:
    local.require_free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", getattr(local, which)))
        other.listen()
        with pytest.raises(ConfigurationError, match=f"ポート {getattr(local, which)} は別の") as caught:
            local.require_free_ports()
        with pytest.raises(ConfigurationError, match="別のプログラムが使っています"):
            local.start(lambda _: None)
    assert {"port": "MAILROUND_PORT", "mail_port": "MAILROUND_MAIL_PORT"}[which] in caught.value.remedy
    assert not local.home.exists(), "nothing is made before the ports are known to be free"


def test_a_folder_of_somebody_else_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    local = LocalAirflow(tmp_path, free_port(), free_port())
    for touch in (local.require_own_home, local.erase, local.environment, lambda: local.start(lambda _: None)):
        with pytest.raises(ConfigurationError, match="作業フォルダではありません"):
            touch()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_only_a_home_of_our_own_is_erased(tmp_path: Path) -> None:
    airflow = LocalAirflow(tmp_path / "demo", 1, 2)
    airflow.erase()
    assert airflow.password
    airflow.erase()
    assert not airflow.home.exists()
    airflow.home.mkdir()
    (airflow.home / "secrets.json").touch()
    with pytest.raises(ConfigurationError, match="作業フォルダではありません"):
        airflow.erase()
    assert (airflow.home / "secrets.json").exists()


def test_a_preparation_that_fails_is_told_with_its_log_and_leaves_nothing_running(tmp_path: Path) -> None:
    local = LocalAirflow(
        tmp_path / "home", free_port(), free_port(), (("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "nonsense"),)
    )
    with pytest.raises(LocalAirflowError, match="準備に失敗しました") as caught:
        local.start(lambda _: None)
    log = local.home / "prepare.log"
    assert str(log) in caught.value.remedy
    assert log.read_text(encoding="utf-8")
    assert local.running() is None


def test_what_an_earlier_start_left_running_is_found_and_ended_with_all_its_group(
    local: LocalAirflow, sleeper: subprocess.Popen[bytes]
) -> None:
    assert local.running() is None
    left_running(local, (sleeper.pid, _born(sleeper.pid)))
    later = LocalAirflow(local.home, 1, 2)
    assert later.running() == "http://127.0.0.1:9999", "the port of the earlier start"
    later._children.append(sleeper)  # here it is our child; of another command's process init takes care
    later.stop()
    assert sleeper.wait(10) == -signal.SIGTERM
    assert later.running() is None
    later.stop()


def test_a_process_that_has_got_the_number_of_an_ended_one_is_left_alone(
    local: LocalAirflow, sleeper: subprocess.Popen[bytes]
) -> None:
    left_running(local, (sleeper.pid, "1"), (2**22 + 1, "1"))
    assert local.running() is None
    local.stop()
    assert sleeper.poll() is None
    assert not (local.home / "pids.json").exists()


def test_what_does_not_listen_is_killed(local: LocalAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    deaf = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)
    try:
        assert deaf.stdout
        deaf.stdout.readline()
        left_running(local, (deaf.pid, _born(deaf.pid)))
        local._children.append(deaf)
        clock = iter(range(0, 10**6, 30))  # patience runs out at once
        monkeypatch.setattr("mailround.local.airflow.time.monotonic", lambda: float(next(clock)))
        local.stop()
        monkeypatch.undo()
        assert deaf.wait(10) == -signal.SIGKILL
    finally:
        deaf.kill()
        deaf.communicate()


@pytest.mark.parametrize("error", [ConfigurationError("だめ。", "直す。"), KeyboardInterrupt()])
def test_an_error_stops_what_was_started_and_a_good_end_does_not(
    local: LocalAirflow, sleeper: subprocess.Popen[bytes], error: BaseException
) -> None:
    left_running(local, (sleeper.pid, _born(sleeper.pid)))
    local._children.append(sleeper)
    with local.stopped_on_error():
        pass
    assert sleeper.poll() is None
    with pytest.raises(type(error)), local.stopped_on_error():
        raise error
    assert sleeper.wait(10) == -signal.SIGTERM


def test_a_process_is_known_by_when_it_began_and_one_that_has_ended_is_nobody(sleeper: subprocess.Popen[bytes]) -> None:
    born = _born(sleeper.pid)
    assert born.isdigit()
    assert _born(sleeper.pid) == born
    assert _born(os.getpid()) != born or os.getpid() != sleeper.pid
    os.kill(sleeper.pid, signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert _born(sleeper.pid) == "", "a zombie, not yet reaped"
    sleeper.wait()
    assert _born(sleeper.pid) == ""
