"""Fields mean exactly one value; how malformed ones are reported stands in test_reader."""

from __future__ import annotations

from datetime import date

import pytest

from mailround.field_values import FieldError, field_readers, read_amount
from mailround.layouts import load_layout
from mailround.model import Delivery, Population, Status
from mailround.settings import REPOSITORY

SHINJUKU, SETO = (load_layout(REPOSITORY / "include", name) for name in ("shinjuku", "seto"))


@pytest.mark.parametrize(
    ("field", "shinjuku", "seto", "value"),
    [
        ("population", "支援給付", "3", Population.SUPPORT),
        ("status", "死亡", "31", Status.DECEASED),
        ("delivery", "窓口", "2", Delivery.COUNTER),
        ("protected", "1", "有", True),
        ("protected", "0", "無", False),
        ("mailto_reason", "後見人", "3", "後見人"),
        ("mailto_reason", "", "", ""),
        ("birth_date", "1951/3/4", "S26.3.4", date(1951, 3, 4)),
        ("birth_date", "2019/05/01", "令和元年5月1日", date(2019, 5, 1)),
        ("birth_date", "", "", None),
        ("case_no", "0000-1", "0000-1", "0000-1"),
        ("members", "02", "2", 2),
        ("before_funeral", "0", "000", 0),
        ("name", "NA", "NA", "NA"),
    ],
)
def test_two_systems_say_the_same_in_their_own_way(field: str, shinjuku: str, seto: str, value: object) -> None:
    for layout, text in ((SHINJUKU, shinjuku), (SETO, seto)):
        read = field_readers(layout, [field])[field](text)
        assert read == value
        assert type(read) is type(value)


@pytest.mark.parametrize(("field", "text"), [("mailto_reason", "4"), ("status", "受給中"), ("protected", "1")])
def test_a_source_with_codes_of_its_own_may_use_no_others(field: str, text: str) -> None:
    with pytest.raises(FieldError, match="レイアウトにない値"):
        field_readers(SETO, [field])[field](text)


def test_without_codes_of_the_source_the_canonical_values_are_the_codes() -> None:
    bare = SHINJUKU.model_copy(update={"values": {}})
    assert field_readers(bare, ["status"])["status"]("active") is Status.ACTIVE


def test_an_empty_code_may_mean_something_where_the_layout_says_so() -> None:
    layout = SHINJUKU.model_copy(update={"values": {"protected": {"": "0", "有": "1"}}})
    read = field_readers(layout, ["protected"])["protected"]
    assert (read(""), read("有")) == (False, True)


@pytest.mark.parametrize(("digits", "fits"), [(10, True), (11, False)])
def test_an_amount_has_ten_digits_at_most(digits: int, fits: bool) -> None:
    if fits:
        assert read_amount("9" * digits) == 10**digits - 1
    else:
        with pytest.raises(FieldError):
            read_amount("9" * digits)
