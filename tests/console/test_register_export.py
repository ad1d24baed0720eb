"""What was searched for, as a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from served import Served

from mailround.register.entries import Posted
from mailround.register.listing import COLUMNS
from mailround.register.store import Register


def test_a_spreadsheet_gets_what_was_searched_for_oldest_first(served: Served, rounds: Register) -> None:
    answer = served.get("auditor", "/register/export/csv?kind=posted")
    lines = [*csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))]
    assert tuple(lines[0]) == COLUMNS
    assert [line[4] for line in lines[1:]] == ["発送の記録"] * len(tuple(rounds.of_kinds((Posted,))))
    assert len(lines) > 3
    assert [int(line[0]) for line in lines[1:]] == sorted(int(line[0]) for line in lines[1:])
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@"))]
    assert "attachment" in answer.headers["content-disposition"]


def test_a_paper_gets_it_too(served: Served, rounds: Register) -> None:
    assert served.get("auditor", "/register/export/pdf?round_id=2026-11-change").content.startswith(b"%PDF")


def test_what_cannot_be_read_is_not_exported_as_everything(served: Served, rounds: Register) -> None:
    refused = served.get("auditor", "/register/export/csv?first_day=yesterday")
    assert refused.status_code == 409
    assert "絞り込みの条件を読めません" in refused.text
    assert served.get("auditor", "/register/export/exe").status_code == 404


def test_a_register_that_cannot_be_read_is_told_on_a_page_and_is_no_broken_file(
    served: Served, rounds: Register
) -> None:
    database = Path(str(rounds.url).removeprefix("sqlite:///"))
    aside = database.rename(database.with_suffix(".aside"))
    try:
        answer = served.get("auditor", "/register/export/csv")
    finally:
        database.unlink(missing_ok=True)
        aside.rename(database)
    assert answer.status_code == 500
    assert "コンソールの不具合で、このページを表示できません" in answer.text
