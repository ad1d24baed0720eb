"""Reading back: what was drawn right passes, and every seeded fault is caught by page, number and field."""

from __future__ import annotations

import dataclasses
import io
import re
import zlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

from mailround.barcodes import bars, code_words
from mailround.context import RoundContext
from mailround.errors import VerificationError, WorkspaceError
from mailround.fonts import Font
from mailround.model import Piece, PieceRange, Population, Recipient
from mailround.plan_print import PIECES, plan_print
from mailround.register.entries import Verified, latest
from mailround.render import RANGES, Press, render
from mailround.templates import Template
from mailround.verify import Reader, verify
from prepared import AT as NOW
from printing import (
    AWKWARD_NAMES,
    ISSUED,
    ROUND,
    font_for,
    given,
    number,
    other_template,
    put,
    seal_png,
    templates,
    with_seal,
)
from rewritten import A_LAYER, assembled, objects_of, rearranged, repainted

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]
Drawn = tuple[bytes, Sequence[PieceRange]]

LONG = "第一の理由は冬季加算の計上、第二の理由は世帯員の転入です。\n　続きの段落。\n\n" * 8


@pytest.fixture
def pieces(make_recipient: Maker) -> list[Piece]:
    populations = [*Population] * 5
    return number(
        make_recipient(
            record_no=each,
            name=name,
            population=population,
            address=f"東京都新宿区新宿{each}丁目2番3号",
            building="" if each % 3 else f"新宿ハイツ{each}号",
            document_no=f"8新福生第{each:06d}号",
            after=(78_940 + each, 53_700, 0, 0, 0, 0, 0, 0),
            total_after=132_640 + each,
            income_before=5_000,
            reason=LONG if each % 4 == 0 else f"{each}人世帯の冬季加算のため。",
        )
        for each, (name, population) in enumerate(zip(AWKWARD_NAMES, populations, strict=False), 1)
    )


def draw(pieces: Sequence[Piece], font: Font | None = None, forms: dict[Population, Template] | None = None) -> Drawn:
    return Press(font or font_for(pieces), forms or templates(), ISSUED, ROUND).draw(pieces)


def read(drawn: Drawn, pieces: Sequence[Piece], font: Font | None = None) -> int:
    reader = Reader(font or font_for(pieces), templates(), ISSUED, ROUND)
    return reader.read("print/notices-001", drawn[0], pieces, drawn[1])


def refused(drawn: Drawn, pieces: Sequence[Piece], font: Font | None = None) -> str:
    with pytest.raises(VerificationError) as caught:
        read(drawn, pieces, font)
    said = str(caught.value)
    for piece in pieces:
        recipient = piece.recipient
        assert recipient.name not in said
        assert recipient.address not in said
        assert recipient.case_no not in said
    return said


def changed(pieces: Sequence[Piece], seq: int, **changes: object) -> list[Piece]:
    """Return the pieces with one recipient, or its decision, changed."""
    result = list(pieces)
    recipient = result[seq - 1].recipient
    of_decision = {field.name for field in dataclasses.fields(recipient.decision)}  # type: ignore[arg-type]
    decision = dataclasses.replace(  # type: ignore[type-var]
        recipient.decision, **{key: value for key, value in changes.items() if key in of_decision}
    )
    rest = {key: value for key, value in changes.items() if key not in of_decision}
    result[seq - 1] = given(
        result[seq - 1],
        dataclasses.replace(recipient, decision=decision, **rest),  # type: ignore[arg-type]
    )
    return result


def of_address(postcode: str, number: str) -> str:
    return bars(code_words(postcode, number))


def font_of_both(one: Sequence[Piece], other: Sequence[Piece]) -> Font:
    return font_for([*one, *other])


def test_what_was_drawn_right_is_read_back_right(pieces: list[Piece]) -> None:
    assert read(draw(pieces), pieces) == sum(2 if piece.seq % 4 == 0 else 1 for piece in pieces)


