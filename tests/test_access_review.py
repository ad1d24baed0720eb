"""The judgement of a month's accesses: tables of acts, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import pytest

from accessed import ACCOUNTS, act, at, entries, reviewed
from mailround.access_review import (
    TITLES,
    TOLD,
    Account,
    Act,
    Review,
    acts_in_register,
    month_span,
    off_hours,
    previous_month,
    review,
)
from mailround.register.entries import (
    AnswerRefused,
    AnyBody,
    Entry,
    Extracted,
    HoldsShown,
    ProofPageViewed,
    ProofShown,
    ReleaseApproved,
    ReleaseRefused,
    ReturnedShown,
)
from mailround.settings import TOKYO, Settings
from mailround.working_days import ClosingDays

CLOSING = ClosingDays(yearly=("12-29",), once=(date(2026, 10, 8),))


def judged(
    settings: Settings, acts: Sequence[Act], accounts: Sequence[Account] = ACCOUNTS, earlier: tuple[Entry, ...] = ()
) -> Review:
    return review("2026-10", acts, accounts, earlier=earlier, settings=settings, closing=CLOSING)


def told(found: Review) -> list[tuple[str, str, str]]:
    return [(each.kind, each.who, each.text) for each in found.findings]


@pytest.mark.parametrize(
    ("moment", "off"),
    [
        (at(6, 8, 29), True),
        (at(6, 8, 30), False),
        (at(6, 17, 14), False),
        (at(6, 17, 15), True),
        (at(3, 10), True),  # Saturday
        (at(12, 10), True),  # Sports Day, a Monday
        (at(8, 10), True),  # a day of the ward's own
        (datetime(2026, 10, 6, 0, 0, tzinfo=UTC), False),  # 9:00 in Tokyo
        (datetime(2026, 10, 6, 9, 0, tzinfo=UTC), True),  # 18:00 in Tokyo
        (datetime(2026, 10, 4, 23, 30, tzinfo=UTC), False),  # Sunday there, Monday 8:30 here
    ],
)
def test_office_hours_are_those_of_tokyo_on_the_wards_working_days(
    settings: Settings, moment: datetime, *, off: bool
) -> None:
    assert off_hours(moment, settings, CLOSING) is off


def test_office_hours_are_configured(settings: Settings) -> None:
    late = settings.model_copy(update={"office_closes": time(20, 0)})
    assert off_hours(at(6, 18), settings, CLOSING)
    assert not off_hours(at(6, 18), late, CLOSING)


def test_off_hours_are_told_once_a_person_and_day_with_what_was_done(settings: Settings) -> None:
    acts = [
        act("officer", "viewed", 6, 22, 5),
        act("officer", "started", 6, 20, 0),
        act("officer", "viewed", 6, 10, 0),
        act("officer", "viewed", 4, 9, 0),
        act("approver", "answered", 5, 9, 0),
    ]
    assert told(judged(settings, acts)) == [
        ("off_hours", "officer", "10月04日 09:00　閲覧 1回"),
        ("off_hours", "officer", "10月06日 20:00〜22:05　開始 1回・閲覧 1回"),
    ]


def test_every_act_of_the_month_and_no_other_is_counted(settings: Settings) -> None:
    begin, end = month_span("2026-10")
    acts = [Act(begin, "a", "started"), Act(end, "a", "started"), act("a", "viewed"), act("b", "other", 31, 12)]
    acts.append(Act(datetime(2026, 9, 30, 14, 59, 59, tzinfo=UTC), "a", "started"))  # 23:59:59 in Tokyo
    found = judged(settings, acts)
    assert {who: dict(done) for who, done in found.people.items()} == {
        "a": {"started": 1, "viewed": 1},
        "b": {"other": 1},
    }
    assert found.acts == 3
    assert found.days[0] == (0, 1)
    assert found.days[5] == (1, 0)
    assert len(found.days) == 31
    assert sum(map(sum, found.days)) == sum(map(sum, found.hours)) == 3


@pytest.mark.parametrize(("month", "days"), [("2026-02", 28), ("2028-02", 29), ("2026-12", 31), ("2026-04", 30)])
def test_a_month_has_its_days(settings: Settings, month: str, days: int) -> None:
    found = review(month, (), (), earlier=(), settings=settings, closing=CLOSING)
    assert len(found.days) == days


@pytest.mark.parametrize("wrong", ["", "2026", "2026-13", "2026-10-01", "october"])
def test_what_is_no_month_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own words
        month_span(wrong)


@pytest.mark.parametrize(
    ("day", "month"), [(date(2026, 1, 1), "2025-12"), (date(2026, 3, 31), "2026-02"), (date(2026, 11, 2), "2026-10")]
)
def test_the_month_before(day: date, month: str) -> None:
    assert previous_month(day) == month


@pytest.mark.parametrize(
    ("before", "now", "unusual"),
    [
        ((), 500, False),  # nothing to compare with
        ((10,), 20, False),  # twice as many is not more than twice
        ((10,), 21, True),
        ((30, 5, 5), 60, False),  # the busiest month counts, rounds come four times a year
        ((30, 5, 5), 61, True),
        ((0,), 19, False),  # too few to tell of
        ((0,), 20, True),  # somebody new, or who never did this
    ],
)
def test_volume_is_compared_with_the_persons_own_busiest_month(
    settings: Settings, before: tuple[int, ...], now: int, *, unusual: bool
) -> None:
    earlier = entries(*(reviewed(f"2026-0{9 - back}", viewed_by_officer=most) for back, most in enumerate(before)))
    acts = [act("officer", "viewed", 6, 10, 0)] * now
    found = told(judged(settings, acts, earlier=earlier))
    assert found == ([("volume", "officer", f"閲覧 {now}回（これまでの月の最多 {max(before)}回）")] if unusual else [])


def test_another_persons_or_kinds_months_do_not_excuse(settings: Settings) -> None:
    earlier = entries(reviewed("2026-09", viewed_by_datateam=500, started_by_officer=500))
    found = judged(settings, [act("officer", "viewed")] * 30, earlier=earlier)
    assert [(each.kind, each.who) for each in found.findings] == [("volume", "officer")]


def test_only_earlier_months_by_their_last_review_are_compared_with(settings: Settings) -> None:
    earlier = entries(
        reviewed("2026-09", viewed_by_officer=500),
        reviewed("2026-09", viewed_by_officer=5),
        reviewed("2026-10", viewed_by_officer=500),
        reviewed("2026-11", viewed_by_officer=500),
    )
    found = judged(settings, [act("officer", "viewed")] * 30, earlier=earlier)
    assert found.compared == ("2026-09",)
    assert [each.kind for each in found.findings] == ["volume"]


def test_a_years_months_are_compared_with_and_none_before(settings: Settings) -> None:
    earlier = entries(
        reviewed("2025-08", viewed_by_officer=500),
        *(reviewed(f"{2025 + month // 13}-{(month - 1) % 12 + 1:02}") for month in range(10, 22)),
    )
    found = judged(settings, [act("officer", "viewed")] * 30, earlier=earlier)
    assert len(found.compared) == 12
    assert [each.kind for each in found.findings] == ["volume"]


@pytest.mark.parametrize(("failed", "tells"), [(0, False), (4, False), (5, True), (60, True)])
def test_failed_logins_in_a_row_are_told_of(settings: Settings, failed: int, *, tells: bool) -> None:
    found = judged(settings, [], [Account("officer", ("Carrier",), 3, failed)])
    assert [each.kind for each in found.findings] == ["failed_logins"] * tells


def test_logins_are_those_since_the_last_review(settings: Settings) -> None:
    earlier = entries(reviewed("2026-09", logins_by_datateam=40, logins_by_approver=12))
    assert judged(settings, [], earlier=earlier).logins == {"datateam": 2, "approver": 0, "officer": None}


def test_a_state_set_by_hand_and_changed_settings_are_always_told_of(settings: Settings) -> None:
    found = judged(settings, [act("datateam", "marked"), act("admin", "configured"), act("admin", "configured")])
    assert told(found) == [("marked", "datateam", "状態の書換え 1回"), ("configured", "admin", "設定 2回")]
    assert found.subjects == ("admin", "datateam")


def test_users_who_came_went_or_changed_roles_are_told_of(settings: Settings) -> None:
    users = ("datateam（DataTeam）", "officer（Approver）", "gone（Auditor）")
    assert told(judged(settings, [], earlier=entries(reviewed("2026-09", users)))) == [
        ("accounts", "approver", "なし → approver（Approver）"),
        ("accounts", "gone", "gone（Auditor） → なし"),
        ("accounts", "officer", "officer（Approver） → officer（Carrier）"),
    ]
    assert told(judged(settings, [])) == [], "the first review has nothing to compare with"


def test_what_an_entry_keeps_is_what_the_next_month_reads(settings: Settings) -> None:
    kept = judged(settings, [act("officer", "viewed")] * 30).counts()
    assert kept == {"閲覧:officer": 30, "ログイン:datateam": 42, "ログイン:approver": 12, "ログイン:officer": 9}
    body = reviewed("2026-09").model_copy(update={"counts": kept})
    found = judged(settings, [act("officer", "viewed")] * 61, earlier=entries(body))
    assert [each.text for each in found.findings] == ["閲覧 61回（これまでの月の最多 30回）"]
    assert found.logins == {"datateam": 0, "approver": 0, "officer": 0}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ProofShown.model_construct(), "viewed"),
        (HoldsShown.model_construct(), "viewed"),
        (ProofPageViewed.model_construct(), "viewed"),
        (ReturnedShown.model_construct(), "viewed"),
        (ReleaseApproved.model_construct(), "approved"),
        (ReleaseRefused.model_construct(), "approved"),
        (AnswerRefused.model_construct(), "refused"),
        (Extracted.model_construct(), "recorded"),
    ],
)
def test_an_entry_is_an_act_of_its_actor(body: AnyBody, kind: str) -> None:
    (found,) = acts_in_register(entries(body, actor="officer", when=at(6)))
    assert (found.at, found.who, found.kind) == (at(6), "officer", kind)
    assert list(acts_in_register(entries(body))) == [], "an automatic step is nobody's act"


def test_every_kind_has_its_word() -> None:
    assert not any(word.isascii() for word in (*TITLES.values(), *TOLD.values()))
    assert len(set(TITLES.values())) == len(TITLES), "the entries tell kinds apart by them"
    assert at(1).tzinfo is TOKYO
