"""What the demo shows: the progress of a round step by step, and a summary that is the register's.

The demo as a whole, on a real Airflow, is `make demo`; the parts under it are driven by tests/e2e.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console
from rich.table import Table

from mailround.context import RoundContext
from mailround.local.airflow import LocalAirflow
from mailround.local.client import TaskState
from mailround.local.demo import STATES, _progress, _seconds, _summary, demo
from mailround.local.drive import Driver
from mailround.model import Recipient
from mailround.register.entries import Extracted, latest
from mailround.seal import package_path, seal
from mailround.settings import TOKYO
from ports import free_port
from prepared import AT, print_round, record


def task(
    task_id: str, state: str | None, start: float | None = None, end: float | None = None, **more: Any
) -> TaskState:
    """Return a task that began and ended so many seconds after a moment."""
    told = {
        "task_id": task_id,
        "title": f"{task_id}の工程",
        "map_index": -1,
        "state": state,
        "try_number": 1,
        "started": None if start is None else (AT + timedelta(seconds=start)).isoformat(),
        "ended": None if end is None else (AT + timedelta(seconds=end)).isoformat(),
        "duration": None,
        "pid": None,
    }
    return TaskState(**told | more)  # type: ignore[arg-type]


def shown(table: Table) -> list[list[str]]:
    """Return the cells, row by row."""
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]  # type: ignore[arg-type]


def said(paint: Callable[[Console], object]) -> str:
    target = io.StringIO()
    paint(Console(file=target, width=120))
    return target.getvalue()


def test_every_step_is_a_row_in_order_with_its_state_and_seconds() -> None:
    rows = shown(
        _progress(
            [
                task("c", None, title="03 データ検査"),
                task("a", "success", 0, 2.5, title="01 回の開始"),
                task("b", "awaiting_input", 3, 3, title="02 データ取込"),
            ],
            60,
        )
    )
    assert rows == [
        ["01 回の開始", "完了", "2.5"],
        ["02 データ取込", "回答待ち", "0.0"],
        ["03 データ検査", "待機", "0.0"],
    ]


def test_a_mapped_step_is_one_row_that_counts_its_parts_and_shows_what_is_left() -> None:
    parts = [
        task("render", "success", 0, 4, map_index=0, title="06 通知書作成"),
        task("render", "success", 1, 9, map_index=1, title="render"),
        task("render", "running", 2, None, map_index=2, title="render"),
    ]
    ((title, state, _),) = shown(_progress(parts, 9))
    assert (title, state) == ("06 通知書作成", "実行中（2/3）")
    done = [*parts[:2], task("render", "success", 2, 7, map_index=2, title="render")]
    assert shown(_progress(done, 9)) == [["06 通知書作成", "完了（3/3）", "9.0"]]


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_told_in_japanese(state: str | None) -> None:
    ((_, told, _),) = shown(_progress([task("a", state)], 0))
    assert not told.isascii()


def test_a_state_that_is_new_to_us_is_told_as_it_is() -> None:
    assert shown(_progress([task("a", "removed")], 0))[0][1] == "removed"


def test_a_step_lasts_from_its_first_start_to_its_last_end_or_until_now() -> None:
    assert _seconds([task("a", None)]) == 0.0
    assert _seconds([task("a", "success", 1, 4), task("a", "success", 2, 6)]) == 5.0
    began = datetime.now(TOKYO) - timedelta(hours=1)
    running = task("a", "running", started=began.isoformat())
    assert _seconds([running]) >= 3600
    ahead = task("a", "running", started=(datetime.now(TOKYO) + timedelta(hours=1)).isoformat())
    assert _seconds([ahead]) == 0.0, "clocks may differ"


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]) -> RoundContext:
    opened = open_a_round()
    record(opened, Extracted(rows=10_000, bytes=1, sha256="a" * 64, total_after=None, unknown_headers=0))
    print_round(opened, make_recipient)
    seal(opened, at=AT)
    return opened


def on_the_ward(work: RoundContext) -> Driver:
    """Return what the summary asks of a driver, on the round's real register; nobody is logged in."""

    def entry(round_id: str, kind: Any) -> Any:
        assert round_id == work.round_id
        return latest(work.entries, kind)

    return cast("Driver", SimpleNamespace(entry=entry, settings=work.settings, register=work.register))


def test_the_summary_is_the_registers(work: RoundContext) -> None:
    text = said(lambda console: _summary(on_the_ward(work), work.round_id, console))
    assert "10,000" in text
    head, figures = (next(line for line in text.splitlines() if word in line) for word in ("封筒", "10,000"))
    assert "うち解除" in head
    assert head.count("┃") == figures.count("│"), "a heading for every figure"
    assert "（残っています）" in text
    assert str(package_path(work.settings, work.round_id)) in text
    assert f"管理簿の連鎖：{len(work.register.entries())}件すべて検証済み" in text
    assert (text.count("officer"), text.count("自動")) == (3, 2), "the last five entries"
    package_path(work.settings, work.round_id).unlink()
    assert "発送の記録後に廃棄済み" in said(lambda console: _summary(on_the_ward(work), work.round_id, console))


def test_a_demo_that_cannot_start_still_stops_what_it_started(tmp_path: Any) -> None:
    nonsense = (("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "nonsense"),)
    airflow = LocalAirflow(tmp_path / "home", free_port(), free_port(), nonsense)
    target = io.StringIO()
    with pytest.raises(Exception, match="準備に失敗しました"):
        demo(airflow, Console(file=target), households=10, seed=1)
    assert "起動したものはすべて止めました" in target.getvalue()
    assert airflow.running() is None
