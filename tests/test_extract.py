"""Extract freezes the export and compares every number; any difference stops the round."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mailround.context import RoundContext
from mailround.errors import CountMismatchError, MalformedExportError, RoundRefusedError
from mailround.extract import extract
from mailround.layouts import load_layout
from mailround.model import Extracted
from mailround.records import read_recipients
from mailround.register.entries import Extracted as ExtractedBody
from mailround.register.entries import latest
from mailround.rounds import load_round_kind
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export, write_sample
from mailround.settings import REPOSITORY, TOKYO, Settings

INCLUDE = REPOSITORY / "include"
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
Opener = Callable[..., RoundContext]


def put(
    settings: Settings, open_a_round: Opener, *, layout: str = "shinjuku", kind: str = "change_notice", count: int = 40
) -> RoundContext:
    """Open a round over a good export of ``count`` households."""
    write_sample(
        settings.inbox,
        name="export",
        households=count,
        seed=4,
        layout=load_layout(INCLUDE, layout),
        kind=load_round_kind(INCLUDE, kind),
        created_at=NOW,
    )
    raw = (settings.inbox / "export.csv").read_bytes()
    return open_a_round(raw, layout=layout, kind=kind)


def control_path(settings: Settings) -> Path:
    return settings.inbox / "export.csv.control.json"


def change_control(settings: Settings, **changes: Any) -> None:
    control = json.loads(control_path(settings).read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in control.items() if value != "absent"}
    control_path(settings).write_text(json.dumps(kept), encoding="utf-8")


def change_export(settings: Settings, change: Callable[[bytes], bytes]) -> None:
    """Change the export and let the control file's hash follow, so that only the other numbers can tell."""
    path = settings.inbox / "export.csv"
    path.write_bytes(change(path.read_bytes()))
    change_control(settings, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("layout", ["shinjuku", "seto"])
@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
def test_a_good_export_is_frozen_read_and_registered(
    settings: Settings, open_a_round: Opener, layout: str, kind: str
) -> None:
    work = put(settings, open_a_round, layout=layout, kind=kind)
    raw = (settings.inbox / "export.csv").read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    expected = sample_recipients(40, 4, load_round_kind(INCLUDE, kind), wide=layout == "seto").recipients
    total = sum(each.decision.total_after for each in expected if each.decision) or None

    assert extract(work, at=NOW) == Extracted(round_id=work.round_id, rows=40, sha256=digest)
    assert work.workspace.read("original") == raw
    assert json.loads(work.workspace.read("extract/report"))["unknown_headers"] == []
    read = hashlib.sha256()
    assert tuple(read_recipients(work.workspace, read)) == expected
    assert latest(work.entries, ExtractedBody) == ExtractedBody(
        rows=40,
        bytes=len(raw),
        sha256=digest,
        total_after=total,
        unknown_headers=0,
        records_sha256=read.hexdigest(),
    )


def test_a_cleared_task_replaces_its_output_and_adds_nothing_to_the_register(
    settings: Settings, open_a_round: Opener
) -> None:
    work = put(settings, open_a_round)
    first = extract(work, at=NOW)
    entries, records = work.entries, tuple(read_recipients(work.workspace))

    assert extract(work, at=NOW) == first
    assert (work.entries, tuple(read_recipients(work.workspace))) == (entries, records)


def test_unknown_headers_are_listed_in_the_report_and_counted_in_the_register(
    settings: Settings, open_a_round: Opener
) -> None:
    work = put(settings, open_a_round)
    raw = "処理区分,".encode("cp932") + write_export((), work.layout, decision=True)
    (settings.inbox / "export.csv").write_bytes(raw)
    control_path(settings).write_bytes(control_file(raw, (), decision=True, created_at=NOW))

    extract(work, at=NOW)

    assert json.loads(work.workspace.read("extract/report"))["unknown_headers"] == ["処理区分"]
    body = latest(work.entries, ExtractedBody)
    assert body is not None
    assert (body.rows, body.unknown_headers) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rows": 41}, ["件数ファイルの件数", "41", "40"]),
        ({"total_after": 1_000_000}, ["変更後支給額の合計", "1,000,000"]),
        ({"case_no_min": "0000000"}, ["ケース番号"]),
        ({"case_no_max": "9999999"}, ["ケース番号"]),
        ({"case_no_max": None}, ["ケース番号"]),
        ({"sha256": "0" * 64}, ["SHA-256", "0" * 16]),
    ],
)
def test_a_control_total_that_differs_stops_the_round_with_both_numbers(
    settings: Settings, open_a_round: Opener, changes: dict[str, Any], told: list[str]
) -> None:
    work = put(settings, open_a_round)
    change_control(settings, **changes)

    with pytest.raises(CountMismatchError) as caught:
        extract(work, at=NOW)

    for each in told:
        assert each in caught.value.happened
    assert "9999999" not in caught.value.happened
    assert work.workspace.names() == ()
    assert latest(work.entries, ExtractedBody) is None


