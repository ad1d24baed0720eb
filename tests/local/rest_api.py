"""What the tests' REST API answers and was asked, and a task instance as Airflow's tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

RIGHT = "right"
"""Everybody's password."""


@dataclass
class Api:
    """A server that answers what ``answers`` holds for a method and path, a list one after the other; else 404."""

    url: str = ""
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def bodies(self, method: str) -> list[tuple[str, Any]]:
        return [(path, body) for verb, path, body in self.asked if verb == method]


def instance(task_id: str, state: str | None, start: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a task instance as Airflow's API tells it."""
    return {
        "task_id": task_id,
        "task_display_name": f"工程 {task_id}",
        "map_index": -1,
        "state": state,
        "try_number": 1,
        "start_date": start,
        "end_date": None,
        "duration": None,
        "pid": None,
        "executor": None,
    } | more
