"""The templates of a round beside the last one's: found by the register, compared as they were kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailround.context import RoundContext
from mailround.errors import WorkspaceError
from mailround.kept_templates import templates_path
from mailround.last_templates import compared_templates, template_change
from mailround.model import Population, Recipient
from mailround.plan_print import plan_print
from mailround.register.entries import PrintPlanned, RoundClosed, latest
from mailround.templates import digest
from prepared import AT
from printing import other_template, put, templates
from proofs import close_before
from wards import opened_in

Opener = Callable[..., RoundContext]
LAST = "2026-08-change"
OLDER = other_template(lambda content: content["texts"].update(title="保護変更のお知らせ"))


def plan(work: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    put(work, [make_recipient()])
    plan_print(work, at=AT)


@pytest.fixture
def work(open_a_round: Opener) -> RoundContext:
    return open_a_round()


def test_the_first_round_of_a_kind_and_one_without_a_plan_have_nothing_to_compare_with(
    work: RoundContext, make_recipient: Callable[..., Recipient]
) -> None:
    close_before(work, LAST, OLDER)
    assert template_change(work) is None
    other = opened_in(work.settings, b"other", round_id="2026-11-asset", kind="asset_declaration")
    put(other, [make_recipient(decision=None)])
    plan_print(other, at=AT)
    assert template_change(other) is None


def test_a_change_is_found_where_it_is_and_nowhere_else(
    work: RoundContext, make_recipient: Callable[..., Recipient]
) -> None:
    close_before(work, LAST, OLDER)
    plan(work, make_recipient)
    change = template_change(work)
    assert change is not None
    assert (change.last_round_id, change.before, change.now) == (LAST, digest(OLDER), digest(templates()))
    assert change.changed
    compared = compared_templates(work, change)
    assert compared is not None
    assert {each: len(found.changes) for each, found in compared.items()} == {
        Population.ASSISTANCE: 1,
        Population.EQUIVALENT: 0,
        Population.SUPPORT: 0,
    }
    assert compared[Population.ASSISTANCE].before == OLDER[Population.ASSISTANCE]
    assert compared[Population.ASSISTANCE].now == templates()[Population.ASSISTANCE]


def test_the_same_templates_are_no_change(work: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    close_before(work, LAST, templates())
    plan(work, make_recipient)
    change = template_change(work)
    assert change is not None
    assert not change.changed


def test_what_is_closed_later_is_not_the_last_one(work: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    close_before(work, LAST, OLDER)
    plan(work, make_recipient)
    close_before(work, "2026-10-change", templates())
    work.register.append(RoundClosed(report_sha256="a" * 64), round_id=work.round_id, actor="mailround", at=AT)
    change = template_change(work)
    assert change is not None
    assert change.last_round_id == LAST


def test_templates_of_an_earlier_version_were_not_kept(
    work: RoundContext, make_recipient: Callable[..., Recipient]
) -> None:
    close_before(work, LAST, OLDER, kept=False)
    plan(work, make_recipient)
    change = template_change(work)
    assert change is not None
    assert change.changed
    assert compared_templates(work, change) is None


@pytest.mark.parametrize("whose", ["before", "now"])
def test_templates_that_were_altered_are_not_compared(
    work: RoundContext, make_recipient: Callable[..., Recipient], whose: str
) -> None:
    close_before(work, LAST, OLDER)
    plan(work, make_recipient)
    path = templates_path(work.settings, LAST if whose == "before" else work.round_id)
    path.write_bytes(path.read_bytes() + b"\n")
    change = template_change(work)
    assert change is not None
    with pytest.raises(WorkspaceError, match="一致しません"):
        compared_templates(work, change)


def test_the_plan_keeps_what_its_entry_stands_for(work: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    plan(work, make_recipient)
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    assert planned.templates_sha256 == digest(templates())
    assert templates_path(work.settings, work.round_id).is_file()
