"""What is printed: names, characters, glyphs, room, words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from faults import MAILTO

from mailround.composition import Composer, values
from mailround.errors import PrintError
from mailround.model import Piece, Population, Recipient
from mailround.quality import texts
from mailround.quality.facts import Block
from mailround.quality.forms import Forms
from printing import ISSUED, number, templates, whole_font

Neighbours = Callable[..., tuple[Recipient, ...]]
BlockOf = Callable[..., Block]

PLACEHOLDERS = [
    *(
        "",
        "　",
        "不明",
        "－",
        "＊＊＊",
        "○○　○○",
        "・",
        "123",
        "氏名　不詳",
        "\u3000\u3000",
        "（未入力）",
        "テスト　太郎",
    ),
    *("山〓　太郎", "山？　太郎", "■田　太郎", "○○　花子", "氏名不明者"),
]
NAMES = ["なし田　梨子", "天道　〇", "テスト・マリア", "仮屋　名奈", "O'Brien, R&D <b>", "一　一"]


def test_what_only_stands_for_a_name_is_none() -> None:
    names = pd.Series(["髙﨑　𠮷郎", *PLACEHOLDERS])
    assert list(texts.name_present(names)) == [True, *[False] * len(PLACEHOLDERS)]
    assert list(texts.name_present(names, names.iloc[::-1].reset_index(drop=True))) == [False] * len(names)


def test_a_name_that_only_looks_like_a_stand_in_is_one() -> None:
    assert list(texts.name_present(pd.Series(NAMES))) == [True] * len(NAMES)


@pytest.mark.parametrize(
    ("reason", "present"),
    [
        ("", False),
        ("\r\n　", False),
        ("なし。", False),
        ("－", False),
        ("未入力", False),
        ("冬季加算を計上したため。", True),
        ("世帯員の転出が判明したため（転出先は不明）。", True),
        ("△500円の認定誤りを正したため。", True),
    ],
)
def test_a_reason_says_something(reason: str, present: bool) -> None:
    assert list(texts.reason_present(pd.Series([reason]))) == [present]


def test_blanks_fill_nothing_in() -> None:
    assert list(texts.filled_in(pd.Series(["", " ", "　", "\r\n", "あ", " あ"]))) == [False] * 4 + [True] * 2


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("渡邊\U000e0109　齋", True),
        ("か\ufe0f", False),
        ("\U000e0100", False),
        ("\ufe00葛", False),
        ("山\u200b田", False),
        ("山\u202e田", False),
        ("\ue000", False),
        ("\x00", False),
        ("\ud800", False),
        ("]^-\\", True),
    ],
)
def test_a_column_is_judged_text_by_text(text: str, allowed: bool) -> None:
    assert list(texts.characters_allowed(pd.Series(["山田", text, "葛\U000e0100"]))) == [True, allowed, True]


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
    block_of: BlockOf, neighbours: Neighbours, fault: dict[str, Any], fields: str
) -> None:
    block = block_of(*neighbours({}, fault))
    record, to, forms = block.frame["record"], block.frame["to"], block.given.forms
    well = texts.fits_the_form(record, to, forms=forms)
    assert list(well) == [True, False]
    told = texts.unfit_fields(block.frame["case_no"][~well], record[~well], to[~well], forms=forms)
    assert told == {2: fields}


@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
@pytest.mark.parametrize("population", Population)
def test_exactly_the_households_that_fit_can_be_composed(
    make_recipient: Callable[..., Recipient], block_of: BlockOf, kind: str, population: Population
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

    def composed(piece: Piece) -> bool:
        try:
            template = templates(kind)[population]
            return bool(Composer(template, whole_font()).pages(piece, values(piece, template, ISSUED)))
        except PrintError:
            return False

    block = block_of(*recipients, kind=kind)
    found = list(texts.fits_the_form(block.frame["record"], block.frame["to"], forms=block.given.forms))
    assert found == [composed(piece) for piece in number(recipients)]
    assert {True, False} == set(found)


def test_a_household_without_a_form_of_its_own_population_is_noticed() -> None:
    own = templates()
    swapped = own | {Population.SUPPORT: own[Population.ASSISTANCE]}
    populations = pd.Series(list(Population))
    assert list(texts.template_of_population(populations, forms=Forms(own, whole_font(), ISSUED))) == [True] * 3
    assert list(texts.template_of_population(populations, forms=Forms(swapped, whole_font(), ISSUED))) == [
        each is not Population.SUPPORT for each in Population
    ]
    del swapped[Population.EQUIVALENT]
    assert list(texts.template_of_population(populations, forms=Forms(swapped, whole_font(), ISSUED))) == [
        each is Population.ASSISTANCE for each in Population
    ]
