"""One entry between its neighbours."""

from __future__ import annotations

from datetime import datetime

import pytest
from served import Served

from mailround.register.entries import Correction, MailReturned
from mailround.register.store import Register
from mailround.settings import TOKYO


def test_an_entry_is_linked_on_both_sides(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/register/20").text
    assert page.count("つながっている") == 2
    assert "ハッシュは内容と一致" in page
    for number in (19, 20, 21):
        entry = rounds.entry(number)
        assert entry
        assert entry.hash in page


def test_the_first_and_the_last_entry_say_so(served: Served, rounds: Register) -> None:
    assert "最初の記録です" in served.get("auditor", "/register/1").text
    assert "最後の記録です" in served.get("auditor", f"/register/{rounds.last()}").text


def test_a_corrected_entry_says_that_it_no_longer_counts(served: Served, rounds: Register) -> None:
    seq = next(e.seq for e in rounds.entries("2026-04-asset") if isinstance(e.body, MailReturned))
    at = datetime(2026, 11, 30, tzinfo=TOKYO)
    made = rounds.append(Correction(corrects=seq, reason="誤記"), round_id="2026-04-asset", actor="officer", at=at)
    page = served.get("auditor", f"/register/{seq}").text
    assert "この記録は訂正され、今は効力がありません" in page
    assert f'href="/mailround/register/{made.seq}"' in page
    assert f"第{seq}号</a> を訂正する記録です" in served.get("auditor", f"/register/{made.seq}").text


@pytest.mark.parametrize("typed", ["0", "999999", "x", "-1", "1e3", "9" * 40])
def test_a_number_that_is_not_there_is_told(served: Served, rounds: Register, typed: str) -> None:
    page = served.get("auditor", f"/register/{typed}")
    assert page.status_code == 404
    assert "その番号の記録はありません" in page.text
