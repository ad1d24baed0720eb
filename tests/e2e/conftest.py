"""One real Airflow for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailround.local.airflow import LocalAirflow
from mailround.local.drive import Driver
from ports import free_port


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    local = LocalAirflow(tmp_path_factory.mktemp("airflow"), free_port(), free_port())
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
