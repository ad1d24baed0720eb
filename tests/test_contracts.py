"""Contracts: who may act when, and by when the contractor must have deleted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mailround.configuration import names
from mailround.contracts import Contract, Person, Term, load_contract
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"
CONTRACT = load_contract(INCLUDE, "r8-print")


@pytest.mark.parametrize("name", names(INCLUDE / "contracts"))
def test_every_shipped_contract_loads_under_its_own_name(name: str) -> None:
    assert load_contract(INCLUDE, name).name == name


@pytest.mark.parametrize(
    ("posted_on", "due"),
    [
        (date(2026, 11, 24), date(2026, 12, 24)),
        (date(2027, 3, 1), date(2027, 3, 31)),
        (date(2027, 3, 2), date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 3, 31)),
    ],
)
def test_deletion_is_due_by_the_rule_or_by_the_contracts_end(posted_on: date, due: date) -> None:
    assert CONTRACT.deletion_due(posted_on) == due


@given(posted_on=st.dates(CONTRACT.term.start, CONTRACT.term.end), days=st.integers(0, 400))
def test_the_due_date_never_lies_after_the_contracts_end_nor_before_the_posting(posted_on: date, days: int) -> None:
    deletion = CONTRACT.deletion.model_copy(update={"days_after_posting": days})
    due = CONTRACT.model_copy(update={"deletion": deletion}).deletion_due(posted_on)
    assert posted_on <= due <= CONTRACT.term.end
    assert due <= posted_on + timedelta(days=days)


def test_a_designation_includes_both_its_days() -> None:
    person = Person(id="officer", valid_from=date(2026, 11, 1), valid_to=date(2026, 11, 2))
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]
    assert [person.valid_on(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize("id_", ["", "髙﨑", "a b", "-x", "x" * 33, "a\n"])
def test_a_person_is_an_id_never_a_name(id_: str) -> None:
    with pytest.raises(ValidationError):
        Person(id=id_, valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 2))


def test_a_term_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError, match="契約期間"):
        Term(start=date(2026, 2, 1), end=date(2026, 1, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"minutes_between_handovers": 0},
        {"ward_approvers": []},
        {"contractor_handlers": []},
        {"posted_by": "post office"},
        {"deletion": {"days_after_posting": -1, "remind_days_before": [0]}},
        {"deletion": {"days_after_posting": 30, "remind_days_before": []}},
        {"unknown": 1},
    ],
)
def test_a_contract_without_a_promised_control_does_not_load(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Contract.model_validate(CONTRACT.model_dump() | changes)
