"""The disc: whitelisted names, the same files under all four name spaces, and every difference told without a name."""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pycdlib
import pytest

from mailround.disc import DVD_BYTES, MOST_BYTES, differences, read_folder, read_image, write_image
from mailround.errors import PackageError

ZIP, MANIFEST = "2026-11-change.zip", "manifest.json"
PACKAGE, LISTED = random.Random(1).randbytes(70_001), b'{"round_id": "2026-11-change"}'  # noqa: S311 - reproducible
WANTED = {ZIP: hashlib.sha256(PACKAGE).hexdigest(), MANIFEST: hashlib.sha256(LISTED).hexdigest()}
SPACES = ("ISO 9660", "Rock Ridge", "Joliet", "UDF")


def image(files: dict[str, bytes] | None = None, label: str = "ROUND_2026_11") -> bytes:
    target = io.BytesIO()
    given = {ZIP: PACKAGE, MANIFEST: LISTED} if files is None else files
    write_image(target, label, {name: (io.BytesIO(content), len(content)) for name, content in given.items()})
    return target.getvalue()


def forged(change: Callable[[pycdlib.PyCdlib], object]) -> bytes:
    """Return a sound image, changed by the library that wrote it."""
    target, made = io.BytesIO(), pycdlib.PyCdlib()
    made.open_fp(io.BytesIO(image()))
    change(made)
    made.write_fp(target)
    return target.getvalue()


def told(content: bytes) -> dict[str, list[str]]:
    """Return what is wrong with an image, by name space; a space in which nothing is wrong is left out."""
    read = read_image(io.BytesIO(content), WANTED)
    assert tuple(read) == SPACES
    return {space: faults for space, found in read.items() if (faults := list(differences(WANTED, found)))}


def test_an_image_reads_back_the_same_under_all_four_name_spaces() -> None:
    assert told(image()) == {}


@pytest.mark.parametrize("kind", ["udf", "iso"])
def test_seven_zip_takes_the_same_files_out_of_the_image(tmp_path: Path, kind: str) -> None:
    seven_zip = shutil.which("7z")
    assert seven_zip, "7-Zip is the independent reader of the image: apt-get install p7zip-full"
    (tmp_path / "disc.iso").write_bytes(image())
    done = subprocess.run(
        [seven_zip, "x", f"-t{kind}", "-oout", "disc.iso"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    out = tmp_path / "out"
    assert {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*")} == {
        ZIP: PACKAGE,
        MANIFEST: LISTED,
    }


def test_the_longest_and_the_shortest_round_number_fit_every_name_space() -> None:
    for name in ("2026-11-a.zip", "2026-11-abcdefghij012345.zip"):
        wanted = {name: WANTED[ZIP]}
        for found in read_image(io.BytesIO(image({name: PACKAGE})), wanted).values():
            assert list(differences(wanted, found)) == []


@pytest.mark.parametrize(
    "name",
    [
        "髙﨑𠮷郎.zip",
        "2026-11-change.ZIP",
        "2026-11-change.zip\n",
        "2026-11-change",
        "2026-11-abcdefghij0123456.zip",
        "sub/2026-11-change.zip",
        "../manifest.json",
        "MANIFEST.JSON",
        "readme.txt",
        "",
    ],
)
def test_a_name_outside_the_whitelist_is_never_written_nor_repeated(name: str) -> None:
    with pytest.raises(PackageError, match="媒体に書いてよい名前でない") as refused:
        image({MANIFEST: LISTED, name: PACKAGE})
    assert not name.strip() or name.strip() not in str(refused.value)


def test_a_file_that_no_dvd_or_no_name_space_takes_whole_is_refused_before_anything_is_written() -> None:
    target = io.BytesIO()
    with pytest.raises(PackageError) as refused:
        write_image(target, "ROUND_2026_11", {ZIP: (io.BytesIO(), MOST_BYTES + 1)})
    assert "（4,294,965,249 バイト）" in refused.value.happened
    assert "（4,294,965,248 バイト）" in refused.value.happened
    assert target.getvalue() == b""


def test_an_image_of_the_longest_file_fits_on_either_kind_of_dvd() -> None:
    around = len(image()) - len(PACKAGE) - len(LISTED)
    assert MOST_BYTES + around + len(LISTED) < DVD_BYTES < 2_298_496 * 2048


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (
            lambda made: made.rm_hard_link(udf_path=f"/{MANIFEST}"),
            {"UDF": ["manifest.jsonがない"]},
        ),
        (
            lambda made: made.rm_hard_link(joliet_path=f"/{ZIP}"),
            {"Joliet": ["2026-11-change.zipがない"]},
        ),
        (
            lambda made: made.rm_hard_link(iso_path="/MANIFEST.JSON;1"),
            {"ISO 9660": ["manifest.jsonがない"], "Rock Ridge": ["manifest.jsonがない"]},
        ),
        (
            lambda made: made.add_fp(io.BytesIO(b"x"), 1, udf_path="/髙﨑𠮷郎.txt"),
            {"UDF": ["ほかのファイルかフォルダが1個ある"]},
        ),
        (
            lambda made: made.add_fp(io.BytesIO(b"x"), 1, joliet_path="/2026-06-asset.zip"),
            {"Joliet": ["2026-06-asset.zipがある（この回のものではない）"]},
        ),
        (
            lambda made: made.add_directory(joliet_path="/more", udf_path="/more"),
            {"Joliet": ["ほかのファイルかフォルダが1個ある"], "UDF": ["ほかのファイルかフォルダが1個ある"]},
        ),
        (
            lambda made: (
                made.rm_hard_link(udf_path=f"/{ZIP}"),
                made.add_fp(io.BytesIO(PACKAGE[:-1]), len(PACKAGE) - 1, udf_path=f"/{ZIP}"),
            ),
            {"UDF": ["2026-11-change.zipの内容が違う"]},
        ),
        (
            lambda made: (made.rm_hard_link(udf_path=f"/{ZIP}"), made.add_directory(udf_path=f"/{ZIP}")),
            {"UDF": ["2026-11-change.zipがファイルではない（リンクなど）"]},
        ),
        (
            lambda made: (
                made.rm_hard_link(iso_path="/MANIFEST.JSON;1"),
                made.add_symlink("/MANIFEST.JSON;1", rr_symlink_name=MANIFEST, rr_path="/etc/hostname"),
            ),
            {space: ["manifest.jsonがファイルではない（リンクなど）"] for space in ("ISO 9660", "Rock Ridge")},
        ),
    ],
)
def test_a_fault_under_one_name_space_is_found_though_the_others_are_right(
    change: Callable[[pycdlib.PyCdlib], object], faults: dict[str, list[str]]
) -> None:
    assert told(forged(change)) == faults


