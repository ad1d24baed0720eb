"""Answers as people give them: once more where Airflow puts its question once more.

An answer that comes before the scheduler has heard that the question was put fails the task, which then asks again as
its next try; on a busy machine the scheduler is seconds late.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from mailround.local.client import DAG, AirflowUser

SHOWN_SECONDS = 5.0
"""Until then a question that has just been answered may still be shown as open."""


def answer_until(
    done: Callable[[], bool],
    user: AirflowUser,
    run_id: str,
    step: str,
    option: str,
    *,
    dag: str = DAG,
    fields: Callable[[], Mapping[str, object]] = dict,
    seconds: float = 600,
) -> None:
    """Wait for something that an answer brings about, and answer as often as it is asked for."""
    deadline = time.monotonic() + seconds
    while not done():
        states = {each.task_id: each.state for each in user.tasks(run_id, dag=dag)}
        assert time.monotonic() < deadline, states
        if states.get(step) == "awaiting_input":
            user.answer(run_id, step, option, dag=dag, **fields())
            time.sleep(SHOWN_SECONDS)
        time.sleep(0.5)
