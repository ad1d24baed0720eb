"""A register that takes over the rows of another: through its triggers, in order, all or none."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from mailround.errors import RegisterError
from mailround.register.entries import RoundClosed
from mailround.register.listing import json_lines, read_export
from mailround.register.store import Register
from mailround.settings import TOKYO

AT = datetime(2026, 11, 29, tzinfo=TOKYO)


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Register:
    made = Register(f"sqlite:///{tmp_path_factory.mktemp('other')}/register.db")
    made.migrate()
    for number in range(3):
        made.append(RoundClosed(report_sha256=f"{number:064}"), round_id=f"2026-0{number}-x", actor="t", at=AT)
    return made


def test_it_has_the_same_chain_and_goes_on_from_it(register: Register, other: Register) -> None:
    register.take_over(read_export("".join(json_lines(other.entries()))))
    assert register.entries() == other.entries()
    body = RoundClosed(report_sha256="f" * 64)
    for each in (register, other):
        each.append(body, round_id="2026-09-x", actor="t", at=AT)
    assert register.verify() == other.verify()


def test_nothing_is_left_of_rows_that_are_no_chain(register: Register, other: Register) -> None:
    first, second, third = read_export("".join(json_lines(other.entries())))
    for rows in ((first, third), (second, third), (first, third, second)):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"):
            register.take_over(rows)
        assert register.entries() == ()


def test_a_register_with_an_entry_is_left_as_it_is(register: Register, other: Register) -> None:
    rows = read_export("".join(json_lines(other.entries())))
    register.append(RoundClosed(report_sha256="f" * 64), round_id="2026-09-x", actor="t", at=AT)
    before = register.entries()
    with pytest.raises(RegisterError, match="既に記録があります"):
        register.take_over(rows)
    assert register.entries() == before