def test_a_changed_bit_of_a_file_is_found_under_every_name_space() -> None:
    whole = bytearray(image())
    for content, name in ((PACKAGE, ZIP), (LISTED, MANIFEST)):
        place = whole.index(content)
        for offset in (0, len(content) // 2, len(content) - 1):
            whole[place + offset] ^= 1
            assert told(bytes(whole)) == {space: [f"{name}の内容が違う"] for space in SPACES}
            whole[place + offset] ^= 1


def test_an_image_cut_off_within_a_file_is_not_taken_for_whole() -> None:
    """Such an image has lost the end marks of UDF too; the library finds those at the start."""
    whole = image()
    with pytest.raises(PackageError, match="媒体イメージを読み取れません"):
        told(whole[: whole.index(PACKAGE) + 60_000])


def test_a_length_beyond_the_end_of_the_image_is_found_under_its_name_space() -> None:
    whole = bytearray(image())
    record = whole.index("2026-11-change.zip".encode("utf-16-be")) - 33
    length = len(PACKAGE)
    assert whole[record + 10 : record + 18] == length.to_bytes(4, "little") + length.to_bytes(4, "big")
    length += 1 << 20
    whole[record + 10 : record + 18] = length.to_bytes(4, "little") + length.to_bytes(4, "big")
    assert told(bytes(whole))["Joliet"] == ["2026-11-change.zipの内容が違う"]


def made_with(**options: object) -> bytes:
    """Return an image of the library's own making, without one or another name space."""
    target, made = io.BytesIO(), pycdlib.PyCdlib()
    made.new(interchange_level=3, **options)  # type: ignore[arg-type]  # options of several types
    names = {"rr_name": MANIFEST} if "rock_ridge" in options else {}
    names |= {f"{each}_path": f"/{MANIFEST}" for each in ("joliet", "udf") if each in options}
    made.add_fp(io.BytesIO(LISTED), len(LISTED), "/MANIFEST.JSON;1", **names)
    made.write_fp(target)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        PACKAGE,
        bytes(40_000),
        made_with(joliet=3, rock_ridge="1.09"),
        made_with(joliet=3, udf="2.60"),
        made_with(rock_ridge="1.09", udf="2.60"),
        made_with(),
    ],
    ids=["empty", "zip", "noise", "zeros", "no UDF", "no Rock Ridge", "no Joliet", "plain"],
)
def test_what_is_no_image_with_all_four_name_spaces_is_refused(content: bytes) -> None:
    with pytest.raises(PackageError, match="媒体イメージを読み取れません"):
        read_image(io.BytesIO(content), WANTED)


