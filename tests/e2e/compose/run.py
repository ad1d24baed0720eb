"""`make compose-test`: build the images, start the installation with two workers, run a round, kill, and count.

Everything happens in a copy of the tree under a project name of its own, with certificates and secrets of its own.
Nothing of a ward's installation on the same machine is touched, but port 8443 must be free. Root, or a user who may
use Docker.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyrage

from mailround.local.client import AirflowUser

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BASE = "python:3.11-slim-bookworm"
PROJECT = "mailround-test"
URL = "https://localhost:8443"
CONTAINERS_USER = 50000
POLICY = "content-security-policy"
HEALTH = "{{.State.Health.Status}}"
# Seconds instead of minutes, so that a lost worker is noticed soon; the queue between them is as in a ward.
HASTE = """
AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT=30
AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL=5
AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC=3
MAILROUND_PROFILE=demonstration
MAILROUND_FREE_GIB=1
"""
BEGUN = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - BEGUN:6.1f} s] {text}", flush=True)


def run(*command: str, **more: Any) -> str:
    """Run to success and return what it printed.

    Raises:
        SystemExit: It failed; its output has been shown.
    """
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-6000:]}\n{' '.join(command)}: {done.returncode}")
    return done.stdout


class Installation:
    """The copy of the tree, and docker-compose in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_urlsafe(12)

    def lay_out(self) -> None:
        listed = run("git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        run("deploy/certs", "localhost", cwd=self.folder)
        with (self.folder / "site.env").open("a", encoding="utf-8") as site:
            site.write(HASTE)

    def build(self) -> None:
        """With the certificates by which this machine's pip knows its index, and no other of its settings."""
        own = os.environ | {"MAILROUND_BASE": BASE, "MAILROUND_BUILD_NETWORK": "host"}
        if certificates := os.environ.get("PIP_CERT"):
            configuration = self.folder / "pip.conf"
            configuration.write_text("[global]\ncert = /run/ca.crt\n", encoding="utf-8")
            own |= {"MAILROUND_BUILD_PIP": str(configuration), "MAILROUND_BUILD_CA": certificates}
        say("built: " + ", ".join(run("deploy/build", cwd=self.folder, env=own).split("\n")[:-1]))

    def compose(self, *arguments: str, **more: Any) -> str:
        return run("docker-compose", "-p", PROJECT, "--profile", "dev", *arguments, cwd=self.folder, **more)

    def inside(self, *arguments: str) -> list[str]:
        """Return the command that runs inside.py where the ward's commands run."""
        return [
            *("docker-compose", "-p", PROJECT, "exec", "-T"),
            *("-e", f"MAILROUND_DEMO_PASSWORD={self.password}", "-e", "SSL_CERT_FILE=/run/certs/ca.pem"),
            *("api-server", "start", "python", "-", *arguments),
        ]

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-q", service).split()


@contextmanager
def engine(state: Path) -> Iterator[None]:
    """A Docker Engine: the machine's, or one of our own that is ended with us."""
    pid = [line for line in run(str(HERE / "engine"), str(state)).splitlines() if line.isdigit()]
    version = run("docker", "version", "--format", "{{.Server.Version}}").strip()
    say(f"Docker Engine {version}" + (", started by us" if pid else ", found running"))
    try:
        yield
    finally:
        if pid:
            os.kill(int(pid[0]), signal.SIGTERM)


def status(container: str, what: str) -> str:
    return run("docker", "inspect", "--format", what, container).strip()


def await_healthy(installation: Installation, services: dict[str, int], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = {name: [status(each, HEALTH) for each in installation.containers(name)] for name in services}
        if all(found[name].count("healthy") >= count for name, count in services.items()):
            return
        time.sleep(3)
    raise SystemExit(f"not healthy after {seconds:.0f} s: {found}\n{installation.compose('logs', '--tail', '40')}")


def require_no_way_out(installation: Installation) -> None:
    """What touches data reaches the proxy on the inner network, and not even the proxy's other side."""
    [proxy] = installation.containers("proxy")
    outside = status(proxy, f'{{{{(index .NetworkSettings.Networks "{PROJECT}_outer").IPAddress}}}}')
    knock = "exec 3<>/dev/tcp/{}/8443"
    for service in ("worker", "api-server", "postgres", "redis"):
        container = installation.containers(service)[0]
        run("docker", "exec", container, "timeout", "5", "bash", "-c", knock.format("proxy"))
        tried = subprocess.run(
            ["docker", "exec", container, "timeout", "3", "bash", "-c", knock.format(outside)],
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            raise SystemExit(f"{service} reaches the outer network")
    say("worker, api-server, postgres, redis: no way to the outer network")


def instances(user: AirflowUser, run_id: str, dag: str = "mailing_round") -> list[dict[str, Any]]:
    """Of a run, or of all runs with ``~``."""
    return user._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"]


def until(what: str, found: Any, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.2)
    raise SystemExit(f"did not happen within {seconds:.0f} s: {what}")


def the_round(installation: Installation) -> None:
    code = (HERE / "inside.py").read_text(encoding="utf-8")
    started = json.loads(run(*installation.inside("start"), cwd=installation.folder, input=code).splitlines()[-1])
    run_id, round_id = started["run"], started["round"]
    say(f"round {round_id} of 600 households is started by datateam; watched over {URL}")
    watcher = AirflowUser(URL, "datateam", installation.password)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as source:
        source.write(code)
        source.seek(0)
        following = subprocess.Popen(
            installation.inside("follow", run_id, round_id),
            cwd=installation.folder,
            stdin=source,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            kill_both(installation, watcher, run_id, round_id, following)
            following.wait(timeout=1500)
        finally:
            following.terminate()
            output.seek(0)
            printed = output.read()
        if following.returncode:
            raise SystemExit(f"the round did not close:\n{printed[-4000:]}")
    say(f"the round is closed: {printed.strip().splitlines()[-1]}")
    tries = {
        f"{each['task_id']}[{each['map_index']}]": each["try_number"]
        for each in instances(watcher, run_id)
        if each["try_number"] > 1
    }
    hosts = {each["hostname"] for each in instances(watcher, run_id) if each["hostname"]}
    say(f"done again: {tries}; ran on {len(hosts)} workers")
    watcher.close()
    # The holds are asked for twice anyway: released by one person, gone on by another.
    if not any(name.startswith("render[") for name in tries) or len(hosts) < 2:
        raise SystemExit("the killed worker's task was not done again, or only one worker ever worked")
    say(installation.compose("exec", "-T", "api-server", "start", "mailround", "register", "verify").strip())


def the_house(installation: Installation) -> None:
    """What Airflow runs of itself at a first start, each where it may."""
    watcher = AirflowUser(URL, "datateam", installation.password)
    expected = {
        "house_check": "check_house",
        "house_cleaning": "clean_house",
        "deletion_watch": "watch_deletions",
        "access_review": "review_access",
        "round_watch": "watch_rounds",
    }
    hosts = {
        status(each, "{{.Config.Hostname}}"): name
        for name in ("worker", "house")
        for each in installation.containers(name)
    }
    for dag, task in expected.items():
        done = until(
            f"{dag}: {task} has ended",
            lambda dag=dag, task=task: [
                each
                for each in instances(watcher, "~", dag)
                if each["task_id"] == task and each["state"] in {"success", "failed"}
            ],
            300,
        )
        states = {(each["state"], hosts.get(each["hostname"])) for each in done}
        say(f"{dag}: {states}")
        if states != {("success", "house" if dag in {"house_cleaning", "round_watch"} else "worker")}:
            raise SystemExit(
                f"{dag} did not succeed where it belongs: {installation.compose('logs', '--tail', '60', 'house')}"
            )
    watcher.close()


def told_of_the_lost_worker(installation: Installation) -> None:
    """Ask from outside, as a ward's monitoring does: the watch has seen by its next look that a worker is away."""
    alive = ("docker-compose", "-p", PROJECT, "exec", "-T", "house", "start", "mailround", "alive")

    def reasons() -> str | None:
        done = subprocess.run(alive, cwd=installation.folder, capture_output=True, text=True, check=False)
        told = "".join((done.stdout + done.stderr).split())
        if done.returncode == 1 and "作業者（worker）が1しか答えず、必要な2より少ない" in told:
            return told
        time.sleep(10)
        return None

    say("mailround alive: " + until("the watch misses the worker", reasons, 1000))


def bring_back(installation: Installation) -> None:
    """Back up, lose everything but the papers and secrets, and restore, as docs/deployment.md says."""
    identity = pyrage.x25519.Identity.generate()
    before = installation.compose("exec", "-T", "api-server", "start", "mailround", "register", "verify").strip()
    recipient = f"MAILROUND_BACKUP_RECIPIENT={identity.to_public()}"
    installation.compose("exec", "-T", "-e", recipient, "house", "start", "mailround", "backup")
    [house] = installation.containers("house")
    restoring = installation.folder / "restoring"
    run("docker", "cp", f"{house}:/srv/backup", str(restoring))
    [backup] = restoring.iterdir()
    (restoring / "identity").write_text(str(identity), encoding="utf-8")
    for each in (restoring, *restoring.iterdir()):
        os.chown(each, CONTAINERS_USER, CONTAINERS_USER)
        each.chmod(0o700 if each.is_dir() else 0o600)
    say(f"a backup of {backup.stat().st_size // 1024} KiB was made by `house`; {before}")
    installation.compose("down", "--volumes", "--timeout", "20")
    installation.compose("up", "-d", "--no-build", "postgres")
    until("postgres is healthy", lambda: status(installation.containers("postgres")[0], HEALTH) == "healthy", 120)
    within = ("run", "--rm", "-T", "--no-deps", "--volume", f"{restoring}:/srv/restoring", "prepare", "mailround")
    options = ("--identity", "/srv/restoring/identity", "--include", "/srv/restoring/include")
    say(installation.compose(*within, "restore", f"/srv/restoring/{backup.name}", *options).strip())
    after = installation.compose(*within, "register", "verify").strip()
    if before.splitlines()[0] not in after.splitlines():  # how many entries, and the last one's hash
        raise SystemExit(f"the register that came back is another: {after}")
    say(f"after the restore: {before.splitlines()[0]}")


def look(password: str, round_id: str) -> None:
    """See the console as its people do: through the proxy, with the api-server's vault and font."""
    wanted = {
        "approver": (f"/rounds/{round_id}", f"/rounds/{round_id}/proof", f"/rounds/{round_id}/proof/3", "/register"),
        "officer": ("/rounds", f"/rounds/{round_id}/holds", "/due"),
    }
    for name, paths in wanted.items():
        with httpx.Client(base_url=URL, timeout=60) as browser:
            token = browser.post("/auth/token", json={"username": name, "password": password}).json()["access_token"]
            browser.cookies["_token"] = token
            for path in paths:
                answer = browser.get(f"/mailround{path}")
                if answer.status_code != httpx.codes.OK or "default-src 'none'" not in answer.headers[POLICY]:
                    raise SystemExit(f"{name} does not see {path}: {answer.status_code} {answer.text[:2000]}")
    say(f"the console shows {sum(map(len, wanted.values()))} pages, the proof's picture and the holds among them")


def kill_both(
    installation: Installation, watcher: AirflowUser, run_id: str, round_id: str, following: subprocess.Popen[str]
) -> None:
    def rendering() -> str | None:
        if following.poll() is not None:
            raise SystemExit("the one who answers has ended")
        for each in instances(watcher, run_id):
            if each["task_id"] == "render" and each["state"] == "running" and each["hostname"]:
                return str(each["hostname"])
        return None

    host = until("render is running", rendering, 400)
    run("docker", "kill", host)
    say(f"worker {host} was killed while it rendered; one worker is left")
    until(
        "the approval is asked for",
        lambda: any(
            each["task_id"] == "approve_release" and each["state"] == "awaiting_input"
            for each in instances(watcher, run_id)
        ),
        600,
    )
    look(installation.password, round_id)
    [scheduler] = installation.containers("scheduler")
    # `docker kill` counts as a stop by hand, after which nothing is restarted; a crash is the process ending by itself.
    os.kill(int(status(scheduler, "{{.State.Pid}}")), signal.SIGKILL)
    say("the scheduler was killed while the approver was asked")
    until("the scheduler is restarted", lambda: int(status(scheduler, "{{.RestartCount}}")) > 0, 60)
    say("Docker restarted the scheduler")
    installation.compose("exec", "-T", "api-server", "touch", "/tmp/go")


def main() -> None:
    os.environ["PATH"] = f"/usr/bin:{os.environ['PATH']}"  # Debian's client knows BuildKit
    state = Path(os.environ.get("MAILROUND_COMPOSE_STATE", "/var/lib/mailround-compose-test"))
    state.mkdir(parents=True, exist_ok=True)
    with engine(state), tempfile.TemporaryDirectory(prefix="mailround-") as folder:
        say(run(str(HERE / "base"), BASE, str(state)).strip() or f"base image {BASE} is there")
        installation = Installation(Path(folder))
        installation.lay_out()
        installation.build()
        os.environ["SSL_CERT_FILE"] = str(Path(folder) / "certs" / "ca.pem")
        try:
            installation.compose("up", "-d", "--no-build", "--scale", "worker=2")
            say("prepare: " + installation.compose("logs", "--no-color", "prepare")[-3500:])
            run(
                *("docker-compose", "-p", PROJECT, "run", "--rm", "-T"),
                *("-e", f"MAILROUND_DEMO_PASSWORD={installation.password}"),
                *("prepare", "python", "-m", "mailround.local.people"),
                cwd=folder,
            )
            await_healthy(
                installation,
                {"postgres": 1, "redis": 1, "api-server": 1, "scheduler": 1, "dag-processor": 1, "triggerer": 1}
                | {"worker": 2, "house": 1, "proxy": 1},
            )
            say("every service is healthy, two workers")
            require_no_way_out(installation)
            the_house(installation)
            the_round(installation)
            told_of_the_lost_worker(installation)
            bring_back(installation)
        finally:
            if "--keep" not in sys.argv:
                installation.compose("down", "--volumes", "--timeout", "20")
                say("containers and volumes are gone")


if __name__ == "__main__":
    main()
