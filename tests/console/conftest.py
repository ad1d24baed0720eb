"""One web application for all tests of the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from served import Served, serving

from mailround.local.airflow import LocalAirflow


@pytest.fixture(scope="session")
def served(metadata: LocalAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(metadata, tmp_path_factory.mktemp("console")) as application:
        yield application