@pytest.mark.parametrize(
    "reason",
    [
        "冬季加算のため。" + "　" * 40 + "以上",
        "冬季加算のため。" + "　" * 40 + "\n　以上",
        "冬季加算のため。 　\r\n 　次のとおり。　",
        "　" * 90 + "以上",
        "　\n \n　　冬季加算のため。" + "\n" * 9,
        ("冬季加算のため。" * 8 + "　" * 20 + "\n　　") * 4,
        "Winter addition　　 " * 40,
    ],
)
def test_blanks_wherever_they_stand_are_read_back_and_stay_on_the_page(make_recipient: Maker, reason: str) -> None:
    blank = number(
        make_recipient(
            record_no=each,
            population=population,
            name="　髙﨑　 𠮷郎　",
            building="　ハイツ" + "　" * 40,
            reason=reason,
        )
        for each, population in enumerate(Population, 1)
    )
    drawn = draw(blank)
    assert read(drawn, blank) == sum(each.pages for each in drawn[1])


def test_the_june_sheet_is_read_back(make_recipient: Maker) -> None:
    sheets = number([make_recipient(record_no=each, decision=None) for each in (1, 2)])
    font, forms = font_for(sheets, "asset_declaration"), templates("asset_declaration")
    content, ranges = Press(font, forms, ISSUED, ROUND).draw(sheets)
    assert Reader(font, forms, ISSUED, ROUND).read("print/sheets-001", content, sheets, ranges) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "髙﨑　𠮷子"}, "addressee"),
        ({"name": "髙﨑 𠮷郎"}, "addressee"),
        ({"name": "高﨑　𠮷郎"}, "addressee"),
        ({"name": "髙﨑　𠮷"}, "addressee"),
        ({"name": ""}, "addressee"),
        ({"postcode": "1600023"}, "postcode"),
        ({"address": "東京都新宿区新宿1丁目2番4号"}, "address"),
        ({"building": "101"}, "addressee"),
        ({"case_no": "0000077"}, "case_no"),
        ({"document_no": "8新福生第000009号"}, "document_no"),
        ({"after": (78_940, 53_700, 0, 0, 0, 0, 0, 0)}, "after_livelihood"),
        ({"before": (76_310, 53_701, 0, 0, 0, 0, 0, 0)}, "before_housing"),
        ({"income_before": 4_000}, "before_income"),
        ({"total_after": 132_640}, "after_total"),
        ({"effective_date": ISSUED}, "effective_date"),
        ({"payment_date": ISSUED + timedelta(days=1)}, "payment"),
        ({"reason": "1人世帯の冬季加算のた。"}, "reason"),
        ({"reason": "1人世帯の冬季加算のため。\n別の世帯の文。"}, "様式にない文字"),
        ({"population": Population.SUPPORT}, "title"),
        ({"population": Population.EQUIVALENT}, "sentence"),
    ],
)
def test_a_page_that_says_anything_else_than_the_record_is_caught(
    pieces: list[Piece], changes: dict[str, object], field: str
) -> None:
    wrong = changed(pieces, 1, **changes)
    font = font_of_both(pieces, wrong)
    said = refused(draw(wrong, font), pieces, font)
    assert "print/notices-001 の1頁（通し番号 1）" in said
    assert field in said


@pytest.mark.parametrize("name", ["邊邊邊󠄉　邊󠄊", "邊󠄈邊󠄈邊󠄉　邊󠄊", "邊邊󠄉邊󠄈　邊󠄊"])
def test_a_lost_or_exchanged_variation_selector_is_caught(pieces: list[Piece], name: str) -> None:
    wrong = changed(pieces, 2, name=name)
    font = font_of_both(pieces, wrong)
    assert "通し番号 2" in refused(draw(wrong, font), pieces, font)


def test_rows_shifted_by_one_are_caught(pieces: list[Piece]) -> None:
    recipients = [piece.recipient for piece in pieces]
    shifted = [
        given(piece, recipient) for piece, recipient in zip(pieces, [*recipients[1:], recipients[0]], strict=True)
    ]
    assert "一致しません" in refused(draw(shifted), pieces)


