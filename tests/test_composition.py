"""Composition: every text is placed whole, broken by the rules of Japanese, or refused; never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.composition import (
    LINE_BREAK,
    POINTS,
    Composer,
    Line,
    Paragraph,
    fit,
    lines_at_most,
    measured,
    values,
    wrap,
    yen,
)
from mailround.errors import PrintError
from mailround.model import PaymentMethod, Population, Recipient
from mailround.templates import BASIC_VALUES, DECISION_VALUES, Field, Template
from printing import AWKWARD_NAMES, ISSUED, number, templates, whole_font

Maker = Callable[..., Recipient]

FIELD = Field(x=10, y=10, w=50, h=10, size=12, min_size=8, text="")
TEXTS = st.text(st.sampled_from("山川田、。（）「」ーっ様1234,.AbC -　 \n\r邊\U000e0108髙𠮷"), max_size=80)

SOUND = st.lists(st.sampled_from([*"山川田、。（）ーっ様1234,.AbC -　 \n\r髙𠮷", "邊\U000e0108"]), max_size=80).map(
    "".join
)
"""Texts that may be printed: a selector stands behind Han only."""


def composed(recipient: Recipient, name: str = "change_notice") -> list[list[Line]]:
    (piece,) = number([recipient])
    template = templates(name)[recipient.population]
    pages = Composer(template, whole_font()).pages(piece, values(piece, template, ISSUED))
    return [[line for placed in page for line in placed.lines] for page in pages]


def put(field: Field, reason: str) -> tuple[Line, ...]:
    """Place a text in a field of its own."""
    whole = templates()[Population.ASSISTANCE]
    # not dict(whole), which has what it once worked out of its own fields
    kept = {name: getattr(whole, name) for name in Template.model_fields}
    form = Template(**kept | {"fields": {"seeded": field}})
    known = dict.fromkeys((*BASIC_VALUES, *DECISION_VALUES), "") | {"reason": reason}
    assert Composer(form, whole_font()).misfits(known) == ()
    ((placed,),) = Composer(form, whole_font())._pages(known)
    return placed.lines


def blankless(text: str) -> str:
    return "".join(text.split())


def words(page: list[Line]) -> list[str]:
    return [line.text for line in page]


@given(TEXTS, st.floats(3, 40), st.sampled_from([0, 1, 2]))
def test_lines_put_together_are_the_text_and_none_is_too_wide(text: str, width: float, hang: float) -> None:
    font = whole_font()
    lines = wrap(text, width, font, hang=hang)
    assert "".join(lines) == text
    assert all(font.width(LINE_BREAK.sub("", line).rstrip()) <= width + 1e-6 for line in lines)


def paragraphs(text: str) -> list[Paragraph | None]:
    return [measured(each, whole_font()) for each in LINE_BREAK.split(text)[::2]]


PROSE = st.lists(st.sampled_from([*"山川田あんのっ、。（「」ーア様第円年1,A \n", "ため", "変更"]), max_size=200).map(
    "".join
)


@given(st.one_of(TEXTS, PROSE), st.floats(3, 40), st.sampled_from([0, 1, 2]))
def test_a_text_never_takes_more_lines_than_were_said_without_breaking_it(text: str, width: float, hang: float) -> None:
    said = sum(lines_at_most(each, width, hang=hang) for each in paragraphs(text))
    assert len(wrap(text, width, whole_font(), hang=hang)) <= said


def test_for_ordinary_prose_the_number_of_lines_is_said_and_not_far_off() -> None:
    text = "令和８年１１月から冬季加算を計上し、住宅扶助の額を変更したため。\n" * 8
    said = sum(lines_at_most(each, 39) for each in paragraphs(text))
    assert len(wrap(text, 39, whole_font())) <= said <= 2 * 8 + 1


@given(TEXTS)
def test_a_line_break_ends_its_line_and_stands_nowhere_else(text: str) -> None:
    for line in wrap(text, 10, whole_font()):
        assert len(LINE_BREAK.findall(line)) <= 1
        assert not LINE_BREAK.search(line) or line.endswith(("\n", "\r"))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("あいうえお。かき", 5, ["あいうえ", "お。かき"]),
        ("あいう（えお）か", 4, ["あいう", "（えお）", "か"]),
        ("サーバーのデータ", 4, ["サーバー", "のデータ"]),
        ("サーバー", 3, ["サー", "バー"]),
        ("デ・ラ・クルス　様", 5, ["デ・ラ・", "クルス　様"]),
        ("住宅扶助1,234,567円", 6, ["住宅扶助", "1,234,567円"]),
        ("Alexander Maximilian", 8, ["Alexander ", "Maximilian"]),
        ("山川田上下左右前　様", 8, ["山川田上下左右", "前　様"]),
        ("一行目\r\n\r\n三行目", 10, ["一行目\r\n", "\r\n", "三行目"]),
        ("あ" * 7, 3, ["あああ", "あああ", "あ"]),
        ("。。。。", 2, ["。。", "。。"]),
        ("変更は……なし", 4, ["変更は", "……なし"]),
        ("理由――別紙", 3, ["理由", "――別", "紙"]),
        ("「『（あ）』」い", 7, ["「『（あ）』」", "い"]),
        ("決定する。」と", 5, ["決定す", "る。」と"]),
        ("人々の佐々木", 4, ["人々の", "佐々木"]),
        ("第25条第2項", 4, ["第25条", "第2項"]),
        ("差額は△1,234円", 5, ["差額は", "△1,234円"]),
        ("平成28年12月分", 4.5, ["平成28年", "12月分"]),
        ("翌日から3か月", 5, ["翌日から", "3か月"]),
        ("控除率は100％です", 5.5, ["控除率は", "100％です"]),
        ("新宿二十三号棟", 5, ["新宿", "二十三号棟"]),
        ("Hohenstaufen氏", 5, ["Hohensta", "ufen氏"]),
        ("アイヌの名ㇰㇲ", 5, ["アイヌの", "名ㇰㇲ"]),
        ("イ〜ロ", 2, ["イ〜", "ロ"]),
        ("", 5, []),
    ],
)
def test_lines_are_broken_by_the_basic_rules_of_japanese(text: str, width: float, lines: list[str]) -> None:
    assert wrap(text, width, whole_font()) == lines


@pytest.mark.parametrize(
    ("text", "size", "lines"),
    [
        ("山田　太郎", 12, 1),
        ("あ" * 12, 11.5, 1),
        ("あ" * 17, 8, 1),
        ("あ" * 20, 12, 2),
        ("あ" * 30, 9, 2),
        ("あ" * 60, 8, 4),
    ],
)
def test_the_size_steps_down_first_and_the_line_wraps_then(text: str, size: float, lines: int) -> None:
    found, broken = fit(FIELD, text, whole_font())
    assert (found, len(broken)) == (size, lines)
    assert "".join(broken) == text


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_no_name_is_shortened_or_changed(make_recipient: Maker, name: str) -> None:
    (page,) = composed(make_recipient(name=name))
    window = [line for line in page if line.y > 297 * POINTS - 52 * POINTS and line.x < 100 * POINTS]
    assert blankless(f"{name}　様") in blankless("".join(line.text for line in window))
    assert all(line.x + whole_font().width(line.text.rstrip()) * line.size <= 102.1 * POINTS for line in window)


def test_a_text_that_does_not_fit_is_refused_by_number_and_field_without_its_content(make_recipient: Maker) -> None:
    with pytest.raises(PrintError) as caught:
        composed(make_recipient(name="寿限無" * 60))
    assert "通し番号 1 " in str(caught.value)
    assert "addressee" in str(caught.value)
    assert "寿" not in str(caught.value)


def test_a_mail_to_address_is_printed_instead_of_the_residence(make_recipient: Maker) -> None:
    (page,) = composed(
        make_recipient(
            mailto_name="後見　花子",
            mailto_postcode="1690075",
            mailto_address="東京都新宿区高田馬場9-9",
            mailto_building="",
        )
    )
    found = words(page)
    assert {"〒169-0075", "東京都新宿区高田馬場9-9", "後見　花子　様", "髙﨑　𠮷郎　様"} <= set(found)
    assert "東京都新宿区新宿一丁目2番3号" not in found
    assert "新宿ハイツ101号室" not in found


@pytest.mark.parametrize(("reason", "said"), [("後見人", "（髙﨑　𠮷郎　様分）"), ("入院", ""), ("施設", ""), ("", "")])
def test_what_a_guardian_receives_says_on_whose_behalf(make_recipient: Maker, reason: str, said: str) -> None:
    (piece,) = number(
        [
            make_recipient(
                mailto_name="後見　花子",
                mailto_postcode="1690075",
                mailto_address="東京都新宿区高田馬場9-9",
                mailto_reason=reason,
            )
        ]
    )
    known = values(piece, templates()[Population.ASSISTANCE], ISSUED)
    assert (known["addressee"], known["on_behalf"]) == ("後見　花子", said)


def test_a_notice_says_all_the_decision_says(make_recipient: Maker) -> None:
    (page,) = composed(make_recipient(payment_method=PaymentMethod.COUNTER))
    assert {
        "8新福生第100001号",
        "令和8年11月20日",
        "令和8年11月5日",
        "令和8年11月1日",
        "令和8年12月1日　福祉事務所の窓口で支給",
        "76,310",
        "78,940",
        "2,630",
        "130,010",
        "132,640",
        "冬季加算を計上したため。",
        "1／1",
    } <= set(words(page))


@pytest.mark.parametrize(("amount", "said"), [(0, "0"), (1_234_567, "1,234,567"), (-1, "△1"), (-12_345, "△12,345")])
def test_amounts_are_written_as_offices_write_them(amount: int, said: str) -> None:
    assert yen(amount) == said


def test_a_long_reason_goes_on_on_a_second_page_without_losing_a_character(make_recipient: Maker) -> None:
    reason = "".join(f"{clause}番目の理由、すなわち世帯員の転入に伴う基準額の変更。\n" for clause in range(1, 14))
    first, second = composed(make_recipient(reason=reason))
    assert "1／2" in words(first)
    assert "2／2" in words(second)
    assert "（次頁に続く）" in words(first)
    assert "（次頁に続く）" not in words(second)
    template = templates()[Population.ASSISTANCE]
    box, more = template.fields["reason"], template.fields["reason_more"]
    said = [
        line.text for line in first if 297 - box.y - box.h <= line.y / POINTS <= 297 - box.y and line.x > 50 * POINTS
    ]
    said += [line.text for line in second if line.x == pytest.approx(more.x * POINTS)]
    assert "".join(said) == reason.replace("\n", "")


@pytest.mark.parametrize("end", ["\n" * 7, "\r\n　" * 20, "　\n" * 9 + " "])
def test_blanks_and_line_breaks_alone_fill_no_second_sheet(make_recipient: Maker, end: str) -> None:
    (page,) = composed(make_recipient(reason=f"冬季加算のため。{end}"))
    assert "冬季加算のため。" in words(page)
    assert "1／1" in words(page)
    assert len(composed(make_recipient(reason=f"冬季加算のため。{end}以上" + "\n" * 7))) == 2


@pytest.mark.parametrize("align", ["left", "center", "right"])
@given(text=SOUND)
def test_no_blank_hangs_out_of_its_box_and_only_blanks_are_left_out(
    align: Literal["left", "center", "right"], text: str
) -> None:
    lines = put(Field(x=50, y=10, w=60, h=200, size=12, align=align, text="{reason}"), text)
    assert blankless("".join(line.text for line in lines)) == blankless(text)
    for line in lines:
        assert line.text == line.text.strip()
        assert line.x >= 50 * POINTS - 0.02
        assert line.x + whole_font().width(line.text) * line.size <= 110 * POINTS + 0.02


@pytest.mark.parametrize(
    ("align", "text", "begins"),
    [
        ("left", "あい　　", 50),
        ("left", "　あい", 50 + 12 / POINTS),
        ("right", "あい　　", 110 - 24 / POINTS),
        ("right", "　あい", 110 - 24 / POINTS),
        ("center", "あい　　", 80 - 12 / POINTS),
        ("center", "　あい", 80 - 6 / POINTS),
        ("right", "あい" + "　" * 40, 110 - 24 / POINTS),
        ("right", "あい　\n", 110 - 24 / POINTS),
    ],
)
def test_blanks_before_words_move_them_and_blanks_behind_do_not(
    align: Literal["left", "center", "right"], text: str, begins: float
) -> None:
    (line,) = put(Field(x=50, y=10, w=60, h=200, size=12, align=align, text="{reason}"), text)
    assert (line.text, line.x / POINTS) == ("あい", pytest.approx(begins))


def test_a_reason_too_long_for_two_pages_is_refused(make_recipient: Maker) -> None:
    with pytest.raises(PrintError, match="reason_more"):
        composed(make_recipient(reason="長い理由。\n" * 60))


@pytest.mark.parametrize("reason", ["生活保護の基準改定のため。", "生 活 保\n護の基準"])
def test_a_support_piece_whose_own_text_carries_the_word_is_refused(make_recipient: Maker, reason: str) -> None:
    with pytest.raises(PrintError, match="支援給付") as caught:
        composed(make_recipient(population=Population.SUPPORT, reason=reason))
    assert "基準" not in str(caught.value)
    assert composed(make_recipient(population=Population.ASSISTANCE, reason=reason))


def test_a_decision_without_a_date_is_refused(make_recipient: Maker) -> None:
    with pytest.raises(PrintError, match="effective_date"):
        composed(make_recipient(effective_date=None))


def test_the_june_sheet_needs_no_decision(make_recipient: Maker) -> None:
    (page,) = composed(make_recipient(decision=None), "asset_declaration")
    assert "〒160-0022" in words(page)


@pytest.mark.parametrize("population", Population)
@pytest.mark.parametrize("name", ["change_notice", "asset_declaration"])
def test_every_static_text_fits_its_box(name: str, population: Population) -> None:
    composer = Composer(templates(name)[population], whole_font())
    assert composer.static("first")


def test_issue_dates_are_in_japanese_eras(make_recipient: Maker) -> None:
    (piece,) = number([make_recipient()])
    template = templates()[Population.ASSISTANCE]
    assert values(piece, template, date(2019, 5, 1))["issue_date"] == "令和元年5月1日"
