"""The checker believes nothing: every way in which a package can be wrong is found, and said in Japanese."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from mailround.errors import PackageError
from mailround.package_check import BUNDLE_COLUMNS, PIECE_COLUMNS, check_package
from prepared import BARS, numbered, pdf

PASSWORD = "23456789ABCDEFGHJKLM"  # noqa: S105 - a test's
Contents = dict[str, bytes]


def lines(columns: tuple[str, ...], *rows: tuple[object, ...]) -> bytes:
    return "".join(",".join(map(str, row)) + "\r\n" for row in (columns, *rows)).encode()


PIECES = (
    (1, numbered(1), "print/notices-001.pdf", 1, 1, "160-001", "A", "1600022", BARS),
    (2, numbered(2), "print/notices-001.pdf", 2, 2, "160-001", "A", "1600022", ""),
    (3, numbered(3), "print/notices-002.pdf", 1, 1, "161-002", "A", "1610031", BARS),
)
FIRST = ("160-001", 1, 2, 2, 3, "160", "print/notices-001.pdf:1-2")
SECOND = ("161-002", 3, 3, 1, 1, "161", "print/notices-002.pdf:3-3")


def right() -> Contents:
    return {
        "print/notices-001.pdf": pdf(3),
        "print/notices-002.pdf": pdf(1),
        "pieces.csv": lines(PIECE_COLUMNS, *PIECES),
        "bundles.csv": lines(BUNDLE_COLUMNS, FIRST, SECOND),
        "bundles.pdf": pdf(2),
    }


def manifest_of(contents: Contents) -> dict[str, Any]:
    pages = {"print/notices-001.pdf": 3, "print/notices-002.pdf": 1, "bundles.pdf": 2}
    pieces = {"print/notices-001.pdf": 2, "print/notices-002.pdf": 1}
    rows = {"pieces.csv": 3, "bundles.csv": 2}
    return {
        "round_id": "2026-11-change",
        "kind": "change_notice",
        "algorithm": "AES-256",
        "software": "mailround",
        "totals": {"pieces": 3, "pages": 4, "bundles": 2},
        "members": [
            {
                "name": name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                "pages": pages.get(name),
                "pieces": pieces.get(name),
                "rows": rows.get(name),
            }
            for name, content in contents.items()
        ],
    }


def pack(path: Path, contents: Contents, manifest: object, *, bits: int | None = 256) -> Path:
    encryption = {"encryption": pyzipper.WZ_AES, "encryption_kwargs": {"nbits": bits}} if bits else {}
    with pyzipper.AESZipFile(path, "w", **encryption) as archive:
        if bits:
            archive.setpassword(PASSWORD.encode())
        for name, content in contents.items():
            archive.writestr(name, content)
        if manifest is not None:
            archive.writestr("manifest.json", manifest if isinstance(manifest, bytes) else json.dumps(manifest))
    return path


def test_a_right_package_is_reported_with_its_counts_and_hash(tmp_path: Path) -> None:
    path = pack(tmp_path / "right.zip", right(), manifest_of(right()))
    report = check_package(path, PASSWORD)
    assert (report.members, report.pieces, report.pages) == (6, 3, 4)
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.bytes == path.stat().st_size


def changed(name: str, content: bytes) -> Callable[[Contents, dict[str, Any]], None]:
    def change(contents: Contents, manifest: dict[str, Any]) -> None:
        contents[name] = content
        for each in manifest["members"]:
            if each["name"] == name:
                each |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    return change


def told(**changes: object) -> Callable[[Contents, dict[str, Any]], None]:
    return lambda _, manifest: manifest["members"][0].update(changes)


def totals(**changes: int) -> Callable[[Contents, dict[str, Any]], None]:
    return lambda _, manifest: manifest["totals"].update(changes)


def row(number: int, column: str, value: object) -> Callable[[Contents, dict[str, Any]], None]:
    rows = [list(each) for each in PIECES]
    rows[number - 1][PIECE_COLUMNS.index(column)] = value
    return changed("pieces.csv", lines(PIECE_COLUMNS, *(tuple(each) for each in rows)))


def bundles(*rows: tuple[object, ...]) -> Callable[[Contents, dict[str, Any]], None]:
    return changed("bundles.csv", lines(BUNDLE_COLUMNS, *rows))


def second(column: int, value: object) -> Callable[[Contents, dict[str, Any]], None]:
    return bundles(FIRST, (*SECOND[:column], value, *SECOND[column + 1 :]))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda contents, _: contents.pop("print/notices-002.pdf"), "notices-002.pdfがパッケージにない"),
        (lambda contents, _: contents.update({"print/notices-003.pdf": pdf(1)}), "notices-003.pdfが目録にない"),
        (lambda _, manifest: manifest["members"].pop(2), "pieces.csvが目録にない"),
        (lambda contents, _: contents.update({"pieces.csv": b""}), "pieces.csvのハッシュが目録と違う"),
        (told(sha256="0" * 64), "notices-001.pdfのハッシュが目録と違う"),
        (told(bytes=1), "notices-001.pdfの大きさが違う（目録1、実際"),
        (told(pages=4), "notices-001.pdfの頁数が違う（目録4、実際3）"),
        (told(pages=None), "notices-001.pdfの頁数が違う"),
        (changed("print/notices-001.pdf", b"%PDF-1.4 nothing"), "notices-001.pdfの頁数が違う（目録3、実際0）"),
        (totals(pieces=4), "合計の通数が違う（目録4、実際3）"),
        (totals(pages=5), "合計の頁数が違う（目録5、実際4）"),
        (totals(bundles=3), "合計の束数が違う（目録3、実際2）"),
        (changed("pieces.csv", lines(PIECE_COLUMNS, *PIECES[:2])), "pieces.csvの行数が違う（目録3、実際2）"),
        (changed("pieces.csv", lines(PIECE_COLUMNS)), "合計の通数が違う（目録3、実際0）"),
        (changed("pieces.csv", lines(PIECE_COLUMNS, *PIECES[:2], PIECES[2][:-1])), "pieces.csvの列が規則に合わない"),
        (changed("pieces.csv", lines(("piece_seq", "name"))), "pieces.csvの列が規則に合わない"),
        (bundles(FIRST), "bundles.csvの束の並びがpieces.csvと違う（bundles.csv 1束、pieces.csv 2束）"),
        (bundles(SECOND, FIRST), "bundles.csvの束の並びがpieces.csvと違う"),
        (bundles(FIRST, SECOND, SECOND), "bundles.csvの束の並びがpieces.csvと違う"),
        (bundles(FIRST, ("161-001", *SECOND[1:])), "bundles.csvの束の並びがpieces.csvと違う"),
        (bundles(FIRST, ("髙﨑𠮷郎", *SECOND[1:])), "束の名前が規則に合わない"),
        (row(3, "bundle", "髙﨑𠮷郎"), "束の名前が規則に合わない"),
        (second(1, 2), "束161-002の最初の通し番号がpieces.csvと違う（bundles.csv 2、pieces.csv 3）"),
        (second(2, 4), "束161-002の最後の通し番号がpieces.csvと違う（bundles.csv 4、pieces.csv 3）"),
        (second(3, 2), "束161-002の通数がpieces.csvと違う（bundles.csv 2、pieces.csv 1）"),
        (second(4, 2), "束161-002の頁数がpieces.csvと違う（bundles.csv 2、pieces.csv 1）"),
        (second(5, "160"), "束161-002の配達局がpieces.csvと違う"),
        (second(6, "print/notices-001.pdf:3-3"), "束161-002のファイル別の通し番号がpieces.csvと違う"),
        (told(pieces=3), "notices-001.pdfの通数がpieces.csvと違う（目録3、pieces.csv 2）"),
        (told(pieces=None), "notices-001.pdfの通数がpieces.csvと違う"),
        (lambda contents, _: contents.pop("bundles.pdf"), "bundles.pdfがパッケージにない"),
        (changed("bundles.pdf", pdf(3)), "bundles.pdfの頁数が違う（目録2、実際3）"),
        (changed("bundles.pdf", b""), "bundles.pdfの頁数が違う（目録2、実際0）"),
        (row(2, "piece_seq", 3), "通し番号が1から続いていない"),
        (row(2, "piece_id", PIECES[0][1]), "同じ封書番号がある"),
        (row(2, "piece_id", "P00000028"), "2行目の封書番号が規則に合わない"),
        (row(2, "first_page", 3), "2行目の頁が前の行から続いていない"),
        (row(2, "pages", 1), "notices-001.pdfの頁数がpieces.csvと違う（PDF 3、pieces.csv 2）"),
        (row(3, "file", "print/notices-009.pdf"), "notices-009.pdfの頁数がpieces.csvと違う"),
        (row(3, "file", "print/notices-001.pdf"), "notices-001.pdfの通数がpieces.csvと違う（目録2、pieces.csv 3）"),
        (row(3, "file", "print/notices-001.pdf"), "notices-002.pdfの通数がpieces.csvと違う（目録1、pieces.csv 0）"),
        (row(3, "bundle", "160-001"), "bundles.csvの束の並びがpieces.csvと違う（bundles.csv 2束、pieces.csv 1束）"),
        (row(2, "bundle", "161-002"), "束160-001の通数がpieces.csvと違う（bundles.csv 2、pieces.csv 1）"),
        (row(1, "bundle", "161-002"), "束161-002の通し番号が続いていない（2通）"),
    ],
)
def test_a_package_that_differs_from_its_manifest_is_refused(
    tmp_path: Path, fault: Callable[[Contents, dict[str, Any]], object], message: str
) -> None:
    contents, manifest = right(), manifest_of(right())
    fault(contents, manifest)
    with pytest.raises(PackageError) as refused:
        check_package(pack(tmp_path / "wrong.zip", contents, manifest), PASSWORD)
    assert message in refused.value.happened


Row = tuple[object, ...]


@cache
def pages_of_400() -> bytes:
    return pdf(400)


def many() -> list[Row]:
    """Return the rows of three files of 400 pieces; the middle bundle reaches over both borders of the files."""
    return [
        (
            *(seq, numbered(seq), f"print/notices-{(seq - 1) // 400 + 1:03d}.pdf", (seq - 1) % 400 + 1, 1),
            *("160-001" if seq <= 300 else "160-002" if seq <= 900 else "161-001", "A", "1600022", BARS),
        )
        for seq in range(1, 1201)
    ]


def pack_many(path: Path, pieces: bytes) -> Path:
    """Pack so many pieces that their list is read in several blocks; the manifest tells what the list holds."""
    assert len(pieces) > 1 << 17
    printed = "print/notices-{:03d}.pdf".format
    listed = (
        ("160-001", 1, 300, 300, 300, "160", f"{printed(1)}:1-300"),
        ("160-002", 301, 900, 600, 600, "160", f"{printed(1)}:301-400 {printed(2)}:401-800 {printed(3)}:801-900"),
        ("161-001", 901, 1200, 300, 300, "161", f"{printed(3)}:901-1200"),
    )
    contents = {printed(number): pages_of_400() for number in (1, 2, 3)} | {
        "pieces.csv": pieces,
        "bundles.csv": lines(BUNDLE_COLUMNS, *listed),
        "bundles.pdf": pdf(1),
    }
    manifest = manifest_of(contents)
    manifest["totals"] = {"pieces": 1200, "pages": 1200, "bundles": 3}
    for member in manifest["members"]:
        if member["name"].startswith("print/"):
            member |= {"pages": 400, "pieces": 400}
    lists = {"bundles.pdf": {"pages": 1}, "pieces.csv": {"rows": pieces.count(b"\n") - 1}, "bundles.csv": {"rows": 3}}
    for name, counts in lists.items():
        next(each for each in manifest["members"] if each["name"] == name).update(counts)
    return pack(path, contents, manifest)


def without_the_last(rows: list[Row]) -> list[Row]:
    return rows[:-1]


def with_one_more(rows: list[Row]) -> list[Row]:
    return [*rows, (1201, "PA00015H2", *rows[-1][2:])]


def with_a_bundle_that_comes_back(rows: list[Row]) -> list[Row]:
    return [*rows[:-1], (*rows[-1][:5], "160-001", *rows[-1][6:])]


def swapped_over_a_border(rows: list[Row]) -> list[Row]:
    return [*rows[:399], rows[400], rows[399], *rows[401:]]


def with_the_first_id_again_at_the_end(rows: list[Row]) -> list[Row]:
    return [*rows[:-1], (1200, rows[0][1], *rows[-1][2:])]


def with_a_page_too_many_at_the_end(rows: list[Row]) -> list[Row]:
    return [*rows[:-1], (*rows[-1][:4], 2, *rows[-1][5:])]


def with_a_short_row_in_the_middle(rows: list[Row]) -> list[Row]:
    return [*rows[:700], rows[700][:-1], *rows[701:]]


def test_a_list_of_several_blocks_is_read_whole(tmp_path: Path) -> None:
    path = pack_many(tmp_path / "many.zip", lines(PIECE_COLUMNS, *many()))
    report = check_package(path, PASSWORD)
    assert (report.pieces, report.pages) == (1200, 1200)


@pytest.mark.parametrize(
    ("fault", "messages"),
    [
        (
            without_the_last,
            [
                "notices-003.pdfの頁数がpieces.csvと違う（PDF 400、pieces.csv 399）",
                "notices-003.pdfの通数がpieces.csvと違う（目録400、pieces.csv 399）",
                "束161-001の最後の通し番号がpieces.csvと違う（bundles.csv 1200、pieces.csv 1199）",
                "合計の通数が違う（目録1200、実際1199）",
            ],
        ),
        (with_one_more, ["1201行目の頁が前の行から続いていない", "合計の通数が違う（目録1200、実際1201）"]),
        (
            with_a_bundle_that_comes_back,
            ["束160-001の通し番号が続いていない（301通）", "束161-001の通数がpieces.csvと違う"],
        ),
        (
            swapped_over_a_border,
            ["通し番号が1から続いていない", "束160-002のファイル別の通し番号がpieces.csvと違う"],
        ),
        (with_the_first_id_again_at_the_end, ["同じ封書番号がある"]),
        (with_a_page_too_many_at_the_end, ["notices-003.pdfの頁数がpieces.csvと違う（PDF 400、pieces.csv 401）"]),
        (with_a_short_row_in_the_middle, ["pieces.csvの列が規則に合わない"]),
    ],
)
def test_a_fault_anywhere_in_a_long_list_is_found(
    tmp_path: Path, fault: Callable[[list[Row]], list[Row]], messages: list[str]
) -> None:
    path = pack_many(tmp_path / "many.zip", lines(PIECE_COLUMNS, *fault(many())))
    with pytest.raises(PackageError) as refused:
        check_package(path, PASSWORD)
    for message in messages:
        assert message in refused.value.happened


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda whole: whole[: -len(BARS) - 4], "pieces.csvの列が規則に合わない"),  # within the last line's postcode
        (lambda whole: whole[: whole.index(b"\r\n", 140_000) + 2], "合計の通数が違う（目録1200、実際1"),
        (lambda whole: whole + b"1201,PA00015H2", "pieces.csvの列が規則に合わない"),
        (lambda whole: whole + b'"1201', "パッケージが壊れています"),
        (lambda whole: whole + "髙".encode()[:2], "パッケージが壊れています"),
        (lambda whole: whole + b"\r\n", "pieces.csvの列が規則に合わない"),
    ],
)
def test_a_long_list_cut_off_or_with_a_broken_end_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes], message: str
) -> None:
    path = pack_many(tmp_path / "many.zip", spoil(lines(PIECE_COLUMNS, *many())))
    with pytest.raises(PackageError) as refused:
        check_package(path, PASSWORD)
    assert message in refused.value.happened


@pytest.mark.parametrize(
    "forged",
    [
        (b"1,PA000001V", b"7,PA000001V"),  # a number out of order
        (b"\r\n1,PA", b"\r\n1;PA"),  # a row with too few columns, after which no row is looked at
        (b"piece_seq", b"piece_set"),
        (b"PA000002X", b"PA000001V"),
        (b"\r\n1,PA", b"\r\nx,PA"),  # no number
        (b"\r\n1200,", b"\r\n1201,"),
    ],
)
def test_what_a_member_says_that_is_not_authentic_is_not_told(tmp_path: Path, forged: tuple[bytes, bytes]) -> None:
    """AES-CTR lets anybody turn single bits of the content: only the end of the member tells that it was done."""
    pieces = lines(PIECE_COLUMNS, *many())
    path = pack_many(tmp_path / "many.zip", pieces)
    with pyzipper.AESZipFile(path) as archive:
        info = archive.getinfo("pieces.csv")
        start = info.header_offset + 30 + len("pieces.csv") + 11 + 16 + 2  # header, name, extra field, salt, verifier
    right, wrong = forged
    place = pieces.index(right)
    whole = bytearray(path.read_bytes())
    for offset, (before, after) in enumerate(zip(right, wrong, strict=True)):
        whole[start + place + offset] ^= before ^ after
    path.write_bytes(whole)
    with pytest.raises(PackageError, match="パッケージが壊れています"):
        check_package(path, PASSWORD)


@pytest.mark.parametrize("content", [b'"', b'1,"P1\r\n', b"\xff\xfe", b"1\r2"])
@pytest.mark.parametrize("name", ["pieces.csv", "bundles.csv"])
def test_a_list_that_is_no_csv_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    contents, manifest = right(), manifest_of(right())
    changed(name, content)(contents, manifest)
    with pytest.raises(PackageError):
        check_package(pack(tmp_path / "wrong.zip", contents, manifest), PASSWORD)


@pytest.mark.parametrize("bits", [128, 192, None])
def test_weaker_or_no_encryption_is_refused(tmp_path: Path, bits: int | None) -> None:
    with pytest.raises(PackageError, match="AES-256で暗号化されていない"):
        check_package(pack(tmp_path / "weak.zip", right(), manifest_of(right()), bits=bits), PASSWORD)


def test_one_member_that_slipped_in_unencrypted_is_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "mixed.zip", right(), manifest_of(right()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("print/notices-003.pdf", pdf(1))
    with pytest.raises(PackageError, match=r"notices-003\.pdfがAES-256で暗号化されていない"):
        check_package(path, PASSWORD)


def test_a_name_that_tells_something_is_refused_without_being_repeated(tmp_path: Path) -> None:
    path = pack(tmp_path / "names.zip", right() | {"髙﨑𠮷郎.pdf": pdf(1)}, manifest_of(right()))
    with pytest.raises(PackageError, match="6番目のファイル名が規則に合わない") as refused:
        check_package(path, PASSWORD)
    assert "髙" not in str(refused.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "twice.zip", right(), manifest_of(right()))
    with pyzipper.AESZipFile(path, "a", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD.encode())
        archive.writestr("pieces.csv", b"")
    with pytest.raises(PackageError, match=r"pieces\.csvが2個ある"):
        check_package(path, PASSWORD)


def test_a_package_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"目録（manifest\.json）がない"):
        check_package(pack(tmp_path / "none.zip", right(), None), PASSWORD)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{", b'{"round_id": 1}'])
def test_a_broken_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    with pytest.raises(PackageError, match="書式"):
        check_package(pack(tmp_path / "broken.zip", right(), manifest), PASSWORD)


@pytest.mark.parametrize("wrong", ["", "23456789ABCDEFGHJKLN", "パスワード"])
def test_a_wrong_password_is_told_as_such(tmp_path: Path, wrong: str) -> None:
    path = pack(tmp_path / "right.zip", right(), manifest_of(right()))
    with pytest.raises(PackageError, match="パスワードが一致しない"):
        check_package(path, wrong)


def test_every_single_damaged_byte_is_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "right.zip", right(), manifest_of(right()))
    whole = path.read_bytes()
    with pyzipper.AESZipFile(path) as archive:
        start = archive.getinfo("pieces.csv").header_offset
        end = archive.getinfo("bundles.csv").header_offset
    header = 30 + len("pieces.csv") + 11  # a stored name and extra field say nothing that is believed
    for place in range(start + header, end, 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(PackageError):
            check_package(path, PASSWORD)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(PackageError, match="壊れています"):
        check_package(tmp_path / "x.zip", PASSWORD)


def test_a_cut_off_package_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "right.zip", right(), manifest_of(right()))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PackageError, match="壊れています"):
        check_package(path, PASSWORD)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="開けません"):
        check_package(tmp_path / "none.zip", PASSWORD)
