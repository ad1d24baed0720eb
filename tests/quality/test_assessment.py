"""The checks as a whole: every rule finds its own fault and leaves awkward but sound households alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.composition import Composer, values
from mailround.errors import PrintError, QualityStopError
from mailround.fonts import Font
from mailround.model import Delivery, Piece, Population, Recipient, Status
from mailround.piece_id import piece_id
from mailround.postcodes import load_postcodes
from mailround.quality import Assessment, assess, hold_list
from mailround.quality.catalogue import CATALOGUE
from mailround.quality.facts import Facts
from mailround.quality.predicates import fits_the_form
from mailround.rounds import load_round_kind
from mailround.settings import REPOSITORY
from printing import ISSUED, number, templates, whole_font

POSTING = date(2026, 11, 24)
MAILTO = {
    "mailto_name": "四谷第一病院",
    "mailto_postcode": "160-0004",
    "mailto_address": "東京都新宿区四谷三丁目4番5号",
    "mailto_building": "",
    "mailto_reason": "入院",
}
PROTECTED = {"protected": True, "protected_confirmed_on": date(2026, 11, 1)}
ONE_OFF = {
    "case_active": {"status": Status.DECEASED},
    "delivery_released": {"delivery": Delivery.HOLD},
    "protection_confirmed": {"protected": True},
    "delivered_by_post": {"delivery": Delivery.COUNTER},
    "name_present": {"name": "氏名　不詳"},
    "kana_present": {"kana": "　"},
    "address_present": {"address": "　"},
    "postcode_wellformed": {"postcode": "１６０－００２２"},
    "postcode_exists": {"postcode": "160-9999"},
    "postcode_agrees": {"postcode": "160-0008", "address": "東京都新宿区四谷三丁目4番"},
    "address_has_number": {"address": "東京都新宿区新宿", "building": "コーポ101"},
    "mailto_complete": MAILTO | {"mailto_address": ""},
    "mailto_reason_present": MAILTO | {"mailto_reason": "　"},
    "mailto_in_force": MAILTO | {"mailto_until": date(2026, 11, 23)},
    "protected_mailto_in_force": PROTECTED | MAILTO | {"mailto_until": date(2026, 11, 23)},
    "characters_allowed": {"building": "\ue000荘"},
    "glyphs_in_font": {"name": "渡邊\U000e0106　齋"},
    "fits_the_form": {"name": "寿限無　寿限無" * 12},
    "words_allowed": {"population": Population.SUPPORT, "reason": "生活保護の基準改定のため。"},
    "document_no_present": {"document_no": " "},
    "decision_dated": {"payment_date": None},
    "decision_not_after_posting": {"decision_date": date(2026, 11, 25)},
    "reason_present": {"reason": "\r\n　"},
    "totals_add_up": {"total_after": 132_641},
    "something_changes": {"after": (76_310, 53_700, 0, 0, 0, 0, 0, 0), "total_after": 130_010},
}
"""Per rule of the household suite, the fault that it and no other rule finds in a single household."""
MORE = [
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
    ("decision_dated", {"decision_date": None}),
    ("decision_dated", {"effective_date": None}),
    ("decision_dated", {"effective_date": date(1, 1, 1)}),
    ("decision_dated", {"payment_date": date(1868, 10, 22)}),
    ("characters_allowed", {"district": "\ue000地区"}),
    ("glyphs_in_font", {"district": "👪地区"}),
    ("case_active", {"status": Status.SUSPENDED}),
    ("mailto_complete", {"mailto_name": "病院", "mailto_reason": "入院"}),
    ("mailto_complete", MAILTO | {"mailto_postcode": " "}),
    ("postcode_exists", MAILTO | {"mailto_postcode": "160-9999"}),
    ("postcode_agrees", MAILTO | {"mailto_postcode": "160-0008"}),
    ("address_has_number", MAILTO | {"mailto_address": "東京都新宿区四谷"}),
]
"""Further faults, per rule that finds them."""
TWINS = {
    "case_no_unique": {"case_no": "0000001"},
    "document_no_unique": {"document_no": "8新福生第000001号"},
    "household_unique": {"kana": "ｶﾅ 1"},
    "address_and_surname_unique": {
        "address": "新宿区新宿１－１－１",
        "building": "新宿ハイツ１０１",
        "name": "高崎　太郎",
    },
}
"""Per rule that compares households, what makes another household the twin of household 1."""
FIRST = {"name": "髙﨑　𠮷郎"}
Checker = Callable[..., Assessment]
Neighbours = Callable[..., tuple[Recipient, ...]]


def found(assessment: Assessment) -> dict[str, tuple[str, ...]]:
    return {each.id: each.case_nos for each in assessment.findings if each.count}


def test_every_rule_has_a_seeded_fault() -> None:
    others = {"records_present", "document_no_gapless"}
    assert {rule.id for rule in CATALOGUE} == ONE_OFF.keys() | TWINS.keys() | others


def test_sound_households_pass_every_rule(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({}, {}, {}), posting_date=POSTING)
    assert found(result) == {}
    assert (result.rows, result.printable, result.held, result.excluded, result.warned) == (3, 3, (), (), ())
    assert {each.id for each in result.findings} == {rule.id for rule in CATALOGUE}


def test_every_rule_finds_its_own_fault_and_no_other_rule_does(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours(*ONE_OFF.values()), posting_date=POSTING)
    cases = {rule_id: f"{number:07d}" for number, rule_id in enumerate(ONE_OFF, 1)}
    expected = {rule_id: (case_no,) for rule_id, case_no in cases.items()}
    # the household without a number leaves a gap before the next one
    follower = f"{int(cases['document_no_present']) + 1:07d}"
    assert found(result) == expected | {"document_no_gapless": (follower,)}
    severities = {each.id: each.severity.value for each in result.findings}

    def chosen(severity: str) -> set[str]:
        return {case_no for rule_id, case_no in cases.items() if severities[rule_id] == severity}

    assert set(result.held) == chosen("hold")
    assert set(result.excluded) == chosen("exclude")
    assert set(result.warned) == chosen("warn") | ({follower} - chosen("hold"))
    assert not result.stops


def test_a_rule_finds_its_fault_wherever_it_stands(check: Checker, neighbours: Neighbours) -> None:
    result = found(check(*neighbours({}, *(fault for _, fault in MORE)), posting_date=POSTING))
    assert [MORE[n] for n, (rule_id, _) in enumerate(MORE) if f"{n + 2:07d}" not in result[rule_id]] == []


@pytest.mark.parametrize(("rule_id", "twin"), TWINS.items(), ids=TWINS)
def test_a_rule_that_compares_finds_both_twins(
    check: Checker, neighbours: Neighbours, rule_id: str, twin: dict[str, Any]
) -> None:
    one, two, three = neighbours(FIRST, {}, twin)
    result = check(one, two, three)
    doubled = {rule_id: (one.case_no, three.case_no)}
    assert {each: cases for each, cases in found(result).items() if each != "document_no_gapless"} == doubled
    assert [each.id for each in result.stops] == ([rule_id] if rule_id.endswith("_no_unique") else [])


def test_a_gap_in_the_document_numbers_is_shown_at_the_number_after_it(check: Checker, neighbours: Neighbours) -> None:
    one, two, three = neighbours({}, {}, {"document_no": "8新福生第０００００４号"})
    assert found(check(three, one, two)) == {"document_no_gapless": ("0000003",)}


def test_an_excluded_household_is_not_examined_further_is_nobodys_twin_and_leaves_no_gap(
    check: Checker, neighbours: Neighbours
) -> None:
    faults = {"kana": "カナ　1", "postcode": "", "delivery": Delivery.HOLD}
    result = check(*neighbours({}, {"status": Status.CLOSED} | faults, {}))
    assert found(result) == {"case_active": ("0000002",)}
    assert (result.held, result.excluded) == ((), ("0000002",))


def test_no_records_at_all_stop_the_round(check: Checker) -> None:
    result = check()
    assert [(each.id, each.count, each.case_nos) for each in result.stops] == [("records_present", 1, ())]


def test_nobody_left_to_print_is_for_a_person_to_decide(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({"postcode": ""}, {"status": Status.CLOSED}, {"postcode": ""}))
    assert result.stops == ()
    assert (result.printable, result.held, result.excluded) == (0, ("0000001", "0000003"), ("0000002",))


def test_a_share_set_by_the_ward_turns_too_many_holds_into_a_stop(
    check: Checker, neighbours: Neighbours, tmp_path: Path
) -> None:
    for folder in ("rounds", "expectations", "templates", "envelopes"):
        shutil.copytree(REPOSITORY / "include" / folder, tmp_path / folder)
    suite = tmp_path / "expectations" / "household.yaml"
    text = suite.read_text(encoding="utf-8")
    rule = "postcode_exists: {severity: hold"
    suite.write_text(text.replace(rule, f"{rule}, mostly: 0.6"), encoding="utf-8")
    unknown = {"postcode": "160-9999"}
    assert not check(*neighbours({}, unknown, {}), include=tmp_path).stops
    (stop,) = check(*neighbours({}, unknown, unknown), include=tmp_path).stops
    assert (stop.id, stop.count) == ("postcode_exists", 2)


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


def test_awkward_but_sound_households_go_into_print(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours(*SOUND), posting_date=POSTING)
    assert [SOUND[int(case_no) - 1] for case_no in result.held] == []
    assert not result.stops


PLACEHOLDERS = ["", "　", "不明", "－", "＊＊＊", "○○　○○", "・", "123", "氏名　不詳", "\u3000\u3000"]


def test_what_only_stands_for_a_name_is_held(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({}, *({"name": name} for name in PLACEHOLDERS)))
    assert [PLACEHOLDERS[int(case_no) - 2] for case_no in found(result)["name_present"]] == PLACEHOLDERS
    assert len(result.held) == len(PLACEHOLDERS)


UNNUMBERED = ["新宿", "新宿二丁目", "新宿２丁目　", "新宿百人荘", "新宿ハイツ"]


def test_an_address_without_a_number_behind_town_and_block_is_held(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({}, *({"address": f"東京都新宿区{each}"} for each in UNNUMBERED)))
    assert [UNNUMBERED[int(case_no) - 2] for case_no in found(result)["address_has_number"]] == UNNUMBERED


def test_rounds_without_decisions_leave_the_rules_about_decisions_out(check: Checker, neighbours: Neighbours) -> None:
    result = check(*neighbours({"decision": None}, {"decision": None}), kind="asset_declaration")
    assert found(result) == {}
    assert {each.id for each in result.findings} == {rule.id for rule in CATALOGUE if not rule.decision}


def test_rows_are_printable_and_held_and_excluded_households(check: Checker, neighbours: Neighbours) -> None:
    changes = [
        {
            "status": Status.CLOSED if number % 7 == 0 else Status.ACTIVE,
            "postcode": "" if number % 5 == 0 else "160-0022",
            "delivery": Delivery.HOLD if number % 3 == 0 else Delivery.POST,
        }
        for number in range(1, 106)
    ]
    result = check(*neighbours(*changes))
    assert not set(result.held) & set(result.excluded)
    assert len(result.excluded) == 15
    assert len(result.held) == sum(1 for number in range(1, 106) if number % 7 and not (number % 5 and number % 3))
    assert result.rows == result.printable + len(result.held) + len(result.excluded) == 105


CANARY = "鸚鵡ヶ淵"


def test_the_report_has_the_promised_shape_and_no_values(check: Checker, neighbours: Neighbours) -> None:
    unfit = {"name": f"{CANARY}\u200b" * 40, "postcode": CANARY, "address": CANARY, "reason": ""}
    result = check(*neighbours({}, unfit))
    report = json.loads(json.dumps(result.round_report(), ensure_ascii=False))
    assert report.keys() == {"rows", "rules", "held", "excluded", "warned", "details"}
    assert result.report().keys() == {"rows", "rules"}
    assert {frozenset(rule) for rule in report["rules"]} == {
        frozenset({"id", "severity", "message", "count", "case_nos"})
    }
    assert {rule["severity"] for rule in report["rules"]} <= {"stop", "hold", "warn", "info", "exclude"}
    assert all(rule["count"] == len(rule["case_nos"]) for rule in report["rules"])
    assert result.held == ("0000002",)
    assert report["details"] == {"fits_the_form": {"0000002": "宛名、世帯主氏名"}}
    assert CANARY not in json.dumps(report, ensure_ascii=False)


def test_a_check_that_crashes_stops_the_round_by_name_and_drops_what_it_said(neighbours: Neighbours) -> None:
    class BrokenFont(Font):
        def missing(self, text: str) -> str:
            raise ValueError(text)

    with pytest.raises(QualityStopError, match="glyphs_in_font") as stopped:
        assess(
            neighbours({"name": CANARY}),
            kind=load_round_kind(REPOSITORY / "include", "change_notice"),
            postcodes=load_postcodes(),
            font=BrokenFont(whole_font().data),
            include=REPOSITORY / "include",
            issue_date=ISSUED,
        )
    assert CANARY not in str(stopped.value)
    assert stopped.value.__suppress_context__


def test_the_hold_list_tells_who_must_do_what_by_district_and_caseworker(
    check: Checker, neighbours: Neighbours
) -> None:
    households = neighbours(
        {}, {"postcode": "160-9999", "reason": "", "district": "09"}, {"delivery": Delivery.HOLD, "district": "01"}
    )
    lines = hold_list(households, check(*households).round_report())
    assert [(line.case_no, line.district, line.caseworker) for line in lines] == [
        ("0000003", "01", "W01"),
        ("0000002", "09", "W01"),
    ]
    assert lines[1].messages == ("使われていない郵便番号です。", "決定の理由がありません（法24条4項・25条2項）。")
    assert len(lines[1].remedies) == 2


UNFIT = [
    ({"name": "寿限無　寿限無" * 12}, "宛名、世帯主氏名"),
    ({"building": "新宿ハイツ" * 40}, "方書"),
    (MAILTO | {"mailto_address": "東京都新宿区四谷三丁目4番" + "5" * 200}, "住所"),
    ({"reason": "長い理由。\n" * 60}, "決定の理由"),
    ({"document_no": "8新福生第" * 30, "reason": "長い理由。\n" * 20}, "文書番号"),
    ({"case_no": "9" * 60, "reason": "長い理由。\n" * 20}, "ケース番号"),
]


def test_the_hold_list_tells_which_text_does_not_fit(check: Checker, neighbours: Neighbours) -> None:
    households = neighbours(*(fault for fault, _ in UNFIT))
    lines = hold_list(households, check(*households).round_report())
    said = "様式の枠に収まらない文字があります。"
    assert [line.messages for line in lines] == [(f"{said}（{fields}）",) for _, fields in UNFIT]


def test_the_hold_list_of_a_report_without_details_tells_the_rule_alone(check: Checker, neighbours: Neighbours) -> None:
    households = neighbours(UNFIT[0][0])
    report = check(*households).round_report()
    del report["details"]
    (line,) = hold_list(households, report)
    assert line.messages == ("様式の枠に収まらない文字があります。",)


def test_what_is_not_printed_at_the_posting_day_need_not_fit(check: Checker, neighbours: Neighbours) -> None:
    expired = MAILTO | {"mailto_building": "別館" * 100, "mailto_until": date(2026, 11, 23)}
    households = neighbours(expired)
    assert found(check(*households, posting_date=POSTING)) == {"mailto_in_force": ("0000001",)}
    assert found(check(*households, posting_date=date(2026, 11, 23))) == {"fits_the_form": ("0000001",)}


def test_a_ward_may_send_to_the_residence_when_a_mail_to_has_expired_but_not_of_a_protected_household(
    check: Checker, neighbours: Neighbours, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    suite = tmp_path / "include" / "expectations" / "household.yaml"
    text = suite.read_text(encoding="utf-8")
    for rule_id in ("mailto_in_force", "mailto_complete", "address_present"):
        text = re.sub(
            rf"^  {rule_id}: {{severity: hold}}$", f"  {rule_id}: {{severity: warn}}", text, flags=re.MULTILINE
        )
    suite.write_text(text, encoding="utf-8")
    expired = MAILTO | {"mailto_until": date(2026, 11, 23)}
    households = neighbours(
        expired, PROTECTED | expired, MAILTO | {"mailto_address": ""}, PROTECTED | MAILTO | {"mailto_address": ""}
    )
    result = check(*households, posting_date=POSTING, include=tmp_path / "include")
    assert (result.held, result.warned) == (("0000002", "0000004"), ("0000001", "0000003"))


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

    answers = fits_the_form(facts)
    assert answers == [composed(piece) for piece in number(recipients)]
    assert {True, False} == set(answers)


@given(secret=st.binary(min_size=5, max_size=5))
def test_room_is_measured_for_the_widest_piece_id(secret: bytes) -> None:
    font = whole_font()
    facts = Facts((), load_postcodes(), font, templates(), ISSUED, POSTING)
    assert font.width(piece_id(secret)) <= font.width(facts._widest_id)


def test_no_rule_says_the_same_as_another_and_all_speak_japanese() -> None:
    assert len({rule.id for rule in CATALOGUE}) == len({rule.message for rule in CATALOGUE}) == len(CATALOGUE)
    for rule in CATALOGUE:
        assert rule.message.endswith("。")
        assert rule.remedy.endswith("。")


def test_checking_writes_nothing_prints_nothing_and_needs_no_home(tmp_path: Path) -> None:
    program = (
        "from mailround.quality.expectations import run_suite\n"
        "from mailround.quality.choices import Choice\n"
        "print(run_suite('household', [1, 2], {'a': [True, False]}, {'a': Choice(severity='hold')})['a'].record_nos)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout == "frozenset({2})\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
