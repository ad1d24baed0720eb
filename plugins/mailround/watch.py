"""What must not go on for long: a task, a wait, a run in which nothing happens, a component or a worker that is away.

(what was seen, limits) → findings, like the doctor's rows; nothing here touches the world. A step that waits for a
person is not stuck: it has dues and reminders of its own. Neither is one that waits for a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from mailround.configuration import read_yaml
from mailround.errors import MailroundError

WAITING = frozenset({"scheduled", "queued", "up_for_retry", "up_for_reschedule", "restarting"})
"""States in which a task is about to run."""
ASLEEP = frozenset({"awaiting_input", "deferred"})
"""A person is asked, or a day is awaited."""
UNFINISHED = frozenset({"running"}) | WAITING | ASLEEP
_COMPONENTS = {"scheduler": "スケジューラ", "triggerer": "トリガラ", "dag_processor": "DAGプロセッサ"}


class Limits(BaseModel):
    """``include/watch.yaml``: minutes after which something counts as stuck, and how many workers there must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    running: dict[str, PositiveInt] = Field(description="By task; the others' limit is ``other``.")
    other: PositiveInt
    waiting: PositiveInt
    idle: PositiveInt
    workers: PositiveInt


@dataclass(frozen=True, slots=True)
class Step:
    """A task that has not ended: ``since`` it is in its state."""

    task_id: str
    title: str
    map_index: int
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has not ended.

    ``title`` is its DAG's, ``round_id`` is empty where it is about none; ``since`` it is queued or running;
    ``last_moved``: when something in it last began or ended.
    """

    dag_id: str
    run_id: str
    title: str
    round_id: str
    state: str
    since: datetime
    last_moved: datetime
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"回 {self.round_id}" if self.round_id else f"「{self.title}」"


@dataclass(frozen=True, slots=True)
class Work:
    """What Airflow tells of its work.

    ``paused`` are titles by DAG; only those that have a timetable or a run. ``healthy`` is by component.
    """

    runs: tuple[Run, ...]
    paused: Mapping[str, str]
    healthy: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. ``work`` may be what kept it from being seen; ``workers`` is None without Celery, ``free`` in bytes."""

    at: datetime
    work: Work | MailroundError
    workers: int | None
    free: Mapping[str, int]
    least_free: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell: the same as at the last look when its key is. Both texts are Japanese."""

    key: str
    says: str
    remedy: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.says}。【対応】{self.remedy}"


def load_limits(include: Path) -> Limits:
    """Return the limits.

    Raises:
        ConfigurationError: The file is missing or wrong.
    """
    return read_yaml(include, "watch", Limits, "見回りの基準")


def find(seen: Seen, limits: Limits) -> tuple[Finding, ...]:
    """Return what is to be told of."""
    return tuple(finding for look in _LOOKS for finding in look(seen, limits))


def is_of_work(key: str) -> bool:
    """Tell whether a finding is one that only `Work` can show to be over."""
    return key.startswith(_OF_WORK)


_OF_WORK = ("running/", "waiting/", "idle/", "queued/", "paused/", "component/")


def _work(seen: Seen) -> Work:
    return seen.work if isinstance(seen.work, Work) else Work((), {}, {})


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def _runs(seen: Seen, state: str) -> Iterator[Run]:
    yield from (run for run in _work(seen).runs if run.state == state)


def _too_long(seen: Seen, limits: Limits) -> Iterator[Finding]:
    for run in _runs(seen, "running"):
        for step in run.steps:
            lasts = seen.at - step.since
            limit = limits.running.get(step.task_id, limits.other)
            if step.state == "running" and lasts > timedelta(minutes=limit):
                group = f"（{step.map_index + 1}組目）" if step.map_index >= 0 else ""
                yield Finding(
                    f"running/{run.dag_id}/{run.run_id}/{step.task_id}/{step.map_index}",
                    f"{run.name}の工程「{step.title}」{group}が{_minutes(lasts)}分、動いたまま終わらない（目安は{limit}分）",
                    "記録（Logs）が進んでいるか確かめ、進んでいなければ、その工程を「Clear」してください。",
                )


def _waiting(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """Tell of the tasks of one step together: they wait for the same reason."""
    for run in _runs(seen, "running"):
        late = [
            step
            for step in run.steps
            if step.state in WAITING and seen.at - step.since > timedelta(minutes=limits.waiting)
        ]
        for task_id, count in Counter(step.task_id for step in late).items():
            longest = max((step for step in late if step.task_id == task_id), key=lambda step: seen.at - step.since)
            yield Finding(
                f"waiting/{run.dag_id}/{run.run_id}/{task_id}",
                f"{run.name}の工程「{longest.title}」が{count}件、{_minutes(seen.at - longest.since)}分、始まらない",
                "ほかの工程が空きを使っていないか、作業者（worker）が動いているか確かめてください。",
            )


def _idle(seen: Seen, limits: Limits) -> Iterator[Finding]:
    for run in _runs(seen, "running"):
        lasts = seen.at - run.last_moved
        if not run.steps and lasts > timedelta(minutes=limits.idle):
            yield Finding(
                f"idle/{run.dag_id}/{run.run_id}",
                f"{run.name}の実行で{_minutes(lasts)}分、何も動かず、誰にも尋ねていない",
                "実行の画面で工程の状態を確かめ、止まっている工程を「Clear」してください。",
            )


def _not_begun(seen: Seen, limits: Limits) -> Iterator[Finding]:
    for run in _runs(seen, "queued"):
        lasts = seen.at - run.since
        if lasts > timedelta(minutes=limits.waiting):
            yield Finding(
                f"queued/{run.dag_id}/{run.run_id}",
                f"{run.name}の実行が{_minutes(lasts)}分、始まらない",
                "同じDAGの前の実行が終わっているか、DAGが一時停止されていないか確かめてください。",
            )


def _paused(seen: Seen, _: Limits) -> Iterator[Finding]:
    for dag_id, title in _work(seen).paused.items():
        yield Finding(
            f"paused/{dag_id}",
            f"DAG「{title}」が一時停止されている",
            "誰がなぜ止めたか監査記録（Audit Logs）で確かめ、画面のスイッチで再開してください。",
        )


def _away(seen: Seen, _: Limits) -> Iterator[Finding]:
    for component, healthy in _work(seen).healthy.items():
        if not healthy:
            yield Finding(
                f"component/{component}",
                f"Airflowの{_COMPONENTS.get(component, component)}から合図がない",
                "その部品の記録を確かめ、起動し直してください。",
            )


def _workers(seen: Seen, limits: Limits) -> Iterator[Finding]:
    if seen.workers is not None and seen.workers < limits.workers:
        yield Finding(
            "workers",
            f"回の工程を受け持つ作業者（worker）が{seen.workers}しか答えず、必要な{limits.workers}より少ない",
            "止まった作業者の記録を確かめ、起動し直してください。"
            "数を減らしたのなら、include/watch.yaml の workers を直してください。",
        )


def short_of_space(free: Mapping[str, int], least: int) -> Iterator[Finding]:
    """Tell of each place with fewer free bytes."""
    for name, there in free.items():
        if there < least:
            yield Finding(
                f"disk/{name}",
                f"{name} の空きが {there // 2**20:,} MiB で、必要な {least // 2**20:,} MiB より少ない",
                "空きを増やしてください。足りないままでは、回が途中で止まります。",
            )


def _unseen(seen: Seen, _: Limits) -> Iterator[Finding]:
    if isinstance(seen.work, MailroundError):
        happened = seen.work.happened.rstrip("。")
        yield Finding("unseen", f"Airflowの実行の様子を見られない（{happened}）", seen.work.remedy)


_LOOKS: tuple[Callable[[Seen, Limits], Iterator[Finding]], ...] = (
    _too_long,
    _waiting,
    _idle,
    _not_begun,
    _paused,
    _away,
    _workers,
    lambda seen, _: short_of_space(seen.free, seen.least_free),
    _unseen,
)
