"""Remove what Airflow keeps of finished work once its days are over: runs with all that hangs on them, events, logs.

A process of its own (``python -m mailround.cleaning``), because Airflow hides its database from tasks. ``airflow db
clean`` goes by the day a run started, and would take a round that has waited for its deletion certificate for months;
so runs are deleted here as the REST API does it, and only tables that no run depends on are left to Airflow's cleaning.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mailround.private_files import delete
from mailround.register.entries import Entry, RoundClosed, RoundEnded, RoundOpened
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLES = ["log", "job", "import_error", "session", "revoked_token", "celery_taskmeta", "celery_tasksetmeta"]
"""None of them has dependent tables in Airflow's own list: those would be cleaned with it, runs among them."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How much is gone."""

    runs: int
    log_files: int


def clean(settings: Settings, *, at: datetime) -> Cleaned:
    """Delete what ended before the settings' days.

    Kept, however old: a run that has not ended (it may be parked), a run of a round that is not closed in the register
    (its steps may have to be cleared yet), and the last run of every DAG, from which the timetable goes on.
    """
    before = at - timedelta(days=settings.metadata_days)
    gone = _delete_runs(before, _open_rounds(Register(settings.register_url).entries()))
    _clean_tables(before)
    return Cleaned(gone, _delete_logs(before))


def _open_rounds(entries: Iterable[Entry]) -> set[str]:
    opened: set[str] = set()
    over: set[str] = set()
    for entry in entries:
        match entry.body:
            case RoundOpened():
                opened.add(entry.round_id)
            case RoundClosed() | RoundEnded():
                over.add(entry.round_id)
            case _:
                pass
    return opened - over


def _delete_runs(before: datetime, rounds: set[str]) -> int:
    import sqlalchemy as sa
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import State

    with create_session() as session:
        last = sa.select(sa.func.max(DagRun.id)).group_by(DagRun.dag_id).scalar_subquery()
        over = DagRun.state.in_(State.finished_dr_states), DagRun.end_date < before, DagRun.id.not_in(last)
        runs = [run for run in session.scalars(sa.select(DagRun).where(*over)) if _round_of(run.conf) not in rounds]
        for run in runs:
            session.delete(run)
        return len(runs)


def _round_of(conf: object) -> object:
    return conf.get("round_id") if isinstance(conf, dict) else None


def _clean_tables(before: datetime) -> None:
    import pendulum
    from airflow.utils.db_cleanup import run_cleanup

    run_cleanup(
        clean_before_timestamp=pendulum.instance(before),
        table_names=_TABLES,
        confirm=False,
        skip_archive=True,
        error_on_cleanup_failure=True,
    )


def _delete_logs(before: datetime) -> int:
    """Delete old log files, but none of a run that Airflow still knows; return how many."""
    import sqlalchemy as sa
    from airflow.configuration import conf
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    root = Path(conf.get("logging", "base_log_folder"))
    with create_session() as session:
        known = {
            root / f"dag_id={dag_id}" / f"run_id={run_id}"
            for dag_id, run_id in session.execute(sa.select(DagRun.dag_id, DagRun.run_id))
        }
    gone = 0
    for file in sorted(root.rglob("*"), reverse=True):  # what is in a folder before the folder
        if file.is_dir() and not file.is_symlink():
            if not any(file.iterdir()):
                file.rmdir()
        elif known.isdisjoint(file.parents) and file.lstat().st_mtime < before.timestamp():
            gone += delete(file)
    return gone


if __name__ == "__main__":
    cleaned = clean(load_settings(), at=datetime.now(TOKYO))
    sys.stdout.write(f"\n{json.dumps(asdict(cleaned))}\n")  # after what Airflow prints
