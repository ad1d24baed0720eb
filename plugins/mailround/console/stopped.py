"""Which steps of rounds have failed in Airflow: what nobody does again until somebody looks.

Only a hint on a page. How a round stands, the register alone says (docs/adr/0006); that a step stands still, it cannot.
"""

from __future__ import annotations

from collections.abc import Collection

from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from mailround.way import DAG_ID


def stopped_steps(run_ids: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return run and task of every step of these runs that has failed."""
    failed = select(TaskInstance.run_id, TaskInstance.task_id).where(
        TaskInstance.dag_id == DAG_ID, TaskInstance.run_id.in_(sorted(run_ids)), TaskInstance.state == "failed"
    )
    with create_session() as session:
        return frozenset((row.run_id, row.task_id) for row in session.execute(failed))
