"""A ward's topology at small scale: CeleryExecutor, two workers, metadata and register on PostgreSQL, a broker.

A worker that is killed with all that it began is a machine that is gone. What brings its task back within seconds is
Airflow's heartbeat (`[scheduler] task_instance_heartbeat_timeout` and its `_detection_interval`), not the broker: with
`task_acks_late` the message would be delivered again only after `visibility_timeout`, and a prefetch of 1 keeps what
a worker cannot begin at once on the queue, where the other worker takes it. `include/airflow.env` has a ward's values.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from answered import answer
from journey import small_chunks
from mailround.check_quality import check_quality
from mailround.context import PASSWORD, ROUND_KEY, RoundContext, load_round
from mailround.decide_holds import GO_ON, HoldDecision
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.forms import UNCHOSEN, Settled, settle
from mailround.local.airflow import OWNER_VARIABLE, LocalAirflow
from mailround.local.client import TaskState
from mailround.local.drive import Driver, sample_round
from mailround.model import ChunkGroup, RoundParams
from mailround.open_round import open_round
from mailround.package_check import check_package
from mailround.plan_print import plan_print
from mailround.register.entries import PrintPlanned, Rendered, Sealed, Verified, standing
from mailround.render import pdf_name, render
from mailround.seal import package_path
from mailround.settings import TOKYO, Settings
from mailround.vault import Vault
from ports import free_port
from tampered import owner_url

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

HOUSEHOLDS, CHUNK = 300, 3
"""Many small chunks, so that a worker is caught between two of them."""
QUICK = {
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
}
"""A ward waits two minutes, the test does not; and no DAG file changes meanwhile."""


@pytest.fixture
def ward(settings: Settings, tmp_path: Path) -> Settings:
    """The ward of the embedded run; its configuration is that of both."""
    return small_chunks(settings, tmp_path, CHUNK)


@pytest.fixture
def airflow(ward: Settings, tmp_path: Path, redis: str, metadata_url: str, postgres_url: str) -> Iterator[LocalAirflow]:
    extra = QUICK | {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_url,
        "MAILROUND_INCLUDE": str(ward.include),
        "MAILROUND_REGISTER_URL": postgres_url,
        OWNER_VARIABLE: owner_url(postgres_url),
    }
    local = LocalAirflow(tmp_path / "airflow", free_port(), free_port(), tuple(extra.items()), workers=2)
    try:
        local.start(lambda _: None)
        yield local
    finally:
        local.stop()


@pytest.fixture
def driver(airflow: LocalAirflow) -> Iterator[Driver]:
    users = Driver(airflow)
    yield users
    users.close()


def pdfs(work: RoundContext) -> dict[str, str]:
    """Return the SHA-256 of every PDF of a round, decrypted."""
    return {name: hashlib.sha256(work.workspace.read(name)).hexdigest() for name in work.workspace.names("print")}


def embedded(ward: Settings, params: RoundParams, inbox: Path) -> tuple[RoundContext, list[ChunkGroup]]:
    """Go from the same export to the same PDFs without Airflow."""
    for name in (params.source, params.source + CONTROL_SUFFIX):
        shutil.copy(inbox / name, ward.inbox / name)
    at = datetime.now(TOKYO)
    open_round(ward, params.model_dump(mode="json"), run_id="embedded", triggered_by="datateam", at=at)
    work = load_round(ward, params.round_id)
    extract(work, at=at)
    check_quality(work, at=at)
    settled = settle(HoldDecision, work, answer(HoldDecision, responder="datateam", answered_at=at), at=at)
    assert isinstance(settled, Settled), settled
    groups = plan_print(work, at=at)
    for group in groups:
        render(work, group, at=at)
    return work, groups


def go_on(driver: Driver, run_id: str) -> None:
    """The data team goes on without the held households, as the embedded round does."""
    nothing = {"rule": "", "case_nos": "", "reason": UNCHOSEN, "reference": "", "change_acknowledged": False}
    driver.users["datateam"].answer(run_id, "decide_holds", GO_ON, **nothing)


def processes_under(pid: int) -> list[int]:
    """Return a process and all that it began, itself first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def kill_a_worker_that_renders(driver: Driver, states: list[TaskState], groups: list[ChunkGroup]) -> int | None:
    """Wait until a running task has drawn some of its chunks, and kill its worker with all that it began.

    Returns:
        The map index of that task; None when none is running, or all that are have drawn everything.
    """
    running = {each.map_index: each for each in states if each.task_id == "render" and each.state == "running"}
    if running:
        work = load_round(driver.settings, groups[0].round_id)
    while running:
        for index in tuple(running):
            before = undrawn(work, groups[index])
            if not before:
                del running[index]
            elif len(before) <= groups[index].last - groups[index].first:
                (tree,) = [tree for tree in map(processes_under, workers(driver.airflow)) if running[index].pid in tree]
                for pid in tree:
                    os.kill(pid, signal.SIGKILL)
                assert undrawn(work, groups[index]), "it came too late"
                return index
        time.sleep(0.002)
    return None


