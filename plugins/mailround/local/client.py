"""The few calls of Airflow's REST API that a user of a mailing round makes, as that user."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import httpx

from mailround.errors import MailroundError

DAG = "mailing_round"
"""Where a run is looked for unless another DAG is named."""
_SETTLE_SECONDS = 3.0
"""An answer within a second of ``awaiting_input`` fails the task; people are slower than that, programs must wait."""
_MORE_TRIES, _NEXT_TRY_SECONDS = 3, 1.0
"""Over SQLite, an API server just started may lock itself out; what it then answers with 500 is rolled back."""
_ONE_AT_A_TIME = Lock()
"""Over SQLite, two calls at once (each is logged) may wait for each other, until one fails after 15 seconds."""


class ClientError(MailroundError):
    """The API refused a call, or what was waited for did not come."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task instance as the API tells it; times are ISO texts or None."""

    task_id: str
    title: str
    map_index: int
    state: str | None
    try_number: int
    started: str | None
    ended: str | None
    duration: float | None
    pid: int | None


class AirflowUser:
    """One logged-in user."""

    def __init__(self, url: str, name: str, password: str) -> None:
        """Log in.

        Raises:
            ClientError: Wrong name or password.
        """
        self.name = name
        self._http = httpx.Client(base_url=url, timeout=30)
        self._http.headers["Authorization"] = (
            f"Bearer {self._call('POST', '/auth/token', json={'username': name, 'password': password})['access_token']}"
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def dags(self) -> set[str]:
        """Return the ids of the DAGs this user sees."""
        return {each["dag_id"] for each in self._call("GET", "/api/v2/dags")["dags"]}

    def import_errors(self) -> list[str]:
        """Return the DAG import errors."""
        return [each["stack_trace"] for each in self._call("GET", "/api/v2/importErrors")["import_errors"]]

    def trigger(self, params: Mapping[str, str], dag: str = DAG) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": dict(params)}
        return str(self._call("POST", f"/api/v2/dags/{dag}/dagRuns", json=body)["dag_run_id"])

    def run_state(self, run_id: str, dag: str = DAG) -> str:
        """Return the state of a run."""
        return str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}")["state"])

    def tasks(self, run_id: str, dag: str = DAG) -> list[TaskState]:
        """Return all task instances of a run, in the order they started."""
        found = self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"]
        return [
            TaskState(
                each["task_id"],
                each["task_display_name"],
                each["map_index"],
                each["state"],
                each["try_number"],
                each["start_date"],
                each["end_date"],
                each["duration"],
                each["pid"],
            )
            for each in sorted(found, key=lambda each: (each["start_date"] or "9", each["map_index"]))
        ]

    def request(self, run_id: str, task_id: str, dag: str = DAG) -> dict[str, Any]:
        """Return the open form of a task: subject, body, options, params."""
        return self._call("GET", f"{self._instance(run_id, task_id, dag)}/-1/hitlDetails")

    def answer(self, run_id: str, task_id: str, option: str, *, dag: str = DAG, **fields: object) -> None:
        """Answer a form as this user.

        Raises:
            ClientError: The API refused the answer (no permission, already answered).
        """
        time.sleep(_SETTLE_SECONDS)
        self._call(
            "PATCH",
            f"{self._instance(run_id, task_id, dag)}/-1/hitlDetails",
            json={"chosen_options": [option], "params_input": fields},
        )

    def log(self, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1, dag: str = DAG) -> str:
        """Return a try's log as text."""
        content = self._call("GET", f"{self._instance(run_id, task_id, dag)}/logs/{try_number}?map_index={map_index}")
        return "\n".join(str(line) for line in content["content"])

    def clear(self, run_id: str, task_id: str, dag: str = DAG) -> None:
        """Clear a task and everything after it, so that it runs again."""
        self._call(
            "POST",
            f"/api/v2/dags/{dag}/clearTaskInstances",
            json={
                "dry_run": False,
                "dag_run_id": run_id,
                "task_ids": [task_id],
                "include_downstream": True,
                "only_failed": False,
                "reset_dag_runs": True,
            },
        )

    @staticmethod
    def _instance(run_id: str, task_id: str, dag: str) -> str:
        return f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances/{task_id}"

    def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - passed on to httpx
        """Make any call as this user, when no other user of this process is making one."""
        with _ONE_AT_A_TIME:
            return self._http.request(method, path, **arguments)

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on to httpx
        answer = self.send(method, path, **arguments)
        for _ in range(_MORE_TRIES):
            if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                break
            time.sleep(_NEXT_TRY_SECONDS)
            answer = self.send(method, path, **arguments)
        if answer.is_error:
            raise ClientError(
                f"AirflowのAPIが要求を断りました（{answer.status_code} {method} {path}）。",
                f"利用者「{self.name}」の権限と、工程の状態を確認してください。",
            )
        found: dict[str, Any] = answer.json()
        return found
