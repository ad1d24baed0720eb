"""What Airflow knows of accesses: its event log and its users, asked for over the REST API.

A task has no access to Airflow's database; the API is what it may ask, as a user who may read both and nothing else.
Names and mail addresses of users are not read, nor what a call said beside its name: answers to forms are among that.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx

from mailround.access_review import Account, Act, Kind, month_span
from mailround.errors import ConfigurationError
from mailround.roles import CONNECTION, reviewer

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
_PAGE = 100
_SECONDS = 60.0
_DENIED = frozenset({400, 401, 403})


def read_accesses(month: str) -> tuple[tuple[Act, ...], tuple[Account, ...]]:
    """Return what was done through Airflow in a month, and the active users as they are now.

    Raises:
        ConfigurationError: The connection is missing, or its user may not log in or not read.
        httpx.HTTPError: The API server does not answer; the task is tried again.
    """
    from airflow.sdk.configuration import conf

    asked_as = reviewer()
    if asked_as is None:
        raise ConfigurationError(
            f"監査記録を読む接続 {CONNECTION} がないか、宛先・利用者・パスワードのどれかが足りません。",
            "接続を設定してから `mailround roles apply` を実行してください。利用者は、そのときに作られます。",
        )
    # Trusted as the tasks' own calls of the API server are.
    trusted = ssl.create_default_context(cafile=conf.get("api", "ssl_ca_file", fallback=None) or None)
    with httpx.Client(base_url=asked_as.host, timeout=_SECONDS, verify=trusted) as client:
        login = {"username": asked_as.login, "password": asked_as.password}
        token = _asked(client, "POST", "/auth/token", json=login)["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return tuple(_acts(client, *month_span(month))), tuple(_accounts(client))


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


def _pages(client: httpx.Client, path: str, name: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield every item; what is asked for does not grow meanwhile (a month that is over) or is small (users)."""
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
            f"接続 {CONNECTION} の利用者では、監査記録を読めません（{answer.status_code} {path}）。",
            "接続のパスワードを確かめ、`mailround roles apply` を実行してください。利用者が接続のとおりになります。",
        )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found
