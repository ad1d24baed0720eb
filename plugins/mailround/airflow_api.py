"""What Airflow knows of accesses and of its work, asked for over the REST API: event log, users, runs and tasks.

A task has no access to Airflow's database; the API is what it may ask, as a user who may read these and nothing else.
Names and mail addresses of users are not read, nor what a call said beside its name: answers to forms are among that.
Of what a run was started with only the round's id is read.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx

from mailround.access_review import Account, Act, Kind, month_span
from mailround.errors import ConfigurationError
from mailround.roles import CONNECTION, reviewer
from mailround.watch import UNFINISHED, Run, Step, Work

KINDS: dict[Kind, frozenset[str]] = {
    "started": frozenset({"trigger_dag_run", "materialize_asset", "create_asset_event", "create_backfill"}),
    "answered": frozenset({"update_hitl_detail"}),
    "reworked": frozenset(
        {"post_clear_task_instances", "clear_dag_run", "clear_dag_runs", "clear_dag_run_partitions"}
    ),
    "marked": frozenset({
        "patch_task_instance", "patch_task_group_instances", "bulk_task_instances", "delete_task_instance",
        "patch_dag_run", "bulk_dag_runs", "delete_dag_run", "delete_dag",
        "create_xcom_entry", "update_xcom_entry", "delete_xcom_entry",
    }),
    "paused": frozenset({"patch_dag", "patch_dags", "pause_backfill", "unpause_backfill", "cancel_backfill"}),
    "configured": frozenset({
        "post_connection", "patch_connection", "delete_connection", "bulk_connections", "create_default_connections",
        "post_variable", "patch_variable", "delete_variable", "bulk_variables",
        "post_pool", "patch_pool", "delete_pool", "bulk_pools",
    }),
}  # fmt: skip
"""The API's calls that Airflow 3.3 logs, by what they do; any other that is logged is counted as ``other``."""
_BY_EVENT = {event: kind for kind, events in KINDS.items() for event in events}
_COMMAND = "cli_"
_COMPONENTS = frozenset({"cli_api_server", "cli_scheduler", "cli_dag_processor", "cli_triggerer", "cli_worker"})
"""Started by the machine, after every crash too: nobody's act."""
_RUNS = "/api/v2/dags/~/dagRuns"
_BEATING = ("scheduler", "triggerer", "dag_processor")
_PAGE = 100
_SECONDS = 60.0
_DENIED = frozenset({400, 401, 403})


def read_accesses(month: str) -> tuple[tuple[Act, ...], tuple[Account, ...]]:
    """Return what was done through Airflow in a month, and the active users as they are now.

    Raises:
        ConfigurationError: The connection is missing, or its user may not log in or not read.
        httpx.HTTPError: The API server does not answer; the task is tried again.
    """
    with _logged_in() as client:
        return tuple(_acts(client, *month_span(month))), tuple(_accounts(client))


def read_work() -> Work:
    """Return every run that has not ended with its tasks that have not, what is paused, and which components beat.

    Raises:
        ConfigurationError: As `read_accesses`.
        httpx.HTTPError: The API server does not answer; the task is tried again.
    """
    with _logged_in() as client:
        steps: dict[tuple[str, str], list[Step]] = {}
        for each in _pages(client, f"{_RUNS}/~/taskInstances", "task_instances", {"state": sorted(UNFINISHED)}):
            steps.setdefault((each["dag_id"], each["dag_run_id"]), []).append(_step(each))
        runs = tuple(
            _run(client, each, tuple(steps.get((each["dag_id"], each["dag_run_id"]), ())))
            for each in _pages(client, _RUNS, "dag_runs", {"state": ["queued", "running"]})
        )
        at_work = {run.dag_id for run in runs}
        paused = {
            each["dag_id"]: each["dag_display_name"]
            for each in _pages(client, "/api/v2/dags", "dags", {"paused": "true"})
            if each["timetable_summary"] or each["dag_id"] in at_work
        }
        health = _asked(client, "GET", "/api/v2/monitor/health")
        return Work(runs, paused, {name: health[name]["status"] == "healthy" for name in _BEATING})