def test_only_the_addresses_shifted_by_one_is_caught(pieces: list[Piece]) -> None:
    shifted = [
        given(piece, dataclasses.replace(piece.recipient, address=after.recipient.address))
        for piece, after in zip(pieces, [*pieces[1:], pieces[0]], strict=True)
    ]
    assert "項目：address" in refused(draw(shifted), pieces)


def test_the_name_of_the_neighbour_is_caught(pieces: list[Piece]) -> None:
    wrong = changed(pieces, 5, name=pieces[5].recipient.name)
    assert "通し番号 5" in refused(draw(wrong, font_for(pieces)), pieces)


def test_swapped_pieces_are_caught(pieces: list[Piece]) -> None:
    swapped = [pieces[1], pieces[0], *pieces[2:]]
    content, _ = draw(swapped)
    _, ranges = draw(pieces)
    assert "1頁（通し番号 1）" in refused((content, ranges), pieces)


def test_a_file_put_together_again_without_a_change_is_read(pieces: list[Piece]) -> None:
    content, ranges = draw(pieces)
    assert read((assembled(content, objects_of(content)), ranges), pieces)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "佐藤  一郎"},
        {"building": "新宿荘  101"},
        {"building": "新宿荘-"},
        {"building": "ハイツA-"},
        {"address": "東京都新宿区新宿1-2-3(新宿ハイツ101)"},
        {"name": "Müller, Hans-Jürgen François de la Compañía Internacional Ça"},
        {"reason": "収入の額：  10,000円\nÇa (va) ; [jq]"},
        {"document_no": "8新福生  第000001号"},
    ],
)
def test_awkward_blanks_hyphens_and_tails_are_read_back_right(pieces: list[Piece], changes: dict[str, object]) -> None:
    awkward = changed(pieces, 1, **changes)
    assert read(draw(awkward), awkward)


def test_pages_put_in_another_order_are_caught(pieces: list[Piece]) -> None:
    content, ranges = draw(pieces)
    pages = sum(each.pages for each in ranges)
    same = rearranged(content, [*range(pages)])
    assert read((same, ranges), pieces) == pages
    turned = rearranged(content, [0, 1, 2, 4, 3, *range(5, pages)])
    assert "4頁（通し番号 4）" in refused((turned, ranges), pieces)


@pytest.mark.parametrize("change", [1, -1])
def test_a_page_too_many_or_missing_is_caught_with_both_numbers(pieces: list[Piece], change: int) -> None:
    content, ranges = draw(pieces)
    pages = sum(each.pages for each in ranges)
    order = [*range(pages), 0][: pages + change]
    said = refused((rearranged(content, order), ranges), pieces)
    assert f"{pages}頁" in said
    assert f"{pages + change}頁" in said


def test_a_page_printed_twice_in_place_of_another_is_caught(pieces: list[Piece]) -> None:
    content, ranges = draw(pieces)
    pages = sum(each.pages for each in ranges)
    assert "2頁（通し番号 2）" in refused((rearranged(content, [0, 0, *range(2, pages)]), ranges), pieces)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda ranges: ranges[:-1],
        lambda ranges: [ranges[1], ranges[0], *ranges[2:]],
        lambda ranges: [dataclasses.replace(ranges[0], pages=2), *ranges[1:]],
        lambda ranges: [dataclasses.replace(ranges[0], pages=0), *ranges[1:]],
        lambda ranges: [dataclasses.replace(ranges[0], pages=3), *ranges[1:]],
        lambda ranges: [dataclasses.replace(ranges[0], piece_id=ranges[1].piece_id), *ranges[1:]],
        lambda ranges: [*ranges, ranges[-1]],
    ],
)
def test_ranges_that_are_not_the_plan_are_caught(
    pieces: list[Piece], spoil: Callable[[list[PieceRange]], list[PieceRange]]
) -> None:
    content, ranges = draw(pieces)
    assert refused((content, spoil(list(ranges))), pieces)


def test_a_second_page_left_out_is_caught_even_where_the_ranges_agree(pieces: list[Piece]) -> None:
    content, ranges = draw(pieces[:4])
    short = [*ranges[:3], dataclasses.replace(ranges[3], pages=1)]
    assert "通し番号 4" in refused((rearranged(content, [0, 1, 2, 3]), short), pieces[:4])


