"""The command ``mailround`` as people call it: Japanese, exit codes, one shape of JSON, and never what a cell holds."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from mailround.barcodes import bars, code_words
from mailround.check_quality import check_quality
from mailround.cli import app
from mailround.context import PASSWORD, RoundContext
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.hold_release import load_holds
from mailround.layouts import load_layout
from mailround.local.airflow import LocalAirflow
from mailround.model import Recipient
from mailround.package_check import check_package
from mailround.proof import make_proof
from mailround.purge import purge
from mailround.records import write_recipients
from mailround.register.entries import HoldsShown, PasswordNoticeIssued, ProofShown, standing
from mailround.seal import package_path, seal
from mailround.settings import CheckSettings, Settings
from ports import free_port
from prepared import AT, hand_over, password, post, print_round

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]
Run = Callable[..., Result]

NAME, PLACE = "髙﨑　伽奈利亜", "カナリア第二荘101"
ENGLISH = re.compile(r"Usage|\bError|Traceback|Missing|Invalid|No such|Options|Show this|required|Aborted")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Call the command on an 80-column terminal; nothing it says anywhere may hold a canary, English or a traceback."""
    for name in tuple(os.environ):
        if name.startswith("MAILROUND_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")

    def runner(*arguments: object, text: str | None = None) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in arguments], input=text)
        said = result.output + "".join(capfd.readouterr())
        assert "伽奈利亜" not in said
        assert "カナリア" not in said
        assert not ENGLISH.search(said), said
        assert isinstance(result.exception, SystemExit | None), result.exception
        return result

    return runner


