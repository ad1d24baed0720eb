"""Start and stop a real Airflow on loopback: four components and a mailbox, each in its own process group.

``airflow standalone`` leaves children behind when it is ended, and each CLI call costs seconds; so the components are
started here, watched by pid, and everything else goes through the REST API.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from mailround.errors import ConfigurationError, MailroundError
from mailround.local.people import PASSWORD_VARIABLE
from mailround.settings import REPOSITORY, Settings

COMPONENTS = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
}
"""The scheduler comes last: a task that finds no API server fails, and is tried again only minutes later."""
WORKER = ("celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip", "--celery-hostname")
"""What a Celery worker is started by; its name comes last."""
OWNER_VARIABLE = "MAILROUND_REGISTER_OWNER_URL"
"""Given to what migrates the register and to nothing that works."""
START_SECONDS = 180
_LOCKED_SECONDS = 20
"""How long one who writes waits for another. SQLite's five are too few for an API server that has just been started: it
imports while it holds a transaction."""
WARD = {f"MAILROUND_{name.upper()}" for name in Settings.model_fields}
"""The variables that the ward's settings are read from."""


class LocalAirflowError(MailroundError):
    """The local Airflow did not start or stop as it should."""


@dataclass
class LocalAirflow:
    """A local Airflow whose every file lies under ``home``; ``extra`` overrides environment variables.

    ``workers`` are Celery workers, for the executor and the broker that ``extra`` names; LocalExecutor needs none.
    """

    home: Path
    port: int
    mail_port: int
    extra: tuple[tuple[str, str], ...] = ()
    workers: int = 0
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False, repr=False)

    @property
    def url(self) -> str:
        """The address of the UI and the REST API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ward_file(self) -> Path:
        """A shell file that sets the ward's environment for the command ``mailround``."""
        return self.home / "ward.env"

    @property
    def mails(self) -> Path:
        """The folder the mailbox writes to."""
        return self.home / "mail"

    @property
    def password(self) -> str:
        """The password of all demo users, drawn once per home."""
        return self._secrets()["password"]

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the components, `MAILROUND_` settings included."""
        common = dict(
            line.split("=", 1)
            for line in (REPOSITORY / "include" / "airflow.env").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")
        )
        drawn = self._secrets()
        ward = self.home / "ward"
        return {
            **os.environ,
            **common,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__FERNET_KEY": drawn["fernet_key"],
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__FAB__CONFIG_FILE": str(REPOSITORY / "include" / "login.cfg"),
            "AIRFLOW__API__SECRET_KEY": drawn["secret_key"],
            "AIRFLOW__API_AUTH__JWT_SECRET": drawn["jwt_secret"],
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout={_LOCKED_SECONDS}",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(
                {
                    "conn_type": "smtp",
                    "host": "127.0.0.1",
                    "port": self.mail_port,
                    "extra": {"disable_ssl": True, "disable_tls": True},
                }
            ),
            "AIRFLOW_CONN_ACCESS_REVIEW": json.dumps(
                {"conn_type": "http", "host": self.url, "login": "access-review", "password": drawn["password"]}
            ),
            "MAILROUND_INBOX": str(ward / "inbox"),
            "MAILROUND_DATA": str(ward / "data"),
            "MAILROUND_OUTBOX": str(ward / "outbox"),
            "MAILROUND_VAULT": str(self.home / "vault"),
            "MAILROUND_VAULT_IDENTITY": str(self.home / "vault-identity"),
            "MAILROUND_REGISTER_URL": f"sqlite:///{ward}/register/register.db",
            "MAILROUND_ALERT_TO": "alert@mailround.invalid",
            "MAILROUND_UI_URL": self.url,
            "MAILROUND_METADATA_URL": f"sqlite:///{self.home}/airflow.db",
            "MAILROUND_PROFILE": "demonstration",
            PASSWORD_VARIABLE: drawn["password"],
            **dict(self.extra),
        }

    def require_own_home(self) -> None:
        """Leave alone a folder that somebody named by mistake: nothing in it is ours to stop, to write over, to erase.

        Raises:
            ConfigurationError: ``home`` is a file, or holds something and is no local Airflow's.
        """
        if not self.home.exists() or self._marker.is_file():
            return
        if not self.home.is_dir() or any(self.home.iterdir()):
            raise ConfigurationError(
                f"{self.home} は、確認用のAirflowの作業フォルダではありません。何も変えていません。",
                "空のフォルダか、まだないフォルダを指定してください（--home または MAILROUND_HOME）。",
            )

    def require_free_ports(self) -> None:
        """Look before anything is made or erased.

        Raises:
            ConfigurationError: A port is taken.
        """
        for port, name in ((self.port, "MAILROUND_PORT"), (self.mail_port, "MAILROUND_MAIL_PORT")):
            if _taken(port):
                raise ConfigurationError(
                    f"ポート {port} は別のプログラムが使っています。",
                    f"環境変数 {name} に空いているポート番号を指定するか、`make down` で前回の起動を止めてください。",
                )

    def erase(self) -> None:
        """Erase what an earlier, stopped start left in ``home``.

        Raises:
            ConfigurationError: As `require_own_home`.
        """
        self.require_own_home()
        if self.home.exists():
            shutil.rmtree(self.home)

    def start(self, tell: Callable[[str], None]) -> None:
        """Start everything and return when the UI answers, all components beat and the DAGs are there.

        Raises:
            ConfigurationError: A port is taken, or as `require_own_home`.
            LocalAirflowError: A component ended or did not come up in time; the message names its log.
        """
        self.require_own_home()
        self.require_free_ports()
        environment = self.environment()
        (self.home / "ward" / "inbox").mkdir(mode=0o700, parents=True, exist_ok=True)
        tell("メタデータDBと利用者を準備しています")
        self._prepare(environment)
        environment.pop(OWNER_VARIABLE, None)
        started: dict[str, tuple[int, str]] = {}
        (self.home / "address").write_text(self.url, encoding="utf-8")
        ward = (f"export {name}={shlex.quote(environment[name])}\n" for name in environment if name in WARD)
        self.ward_file.write_text("".join(ward), encoding="utf-8")
        tell("Airflowの起動を待っています")
        airflow = str(Path(sys.executable).with_name("airflow"))
        mailbox = [sys.executable, "-m", "mailround.local.mailbox", str(self.mail_port), str(self.mails)]
        workers = {f"worker-{number}": f"worker-{number}@%h" for number in range(1, self.workers + 1)}
        commands = {
            "mailbox": mailbox,
            **{name: [airflow, *WORKER, hostname] for name, hostname in workers.items()},
            **{name: [airflow, *arguments] for name, arguments in COMPONENTS.items()},
        }
        for name, command in commands.items():
            if name == "scheduler":
                self._await_health(started, "metadatabase")
            with self._log(name).open("ab") as log:
                child = subprocess.Popen(  # noqa: S603 - our own fixed commands
                    command,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    umask=0o077,
                )
            self._children.append(child)
            started[name] = (child.pid, _born(child.pid))
            self._pids.write_text(json.dumps(started), encoding="utf-8")
        self._await_health(started, "metadatabase", "scheduler", "dag_processor", "triggerer")

    def stop(self) -> None:
        """End every process that start() left behind, and only those: by pid and start time, for pids are reused."""
        for name, patience in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
            for pid in self._alive():
                os.killpg(pid, name)
            deadline = time.monotonic() + patience
            while self._alive() and time.monotonic() < deadline:
                time.sleep(0.1)
        for child in self._children:
            child.poll()  # reaps what ended after it was last looked at
        self._pids.unlink(missing_ok=True)

    def running(self) -> str | None:
        """Return the address of what an earlier start left running, or None; its port may be another one."""
        return (self.home / "address").read_text(encoding="utf-8") if self._alive() else None

    @contextmanager
    def stopped_on_error(self) -> Iterator[None]:
        """Stop everything when the block raises; else leave it running."""
        try:
            yield
        except BaseException:
            self.stop()
            raise

    @property
    def _marker(self) -> Path:
        """The file that tells a home of ours from any other folder."""
        return self.home / ".mailround-local"

    @property
    def _pids(self) -> Path:
        return self.home / "pids.json"

    def _alive(self) -> list[int]:
        if not self._pids.exists():
            return []
        for child in self._children:
            child.poll()  # reaps it; what an earlier command started is reaped by init
        started: dict[str, tuple[int, str]] = json.loads(self._pids.read_text(encoding="utf-8"))
        return [pid for pid, born in started.values() if _born(pid) == born]

    def _prepare(self, environment: dict[str, str]) -> None:
        with self._log("prepare").open("ab") as log:
            for command in (
                [sys.executable, "-m", "mailround.local.people"],
                [sys.executable, "-m", "mailround.cli", "register", "migrate"],
            ):
                done = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)  # noqa: S603 - our own fixed commands
                if done.returncode:
                    raise LocalAirflowError("準備に失敗しました。", f"記録を確認してください：{self._log('prepare')}")

    def _await_health(self, started: dict[str, tuple[int, str]], *parts: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for name, (pid, born) in started.items():
                if _born(pid) != born:
                    self.stop()
                    raise LocalAirflowError(f"{name} が終了しました。", f"記録を確認してください：{self._log(name)}")
            try:
                health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
                healthy = all(health[part]["status"] == "healthy" for part in parts)
            except (httpx.HTTPError, ValueError, KeyError):
                healthy = False
            if healthy:
                return
            time.sleep(0.5)
        self.stop()
        raise LocalAirflowError(
            f"{START_SECONDS}秒待ってもAirflowが起動しません。", f"記録を確認してください：{self.home}"
        )

    def _secrets(self) -> dict[str, str]:
        path = self.home / "secrets.json"
        if not path.exists():
            self.require_own_home()
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._marker.touch()
            drawn = {
                "password": secrets.token_urlsafe(9),
                "secret_key": secrets.token_urlsafe(48),
                "jwt_secret": secrets.token_urlsafe(64),
                "fernet_key": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            }
            path.touch(mode=0o600)
            path.write_text(json.dumps(drawn), encoding="utf-8")
        loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"


def _born(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty when it is gone or a zombie."""
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
