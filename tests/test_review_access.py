"""The step of the month's review: a report in the outbox, its hash in the register, once."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from accessed import ACCOUNTS, act, at
from mailround.context import RoundContext
from mailround.errors import ConfigurationError, GateClosedError, RegisterError
from mailround.register.entries import HOUSE, AccessReviewed, HoldsShown
from mailround.register.store import Register
from mailround.review_access import access_report_path, review_access
from mailround.settings import TOKYO, Settings
from prepared import own_include

AT = datetime(2026, 11, 4, 6, tzinfo=TOKYO)
ACTS = (act("datateam", "started"), act("officer", "answered", 6, 22))
Opener = Callable[..., RoundContext]


def done(settings: Settings, when: datetime = AT, run_id: str = "r") -> AccessReviewed:
    return review_access(settings, "2026-10", ACTS, ACCOUNTS, run_id=run_id, at=when)


def test_the_report_is_written_for_its_owner_alone_and_its_hash_recorded(settings: Settings) -> None:
    body = done(settings)
    path = access_report_path(settings, "2026-10")
    assert path == settings.outbox / "access-review" / "2026-10.pdf"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == body.access_report_sha256
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (entry,) = Register(settings.register_url).entries()
    assert (entry.round_id, entry.actor, entry.body) == (HOUSE, "mailround", body)
    assert body == AccessReviewed(
        month="2026-10",
        access_report_sha256=body.access_report_sha256,
        findings=1,
        subjects=("officer",),
        counts={"回答:officer": 1, "開始:datateam": 1}
        | {"ログイン:datateam": 42, "ログイン:approver": 12, "ログイン:officer": 9},
        users=("approver（Approver）", "datateam（DataTeam）", "officer（Carrier）"),
        run_id="r",
    )


def test_doing_it_again_records_nothing_twice(settings: Settings) -> None:
    assert done(settings) == done(settings)
    assert len(Register(settings.register_url).entries()) == 1


def test_what_the_register_says_of_accesses_counts_too(settings: Settings, open_a_round: Opener) -> None:
    work = open_a_round()
    shown = HoldsShown(rows=1, output="terminal", copy_no=1)
    work.register.append(shown, round_id=work.round_id, actor="officer", at=at(6, 22))
    body = done(settings)
    assert body.counts["閲覧:officer"] == 1
    assert "記録:mailround" not in body.counts


@pytest.mark.parametrize("when", [datetime(2026, 10, 31, 23, 59, 59, tzinfo=TOKYO), at(15)])
def test_a_month_that_is_not_over_is_not_reviewed(settings: Settings, when: datetime) -> None:
    with pytest.raises(GateClosedError, match="2026-10 はまだ終わっていない"):
        done(settings, when)
    assert not access_report_path(settings, "2026-10").exists()
    assert done(settings, datetime(2026, 11, 1, tzinfo=TOKYO)).month == "2026-10"


def test_a_broken_register_is_not_read_as_if_it_were_whole(settings: Settings) -> None:
    done(settings)
    path = settings.register_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        (trigger,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'register_entry_no_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER register_entry_no_update")
        connection.execute("UPDATE register_entry SET actor = 'nobody'")
        connection.execute(trigger)
    with pytest.raises(RegisterError):
        done(settings)


def test_without_the_closing_days_nobody_guesses_office_hours(settings: Settings, tmp_path: Path) -> None:
    own = own_include(settings, tmp_path / "own")
    (own.include / "closing_days.yaml").unlink()
    with pytest.raises(ConfigurationError, match="閉庁日"):
        done(own)
