"""The evidence report to take along."""

from __future__ import annotations

import json

from served import Served

from mailround.close_round import report_path
from mailround.register.store import Register


def test_a_round_under_way_is_reported_as_of_now(served: Served, rounds: Register) -> None:
    told = served.get("auditor", "/rounds/2026-11-change/evidence/json")
    assert json.loads(told.content)["round_id"] == "2026-11-change"
    assert "attachment" in told.headers["content-disposition"]
    paper = served.get("auditor", "/rounds/2026-11-change/evidence/pdf")
    assert paper.content.startswith(b"%PDF")
    assert paper.headers["content-type"] == "application/pdf"


def test_a_closed_round_gives_the_very_file_that_was_written(served: Served, rounds: Register) -> None:
    path = report_path(served.ward, "2026-04-asset")
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"as": "written"}')
    assert served.get("auditor", "/rounds/2026-04-asset/evidence/json").content == b'{"as": "written"}'


def test_another_form_or_another_round_is_not_there(served: Served, rounds: Register) -> None:
    assert served.get("auditor", "/rounds/2026-11-change/evidence/exe").status_code == 404
    assert served.get("auditor", "/rounds/2026-11-none/evidence/pdf").status_code == 404