def test_a_damaged_image_is_read_or_refused_and_never_crashes() -> None:
    whole, chance = image(), random.Random(7)  # noqa: S311 - reproducible
    used = [place for place, byte in enumerate(whole[: whole.index(PACKAGE)]) if byte]
    refused = 0
    for place in chance.sample(used, 300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        try:
            read_image(io.BytesIO(bytes(damaged)), WANTED)
        except PackageError:
            refused += 1
    assert 0 < refused < 300


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """A folder that shows what a mounted disc shows."""
    folder = tmp_path / "disc"
    folder.mkdir()
    (folder / ZIP).write_bytes(PACKAGE)
    (folder / MANIFEST).write_bytes(LISTED)
    return folder


def changed(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


def linked(folder: Path) -> None:
    (folder / ZIP).rename(folder.parent / "elsewhere.zip")
    (folder / ZIP).symlink_to(folder.parent / "elsewhere.zip")


def piped(folder: Path) -> None:
    (folder / ZIP).unlink()
    os.mkfifo(folder / ZIP)


def in_a_folder(folder: Path) -> None:
    (folder / "2026").mkdir()
    for name in (ZIP, MANIFEST):
        (folder / name).rename(folder / "2026" / name)


def test_a_disc_with_both_files_and_nothing_else_is_right(mounted: Path) -> None:
    assert list(differences(WANTED, read_folder(mounted, WANTED))) == []


@pytest.mark.parametrize(
    ("fault", "faults"),
    [
        (lambda disc: (disc / ZIP).unlink(), ["2026-11-change.zipがない"]),
        (lambda disc: (disc / MANIFEST).unlink(), ["manifest.jsonがない"]),
        (lambda disc: changed(disc, ZIP, PACKAGE[:-1]), ["2026-11-change.zipの内容が違う"]),
        (lambda disc: changed(disc, ZIP, PACKAGE + b"\0"), ["2026-11-change.zipの内容が違う"]),
        (lambda disc: changed(disc, ZIP, b""), ["2026-11-change.zipの内容が違う"]),
        (lambda disc: changed(disc, MANIFEST, b"{}"), ["manifest.jsonの内容が違う"]),
        (linked, ["2026-11-change.zipがファイルではない（リンクなど）"]),
        (piped, ["2026-11-change.zipがファイルではない（リンクなど）"]),
        (
            in_a_folder,
            ["2026-11-change.zipがない", "manifest.jsonがない", "ほかのファイルかフォルダが1個ある"],
        ),
        (
            lambda disc: [changed(disc, name, b"") for name in ("髙﨑𠮷郎.txt", "Thumbs.db", ".hidden")],
            ["ほかのファイルかフォルダが3個ある"],
        ),
        (
            lambda disc: (disc / ZIP).rename(disc / "2026-06-asset.zip"),
            ["2026-11-change.zipがない", "2026-06-asset.zipがある（この回のものではない）"],
        ),
        (
            lambda disc: (disc / ZIP).rename(disc / ZIP.upper()),
            ["2026-11-change.zipがない", "ほかのファイルかフォルダが1個ある"],
        ),
    ],
)
def test_what_a_mounted_disc_lacks_or_has_too_much_is_told(
    mounted: Path, fault: Callable[[Path], object], faults: list[str]
) -> None:
    fault(mounted)
    assert list(differences(WANTED, read_folder(mounted, WANTED))) == faults


def test_a_file_that_cannot_be_read_is_told_and_the_other_still_looked_at(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scratched disc fails in the middle of a file; root may read everything, so rights cannot stand for it."""
    digest = hashlib.file_digest

    def scratched(file: io.BufferedReader, name: str) -> object:
        if file.name.endswith(ZIP):
            raise OSError(5, "Input/output error")
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", scratched)
    changed(mounted, MANIFEST, b"{}")
    assert list(differences(WANTED, read_folder(mounted, WANTED))) == [
        "2026-11-change.zipを読み取れない",
        "manifest.jsonの内容が違う",
    ]


def test_a_name_that_is_no_text_is_counted(mounted: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.fsencode(mounted) + b"/\xff\xfe")
    assert list(differences(WANTED, read_folder(mounted, WANTED))) == ["ほかのファイルかフォルダが1個ある"]
