"""Incidents: what is open, what it stops, and what the register tells of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from answered import CANARY, day
from mailround.context import RoundContext
from mailround.contracts import IncidentClocks
from mailround.errors import GateClosedError, IncidentError
from mailround.gates import require
from mailround.incident import incident_of, open_incidents, report_incident
from mailround.model import IncidentRef
from mailround.register.entries import Correction, Entry, IncidentClosed, IncidentReported, RoundClosed, standing
from mailround.register.listing import content
from reported import ONE, OTHER, PARAMS

Opener = Callable[..., RoundContext]
AT = day(11, 17, 15)


def report(work: RoundContext, run_id: str = "r", by: str = "datateam", at: Any = AT, **changes: object) -> IncidentRef:
    return report_incident(work, PARAMS | changes, run_id=run_id, reported_by=by, at=at)


def reported(incident_no: int, **changes: Any) -> IncidentReported:
    said = {"what": "紛失", "noticed_at": day(11, 17), "pieces": 7, "piece_ids": (), "encrypted": True}
    said |= {"malicious": False, "preliminary_by": date(2026, 11, 19), "final_by": date(2026, 12, 16), "run_id": "r"}
    return IncidentReported(incident_no=incident_no, **said | changes)


def closed(incident_no: int) -> IncidentClosed:
    return IncidentClosed(incident_no=incident_no, outcome="回収した", reference="第3号")


def say(work: RoundContext, *bodies: IncidentReported | IncidentClosed | Correction) -> list[int]:
    return [work.register.append(body, round_id=work.round_id, actor="officer", at=day(11, 18)).seq for body in bodies]


def test_a_round_without_a_report_has_no_open_incident(open_a_round: Opener) -> None:
    assert open_incidents(open_a_round().entries) == ()


def test_an_incident_is_open_from_its_report_to_its_closing(open_a_round: Opener) -> None:
    work = open_a_round()
    say(work, reported(1), reported(2))
    assert open_incidents(work.entries) == (reported(1), reported(2))
    say(work, closed(1))
    assert open_incidents(work.entries) == (reported(2),)
    say(work, closed(2))
    assert open_incidents(work.entries) == ()


def test_what_was_reported_last_of_an_incident_counts(open_a_round: Opener) -> None:
    work = open_a_round()
    say(work, reported(1), reported(2), reported(1, pieces=9))
    assert open_incidents(work.entries) == (reported(1, pieces=9), reported(2))


def test_a_closing_that_was_taken_back_opens_the_incident_again(open_a_round: Opener) -> None:
    work = open_a_round()
    *_, seq = say(work, reported(1), closed(1))
    say(work, Correction(corrects=seq, reason="別の事故の終了"))
    assert open_incidents(work.entries) == (reported(1),)


def test_a_report_that_was_taken_back_stops_nothing(open_a_round: Opener) -> None:
    work = open_a_round()
    (seq,) = say(work, reported(1))
    say(work, Correction(corrects=seq, reason="別の回の事故"))
    assert open_incidents(work.entries) == ()


def test_a_correction_of_the_later_report_leaves_the_earlier_one_open(open_a_round: Opener) -> None:
    work = open_a_round()
    *_, seq = say(work, reported(1), reported(1, pieces=9))
    say(work, Correction(corrects=seq, reason="数の誤り"))
    assert open_incidents(work.entries) == (reported(1),)


@pytest.mark.parametrize("order", [1, -1])
def test_the_closing_of_another_rounds_incident_closes_only_that(open_a_round: Opener, order: int) -> None:
    rounds = [open_a_round(), open_a_round(round_id="2026-10-change", export=b"other")][::order]
    for work in rounds:
        say(work, reported(1))
    say(rounds[0], closed(1))
    assert open_incidents(rounds[0].register.entries()) == (reported(1),)
    assert open_incidents(rounds[0].entries) == ()
    assert open_incidents(rounds[1].entries) == (reported(1),)


def test_a_report_says_what_is_known_and_by_when_to_report_it(open_a_round: Opener) -> None:
    work = open_a_round()
    assert report(work) == IncidentRef(round_id="2026-11-change", incident_no=1)
    assert open_incidents(work.entries) == (reported(1),)
    assert (work.entries[-1].actor, work.entries[-1].at) == ("datateam", "2026-11-17T15:00:00+09:00")


def test_the_register_tells_the_story_in_japanese(open_a_round: Opener) -> None:
    work = open_a_round()
    report(work, piece_ids=ONE)
    body = work.entries[-1].body
    assert body.title == "事故の報告"
    assert content(body).startswith("事故番号 1、事故の種類 紛失、覚知日時 2026-11-17 10:00、通数 7、")
    assert f"番号の一覧 {ONE}、暗号化されていた はい、不正の目的 いいえ、速報の期限 2026-11-19" in content(body)


@pytest.mark.parametrize(
    ("noticed_at", "malicious", "preliminary_by", "final_by"),
    [
        ("2026-11-17T10:00:00+09:00", "いいえ", date(2026, 11, 19), date(2026, 12, 16)),
        ("2026-11-17T10:00", "いいえ", date(2026, 11, 19), date(2026, 12, 16)),  # Tokyo's, when no zone is typed
        ("2026-11-16T15:00:00Z", "いいえ", date(2026, 11, 19), date(2026, 12, 16)),  # midnight in Tokyo
        ("2026-11-16T14:59:59Z", "いいえ", date(2026, 11, 18), date(2026, 12, 15)),
        ("2026-11-17T10:00:00+09:00", "はい", date(2026, 11, 19), date(2027, 1, 15)),
        ("2026-11-17T10:00:00+09:00", "分からない", date(2026, 11, 19), date(2026, 12, 16)),
    ],
)
def test_the_clocks_run_from_the_day_of_noticing_in_tokyo_which_is_the_first(
    open_a_round: Opener, noticed_at: str, malicious: str, preliminary_by: date, final_by: date
) -> None:
    work = open_a_round()
    report(work, noticed_at=noticed_at, malicious=malicious)
    (incident,) = open_incidents(work.entries)
    assert (incident.preliminary_by, incident.final_by) == (preliminary_by, final_by)


def test_the_clocks_are_the_contracts(open_a_round: Opener) -> None:
    work = open_a_round()
    clocks = IncidentClocks(preliminary_days=1, final_days=2, final_days_malicious=3)
    changed = RoundContext(**vars(work) | {"contract": work.contract.model_copy(update={"incident": clocks})})
    report(changed, malicious="はい")
    (incident,) = open_incidents(work.entries)
    assert (incident.preliminary_by, incident.final_by) == (date(2026, 11, 17), date(2026, 11, 19))


@pytest.mark.parametrize(("told", "encrypted"), [("はい", True), ("いいえ", False), ("分からない", False)])
def test_what_nobody_knows_counts_as_not_encrypted(open_a_round: Opener, told: str, encrypted: bool) -> None:
    work = open_a_round()
    report(work, encrypted=told)
    assert open_incidents(work.entries)[0].encrypted is encrypted


@pytest.mark.parametrize(
    ("pieces", "typed", "counted", "ids"),
    [
        (7, "", 7, ()),
        (7, None, 7, ()),
        (0, None, 0, ()),
        (None, ONE, 1, (ONE,)),
        (None, f" {ONE.lower()}\n{OTHER}, {ONE}\r\n", 2, (ONE, OTHER)),
        (9, f"{ONE},{OTHER}", 9, (ONE, OTHER)),
        (2, f"{ONE}\u3000{OTHER}", 2, (ONE, OTHER)),
    ],
)
def test_pieces_are_told_by_their_number_or_by_their_ids(
    open_a_round: Opener, pieces: int | None, typed: str | None, counted: int, ids: tuple[str, ...]
) -> None:
    work = open_a_round()
    report(work, pieces=pieces, piece_ids=typed)
    (incident,) = open_incidents(work.entries)
    assert (incident.pieces, incident.piece_ids) == (counted, ids)


WRONG: list[tuple[dict[str, object], str]] = [
    ({"noticed_at": "2026-11-17T15:00:01+09:00"}, "報告の時刻より後"),
    ({"noticed_at": "昨日"}, "入力に誤りがあります：事故を知った日時。"),
    ({"noticed_at": None}, "入力に誤りがあります：事故を知った日時。"),
    ({"what": CANARY}, "入力に誤りがあります：何が起きたか。"),
    ({"what": "", "encrypted": True, "malicious": ""}, "暗号化されていた、不正の目的のおそれ、何が起きたか。"),
    ({"pieces": None}, "影響する通数も、封書の番号もありません"),
    ({"pieces": None, "piece_ids": " ,\n"}, "影響する通数も、封書の番号もありません"),
    ({"pieces": -1}, "入力に誤りがあります：影響するおそれのある通数。"),
    ({"pieces": 10**9}, "入力に誤りがあります：影響するおそれのある通数。"),
    ({"pieces": 1, "piece_ids": f"{ONE} {OTHER}"}, "通数（1）が、封書の番号の数（2）より少なく"),
    ({"piece_ids": CANARY}, "封書の番号でないものが2件あります"),
    ({"piece_ids": f"{ONE} 0000101"}, "封書の番号でないものが1件あります"),
    ({"piece_ids": ONE[:-1] + ("0" if ONE[-1] != "0" else "1")}, "封書の番号でないものが1件あります"),
    ({"piece_ids": 5}, "入力に誤りがあります：封書の番号。"),
    ({"incident_no": 0}, "入力に誤りがあります：続きの報告：事故の番号。"),
    ({"incident_no": 1}, "事故の番号「1」は、この回の対応中の事故ではありません"),
    ({CANARY: CANARY}, "入力に誤りがあります：画面にない項目。"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_a_wrong_report_is_refused_with_what_is_wrong_and_without_what_was_typed(
    open_a_round: Opener, changes: dict[str, object], told: str
) -> None:
    work = open_a_round()
    before = work.entries
    with pytest.raises(IncidentError) as caught:
        report(work, **changes)
    assert told in str(caught.value)
    assert not any(part in str(caught.value) for part in ("髙﨑", "𠮷郎", "0000101", "昨日"))
    assert work.entries == before


def test_a_cleared_report_is_not_made_twice_whatever_became_of_its_incident(open_a_round: Opener) -> None:
    work = open_a_round()
    report(work)
    count = len(work.entries)
    assert report(work, pieces=9).incident_no == 1
    say(work, closed(1))
    assert report(work).incident_no == 1
    assert len(work.entries) == count + 1


def test_another_run_reports_another_incident(open_a_round: Opener) -> None:
    work = open_a_round()
    assert [report(work, run_id=run).incident_no for run in ("r", "s")] == [1, 2]
    assert [each.run_id for each in open_incidents(work.entries)] == ["r", "s"]


def test_the_number_of_a_report_that_was_taken_back_is_not_used_again(open_a_round: Opener) -> None:
    work = open_a_round()
    report(work)
    say(work, Correction(corrects=work.entries[-1].seq, reason="別の回の事故"))
    assert incident_of(work.entries, "r") is None
    assert report(work).incident_no == 2


def test_incidents_that_are_reported_at_the_same_moment_all_get_a_number(open_a_round: Opener) -> None:
    work = open_a_round()
    runs = [f"run-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda run: report(work, run_id=run).incident_no, runs))
    assert sorted(numbers) == list(range(1, 9))
    assert {each.run_id for each in open_incidents(work.entries)} == set(runs)
    assert [incident_of(work.entries, run).incident_no for run in runs] == numbers  # type: ignore[union-attr]


def test_what_more_is_known_of_an_incident_takes_the_place_of_its_first_report(open_a_round: Opener) -> None:
    work = open_a_round()
    report(work)
    assert report(work, run_id="s", incident_no=1, pieces=3, what="盗難").incident_no == 1
    assert open_incidents(work.entries) == (reported(1, pieces=3, what="盗難", run_id="s"),)
    assert (
        incident_of(work.entries, "r")
        == incident_of(work.entries, "s")
        == reported(1, pieces=3, what="盗難", run_id="s")
    )
    assert report(work).incident_no == 1, "the first run, cleared, does not put its own words back"
    assert len(standing(work.entries, IncidentReported)) == 2


@pytest.mark.parametrize(
    ("first", "then", "preliminary_by", "final_by"),
    [
        ({}, {}, date(2026, 11, 19), date(2026, 12, 16)),
        ({}, {"malicious": "はい"}, date(2026, 11, 19), date(2027, 1, 15)),
        ({"malicious": "はい"}, {}, date(2026, 11, 19), date(2026, 12, 16)),
        ({}, {"noticed_at": "2026-11-15T10:00"}, date(2026, 11, 17), date(2026, 12, 14)),
    ],
)
def test_more_knowledge_puts_a_deadline_off_only_where_the_purpose_may_be_wrongful(
    open_a_round: Opener, first: dict[str, object], then: dict[str, object], preliminary_by: date, final_by: date
) -> None:
    work = open_a_round()
    report(work, **first)
    report(work, run_id="s", incident_no=1, **then)
    (incident,) = open_incidents(work.entries)
    assert (incident.preliminary_by, incident.final_by) == (preliminary_by, final_by)


def test_a_contract_edited_between_two_reports_puts_no_deadline_off(open_a_round: Opener) -> None:
    work = open_a_round()
    clocks = IncidentClocks(preliminary_days=2, final_days=10, final_days_malicious=20)
    strict = RoundContext(**vars(work) | {"contract": work.contract.model_copy(update={"incident": clocks})})
    report(strict)
    report(work, run_id="s", incident_no=1)
    (incident,) = open_incidents(work.entries)
    assert (incident.preliminary_by, incident.final_by) == (date(2026, 11, 18), date(2026, 11, 26))


def test_an_incident_cannot_have_been_noticed_later_than_was_said_first(open_a_round: Opener) -> None:
    work = open_a_round()
    report(work)
    with pytest.raises(IncidentError, match=r"前の報告（2026-11-17 10:00）より後"):
        report(work, run_id="s", incident_no=1, noticed_at="2026-11-17T10:01:00+09:00")


def test_nobody_goes_on_with_a_closed_incident(open_a_round: Opener) -> None:
    work = open_a_round()
    report(work)
    say(work, closed(1))
    with pytest.raises(IncidentError, match="対応中の事故ではありません"):
        report(work, run_id="s", incident_no=1)


def test_an_incident_is_recorded_after_the_round_was_closed_and_its_contract_has_ended(open_a_round: Opener) -> None:
    work = open_a_round()
    work.register.append(RoundClosed(report_sha256="a" * 64), round_id=work.round_id, actor="mailround", at=day(12, 28))
    late = day(12, 31).replace(year=2028)
    report(work, noticed_at="2028-12-30T10:00:00+09:00", at=late)
    assert open_incidents(work.entries)[0].preliminary_by == date(2029, 1, 1)


def no_open_incident(entries: tuple[Entry, ...], _: date) -> str | None:
    numbers = "、".join(f"第{each.incident_no}号" for each in open_incidents(entries))
    return f"対応中の事故があります（{numbers}、点検表13）" if numbers else None


def test_a_gate_over_the_open_incidents_is_shut_from_the_first_report_to_the_last_closing(open_a_round: Opener) -> None:
    work = open_a_round()
    require([no_open_incident], work.entries, AT.date())
    report(work)
    report(work, run_id="s")
    with pytest.raises(GateClosedError, match="第1号、第2号"):
        require([no_open_incident], work.entries, AT.date())
    say(work, closed(1))
    with pytest.raises(GateClosedError, match="第2号"):
        require([no_open_incident], work.entries, AT.date())
    say(work, closed(2))
    require([no_open_incident], work.entries, AT.date())
