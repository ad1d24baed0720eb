"""What the watch calls stuck, and what it leaves alone: each row with its limit, just below and just above."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailround.errors import ConfigurationError
from mailround.settings import TOKYO, CheckSettings
from mailround.watch import ASLEEP, UNFINISHED, WAITING, Limits, Run, Seen, Step, Work, find, is_of_work, load_limits

AT = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
LIMITS = Limits(running={"render": 120}, other=30, waiting=15, idle=20, workers=2)
LONG = timedelta(days=200)
UNREAD = ConfigurationError("接続がありません。", "設定してください。")


def ago(minutes: float) -> datetime:
    return AT - timedelta(minutes=minutes)


def step(task_id: str, state: str, minutes: float, map_index: int = -1) -> Step:
    return Step(task_id, {"render": "06 通知書作成"}.get(task_id, "03 データ検査"), map_index, state, ago(minutes))


def run(*steps: Step, **changed: Any) -> Run:
    return replace(
        Run("mailing_round", "m1", "一斉送付の回", "2026-11-change", "running", AT - LONG, AT, steps), **changed
    )


def seen(*runs: Run, **changed: Any) -> Seen:
    work = Work(runs, {}, dict.fromkeys(("scheduler", "triggerer", "dag_processor"), True))
    return replace(Seen(AT, work, 2, {"MAILROUND_DATA": 2**30}, 2**30), **changed)


def told(looked: Seen) -> dict[str, str]:
    return {finding.key: finding.says for finding in find(looked, LIMITS)}


def test_nothing_is_told_where_all_is_well() -> None:
    assert told(seen()) == {}
    assert told(seen(run(step("extract", "running", 1)))) == {}


@pytest.mark.parametrize(
    ("task_id", "minutes", "late"),
    [("extract", 30, False), ("extract", 31, True), ("render", 120, False), ("render", 121, True)],
)
def test_a_task_may_run_as_long_as_its_kind_may(task_id: str, minutes: int, late: bool) -> None:
    assert bool(told(seen(run(step(task_id, "running", minutes))))) is late


def test_a_group_that_hangs_is_told_by_its_number_beside_those_that_do_not() -> None:
    groups = (step("render", "running", 5, 0), step("render", "running", 130, 1), step("render", "running", 131, 2))
    step_of, limit = "回 2026-11-changeの工程「06 通知書作成」", "動いたまま終わらない（目安は120分）"
    assert told(seen(run(*groups))) == {
        f"running/mailing_round/m1/render/{index}": f"{step_of}（{number}組目）が{minutes}分、{limit}"
        for index, number, minutes in ((1, 2, 130), (2, 3, 131))
    }


@pytest.mark.parametrize("state", sorted(WAITING))
@pytest.mark.parametrize(("minutes", "late"), [(15, False), (16, True)])
def test_what_is_about_to_run_may_not_wait_for_long(state: str, minutes: int, late: bool) -> None:
    assert bool(told(seen(run(step("extract", state, minutes))))) is late


def test_what_waits_for_the_same_reason_is_one_finding() -> None:
    groups = tuple(step("render", "queued", 20 + index, index) for index in range(4))
    assert told(seen(run(*groups, step("extract", "scheduled", 1)))) == {
        "waiting/mailing_round/m1/render": "回 2026-11-changeの工程「06 通知書作成」が4件、23分、始まらない"
    }


@pytest.mark.parametrize("state", sorted(ASLEEP))
def test_a_person_or_a_day_may_be_awaited_for_months(state: str) -> None:
    assert told(seen(run(step("approve_release", state, 60 * 24 * 200), last_moved=AT - LONG))) == {}


def test_every_unfinished_state_is_judged() -> None:
    for state in UNFINISHED - ASLEEP:
        assert told(seen(run(step("extract", state, 60 * 24))))


@pytest.mark.parametrize(("minutes", "late"), [(20, False), (21, True)])
def test_a_run_in_which_nothing_happens_and_nobody_is_asked_is_told(minutes: int, late: bool) -> None:
    found = told(seen(run(last_moved=ago(minutes))))
    assert list(found) == ["idle/mailing_round/m1"] * late


@pytest.mark.parametrize(("minutes", "late"), [(15, False), (16, True)])
def test_a_run_that_does_not_begin_is_told_by_the_name_of_its_dag(minutes: int, late: bool) -> None:
    queued = run(state="queued", since=ago(minutes), last_moved=ago(minutes), round_id="", title="設置の点検")
    found = told(seen(queued))
    assert list(found) == ["queued/mailing_round/m1"] * late
    assert all("「設置の点検」の実行が16分、始まらない" in says for says in found.values())


def test_a_paused_dag_and_a_silent_component_are_told() -> None:
    work = Work((), {"deletion_watch": "消去期限の見回り"}, {"scheduler": True, "triggerer": False})
    assert told(seen(work=work)) == {
        "paused/deletion_watch": "DAG「消去期限の見回り」が一時停止されている",
        "component/triggerer": "Airflowのトリガラから合図がない",
    }


@pytest.mark.parametrize(("workers", "late"), [(None, False), (3, False), (2, False), (1, True), (0, True)])
def test_fewer_workers_than_there_must_be_are_told_where_there_are_workers(workers: int | None, late: bool) -> None:
    assert list(told(seen(workers=workers))) == ["workers"] * late


def test_too_little_space_is_told_for_each_folder() -> None:
    full = {"MAILROUND_DATA": 2**30 - 1, "MAILROUND_INBOX": 2**30, "MAILROUND_VAULT": 0}
    assert list(told(seen(free=full))) == ["disk/MAILROUND_DATA", "disk/MAILROUND_VAULT"]


def test_work_that_cannot_be_seen_is_told_with_the_reason_and_the_rest_is_looked_at() -> None:
    found = {finding.key: finding for finding in find(seen(work=UNREAD, workers=0), LIMITS)}
    assert set(found) == {"unseen", "workers"}
    assert str(found["unseen"]) == "Airflowの実行の様子を見られない（接続がありません）。【対応】設定してください。"


def test_only_what_work_tells_is_of_work() -> None:
    everything = seen(
        run(step("extract", "running", 99), step("seal", "queued", 99)),
        run(run_id="m2", last_moved=ago(99)),
        run(run_id="m3", state="queued", since=ago(99)),
        workers=0,
        free={"MAILROUND_DATA": 0},
    )
    assert isinstance(everything.work, Work)
    work = replace(everything.work, paused={"x": "x"}, healthy={"scheduler": False})
    keys = told(replace(everything, work=work))
    assert [key.partition("/")[0] for key in keys if is_of_work(key)] == [
        *("running", "waiting", "idle", "queued", "paused", "component")
    ]
    assert [key for key in keys if not is_of_work(key)] == ["workers", "disk/MAILROUND_DATA"]


def test_every_finding_says_what_to_do_and_the_files_limits_can_be_read() -> None:
    limits = load_limits(CheckSettings().include)
    assert limits.workers >= 1
    for finding in find(seen(run(step("extract", "running", 10_000)), workers=0), limits):
        assert finding.says
        assert finding.remedy.endswith("。")
        assert not finding.says.endswith("。")
