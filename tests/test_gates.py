"""Gates: each lets a sound state pass and, closed, names its checklist number and its own remedy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.contracts import Contract, Person, WardPerson, load_contract
from mailround.errors import GateClosedError
from mailround.gates import (
    ADDRESSES,
    APPROVAL,
    FRESH,
    HANDOVER,
    ITEMS,
    OPENING,
    RECENT,
    SETTLED,
    Approvals,
    Carried,
    Evaluation,
    ExportAge,
    Gate,
    Release,
    Unsettled,
    closed,
    require,
)
from mailround.overdue import Outstanding
from mailround.settings import REPOSITORY, TOKYO

DAY = date(2026, 11, 24)
MOMENT = datetime(2026, 11, 24, 10, 30, tzinfo=TOKYO)
CONTRACT = load_contract(REPOSITORY / "include", "r8-print")
APPROVED = CONTRACT.approved_items["change_notice"]
HASH, OTHER = "a" * 64, "b" * 64
PAST = {"valid_from": date(2025, 1, 1), "valid_to": date(2025, 12, 31)}
GONE = (WardPerson(id="old", division="生活福祉課", **PAST),)
GONE_THERE = (Person(id="old", **PAST),)
GROUPS: tuple[tuple[Gate[Any], ...], ...] = (
    OPENING,
    ITEMS,
    APPROVAL,
    HANDOVER,
    FRESH,
    RECENT,
    ADDRESSES,
    SETTLED,
)
GATES = {gate.id: gate for group in GROUPS for gate in group}


def contract(part: str | None = None, **changes: object) -> Contract:
    """Return the contract with changes, or with changes to one part of it."""
    if part is None:
        return CONTRACT.model_copy(update=changes)
    return CONTRACT.model_copy(update={part: getattr(CONTRACT, part).model_copy(update=changes)})


def parties(**changes: object) -> Contract:
    return contract(subcontractors=(CONTRACT.subcontractors[0].model_copy(update=changes),))


def contacts(*verified_on: date) -> Contract:
    both = zip(CONTRACT.contacts, verified_on, strict=True)
    return contract(contacts=tuple(each.model_copy(update={"verified_on": on}) for each, on in both))


def carried(*items: str, approved_on: date = DAY) -> Carried:
    approved = APPROVED.model_copy(update={"approved_on": approved_on})
    return Carried(approved, frozenset({*APPROVED.items, *items}))


def approvals(*given: datetime, days: int = 7, moment: datetime = MOMENT) -> Approvals:
    return Approvals(given, days, moment)


def hours(age: int) -> ExportAge:
    return ExportAge(MOMENT - timedelta(hours=age), MOMENT, 48)


def other(due: date) -> Unsettled:
    return Unsettled(deletions=(Outstanding("2026-08-change", due),))


SOUND = Release(sealed=HASH, approved=HASH, on_disk=HASH)
YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)

FAULTS: tuple[tuple[str, object, object, tuple[int, ...], str], ...] = (
    ("contract_in_term", CONTRACT, contract("term", end=YESTERDAY), (1,), "契約期間（2026-09-24〜2026-11-23）の外"),
    ("contract_in_term", CONTRACT, contract("term", start=TOMORROW), (1,), "契約期間（2026-11-25〜2027-03-31）の外"),
    (
        "privacy_mark_valid",
        contract("privacy_mark", expires=DAY),
        contract("privacy_mark", expires=YESTERDAY),
        (1,),
        "プライバシーマークが失効しています［期限 2026-11-23］",
    ),
    (
        "subcontractors_approved",
        parties(approved_on=DAY, inspected_on=DAY),
        parties(approved_on=TOMORROW),
        (3,),
        "承認と検査の済んでいない再委託先があります［sample-finishing］",
    ),
    ("subcontractors_approved", contract(subcontractors=()), parties(inspected_on=TOMORROW), (3,), "再委託先"),
    ("handlers_designated", CONTRACT, contract(ward_handlers=GONE), (4,), "有効な区の取扱者が"),
    ("handlers_designated", CONTRACT, contract(ward_approvers=GONE), (4,), "有効な区の承認者が"),
    ("handlers_designated", CONTRACT, contract(contractor_handlers=GONE_THERE), (4,), "有効な委託先の取扱者が"),
    ("responsible_designated", CONTRACT, contract("responsible", ward=GONE), (4,), "有効な区の取扱責任者が"),
    (
        "responsible_designated",
        CONTRACT,
        contract("responsible", contractor=GONE_THERE),
        (4,),
        "有効な委託先の取扱責任者が",
    ),
    (
        "flow_acknowledged",
        contract("flow", acknowledged_on=DAY),
        contract("flow", acknowledged_on=TOMORROW),
        (5,),
        "委託先が作業の流れ［第1版］を確認していません",
    ),
    (
        "contacts_verified",
        contacts(DAY - timedelta(days=180), DAY),
        contacts(DAY - timedelta(days=181), DAY),
        (12,),
        "緊急連絡先があります［ward-desk、180日以内］",
    ),
    ("contacts_verified", contacts(DAY, DAY), contacts(DAY, TOMORROW), (12,), "［contractor-desk、180日以内］"),
    (
        "two_divisions",
        CONTRACT,
        contract(ward_approvers=(CONTRACT.ward_handlers[0],)),
        (19,),
        "区の承認者が、取扱者とすべて同じ課です",
    ),
    (
        "items_approved",
        carried(),
        carried("kana", "birth_date"),
        (1,),
        "承認されていない項目があります［birth_date・kana］",
    ),
    ("items_approved", carried(), Carried(None, frozenset()), (1,), "渡してよい項目が承認されていません"),
    ("items_approved", carried(), carried(approved_on=TOMORROW), (1,), "承認日（2026-11-25）が 2026-11-24 より後"),
    ("package_unchanged", SOUND, Release(HASH, HASH, OTHER), (7,), "封緘の記録と一致しません"),
    ("package_unchanged", SOUND, Release(HASH, HASH, None), (7,), "ファイルがありません"),
    ("nothing_done_anew", SOUND, Release(HASH, None, HASH, "印刷計画"), (19,), "「印刷計画」からやり直す"),
    ("release_approved", SOUND, Release(HASH, None, HASH), (19,), "引渡しの承認が管理簿にありません"),
    ("release_approved", SOUND, Release(HASH, OTHER, HASH), (19,), "承認されたパッケージと封緘の記録が一致しません"),
    (
        "approval_fresh",
        approvals(MOMENT - timedelta(days=7)),
        approvals(MOMENT - timedelta(days=8)),
        (19,),
        "有効な承認がありません［承認の有効日数 7日、最後の承認は 2026-11-23 まで］",
    ),
    (
        "approval_fresh",
        approvals(MOMENT + timedelta(seconds=40)),  # given within the minute that was typed
        approvals(MOMENT + timedelta(minutes=1)),
        (19,),
        "最後の承認は 2026-12-01 まで",
    ),
    ("export_recent", hours(48), hours(49), (5,), "48時間（期限 2026-11-24 09:30）を過ぎています"),
    ("addresses_current", DAY, YESTERDAY, (5,), "期限（2026-11-23）の切れた送付先がある"),
    ("deletion_not_overdue", other(DAY), other(YESTERDAY), (11,), "2026-08-change（期限 2026-11-23）"),
    ("no_open_incident", Unsettled(), Unsettled(incidents=2), (13,), "対応中の事故が2件あります"),
)
"""Gate, a state that just passes, one fault that closes it, its checklist numbers, words of its reason."""


@pytest.mark.parametrize(("gate", "sound", "fault", "controls", "words"), FAULTS)
def test_a_gate_passes_what_is_sound_and_names_its_fault_its_control_and_its_remedy(
    gate: str, sound: object, fault: object, controls: tuple[int, ...], words: str
) -> None:
    row = GATES[gate]
    assert row.closed(sound, DAY) is None
    told = row.closed(fault, DAY)
    assert told is not None
    assert (told.id, told.remedy) == (gate, row.remedy)
    assert words in told.reason
    assert told.reason.endswith(f"（点検表{'・'.join(map(str, controls))}）")
    assert row.controls == controls
    assert "old" not in told.reason


def test_every_gate_is_closed_by_some_seeded_fault() -> None:
    assert {gate for gate, *_ in FAULTS} == set(GATES)


def test_no_two_gates_share_an_id_and_each_has_a_remedy_and_numbers_of_the_checklist() -> None:
    rows = {id(gate): gate for group in GROUPS for gate in group}.values()
    assert len({gate.id for gate in rows}) == len(rows)
    for gate in rows:
        assert gate.remedy.endswith("。")
        assert gate.controls
        assert set(gate.controls) <= set(range(1, 25))


def test_the_ids_in_the_register_are_these_for_good() -> None:
    """Evidence of rounds long closed names them."""
    assert set(GATES) == {
        *("contract_in_term", "privacy_mark_valid", "subcontractors_approved", "handlers_designated"),
        *("responsible_designated", "flow_acknowledged", "contacts_verified", "two_divisions", "items_approved"),
        *("package_unchanged", "nothing_done_anew", "release_approved", "approval_fresh", "export_recent"),
        *("addresses_current", "deletion_not_overdue", "no_open_incident"),
    }


def test_a_sound_contract_opens_every_gate() -> None:
    require(OPENING, CONTRACT, DAY)


@pytest.mark.parametrize("name", ["demo", "r8-print"])
@pytest.mark.parametrize("day", [date(2026, 11, 10), date(2027, 3, 29)])
def test_the_contracts_of_the_repository_open_every_gate(name: str, day: date) -> None:
    require(OPENING, load_contract(REPOSITORY / "include", name), day)


@pytest.mark.parametrize(
    ("release", "reasons"),
    [
        (SOUND, ()),
        (Release(sealed=HASH, approved=None, on_disk=HASH), ("承認が管理簿にありません",)),
        (Release(sealed=HASH, approved=OTHER, on_disk=HASH), ("承認されたパッケージと封緘の記録が一致しません",)),
        (
            Release(sealed=OTHER, approved=HASH, on_disk=HASH),
            ("パッケージのファイルが封緘の記録と一致しません", "承認されたパッケージと"),
        ),
        (Release(sealed=None, approved=None, on_disk=None), ("ファイルがありません", "承認が管理簿にありません")),
        (Release(sealed=None, approved=HASH, on_disk=HASH), ("ファイルが封緘の記録と一致しません", "承認された")),
    ],
)
def test_only_the_approved_and_unchanged_package_is_handed_over(release: Release, reasons: tuple[str, ...]) -> None:
    found = closed(HANDOVER, release, DAY)
    assert len(found) == len(reasons)
    assert all(part in reason for part, reason in zip(reasons, found, strict=True))


def test_an_approval_needs_the_sealed_package_and_no_earlier_approval() -> None:
    require(APPROVAL, Release(sealed=HASH, approved=None, on_disk=HASH), DAY)
    with pytest.raises(GateClosedError, match="点検表7"):
        require(APPROVAL, Release(sealed=HASH, approved=None, on_disk=OTHER), DAY)


MADE = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        (MADE, True),
        (MADE + timedelta(hours=48), True),
        (MADE + timedelta(hours=48, seconds=1), False),
        ((MADE + timedelta(hours=48)).astimezone(UTC), True),
        ((MADE + timedelta(hours=49)).astimezone(UTC), False),
    ],
)
def test_an_export_is_good_for_its_hours_to_the_second_whatever_the_zone(moment: datetime, open_: bool) -> None:
    reasons = closed(RECENT, ExportAge(MADE, moment, 48), DAY)
    assert reasons == (() if open_ else ("データの作成から48時間（期限 2026-11-12 09:00）を過ぎています（点検表5）",))


def test_of_an_older_version_s_export_no_age_is_known_that_could_close_the_gate() -> None:
    assert ExportAge(None, MADE, 1).good_until is None
    require(RECENT, ExportAge(None, MADE + timedelta(days=400), 1), DAY)


def test_of_an_older_version_s_package_no_items_are_known_that_could_close_the_gate() -> None:
    require(ITEMS, Carried(APPROVED, None), DAY)
    assert closed(ITEMS, Carried(None, None), DAY)


@pytest.mark.parametrize(
    ("given", "moment", "covered"),
    [
        ((), MOMENT, False),
        ((MADE,), MADE.replace(hour=23, minute=59) + timedelta(days=3), True),
        ((MADE,), MADE.replace(hour=0) + timedelta(days=4), False),
        ((MADE,), (MADE.replace(hour=23, minute=59) + timedelta(days=3)).astimezone(UTC), True),
        ((MADE.astimezone(UTC),), MADE.replace(hour=0) + timedelta(days=4), False),
        ((MADE, MADE + timedelta(days=9)), MADE + timedelta(days=5), False),  # between two approvals
        ((MADE, MADE + timedelta(days=9)), MADE + timedelta(days=3), True),
        ((MADE, MADE + timedelta(days=9)), MADE + timedelta(days=12), True),
    ],
)
def test_an_approval_covers_its_day_and_so_many_after_it(
    given: tuple[datetime, ...], moment: datetime, covered: bool
) -> None:
    assert Approvals(given, 3, moment).cover() is covered


@pytest.mark.parametrize("approving", [("A",), ("A", "B")])
@pytest.mark.parametrize("handling", [("A",), ("A", "B")])
def test_two_divisions_are_two_as_soon_as_any_approver_and_any_handler_differ(
    handling: tuple[str, ...], approving: tuple[str, ...]
) -> None:
    def people(divisions: tuple[str, ...]) -> tuple[WardPerson, ...]:
        days = {"valid_from": DAY, "valid_to": DAY}
        return tuple(WardPerson(id=f"p{each}", division=each, **days) for each in divisions)

    (gate,) = (gate for gate in OPENING if gate.id == "two_divisions")
    reason = gate.closed(contract(ward_handlers=people(handling), ward_approvers=people(approving)), DAY)
    assert (reason is None) == any(one != two for one in handling for two in approving)


def test_a_person_whose_designation_is_over_makes_no_second_division() -> None:
    past = tuple(each.model_copy(update=PAST) for each in CONTRACT.ward_approvers)
    found = closed(OPENING, contract(ward_approvers=(*past, CONTRACT.ward_handlers[0])), DAY)
    assert [reason.endswith("（点検表19）") for reason in found] == [True]


def test_every_closed_gate_is_named_at_once_and_a_remedy_that_two_share_only_once() -> None:
    mark = CONTRACT.privacy_mark.model_copy(update={"expires": date(2026, 1, 1)})
    responsible = CONTRACT.responsible.model_copy(update={"ward": GONE})
    broken = contract(privacy_mark=mark, ward_approvers=GONE, responsible=responsible)
    with pytest.raises(GateClosedError) as caught:
        require(OPENING, broken, date(2026, 12, 1))
    assert caught.value.happened.count("点検表1）") == 1
    assert caught.value.happened.count("点検表4）") == 2
    assert caught.value.remedy.count("指定した人と期間を書き足してください。") == 1
    assert "登録証" in caught.value.remedy


def test_what_to_do_first_stands_before_the_gates_own_remedies() -> None:
    found = Evaluation(DAY).ask(SETTLED, Unsettled(incidents=1)).ask(ADDRESSES, YESTERDAY)
    with pytest.raises(GateClosedError) as caught:
        found.require("媒体を回収してください。")
    first, *others = (each.remedy for each in found.closed)
    assert caught.value.remedy == "".join(("媒体を回収してください。", first, *others))


def test_an_evaluation_keeps_what_passed_and_what_did_not_in_the_order_asked() -> None:
    found = Evaluation(DAY).ask(FRESH, approvals(MOMENT)).ask(SETTLED, Unsettled(incidents=1)).ask(ADDRESSES, None)
    assert found.passed == ("approval_fresh", "deletion_not_overdue", "addresses_current")
    assert [each.id for each in found.closed] == ["no_open_incident"]
    Evaluation(DAY).require()


def only(gates: tuple[Gate[Any], ...], id_: str) -> Callable[[object, date], bool]:
    (gate,) = (gate for gate in gates if gate.id == id_)
    return lambda facts, day: gate.closed(facts, day) is None


@given(day=st.dates())
def test_a_day_passes_exactly_when_it_lies_in_the_term(day: date) -> None:
    assert only(OPENING, "contract_in_term")(CONTRACT, day) == (CONTRACT.term.start <= day <= CONTRACT.term.end)


@given(hashes=st.tuples(*[st.sampled_from([None, HASH, OTHER])] * 3))
def test_the_handover_opens_only_for_three_equal_hashes(hashes: tuple[str | None, str | None, str | None]) -> None:
    assert (closed(HANDOVER, Release(*hashes), DAY) == ()) == (None not in hashes and len(set(hashes)) == 1)


def test_the_contracts_of_the_repository_are_models_of_themselves() -> None:
    assert Contract.model_validate(CONTRACT.model_dump()) == CONTRACT
