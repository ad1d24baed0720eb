"""The hold list on the console: in the register before it is seen, for handlers alone, with what to do about each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from served import Served

from answered import report
from mailround.console import holds
from mailround.console.visit import NotFoundError, Visit
from mailround.context import ROUND_KEY, RoundContext
from mailround.errors import GateClosedError, NotForYouError, WorkspaceError
from mailround.hold_release import write_release
from mailround.model import Recipient
from mailround.records import write_recipients
from mailround.register.entries import HoldsReleased, HoldsShown, QualityChecked, standing
from prepared import AT
from wards import opened_in

CANARY = "伽奈利亜"


def checked(work: RoundContext, make_recipient: Callable[..., Recipient]) -> RoundContext:
    """Leave two households held, one of them released from one of two rules, and one that is only warned of."""
    people = [
        make_recipient(record_no=number, case_no=f"000000{number}", name=f"髙﨑　{CANARY}", district=f"0{number}")
        for number in (1, 2, 3)
    ]
    write_recipients(work.workspace, people)
    report(work, rows=3, A04=("0000001", "0000002"), C01=("0000002",), C02=("0000003",), P01=(), P07=())
    counts = {"rows": 3, "printable": 1, "held": 2, "excluded": 0, "warned": 1}
    body = QualityChecked(export_sha256="e" * 64, findings={}, checked_sha256="c" * 64, **counts)
    work.register.append(body, round_id=work.round_id, actor="mailround", at=AT)
    released = HoldsReleased(
        rule="A04",
        cases=1,
        reason="データは正しい（例外）",
        reference="第1号",
        checked_sha256="c" * 64,
        sha256=write_release(work, "A04", ["0000001"]),
        answered_at=AT,
    )
    work.register.append(released, round_id=work.round_id, actor="officer2", at=AT)
    return work


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(checked)


def visit(work: RoundContext, user: str, **changes: Any) -> Visit:
    given: dict[str, Any] = {"at": AT, "asked": {"round_id": work.round_id}, "may": lambda _: True}
    given["stopped"] = lambda _: frozenset()
    return Visit(user=user, settings=work.settings, **(given | changes))


def test_who_looks_is_in_the_register_and_sees_rule_remedy_and_state(work: RoundContext) -> None:
    told: Any = holds.show(visit(work, "officer"))
    (entry,) = (each for each in work.entries if isinstance(each.body, HoldsShown))
    assert (entry.actor, entry.seq) == ("officer", told["entry"])
    assert entry.body == HoldsShown(rows=4, output="console", copy_no=1)
    assert [(kind, [each.rule for each in its]) for kind, its in told["kinds"]] == [
        ("保留", ["A04", "C01"]),
        ("注意", ["C02"]),
    ]
    assert told["counts"] == {"保留": 2, "注意": 1}
    first = told["kinds"][0][1][0]
    assert first.released == 1
    assert first.remedy.endswith("。")
    assert "解除でき" in first.release
    assert not told["kinds"][1][1][0].release


def test_every_look_is_one_more_entry(work: RoundContext) -> None:
    for user in ("officer", "datateam", "officer"):
        holds.show(visit(work, user))
    assert [each.copy_no for each in standing(work.entries, HoldsShown)] == [1, 2, 3]


@pytest.mark.parametrize("user", ["approver", "auditor", "admin", "OFFICER", ""])
def test_nobody_but_a_handler_sees_it(work: RoundContext, user: str) -> None:
    with pytest.raises(NotForYouError, match="取扱者に指定され"):
        holds.show(visit(work, user))
    assert not standing(work.entries, HoldsShown)


def test_a_handler_sees_it_while_designated(work: RoundContext) -> None:
    with pytest.raises(NotForYouError, match="期間内"):
        holds.show(visit(work, "officer", at=AT + timedelta(days=800)))


def test_it_goes_with_the_key(work: RoundContext) -> None:
    work.vault.destroy(work.round_id, ROUND_KEY)
    with pytest.raises(GateClosedError, match="鍵とともに廃棄"):
        holds.show(visit(work, "officer"))
    assert not standing(work.entries, HoldsShown)


def test_before_the_check_there_is_none_and_of_no_round_neither(open_a_round: Callable[..., RoundContext]) -> None:
    work = open_a_round()
    with pytest.raises(WorkspaceError, match="前の工程"):
        holds.show(visit(work, "officer"))
    with pytest.raises(NotFoundError, match="管理簿にありません"):
        holds.show(visit(work, "officer", asked={"round_id": "2099-01-none"}))
    assert not standing(work.entries, HoldsShown)


def test_the_page_names_cases_and_nobody_and_is_kept_by_no_browser(
    served: Served, make_recipient: Callable[..., Recipient]
) -> None:
    served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
    work = checked(opened_in(served.ward, round_id="2031-04-holds", contract="demo"), make_recipient)
    path = f"/rounds/{work.round_id}/holds"
    answer = served.get("officer", path)
    assert answer.status_code == 200
    for words in ("0000001", "解除済み", "保留中", "対応", 'id="A04"', "04 保留の判断", "required_actions"):
        assert words in answer.text
    assert CANARY not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert served.get("approver", path).status_code == 403
    assert served.get("auditor", path).status_code == 403
    assert [each.actor for each in work.entries if isinstance(each.body, HoldsShown)] == ["officer"]
