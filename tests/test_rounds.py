"""Round kinds: the shipped ones load, and one that could not be printed or handed over is refused by its field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailround.configuration import names
from mailround.errors import ConfigurationError
from mailround.rounds import Thresholds, load_round_kind
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"
GOOD = """name: k
title: 通知
decision: true
templates: k
file_stem: notices
enclosure_set: A
"""


@pytest.fixture
def include(tmp_path: Path) -> Path:
    (tmp_path / "rounds").mkdir()
    (tmp_path / "rounds" / "k.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "decision", "stem"), [("change_notice", True, "notices"), ("asset_declaration", False, "sheets")]
)
def test_the_shipped_round_kinds_load(name: str, decision: bool, stem: str) -> None:
    kind = load_round_kind(INCLUDE, name)
    assert (kind.name, kind.decision, kind.file_stem) == (name, decision, stem)
    assert kind.chunk_size == 500


def test_no_other_kind_is_shipped_and_each_has_templates_and_a_set_of_enclosures_of_its_own() -> None:
    kinds = [load_round_kind(INCLUDE, name) for name in names(INCLUDE / "rounds")]
    assert len(kinds) == 2
    assert all((INCLUDE / "templates" / kind.templates).is_dir() for kind in kinds)
    assert len({kind.enclosure_set for kind in kinds}) == len({kind.file_stem for kind in kinds}) == len(kinds)


def test_a_kind_has_chunks_of_five_hundred_unless_it_says_fewer(include: Path) -> None:
    assert load_round_kind(include, "k").chunk_size == 500
    (include / "rounds" / "k.yaml").write_text(GOOD + "chunk_size: 20\n", encoding="utf-8")
    assert load_round_kind(include, "k").chunk_size == 20


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        ("file_stem: notices", "file_stem: Notices-1", "file_stem"),
        ("file_stem: notices", "file_stem: ../notices", "file_stem"),
        ("file_stem: notices", "file_stem: ''", "file_stem"),
        ("enclosure_set: A", "enclosure_set: 甲", "enclosure_set"),
        ("enclosure_set: A", "enclosure_set: ABCDE", "enclosure_set"),
        ("enclosure_set: A", "enclosure_set: a/b", "enclosure_set"),
        ("decision: true", "decision: 有", "decision"),
        ("title: 通知", "title: 通知\nchunk_size: 501", "chunk_size"),
        ("title: 通知", "title: 通知\nchunk_size: 0", "chunk_size"),
        ("title: 通知", "title: 通知\nchunk_size: many", "chunk_size"),
        ("title: 通知", "title: 通知\nposting_date: 2026-11-24", "posting_date"),
        *((line, "", re.split(":", line)[0]) for line in GOOD.splitlines()),
    ],
)
def test_a_kind_that_says_too_much_too_little_or_what_no_file_may_be_called_is_refused_by_its_field(
    include: Path, was: str, becomes: str, field: str
) -> None:
    (include / "rounds" / "k.yaml").write_text(GOOD.replace(was, becomes), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_round_kind(include, "k")
    assert "発送種別「k」" in caught.value.happened
    assert field in caught.value.happened


def test_the_shipped_kinds_spell_every_threshold_out_where_a_ward_will_look_for_it() -> None:
    for name in names(INCLUDE / "rounds"):
        kind = load_round_kind(INCLUDE, name)
        expected = {each for each in Thresholds.model_fields if kind.decision or not each.startswith("effective_")}
        assert kind.thresholds.model_fields_set == expected, name
        assert kind.thresholds == Thresholds(), "the file and the default must not drift apart"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("export_max_age_hours: 0", "export_max_age_hours"),
        ("export_max_age_hours: 1.5", "export_max_age_hours"),
        ("change_percent: 0", "change_percent"),
        ("change_percent: 一割", "change_percent"),
        ("effective_days_before: -1", "effective_days_before"),
        ("mailto_shared_from: 1", "mailto_shared_from"),
        ("near_duplicate_score: 101", "near_duplicate_score"),
        ("change_percents: 10", "change_percents"),
    ],
)
def test_a_threshold_that_is_unknown_or_makes_no_sense_is_refused_by_its_name(
    include: Path, said: str, field: str
) -> None:
    (include / "rounds" / "k.yaml").write_text(f"{GOOD}thresholds:\n  {said}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"thresholds\.{field}"):
        load_round_kind(include, "k")


def test_an_unknown_kind_is_refused_and_the_known_ones_are_told(include: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_round_kind(include, "change_notice")
    assert "発送種別「change_notice」は登録されていません" in caught.value.happened
    assert "（k）" in caught.value.remedy
