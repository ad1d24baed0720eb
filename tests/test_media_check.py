"""A burned disc against its round: only a right one is recorded, and of a wrong one it is told what is wrong."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailround.context import RoundContext
from mailround.errors import GateClosedError, PackageError, RegisterError, RoundEndedError
from mailround.media_check import check_disc
from mailround.media_image import image_path, make_image
from mailround.model import Recipient
from mailround.purge import erase
from mailround.register.entries import (
    Correction,
    MediaChecked,
    MediaHandedOver,
    MediaImaged,
    ReleaseApproved,
    ReleaseRefused,
    Sealed,
    latest,
    standing,
)
from mailround.seal import package_path, seal
from prepared import AT, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]

ZIP = "2026-11-change.zip"


def imaged(opened: RoundContext, make_recipient: Maker) -> None:
    print_round(opened, make_recipient, pieces=2)
    sealed = seal(opened, at=AT)
    record(opened, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    make_image(opened, at=AT)


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    """A round whose image is made."""
    return round_after(imaged)


@pytest.fixture
def disc(work: RoundContext, tmp_path: Path) -> Path:
    """The folder in which a right disc is mounted."""
    folder = tmp_path / "disc"
    folder.mkdir()
    package = package_path(work.settings, work.round_id)
    for path in (package, package.with_name("manifest.json")):
        shutil.copy(path, folder)
    return folder


def handed_over(work: RoundContext, media_no: str, package_sha256: str = "f" * 64) -> None:
    record(
        work,
        MediaHandedOver(
            package_sha256=package_sha256,
            giver="officer",
            receiver="C-001",
            handed_over_at=AT,
            media_no=media_no,
            quantity=1,
            bag_no="BAG-01",
            locked=True,
            storage="耐火金庫1",
        ),
    )


def test_a_right_disc_is_recorded_under_its_number(work: RoundContext, disc: Path) -> None:
    checked = check_disc(work, disc, " DVD-0001 ", at=AT)
    package = package_path(work.settings, work.round_id)
    assert checked == MediaChecked(
        media_no="DVD-0001",
        package_sha256=hashlib.sha256(package.read_bytes()).hexdigest(),
        manifest_sha256=hashlib.sha256(package.with_name("manifest.json").read_bytes()).hexdigest(),
    )
    assert work.entries[-1].body == checked


def test_the_image_itself_is_right(work: RoundContext) -> None:
    assert check_disc(work, image_path(work.settings, work.round_id), "DVD-0001", at=AT).media_no == "DVD-0001"


def test_an_image_read_off_a_disc_may_be_padded(work: RoundContext, tmp_path: Path) -> None:
    content = image_path(work.settings, work.round_id).read_bytes()
    (tmp_path / "read.iso").write_bytes(content + bytes(150 * 2048))
    assert check_disc(work, tmp_path / "read.iso", "DVD-0001", at=AT).media_no == "DVD-0001"


def test_every_disc_has_an_entry_of_its_own_and_a_second_check_of_one_none(work: RoundContext, disc: Path) -> None:
    for media_no in ("DVD-0001", "DVD-0002", "DVD-0001"):
        check_disc(work, disc, media_no, at=AT)
    assert [each.media_no for each in standing(work.entries, MediaChecked)] == ["DVD-0001", "DVD-0002"]


def test_a_disc_that_comes_back_after_the_purge_can_still_be_checked(work: RoundContext, disc: Path) -> None:
    erase(work)
    assert check_disc(work, disc, "DVD-0001", at=AT).media_no == "DVD-0001"


def another_rounds(disc: Path) -> None:
    (disc / ZIP).rename(disc / "2026-06-asset.zip")
    (disc / "manifest.json").write_bytes(b"{}")


def linked(disc: Path) -> None:
    shutil.move(disc / ZIP, disc.parent / ZIP)
    (disc / ZIP).symlink_to(disc.parent / ZIP)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda disc: (disc / ZIP).unlink(), "：2026-11-change.zipがない。"),
        (lambda disc: (disc / "manifest.json").unlink(), "：manifest.jsonがない。"),
        (lambda disc: (disc / "髙﨑𠮷郎.txt").touch(), "：ほかのファイルかフォルダが1個ある。"),
        (lambda disc: (disc / ZIP).write_bytes((disc / ZIP).read_bytes()[:-1]), "：2026-11-change.zipの内容が違う。"),
        (
            another_rounds,
            "：2026-11-change.zipがない、manifest.jsonの内容が違う、2026-06-asset.zipがある（この回のものではない）。",
        ),
        (linked, "：2026-11-change.zipがファイルではない（リンクなど）。"),
    ],
)
def test_a_wrong_disc_is_told_and_not_recorded(
    work: RoundContext, disc: Path, fault: Callable[[Path], object], message: str
) -> None:
    fault(disc)
    with pytest.raises(PackageError) as refused:
        check_disc(work, disc, "DVD-0001", at=AT)
    assert refused.value.happened.endswith(message)
    assert refused.value.happened.startswith("媒体「DVD-0001」は、回「2026-11-change」の媒体として使えません")
    assert "渡さないで" in refused.value.remedy
    assert standing(work.entries, MediaChecked) == []


def test_a_wrong_image_is_told_once_with_all_its_name_spaces(work: RoundContext, tmp_path: Path) -> None:
    content = bytearray(image_path(work.settings, work.round_id).read_bytes())
    package = package_path(work.settings, work.round_id).read_bytes()
    content[content.index(package) + 5000] ^= 1
    (tmp_path / "read.iso").write_bytes(content)
    with pytest.raises(PackageError) as refused:
        check_disc(work, tmp_path / "read.iso", "DVD-0001", at=AT)
    assert refused.value.happened.endswith("：2026-11-change.zipの内容が違う（ISO 9660・Rock Ridge・Joliet・UDF）。")


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("2026-11-change", "中身は、この回の、承認されていない封緘のパッケージ"),
        ("2026-06-asset", "中身は、回「2026-06-asset」のパッケージ"),
    ],
)
def test_a_package_under_this_rounds_name_is_told_whose_it_is(
    work: RoundContext, disc: Path, owner: str, message: str
) -> None:
    """As when the round was sealed again after a disc was burned, or a file was renamed to make a check go through."""
    (disc / ZIP).write_bytes(b"another package")
    last = latest(work.entries, Sealed)
    assert last
    foreign = last.model_copy(update={"sha256": hashlib.sha256(b"another package").hexdigest()})
    work.register.append(foreign, round_id=owner, actor="mailround", at=AT)
    if owner == work.round_id:
        record(work, Correction(corrects=work.entries[-1].seq, reason="封緘し直した"))
    with pytest.raises(PackageError) as refused:
        check_disc(work, disc, "DVD-0001", at=AT)
    assert message in refused.value.happened


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("nothing/there", "媒体のフォルダもイメージのファイルもありません"),
        ("noise.iso", "媒体イメージを読み取れません"),
    ],
)
def test_a_place_without_a_disc_is_told(work: RoundContext, tmp_path: Path, where: str, message: str) -> None:
    (tmp_path / "noise.iso").write_bytes(b"noise" * 10_000)
    with pytest.raises(PackageError, match=message):
        check_disc(work, tmp_path / where, "DVD-0001", at=AT)


def test_a_drive_that_cannot_be_read_is_told(work: RoundContext, disc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so a drive that gives up stands for rights that are missing too."""

    def gone(place: Path, wanted: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("mailround.media_check.read_folder", gone)
    with pytest.raises(PackageError, match="媒体を読み取れません"):
        check_disc(work, disc, "DVD-0001", at=AT)


@pytest.mark.parametrize("media_no", ["", "DVD 0001", "ＤＶＤ１", "髙﨑𠮷郎", "-1", "23456789ABCDEFGHJKLM"])
def test_what_is_no_number_of_a_medium_is_refused_without_being_repeated(
    work: RoundContext, disc: Path, media_no: str
) -> None:
    with pytest.raises(RegisterError, match="媒体番号が正しくありません") as refused:
        check_disc(work, disc, media_no, at=AT)
    assert not media_no or media_no not in str(refused.value)


@pytest.mark.parametrize("again", ["DVD-0001", "dvd-0001"])
def test_one_number_is_never_on_discs_with_two_packages(
    work: RoundContext, disc: Path, open_a_round: Opener, again: str
) -> None:
    handed_over(open_a_round(round_id="2026-06-asset", kind="asset_declaration"), "DVD-0001")
    with pytest.raises(RegisterError, match=r"既に回「2026-06-asset」の媒体の番号です（管理簿 第\d+号）"):
        check_disc(work, disc, again, at=AT)
    assert check_disc(work, disc, "DVD-0002", at=AT).media_no == "DVD-0002"


def test_a_number_recorded_by_mistake_is_free_again(work: RoundContext, disc: Path, open_a_round: Opener) -> None:
    other = open_a_round(round_id="2026-06-asset", kind="asset_declaration")
    record(other, MediaChecked(media_no="DVD-0001", package_sha256="f" * 64, manifest_sha256="e" * 64))
    record(other, Correction(corrects=other.entries[-1].seq, reason="番号の誤り"))
    assert check_disc(work, disc, "DVD-0001", at=AT).media_no == "DVD-0001"


def test_without_an_approval_there_is_nothing_to_compare_with(open_a_round: Opener, disc: Path) -> None:
    unsealed = open_a_round(round_id="2026-06-asset", kind="asset_declaration")
    with pytest.raises(GateClosedError, match="媒体イメージの記録がない"):
        check_disc(unsealed, disc, "DVD-0001", at=AT)


def test_the_image_of_an_earlier_sealing_does_not_count(work: RoundContext, disc: Path) -> None:
    made = latest(work.entries, MediaImaged)
    assert made
    record(work, made.model_copy(update={"package_sha256": "a" * 64}))
    with pytest.raises(GateClosedError, match="媒体イメージの記録がない"):
        check_disc(work, disc, "DVD-0001", at=AT)


def test_a_disc_of_a_round_that_was_given_up_is_never_right(work: RoundContext, disc: Path) -> None:
    record(work, ReleaseRefused(package_sha256="a" * 64, answered_at=AT))
    with pytest.raises(RoundEndedError):
        check_disc(work, disc, "DVD-0001", at=AT)
    assert standing(work.entries, MediaChecked) == []
