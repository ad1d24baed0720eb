"""One web application for all tests of the console, and a ward with rounds in every state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from served import Served, serving

from mailround.local.airflow import LocalAirflow
from mailround.register.checkpoint import sign
from mailround.register.entries import AnswerRefused
from mailround.register.signing_key import make_key
from mailround.register.store import Register
from mailround.settings import TOKYO
from registered import record_round


@pytest.fixture(scope="session")
def served(metadata: LocalAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(metadata, tmp_path_factory.mktemp("console")) as application:
        yield application


@pytest.fixture(scope="session")
def rounds(served: Served) -> Register:
    """Rounds of a year, of which one is overdue, one has an incident and one a refused answer."""
    register, key = Register(served.ward.register_url), served.ward.checkpoint_key
    make_key(register, key, at=datetime(2026, 4, 1, 9, tzinfo=TOKYO))
    record_round(register, "2026-04-asset", opened_on=date(2026, 4, 7), kind="asset_declaration", returned=2)
    record_round(register, "2026-07-change", opened_on=date(2026, 7, 6), ended=True)
    record_round(register, "2026-09-change", opened_on=date(2026, 9, 24), up_to="deletion_due_reminder", returned=57)
    record_round(register, "2026-11-change", opened_on=date(2026, 11, 10), up_to="purge", incident=True)
    sign(register, key, at=datetime(2026, 11, 24, 17, tzinfo=TOKYO))
    record_round(register, "2026-12-change", opened_on=date(2026, 11, 26), up_to="record_media_handover")
    at = datetime(2026, 11, 29, 10, tzinfo=TOKYO)
    refused = AnswerRefused(step="record_password_handover", reasons=("別の機会に手渡してください。",), answered_at=at)
    register.append(refused, round_id="2026-12-change", actor="officer", at=at)
    return register
