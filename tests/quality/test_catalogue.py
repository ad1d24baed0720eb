"""The catalogue of rules: every rule has a fault that it finds and no other does, and says something of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from fnmatch import fnmatch
from typing import Any

import pandas as pd
import pytest
from faults import FIRST, MAILTO, ONE_OFF, POSTING, PROTECTED, TWINS

from mailround.model import AID_KINDS, Decision, Population, Recipient, Status
from mailround.quality.catalogue import CATALOGUE, Release, Rule
from mailround.quality.facts import SOURCES, Block, Whole
from printing import ISSUED

Neighbours = Callable[..., tuple[Recipient, ...]]
Asked = Callable[..., list[bool]]
BlockOf = Callable[..., Block]

OF_RECORDS = [rule for rule in CATALOGUE if rule.predicate]
OF_THE_ROUND = {"R01", "R05"}


def test_every_rule_has_a_seeded_fault() -> None:
    others = OF_THE_ROUND | {"R04", "P06", "A09", "H05", "D08"}  # tested by themselves
    assert {rule.id for rule in CATALOGUE} == ONE_OFF.keys() | TWINS.keys() | others


@pytest.mark.parametrize("rule", OF_RECORDS, ids=lambda rule: rule.id)
def test_a_rule_finds_its_own_fault_and_no_other_households(asked: Asked, neighbours: Neighbours, rule: Rule) -> None:
    well = asked(rule.id, *neighbours(*ONE_OFF.values()))
    found = {rule_id for rule_id, is_well in zip(ONE_OFF, well, strict=True) if not is_well}
    follower = list(ONE_OFF)[list(ONE_OFF).index("D01") + 1]
    protected = {each for each, fault in ONE_OFF.items() if fault.get("protected")}
    assert found == {"R04": {follower}, "P03": protected}.get(rule.id, {rule.id} & ONE_OFF.keys())


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("C03", {"name": "か\ufe0f　太郎"}),
    ("C03", {"name": "山田\t太郎"}),
    ("C03", {"address": "東京都新宿区新宿1-2\n3"}),
    ("C03", MAILTO | {"mailto_name": "\u200b病院"}),
    ("C03", MAILTO | {"mailto_building": "\ue000棟"}),
    ("C03", {"document_no": "\ue000第000001号"}),
    ("C03", {"reason": "理由\r次の行"}),
    ("C04", {"reason": "理由は👪のとおり"}),
    ("C05", {"address": "東京都新宿区新宿一丁目2番" + "3" * 200}),
    ("C05", {"building": "新宿ハイツ" * 40}),
    ("C05", MAILTO | {"mailto_name": "四谷第一病院　医療福祉相談室　" * 10}),
    ("C05", MAILTO | {"mailto_building": "別館" * 100}),
    ("C05", {"document_no": "8新福生第" * 30}),
    ("C05", {"reason": "長い理由。\n" * 60}),
    ("C05", {"reason": "長い理由。\n" * 60, "population": Population.SUPPORT}),
    ("C05", {"name": "寿限無　寿限無" * 12, "population": Population.EQUIVALENT}),
    ("C06", {"population": Population.SUPPORT, "reason": "生 活 保\n護の基準"}),
    ("C06", {"population": Population.SUPPORT, "building": "生活保護荘101"}),
    ("C06", {"population": Population.SUPPORT, "document_no": "生活保護第1号"}),
    ("C06", MAILTO | {"population": Population.SUPPORT, "mailto_name": "病院　生活保護担当"}),
    ("C01", MAILTO | {"mailto_name": "不明"}),
    ("C01", MAILTO | {"mailto_name": "－"}),
    ("C01", MAILTO | {"name": "不明"}),
    ("P05", PROTECTED | MAILTO | {"mailto_address": ""}),
    ("P05", PROTECTED | MAILTO | {"mailto_address": "　"}),
    ("P05", PROTECTED | MAILTO | {"mailto_until": date(2020, 1, 1)}),
    ("P05", PROTECTED | {"mailto_reason": "施設", "mailto_until": POSTING}),
    ("P08", PROTECTED | {"mailto_reason": "施設"}),
    ("P08", PROTECTED | {"mailto_until": POSTING}),
    ("P08", {"mailto_reason": "入院"}),
    ("P08", {"mailto_until": POSTING}),
    ("P04", {"protected": True, "protected_confirmed_on": ISSUED + timedelta(days=1)}),
    ("P04", {"protected": True, "protected_confirmed_on": date(2099, 1, 1)}),
    *(("P09", MAILTO | {"mailto_reason": each}) for each in ("成年後見人", "後見人 ", "入院・施設", "3")),
    ("D06", {"total_before": 130_011}),
    ("C03", {"district": "\ue000地区"}),
    ("C04", {"district": "👪地区"}),
    ("P08", {"mailto_name": "病院", "mailto_reason": "入院"}),
    ("P08", MAILTO | {"mailto_postcode": " "}),
    ("A03", MAILTO | {"mailto_postcode": "160-9999"}),
    ("A04", MAILTO | {"mailto_postcode": "160-0008"}),
    ("A05", MAILTO | {"mailto_address": "東京都新宿区四谷"}),
]
"""The rule that asks a predicate, and a fault that the predicate must find, wherever it stands."""


@pytest.mark.parametrize(("rule_id", "fault"), FAULTS)
def test_a_question_finds_its_fault_and_only_there(
    asked: Asked, neighbours: Neighbours, rule_id: str, fault: dict[str, Any]
) -> None:
    assert asked(rule_id, *neighbours({}, fault, {})) == [True, False, True]


SOUND: list[dict[str, Any]] = [
    {"name": "髙﨑　𠮷郎"},
    {"name": "渡邊\U000e0109　齋"},
    {"name": "NA"},
    {"name": "MARIA DE LOS ANGELES GONZALEZ-LOPEZ"},
    {"name": "O'Brien, R&D <b>"},
    {"name": "グエン・ヴァン・アン"},
    {"name": "ﾔﾏﾀﾞ　ﾀﾛｳ"},
    {"name": "鷗　龍之介"},
    {"name": "なし田　梨子"},
    {"postcode": "1690052", "address": "東京都新宿区戸山三丁目18番21号"},
    {"postcode": "162-0052", "address": "東京都新宿区戸山２－３２－１"},
    {"postcode": "169-0051", "address": "新宿区西早稲田一丁目二番三号"},
    {"postcode": "162-0051", "address": "新宿区西早稲田2-1-1"},
    {"postcode": "160-0004", "address": "東京都新宿区四谷１丁目２番３"},
    {"postcode": "160-0008", "address": "東京都新宿区四谷三栄町十二番地"},
    {"postcode": "162-0855", "address": "東京都新宿区二十騎町一の二"},
    {"postcode": "162-0843", "address": "新宿区市谷田町三ノ五"},
    {"postcode": "060-0001", "address": "北海道札幌市中央区北一条西4丁目"},
    {"postcode": "163-8001", "address": "東京都新宿区西新宿2-8-1", "building": "東京都庁"},
    PROTECTED,
    PROTECTED | MAILTO | {"mailto_address": "東京都新宿区四谷三丁目9番8号", "mailto_until": POSTING},
    {"protected": True, "protected_confirmed_on": ISSUED},
    *(MAILTO | {"mailto_reason": each} for each in ("施設", "後見人", "その他")),
    {"population": Population.SUPPORT},
    {"population": Population.EQUIVALENT, "reason": "生活保護の基準改定のため。"},
    {"reason": "生活保護の基準改定のため。"},
    MAILTO | {"population": Population.SUPPORT, "building": "生活保護荘101"},  # not printed
    {"reason": "冬季加算の計上、世帯員の転入、住宅扶助の変更及び就労収入の認定を行ったため。" * 10},
    {"name": "Maximiliano Alejandro Fernández de la Vega y Montesinos-Hohenstaufen"},
    MAILTO,
    MAILTO | {"mailto_name": ""},
    MAILTO | {"mailto_name": "　"},
    MAILTO | {"building": "\ue000荘"},  # not printed
    MAILTO | {"building": "👪ハイツ", "address": "東京都新宿区新宿1-2\n3"},  # not printed
    MAILTO | {"mailto_until": POSTING},
    MAILTO | {"postcode": "", "address": "（旧居を退去）"},
    {"reason": "冬季加算を計上したため。\r\n次のとおりです。\n以上"},
    {"birth_date": None},
    {"decision_date": POSTING},
    {"income_after": 10_000, "total_after": 122_640},
    {"document_no": "番号なしの通知"},
]


NOTHING_WRONG = {"P03", "A12", "H05"}
"""Rules that find households in which nothing is wrong."""


@pytest.mark.parametrize(
    "rule", [each for each in OF_RECORDS if each.id not in NOTHING_WRONG], ids=lambda rule: rule.id
)
def test_awkward_but_sound_households_are_well(asked: Asked, neighbours: Neighbours, rule: Rule) -> None:
    wrong = [each for each, well in zip(SOUND, asked(rule.id, *neighbours(*SOUND)), strict=True) if not well]
    assert wrong == []


@pytest.mark.parametrize("rule_id", ["A03", "A04", "A05"])
@pytest.mark.parametrize(
    "fault", [{"postcode": ""}, {"postcode": "１６０－００２２"}, {"address": "　", "postcode": ""}]
)
def test_what_makes_no_sense_to_ask_is_another_questions_to_report(
    asked: Asked, neighbours: Neighbours, rule_id: str, fault: dict[str, Any]
) -> None:
    assert asked(rule_id, *neighbours({}, fault)) == [True, True]
    assert asked("A02", *neighbours({}, fault)) == [True, False]


@pytest.mark.parametrize("rule_id", TWINS)
def test_twins_are_told_of_both_and_of_nobody_else(asked: Asked, neighbours: Neighbours, rule_id: str) -> None:
    households = neighbours(FIRST, {}, TWINS[rule_id])
    for other in TWINS:
        assert asked(other, *households) == ([False, True, False] if other == rule_id else [True] * 3), other


@pytest.mark.parametrize("posting_date", [POSTING, None])
def test_before_there_is_a_day_of_posting_nothing_has_expired_and_nothing_is_early(
    asked: Asked, neighbours: Neighbours, posting_date: date | None
) -> None:
    rules = ("P10", "P05", "D03")
    households = neighbours(*(ONE_OFF[rule_id] for rule_id in rules))
    for place, rule_id in enumerate(rules):
        assert asked(rule_id, *households, posting_date=posting_date)[place] is (posting_date is None)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.ACTIVE])
def test_every_case_that_has_ended_is_out(asked: Asked, neighbours: Neighbours, status: Status) -> None:
    assert asked("P01", *neighbours({}, {"status": status})) == [True, False]


def test_many_households_on_one_mail_to_are_listed_from_the_wards_number_on(
    asked: Asked, neighbours: Neighbours
) -> None:
    other = MAILTO | {"mailto_address": "東京都新宿区四谷三丁目４ー６"}
    assert asked("H05", *neighbours(*[MAILTO] * 10, *[other] * 9, *[{}] * 5)) == [False] * 10 + [True] * 14


HIDDEN = {"protected": True, "protected_confirmed_on": date(2026, 11, 1), "address": "東京都新宿区新宿六丁目90番3号"}


@pytest.mark.parametrize(
    "fault",
    [
        MAILTO | {"mailto_reason": "その他", "mailto_address": "新宿区新宿６－９０－３"},
        {"reason": "世帯員が新宿六丁目90番3号の新宿ハイツ101号室に転居したため。"},
        {"building": "新宿6-90-3新宿ハイツ101方"},
    ],
)
def test_where_a_protected_household_lives_is_not_told_to_another(
    asked: Asked, neighbours: Neighbours, fault: dict[str, Any]
) -> None:
    if "mailto_address" in fault:
        fault = fault | {"mailto_postcode": "160-0022", "mailto_building": "新宿ハイツ101号室"}
    assert asked("P06", *neighbours({}, HIDDEN, fault, {})) == [True, True, False, True]
    assert asked("P06", *neighbours({}, HIDDEN | {"status": Status.CLOSED}, fault, {})) == [True, True, False, True]


def test_a_dwelling_is_missing_where_two_neighbours_on_the_lot_have_one(asked: Asked, neighbours: Neighbours) -> None:
    lot = {"address": "東京都新宿区新宿二丁目3番4号"}
    one, other, bare = lot | {"building": "荘101"}, lot | {"building": "荘102"}, lot | {"building": ""}
    assert asked("A09", *neighbours(one, other, bare, {"building": ""})) == [True, True, False, True]
    assert asked("A09", *neighbours(one, bare, {"building": ""})) == [True, True, True]


def test_every_field_that_a_rule_reads_is_one_of_the_record() -> None:
    columns = {each.name for part in (Recipient, Decision) for each in dataclasses.fields(part)}
    columns |= {f"{when}_{kind}" for when in ("before", "after") for kind in AID_KINDS}
    for rule in CATALOGUE:
        for field in rule.fields:
            assert any(fnmatch(column, field) for column in columns), (rule.id, field)


def test_every_column_is_there_to_be_read(block_of: BlockOf, neighbours: Neighbours) -> None:
    block = block_of(*neighbours({}))
    whole = Whole.of([block.kept(pd.Series(data=True, index=block.frame.index))], block.given)
    for rule in CATALOGUE:
        assert set(rule.columns) <= set((whole if rule.across else block).frame.columns), rule.id
    assert SOURCES.keys() <= {*whole.frame.columns, *block.frame.columns, "texts", "pairs"}


def test_only_what_is_asked_of_the_round_reads_nothing() -> None:
    assert {rule.id for rule in CATALOGUE if not rule.columns} == OF_THE_ROUND
    assert {rule.id for rule in CATALOGUE if not rule.predicate} == OF_THE_ROUND
    for rule in CATALOGUE:
        if not rule.predicate:
            with pytest.raises(TypeError, match=rule.id):
                rule.answers(Block(None, pd.DataFrame()))  # type: ignore[arg-type]


def test_a_rule_about_decisions_is_marked_as_one_and_no_other_needs_a_decision(
    asked: Asked, neighbours: Neighbours
) -> None:
    of_decision = {each.name for each in dataclasses.fields(Decision)} | {
        f"{when}_{kind}" for when in ("before", "after") for kind in AID_KINDS
    }
    for rule in CATALOGUE:
        assert rule.decision is bool(rule.fields and set(rule.fields) <= of_decision), rule.id
    households = neighbours({"decision": None}, {"decision": None})
    for rule in OF_RECORDS:
        if not rule.decision:
            assert all(asked(rule.id, *households, kind="asset_declaration")), rule.id


def test_no_rule_says_the_same_as_another_and_all_speak_japanese() -> None:
    assert len({rule.id for rule in CATALOGUE}) == len({rule.message for rule in CATALOGUE}) == len(CATALOGUE)
    for rule in CATALOGUE:
        assert rule.message.endswith("。")
        assert rule.remedy.endswith("。")


def test_what_could_not_be_printed_or_sent_right_can_be_released_by_nobody_and_the_protected_by_two_alone() -> None:
    second = {rule.id for rule in CATALOGUE if rule.release is Release.SECOND}
    nobody = {rule.id for rule in CATALOGUE if rule.release is Release.NOBODY}
    assert second == {"P03"}
    assert {"P04", "P05", "P06", "A01", "A02", "C03", "C04", "C05", "C06", "D02"} <= nobody