def test_a_glyph_without_outline_is_caught(pieces: list[Piece]) -> None:
    font = font_for(pieces)
    file = TTFont(io.BytesIO(font.data))
    file["glyf"][file.getGlyphName(font.glyph("𠮷"))] = Glyph()
    target = io.BytesIO()
    file.save(target)
    assert "字形" in refused(draw(pieces, Font(target.getvalue())), pieces)


def test_a_text_drawn_outside_its_box_is_caught(pieces: list[Piece]) -> None:
    forms = other_template(lambda content: content["fields"]["address"].update(y=250))
    assert "項目：address" in refused(draw(pieces, forms=forms), pieces)


@pytest.mark.parametrize(
    ("texts", "field"),
    [({"title": "保護決定通知書"}, "title"), ({"seal": ""}, "seal"), ({"label_care": "医療扶助"}, "label_care")],
)
def test_another_wording_of_the_template_is_caught(pieces: list[Piece], texts: dict[str, str], field: str) -> None:
    forms = other_template(lambda content: content["texts"].update(texts))
    assert f"項目：{field}）" in refused(draw(pieces, forms=forms), pieces)


def read_with(forms: dict[Population, Template], drawn: Drawn, pieces: Sequence[Piece]) -> int:
    return Reader(font_for(pieces), forms, ISSUED, ROUND).read("print/notices-001", drawn[0], pieces, drawn[1])


def test_the_image_of_the_seal_is_read_back_on_first_pages_only(pieces: list[Piece]) -> None:
    drawn = draw(pieces, forms=with_seal())
    assert read_with(with_seal(), drawn, pieces) == len(pypdfium2.PdfDocument(drawn[0]))
    assert draw(pieces, forms=with_seal()) == drawn


@pytest.mark.parametrize(
    "other",
    [{"png": seal_png(letters="福祉")}, {"png": seal_png(299)}, {"x": 171.9}, {"y": 46.1}, {"w": 19}, {"h": 19}],
)
def test_another_seal_or_one_in_another_place_is_caught(pieces: list[Piece], other: dict[str, object]) -> None:
    with pytest.raises(VerificationError, match=r"通し番号 1）.*項目：印影"):
        read_with(with_seal(), draw(pieces, forms=with_seal(**other)), pieces)


def test_a_seal_that_is_missing_is_caught(pieces: list[Piece]) -> None:
    omitted = other_template(lambda content: content["texts"].update(seal=""))
    with pytest.raises(VerificationError, match=r"印影|様式の固定部分"):
        read_with(with_seal(), draw(pieces, forms=omitted), pieces)


def test_a_seal_that_no_template_asked_for_is_caught(pieces: list[Piece]) -> None:
    assert "様式の固定部分" in refused(draw(pieces, forms=with_seal()), pieces)


def test_another_paper_size_is_caught(pieces: list[Piece]) -> None:
    forms = other_template(lambda content: content.update(height=298))
    assert "用紙の大きさ" in refused(draw(pieces, forms=forms), pieces)


def barred(pieces: Sequence[Piece], seq: int, letters: str) -> list[Piece]:
    return [dataclasses.replace(piece, barcode=letters) if piece.seq == seq else piece for piece in pieces]


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (of_address("1600022", "1-2-4"), "カスタマバーコード"),
        (of_address("1600023", "1-2-3"), "カスタマバーコード"),
        (of_address("1600022", "1-2-3").replace("A", "F", 1), "カスタマバーコード"),
        (of_address("1600022", "1-2-3")[::-1], "カスタマバーコード"),
        ("", "図形とコードの数"),
    ],
)
def test_a_wrong_bar_is_caught(pieces: list[Piece], printed: str, said: str) -> None:
    right = barred(pieces, 2, of_address("1600022", "1-2-3"))
    assert f"通し番号 2）が記録と一致しません（項目：{said}" in refused(draw(barred(pieces, 2, printed)), right)
    assert read(draw(right), right)


