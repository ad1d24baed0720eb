"""One real Airflow for all end-to-end tests, and the rounds on it that take longest: they begin before the tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from whole_round import run_to_the_end

from mailround.local.airflow import LocalAirflow
from mailround.local.drive import Driver, sample_round
from mailround.model import RoundParams
from ports import free_port

PARSED_ONCE = ("AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL", "3600")
"""No DAG file changes while tests run; by default each is read anew every half minute, in a process of its own."""


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    local = LocalAirflow(tmp_path_factory.mktemp("airflow"), free_port(), free_port(), (PARSED_ONCE,))
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


@pytest.fixture(scope="session")
def whole_round(driver: Driver) -> Iterator[Future[RoundParams]]:
    """A round that its users bring to its end while the tests run: what it was started with."""
    with ThreadPoolExecutor(1) as users:
        yield users.submit(run_to_the_end, driver)


@pytest.fixture(scope="session")
def begun_round(driver: Driver) -> tuple[str, str]:
    """A round that nobody has answered anything in: the ids of its run and of itself."""
    params = sample_round(driver.settings, households=40, seed=31, name="roles")
    return driver.trigger(params), params.round_id


@pytest.fixture(scope="session", autouse=True)
def begun(request: pytest.FixtureRequest) -> None:
    """Begin the rounds that tests further behind wait for."""
    for name in ("whole_round", "begun_round"):
        if any(name in getattr(item, "fixturenames", ()) for item in request.session.items):
            request.getfixturevalue(name)
