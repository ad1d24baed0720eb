"""Records as a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from mailround.model import Recipient
from mailround.quality.frame import YEN, frame_of

Maker = Callable[..., Recipient]


def test_every_field_of_a_record_stands_in_its_column_as_it_came(make_recipient: Maker) -> None:
    recipient = make_recipient(record_no=7, name="ＮＡ", building="", mailto_until=date(2026, 11, 1), protected=True)
    frame = frame_of([recipient], decision=True)
    assert list(frame.index) == [7]
    row = frame.loc[7]
    assert recipient.decision
    for name in ("case_no", "name", "building", "mailto_until", "birth_date", "population", "protected", "members"):
        assert row[name] == getattr(recipient, name), name
    assert [row[each] for each in YEN] == [
        *recipient.decision.before,
        *recipient.decision.after,
        recipient.decision.income_before,
        recipient.decision.income_after,
        recipient.decision.total_before,
        recipient.decision.total_after,
    ]
    assert {frame[each].dtype for each in YEN} == {np.dtype("int64")}
    assert frame["protected"].dtype == bool
    assert frame["name"].dtype == object


def test_no_records_make_an_empty_table_with_all_columns(make_recipient: Maker) -> None:
    assert list(frame_of([], decision=True).columns) == list(frame_of([make_recipient()], decision=True).columns)
    assert "reason" not in frame_of([make_recipient(decision=None)], decision=False)