def test_a_barcode_of_another_postcode_than_the_one_printed_above_it_is_caught(pieces: list[Piece]) -> None:
    wrong = barred(pieces, 2, of_address("1600023", "1-2-3"))  # the plan itself is wrong
    assert "カスタマバーコード" in refused(draw(wrong), wrong)


def test_a_barcode_where_none_may_be_is_caught(pieces: list[Piece]) -> None:
    assert "図形とコードの数" in refused(draw(barred(pieces, 3, of_address("1600022", "1-2-3"))), pieces)


@pytest.mark.parametrize("changes", [{"piece_id": "0000011AG"}, {"enclosure_set": "B"}])
def test_a_mark_that_says_anything_else_is_caught(pieces: list[Piece], changes: dict[str, Any]) -> None:
    wrong = [dataclasses.replace(piece, **changes) if piece.seq == 3 else piece for piece in pieces]
    content, _ = draw(wrong)
    _, ranges = draw(pieces)
    assert "通し番号 3" in refused((content, ranges), pieces)


def test_the_mark_of_another_round_is_caught(pieces: list[Piece]) -> None:
    drawn = Press(font_for(pieces), templates(), ISSUED, "2026-11-chance").draw(pieces)
    assert "封入機用マーク" in refused(drawn, pieces)


@pytest.mark.parametrize("field", ["addressee", "piece_id"])
def test_ink_in_the_clear_zone_of_the_barcode_is_caught(pieces: list[Piece], field: str) -> None:
    right = [dataclasses.replace(piece, barcode=of_address("1600022", "1-2-3")) for piece in pieces]

    def into_the_zone(content: dict[str, Any]) -> None:
        place = content["barcode"]
        content["fields"][field].update(x=place["x"], y=place["y"] - 3, w=80, align="left")

    forms = other_template(into_the_zone)
    font = font_for(right)
    drawn = Press(font, forms, ISSUED, ROUND).draw(right)
    with pytest.raises(VerificationError, match="カスタマバーコード"):
        Reader(font, forms, ISSUED, ROUND).read("print/notices-001", drawn[0], right, drawn[1])


@pytest.mark.parametrize(
    ("field", "place", "said"),
    [
        ("title", {"x": 80, "y": 52, "w": 100}, "窓から見える文字"),  # of the static layer
        ("document_no", {"x": 100, "y": 30, "w": 60, "align": "left"}, "窓から見える文字"),
        ("page_no", {"x": 85, "y": 292.5, "w": 40}, "印字できる範囲の外"),
        ("issue_date", {"x": 150, "y": 20, "w": 58}, "印字できる範囲の外"),
    ],
)
def test_text_in_the_window_or_outside_the_printable_zone_is_caught_whatever_the_template_says(
    pieces: list[Piece], field: str, place: dict[str, Any], said: str
) -> None:
    forms = other_template(lambda content: content["fields"][field].update(place))
    font = font_for(pieces)
    drawn = Press(font, forms, ISSUED, ROUND).draw(pieces)
    with pytest.raises(VerificationError, match=said):
        Reader(font, forms, ISSUED, ROUND).read("print/notices-001", drawn[0], pieces, drawn[1])


def test_a_text_that_runs_out_of_its_box_is_caught(pieces: list[Piece]) -> None:
    def wider(content: dict[str, Any]) -> None:
        content["fields"]["addressee"].update(w=150, size=20, min_size=20)

    wrong = changed(pieces[:1], 1, name="髙﨑　𠮷郎" * 3)
    forms = other_template(wider)
    said = refused(draw(wrong, font_for(wrong), forms), wrong)
    assert "項目：addressee" in said


