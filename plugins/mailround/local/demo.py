"""The demo: one whole round of 8,500 synthetic households on a real Airflow, with progress and a summary."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.table import Table

from mailround.local.airflow import LocalAirflow
from mailround.local.client import TaskState
from mailround.local.drive import ANSWERS, Driver, sample_round
from mailround.private_files import size
from mailround.register.entries import Extracted, PrintPlanned, QualityChecked, Sealed
from mailround.register.listing import rows
from mailround.seal import package_path
from mailround.settings import TOKYO

STATES = {
    None: "待機",
    "scheduled": "準備",
    "queued": "準備",
    "running": "実行中",
    "awaiting_input": "回答待ち",
    "deferred": "期日待ち",
    "up_for_retry": "再試行待ち",
    "success": "完了",
    "failed": "失敗",
    "upstream_failed": "前工程の失敗",
    "skipped": "対象外",
}


def demo(airflow: LocalAirflow, console: Console, *, households: int, seed: int) -> bool:
    """Start Airflow, run one round to its end, print the summary, stop everything; tell whether all went well.

    Raises:
        MailroundError: Something did not start, or the run asked something unforeseen.
    """
    begun = time.monotonic()
    try:
        with console.status("準備しています") as status:
            airflow.start(status.update)
            driver = Driver(airflow)
            status.update(f"見本データ（{households:,}世帯）を作っています")
            params = sample_round(driver.settings, households=households, seed=seed, name="demo")
        console.print(f"Airflow：{airflow.url}（起動まで {time.monotonic() - begun:.0f} 秒）")
        run_id = driver.trigger(params)
        started = time.monotonic()
        with Live(console=console, refresh_per_second=2) as live:
            state = driver.follow(
                run_id,
                params.round_id,
                ANSWERS,
                lambda tasks: live.update(_progress(tasks, time.monotonic() - started)),
            )
        console.print()
        if state == "success":
            _summary(driver, params.round_id, console)
        else:
            console.print(f"[red]回は失敗しました（{state}）。記録：{airflow.home}/logs[/red]")
        driver.close()
        return state == "success"
    finally:
        airflow.stop()
        console.print(f"起動したものはすべて止めました（全体で {time.monotonic() - begun:.0f} 秒）。")


def _progress(tasks: list[TaskState], elapsed: float) -> Table:
    table = Table(title=f"一斉送付の回　経過 {elapsed:.0f} 秒", title_justify="left")
    for column in ("工程", "状態", "秒"):
        table.add_column(column, justify="right" if column == "秒" else "left")
    steps: dict[str, list[TaskState]] = defaultdict(list)
    for each in tasks:
        steps[each.task_id].append(each)
    # Airflow tells only the first of a mapped task's instances by its display name.
    titled = {min(each.title for each in members): members for members in steps.values()}
    for title, members in sorted(titled.items()):
        done = sum(each.state == "success" for each in members)
        open_states = [STATES.get(each.state, each.state or "") for each in members if each.state != "success"]
        part = f"（{done}/{len(members)}）" if len(members) > 1 else ""
        table.add_row(title, (open_states[0] if open_states else "完了") + part, f"{_seconds(members):.1f}")
    return table


def _seconds(members: list[TaskState]) -> float:
    """Return the wall time from the first start to the last end of a step's tasks."""
    starts = [datetime.fromisoformat(each.started) for each in members if each.started]
    ends = [datetime.fromisoformat(each.ended) for each in members if each.ended]
    if not starts:
        return 0.0
    last = max(ends) if len(ends) == len(members) else datetime.now(TOKYO)
    return max(0.0, (last - min(starts)).total_seconds())


def _summary(driver: Driver, round_id: str, console: Console) -> None:
    extracted, checked = driver.entry(round_id, Extracted), driver.entry(round_id, QualityChecked)
    sealed = driver.entry(round_id, Sealed)
    counts = Table(title="件数", title_justify="left")
    for column in ("取込", "印刷対象", "保留", "うち解除", "対象外", "窓口交付", "封筒", "頁"):
        counts.add_column(column, justify="right")
    figures = (
        extracted.rows,
        checked.printable,
        checked.held,
        driver.entry(round_id, PrintPlanned).released,
        checked.excluded,
        checked.counter,
        sealed.pieces,
        sealed.pages,
    )
    counts.add_row(*(f"{figure:,}" for figure in figures))
    console.print(counts)
    package = package_path(driver.settings, round_id)
    gone = "発送の記録後に廃棄済み" if size(package) is None else "残っています"
    console.print(f"パッケージ：{sealed.bytes / 1e6:.1f} MB、SHA-256 {sealed.sha256[:16]}…（{gone}）")
    console.print(f"　置き場所：{package}", soft_wrap=True)
    last = Table(title="管理簿（最後の5件）", title_justify="left")
    for column in ("番号", "日時", "種別", "取扱者"):
        last.add_column(column)
    for row in rows(driver.register.entries(round_id)[-5:]):
        last.add_row(str(row.seq), row.at, row.title, row.actor)
    console.print(last)
    chain = driver.register.verify()
    console.print(f"管理簿の連鎖：{chain.entries}件すべて検証済み（末尾 {chain.head[:16]}…）")
