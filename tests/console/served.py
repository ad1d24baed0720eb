"""Airflow's own web application with our plugin in it, and people who are really logged in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from mailround.local.airflow import LocalAirflow
from mailround.local.people import USERS
from mailround.register.store import Register
from mailround.settings import Settings
from ports import free_port
from wards import ward_in

SERVE = """
import sys
import uvicorn
from airflow.api_fastapi.app import create_app

uvicorn.run(create_app("core"), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Served:
    """The address, the Airflow, the ward behind it, and everybody's login; ``nobody`` has none."""

    url: str
    airflow: LocalAirflow
    ward: Settings
    people: dict[str, httpx.Client]
    nobody: httpx.Client

    def get(self, user: str, path: str) -> httpx.Response:
        return self.people[user].get(f"/mailround{path}")


@contextmanager
def serving(metadata: LocalAirflow, folder: Path) -> Iterator[Served]:
    """Serve a ward that has everything in a folder, with a copy of a metadata database and its people."""
    shutil.copytree(metadata.home, folder / "airflow")
    airflow = LocalAirflow(folder / "airflow", 1, 2)
    ward = ward_in(folder)
    Register(ward.register_url).migrate()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = airflow.environment() | {
        "AIRFLOW__API__BASE_URL": url,
        **{f"MAILROUND_{name.upper()}": str(folder / name) for name in ("inbox", "data", "outbox", "vault")},
        "MAILROUND_VAULT_IDENTITY": str(ward.vault_identity),
        "MAILROUND_REGISTER_URL": ward.register_url,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port)], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    nobody = httpx.Client(base_url=url, timeout=60)
    people = {user.name: httpx.Client(base_url=url, timeout=60) for user in USERS}
    try:
        _await(process, nobody, folder / "log")
        for name, client in people.items():
            asked = {"username": name, "password": airflow.password}
            client.cookies["_token"] = client.post("/auth/token", json=asked).json()["access_token"]
        yield Served(url, airflow, ward, people, nobody)
    finally:
        for client in (nobody, *people.values()):
            client.close()
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            client.get("/api/v2/version")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text(encoding="utf-8"))
