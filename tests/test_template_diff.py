"""What differs between two templates: each item once, with both sides, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from mailround.envelopes import Box
from mailround.model import Population
from mailround.template_diff import TITLES, WORDS, Change, Detail, Part, Place, template_diff
from mailround.templates import Template
from printing import other_template, seal_png, templates, with_seal

BEFORE = templates()[Population.ASSISTANCE]


def changed(how: Callable[[dict[str, Any]], object]) -> tuple[Change, ...]:
    return template_diff(BEFORE, other_template(how)[Population.ASSISTANCE])


def said(parts: tuple[Part, ...]) -> str:
    return "".join(f"[{each.words}]" if each.changed else each.words for each in parts)


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return every model that something of a model may be."""
    found: set[type[BaseModel]] = set()
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= {kind} | models(kind)
    return found


def test_whatever_a_template_can_say_has_a_japanese_name() -> None:
    assert TITLES.keys() == Template.model_fields.keys() - {"population"}
    assert {kind: {*words} for kind, words in WORDS.items()} == {
        kind: {*kind.model_fields} for kind in models(Template)
    }
    for words in (TITLES, *WORDS.values()):
        assert len({*words.values()}) == len(words)
        assert all(not word.isascii() for word in words.values())


@pytest.mark.parametrize("population", Population)
@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
def test_nothing_is_named_when_they_are_equal(kind: str, population: Population) -> None:
    template = templates(kind)[population]
    assert template_diff(template, Template.model_validate_json(template.model_dump_json())) == ()


def test_a_changed_wording_is_told_with_what_was_put_in_and_taken_out() -> None:
    [change] = changed(lambda content: content["texts"].update(title="保護変更決定のお知らせ"))
    assert (change.number, change.title) == (1, "文言「title」")
    [detail] = change.details
    assert said(detail.before) == "保護変更決定[通知書]"
    assert said(detail.now) == "保護変更決定[のお知らせ]"
    fields = BEFORE.fields
    assert change.before == change.now
    assert change.now == (
        Place(("first",), fields["title"].box),
        Place(("more",), fields["more_title"].box),
    )


def test_a_number_and_a_character_with_its_selector_are_not_cut() -> None:
    def how(content: dict[str, Any]) -> None:
        content["texts"]["title"] = "期間は、翌日から起算して13か月以内です。邊󠄉"

    before = other_template(lambda content: content["texts"].update(title="期間は、翌日から起算して3か月以内です。邊󠄊"))
    [change] = template_diff(before[Population.ASSISTANCE], other_template(how)[Population.ASSISTANCE])
    assert said(change.details[0].before) == "期間は、翌日から起算して[3]か月以内です。[邊󠄊]"
    assert said(change.details[0].now) == "期間は、翌日から起算して[13]か月以内です。[邊󠄉]"


def test_single_letters_found_again_are_no_reading() -> None:
    before = other_template(lambda content: content["texts"].update(title="あいうえおかき"))[Population.ASSISTANCE]
    now = other_template(lambda content: content["texts"].update(title="さいうしかすき"))[Population.ASSISTANCE]
    [change] = template_diff(before, now)
    assert (said(change.details[0].before), said(change.details[0].now)) == ("[あいうえおかき]", "[さいうしかすき]")


def test_a_text_within_a_text_marks_the_field_that_prints_it() -> None:
    [change] = changed(lambda content: content["texts"].update(office_phone="電話　03-0000-0000"))
    assert change.now == (Place(("first",), BEFORE.fields["contact"].box),)


def test_a_text_that_a_piece_chooses_marks_where_it_is_chosen() -> None:
    [change] = changed(lambda content: content["texts"].update(payment_counter="窓口で支給"))
    assert change.now == (Place(("first",), BEFORE.fields["payment"].box),)


def test_a_moved_field_is_told_once_with_where_it_was() -> None:
    [change] = changed(lambda content: content["fields"]["title"].update(y=68.5, h=7, align="left"))
    assert (change.title, change.wording) == ("項目「title」", "保護変更決定通知書")
    assert [(each.title, said(each.before), said(each.now)) for each in change.details] == [
        ("上から（mm）", "[69]", "[68.5]"),
        ("高さ（mm）", "[7.5]", "[7]"),
        ("左右の揃え", "[中央]", "[左]"),
    ]
    assert change.before == (Place(("first",), Box(18, 69, 174, 7.5)),)
    assert change.now == (Place(("first",), Box(18, 68.5, 174, 7)),)


