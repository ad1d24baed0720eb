"""The package: sealed once, opened again, readable by 7-Zip, and never sealed with a count that does not reconcile."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from mailround.context import RoundContext, load_round
from mailround.delivery_offices import load_delivery_offices
from mailround.errors import CountMismatchError, GateClosedError, PackageError, PrintError, WorkspaceError
from mailround.model import Recipient
from mailround.package_check import BUNDLE_COLUMNS, PIECE_COLUMNS, PackageReport, check_package, check_stream
from mailround.plan_print import LISTED
from mailround.register.entries import (
    GatesEvaluated,
    PrintPlanned,
    QualityChecked,
    ReleaseApproved,
    Sealed,
    Verified,
    latest,
    standing,
)
from mailround.seal import ALPHABET, PASSWORD_LENGTH, package_path, seal
from prepared import AT, CANARY, RANGES, hand_over, own_include, password, pdf, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    return round_after(print_round)


@pytest.fixture
def seven_zip() -> str:
    found = shutil.which("7z")
    assert found, "7-Zip is the independent reader of the package: apt-get install p7zip-full"
    return found


def package(work: RoundContext) -> Path:
    return package_path(work.settings, work.round_id)


def member(work: RoundContext, name: str) -> bytes:
    with pyzipper.AESZipFile(package(work)) as archive:
        archive.setpassword(password(work).encode())
        return bytes(archive.read(name))


def test_the_reference_and_the_register_say_what_was_sealed(work: RoundContext) -> None:
    sealed = seal(work, at=AT)
    report = check_package(package(work), password(work))
    assert (sealed.pieces, sealed.pages) == (7, 9)
    assert (sealed.bytes, sealed.sha256) == (package(work).stat().st_size, report.sha256)
    entry = latest(work.entries, Sealed)
    assert entry is not None
    assert (entry.pieces, entry.pages, entry.members, entry.bytes, entry.sha256) == (
        *(7, 9, 7),
        *(sealed.bytes, sealed.sha256),
    )
    assert "AES-256" in entry.algorithm


def test_the_register_says_what_the_package_carries_and_that_all_of_it_is_approved(work: RoundContext) -> None:
    seal(work, at=AT)
    entry, evaluated = latest(work.entries, Sealed), latest(work.entries, GatesEvaluated)
    assert entry is not None
    assert set(entry.carried or ()) == set(work.contract.approved_items["change_notice"].items)
    assert evaluated == GatesEvaluated(step="seal", day=AT.date(), passed=("items_approved",), closed=())


@pytest.mark.parametrize("item", ["barcode", "reason", "files"])
def test_an_item_that_is_not_approved_is_not_sealed_and_named(work: RoundContext, item: str) -> None:
    """A value on a page, a column of pieces.csv, a column of bundles.csv."""
    approved = work.contract.approved_items["change_notice"]
    less = approved.model_copy(update={"items": tuple(each for each in approved.items if each != item)})
    changed = work.contract.model_copy(update={"approved_items": {"change_notice": less}})
    object.__setattr__(work, "contract", changed)
    with pytest.raises(GateClosedError, match=f"承認されていない項目があります［{item}］（点検表1）"):
        seal(work, at=AT)
    evaluated = latest(work.entries, GatesEvaluated)
    assert evaluated == GatesEvaluated(step="seal", day=AT.date(), passed=(), closed=("items_approved",))
    assert latest(work.entries, Sealed) is None
    assert not package(work).exists()


def test_templates_changed_after_the_plan_say_nothing_of_what_is_sealed(work: RoundContext, tmp_path: Path) -> None:
    own = own_include(work.settings, tmp_path)
    notice = own.include / "templates" / "change_notice" / "assistance" / "template.yaml"
    notice.write_text(notice.read_text(encoding="utf-8").replace("2025-04-01", "2025-04-02"), encoding="utf-8")
    with pytest.raises(GateClosedError, match="様式が、印刷計画のときのものと違います"):
        seal(load_round(own, work.round_id), at=AT)
    assert latest(work.entries, Sealed) is None


def test_the_members_have_neutral_names_in_order_and_are_stored(work: RoundContext) -> None:
    seal(work, at=AT)
    with pyzipper.AESZipFile(package(work)) as archive:
        assert archive.namelist() == [
            "print/notices-001.pdf",
            "print/notices-002.pdf",
            "print/notices-003.pdf",
            "pieces.csv",
            "bundles.csv",
            "bundles.pdf",
            "manifest.json",
        ]
        assert {info.compress_type for info in archive.infolist()} == {pyzipper.ZIP_STORED}
        assert {info.wz_aes_strength for info in archive.infolist()} == {3}
        assert {info.date_time for info in archive.infolist()} == {AT.timetuple()[:6]}
        assert archive.comment == b""


def test_a_june_round_holds_sheets(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round(round_id="2026-11-asset", kind="asset_declaration")
    print_round(work, make_recipient)
    seal(work, at=AT)
    assert member(work, "print/sheets-001.pdf") == pdf(4)


def test_the_piece_list_says_where_every_piece_is(work: RoundContext) -> None:
    seal(work, at=AT)
    rows = list(csv.DictReader(io.StringIO(member(work, "pieces.csv").decode("ascii"), newline="")))
    assert tuple(rows[0]) == PIECE_COLUMNS
    assert [(row["piece_seq"], row["file"][-7:-4], row["first_page"], row["pages"]) for row in rows] == [
        ("1", "001", "1", "1"),
        ("2", "001", "2", "1"),
        ("3", "001", "3", "2"),
        ("4", "002", "1", "1"),
        ("5", "002", "2", "1"),
        ("6", "002", "3", "2"),
        ("7", "003", "1", "1"),
    ]
    assert {row["postcode"] for row in rows} == {"1600022"}


def test_the_piece_list_names_nobody_and_no_case(work: RoundContext) -> None:
    seal(work, at=AT)
    for name in ("pieces.csv", "bundles.csv", "manifest.json"):
        assert "髙" not in member(work, name).decode("utf-8")
        assert b"0000001" not in member(work, name)


def test_no_lines_of_the_piece_list_are_left_in_the_workspace(work: RoundContext) -> None:
    seal(work, at=AT)
    assert not work.workspace.names("seal")


def test_the_bundle_list_adds_up(work: RoundContext) -> None:
    seal(work, at=AT)
    rows = list(csv.reader(io.StringIO(member(work, "bundles.csv").decode("ascii"), newline="")))
    assert package(work).with_name("bundles.csv").read_bytes() == member(work, "bundles.csv")
    assert rows == [
        list(BUNDLE_COLUMNS),
        ["160-001", "1", "4", "4", "5", "160", "print/notices-001.pdf:1-3 print/notices-002.pdf:4-4"],
        ["160-002", "5", "7", "3", "4", "160", "print/notices-002.pdf:5-6 print/notices-003.pdf:7-7"],
    ]


def test_the_manifest_beside_the_package_is_the_one_inside_and_holds_no_personal_data(work: RoundContext) -> None:
    seal(work, at=AT)
    beside = package(work).with_name("manifest.json").read_bytes()
    assert beside == member(work, "manifest.json")
    manifest = json.loads(beside)
    assert manifest["totals"] == {"pieces": 7, "pages": 9, "bundles": 2}
    assert [(each["name"], each["pages"], each["pieces"], each["rows"]) for each in manifest["members"]] == [
        ("print/notices-001.pdf", 4, 3, None),
        ("print/notices-002.pdf", 4, 3, None),
        ("print/notices-003.pdf", 1, 1, None),
        ("pieces.csv", None, None, 7),
        ("bundles.csv", None, None, 2),
        ("bundles.pdf", 1, None, None),
    ]
    assert manifest["software"].startswith("mailround ")


def test_the_outbox_is_private_and_holds_nothing_but_lists_and_the_package(work: RoundContext) -> None:
    seal(work, at=AT)
    found = {path.relative_to(work.settings.outbox).as_posix(): path for path in work.settings.outbox.rglob("*")}
    assert set(found) == {
        "2026-11-change",
        "2026-11-change/evidence",
        "2026-11-change/evidence/templates.jsonl",
        "2026-11-change/package",
        "2026-11-change/package/2026-11-change.zip",
        "2026-11-change/package/bundles.csv",
        "2026-11-change/package/manifest.json",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in found.values()} == {0o700, 0o600}
    assert stat.S_IMODE(work.settings.outbox.stat().st_mode) == 0o700
    for path in work.settings.outbox.rglob("*.*"):
        assert CANARY.encode() not in path.read_bytes()


def test_seven_zip_opens_the_package_and_reads_the_same_bytes(
    work: RoundContext, seven_zip: str, tmp_path: Path
) -> None:
    seal(work, at=AT)
    secret = f"-p{password(work)}"
    tested = subprocess.run([seven_zip, "t", secret, str(package(work))], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout
    assert "Everything is Ok" in tested.stdout
    listed = subprocess.run(
        [seven_zip, "l", "-slt", secret, str(package(work))], capture_output=True, text=True, check=False
    )
    assert listed.stdout.count("Method = AES-256 Store") == 7
    target = tmp_path / "extracted"
    subprocess.run([seven_zip, "x", secret, f"-o{target}", str(package(work))], capture_output=True, check=True)
    assert (target / "print" / "notices-002.pdf").read_bytes() == pdf(4)
    assert (target / "pieces.csv").read_bytes() == member(work, "pieces.csv")


def test_seven_zip_refuses_another_password(work: RoundContext, seven_zip: str) -> None:
    seal(work, at=AT)
    wrong = "2" * PASSWORD_LENGTH
    tested = subprocess.run(
        [seven_zip, "t", f"-p{wrong}", str(package(work))], capture_output=True, text=True, check=False
    )
    assert tested.returncode != 0
    assert "Wrong password" in tested.stdout + tested.stderr


def test_the_password_is_twenty_of_thirty_two_unambiguous_symbols(work: RoundContext) -> None:
    seal(work, at=AT)
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("01IOilo")
    assert len(password(work)) == 20
    assert set(password(work)) <= set(ALPHABET)


def test_two_rounds_have_two_passwords(open_a_round: Opener, make_recipient: Maker) -> None:
    drawn = set()
    for round_id in ("2026-11-change", "2026-11-other"):
        work = open_a_round(round_id=round_id)
        print_round(work, make_recipient, pieces=1)
        seal(work, at=AT)
        drawn.add(password(work))
    assert len(drawn) == 2


def test_the_password_is_nowhere_on_the_disk_in_plain(work: RoundContext, tmp_path: Path) -> None:
    seal(work, at=AT)
    secret = password(work).encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_a_cleared_task_seals_again_with_the_same_password_and_manifest(work: RoundContext) -> None:
    first, secret = seal(work, at=AT), password(work)
    manifest = member(work, "manifest.json")
    again = seal(work, at=AT + timedelta(hours=1))
    assert password(work) == secret
    assert member(work, "manifest.json") == manifest
    assert first.sha256 != again.sha256  # new salts
    assert [body.sha256 for body in standing(work.entries, Sealed)] == [first.sha256, again.sha256]
    assert check_package(package(work), secret).sha256 == again.sha256


def test_an_approved_package_is_never_sealed_again(work: RoundContext) -> None:
    sealed = seal(work, at=AT)
    before = package(work).read_bytes()
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    assert seal(work, at=AT + timedelta(hours=1)) == sealed
    assert package(work).read_bytes() == before


def test_a_package_approved_while_it_is_sealed_again_stays(work: RoundContext, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal(work, at=AT)
    before = package(work).read_bytes()

    def approved_meanwhile(*arguments: Any) -> PackageReport:
        record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
        return check_stream(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("mailround.seal.check_stream", approved_meanwhile)
        with pytest.raises(GateClosedError, match="前のパッケージが承認されました"):
            seal(work, at=AT + timedelta(hours=1))
    assert package(work).read_bytes() == before
    assert len(list(package(work).parent.iterdir())) == 3
    assert seal(work, at=AT + timedelta(hours=2)) == sealed


def test_a_missing_piece_range_stops_with_both_numbers(work: RoundContext) -> None:
    ranges = work.workspace.read_records("pages/002", RANGES)
    work.workspace.write_records("pages/002", RANGES, ranges[:-1])
    with pytest.raises(CountMismatchError, match="3と2"):
        seal(work, at=AT)
    assert not package(work).exists()


def test_a_swapped_piece_is_refused(work: RoundContext) -> None:
    first, second, third = work.workspace.read_records("pages/001", RANGES)
    work.workspace.write_records("pages/001", RANGES, (second, first, third))
    with pytest.raises(PackageError, match="封書番号が一致しません"):
        seal(work, at=AT)


def test_a_lost_chunk_is_missed(work: RoundContext) -> None:
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    record(work, planned.model_copy(update={"chunks": 2}))
    with pytest.raises(CountMismatchError, match="7と6"):
        seal(work, at=AT)
    record(work, planned.model_copy(update={"chunks": 4}))
    with pytest.raises(WorkspaceError, match="list-004"):
        seal(work, at=AT)


def test_a_gap_in_the_numbers_is_refused(work: RoundContext) -> None:
    [last] = work.workspace.read_records("plan/list-003", LISTED)
    where = work.workspace.read_records("pages/003", RANGES)
    work.workspace.write_records("plan/list-003", LISTED, (last._replace(seq=8),))
    work.workspace.write_records("pages/003", RANGES, (dataclasses.replace(where[0], seq=8),))
    with pytest.raises(PackageError, match="通し番号"):
        seal(work, at=AT)


def test_two_pieces_swapped_over_the_border_of_two_chunks_are_refused(work: RoundContext) -> None:
    """Plan and pages agree, and so do all counts; only the order is another."""
    names = (("plan/list-001", "plan/list-002", LISTED), ("pages/001", "pages/002", RANGES))
    for before, after, adapter in names:
        *first, last = work.workspace.read_records(before, adapter)
        next_first, *rest = work.workspace.read_records(after, adapter)
        work.workspace.write_records(before, adapter, (*first, next_first))
        work.workspace.write_records(after, adapter, (last, *rest))
    record(work, Verified(first=1, last=1, pieces=3, pages=3, sha256="0" * 64))
    record(work, Verified(first=2, last=2, pieces=3, pages=5, sha256="0" * 64))
    with pytest.raises(PackageError, match="通し番号"):
        seal(work, at=AT)


def test_pages_that_nobody_read_back_are_not_sealed(work: RoundContext) -> None:
    [where] = work.workspace.read_records("pages/003", RANGES)
    work.workspace.write_records("pages/003", RANGES, (dataclasses.replace(where, pages=2),))
    work.workspace.write("print/notices-003", pdf(2))
    with pytest.raises(GateClosedError, match="1件：3"):
        seal(work, at=AT)


def test_a_pdf_with_a_page_too_many_is_found_on_reopening_and_the_old_package_stays(work: RoundContext) -> None:
    seal(work, at=AT)
    before = package(work).read_bytes()
    work.workspace.write("print/notices-002", pdf(5))
    digest = hashlib.sha256(hashlib.sha256(pdf(5)).digest()).hexdigest()
    record(work, Verified(first=2, last=2, pieces=3, pages=4, sha256=digest))  # a verifier that cannot count
    with pytest.raises(PackageError, match=r"notices-002\.pdfの頁数が違う（目録4、実際5）"):
        seal(work, at=AT)
    assert package(work).read_bytes() == before
    assert len(list(package(work).parent.iterdir())) == 3


def test_a_round_that_was_never_planned_is_not_sealed(open_a_round: Opener) -> None:
    with pytest.raises(GateClosedError, match="印刷計画"):
        seal(open_a_round(), at=AT)


def test_pages_that_were_read_back_against_another_plan_are_not_sealed(work: RoundContext) -> None:
    """The plan was done anew by itself: the same counts, other pieces."""
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    record(work, planned.model_copy(update={"plan_sha256": "9" * 64}))
    with pytest.raises(GateClosedError, match="3件：1、2、3"):
        seal(work, at=AT)
    assert not package(work).exists()


def test_a_plan_of_an_earlier_check_is_not_sealed(work: RoundContext) -> None:
    seal(work, at=AT)
    before = package(work).read_bytes()
    checked = latest(work.entries, QualityChecked)
    assert checked is not None
    record(work, checked.model_copy(update={"checked_sha256": "9" * 64}))
    with pytest.raises(GateClosedError, match="「印刷計画」の後に"):
        seal(work, at=AT)
    assert package(work).read_bytes() == before


def test_the_register_says_which_plan_was_sealed(work: RoundContext) -> None:
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    record(work, planned.model_copy(update={"plan_sha256": "7" * 64}))
    for body in standing(work.entries, Verified):
        record(work, body.model_copy(update={"plan_sha256": "7" * 64}))
    seal(work, at=AT)
    sealed = latest(work.entries, Sealed)
    assert sealed is not None
    assert sealed.plan_sha256 == "7" * 64


def test_a_bundle_torn_apart_is_refused(work: RoundContext) -> None:
    first, *rest = work.workspace.read_records("plan/list-001", LISTED)
    work.workspace.write_records("plan/list-001", LISTED, (first._replace(bundle="160-002"), *rest))
    with pytest.raises(CountMismatchError, match="束"):
        seal(work, at=AT)


def test_a_bundle_of_an_office_that_the_ward_no_longer_lists_is_refused(work: RoundContext) -> None:
    pieces = work.workspace.read_records("plan/list-001", LISTED)
    work.workspace.write_records("plan/list-001", LISTED, tuple(each._replace(bundle="999-001") for each in pieces))
    with pytest.raises(PrintError, match="999-001"):
        seal(work, at=AT)
    assert not package(work).exists()


def test_delivery_offices_changed_after_the_plan_are_not_sealed_into_it(work: RoundContext, tmp_path: Path) -> None:
    """Other prefixes or another order, and the names on the bundle list would not be those the pieces are sorted by."""
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    offices = load_delivery_offices(work.settings.include)
    record(work, planned.model_copy(update={"delivery_offices_sha256": offices.digest()}))
    seal(work, at=AT)
    before = package(work).read_bytes()
    settings = own_include(work.settings, tmp_path)
    listing = settings.include / "delivery_offices.yaml"
    listing.write_text(listing.read_text(encoding="utf-8").replace('"163"', '"164"'), encoding="utf-8")
    changed = load_round(settings, work.round_id)
    with pytest.raises(GateClosedError, match="配達局の一覧が、印刷計画のときのものと違います"):
        seal(changed, at=AT)
    assert package(work).read_bytes() == before
    assert len(standing(work.entries, Sealed)) == 1


def test_what_a_handed_over_package_says_still_holds(work: RoundContext) -> None:
    hand_over(work)
    assert check_package(package(work), password(work)).pieces == 7


def test_a_chunk_made_anew_after_it_was_read_back_is_not_sealed(
    open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]
) -> None:
    """Its counts are the same; only its bytes are not those that were read."""
    work = open_a_round()
    print_round(work, make_recipient)
    name = f"print/{work.kind.file_stem}-001"
    work.workspace.write(name, work.workspace.read(name) + b"%")
    with pytest.raises(GateClosedError, match="照合した後に作り直された分冊"):
        seal(work, at=AT)
    assert not package_path(work.settings, work.round_id).exists()
