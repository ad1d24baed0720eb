"""One real Airflow for all end-to-end tests."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mailround.local.airflow import LocalAirflow
from mailround.local.drive import Driver


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    local = LocalAirflow(tmp_path_factory.mktemp("airflow"), _free_port(), _free_port())
    try:
        local.start(lambda _: None)
        yield local
    finally:
        local.stop()


@pytest.fixture(scope="session")
def driver(airflow: LocalAirflow) -> Iterator[Driver]:
    users = Driver(airflow)
    yield users
    users.close()
