"""The questions behind the rules: each finds its faults and leaves awkward but sound households alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from faults import FIRST, MAILTO, ONE_OFF, POSTING, PROTECTED, TWINS

from mailround.composition import Composer, values
from mailround.errors import PrintError
from mailround.model import Delivery, Piece, Population, Recipient
from mailround.postcodes import load_postcodes
from mailround.quality import predicates as ask
from mailround.quality.catalogue import CATALOGUE
from mailround.quality.facts import Facts
from printing import ISSUED, number, templates, whole_font

Neighbours = Callable[..., tuple[Recipient, ...]]
FactsOf = Callable[..., Facts]

RULES = {rule.id: rule for rule in CATALOGUE}


def answers(rule_id: str, facts: Facts) -> Sequence[bool]:
    predicate = RULES[rule_id].predicate
    assert predicate is not None
    return predicate(facts)


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("characters_allowed", {"name": "か\ufe0f　太郎"}),
    ("characters_allowed", {"name": "山田\t太郎"}),
    ("characters_allowed", {"address": "東京都新宿区新宿1-2\n3"}),
    ("characters_allowed", MAILTO | {"mailto_name": "\u200b病院"}),
    ("characters_allowed", MAILTO | {"mailto_building": "\ue000棟"}),
    ("characters_allowed", {"document_no": "\ue000第000001号"}),
    ("characters_allowed", {"reason": "理由\r次の行"}),
    ("glyphs_in_font", {"reason": "理由は👪のとおり"}),
    ("fits_the_form", {"address": "東京都新宿区新宿一丁目2番" + "3" * 200}),
    ("fits_the_form", {"building": "新宿ハイツ" * 40}),
    ("fits_the_form", MAILTO | {"mailto_name": "四谷第一病院　医療福祉相談室　" * 10}),
    ("fits_the_form", MAILTO | {"mailto_building": "別館" * 100}),
    ("fits_the_form", {"document_no": "8新福生第" * 30}),
    ("fits_the_form", {"reason": "長い理由。\n" * 60}),
    ("fits_the_form", {"reason": "長い理由。\n" * 60, "population": Population.SUPPORT}),
    ("fits_the_form", {"name": "寿限無　寿限無" * 12, "population": Population.EQUIVALENT}),
    ("words_allowed", {"population": Population.SUPPORT, "reason": "生 活 保\n護の基準"}),
    ("words_allowed", {"population": Population.SUPPORT, "building": "生活保護荘101"}),
    ("words_allowed", {"population": Population.SUPPORT, "document_no": "生活保護第1号"}),
    ("words_allowed", MAILTO | {"population": Population.SUPPORT, "mailto_name": "病院　生活保護担当"}),
    ("name_present", MAILTO | {"mailto_name": "不明"}),
    ("name_present", MAILTO | {"mailto_name": "－"}),
    ("name_present", MAILTO | {"name": "不明"}),
    ("protected_mailto_in_force", PROTECTED | MAILTO | {"mailto_address": ""}),
    ("protected_mailto_in_force", PROTECTED | MAILTO | {"mailto_address": "　"}),
    ("protected_mailto_in_force", PROTECTED | MAILTO | {"mailto_until": date(2020, 1, 1)}),
    ("protected_mailto_in_force", PROTECTED | {"mailto_reason": "施設", "mailto_until": POSTING}),
    ("mailto_complete", PROTECTED | {"mailto_reason": "施設"}),
    ("mailto_complete", PROTECTED | {"mailto_until": POSTING}),
    ("mailto_complete", {"mailto_reason": "入院"}),
    ("mailto_complete", {"mailto_until": POSTING}),
    ("protection_confirmed", {"protected": True, "protected_confirmed_on": ISSUED + timedelta(days=1)}),
    ("protection_confirmed", {"protected": True, "protected_confirmed_on": date(2099, 1, 1)}),
    *(
        ("mailto_reason_present", MAILTO | {"mailto_reason": each})
        for each in ("成年後見人", "後見人 ", "入院・施設", "3")
    ),
    ("totals_add_up", {"total_before": 130_011}),
    ("characters_allowed", {"district": "\ue000地区"}),
    ("glyphs_in_font", {"district": "👪地区"}),
    ("mailto_complete", {"mailto_name": "病院", "mailto_reason": "入院"}),
    ("mailto_complete", MAILTO | {"mailto_postcode": " "}),
    ("postcode_exists", MAILTO | {"mailto_postcode": "160-9999"}),
    ("postcode_agrees", MAILTO | {"mailto_postcode": "160-0008"}),
    ("address_has_number", MAILTO | {"mailto_address": "東京都新宿区四谷"}),
]
"""The rule that asks a predicate, and a fault that the predicate must find, wherever it stands."""


@pytest.mark.parametrize(("rule_id", "fault"), FAULTS)
def test_a_question_finds_its_fault_and_only_there(
    facts_of: FactsOf, neighbours: Neighbours, rule_id: str, fault: dict[str, Any]
) -> None:
    assert list(answers(rule_id, facts_of(*neighbours({}, fault, {})))) == [True, False, True]


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
    {"postcode": "160-0000", "address": "住所不定", "delivery": Delivery.COUNTER},
    PROTECTED,
    PROTECTED | MAILTO | {"mailto_until": POSTING},
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


@pytest.mark.parametrize("rule_id", [each for each in RULES if each not in {"records_present", "delivered_by_post"}])
def test_awkward_but_sound_households_are_well(facts_of: FactsOf, neighbours: Neighbours, rule_id: str) -> None:
    found = answers(rule_id, facts_of(*neighbours(*SOUND)))
    wrong = [each for each, well in zip(SOUND, found, strict=True) if not well]
    assert wrong == []


PLACEHOLDERS = ["", "　", "不明", "－", "＊＊＊", "○○　○○", "・", "123", "氏名　不詳", "\u3000\u3000"]


def test_what_only_stands_for_a_name_is_none(facts_of: FactsOf, neighbours: Neighbours) -> None:
    households = neighbours({}, *({"name": name} for name in PLACEHOLDERS))
    assert ask.name_present(facts_of(*households)) == [True, *[False] * len(PLACEHOLDERS)]


UNNUMBERED = ["新宿", "新宿二丁目", "新宿２丁目　", "新宿百人荘", "新宿ハイツ"]


def test_an_address_without_a_number_behind_town_and_block_has_none(facts_of: FactsOf, neighbours: Neighbours) -> None:
    households = neighbours({}, *({"address": f"東京都新宿区{each}"} for each in UNNUMBERED))
    assert ask.address_has_number(facts_of(*households)) == [True, *[False] * len(UNNUMBERED)]


@pytest.mark.parametrize("rule_id", ["postcode_exists", "postcode_agrees", "address_has_number"])
@pytest.mark.parametrize(
    "fault", [{"postcode": ""}, {"postcode": "１６０－００２２"}, {"address": "　", "postcode": ""}]
)
def test_what_makes_no_sense_to_ask_is_another_questions_to_report(
    facts_of: FactsOf, neighbours: Neighbours, rule_id: str, fault: dict[str, Any]
) -> None:
    facts = facts_of(*neighbours({}, fault))
    assert list(answers(rule_id, facts)) == [True, True]
    assert not all(ask.postcode_wellformed(facts))


@pytest.mark.parametrize("question", [ask.document_no_unique, ask.decision_not_after_posting, ask.document_no_gapless])
def test_a_household_without_a_decision_is_well(
    facts_of: FactsOf, neighbours: Neighbours, question: ask.Predicate
) -> None:
    assert list(question(facts_of(*neighbours({"decision": None}, {"decision": None})))) == [True, True]


@pytest.mark.parametrize(("rule_id", "twin"), TWINS.items(), ids=TWINS)
def test_twins_are_told_of_both_and_of_nobody_else(
    facts_of: FactsOf, neighbours: Neighbours, rule_id: str, twin: dict[str, Any]
) -> None:
    households = neighbours(FIRST, {}, twin)
    for other in TWINS:
        assert list(answers(other, facts_of(*households))) == ([False, True, False] if other == rule_id else [True] * 3)


@pytest.mark.parametrize(
    ("numbers", "well"),
    [
        (["第1号", "第2号", "第3号"], [True, True, True]),
        (["第3号", "第1号", "第2号"], [True, True, True]),
        (["第1号", "第3号", "第4号"], [True, False, True]),
        (["第1号", "第０００００３号", "第4号"], [True, False, True]),
        (["甲第1号", "乙第3号", "甲第2号"], [True, True, True]),
        (["第1号", "第1号", "第2号"], [True, True, True]),
        (["第9号", "第10号", "第12号"], [True, True, False]),
        (["番号なし", "", "第5号"], [True, True, True]),
    ],
)
def test_a_gap_in_a_series_of_document_numbers_is_told_at_the_number_after_it(
    facts_of: FactsOf, neighbours: Neighbours, numbers: list[str], well: list[bool]
) -> None:
    facts = facts_of(*neighbours(*({"document_no": each} for each in numbers)))
    assert ask.document_no_gapless(facts) == well


@pytest.mark.parametrize("posting_date", [POSTING, None])
def test_before_there_is_a_day_of_posting_nothing_has_expired_and_nothing_is_early(
    facts_of: FactsOf, neighbours: Neighbours, posting_date: date | None
) -> None:
    rules = ("mailto_in_force", "protected_mailto_in_force", "decision_not_after_posting")
    households = neighbours(*(ONE_OFF[rule_id] for rule_id in rules))
    facts = facts_of(*households, posting_date=posting_date)
    for place, rule_id in enumerate(rules):
        assert answers(rule_id, facts)[place] is (posting_date is None)


UNFIT = [
    ({"name": "寿限無　寿限無" * 12}, "宛名、世帯主氏名"),
    ({"building": "新宿ハイツ" * 40}, "方書"),
    (MAILTO | {"mailto_address": "東京都新宿区四谷三丁目4番" + "5" * 200}, "住所"),
    ({"reason": "長い理由。\n" * 60}, "決定の理由"),
    ({"document_no": "8新福生第" * 30, "reason": "長い理由。\n" * 20}, "文書番号"),
    ({"case_no": "9" * 60, "reason": "長い理由。\n" * 20}, "ケース番号"),
]


@pytest.mark.parametrize(("fault", "fields"), UNFIT)
def test_the_fields_that_do_not_fit_are_told_in_japanese(
    facts_of: FactsOf, neighbours: Neighbours, fault: dict[str, Any], fields: str
) -> None:
    facts = facts_of(*neighbours({}, fault))
    assert ask.fits_the_form(facts) == [True, False]
    assert [ask.unfit_fields(facts, place) for place in (0, 1)] == ["", fields]


@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
@pytest.mark.parametrize("population", Population)
def test_exactly_the_households_that_fit_can_be_composed(
    make_recipient: Callable[..., Recipient], kind: str, population: Population
) -> None:
    recipients = [
        make_recipient(
            record_no=length,
            population=population,
            name="髙﨑　" + "寿" * length,
            building="棟" * (length % 97),
            reason="長い理由。\n" * (length % 31),
            **({} if kind == "change_notice" else {"decision": None}),
        )
        for length in range(1, 120)
    ]
    facts = Facts(tuple(recipients), load_postcodes(), whole_font(), templates(kind), ISSUED, POSTING)

    def composed(piece: Piece) -> bool:
        try:
            template = templates(kind)[population]
            return bool(Composer(template, whole_font()).pages(piece, values(piece, template, ISSUED)))
        except PrintError:
            return False

    found = ask.fits_the_form(facts)
    assert found == [composed(piece) for piece in number(recipients)]
    assert {True, False} == set(found)
