"""The YAML files of include/, round kinds for an example: read strictly, with a Japanese word on every mistake."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, field_validator

from mailround.configuration import names, read_yaml
from mailround.errors import ConfigurationError
from mailround.rounds import RoundKind
from mailround.settings import REPOSITORY

GOOD = "name: k\ntitle: 通知\ndecision: true\ntemplates: k\nfile_stem: notices\nenclosure_set: A\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "k.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_a_good_file_becomes_its_model(folder: Path) -> None:
    assert read_yaml(folder, "k", RoundKind, "発送種別").title == "通知"


@pytest.mark.parametrize("name", ["other", "", "../k", "k.yaml", "K", "k\n", "/etc/passwd", "k" * 60])
def test_an_unknown_name_is_refused_and_the_known_ones_are_told(folder: Path, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(folder, name, RoundKind, "発送種別")
    assert "登録されていません" in caught.value.happened
    assert "（k）" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD.replace("decision: true\n", ""), "decision"),
        (GOOD + "surprise: 1\n", "surprise"),
        ("name: [", "YAMLの書式"),
        ("!!python/object/apply:os.getcwd []", "YAMLの書式"),
    ],
)
def test_a_wrong_file_names_the_place_at_fault(folder: Path, content: str, told: str) -> None:
    (folder / "k.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(folder, "k", RoundKind, "発送種別")
    assert told in caught.value.happened
    assert "k.yaml" in caught.value.remedy


def test_names_are_sorted_and_only_yaml(folder: Path) -> None:
    (folder / "a.yaml").touch()
    (folder / "notes.txt").touch()
    assert names(folder) == ("a", "k")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name: 契約".encode("cp932"), "UTF-8で保存してください"),
        (b"name: other\ntitle: x\n", "必要な項目です"),
        (b"end: 2027-02-29\n", "存在しない日付など"),
        (b"name: [\n", "行目"),
        (b"name: x\ncells: {U+E000: hold, U+E001: hold,\n  U+E000: hold}\n", "同じ項目が二度あります（3行目）"),
    ],
)
def test_an_ordinary_mistake_in_a_yaml_is_told_in_japanese(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(tmp_path, "mine", RoundKind, "発送種別")
    assert told in caught.value.happened


def test_a_copied_file_may_not_speak_in_another_name(tmp_path: Path) -> None:
    copied = (REPOSITORY / "include" / "rounds" / "change_notice.yaml").read_text(encoding="utf-8")
    (tmp_path / "copy.yaml").write_text(copied, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="ファイル名と違います"):
        read_yaml(tmp_path, "copy", RoundKind, "発送種別")


class Measures(BaseModel):
    """One of every kind of value that a file of include/ holds."""

    size: float = Field(default=1, gt=0, lt=10)
    point: float = Field(default=8, ge=8, le=11.5)
    count: int = 1
    flag: bool = True
    day: date = date(2026, 4, 1)
    pairs: tuple[tuple[int, int], ...] = ()
    form: str = ""

    @field_validator("form")
    @classmethod
    def _formatted(cls, value: str) -> str:
        return value.format()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("size: wide", "size（数値にしてください）"),
        ("size: [1]", "size（数値にしてください）"),
        ("size: .nan", "size（"),
        ("size: 0", "size（0.0 より大きい値にしてください）"),
        ("size: 10", "size（10.0 より小さい値にしてください）"),
        ("point: 7.9", "point（8.0 以上にしてください）"),
        ("point: 11.6", "point（11.5 以下にしてください）"),
        ("count: 1.5", "count（整数にしてください）"),
        ("flag: maybe", "flag（true か false にしてください）"),
        ("flag: []", "flag（true か false にしてください）"),
        ("day: 4月1日", "day（日付（例：2026-04-01）にしてください）"),
        ("day: []", "day（日付（例：2026-04-01）にしてください）"),
        ("day: 2026-04-01 09:00:00", "day（時刻のない日付（例：2026-04-01）にしてください）"),
        ("pairs: 3", "pairs（値の形か範囲が違います）"),
        ("pairs: [[1]]", "pairs.0.1（必要な項目です）"),
        ("form: '{'", "form（値の形か範囲が違います）"),
        ("[]", "（値の形か範囲が違います）"),
        ("", "（値の形か範囲が違います）"),
    ],
)
def test_no_mistake_is_told_in_the_english_of_a_library(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "mine.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(tmp_path, "mine", Measures, "寸法")
    assert told in caught.value.happened
    words = set(re.findall(r"[A-Za-z]{2,}", caught.value.happened))
    assert words <= {"mine", "true", "false", *Measures.model_fields}
