"""Extract freezes the export and compares every number; any difference stops the round."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailround.context import RoundContext
from mailround.end_round import end_round
from mailround.errors import CountMismatchError, MalformedExportError, RoundRefusedError
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.layouts import load_layout
from mailround.model import Extracted
from mailround.records import read_recipients
from mailround.register.entries import Correction, MediaHandedOver, RoundEnded, latest
from mailround.register.entries import Extracted as ExtractedBody
from mailround.rounds import load_round_kind
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export, write_sample
from mailround.settings import REPOSITORY, TOKYO, Settings
from reading import read_source

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
        created_at=NOW,
    )


@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
def test_the_report_counts_every_district_and_the_register_names_none(
    settings: Settings, open_a_round: Opener, kind: str
) -> None:
    work = put(settings, open_a_round, kind=kind)
    extract(work, at=NOW)
    found = json.loads(work.workspace.read("extract/report"))["districts"]
    drawn = sample_recipients(40, 4, work.kind).recipients
    assert found.keys() == {each.district for each in drawn}
    assert len(found) > 1
    for code, totals in found.items():
        its = [each for each in drawn if each.district == code]
        total = sum(each.decision.total_after for each in its if each.decision) if work.kind.decision else None
        assert totals == {"rows": len(its), "total_after": total}
    assert "districts" not in work.entries[-1].text


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


@pytest.mark.parametrize("kind", ["change_notice", "asset_declaration"])
def test_a_control_file_without_districts_stays_good(settings: Settings, open_a_round: Opener, kind: str) -> None:
    work = put(settings, open_a_round, kind=kind)
    change_control(settings, districts="absent")
    assert extract(work, at=NOW).rows == 40


def change_district(settings: Settings, change: Callable[[dict[str, Any]], None]) -> None:
    districts = json.loads(control_path(settings).read_text(encoding="utf-8"))["districts"]
    change(districts)
    change_control(settings, districts=districts)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda all_: all_["01"].update(rows=all_["01"]["rows"] + 1),
            r"地区「01」の件数（\d+）とデータファイル（\d+）",
        ),
        (
            lambda all_: all_["01"].update(total_after=1),
            r"地区「01」の変更後支給額の合計（1）とデータファイル（[\d,]+）",
        ),
        (
            lambda all_: all_.update({"99": {"rows": 1, "total_after": 0}}),
            r"地区「99」の件数（1）とデータファイル（0）",
        ),
        (lambda all_: all_.pop("01"), r"地区「01」の件数（0）とデータファイル（\d+）"),
        (lambda all_: all_.update({"0１": all_.pop("01")}), r"地区「01」の件数（0）"),
        (lambda all_: all_.clear(), r"地区「01」の件数（0）"),
    ],
)
def test_a_district_that_differs_is_named_with_both_numbers(
    settings: Settings, open_a_round: Opener, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    work = put(settings, open_a_round)
    change_district(settings, change)
    with pytest.raises(CountMismatchError, match=told):
        extract(work, at=NOW)
    assert work.workspace.names() == ()


def test_one_household_that_moved_to_another_district_is_found(settings: Settings, open_a_round: Opener) -> None:
    """Rows, total and case numbers agree; only the districts' own figures do not."""
    work = put(settings, open_a_round)
    first, *rest = sample_recipients(40, 4, work.kind).recipients
    elsewhere = next(each.district for each in rest if each.district != first.district)
    moved = (dataclasses.replace(first, district=elsewhere), *rest)
    change_export(settings, lambda _: write_export(moved, work.layout, decision=True))
    with pytest.raises(CountMismatchError, match="地区「"):
        extract(work, at=NOW)


def test_a_name_in_the_place_of_a_district_is_not_told(settings: Settings, open_a_round: Opener) -> None:
    work = put(settings, open_a_round)
    change_district(settings, lambda all_: all_.update({"髙﨑　𠮷郎": {"rows": 1, "total_after": 0}}))
    with pytest.raises(CountMismatchError, match="地区（コードは省略）") as caught:
        extract(work, at=NOW)
    assert "髙﨑" not in str(caught.value)


@pytest.fixture(scope="module", params=["change_notice", "asset_declaration"])
def agreed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """A good export, for reading only, and whether it carries decisions."""
    kind = load_round_kind(INCLUDE, request.param)
    folder = tmp_path_factory.mktemp("agreed")
    layout = load_layout(INCLUDE, "shinjuku")
    path = write_sample(folder, name="export", households=30, seed=9, layout=layout, kind=kind, created_at=NOW)
    return path, kind.decision