def _run(client: httpx.Client, each: dict[str, Any], steps: tuple[Step, ...]) -> Run:
    since = _when(each["start_date"], each["queued_at"], each["run_after"])
    moved = since
    if each["state"] == "running" and not steps:
        # By name, not by path: the path's DAG must still be there, a run of an older version's need not be.
        ended = {
            "dag_id_prefix_pattern": each["dag_id"],
            "run_id_prefix_pattern": each["dag_run_id"],
            "state": ["failed", "removed", "skipped", "success", "upstream_failed"],
        }
        for last in _pages(client, f"{_RUNS}/~/taskInstances", "task_instances", ended):
            if (last["dag_id"], last["dag_run_id"]) == (each["dag_id"], each["dag_run_id"]):
                moved = max(moved, _when(last["end_date"], each["run_after"]))
    return Run(
        dag_id=each["dag_id"],
        run_id=each["dag_run_id"],
        title=each["dag_display_name"],
        round_id=str((each["conf"] or {}).get("round_id") or ""),
        state=each["state"],
        since=since,
        last_moved=moved,
        steps=steps,
    )


def _step(each: dict[str, Any]) -> Step:
    """Return a task; what it is since, follows from its state."""
    begun, ended, queued, scheduled = (
        each[name] for name in ("start_date", "end_date", "queued_when", "scheduled_when")
    )
    since = {
        "scheduled": (scheduled,),
        "queued": (queued, scheduled),
        "up_for_retry": (ended, begun),
        "up_for_reschedule": (ended, begun),
    }.get(each["state"], (begun, queued, scheduled))
    return Step(
        task_id=each["task_id"],
        title=each["task_display_name"],
        map_index=each["map_index"],
        state=each["state"],
        since=_when(*since, each["run_after"]),
    )


def _when(*moments: str | None) -> datetime:
    """Return the first that is known; the last one is."""
    return datetime.fromisoformat(next(moment for moment in moments if moment))


@contextmanager
def _logged_in() -> Iterator[httpx.Client]:
    from airflow.sdk.configuration import conf

    asked_as = reviewer()
    if asked_as is None:
        raise ConfigurationError(
            f"Airflowの記録を読む接続 {CONNECTION} がないか、宛先・利用者・パスワードのどれかが足りません。",
            "接続を設定してから `mailround roles apply` を実行してください。利用者は、そのときに作られます。",
        )
    # Trusted as the tasks' own calls of the API server are.
    trusted = ssl.create_default_context(cafile=conf.get("api", "ssl_ca_file", fallback=None) or None)
    with httpx.Client(base_url=asked_as.host, timeout=_SECONDS, verify=trusted) as client:
        login = {"username": asked_as.login, "password": asked_as.password}
        token = _asked(client, "POST", "/auth/token", json=login)["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def _acts(client: httpx.Client, begin: datetime, end: datetime) -> Iterator[Act]:
    span = {
        "after": (begin - timedelta(microseconds=1)).isoformat(),
        "before": end.isoformat(),
        "order_by": "event_log_id",
    }
    for each in _pages(client, "/api/v2/eventLogs", "event_logs", span):
        kind = _kind(each["event"], each["extra"])
        if kind and each["owner"]:
            yield Act(datetime.fromisoformat(each["when"]), each["owner"], kind)


def _kind(event: str, extra: str | None) -> Kind | None:
    """Return what an event is; None for what nobody did (a task that started, say). Only the API names a method."""
    if event.startswith(_COMMAND):
        return None if event in _COMPONENTS else "commanded"
    try:
        said = json.loads(extra or "null")
    except ValueError:
        said = None
    return _BY_EVENT.get(event, "other") if isinstance(said, dict) and "method" in said else None


def _accounts(client: httpx.Client) -> Iterator[Account]:
    for each in _pages(client, "/auth/fab/v1/users", "users", {"order_by": "username"}):
        if each["active"]:
            roles = tuple(sorted(role["name"] for role in each["roles"] or ()))
            yield Account(each["username"], roles, each["login_count"] or 0, each["fail_login_count"] or 0)


def _pages(client: httpx.Client, path: str, name: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every item; what is asked for does not grow meanwhile (a month that is over) or is small (users, runs)."""
    offset = 0
    while True:
        page = _asked(client, "GET", path, params={**params, "limit": _PAGE, "offset": offset})
        yield from page[name]
        offset += len(page[name])
        if not page[name] or offset >= page["total_entries"]:
            return


def _asked(client: httpx.Client, method: str, path: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on to httpx
    answer = client.request(method, path, **arguments)
    if answer.status_code in _DENIED:
        raise ConfigurationError(
            f"接続 {CONNECTION} の利用者では、Airflowの記録を読めません（{answer.status_code} {path}）。",
            "接続のパスワードを確かめ、`mailround roles apply` を実行してください。利用者が接続のとおりになります。",
        )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found
