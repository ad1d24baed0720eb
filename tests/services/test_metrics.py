"""What leaves by StatsD under include/airflow.env: Airflow's own client, a real socket, real datagrams."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from forked import Airflow
from mailround.local.airflow import LocalAirflow
from mailround.settings import REPOSITORY

NAME = "canary_kanari_takasaki"
INITIALIZED = """
import sys
from airflow.configuration import conf
from airflow.observability import stats
from airflow.observability.metrics import stats_utils

stats.initialize(
    factory=stats_utils.get_stats_factory(), export_legacy_names=conf.getboolean("metrics", "legacy_names_on")
)
"""
# All of Airflow's own list, by every kind of call. DAG and task are ours; whatever else varies is a person's name.
SEND = f"""{INITIALIZED}
from airflow._shared.observability.metrics.metrics_registry import MetricsRegistry

registry = MetricsRegistry()
names = sorted(registry._metrics)
varying = {{variable for name in names for variable in registry.get(name).get("name_variables", [])}}
tags = dict.fromkeys(varying | {{"run_id", "round_id", "title"}}, sys.argv[1])
tags |= {{"dag_id": "mailing_round", "task_id": "render"}}
for name in names:
    for state in ("failed", "success"):
        told = tags | {{"state": state}}
        stats.incr(name, tags=told)
        stats.gauge(name, 1, tags=told)
        stats.timing(name, 1.0, tags=told)
print(len(names))
"""
EXECUTOR = f"""{INITIALIZED}
from airflow.executors.local_executor import LocalExecutor

LocalExecutor(parallelism=4)._emit_metrics(open_slots=4, num_running_tasks=1, num_queued_tasks=3)
"""


class Sent:
    """What came of a process that sends: its environment is the repository's, with metrics on."""

    def __init__(self, folder: Path, airflow: Airflow) -> None:
        self._folder = folder
        self._airflow = airflow

    def __call__(self, code: str, **environment: str) -> tuple[str, list[str]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 2**20)
            listener.setblocking(False)
            port = {"AIRFLOW__METRICS__STATSD_PORT": str(listener.getsockname()[1])}
            told = LocalAirflow(self._folder, 1, 2).environment() | port | environment
            done = self._airflow.python("-c", code, NAME, environment=told)
            assert done.returncode == 0, done.stderr
            datagrams = []
            while True:
                try:
                    datagrams.append(listener.recv(65536).decode())
                except BlockingIOError:
                    return done.stdout, datagrams


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, airflow: Airflow) -> Sent:
    return Sent(tmp_path_factory.mktemp("metrics") / "airflow", airflow)


ON = {"AIRFLOW__METRICS__STATSD_ON": "True"}


def described() -> set[str]:
    """Return the names in the documentation's table."""
    table = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))


def test_nothing_is_sent_unless_it_is_turned_on(sent: Sent) -> None:
    assert sent(SEND)[1] == []


def test_only_what_is_described_leaves_and_no_name_of_a_person_with_it(sent: Sent) -> None:
    told, datagrams = sent(SEND, **ON)
    assert int(told.splitlines()[-1]) > 100
    names = {datagram.partition(":")[0].removeprefix("airflow.") for datagram in datagrams}
    assert {name.replace("mailing_round.render", "<dag_id>.<task_id>") for name in names} == described()
    assert not any(NAME in datagram for datagram in datagrams)


def test_with_an_open_list_a_name_would_leave(sent: Sent) -> None:
    """Else the test above would prove nothing."""
    _, datagrams = sent(SEND, **ON, AIRFLOW__METRICS__METRICS_ALLOW_LIST="")
    assert any(NAME in datagram for datagram in datagrams)


def test_the_executor_itself_sends_what_the_table_says_of_it(sent: Sent) -> None:
    _, datagrams = sent(EXECUTOR, **ON)
    assert set(datagrams) == {"airflow.executor.running_tasks:1|g", "airflow.executor.queued_tasks:3|g"}