def undrawn(work: RoundContext, group: ChunkGroup) -> set[str]:
    """Return the names of the PDFs of a group that are not there yet."""
    named = {pdf_name(work, number) for number in range(group.first, group.last + 1)}
    return named - set(work.workspace.names("print"))


def run_to_approval(driver: Driver, run_id: str, groups: list[ChunkGroup]) -> int:
    """Answer until the approval is asked for, killing one worker on the way; return which task was lost."""
    lost: int | None = None
    while True:
        states = driver.users["datateam"].tasks(run_id)
        if lost is None:
            lost = kill_a_worker_that_renders(driver, states, groups)
        asked = {each.task_id for each in states if each.state == "awaiting_input"}
        if "approve_release" in asked:
            assert lost is not None, "no worker was killed"
            return lost
        if "decide_holds" in asked:
            go_on(driver, run_id)
        failed = [each.task_id for each in states if each.state in {"failed", "upstream_failed"}]
        assert not failed
        time.sleep(0.5)


def workers(airflow: LocalAirflow) -> list[int]:
    """Return the pids of the workers that were started."""
    started = json.loads((airflow.home / "pids.json").read_text(encoding="utf-8"))
    return [pid for name, (pid, _) in started.items() if name.startswith("worker-")]


def answering(airflow: LocalAirflow) -> int:
    """Return how many workers the watch would count."""
    told = [sys.executable, "-c", "from mailround.house import answering_workers; print(answering_workers())"]
    done = subprocess.run(told, env=airflow.environment(), capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


def test_a_round_over_two_workers_of_which_one_is_killed_prints_what_one_process_prints(
    driver: Driver, ward: Settings
) -> None:
    assert answering(driver.airflow) == 2
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in workers(driver.airflow)]
    assert len(environments) == 2
    assert not any(OWNER_VARIABLE.encode() in each for each in environments), "who works does not own the register"
    params = sample_round(driver.settings, households=HOUSEHOLDS, seed=17, name="celery")
    here, groups = embedded(ward, params, driver.settings.inbox)
    # Piece ids follow from the round's key: both rounds get the same one.
    key = here.vault.open(params.round_id, ROUND_KEY)
    Vault(driver.settings.vault, driver.settings.vault_identity).keep(params.round_id, ROUND_KEY, key)
    run_id = driver.trigger(params)
    lost = run_to_approval(driver, run_id, groups)
    assert answering(driver.airflow) == 1

    there = load_round(driver.settings, params.round_id)
    assert len(pdfs(there)) == groups[-1].last
    assert pdfs(there) == pdfs(here)
    tasks = driver.users["datateam"].tasks(run_id)
    assert lost in {each.map_index for each in tasks if each.task_id == "render" and each.try_number > 1}
    once = (PrintPlanned, Rendered, Verified, Sealed)
    assert [len(standing(there.entries, kind)) for kind in once] == [1, len(groups), len(groups), 1]
    report = check_package(
        package_path(there.settings, there.round_id), there.vault.open(there.round_id, PASSWORD).decode()
    )
    assert {each.sha256 for each in report.manifest.members if each.pieces} == {*pdfs(here).values()}
    assert driver.register.verify().entries == len(driver.register.entries())
