"""Delivery offices: read strictly, no code and no prefix twice, and every postcode has exactly one office or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailround.delivery_offices import OUTSIDE, DeliveryOffices, load_delivery_offices
from mailround.errors import ConfigurationError
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"
OFFICES = load_delivery_offices(INCLUDE)
GOOD = """
prefecture: 東京都
city: 新宿区
outside: 区外
offices:
  - {code: "160", name: 新宿郵便局, prefixes: ["160", "163"]}
  - {code: "161", name: 落合郵便局, prefixes: ["161"]}
"""


def written(folder: Path, content: str) -> DeliveryOffices:
    (folder / "delivery_offices.yaml").write_text(content, encoding="utf-8")
    return load_delivery_offices(folder)


@pytest.mark.parametrize(
    ("postcode", "office"),
    [
        ("1600022", "160"),
        ("1630690", "160"),  # a floor of a tower
        ("1638001", "160"),  # the metropolitan government
        ("1610031", "161"),
        ("1620843", "162"),
        ("1690074", "169"),
        ("1640001", OUTSIDE),
        ("0600906", OUTSIDE),
        ("9070001", OUTSIDE),
    ],
)
def test_the_first_three_digits_tell_the_office(postcode: str, office: str) -> None:
    assert OFFICES.delivering(postcode) == office


def test_the_sections_are_the_files_offices_in_its_order_then_the_outside(tmp_path: Path) -> None:
    assert list(OFFICES.sections()) == ["160", "161", "162", "169", "out"]
    *head, first, second = GOOD.strip().splitlines()
    turned = written(tmp_path, "\n".join([*head, second, first]))
    assert list(turned.sections().items()) == [
        ("161", "落合郵便局"),
        ("160", "新宿郵便局"),
        ("out", "区外"),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('["161"]', '["163"]'), "prefixes の「163」が重なっています"),
        (('code: "161"', 'code: "160"'), "code の「160」が重なっています"),
        (('code: "161"', "code: out"), "code の「out」が重なっています"),
        (('code: "161"', "code: 161"), "offices.1.code（文字列にしてください（コードは引用符で囲む））"),
        (('code: "161"', "code: 落合"), "offices.1.code（書式が違います）"),
        (('code: "161"', "code: o-1"), "offices.1.code（書式が違います）"),
        (('["161"]', '["16"]'), "offices.1.prefixes.0（書式が違います）"),
        (('["161"]', '["1611"]'), "offices.1.prefixes.0（書式が違います）"),
        (('["161"]', "[]"), "offices.1.prefixes"),
        (("name: 落合郵便局", 'name: ""'), "offices.1.name（短すぎます）"),
        (("name: 落合郵便局", f"name: {'落' * 21}"), "offices.1.name（長すぎます）"),
        (("city: 新宿区\n", ""), "city（必要な項目です）"),
        (("outside: 区外", "outsite: 区外"), "outsite（知らない項目です）"),
    ],
)
def test_a_mistake_is_told_in_japanese_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ConfigurationError) as caught:
        written(tmp_path, GOOD.replace(*change))
    assert told in caught.value.happened
    assert "delivery_offices.yaml" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("prefecture", "# a comment\nprefecture"), True),
        (("落合郵便局", "中野郵便局"), False),
        (('"163"', '"164"'), False),
        (("区外", "市外"), False),
    ],
)
def test_the_digest_tells_whether_two_lists_say_the_same(tmp_path: Path, change: tuple[str, str], same: bool) -> None:
    assert change[0] in GOOD
    assert (written(tmp_path, GOOD).digest() == written(tmp_path, GOOD.replace(*change)).digest()) is same


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="配達局の一覧"):
        load_delivery_offices(tmp_path)
