"""Layouts are validated before a byte of an export is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from mailround.configuration import names
from mailround.errors import ConfigurationError
from mailround.layouts import BASIC_FIELDS, DECISION_FIELDS, OPTIONAL_FIELDS, Layout, load_layout
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"


def shinjuku() -> dict[str, Any]:
    return yaml.safe_load((INCLUDE / "layouts" / "shinjuku.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", names(INCLUDE / "layouts"))
def test_every_layout_shipped_is_valid_and_covers_all_canonical_fields(name: str) -> None:
    layout = load_layout(INCLUDE, name)

    assert layout.name == name
    assert set(layout.columns) == {*BASIC_FIELDS, *DECISION_FIELDS}


def test_the_two_layouts_differ_in_everything_a_layout_can_say() -> None:
    one, other = load_layout(INCLUDE, "shinjuku"), load_layout(INCLUDE, "seto")

    assert one.encoding != other.encoding
    assert one.delimiter != other.delimiter
    assert one.date_format != other.date_format
    assert (one.trailer is None) is not (other.trailer is None)
    assert list(one.columns) != list(other.columns)
    assert one.values["status"] != other.values["status"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {"nickname": "あだ名"}}, "未知の項目.*nickname"),
        ({"columns": {"case_no": None}}, "次の項目がありません.*case_no"),
        ({"columns": {"reason": None}}, "次の項目がありません.*reason"),
        ({"columns": {"kana": "世帯主氏名"}}, "二度使って.*世帯主氏名"),
        ({"columns": {"kana": 5}}, "kana は、見出し行が"),
        ({"columns": {"kana": ""}}, "kana は、見出し行が"),
        ({"values": {"name": {"a": "b"}}}, "指定できない項目.*name"),
        ({"values": {"status": {"受給中": "alive"}}}, "status に未知の値.*alive"),
        ({"delimiter": "|"}, "CP932 の漢字の一部"),
        ({"delimiter": "\\"}, "CP932 の漢字の一部"),
        ({"delimiter": '"'}, "delimiter"),
        ({"delimiter": "\n"}, "delimiter"),
        ({"delimiter": "0"}, "delimiter"),
        ({"delimiter": "、"}, "delimiter"),
        ({"date_format": "%Y/%m"}, "date_format"),
        ({"date_format": "%y/%m/%d"}, "date_format"),
        ({"date_format": "%Y/%m/%d %H"}, "date_format"),
        ({"encoding": "shift_jis"}, "cp932"),
        ({"width": 47}, "width"),
        ({"header": False}, "width"),
        ({"header": False, "width": 47}, "見出し行が"),
        ({"trailer": {"marker": "", "rows": 2}}, "marker"),
        ({"trailer": {"marker": "T", "rows": 1}}, "rows"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_layout_is_refused_and_says_where(change: dict[str, Any], message: str) -> None:
    layout = shinjuku()
    for key, value in change.items():
        if key in ("columns", "values"):
            merged = layout[key] | value
            layout[key] = {field: source for field, source in merged.items() if source is not None}
        else:
            layout[key] = value

    with pytest.raises(ValidationError, match=message):
        Layout.model_validate(layout)


def test_optional_fields_and_all_of_the_decision_may_be_left_out() -> None:
    layout = shinjuku()
    for field in (*OPTIONAL_FIELDS, *DECISION_FIELDS):
        del layout["columns"][field]

    assert Layout.model_validate(layout).required(decision=False) == tuple(layout["columns"])


def test_columns_may_be_positions_when_there_is_no_header() -> None:
    layout = shinjuku() | {"header": False, "width": 47}
    layout["columns"] = {field: number for number, field in enumerate(layout["columns"], start=1)}
    assert Layout.model_validate(layout).width == 47

    with pytest.raises(ValidationError, match="reason の位置が width の外"):
        Layout.model_validate(layout | {"width": 46})


def test_an_unknown_layout_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="shinjuku"):
        load_layout(INCLUDE, "atlantis")


def test_a_wrong_layout_file_is_a_japanese_message(tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "odd.yaml").write_text("name: odd\nheader: 見出し", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"odd.*columns"):
        load_layout(tmp_path, "odd")
