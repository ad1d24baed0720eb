"""The image to burn: only of the approved package, with its own manifest, recorded as it is, and gone with the rest."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from mailround import media_image
from mailround.context import PASSWORD, RoundContext
from mailround.disc import MOST_BYTES, differences, read_image
from mailround.errors import GateClosedError, PackageError, RoundEndedError, VaultError
from mailround.media_image import image_path, make_image
from mailround.model import Recipient
from mailround.purge import erase, require_only
from mailround.register.entries import MediaImaged, ReleaseApproved, ReleaseRefused, latest, standing
from mailround.seal import package_path, seal
from prepared import AT, hand_over, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


def seal_two_pieces(opened: RoundContext, make_recipient: Maker) -> None:
    print_round(opened, make_recipient, pieces=2)
    seal(opened, at=AT)


@pytest.fixture
def sealed(round_after: Opener) -> RoundContext:
    return round_after(seal_two_pieces)


@pytest.fixture
def work(sealed: RoundContext) -> RoundContext:
    """A round whose package is approved."""
    record(sealed, ReleaseApproved(package_sha256=sha256(package(sealed)), answered_at=AT))
    return sealed


def package(work: RoundContext) -> Path:
    return package_path(work.settings, work.round_id)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def in_the_package_folder(work: RoundContext) -> set[str]:
    return {path.name for path in package(work).parent.iterdir()}


def test_the_image_holds_the_package_and_its_manifest_under_every_name_space(work: RoundContext) -> None:
    made = make_image(work, at=AT)
    manifest = package(work).with_name("manifest.json")
    wanted = {"2026-11-change.zip": sha256(package(work)), "manifest.json": sha256(manifest)}
    with image_path(work.settings, work.round_id).open("rb") as file:
        for found in read_image(file, wanted).values():
            assert list(differences(wanted, found)) == []
    assert (made.package_sha256, made.manifest_sha256) == (wanted["2026-11-change.zip"], wanted["manifest.json"])


def test_the_register_says_which_image_was_made_of_what(work: RoundContext) -> None:
    made = make_image(work, at=AT)
    path = image_path(work.settings, work.round_id)
    assert (made.bytes, made.sha256) == (path.stat().st_size, sha256(path))
    assert standing(work.entries, MediaImaged) == [made]
    assert work.entries[-1].actor == "mailround"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_seven_zip_opens_the_package_on_the_image(work: RoundContext, tmp_path: Path) -> None:
    seven_zip = shutil.which("7z")
    assert seven_zip, "7-Zip is the independent reader of the image: apt-get install p7zip-full"
    make_image(work, at=AT)
    secret = work.vault.open(work.round_id, PASSWORD).decode("ascii")
    image = image_path(work.settings, work.round_id)
    for arguments in (["x", str(image)], ["t", f"-p{secret}", "2026-11-change.zip"]):
        done = subprocess.run([seven_zip, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert (tmp_path / "manifest.json").read_bytes() == package(work).with_name("manifest.json").read_bytes()


def test_an_image_that_is_recorded_and_still_there_is_not_made_again(work: RoundContext) -> None:
    first = make_image(work, at=AT)
    path = image_path(work.settings, work.round_id)
    before = path.stat()
    work.vault.destroy(work.round_id, PASSWORD)  # as once the password notice is made: a second disc may be burned
    assert make_image(work, at=AT) == first
    assert path.stat() == before
    assert standing(work.entries, MediaImaged) == [first]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"half of it")])
def test_an_image_that_is_gone_or_damaged_is_made_anew_and_recorded(
    work: RoundContext, damage: Callable[[Path], object]
) -> None:
    make_image(work, at=AT)
    damage(image_path(work.settings, work.round_id))
    again = make_image(work, at=AT)
    assert sha256(image_path(work.settings, work.round_id)) == again.sha256
    assert latest(work.entries, MediaImaged) == again


def test_without_the_password_a_new_image_is_refused(work: RoundContext) -> None:
    work.vault.destroy(work.round_id, PASSWORD)
    with pytest.raises(VaultError):
        make_image(work, at=AT)


def test_a_package_that_nobody_approved_is_not_imaged(sealed: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="承認が管理簿にない"):
        make_image(sealed, at=AT)
    assert in_the_package_folder(sealed) == {"2026-11-change.zip", "bundles.csv", "manifest.json"}


def test_the_approval_of_another_sealing_does_not_count(sealed: RoundContext) -> None:
    record(sealed, ReleaseApproved(package_sha256="a" * 64, answered_at=AT))
    with pytest.raises(GateClosedError, match="承認が管理簿にない"):
        make_image(sealed, at=AT)


def test_a_package_changed_after_its_approval_is_not_imaged(work: RoundContext) -> None:
    with package(work).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(GateClosedError, match="封緘の記録と一致しません（点検表7）"):
        make_image(work, at=AT)
    assert standing(work.entries, MediaImaged) == []


def test_a_package_that_is_gone_is_not_imaged(work: RoundContext) -> None:
    package(work).unlink()
    with pytest.raises(GateClosedError, match="ファイルがありません（点検表7）"):
        make_image(work, at=AT)


def test_a_round_that_was_given_up_is_not_imaged(work: RoundContext) -> None:
    record(work, ReleaseRefused(package_sha256=sha256(package(work)), answered_at=AT))
    with pytest.raises(RoundEndedError):
        make_image(work, at=AT)


def test_a_round_given_up_while_its_image_is_written_leaves_no_image(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(target: BinaryIO, *arguments: object) -> None:
        record(work, ReleaseRefused(package_sha256=sha256(package(work)), answered_at=AT))
        erase(work)
        target.write(image)

    make_image(work, at=AT)
    path = image_path(work.settings, work.round_id)
    image = path.read_bytes()
    path.unlink()
    monkeypatch.setattr(media_image, "write_image", meanwhile)
    with pytest.raises(RoundEndedError):
        make_image(work, at=AT)
    assert in_the_package_folder(work) == {"manifest.json"}


@pytest.mark.parametrize("beside", [None, b"", b"{}"])
def test_a_manifest_that_is_not_the_one_inside_the_package_is_refused(work: RoundContext, beside: bytes | None) -> None:
    manifest = package(work).with_name("manifest.json")
    manifest.unlink()
    if beside is not None:
        manifest.write_bytes(beside)
    with pytest.raises(PackageError, match="パッケージの中の目録と違うか、ありません"):
        make_image(work, at=AT)
    assert not image_path(work.settings, work.round_id).exists()


def test_a_package_too_long_for_a_dvd_is_told_with_both_numbers_before_it_is_read(work: RoundContext) -> None:
    os.truncate(package(work), 5_000_000_000)  # sparse: it takes no room, and no time unless somebody reads it
    with pytest.raises(PackageError) as refused:
        make_image(work, at=AT)
    assert "5,000,000,000 バイト" in refused.value.happened
    assert f"{MOST_BYTES:,} バイト" in refused.value.happened
    assert "DVD 1枚" in refused.value.happened


def test_an_image_that_does_not_read_back_is_refused_and_the_old_one_stays(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = image_path(work.settings, work.round_id)
    path.write_bytes(b"an image of an earlier version")
    write = media_image.write_image

    def failing(target: BinaryIO, label: str, files: dict[str, tuple[BinaryIO, int]]) -> None:
        name, (content, length) = next(iter(files.items()))
        whole = bytearray(content.read())
        whole[-1] ^= 1
        write(target, label, files | {name: (io.BytesIO(whole), length)})

    monkeypatch.setattr(media_image, "write_image", failing)
    with pytest.raises(PackageError, match=r"2026-11-change\.zipの内容が違う（UDF）"):
        make_image(work, at=AT)
    assert path.read_bytes() == b"an image of an earlier version"
    assert in_the_package_folder(work) == {"2026-11-change.zip", "2026-11-change.iso", "bundles.csv", "manifest.json"}
    assert standing(work.entries, MediaImaged) == []


def test_a_full_disk_leaves_neither_half_an_image_nor_an_entry(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: BinaryIO, *arguments: object) -> None:
        target.write(b"x" * 1000)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(media_image, "write_image", full)
    with pytest.raises(OSError, match="No space"):
        make_image(work, at=AT)
    assert in_the_package_folder(work) == {"2026-11-change.zip", "bundles.csv", "manifest.json"}
    assert standing(work.entries, MediaImaged) == []


def test_the_image_goes_when_everything_of_the_round_is_erased(work: RoundContext) -> None:
    make_image(work, at=AT)
    half = package(work).with_name(f".{work.round_id}.iso.0123456789abcdef.partial")
    half.write_bytes(b"of a killed writer")
    erase(work, index=True)
    left = ("outbox/2026-11-change/evidence/templates.jsonl", "outbox/2026-11-change/package/manifest.json")
    assert require_only(work) == left


def test_a_second_disc_may_be_made_after_the_handover(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient, pieces=2)
    hand_over(work)
    assert make_image(work, at=AT).package_sha256 == sha256(package(work))
