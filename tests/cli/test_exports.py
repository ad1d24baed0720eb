"""``mailround check`` and ``sample``: Japanese, exit codes, one shape of JSON, and never what a cell holds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commanded import NAME, PLACE, Run, control, rewrite
from rich.cells import cell_len
from typer.testing import Result

from mailround.extract import CONTROL_SUFFIX


def report(result: Result) -> dict[str, list[dict[str, object]]]:
    """Return the printed report after checking its shape to the last key."""
    found = json.loads(result.stdout)
    assert list(found) == ["rows", "rules"]
    assert type(found["rows"]) is int
    for rule in found["rules"]:
        assert list(rule) == ["id", "severity", "message", "count", "case_nos"]
        assert rule["severity"] in {"stop", "hold", "warn", "info", "exclude", "counter"}
        assert rule["message"]
        assert type(rule["count"]) is int
        assert all(re.fullmatch(r"[0-9]{7}", case_no) for case_no in rule["case_nos"])
    assert not result.stderr
    return found


def found_rules(result: Result, severity: str) -> set[object]:
    return {rule["id"] for rule in report(result)["rules"] if rule["count"] and rule["severity"] == severity}


@pytest.mark.parametrize(
    ("layout", "kind"),
    [
        ("shinjuku", "change_notice"),
        ("seto", "change_notice"),
        ("shinjuku", "asset_declaration"),
        ("seto", "asset_declaration"),
    ],
)
def test_every_layout_and_kind_is_checked_without_any_setting(
    run: Run, export: Callable[..., Path], layout: str, kind: str
) -> None:
    faulty = run("check", export(layout=layout, kind=kind), "--layout", layout, "--kind", kind, "--json")
    assert faulty.exit_code == 1
    assert report(faulty)["rows"] == 45
    assert "A03" in found_rules(faulty, "hold")
    assert ("D06" in found_rules(faulty, "hold")) is (kind == "change_notice")
    assert not found_rules(faulty, "stop")


def test_a_faultless_export_is_clean(run: Run, tmp_path: Path) -> None:
    run("sample", tmp_path, "--households", 20, "--no-faults")
    result = run("check", tmp_path / "sample.csv", "--layout", "shinjuku", "--json")
    assert result.exit_code == 0
    assert not found_rules(result, "hold") | found_rules(result, "stop") | found_rules(result, "exclude")
    told = run("check", tmp_path / "sample.csv", "--layout", "shinjuku")
    assert told.exit_code == 0
    assert "20 世帯を検査しました。このデータで回を始められます。" in told.stdout


def test_the_table_is_japanese_and_fits_eighty_columns(run: Run, export: Callable[..., Path]) -> None:
    result = run("check", export(), "--layout", "shinjuku")
    assert result.exit_code == 1
    assert max(map(cell_len, result.stdout.splitlines())) <= 80
    assert "保留になる世帯があります" in result.stdout
    assert "│ 保留 │" in re.sub(r" +", " ", result.stdout)
    assert "│ 対象外 │" in re.sub(r" +", " ", result.stdout)


def duplicate(path: Path) -> None:
    rewrite(path, lambda rows: rows[20].update(case_no=rows[21]["case_no"]))


def malform(path: Path) -> None:
    rewrite(path, lambda rows: rows[20].update(members=NAME, birth_date=PLACE))


STOPS = {
    "a_malformed_record": (malform, "readable", "21件目"),
    "a_total_that_differs": (lambda path: control(path, total_after=1), "readable", "合計（1）"),
    "a_row_count_that_differs": (lambda path: control(path, rows=44), "readable", "件数（44）"),
    "another_file": (lambda path: control(path, sha256="0" * 64), "readable", "SHA-256"),
    "a_broken_control_file": (lambda path: control(path, rows=NAME), "readable", "rows"),
    "no_control_file": (
        lambda path: path.with_name(path.name + CONTROL_SUFFIX).unlink(),
        "readable",
        "件数ファイルがありません",
    ),
    "a_case_number_twice": (duplicate, "R02", "同じケース番号"),
}


@pytest.mark.parametrize("stop", STOPS)
def test_what_stops_a_round_stops_the_check(run: Run, export: Callable[..., Path], stop: str) -> None:
    path = export()
    spoil, rule, words = STOPS[stop]
    spoil(path)
    told = run("check", path, "--layout", "shinjuku")
    assert told.exit_code == 2
    assert words in re.sub(r"[│\s]", "", told.stdout)
    assert "このデータでは回を始められません。" in told.stdout
    machine = run("check", path, "--layout", "shinjuku", "--json")
    assert machine.exit_code == 2
    assert found_rules(machine, "stop") == {rule}
    assert words in next(str(each["message"]) for each in report(machine)["rules"] if each["id"] == rule)


def test_every_malformed_place_counts(run: Run, export: Callable[..., Path]) -> None:
    path = export()
    malform(path)
    [rule] = report(run("check", path, "--layout", "shinjuku", "--json"))["rules"]
    assert rule["count"] == 2


def test_the_installed_command_needs_no_setting_to_check(export: Callable[..., Path]) -> None:
    path = export()
    command = Path(sys.executable).with_name("mailround")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILROUND_")}
    done = subprocess.run(
        [command, "check", path, "--layout", "shinjuku", "--json"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["rows"] == 45
    assert not done.stderr
    assert "伽奈利亜" not in done.stdout.decode()
