"""``mailround holds``: complete, on the record, and harmless to a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commanded import Opener, Run
from rich.cells import cell_len

from mailround.check_quality import check_quality
from mailround.context import RoundContext
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.hold_release import load_holds
from mailround.model import Recipient
from mailround.records import write_recipients
from mailround.register.entries import HoldsShown, standing
from mailround.settings import Settings
from prepared import AT


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
