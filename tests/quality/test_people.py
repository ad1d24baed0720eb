"""People at risk and mail-tos: what a column of households is answered; the faults themselves stand with the rules."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from mailround.quality import people

DAY = date(2026, 11, 24)


def column(*values: object) -> pd.Series:
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize(
    ("postcode", "address", "until", "name", "well"),
    [
        ("", "", None, "", True),
        ("160-0022", "新宿1-2-3", None, "", True),
        ("160-0022", "", None, "", False),
        ("", "新宿1-2-3", None, "", False),
        ("", "", DAY, "", False),
        ("", "", None, "病院", False),
        ("　", "新宿1-2-3", None, "病院", False),
    ],
)
def test_a_mail_to_is_whole_or_none_at_all(
    postcode: str, address: str, until: date | None, name: str, well: bool
) -> None:
    assert list(people.mailto_complete(column(postcode), column(address), column(until), column(name))) == [well]


@pytest.mark.parametrize(("until", "well"), [(None, True), (DAY, True), (date(2026, 11, 23), False)])
@pytest.mark.parametrize("protected", [False, True])
def test_an_expired_mail_to_is_told_once_by_the_question_whose_household_it_is(
    until: date | None, well: bool, protected: bool
) -> None:
    flag, address, day = pd.Series([protected]), column("新宿1-2-3"), column(until)
    assert list(people.mailto_in_force(flag, address, day, posting_date=DAY)) == [well or protected]
    assert list(people.protected_mailto_in_force(flag, address, day, posting_date=DAY)) == [well or not protected]