@pytest.mark.parametrize("attribute", ["x", "y", "w", "h", "size", "leading"])
def test_the_smallest_difference_of_every_field_is_named(attribute: str) -> None:
    def how(content: dict[str, Any]) -> None:
        for field in content["fields"].values():
            field[attribute] = math.nextafter(field[attribute], 0)

    assert [each.title for each in changed(how)] == [f"項目「{name}」" for name in BEFORE.fields]


def test_a_new_and_a_removed_field_stand_on_one_side_alone() -> None:
    def how(content: dict[str, Any]) -> None:
        content["fields"]["note"] = content["fields"].pop("unit") | {"text": "（注）"}

    removed, new = changed(how)
    assert (removed.title, new.title) == ("項目「unit」", "項目「note」")
    assert (removed.wording, new.wording) == ("（単位：円）", "（注）")
    assert (removed.now, new.before) == ((), ())
    assert [len(removed.before), len(new.now)] == [1, 1]
    [detail] = new.details
    assert (detail.title, detail.before) == ("", ())
    assert said(detail.now) == (
        "[印字する文 （注）、左から（mm） 150、上から（mm） 98、幅（mm） 42、高さ（mm） 3.2、"
        "文字の大きさ（pt） 8.5、左右の揃え 右]"
    )
    assert removed.details == (Detail("", (Part(said(detail.now)[1:-1].replace("（注）", "（単位：円）"), True),), ()),)


def test_a_seal_and_another_image_of_it_are_told() -> None:
    before = with_seal()[Population.ASSISTANCE]
    [change] = template_diff(before, with_seal(png=seal_png(280))[Population.ASSISTANCE])
    assert change.title == "印影"
    assert [each.title for each in change.details] == ["画像"]
    assert "SHA-256" in said(change.details[0].now)
    assert change.now == (Place(("first",), Box(172, 46, 20, 20)),)
    put_in = template_diff(BEFORE, before)
    assert [(each.title, bool(each.before), bool(each.now)) for each in put_in] == [
        ("文言「seal」", True, True),
        ("印影", False, True),
    ]


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str, str, bool]] = {
    "grid": (lambda all_: all_["grids"]["dates"].update(rows=(5.5,)), "罫線「dates」", "行の高さ（mm）", True),
    "barcode": (lambda all_: all_["barcode"].update(x=26), "カスタマバーコード", "左から（mm）", True),
    "mark": (lambda all_: all_["mark"].update(module=0.5), "封入機用のマーク", "一目の大きさ（mm）", True),
    "page": (lambda all_: all_.update(height=300), "用紙の高さ（mm）", "", False),
    "margin": (lambda all_: all_.update(margin=4), "印字できない余白（mm）", "", False),
    "window": (lambda all_: all_["envelope"]["window"].update(w=91), "封筒", "窓の幅（mm）", False),
    "fold": (lambda all_: all_["envelope"]["sheet"].update(folds=(107, 214)), "封筒", "用紙の折り目（mm）", False),
    "approval": (lambda all_: all_["approvals"]["basis"].update(version="第2版"), "文言の承認「basis」", "版", False),
    "required": (lambda all_: all_["required"].update(電話="連絡先"), "必須の語「電話」", "", False),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_is_another_is_named(fault: str) -> None:
    how, title, detail, placed = FAULTS[fault]
    [change] = changed(how)
    assert (change.title, [each.title for each in change.details]) == (title, [detail])
    assert bool(change.now) is bool(change.before) is placed


def test_the_mark_stands_on_every_page_and_the_barcode_on_the_first() -> None:
    def how(content: dict[str, Any]) -> None:
        content["barcode"]["x"] = 26
        content["mark"]["y"] = 113

    barcode, mark = changed(how)
    assert [place.sheets for place in (*barcode.now, *mark.now)] == [("first",), ("first", "more")]