def test_an_export_that_lost_its_last_record_is_found(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    expected = sample_recipients(40, 4, work.kind).recipients
    change_export(settings, lambda _: write_export(expected[:-1], work.layout, decision=True))
    with pytest.raises(CountMismatchError, match=r"40.*39"):
        extract(work, at=NOW)


def test_one_changed_amount_is_found_by_the_total(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    decision = sample_recipients(40, 4, work.kind).recipients[20].decision
    assert decision is not None
    total = f",{decision.total_after},".encode()
    change_export(settings, lambda raw: raw.replace(total, f",{decision.total_after + 1},".encode()))
    with pytest.raises(CountMismatchError, match="変更後支給額の合計"):
        extract(work, at=NOW)


@pytest.mark.parametrize(("position", "told"), [(1, "集計行の件数（41）"), (2, "集計行の変更後支給額の合計")])
def test_a_trailer_that_differs_stops_the_round(
    settings: Settings, open_a_round: Opener, position: int, told: str
) -> None:
    work = put(settings, open_a_round, layout="seto")

    def more(raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        fields = lines[-2].split(b"\t")
        fields[position] = str(int(fields[position]) + 1).encode()
        lines[-2] = b"\t".join(fields)
        return b"\r\n".join(lines)

    change_export(settings, more)
    with pytest.raises(CountMismatchError) as caught:
        extract(work, at=NOW)
    assert told in caught.value.happened


def test_a_missing_control_file_is_named(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    control_path(settings).unlink()
    with pytest.raises(MalformedExportError, match=r"件数ファイル.*ありません.*\.control\.json"):
        extract(work, at=NOW)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rows": "40"}, "rows"),
        ({"rows": 40.5}, "rows"),
        ({"rows": -1}, "rows"),
        ({"rows": "absent"}, "rows"),
        ({"total_after": "absent"}, "total_after"),
        ({"case_no_min": "absent"}, "case_no_min"),
        ({"created_at": "昨日"}, "created_at"),
        ({"sha256": "XYZ"}, "sha256"),
    ],
)
def test_a_malformed_control_file_names_the_member(
    settings: Settings, open_a_round: Opener, changes: dict[str, Any], named: str
) -> None:
    work = put(settings, open_a_round)
    change_control(settings, **changes)
    with pytest.raises(MalformedExportError, match=f"件数ファイル.*{named}") as caught:
        extract(work, at=NOW)
    assert "昨日" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_control_file_that_is_no_json_object_is_refused(
    settings: Settings, open_a_round: Opener, content: bytes
) -> None:
    work = put(settings, open_a_round)
    control_path(settings).write_bytes(content)
    with pytest.raises(MalformedExportError, match="件数ファイル"):
        extract(work, at=NOW)


def test_the_june_round_has_no_amount_to_promise(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round, kind="asset_declaration")
    change_control(settings, total_after=1)
    with pytest.raises(MalformedExportError, match="total_after"):
        extract(work, at=NOW)


def test_an_export_that_left_the_inbox_is_refused(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    (settings.inbox / "export.csv").unlink()
    with pytest.raises(RoundRefusedError, match="受信フォルダ"):
        extract(work, at=NOW)


def test_a_malformed_record_leaves_nothing_in_the_workspace(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    change_export(settings, lambda raw: raw + b"x,y\r\n")
    with pytest.raises(MalformedExportError, match="41件目"):
        extract(work, at=NOW)
    assert work.workspace.names() == ()


def test_nothing_of_the_export_lies_readable_in_the_workspace(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    extract(work, at=NOW)
    names = [each.name for each in read_recipients(work.workspace) if each.name]
    for path in (settings.data / work.round_id).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert content.startswith(b"age-encryption.org/")
            assert not any(name.encode(codec) in content for name in names[:3] for codec in ("utf-8", "utf-16-le"))
