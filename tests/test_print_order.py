"""The print order: as a postman walks, the same whatever order the export has; and bundles that lie together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mailround.barcodes import barcode_of
from mailround.delivery_offices import load_delivery_offices
from mailround.errors import PrintError
from mailround.external_sort import external_sort
from mailround.model import Recipient
from mailround.postcodes import load_postcodes
from mailround.print_order import Place, in_bundles, place_of
from mailround.settings import REPOSITORY
from mailround.workspace import Workspace
from printing import POSTED

Maker = Callable[..., Recipient]
POSTCODES = load_postcodes()
OFFICES = load_delivery_offices(REPOSITORY / "include")


class Going(NamedTuple):
    place: Place
    recipient: Recipient


GOING = TypeAdapter(tuple[Going, ...])


def place(recipient: Recipient) -> Place:
    to = recipient.addressee(POSTED)
    return place_of(recipient, to, barcode_of(to, POSTCODES), OFFICES, POSTCODES)


def ordered(recipients: Iterable[Recipient]) -> list[tuple[str, Recipient]]:
    going = sorted((Going(place(each), each) for each in recipients), key=lambda each: each.place)
    return [(bundle, each.recipient) for bundle, each in in_bundles(going, OFFICES)]


NUMBERS = [
    [("新宿区新宿一丁目", ""), ("新宿区新宿1-2-1", ""), ("新宿区新宿1-10-1", ""), ("新宿区新宿10-1", "")],
    [("新宿区新宿2-1", ""), ("新宿区新宿二丁目1番10号", ""), ("新宿区新宿２－２－１", ""), ("新宿区新宿十丁目1-1", "")],
    [("新宿区新宿1-2-3", ""), ("新宿区新宿1-2-3", "アパート9号"), ("新宿区新宿1-2-3", "アパート10号")],
    [("新宿区新宿1-2-3", "すみれ荘2"), ("新宿区新宿１－２－３", "すみれ荘１０"), ("新宿区新宿1-2-4", "あおい荘1")],
    [("新宿区新宿1-2-3", "Ａ棟101"), ("新宿区新宿1-2-3", "A棟1001"), ("新宿区新宿1-2-3", "Ｂ棟１０１")],
    [("新宿区新宿1-2-3", "メゾン髙"), ("新宿区新宿1-2-3", "メゾン髙2F"), ("新宿区新宿1-2-3", "メゾン髙12F")],
    [("新宿区新宿1-2-3あおい荘2", ""), ("新宿区新宿1-2-3あおい荘11", ""), ("新宿区新宿1-2-13あおい荘1", "")],
    [("新宿区新宿1-2", ""), ("新宿区新宿1-2-1", ""), ("新宿区新宿1-2A", ""), ("新宿区新宿1-2B", "")],
    [("新宿区新宿1-009", ""), ("新宿区新宿1-10", ""), ("新宿区新宿1-0011", "")],
]
"""Each list in the order in which a postman comes by."""


@pytest.mark.parametrize("walk", NUMBERS, ids=lambda walk: walk[0][0] + walk[0][1])
def test_numbers_stand_in_their_natural_order(make_recipient: Maker, walk: list[tuple[str, str]]) -> None:
    backwards = [
        make_recipient(record_no=len(walk) - place, postcode="160-0022", address=address, building=building)
        for place, (address, building) in enumerate(walk)
    ]
    assert [(each.address, each.building) for _, each in ordered(reversed(backwards))] == walk


def test_the_same_address_goes_by_case_number(make_recipient: Maker) -> None:
    recipients = [make_recipient(case_no=case_no) for case_no in ("0000010", "0000009", "10")]
    assert [each.case_no for _, each in ordered(recipients)] == ["0000009", "0000010", "10"]


PLACES = [
    ("1630690", "東京都新宿区西新宿1-25-1", "新宿センタービル50階", "160-003"),
    ("160-0004", "東京都新宿区四谷三丁目1", "", "160-001"),
    ("1600022", "東京都新宿区新宿二丁目1", "", "160-002"),
    ("160-0022", "新宿区新宿二丁目10", "", "160-002"),
    ("161-0031", "東京都新宿区西落合一丁目1", "", "161-001"),
    ("1620052", "東京都新宿区戸山二丁目1", "", "162-001"),
    ("1690052", "東京都新宿区戸山三丁目18", "", "169-001"),
    ("060-0906", "北海道札幌市東区北六条東4丁目1", "", "out-060"),
    ("1638080", "東京都中野区本町2-46-1", "", "out-163"),  # 163, and yet not in the city
    ("1640001", "東京都中野区中野1", "", "out-164"),
    ("1640003", "東京都中野区東中野1", "", "out-164"),
    ("192-0046", "東京都八王子市明神町三丁目1", "", "out-192"),
]


def test_sections_follow_the_file_and_the_residue_comes_after_them(make_recipient: Maker) -> None:
    recipients = [
        make_recipient(record_no=number, postcode=postcode, address=address, building=building)
        for number, (postcode, address, building, _) in enumerate(PLACES, 1)
    ]
    found = [(bundle, each.record_no) for bundle, each in ordered(recipients)]
    expected = [(place[3], number) for number, place in enumerate(PLACES, 1)]
    assert found == [*expected[1:4], expected[0], *expected[4:]]  # the tower's code is the office's last


def test_two_towns_of_one_postcode_do_not_mix(make_recipient: Maker) -> None:
    towns = ["四谷", "新宿", "四谷", "新宿"]
    recipients = [
        make_recipient(record_no=number, postcode="1600000", address=f"東京都新宿区{town}{number}丁目1")
        for number, town in enumerate(towns, 1)
    ]
    assert [each.record_no for _, each in ordered(recipients)] in ([1, 3, 2, 4], [2, 4, 1, 3])


def test_the_mail_to_address_decides(make_recipient: Maker) -> None:
    away = make_recipient(mailto_postcode="1920046", mailto_address="東京都八王子市明神町三丁目1番1号")
    assert ordered([away])[0][0] == "out-192"


@pytest.mark.parametrize("postcode", ["", "160", "160-00222", "髙"])
def test_a_malformed_postcode_is_refused_without_its_content(make_recipient: Maker, postcode: str) -> None:
    with pytest.raises(PrintError) as caught:
        ordered([make_recipient(postcode=postcode, address="東京都新宿区髙田1")])
    assert "髙" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_any_order_of_the_input_gives_the_same_order_and_bundles_that_lie_together(
    make_recipient: Maker, data: st.DataObject
) -> None:
    drawn = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(PLACES),
                st.from_regex(r"[0-9０-９一二十A-Z-－]{0,6}", fullmatch=True),
                st.text(alphabet="荘AＢ棟1２10-　", max_size=6),
            ),
            max_size=12,
        )
    )
    recipients = [
        make_recipient(record_no=number, postcode=place[0], address=place[1] + more, building=room)
        for number, (place, more, room) in enumerate(drawn, 1)
    ]
    first = ordered(recipients)
    assert sorted(each.record_no for _, each in first) == list(range(1, len(drawn) + 1))
    assert ordered(data.draw(st.permutations(recipients))) == first
    assert ordered(each for _, each in first) == first
    names = [bundle for bundle, _ in groupby(first, key=lambda pair: pair[0])]
    assert len(names) == len(set(names))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from(PLACES),
            st.from_regex(r"[0-9０-９一二十A-Z-－]{0,6}", fullmatch=True) | st.just("9" * 40),
            st.text(alphabet="荘AＢ棟1２10-　𠮷\U000e0100", max_size=6),
        ),
        max_size=30,
    ),
    run=st.integers(1, 32),
    block=st.integers(1, 32),
    most=st.integers(2, 32),
)
def test_the_order_is_the_same_when_it_is_sorted_through_the_workspace(
    make_recipient: Maker,
    tmp_path: Path,
    drawn: list[tuple[tuple[str, str, str, str], str, str]],
    *,
    run: int,
    block: int,
    most: int,
) -> None:
    recipients = [
        make_recipient(record_no=number, postcode=at[0], address=at[1] + more, building=room)
        for number, (at, more, room) in enumerate(drawn, 1)
    ]
    going = [Going(place(each), each) for each in recipients]
    workspace = Workspace(tmp_path / "data", Workspace.new_key())
    found = external_sort(workspace, "plan", GOING, going, run=run, block=block, most=most)
    assert [each.recipient for each in found] == sorted(recipients, key=place)
