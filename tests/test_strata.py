"""The strata: one piece of each sort is found among many plain ones, and a tie goes to the earlier one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailround.fonts import load_font
from mailround.model import PieceRange, Population, Recipient
from mailround.settings import CheckSettings
from mailround.strata import FILES, STRATA, Candidate, Chosen, choose
from printing import AWKWARD_NAMES, number

Maker = Callable[..., Recipient]
FONT = load_font(CheckSettings())

PLAIN: dict[str, Any] = {"name": "林　清", "building": "", "reason": "収入の変更", "total_before": 9, "total_after": 9}
MAILTO = {"mailto_address": "東京都板橋区栄町90-2", "mailto_postcode": "173-0015"}
ODD: dict[str, dict[str, Any]] = {
    "準用": {"population": Population.EQUIVALENT},
    "支援給付": {"population": Population.SUPPORT},
    "氏名が長い": {"name": AWKWARD_NAMES[6]},
    "宛名が長い": MAILTO | {"mailto_name": "成年後見人　司法書士　勅使河原　健太郎"},
    "住所が長い": {"address": "東京都新宿区四谷三栄町三十二番地の四十五"},
    "方書が長い": {"building": "メゾン・ド・ソレイユ101号室"},
    "珍しい文字": {"name": "髙﨑　清"},
    "異体字（IVS）": {"name": "邊󠄈　清"},
    "第2面以降の漢字": {"name": "𠮷　清"},
    "補助フォントの文字": {"name": "Nguyễn"},
    "2頁にわたる": {"pages": 2},
    "1頁で理由が長い": {"reason": "収入の変更と、住宅費の変更"},
    "送付先：入院": MAILTO | {"mailto_reason": "入院"},
    "送付先：施設": MAILTO | {"mailto_reason": "施設"},
    "送付先：後見人": MAILTO | {"mailto_reason": "後見人"},
    "送付先：その他": MAILTO | {"mailto_reason": "その他"},
    "支援措置": {"protected": True},
    "支給額が大きい": {"total_before": 10, "total_after": 10},
    "増額が大きい": {"total_before": 8},
    "減額が大きい": {"total_before": 10},
}
"""What makes a piece the one that stands for a stratum."""


def candidates(recipients: Sequence[Recipient], pages: Sequence[int], per_file: int = 50) -> list[Candidate]:
    found = []
    page = 1
    for piece, count in zip(number(recipients), pages, strict=True):
        recipient = piece.recipient
        first, last = (piece.seq - 1) % per_file == 0, piece.seq % per_file == 0 or piece.seq == len(recipients)
        page = 1 if first else page
        found.append(
            Candidate(
                piece=replace(piece, chunk=(piece.seq - 1) // per_file + 1),
                where=PieceRange(seq=piece.seq, piece_id=piece.piece_id, first_page=page, pages=count),
                last_in_file=last,
                text=f"{recipient.name}{piece.to.name}",
                rarity=0.5 if "髙" in recipient.name else 0,
                font=FONT,
            )
        )
        page += count
    return found


def standing_for(chosen: Sequence[Chosen], title: str) -> list[int]:
    return [each.seq for each in chosen if title in each.reasons]


@pytest.mark.parametrize("title", ODD)
def test_the_one_odd_piece_stands_for_its_stratum(make_recipient: Maker, title: str) -> None:
    odd = dict(ODD[title])
    pages = [1] * 40
    pages[22] = odd.pop("pages", 1)
    recipients = [make_recipient(**(PLAIN | (odd if seq == 23 else {})), record_no=seq) for seq in range(1, 41)]
    assert standing_for(choose(candidates(recipients, pages)), title)[-1:] == [23]
    without = [make_recipient(**PLAIN, record_no=seq) for seq in range(1, 41)]
    assert 23 not in [each.seq for each in choose(candidates(without, [1] * 40))]


def test_every_stratum_has_its_odd_piece_in_this_test() -> None:
    elsewhere = {"ファイルの先頭", "ファイルの末尾", "最後の封書", "生活保護", "バーコードなし"}
    assert [stratum.title for stratum in STRATA if stratum.title not in elsewhere] == list(ODD)


def test_the_pieces_without_barcode_are_shown(make_recipient: Maker) -> None:
    listed = candidates([make_recipient(**PLAIN)] * 5, [1] * 5)
    for each, barcode in zip(listed, ["FD", "", "FD", "FD", ""], strict=True):
        object.__setattr__(each.piece, "barcode", barcode)
    assert standing_for(choose(listed), "バーコードなし") == [2, 5]


def test_equal_keys_go_to_the_earlier_pieces(make_recipient: Maker) -> None:
    chosen = choose(candidates([make_recipient(**PLAIN)] * 20, [1] * 20))
    assert standing_for(chosen, "氏名が長い") == [1, 2, 3]
    assert standing_for(chosen, "生活保護") == [1, 2]


def test_a_piece_that_stands_for_several_strata_is_shown_once(make_recipient: Maker) -> None:
    (chosen,) = choose(candidates([make_recipient(protected=True)], [2]))
    assert (chosen.seq, chosen.first_page, chosen.pages) == (1, 1, 2)
    assert {"ファイルの先頭", "ファイルの末尾", "支援措置", "2頁にわたる"} < set(chosen.reasons)
    assert len(set(chosen.reasons)) == len(chosen.reasons)


def test_a_june_round_has_no_amounts_and_no_reasons_to_look_at(make_recipient: Maker) -> None:
    recipients = [make_recipient(record_no=seq, decision=None) for seq in range(1, 4)]
    reasons = {reason for each in choose(candidates(recipients, [1] * 3)) for reason in each.reasons}
    assert reasons.isdisjoint({"支給額が大きい", "増額が大きい", "減額が大きい", "2頁にわたる", "1頁で理由が長い"})


def test_no_title_stands_twice() -> None:
    assert len({stratum.title for stratum in STRATA}) == len(STRATA)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the factory keeps nothing
@given(pages=st.lists(st.integers(1, 2), min_size=1, max_size=30), per_file=st.integers(2, 9))
def test_first_and_last_of_every_file_are_shown_and_the_rest_is_bounded(
    make_recipient: Maker, pages: list[int], per_file: int
) -> None:
    listed = candidates([make_recipient()] * len(pages), pages, per_file)
    chosen = choose(listed)
    ends = {each.piece.seq for each in listed if each.where.first_page == 1 or each.last_in_file}
    seqs = [each.seq for each in chosen]
    assert ends <= set(seqs)
    assert seqs == sorted(set(seqs))
    assert len(set(seqs) - ends) <= sum(stratum.take for stratum in STRATA) - 2 * FILES <= 66
    assert [(each.first_page, each.pages) for each in chosen] == [
        (each.where.first_page, each.where.pages) for each in listed if each.piece.seq in seqs
    ]
    assert choose(listed) == chosen


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the factory keeps nothing
@given(files=st.integers(FILES, 400))
def test_of_many_files_the_ends_of_some_are_shown_that_lie_evenly(make_recipient: Maker, files: int) -> None:
    chosen = choose(candidates([make_recipient()] * (2 * files), [1] * (2 * files), per_file=2))
    first = [(seq - 1) // 2 for seq in standing_for(chosen, "ファイルの先頭")]
    assert first == [seq // 2 - 1 for seq in standing_for(chosen, "ファイルの末尾")]
    assert len(first) == FILES
    assert first[0] == 0
    assert max(after - before for before, after in pairwise((*first, files))) <= 2 * files / FILES + 1
    assert standing_for(chosen, "最後の封書") == [2 * files]
