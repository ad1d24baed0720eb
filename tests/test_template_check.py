"""The template linter: what ships is without fault; every rule catches its seeded fault and tells it in Japanese."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailround.configuration import names
from mailround.model import Population
from mailround.rounds import RoundKind, load_round_kind
from mailround.template_check import TemplateFault, check_templates
from printing import INCLUDE, ISSUED, seal_png, whole_font

KINDS = tuple(load_round_kind(INCLUDE, name) for name in names(INCLUDE / "rounds"))
How = Callable[[dict[str, Any]], object]
SHEETS, NOTICES = KINDS
ALL = {f"{kind.templates}/{population}" for kind in KINDS for population in Population}


@pytest.fixture
def include(tmp_path: Path) -> Path:
    for folder in ("templates", "envelopes"):
        shutil.copytree(INCLUDE / folder, tmp_path / folder)
    return tmp_path


def edit(path: Path, how: How) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    how(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def check(include: Path, kinds: Sequence[RoundKind] = KINDS) -> tuple[TemplateFault, ...]:
    return check_templates(include, kinds, font=whole_font(), issue_date=ISSUED)


def field(name: str, **changes: object) -> How:
    return lambda content: content["fields"][name].update(changes)


def new_field(**changes: object) -> How:
    made = {"x": 30, "y": 240, "w": 10, "h": 5, "size": 8, "text": "x"} | changes
    return lambda content: content.setdefault("fields", {}).update(seeded=made)


def part(*path: str, **changes: object) -> How:
    def how(content: dict[str, Any]) -> None:
        for each in path:
            content = content.setdefault(each, {})
        content.update(changes)

    return how


def without(*path: str) -> How:
    def how(content: dict[str, Any]) -> None:
        for each in path[:-1]:
            content = content[each]
        del content[path[-1]]

    return how


def test_every_shipped_template_is_without_fault() -> None:
    assert check(INCLUDE) == ()


COMMON, NOTICE, SHEET = "common.yaml", "change_notice/common.yaml", "asset_declaration/common.yaml"
OWN = "change_notice/equivalent/template.yaml"


@pytest.mark.parametrize(
    ("file", "how", "said"),
    [
        # The window shows the addressee at all four extremes …
        (COMMON, field("postcode", x=22.9), "窓の項目 postcode が、用紙がずれると窓から外れます"),
        (COMMON, field("postcode", y=10.9), "窓の項目 postcode が、用紙がずれると窓から外れます"),
        (COMMON, field("address", w=75.1), "窓の項目 address が、用紙がずれると窓から外れます"),
        (COMMON, field("on_behalf", y=43.4, h=13.7), "窓の項目 on_behalf が、用紙がずれると窓から外れます"),
        (COMMON, part("barcode", x=24.9), "カスタマバーコード（周囲2mmを含む）が、用紙がずれると窓から外れます"),
        (COMMON, part("barcode", y=51.9), "カスタマバーコード（周囲2mmを含む）が、用紙がずれると窓から外れます"),
        (COMMON, part("barcode", point=9.5), "カスタマバーコード（周囲2mmを含む）が、用紙がずれると窓から外れます"),
        (COMMON, part("barcode", y=8.5), "封筒の端から10mm以内"),
        # … and nothing else at any of them.
        (NOTICE, field("title", y=66.5), "項目 title が窓から見えることがあります"),
        (NOTICE, field("document_no", x=122.5, w=60), "項目 document_no が窓から見えることがあります"),
        (NOTICE, new_field(x=1, y=2, text="{case_no}"), "項目 seeded が窓から見えることがあります"),
        (NOTICE, part("grids", seeded={"x": 110, "y": 60, "columns": [20], "rows": [5]}), "罫線 seeded が窓から"),
        (COMMON, part("mark", x=115, y=20), "封入機用マーク（余白を含む）が窓から見えることがあります"),
        (COMMON, field("building", window=False), "項目 building が窓から見えることがあります"),
        (COMMON, field("building", text="{case_no}"), "窓の項目 building に {case_no} は印字できません"),
        (COMMON, field("building", text="{building}{district}"), "{district} は印字できません"),
        (COMMON, field("addressee", text="{addressee}　様（生活保護）"), "窓の項目 addressee に宛名以外の文言"),
        (COMMON, field("addressee", text="{label_total}{addressee}　様"), "窓の項目 addressee に宛名以外の文言"),
        (COMMON, field("addressee", text="{addressee}"), "窓の宛名 {addressee} の後に敬称（様・殿・御中）がありません"),
        (COMMON, field("addressee", text="様　{addressee}"), "窓の宛名 {addressee} の後に敬称"),
        (COMMON, field("on_behalf", sheet="every"), "窓の項目 on_behalf は1頁目だけに置けます"),
        (COMMON, part(width=200), "用紙の大きさが、封筒の設定の用紙（sheet）と違います"),
        # Printable zone, overlaps, folds.
        (NOTICE, field("document_no", x=137.1), "項目 document_no が印字できる範囲（端から5mmの内側）の外です"),
        (COMMON, field("page_no", y=288.1), "項目 page_no が印字できる範囲"),
        (COMMON, part("mark", x=193.7), "封入機用マーク（余白を含む） が印字できる範囲"),
        (NOTICE, part("grids", "contact", columns=[30, 158]), "罫線 contact が印字できる範囲"),
        (NOTICE, field("case_no", x=137.9), "項目 head と 項目 case_no が重なっています"),
        (NOTICE, field("more_document", y=25), "項目 more_document と 項目 more_case が重なっています"),
        (COMMON, field("on_behalf", h=5.7), "項目 on_behalf と カスタマバーコード（周囲2mmを含む） が重なっています"),
        (COMMON, part("mark", x=100, y=284), "と 封入機用マーク（余白を含む） が重なっています"),
        (
            NOTICE,
            part("grids", "dates", columns=[40, 47, 30, 57]),
            "罫線 dates が 項目 effective_date を横切っています",
        ),
        (NOTICE, part("grids", "contact", line=0.6), "罫線 contact が 項目 contact_label を横切っています"),
        (NOTICE, part("grids", seeded={"x": 30, "y": 5, "columns": [9], "rows": [2]}), "罫線 seeded が印字できる範囲"),
        (NOTICE, field("appeal_title", y=215), "項目 appeal_title が折り目（上から216mm）にかかっています"),
        (COMMON, part("mark", y=100), "封入機用マーク（余白を含む） が折り目（上から108mm）にかかっています"),
        # What must be said, in words and in values.
        (NOTICE, without("fields", "reason"), "1頁目に {reason} を印字する項目がありません"),
        (NOTICE, without("fields", "more_piece_id"), "2頁目以降に {piece_id} を印字する項目がありません"),
        (COMMON, field("page_no", sheet="first"), "2頁目以降に {pages} を印字する項目がありません"),
        (NOTICE, without("fields", "reason_goes_on"), "1頁目に {continued} を印字する項目がありません"),
        (NOTICE, field("reason_goes_on", sheet="more", y=200), "1頁目に {continued} を印字する項目がありません"),
        (COMMON, without("fields", "on_behalf"), "1頁目に {on_behalf} を印字する項目がありません"),
        (NOTICE, without("fields", "after"), "1頁目に {after_funeral} を印字する項目がありません"),
        (NOTICE, new_field(text="{kana}"), "{kana} は印字できない項目です"),
        (OWN, part("texts", basis="根拠法令なし"), "「社発第382号」がありません"),
        (OWN, part("texts", sentence="60日以内に"), "「60日」があります"),
        (OWN, part("texts", sentence="六十日以内に"), "「六十日」があります"),
        (OWN, part("texts", title="保護変更決定"), "「通知書」のある title が1頁目に印字されません"),
        (NOTICE, field("title", text="決定について"), "「通知書」のある title が1頁目に印字されません"),
        (OWN, part("texts", label_care="生活 扶助"), "texts の label_livelihood と label_care が同じ名称です"),
        (OWN, part("texts", label_housing=""), "texts の label_housing が空です"),
        (NOTICE, part("texts", label_income="　 "), "texts の label_income が空です"),
        # What does not fit.
        (NOTICE, field("appeal_title", w=30), "項目 appeal_title の文字が枠に収まりません"),
        (NOTICE, field("more_title", w=20), "項目 more_title の文字が枠に収まりません"),
        (NOTICE, field("issue_date", w=10), "項目 issue_date は、最も短い値も枠に収まりません"),
        (NOTICE, field("payment", w=30), "項目 payment は、最も短い値も枠に収まりません"),
        (
            NOTICE,
            part("texts", issuer="新宿区福祉事務所長\U0001f600"),
            "項目 issuer に印刷用フォントにない文字があります",
        ),
        # Whose words they are.
        (OWN, without("texts", "title"), "title"),
        (OWN, without("approvals", "appeal"), "approvals に appeal の版・承認者・承認日がありません"),
        (OWN, part("approvals", "basis", approved_by="未定"), "approvals の basis の版か承認者が空か仮の値です"),
        (OWN, part("approvals", "basis", approved_by=" "), "approvals の basis の版か承認者が空か仮の値です"),
        (OWN, part("approvals", "appeal", version="第○○版"), "approvals の appeal の版か承認者が空か仮の値です"),
        (OWN, part("approvals", "appeal", approved_on=date(2026, 11, 21)), "appeal の承認日（2026-11-21）が発行日"),
        (OWN, without("approvals", "appeal", "approved_on"), "approvals.appeal.approved_on"),
        (
            OWN,
            part("approvals", apeal={"version": "1", "approved_by": "A", "approved_on": date(2026, 4, 1)}),
            "approvals の apeal という文言は texts にありません",
        ),
        # Files that cannot be read at all.
        (COMMON, part(envelope="naga4"), "封筒「naga4」は登録されていません"),
        (OWN, part(extends="../nowhere.yaml"), "nowhere.yaml"),
        (OWN, part(colour="red"), "colour"),
        (SHEET, part(fields=[]), "YAMLの書式"),
    ],
)
def test_each_rule_catches_its_fault(include: Path, file: str, how: How, said: str) -> None:
    edit(include / "templates" / file, how)
    found = check(include, [SHEETS if file == SHEET else NOTICES])
    assert [fault for fault in found if said in fault.problem], found
    assert all(not fault.problem.isascii() for fault in found)


def test_a_fault_is_told_for_the_templates_it_stands_in_and_for_no_other(include: Path) -> None:
    edit(include / "templates" / COMMON, field("postcode", x=22.9))
    assert [fault.template for fault in check(include)] == sorted(ALL)
    edit(include / "templates" / COMMON, field("postcode", x=25))
    edit(include / "templates" / OWN, part("texts", sentence="60日以内"))
    assert {fault.template for fault in check(include)} == {"change_notice/equivalent"}


def test_all_faults_of_all_templates_are_told_at_once(include: Path) -> None:
    edit(include / "templates" / COMMON, field("postcode", x=22.9))
    edit(include / "templates" / NOTICE, field("title", y=66.5))
    edit(include / "templates" / OWN, part("texts", sentence="60日以内"))
    edit(include / "templates" / "change_notice/support/template.yaml", part(colour="red"))
    found = check(include)
    assert len(found) == 5 + 2 + 1 + 1
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", ["title", "basis", "appeal"])
def test_no_population_inherits_its_title_legal_basis_or_appeal_text(include: Path, name: str) -> None:
    own = include / "templates" / OWN
    words = yaml.safe_load(own.read_text(encoding="utf-8"))["texts"][name]
    edit(own, without("texts", name))
    edit(include / "templates" / NOTICE, part("texts", **{name: words}))
    assert [fault.problem for fault in check(include)] == [
        f"texts の {name} がこの様式自身の template.yaml にありません（ほかの様式から引き継げません）"
    ]


def test_no_population_inherits_the_approval_of_another_wording(include: Path) -> None:
    own = include / "templates" / OWN
    approval = yaml.safe_load(own.read_text(encoding="utf-8"))["approvals"]
    edit(own, without("approvals"))
    edit(include / "templates" / NOTICE, part(approvals=approval))
    assert {fault.problem.split("の")[0] for fault in check(include)} == {"approvals に basis ", "approvals に appeal "}


def test_wording_approved_on_the_day_of_issue_counts(include: Path) -> None:
    edit(include / "templates" / OWN, part("approvals", "appeal", approved_on=ISSUED))
    assert check(include) == ()


def test_a_ward_may_decide_that_the_equivalent_notice_tells_no_appeal_and_must_say_so_itself(include: Path) -> None:
    def how(content: dict[str, Any]) -> None:
        content["texts"]["appeal"] = ""
        content["required"] = {"社発第382号": "準用の根拠"}

    edit(include / "templates" / OWN, how)
    assert check(include) == ()


def test_a_ward_that_wants_no_goes_on_note_needs_no_place_for_it(include: Path) -> None:
    edit(include / "templates" / NOTICE, part("texts", goes_on=""))
    edit(include / "templates" / NOTICE, without("fields", "reason_goes_on"))
    assert check(include) == ()


def test_an_envelope_with_more_slack_is_a_fault_of_the_templates_that_name_it(include: Path) -> None:
    edit(include / "envelopes" / "naga3-window.yaml", part("sheet", folds=[107, 212]))
    said = [fault for fault in check(include) if "用紙がずれると窓から外れます" in fault.problem]
    assert {fault.template for fault in said} == ALL


SEAL = {"image": "seal.png", "x": 172, "y": 46, "w": 20, "h": 20}


def sealed(include: Path, png: bytes, words: str = "", **changes: object) -> list[str]:
    """Give the notice of one population a seal instead of the words, and return its faults."""
    own = include / "templates" / OWN
    (own.parent / "seal.png").write_bytes(png)
    edit(own, part(seal=SEAL | changes))
    edit(own, part("texts", seal=words))
    return [fault.problem for fault in check(include, [NOTICES])]


def test_a_seal_takes_the_place_of_the_words_that_omit_it(include: Path) -> None:
    assert sealed(include, seal_png()) == []


@pytest.mark.parametrize(
    ("png", "changes", "said"),
    [
        (seal_png(), {"words": "（公印省略）"}, "どちらか一つだけ"),
        (seal_png(), {"words": "（公 印 省 略）"}, "どちらか一つだけ"),
        (b"", {}, "を画像として読めません"),
        (b"%PDF-1.7", {}, "を画像として読めません"),
        (seal_png()[:-60], {}, "を画像として読めません"),
        (seal_png(mode="RGBA"), {}, "透過のない24ビットカラー"),
        (seal_png(mode="P"), {}, "透過のない24ビットカラー"),
        (seal_png(200), {}, "画素が粗すぎます"),
        (seal_png(), {"h": 18}, "縦横の比が枠"),
        (seal_png(), {"x": 104}, "印影が窓から見えることがあります"),
        (seal_png(), {"x": 186}, "印影 が印字できる範囲"),
        (seal_png(), {"y": 40}, "項目 issuer と 印影 が重なっています"),
        (seal_png(), {"y": 206}, "印影 が折り目"),
        (seal_png(), {"image": "stamp.png"}, "印影のファイル stamp.png が"),
        (seal_png(), {"image": "../assistance/seal.png"}, "seal.image"),
    ],
)
def test_a_seal_that_would_not_print_as_one_is_caught(
    include: Path, png: bytes, changes: dict[str, Any], said: str
) -> None:
    found = sealed(include, png, **changes)
    assert [problem for problem in found if said in problem], found


def test_a_notice_with_neither_seal_nor_words_is_caught(include: Path) -> None:
    edit(include / "templates" / OWN, part("texts", seal=""))
    assert [fault.problem for fault in check(include)] == [
        "印影（seal）と「公印省略」の表示は、どちらか一つだけにしてください"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空か、「項目: 値」の形ではありません"),
        (b"- title\n", "空か、「項目: 値」の形ではありません"),
        ("texts: {title: 通知}".encode("cp932"), "文字コード（UTF-8で保存してください）"),
        (b"texts:\n  title: [\n", "YAMLの書式（3行目）"),
        (b"texts:\n  title: a\n  title: b\n", "同じ項目が二度あります（3行目）"),
        (b"approvals: {basis: {approved_on: 2026-02-30}}\n", "値の書式（存在しない日付など）"),
    ],
)
@pytest.mark.parametrize("file", [OWN, NOTICE])
def test_a_file_that_cannot_be_read_is_named_with_what_is_wrong_in_it(
    include: Path, file: str, content: bytes, said: str
) -> None:
    (include / "templates" / file).write_bytes(content)
    found = check(include, [NOTICES])
    assert {fault.problem for fault in found} == {f"様式のファイル {file} に誤りがあります：{said}。"}
    assert len(found) == (1 if file == OWN else 3)


@pytest.mark.parametrize("how", [part(seal={"x": 1}), part(fields=None), part(extends=["common.yaml"])])
def test_a_part_of_another_form_is_a_fault_and_no_crash(include: Path, how: How) -> None:
    edit(include / "templates" / OWN, how)
    assert [fault.template for fault in check(include, [NOTICES])] == ["change_notice/equivalent"]