def test_a_static_layer_of_other_words_is_caught_on_a_later_page_too(pieces: list[Piece]) -> None:
    """The fourth page, of the first one's population, names a layer of its own that says something else."""
    content, ranges = draw(pieces)
    objects = objects_of(content)
    layer = next(each for each in objects if b"/Subtype /Form" in each)
    other = repainted(content, A_LAYER, lambda code: code.replace(b" Tm <00", b" Tm <0005", 1))
    worse = next(each for each in objects_of(other) if b"/Subtype /Form" in each and each != layer)
    resources = next(
        number for number, each in enumerate(objects) if b"/XObject" in each and b"/ProcSet [ /PDF /Text ]" in each
    )
    objects[resources] = re.sub(
        rb"/XObject <<\n", b"/XObject <<\n/FormXob.other-first %d 0 R " % (len(objects) + 1), objects[resources]
    )
    pages = [number for number, each in enumerate(objects) if b"/Type /Page " in each]
    fourth = int(re.search(rb"/Contents (\d+)", objects[pages[3]])[1]) - 1  # type: ignore[index]
    head, _, rest = objects[fourth].partition(b"stream\n")
    code = re.sub(rb"^/\S+ Do", b"/FormXob.other-first Do", zlib.decompressobj().decompress(rest))
    packed = zlib.compress(code)
    objects[fourth] = (
        re.sub(rb"/Length \d+", b"/Length %d" % len(packed), head) + b"stream\n" + packed + b"\nendstream\n"
    )
    said = refused((assembled(content, [*objects, worse]), ranges), pieces)
    assert "4頁（通し番号 4）" in said


def test_a_file_that_is_no_pdf_is_caught(pieces: list[Piece]) -> None:
    assert "ファイルの作り" in refused((b"not a PDF", draw(pieces)[1]), pieces)


def test_the_step_reads_the_group_and_notes_it_once(open_a_round: Opener, pieces: list[Piece]) -> None:
    work = open_a_round()
    object.__setattr__(work, "kind", work.kind.model_copy(update={"chunk_size": 5}))
    put(work, [piece.recipient for piece in pieces])
    groups = plan_print(work, at=NOW)
    rendered = [render(work, group, at=NOW) for group in groups]
    verified = [verify(work, each, at=NOW) for each in rendered]
    assert sum(each.pieces for each in verified) == len(pieces)
    assert [each.pages for each in verified] == [each.pages for each in rendered]
    body = latest(work.entries, Verified)
    assert body is not None
    assert (body.first, body.last) == (3, 3)
    entries = work.entries
    assert verify(work, rendered[-1], at=NOW) == verified[-1]
    assert work.entries == entries


def test_the_step_refuses_counts_and_files_that_are_not_what_was_rendered(
    open_a_round: Opener, pieces: list[Piece]
) -> None:
    work = open_a_round()
    put(work, [piece.recipient for piece in pieces])
    (group,) = plan_print(work, at=NOW)
    rendered = render(work, group, at=NOW)
    with pytest.raises(VerificationError, match="照合した"):
        verify(work, dataclasses.replace(rendered, pages=rendered.pages + 1), at=NOW)
    with pytest.raises(WorkspaceError):
        verify(work, dataclasses.replace(rendered, last=rendered.last + 1), at=NOW)
    ranges = work.workspace.read_records("pages/001", RANGES)
    work.workspace.write_records("pages/001", RANGES, ranges[:-1])
    with pytest.raises(VerificationError, match="割当て"):
        verify(work, rendered, at=NOW)
    assert latest(work.entries, Verified) is None


@pytest.mark.parametrize("field", ["to", "barcode"])
def test_addressees_or_bars_shifted_by_one_in_the_plan_itself_are_caught(
    open_a_round: Opener, pieces: list[Piece], field: str
) -> None:
    work = open_a_round()
    put(work, [piece.recipient for piece in pieces])
    (group,) = plan_print(work, at=NOW)
    planned = work.workspace.read_records("plan/chunk-001", PIECES)
    shifted = tuple(
        dataclasses.replace(piece, **{field: getattr(after, field)})
        for piece, after in zip(planned, [*planned[1:], planned[0]], strict=True)
    )
    work.workspace.write_records("plan/chunk-001", PIECES, shifted)
    rendered = render(work, group, at=NOW)
    with pytest.raises(VerificationError, match="宛先が、その世帯の記録と一致しません"):
        verify(work, rendered, at=NOW)
