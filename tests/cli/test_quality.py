"""``mailround quality``: the catalogue in three shapes, the same rules in each."""

from __future__ import annotations

import json
import re

from commanded import Run
from rich.cells import cell_len

from mailround.settings import REPOSITORY


def test_the_rules_are_listed_in_japanese_on_eighty_columns(run: Run) -> None:
    rows = json.loads(run("quality", "rules", "--json").stdout)
    told = run("quality", "rules")
    assert told.exit_code == 0
    assert max(map(cell_len, told.stdout.splitlines())) <= 80
    assert {row["id"] for row in rows} == set(re.findall(r"│ ([A-Z][0-9]{2}) ", told.stdout))


def test_the_page_of_the_manual_is_what_the_command_writes(run: Run) -> None:
    page = (REPOSITORY / "docs" / "ja" / "quality-rules.md").read_text(encoding="utf-8")
    assert run("quality", "rules", "--page").stdout == page
