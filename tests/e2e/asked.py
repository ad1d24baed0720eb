"""Answers as people give them: once a question can be answered, and once more where Airflow puts it once more.

An answer that comes before the scheduler has heard that the question was put fails the task, which then asks again as
its next try, minutes later in some DAGs. No person is so quick; on a busy machine the scheduler is seconds late. That
it has heard, its log alone tells.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from mailround.local.airflow import LocalAirflow
from mailround.local.client import DAG, AirflowUser


def ends(airflow: LocalAirflow, run_id: str, step: str, dag: str = DAG) -> int:
    """Return of how many processes of a step the scheduler has heard that they ended."""
    key = rf"TaskInstanceKey\(dag_id='{dag}', task_id='{step}', run_id='{re.escape(run_id)}',"
    return len(re.findall(rf"Received executor event with state \w+ for task instance {key}", _log(airflow)))


def asks(airflow: LocalAirflow, user: AirflowUser, run_id: str, step: str, dag: str = DAG) -> bool:
    """Tell whether a step waits for its answer, and the scheduler has heard of it."""
    states = {each.task_id: each.state for each in user.tasks(run_id, dag=dag)}
    begun = rf"Trying to enqueue tasks: .*<TaskInstance: {dag}\.{step} {re.escape(run_id)} "
    return states.get(step) == "awaiting_input" and len(re.findall(begun, _log(airflow))) == ends(
        airflow, run_id, step, dag
    )


def _log(airflow: LocalAirflow) -> str:
    return (airflow.home / "scheduler.log").read_text(encoding="utf-8")


def answer_until(
    done: Callable[[], bool],
    user: AirflowUser,
    run_id: str,
    step: str,
    option: str,
    *,
    airflow: LocalAirflow,
    dag: str = DAG,
    fields: Callable[[], Mapping[str, object]] = dict,
    seconds: float = 600,
) -> None:
    """Wait for something that an answer brings about, and answer as often as it is asked for."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, user.tasks(run_id, dag=dag)
        if asks(airflow, user, run_id, step, dag):
            user.answer(run_id, step, option, dag=dag, **fields())
        time.sleep(0.5)
