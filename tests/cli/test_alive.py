"""``mailround alive`` as a monitor runs it: nothing but the ward's folders, and an exit code."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from commanded import Run

from mailround import unsent
from mailround.round_watch import SILENT, watch
from mailround.settings import TOKYO, Settings
from mailround.terminal import Exit
from mailround.watch import Seen, Work


def looked(ward: Settings, ago: timedelta, *, healthy: bool = True) -> None:
    seen = Seen(datetime.now(TOKYO) - ago, Work((), {}, {"scheduler": healthy}), None, {}, 0)
    watch(ward, seen, lambda *_, **__: None)


@pytest.fixture
def ward_with_space(ward: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MAILROUND_FREE_GIB", "0")
    return ward


def test_all_is_well_after_a_look_that_found_nothing(ward_with_space: Settings, run: Run) -> None:
    looked(ward_with_space, timedelta(minutes=14))
    done = run("alive")
    assert done.exit_code == Exit.OK
    assert done.stdout == "異常はありません。\n"


def test_an_airflow_that_stands_still_is_told_by_the_watch_that_does_not_look(
    ward_with_space: Settings, run: Run
) -> None:
    looked(ward_with_space, SILENT + timedelta(minutes=1))
    done = run("alive")
    assert done.exit_code == Exit.HELD
    assert "から行われていません" in done.stdout
    assert "スケジューラ" in done.stdout


def test_what_the_last_look_found_and_mails_that_wait_are_told(ward_with_space: Settings, run: Run) -> None:
    looked(ward_with_space, timedelta(minutes=1), healthy=False)
    unsent.keep(ward_with_space, "失敗", "内容", "https://ward.example", at=datetime.now(TOKYO))
    done = run("alive")
    assert done.exit_code == Exit.HELD
    assert len(done.stdout.splitlines()) == 2
    assert "スケジューラから合図がない" in done.stdout
    assert "1通" in done.stdout


@pytest.mark.parametrize(("profile", "code"), [("ward", Exit.HELD), ("demonstration", Exit.OK)])
def test_a_full_disk_is_told_in_a_ward(
    ward: Settings, run: Run, monkeypatch: pytest.MonkeyPatch, profile: str, code: Exit
) -> None:
    monkeypatch.setenv("MAILROUND_FREE_GIB", "1e9")
    monkeypatch.setenv("MAILROUND_PROFILE", profile)
    looked(ward, timedelta())
    done = run("alive")
    assert done.exit_code == code
    assert ("MAILROUND_DATA の空きが" in done.stdout) is (code == Exit.HELD)