@pytest.fixture
def ward(settings: Settings, run: Run, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a ward, in the environment."""
    for name in ("inbox", "data", "outbox", "vault", "vault_identity", "register_url"):
        monkeypatch.setenv(f"MAILROUND_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("MAILROUND_ALERT_TO", ",".join(settings.alert_to))
    return settings


@pytest.fixture
def export(tmp_path: Path, run: Run) -> Callable[..., Path]:
    """Write a sample whose every household carries the canaries."""

    def writer(*options: str, layout: str = "shinjuku", kind: str = "change_notice") -> Path:
        folder = tmp_path / "exports"
        done = run("sample", folder, "--households", 45, "--layout", layout, "--kind", kind, *options)
        assert done.exit_code == 0
        path = folder / "sample.csv"
        assert done.stdout == f"{path}\n"

        def plant(rows: list[dict[str, str]]) -> None:
            for row in rows:
                row["name"] = NAME
                row["building"] = PLACE

        rewrite(path, plant, layout)
        return path

    return writer


def rewrite(path: Path, change: Callable[[list[dict[str, str]]], None], name: str = "shinjuku") -> None:
    """Change records by canonical field; the control file follows in its hash only."""
    layout = load_layout(CheckSettings().include, name)
    text = io.StringIO(path.read_bytes().decode(layout.encoding), newline="")
    head, *lines = csv.reader(text, delimiter=layout.delimiter)
    places = {field: head.index(str(column)) for field, column in layout.columns.items() if column in head}
    records = [line for line in lines if len(line) == len(head)]
    rows = [{field: line[place] for field, place in places.items()} for line in records]
    change(rows)
    for line, row in zip(records, rows, strict=True):
        for field, place in places.items():
            line[place] = row[field]
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=layout.delimiter, lineterminator="\r\n").writerows([head, *lines])
    path.write_bytes(written.getvalue().encode(layout.encoding))
    control(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def control(path: Path, **changes: object) -> None:
    beside = path.with_name(path.name + CONTROL_SUFFIX)
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))


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


MISUSES: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown_layout": (("check", "x.csv", "--layout", "nope"), "「nope」は登録されていません"),
    "unknown_kind": (("check", "x.csv", "--layout", "seto", "--kind", "nope"), "発送種別「nope」"),
    "no_layout": (("check", "x.csv"), "'--layout'"),
    "no_export": (("check",), "'export'"),
    "missing_export": (("check", "/nowhere/x.csv", "--layout", "seto"), "/nowhere/x.csv"),
    "export_is_a_folder": (("check", "/", "--layout", "seto"), "ファイルまたはフォルダを使えません"),
    "folder_cannot_be_made": (("sample", "/dev/null/x"), "ファイルまたはフォルダを使えません"),
    "unknown_command": (("chek",), "コマンドまたは引数"),
    "unknown_option": (("check", "--nope"), "--nope"),
    "too_many_arguments": (("register", "list", NAME), "コマンドまたは引数"),
    "no_households": (("sample", "/tmp/x", "--households", "0"), "'--households'"),
    "too_few_for_a_specimen": (("specimen", "/tmp/x.zip", "--households", "19"), "'--households'"),
    "a_sample_elsewhere": (("sample", "/tmp/x", "--name", "../x"), "ファイル名に使えない文字"),
    "a_sample_without_a_name": (("sample", "/tmp/x", "--name", ""), "ファイル名に使えない文字"),
    "not_a_number": (("sample", "/tmp/x", "--households", NAME), "'--households'"),
    "no_settings": (("register", "list"), "MAILROUND_INBOX、MAILROUND_DATA、MAILROUND_OUTBOX、"),
    "no_settings_for_holds": (("holds", "show", "2026-11-change"), "MAILROUND_REGISTER_URL"),
    "a_port_that_cannot_be": (("local", "demo", "--port", "70000"), "'--port'"),
    "a_port_of_the_system": (("local", "up", "--mail-port", "25"), "'--mail-port'"),
    "no_package": (("package", "check", "/nowhere/x.zip", "--password-fd", "0"), "パッケージ"),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_a_wrong_call_is_told_in_japanese_with_what_to_do(run: Run, misuse: str) -> None:
    arguments, words = MISUSES[misuse]
    with Path(os.devnull).open() as nothing:
        descriptor = str(nothing.fileno())
        result = run(*(descriptor if each == "0" and "--password-fd" in arguments else each for each in arguments))
    assert result.exit_code == 2
    assert not result.stdout
    happened, remedy = result.stderr.splitlines()
    assert happened.startswith("エラー：")
    assert words in happened
    assert remedy.startswith("対応：")


@pytest.mark.parametrize("group", [(), ("register",), ("holds",), ("package",), ("templates",), ("local",)])
def test_a_group_alone_shows_its_help_in_japanese(run: Run, group: tuple[str, ...]) -> None:
    result = run(*group)
    assert "使い方: " in result.output
    assert "コマンド" in result.output
    assert "エラー" not in result.output


@pytest.mark.parametrize("command", ["check", "sample", "holds show", "password-notice", "proof", "specimen"])
def test_the_help_of_a_command_is_japanese(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "引数" in result.stdout
    assert "この説明を表示する" in result.stdout


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


@pytest.fixture
def checked(ward: Settings, export: Callable[..., Path], open_a_round: Opener) -> RoundContext:
    """A round whose export was read and checked."""
    path = export()
    work = open_a_round(path.read_bytes())
    beside = path.with_name(path.name + CONTROL_SUFFIX)
    control = json.loads(beside.read_text(encoding="utf-8")) | {"created_at": AT.isoformat()}  # the command says now
    (ward.inbox / f"export.csv{CONTROL_SUFFIX}").write_text(json.dumps(control), encoding="utf-8")
    extract(work, at=AT)
    check_quality(work, at=AT)
    return work


def test_the_hold_list_shows_cases_reasons_and_remedies_on_eighty_columns_and_on_the_record(
    run: Run, checked: RoundContext
) -> None:
    result = run("holds", "show", checked.round_id)
    assert result.exit_code == 0
    assert load_holds(checked).held <= set(re.findall(r"│ ([0-9]{7}) ", result.stdout))
    assert max(map(cell_len, (each for each in result.stdout.splitlines() if each.startswith("│")))) <= 80
    for words in ("ケース番号", "使われていない郵便番号", "住所から郵便番号を調べ", "【保留】A03"):
        assert words in result.stdout
    (shown,) = standing(checked.entries, HoldsShown)
    assert (shown.output, shown.copy_no) == ("terminal", 1)


def test_the_hold_list_as_a_spreadsheet_is_private_and_told_to_lie_in_plain_text(
    run: Run, checked: RoundContext, tmp_path: Path
) -> None:
    target = tmp_path / "holds.xlsx"
    result = run("holds", "show", checked.round_id, "--xlsx", str(target))
    assert result.exit_code == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_bytes().startswith(b"PK")
    assert "暗号化されていません" in result.stderr
    assert not result.stdout
    (shown,) = standing(checked.entries, HoldsShown)
    assert shown.output == "xlsx"


@pytest.mark.parametrize("name", ["there.xlsx", "holds.csv", "holds"])
def test_the_hold_list_replaces_no_file_and_shows_nothing_then(
    run: Run, checked: RoundContext, tmp_path: Path, name: str
) -> None:
    (tmp_path / "there.xlsx").write_bytes(b"old")
    result = run("holds", "show", checked.round_id, "--xlsx", str(tmp_path / name))
    assert result.exit_code == 2
    assert "まだないファイルの名前" in result.stderr
    assert (tmp_path / "there.xlsx").read_bytes() == b"old"
    assert [each.name for each in tmp_path.glob("holds*")] == []
    assert standing(checked.entries, HoldsShown) == []


def test_the_hold_list_goes_to_an_open_file_for_who_works_in_a_container(
    run: Run, checked: RoundContext, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("wb") as out:
        result = run("holds", "show", checked.round_id, "--fd", str(out.fileno()))
    assert result.exit_code == 0
    assert (tmp_path / "out").read_bytes().startswith(b"PK")
    both = run("holds", "show", checked.round_id, "--fd", "1", "--xlsx", str(tmp_path / "x.xlsx"))
    assert "どちらか一つ" in both.stderr


def test_a_terminal_obeys_nothing_that_the_export_says(
    ward: Settings, run: Run, open_a_round: Opener, make_recipient: Callable[..., Recipient]
) -> None:
    work = open_a_round()
    assert work.settings.data == ward.data
    district = "\x1b]0;x\x07\u202e１　課[red]"
    write_recipients(work.workspace, [make_recipient(postcode="", district=district)])
    check_quality(work, at=AT)
    shown = run("holds", "show", work.round_id).stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "[red]" in shown.replace("│", "").replace("\n", "").replace(" ", "")


def test_templates_without_fault_are_told_to_be_so(run: Run) -> None:
    result = run("templates", "check")
    assert result.exit_code == 0
    assert "様式に誤りはありません" in result.stdout
    assert "保護変更決定通知書" in result.stdout
    assert "保護変更決定通知書" not in run("templates", "check", "--kind", "asset_declaration").stdout


def test_an_include_folder_without_kinds_is_not_told_to_be_sound(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILROUND_INCLUDE", str(tmp_path))
    result = run("templates", "check")
    assert result.exit_code == 2
    assert "点検する発送種別が一つもありません" in result.stderr


def test_every_fault_of_the_templates_is_listed_on_eighty_columns(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    include = tmp_path / "include"
    shutil.copytree(CheckSettings().include, include)
    notice = include / "templates" / "change_notice" / "support" / "template.yaml"
    notice.write_text(
        notice.read_text(encoding="utf-8").replace("title: 支援", "title: 生活保護支援"), encoding="utf-8"
    )
    monkeypatch.setenv("MAILROUND_INCLUDE", str(include))
    result = run("templates", "check", "--issue-date", "2025-03-31")
    assert result.exit_code == 2
    assert max(map(cell_len, result.stdout.splitlines())) <= 80
    said = re.sub(r"[│ \n]", "", result.stdout)
    assert "「生活保護」があります" in said
    assert said.count("が発行日（2025-03-31）より後です") == 6
    assert "様式に7件の誤りがあります" in said
    assert run("templates", "check", "--kind", "asset_declaration").exit_code == 0


def test_an_unknown_round_is_told_so(ward: Settings, run: Run) -> None:
    for command in (("holds", "show"), ("password-notice", "--fd", "1"), ("proof", "--fd", "1")):
        result = run(*command, "2026-11-nobody")
        assert result.exit_code == 2
        assert "2026-11-nobody" in result.stderr


@pytest.fixture
def work(ward: Settings, open_a_round: Opener, make_recipient: Maker) -> RoundContext:
    """A round that is printed and verified, with the canary in its records."""
    opened = open_a_round()
    print_round(opened, lambda **fields: make_recipient(**(fields | {"name": NAME})), pieces=4)
    return opened


def test_the_register_is_listed_whole_on_eighty_columns(run: Run, work: RoundContext) -> None:
    hand_over(work)
    result = run("register", "list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    text = re.sub(r"\s", "", result.stdout)
    for entry in work.entries:
        assert f"第{entry.seq}号" in text
        assert entry.body.title in text
    assert work.opened.contract_sha256 in text
    assert "鍵付きカバン番号BAG-01" in text
    assert run("register", "list", "--round-id", work.round_id).stdout == result.stdout
    assert run("register", "list", "--round-id", "2026-11-nobody").stdout == "記録はありません。\n"


def test_the_register_verifies_until_somebody_changes_it(run: Run, work: RoundContext) -> None:
    whole = run("register", "verify")
    assert whole.exit_code == 0
    assert f"検証済み：{len(work.entries)}件" in whole.stdout
    assert work.entries[-1].hash in whole.stdout
    tamper(work, lambda body: body.replace('"pieces":4', '"pieces":5'))
    result = run("register", "verify")
    assert result.exit_code == 2
    assert "連鎖が第" in result.stderr
    assert not result.stdout


def test_an_entry_that_cannot_be_read_is_told_without_its_content(run: Run, work: RoundContext) -> None:
    tamper(work, lambda body: body.replace('"pieces":4', f'"pieces":"{NAME}"'))
    result = run("register", "list")
    assert result.exit_code == 2
    assert "想定外の障害です（ValidationError、store.py " in result.stderr


def tamper(work: RoundContext, change: Callable[[str], str]) -> None:
    """Change bodies as somebody with the database in hands would, triggers back in place afterwards."""
    with sqlite3.connect(work.settings.register_url.removeprefix("sqlite:///")) as database:
        [trigger] = database.execute("SELECT sql FROM sqlite_master WHERE name = 'register_entry_no_update'").fetchone()
        database.execute("DROP TRIGGER register_entry_no_update")
        rows = database.execute("SELECT seq, body FROM register_entry").fetchall()
        assert any(change(body) != body for _, body in rows)
        database.executemany("UPDATE register_entry SET body = ? WHERE seq = ?", [(change(b), seq) for seq, b in rows])
        database.execute(trigger)
    database.close()


def test_the_register_is_made_by_migrate_and_told_to_be_missing_before(
    run: Run, ward: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAILROUND_REGISTER_URL", f"sqlite:///{tmp_path}/new/register.db")
    for command in ("list", "verify"):
        missing = run("register", command)
        assert missing.exit_code == 2
        assert "mailround register migrate" in missing.stderr
    assert run("register", "migrate").exit_code == 0
    assert run("register", "migrate").exit_code == 0
    assert run("register", "verify").stdout.startswith("検証済み：0件")
    assert run("register", "list").stdout == "記録はありません。\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("160-0022", "東京都新宿区新宿一丁目2番3号"),
            {"town": "新宿", "rest": "一丁目2番3号", "address_number": "1-2-3"},
        ),
        (
            ("1600022", "東京都新宿区新宿一丁目2番3号", "--building", "J1ビル2-B"),
            {"town": "新宿", "rest": "一丁目2番3号", "address_number": "1-2-3J1-2B"},
        ),
        (
            ("163-8001", "東京都新宿区西新宿二丁目8番1号"),
            {"town": "西新宿", "rest": "二丁目8番1号", "address_number": ""},
        ),
    ],
)
def test_a_barcode_is_shown_with_every_step_of_its_making(
    run: Run, arguments: tuple[str, ...], expected: dict[str, str]
) -> None:
    result = run("barcode", *arguments, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == ["town", "rest", "address_number", "code_words", "bars"]
    words = code_words(arguments[0], expected["address_number"])
    assert found == expected | {"code_words": list(words), "bars": bars(words)}
    told = run("barcode", *arguments)
    assert told.exit_code == 0
    assert max(map(cell_len, told.stdout.splitlines())) <= 80
    for shown in (expected["town"], expected["rest"], expected["address_number"], " ".join(words), bars(words)):
        assert shown in told.stdout
    assert "一致しません" not in told.stdout


def test_a_representative_code_has_no_barcode_and_says_why(run: Run) -> None:
    asked = ("barcode", "160-0000", "東京都新宿区新宿1-2-3")
    assert json.loads(run(*asked, "--json").stdout) == {
        "town": "新宿",
        "rest": "1-2-3",
        "address_number": "1-2-3",
        "code_words": [],
        "bars": "",
    }
    told = run(*asked)
    assert told.exit_code == 0
    assert "バーコードは印字しません。町域が定まらない郵便番号（代表番号）です。" in told.stdout


def test_an_address_of_another_town_is_shown_with_a_warning(run: Run) -> None:
    told = run("barcode", "160-0022", "東京都新宿区大久保1-2")
    assert told.exit_code == 0
    assert "住所が、郵便番号の表す町域と一致しません。" in told.stdout


@pytest.mark.parametrize(
    ("postcode", "reason"),
    [
        ("160", "7桁の数字ではありません"),
        ("１６０００２２", "7桁の数字ではありません"),
        ("999-9999", "使われていません"),
    ],
)
def test_a_bad_postcode_is_refused_without_repeating_the_address(run: Run, postcode: str, reason: str) -> None:
    result = run("barcode", postcode, f"東京都新宿区新宿1-2 {PLACE}", "--json")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not result.stdout
    assert postcode not in result.stderr


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_register_is_exported(run: Run, work: RoundContext, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"register.{suffix}"
    assert run("register", "export", target).exit_code == 0
    text = target.read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == len(work.entries) + (suffix == "csv")
    assert work.entries[-1].hash in text
    assert "伽奈利亜" not in text


def test_an_export_of_no_entries_is_told_to_be_one(run: Run, work: RoundContext, tmp_path: Path) -> None:
    target = tmp_path / "register.csv"
    assert f"（{len(work.entries)}件）" in run("register", "export", target).stdout
    nothing = run("register", "export", target, "--round-id", "2026-11-nobody")
    assert nothing.exit_code == 0
    assert nothing.stdout.startswith("記録はありません")


def test_an_export_to_an_unknown_format_is_refused(run: Run, work: RoundContext, tmp_path: Path) -> None:
    result = run("register", "export", tmp_path / "register.xlsx")
    assert result.exit_code == 2
    assert ".csv" in result.stderr
    assert not (tmp_path / "register.xlsx").exists()


def test_a_package_that_is_not_there_is_told_before_the_password_is_asked_for(run: Run, tmp_path: Path) -> None:
    result = run("package", "check", tmp_path / "x.zip", text="secret\n")
    assert result.exit_code == 2
    assert "パッケージのファイルがありません" in result.stderr
    assert "パスワード:" not in result.output


def test_a_package_is_checked_with_the_password_from_a_descriptor(run: Run, work: RoundContext, tmp_path: Path) -> None:
    sealed = seal(work, at=AT)
    package, secret = package_path(work.settings, work.round_id), password(work)

    def check(text: str) -> Result:
        path = tmp_path / "password"
        path.write_text(text)
        with path.open() as file:
            result = run("package", "check", package, "--password-fd", file.fileno())
        assert secret not in result.output
        return result

    good = check(f"{secret}\n")
    assert good.exit_code == 0
    assert f"4通、{sealed.pages}頁、SHA-256 {sealed.sha256}" in good.stdout
    for wrong in ("2" * 20, "", "ｐａｓｓ", secret.lower()):
        bad = check(wrong)
        assert bad.exit_code == 2
        assert "パスワードが一致しない" in bad.stderr
    asked = run("package", "check", package, text=f"{secret}\n")
    assert asked.exit_code == 0
    assert secret not in asked.output
    assert run("package", "check", package, text="").exit_code == 2
    package.write_bytes(package.read_bytes()[:-100])
    assert "壊れています" in check(secret).stderr


def test_the_password_notice_is_written_once_after_the_media(run: Run, work: RoundContext, tmp_path: Path) -> None:
    def notice() -> tuple[Result, bytes]:
        path = tmp_path / "notice"
        with path.open("wb") as file:
            result = run("password-notice", work.round_id, "--fd", file.fileno())
        return result, path.read_bytes()

    seal(work, at=AT)
    early, pdf = notice()
    assert early.exit_code == 2
    assert "媒体の引渡しが記録されていない" in early.stderr
    assert pdf == b""
    hand_over(work)
    secret = password(work)
    made, pdf = notice()
    assert made.exit_code == 0
    assert pdf.startswith(b"%PDF-")
    assert secret not in made.output
    assert not work.vault.holds(work.round_id, PASSWORD)
    again, pdf = notice()
    assert again.exit_code == 2
    assert "作成済み" in again.stderr
    assert pdf == b""
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1


def test_a_printer_that_fails_keeps_the_secret_for_the_next_try(run: Run, work: RoundContext, tmp_path: Path) -> None:
    hand_over(work)
    for printer in ("false", "/nowhere/lp", "sh -c 'exit 3"):
        result = run("password-notice", work.round_id, "--printer", printer)
        assert result.exit_code == 2
        assert "対応：" in result.stderr
        assert work.vault.holds(work.round_id, PASSWORD)
    assert standing(work.entries, PasswordNoticeIssued) == []
    target = tmp_path / "printed.pdf"
    assert run("password-notice", work.round_id, "--printer", f"sh -c 'cat > {target}'").exit_code == 0
    assert target.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("options", [(), ("--printer", " "), ("--fd", "1", "--printer", "lp")])
def test_a_notice_without_one_destination_is_refused(run: Run, work: RoundContext, options: tuple[str, ...]) -> None:
    hand_over(work)
    result = run("password-notice", work.round_id, *options)
    assert result.exit_code == 2
    assert "--fd か --printer" in result.stderr
    assert work.vault.holds(work.round_id, PASSWORD)


def test_the_proof_goes_to_a_descriptor_or_a_printer_as_often_as_asked_until_the_purge(
    run: Run, work: RoundContext, tmp_path: Path
) -> None:
    seal(work, at=AT)
    assert "まだありません" in run("proof", work.round_id, "--printer", "cat").stderr
    made = make_proof(work, at=AT)
    target = tmp_path / "proof"
    with target.open("wb") as file:
        shown = run("proof", work.round_id, "--fd", file.fileno())
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert hashlib.sha256(target.read_bytes()).hexdigest() == made.sha256
    printed = run("proof", work.round_id, "--printer", f"sh -c 'cat > {target}.pdf'")
    assert printed.exit_code == 0
    assert "管理簿に記録しました" in printed.stdout
    assert hashlib.sha256((tmp_path / "proof.pdf").read_bytes()).hexdigest() == made.sha256
    assert [each.copy_no for each in standing(work.entries, ProofShown)] == [1, 2]
    assert "--fd か --printer" in run("proof", work.round_id).stderr
    hand_over(work)
    post(work)
    purge(work, at=AT)
    late = run("proof", work.round_id, "--printer", "cat")
    assert late.exit_code == 2
    assert "廃棄した" in late.stderr


def test_a_specimen_tells_its_password_and_needs_no_ward(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "specimen.zip"
    made = run("specimen", target, "--households", 20)
    assert made.exit_code == 0
    assert str(target) in made.stdout
    [secret] = re.findall("[2-9A-HJ-NP-Z]{20}", made.stdout)
    assert check_package(target, secret).pieces == 20
    unknown = run("specimen", tmp_path / "another.zip", "--kind", "nothing")
    assert unknown.exit_code == 2
    assert not (tmp_path / "another.zip").exists()


def test_a_returned_piece_leads_to_its_case_once_the_round_is_purged(run: Run, work: RoundContext) -> None:
    early = run("returned", work.round_id, "P000002")
    assert early.exit_code == 2
    assert "索引は廃棄の工程でできます" in early.stderr
    hand_over(work)
    post(work)
    purge(work, at=AT)
    found = run("returned", work.round_id, "P000002")
    assert (found.exit_code, found.stdout.strip()) == (0, "0000002")
    assert run("returned", work.round_id, "p000002").stdout == found.stdout
    unknown = run("returned", work.round_id, "P999999")
    assert unknown.exit_code == 2
    assert "この回にありません" in unknown.stderr


@pytest.fixture
def local(run: Run) -> Iterator[Run]:
    """Call the command, and undo what the local Airflow's commands change in their process."""
    umask, terminate = os.umask(0o022), signal.getsignal(signal.SIGTERM)
    os.umask(umask)
    yield run
    os.umask(umask)
    signal.signal(signal.SIGTERM, terminate)


@pytest.mark.parametrize("command", ["demo", "up", "down"])
def test_a_folder_that_is_not_the_local_airflows_own_is_left_alone(local: Run, tmp_path: Path, command: str) -> None:
    home = tmp_path / "documents"
    home.mkdir()
    names = ("letter.txt", "pids.json", "secrets.json", "address")
    for name in names:
        (home / name).write_text(name)
    refused = local("local", command, "--home", home, "--port", free_port(), "--mail-port", free_port())
    assert refused.exit_code == 2
    assert "確認用のAirflowの作業フォルダではありません" in refused.stderr
    assert {path.name: path.read_text() for path in home.iterdir()} == {name: name for name in names}
    (home / "a file").touch()
    assert local("local", command, "--home", home / "a file").exit_code == 2


def test_a_taken_port_is_told_before_the_last_demo_is_erased(local: Run, tmp_path: Path) -> None:
    earlier = LocalAirflow(tmp_path / "demo", free_port(), free_port())
    password = earlier.password
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        refused = local("local", "demo", "--home", earlier.home, "--port", taken, "--mail-port", free_port())
    assert refused.exit_code == 2
    assert f"ポート {taken} は別のプログラムが使っています" in refused.stderr
    assert earlier.password == password
