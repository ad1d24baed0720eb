"""The register to search: found by an index, leafed through by number, and never by what was mistyped."""

from __future__ import annotations

import re

import pytest
from served import Served

from mailround.console.register import KINDS, PAGE, read
from mailround.register.search import Wanted
from mailround.register.store import Register


def numbers(text: str) -> list[int]:
    return [int(each) for each in re.findall(r'<a href="/mailround/register/([0-9]+)">', text)]


def test_the_youngest_entries_come_first_and_lead_to_the_older_ones(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/register").text
    last = rounds.last()
    assert numbers(page) == [*range(last, last - PAGE, -1)]
    older = re.search(r'href="/mailround(/register\?[^"]*before=[0-9]+[^"]*)"', page)
    assert older
    assert numbers(served.get("auditor", older[1].replace("&amp;", "&")).text)[0] == last - PAGE


def test_a_search_is_kept_while_leafing(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/register?kind=mail_returned&round_id=2026-09-change").text
    assert len(numbers(page)) == PAGE
    older = re.search(r'href="/mailround(/register\?[^"]*before[^"]*)"', page)
    assert older
    assert len(numbers(served.get("auditor", older[1].replace("&amp;", "&")).text)) == 57 - PAGE


@pytest.mark.parametrize(
    "query", ["first_day=yesterday", "kind=none", "last_day=2026-13-01", "first_day=0001-01-01", "last_day=9999-12-31"]
)
def test_what_cannot_be_read_is_told(served: Served, rounds: Register, query: str) -> None:
    page = served.get("auditor", f"/register?{query}")
    assert page.status_code == 200
    assert 'class="notice"' in page.text


@pytest.mark.parametrize("typed", ["<b>x</b>", "' OR 1=1", '" onfocus="x'])
def test_what_was_typed_is_shown_as_it_was_typed_and_nothing_else(served: Served, rounds: Register, typed: str) -> None:
    page = served.people["auditor"].get("/mailround/register", params={"words": typed}).text
    assert "条件に合う記録はありません" in page
    assert "<b>x" not in page
    assert '" onfocus="' not in page


def test_a_place_that_is_no_number_is_the_beginning(served: Served, rounds: Register) -> None:
    first = re.findall(r"/register/(\d+)", served.get("auditor", "/register").text)
    for before in ("9" * 30, "x", "-1"):
        answer = served.get("auditor", f"/register?before={before}")
        assert (answer.status_code, re.findall(r"/register/(\d+)", answer.text)) == (200, first)


def test_every_kind_can_be_asked_for_by_its_japanese_name() -> None:
    assert KINDS["posted"] == "発送の記録"
    assert len({*KINDS.values()}) == len(KINDS)


def test_an_address_becomes_what_is_wanted() -> None:
    wanted, wrong = read({"round_id": "a", "kind": "posted", "actor": "b", "words": "c" * 200})
    assert (wanted.round_id, wanted.kinds, wanted.actor, len(wanted.words), wrong) == ("a", ("posted",), "b", 80, ())
    assert read({}) == (Wanted(), ())
