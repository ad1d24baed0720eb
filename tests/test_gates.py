"""Gates: each lets a sound state pass and names its checklist number when it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.contracts import Contract, Person, load_contract
from mailround.errors import GateClosedError
from mailround.gates import (
    APPROVAL,
    HANDOVER,
    OPENING,
    RECENT,
    ExportAge,
    Release,
    contract_in_term,
    export_recent,
    handlers_designated,
    package_unchanged,
    privacy_mark_valid,
    release_approved,
    require,
)
from mailround.settings import REPOSITORY, TOKYO

DAY = date(2026, 11, 24)
CONTRACT = load_contract(REPOSITORY / "include", "r8-print")
GONE = (Person(id="old", valid_from=date(2025, 1, 1), valid_to=date(2025, 12, 31)),)
HASH, OTHER = "a" * 64, "b" * 64


def test_a_sound_contract_opens_every_gate() -> None:
    require(OPENING, CONTRACT, DAY)


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 9, 23), False),
        (date(2026, 9, 24), True),
        (date(2027, 3, 31), True),
        (date(2027, 4, 1), False),
        (date(2026, 6, 1), False),
    ],
)
def test_the_term_includes_its_first_and_last_day(day: date, open_: bool) -> None:
    reason = contract_in_term(CONTRACT, day)
    assert (reason is None) is open_
    assert open_ or "（点検表1）" in str(reason)


@pytest.mark.parametrize(("expires", "open_"), [(DAY, True), (DAY - timedelta(days=1), False)])
def test_the_privacy_mark_is_good_through_its_last_day(expires: date, open_: bool) -> None:
    mark = CONTRACT.privacy_mark.model_copy(update={"expires": expires})
    reason = privacy_mark_valid(CONTRACT.model_copy(update={"privacy_mark": mark}), DAY)
    assert (reason is None) is open_
    assert open_ or "点検表1" in str(reason)


@pytest.mark.parametrize("side", ["ward_handlers", "ward_approvers", "contractor_handlers"])
def test_nobody_designated_on_one_side_closes_the_gate(side: str) -> None:
    assert handlers_designated(CONTRACT, DAY) is None
    reason = handlers_designated(CONTRACT.model_copy(update={side: GONE}), DAY)
    assert reason is not None
    assert "点検表4" in reason
    assert "old" not in reason


@pytest.mark.parametrize(
    ("release", "closed"),
    [
        (Release(sealed=HASH, approved=HASH, on_disk=HASH), ()),
        (Release(sealed=HASH, approved=None, on_disk=HASH), ("承認が管理簿にありません",)),
        (Release(sealed=HASH, approved=OTHER, on_disk=HASH), ("承認されたパッケージと封緘の記録が一致しません",)),
        (Release(sealed=HASH, approved=HASH, on_disk=OTHER), ("封緘の記録と一致しません",)),
        (Release(sealed=HASH, approved=HASH, on_disk=None), ("ファイルがありません",)),
        (
            Release(sealed=OTHER, approved=HASH, on_disk=HASH),
            ("パッケージのファイルが封緘の記録と一致しません", "承認されたパッケージと"),
        ),
        (Release(sealed=None, approved=None, on_disk=None), ("ファイルがありません", "承認が管理簿にありません")),
        (Release(sealed=None, approved=HASH, on_disk=HASH), ("ファイルが封緘の記録と一致しません", "承認された")),
    ],
)
def test_only_the_approved_and_unchanged_package_is_handed_over(release: Release, closed: tuple[str, ...]) -> None:
    reasons = [reason for gate in HANDOVER if (reason := gate(release, DAY))]
    assert len(reasons) == len(closed)
    assert all(part in reason for part, reason in zip(closed, reasons, strict=True))


def test_an_approval_needs_the_sealed_package_and_no_earlier_approval() -> None:
    require(APPROVAL, Release(sealed=HASH, approved=None, on_disk=HASH), DAY)
    with pytest.raises(GateClosedError, match="点検表7"):
        require(APPROVAL, Release(sealed=HASH, approved=None, on_disk=OTHER), DAY)


def test_nothing_is_approved_that_rests_on_what_was_done_anew_since() -> None:
    with pytest.raises(GateClosedError, match=r"「印刷計画」からやり直す（点検表19）"):
        require(APPROVAL, Release(sealed=HASH, approved=None, on_disk=HASH, overtaken="印刷計画"), DAY)


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
    reason = export_recent(ExportAge(MADE, moment, 48), DAY)
    assert (reason is None) is open_
    assert open_ or reason == "データの作成から48時間（期限 2026-11-12 09:00）を過ぎています（点検表5）"


def test_of_an_older_version_s_export_no_age_is_known_that_could_close_the_gate() -> None:
    assert ExportAge(None, MADE, 1).good_until is None
    require(RECENT, ExportAge(None, MADE + timedelta(days=400), 1), DAY)


def test_a_closed_gate_tells_the_remedy_that_fits_the_step() -> None:
    with pytest.raises(GateClosedError) as caught:
        require(RECENT, ExportAge(MADE, MADE + timedelta(hours=2), 1), DAY, remedy="回収してください。")
    assert caught.value.remedy == "回収してください。"


def test_every_closed_gate_is_named_at_once() -> None:
    mark = CONTRACT.privacy_mark.model_copy(update={"expires": date(2026, 1, 1)})
    broken = CONTRACT.model_copy(update={"privacy_mark": mark, "ward_approvers": GONE})
    with pytest.raises(GateClosedError) as caught:
        require(OPENING, broken, date(2028, 1, 1))
    assert caught.value.happened.count("点検表1") == 2
    assert caught.value.happened.count("点検表4") == 1
    assert caught.value.remedy


@given(day=st.dates())
def test_a_day_passes_exactly_when_it_lies_in_the_term(day: date) -> None:
    assert (contract_in_term(CONTRACT, day) is None) == (CONTRACT.term.start <= day <= CONTRACT.term.end)


@given(hashes=st.tuples(*[st.sampled_from([None, HASH, OTHER])] * 3))
def test_the_handover_opens_only_for_three_equal_hashes(hashes: tuple[str | None, str | None, str | None]) -> None:
    release = Release(*hashes)
    open_ = package_unchanged(release, DAY) is None and release_approved(release, DAY) is None
    assert open_ == (None not in hashes and len(set(hashes)) == 1)


def test_the_contracts_of_the_repository_are_models_of_themselves() -> None:
    assert Contract.model_validate(CONTRACT.model_dump()) == CONTRACT
