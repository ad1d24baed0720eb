"""Every hostile input ends in a clear message, in a held household, or in print exactly as it was received."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from inputs import (
    AT,
    CANARY,
    LAYOUTS,
    READABLE,
    SETTINGS,
    SPOILED,
    WRITTEN,
    Spoiled,
    control_says,
    export,
    households,
    put,
    written,
)
from typer.testing import CliRunner

from mailround.check_quality import check_quality
from mailround.cli import app
from mailround.context import RoundContext
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.plan_print import plan_print
from mailround.quality.assessment import Report
from mailround.records import read_recipients
from mailround.render import pdf_name, render
from mailround.settings import Settings
from mailround.trial import try_export
from mailround.verify import verify
from printing import lines_of

NOBODY = [name.encode(codec).decode("latin-1") for name in (CANARY,) for codec in ("utf-8", "cp932", "utf-16-le")]
KEPT_FROM_PRINT = {"stop", "hold", "exclude", "counter"}
CASES = [(case, layout) for case in SPOILED for layout in case.layouts]


def spoiled(folder: Path, case: Spoiled, layout: str, *, agreeing: bool = True) -> Path:
    """Write a spoiled export of eight households, and its control file."""
    found = LAYOUTS[layout]
    recipients = households(8)
    raw = export(recipients, found)
    return put(folder, case.spoil(raw, found), recipients * case.times, None if agreeing else raw)


def clear(message: str) -> None:
    """A message is Japanese, says what to do, and holds nothing of a record."""
    assert "【対応】" in message
    assert re.search("[ぁ-ん]", message)
    assert not any(each in message for each in (CANARY, *NOBODY, "Traceback", "Error"))
    assert message.isprintable()


def stopped(report: Report) -> dict[str, str]:
    return {each["id"]: each["message"] for each in report["rules"] if each["severity"] == "stop" and each["count"]}


def test_there_are_at_least_sixty_names_and_none_stands_twice() -> None:
    names = [f"{case.name} {layout}" for case, layout in CASES] + [each.name for each in WRITTEN]
    assert len(set(names)) == len(names)
    assert len({case.name for case in SPOILED} | {each.name for each in WRITTEN}) >= 60


def test_the_export_that_is_spoiled_is_sound_itself(tmp_path: Path) -> None:
    for name, layout in LAYOUTS.items():
        path = put(tmp_path, export(households(8), layout), households(8))
        report = try_export(path, layout=name, kind="change_notice", settings=SETTINGS)
        assert report["rows"] == 8
        assert [each["id"] for each in report["rules"] if each["count"] and each["severity"] in KEPT_FROM_PRINT] == []


@pytest.mark.parametrize(("case", "layout"), CASES, ids=str)
def test_a_spoiled_export_is_refused_with_a_message_that_says_why(tmp_path: Path, case: Spoiled, layout: str) -> None:
    path = spoiled(tmp_path, case, layout)
    found = stopped(try_export(path, layout=layout, kind="change_notice", settings=SETTINGS))
    if case.rule:
        assert case.rule in found
    else:
        assert list(found) == [READABLE]
        assert case.told in found[READABLE]
        clear(found[READABLE])


@pytest.mark.parametrize(("case", "layout"), CASES, ids=str)
def test_a_control_file_of_the_sound_export_refuses_every_spoiled_one(
    tmp_path: Path, case: Spoiled, layout: str
) -> None:
    path = spoiled(tmp_path, case, layout, agreeing=False)
    found = stopped(try_export(path, layout=layout, kind="change_notice", settings=SETTINGS))
    assert "件数ファイルのSHA-256" in found[READABLE]
    clear(found[READABLE])


@pytest.mark.parametrize(
    "members",
    [
        {"created_at": "0001-01-01T00:00:00+09:00"},
        {"created_at": 5},
        {"created_at": 1e300},
        {"created_at": CANARY},
        {"rows": 10**4000},
        {"rows": -1},
        {"rows": True},
        {"rows": [[[[]]]]},
        {"total_after": 1e400},
        {"case_no_max": CANARY},
        {"case_no_min": "0" * 100_000},
        {"sha256": CANARY},
    ],
    ids=lambda members: f"{members}"[:40],
)
def test_a_hostile_control_file_is_refused_without_what_it_holds(tmp_path: Path, members: dict[str, object]) -> None:
    path = put(tmp_path, export(households(8), LAYOUTS["shinjuku"]), households(8))
    control_says(path, **members)
    found = stopped(try_export(path, layout="shinjuku", kind="change_notice", settings=SETTINGS))
    assert "件数ファイル" in found[READABLE]
    clear(found[READABLE])


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b"\xff\xfe{}", b"\xef\xbb\xbf", b'{"rows": 8', b'{"rows": "\\ud800"}', b"\0" * 64, b"NaN"],
    ids=lambda content: repr(content[:20]),
)
def test_a_control_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path, export(households(8), LAYOUTS["shinjuku"]), households(8))
    path.with_name(path.name + CONTROL_SUFFIX).write_bytes(content)
    found = stopped(try_export(path, layout="shinjuku", kind="change_notice", settings=SETTINGS))
    assert "件数ファイルに誤りがあります" in found[READABLE]
    clear(found[READABLE])


@cache
def report_of_the_written(layout: str, folder: Path) -> Report:
    """Return the report on one export with every hostile text in it, and four sound households behind them."""
    cases = written(LAYOUTS[layout])
    recipients = (*(household for _, household in cases.values()), *households(len(cases) + 4)[-4:])
    path = put(folder, export(recipients, LAYOUTS[layout]), recipients)
    return try_export(path, layout=layout, kind="change_notice", settings=SETTINGS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@pytest.mark.parametrize(
    ("layout", "name"),
    [(layout, text.name) for layout, found in LAYOUTS.items() for text, _ in written(found).values()],
)
def test_a_hostile_text_is_held_by_its_rule_or_by_none(folder: Path, layout: str, name: str) -> None:
    report = report_of_the_written(layout, folder)
    case_no, text = next(
        (case_no, text) for case_no, (text, _) in written(LAYOUTS[layout]).items() if text.name == name
    )
    found = {
        each["id"] for each in report["rules"] if each["severity"] in KEPT_FROM_PRINT and case_no in each["case_nos"]
    }
    if text.rule:
        assert text.rule in found
    else:
        assert found == set()


def test_every_text_is_tried_in_some_layout() -> None:
    assert {text.name for found in LAYOUTS.values() for text, _ in written(found).values()} == {
        each.name for each in WRITTEN
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_sound_households_among_them_are_printed(folder: Path, layout: str) -> None:
    report = report_of_the_written(layout, folder)
    cases = {each for rule in report["rules"] if rule["severity"] in KEPT_FROM_PRINT for each in rule["case_nos"]}
    assert cases == {case_no for case_no, (text, _) in written(LAYOUTS[layout]).items() if text.rule}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_round_prints_what_it_does_not_hold_exactly_as_received(
    settings: Settings, open_a_round: Callable[..., RoundContext], layout: str
) -> None:
    cases = written(LAYOUTS[layout])
    recipients = tuple(household for _, household in cases.values())
    raw = export(recipients, LAYOUTS[layout])
    work = open_a_round(raw, layout=layout)
    put(settings.inbox, raw, recipients)
    assert extract(work, at=AT).rows == len(recipients)
    assert [text(each) for each in read_recipients(work.workspace)] == [text(each) for each in recipients]
    checked = check_quality(work, at=AT)
    assert checked.rows == len(recipients) == checked.printable + checked.held + checked.excluded + checked.counter
    printed, verified = "", 0
    for group in plan_print(work, at=AT):
        verified += verify(work, render(work, group, at=AT), at=AT).pieces
        for chunk in range(group.first, group.last + 1):
            printed += "".join(lines_of(work.workspace.read(pdf_name(work, chunk))))
    assert verified == checked.printable == sum(not case.rule for case, _ in cases.values())
    seen = "".join(printed.split())
    for case, _ in cases.values():
        for part in case.text.split() if not case.rule else ():
            assert part in seen, case.name


def text(recipient: object) -> str:
    """Return all that was received of a household but its place."""
    return re.sub(r"record_no=\d+", "", repr(recipient))


COMMANDS = ["a name in UTF-8", "NUL in a name", "UTF-16 with BOM", "an open quote", "noise", "every record twice"]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "table"])
def test_the_command_ends_with_stop_in_japanese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, as_json: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    case = next(each for each in SPOILED if each.name == name)
    path = spoiled(tmp_path, case, case.layouts[0])
    arguments = ["check", str(path), "--layout", case.layouts[0], *(["--json"] if as_json else [])]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert not any(each in result.output for each in (CANARY, *NOBODY, "Traceback"))
    if as_json:
        assert stopped(json.loads(result.stdout))
    else:
        assert "このデータでは回を始められません。" in result.stdout


def test_the_command_holds_and_says_so_in_a_process_of_its_own(tmp_path: Path) -> None:
    recipients = tuple(household for _, household in written(LAYOUTS["seto"]).values())
    path = put(tmp_path, export(recipients, LAYOUTS["seto"]), recipients)
    command = [sys.executable, "-m", "mailround.cli", "check", path, "--layout", "seto", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(done.stdout)["rows"] == len(recipients)
    assert CANARY not in done.stdout.decode()
