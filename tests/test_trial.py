"""Trying an export: the report of the round to come, or where it could not be read, and nothing left behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from mailround.errors import ConfigurationError
from mailround.extract import CONTROL_SUFFIX
from mailround.layouts import load_layout
from mailround.quality.catalogue import CATALOGUE
from mailround.rounds import load_round_kind
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.settings import TOKYO, CheckSettings
from mailround.trial import try_export
from prepared import own_include
from reading import read_source

AT = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
SETTINGS = CheckSettings()


def put(folder: Path, kind: str = "change_notice", layout: str = "shinjuku", households: int = 45) -> Path:
    """Write an export with planted faults and its control file; return its path."""
    round_kind = load_round_kind(SETTINGS.include, kind)
    recipients = sample_recipients(households, 7, round_kind, wide=layout == "seto").recipients
    raw = write_export(recipients, load_layout(SETTINGS.include, layout), decision=round_kind.decision)
    path = folder / "export.csv"
    path.write_bytes(raw)
    control = control_file(raw, recipients, decision=round_kind.decision, created_at=AT)
    path.with_name(path.name + CONTROL_SUFFIX).write_bytes(control)
    return path


@pytest.mark.parametrize("layout", ["shinjuku", "seto"])
@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
def test_the_report_has_every_rule_of_the_kind_and_the_cases_of_the_planted_faults(
    tmp_path: Path, kind: str, layout: str
) -> None:
    planted = sample_recipients(45, 7, load_round_kind(SETTINGS.include, kind), wide=layout == "seto").planted
    report = try_export(put(tmp_path, kind, layout), layout=layout, kind=kind, settings=SETTINGS)
    found = {rule["id"]: rule for rule in report["rules"]}
    assert report["rows"] == 45
    assert found.keys() == {rule.id for rule in CATALOGUE if kind == "change_notice" or not rule.decision}
    for rule_id, fault in (
        ("C01", "name_empty"),
        ("A03", "postcode_unknown"),
        ("A05", "address_without_number"),
        ("P02", "delivery_on_hold"),
        ("P01", "excluded"),
    ):
        assert set(found[rule_id]["case_nos"]) == set(planted[fault]), rule_id
        assert found[rule_id]["count"] == len(planted[fault])
    assert found["P01"]["severity"] == "exclude"


def test_nothing_is_written_beside_the_export(tmp_path: Path) -> None:
    path = put(tmp_path)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert json.dumps(try_export(path, layout="shinjuku", kind="change_notice", settings=SETTINGS))
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("spoil", "agreed", "count", "told"),
    [
        (lambda raw: raw.replace(b"\r\n", b",\r\n", 4).replace(b",\r\n", b"\r\n", 1), True, 3, "行目"),
        (lambda raw: raw.replace(b"\r\n", b",\r\n", 3), False, 1, "件数ファイルのSHA-256"),
        (lambda raw: raw[: raw.rindex(b"\r\n", 0, -2) + 2], True, 1, "件数"),
        (lambda _: b"", True, 1, "【対応】"),
    ],
)
def test_an_export_that_cannot_be_read_whole_stops_with_the_places_and_what_to_do(
    tmp_path: Path, spoil: Callable[[bytes], bytes], agreed: bool, count: int, told: str
) -> None:
    path = put(tmp_path)
    control = path.with_name(path.name + CONTROL_SUFFIX)
    raw = path.read_bytes()
    path.write_bytes(spoil(raw))
    if agreed:
        was, now = (hashlib.sha256(each).hexdigest() for each in (raw, spoil(raw)))
        control.write_text(control.read_text(encoding="utf-8").replace(was, now), encoding="utf-8")
    report = try_export(path, layout="shinjuku", kind="change_notice", settings=SETTINGS)
    assert report["rows"] == 0
    (rule,) = report["rules"]
    assert (rule["id"], rule["severity"], rule["count"], rule["case_nos"]) == ("readable", "stop", count, [])
    assert told in rule["message"]
    assert "【対応】" in rule["message"]
    drawn = sample_recipients(45, 7, load_round_kind(SETTINGS.include, "change_notice")).recipients
    assert not any(each.name and each.name in rule["message"] for each in drawn)


@pytest.mark.parametrize(("layout", "kind"), [("nowhere", "change_notice"), ("shinjuku", "birthday_greeting")])
def test_an_unknown_layout_or_kind_is_refused_before_the_export_is_looked_for(
    tmp_path: Path, layout: str, kind: str
) -> None:
    with pytest.raises(ConfigurationError, match="登録されていません"):
        try_export(tmp_path / "nothing.csv", layout=layout, kind=kind, settings=SETTINGS)


def test_a_district_that_differs_stops_the_trial_and_is_named(tmp_path: Path) -> None:
    path = put(tmp_path)
    beside = path.with_name(path.name + CONTROL_SUFFIX)
    control = json.loads(beside.read_text(encoding="utf-8"))
    code = min(control["districts"])
    control["districts"][code]["rows"] += 1
    beside.write_text(json.dumps(control), encoding="utf-8")
    (rule,) = try_export(path, layout="shinjuku", kind="change_notice", settings=SETTINGS)["rules"]
    assert (rule["id"], rule["severity"], rule["count"]) == ("readable", "stop", 1)
    assert f"地区「{code}」の件数" in rule["message"]


@pytest.mark.parametrize(
    ("created_at", "day"),
    [
        ("2026-11-10T09:00:00", date(2026, 11, 10)),
        ("2026-11-09T16:00:00Z", date(2026, 11, 10)),
        ("2026-11-10T14:00:00Z", date(2026, 11, 10)),
        ("2026-11-10T15:00:00Z", date(2026, 11, 11)),
    ],
)
def test_the_day_of_the_export_is_the_day_in_tokyo(tmp_path: Path, created_at: str, day: date) -> None:
    path = put(tmp_path)
    beside = path.with_name(path.name + CONTROL_SUFFIX)
    control = json.loads(beside.read_text(encoding="utf-8")) | {"created_at": created_at}
    beside.write_text(json.dumps(control), encoding="utf-8")
    source = read_source(path, load_layout(SETTINGS.include, "shinjuku"), decision=True)
    assert source.control.created_at.date() == day


def test_the_wards_own_choices_count(tmp_path: Path) -> None:
    own = own_include(SETTINGS, tmp_path)  # type: ignore[arg-type]  # a ward's settings have an include folder too
    suite = own.include / "expectations" / "household.yaml"
    suite.write_text(
        suite.read_text(encoding="utf-8").replace("A03: {severity: hold}", "A03: {severity: warn}"),
        encoding="utf-8",
    )
    report = try_export(put(tmp_path), layout="shinjuku", kind="change_notice", settings=own)
    assert {rule["severity"] for rule in report["rules"] if rule["id"] == "A03"} == {"warn"}