def figures(value: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Find every number of a control file, however deep."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from figures(each, *path, key)
    elif isinstance(value, int):
        yield path


@given(data=st.data())
def test_any_single_figure_of_the_control_file_that_is_changed_stops_the_round(
    agreed: tuple[Path, bool], data: st.DataObject
) -> None:
    export, decision = agreed
    beside = export.with_name(export.name + CONTROL_SUFFIX)
    good = beside.read_bytes()
    control = json.loads(good)
    *into, last = data.draw(st.sampled_from(list(figures(control))))
    place = control
    for key in into:
        place = place[key]
    place[last] = data.draw(st.integers(min_value=0, max_value=10**12).filter(lambda each: each != place[last]))
    try:
        beside.write_text(json.dumps(control), encoding="utf-8")
        with pytest.raises(CountMismatchError):
            read_source(export, load_layout(INCLUDE, "shinjuku"), decision=decision)
    finally:
        beside.write_bytes(good)
    assert read_source(export, load_layout(INCLUDE, "shinjuku"), decision=decision).totals.rows == 30


@pytest.mark.parametrize(
    ("created_at", "at_tokyo"),
    [
        ("2026-11-10T08:30:00", "2026-11-10T08:30:00+09:00"),  # without a zone: Tokyo's
        ("2026-11-09T23:30:00Z", "2026-11-10T08:30:00+09:00"),
        ("2026-11-10T10:00:00+09:00", "2026-11-10T10:00:00+09:00"),  # an hour ahead: clocks differ
    ],
)
def test_the_making_of_the_export_is_recorded_in_tokyos_time(
    settings: Settings, open_a_round: Opener, created_at: str, at_tokyo: str
) -> None:
    work = put(settings, open_a_round)
    change_control(settings, created_at=created_at)
    extract(work, at=NOW)
    assert f'"created_at":"{at_tokyo}"' in work.entries[-1].text


@pytest.mark.parametrize(
    "created_at", ["2026-11-10T10:00:01+09:00", "2026-11-10T10:01:00", "2027-11-10T09:00:00+09:00"]
)
def test_an_export_from_the_future_is_refused(settings: Settings, open_a_round: Opener, created_at: str) -> None:
    """It would stay fresh for as long as its date is wrong."""
    work = put(settings, open_a_round)
    change_control(settings, created_at=created_at)
    with pytest.raises(
        MalformedExportError, match=r"作成日時（202\d-11-10 \d\d:\d\d）が、取り込む時刻（2026-11-10 09:00）"
    ):
        extract(work, at=NOW)
    assert work.workspace.names() == ()


def test_the_same_file_is_refused_in_another_round_whose_id_is_told(settings: Settings, open_a_round: Opener) -> None:
    first = put(settings, open_a_round)
    extract(first, at=NOW)
    again = open_a_round((settings.inbox / "export.csv").read_bytes(), round_id="2026-12-change")
    with pytest.raises(RoundRefusedError, match="回「2026-11-change」で既に取り込まれています"):
        extract(again, at=NOW)
    assert again.workspace.names() == ()
    assert latest(again.entries, ExtractedBody) is None
    assert extract(first, at=NOW + timedelta(hours=1)).rows == 40, "a cleared task of the same round goes on"


def give_up(work: RoundContext) -> None:
    end_round(work, "decide_holds", at=NOW)


def take_back(work: RoundContext) -> None:
    body = Correction(corrects=work.entries[-1].seq, reason="別の回のファイルを取り込んだため。")
    work.register.append(body, round_id=work.round_id, actor="officer", at=NOW)


def read_another(work: RoundContext) -> None:
    recipients = sample_recipients(41, 4, work.kind).recipients
    raw = write_export(recipients, work.layout, decision=True)
    (work.settings.inbox / "export.csv").write_bytes(raw)
    control_path(work.settings).write_bytes(control_file(raw, recipients, decision=True, created_at=NOW))
    extract(work, at=NOW)


@pytest.mark.parametrize("free", [give_up, take_back, read_another])
def test_a_file_is_free_again_once_the_other_round_no_longer_works_on_it(
    settings: Settings, open_a_round: Opener, free: Callable[[RoundContext], None]
) -> None:
    first = put(settings, open_a_round)
    raw, control = (settings.inbox / "export.csv").read_bytes(), control_path(settings).read_bytes()
    extract(first, at=NOW)
    free(first)
    again = open_a_round(raw, round_id="2026-12-change")
    control_path(settings).write_bytes(control)
    assert extract(again, at=NOW).rows == 40


def test_a_file_whose_letters_left_the_house_is_never_free_again(settings: Settings, open_a_round: Opener) -> None:
    first = put(settings, open_a_round)
    extract(first, at=NOW)
    left = MediaHandedOver(
        package_sha256="a" * 64,
        giver="officer",
        receiver="C-001",
        handed_over_at=NOW,
        media_no="DVD-0001",
        quantity=1,
        bag_no="BAG-01",
        locked=True,
        storage="耐火金庫1",
    )
    for body in (left, RoundEnded(step="decide_holds", files=0)):
        first.register.append(body, round_id=first.round_id, actor="officer", at=NOW)
    again = open_a_round((settings.inbox / "export.csv").read_bytes(), round_id="2026-12-change")
    with pytest.raises(RoundRefusedError, match="既に取り込まれています"):
        extract(again, at=NOW)


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
        ({"created_at": "9999-12-31T23:59:59-12:00"}, "created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
        ({"sha256": "XYZ"}, "sha256"),
        ({"districts": []}, "districts"),
        ({"districts": {"01": 40}}, "districts"),
        ({"districts": {"01": {"rows": "40", "total_after": 0}}}, "districts"),
        ({"districts": {"01": {"rows": 40}}}, "districts の total_after"),
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
