"""What a view is given."""

from __future__ import annotations

from datetime import UTC, date, datetime

from mailround.console.visit import Visit
from mailround.settings import Settings


def test_a_visit_knows_the_day_in_tokyo_and_the_one_register(settings: Settings) -> None:
    at = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    visit = Visit(user="auditor", settings=settings, at=at, asked={}, may=lambda _: True, stopped=lambda _: frozenset())
    assert visit.today == date(2026, 11, 24)
    assert visit.register is visit.register
    assert visit.register.entries() == ()
