"""The image to burn: the approved package and its manifest as one file for any burning program, read back at once.

A person who drags files onto a disc can forget one or take one too many. An image cannot be put together wrongly, and
what it must be is in the register: `media_check` compares the burned disc with it.

The image lies beside the package and goes with it when the round is purged. The library writes the clock's time into
it, so that two images of one package differ in their bytes; one that is recorded and still there is not made again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

import pyzipper

from mailround.approve_release import release_of
from mailround.context import PASSWORD, RoundContext
from mailround.disc import differences, read_image, require_room, write_image
from mailround.errors import GateClosedError, PackageError
from mailround.gates import HANDOVER, require
from mailround.package_check import MANIFEST
from mailround.private_files import opened, read, replacing, sha256, size
from mailround.register.entries import MediaImaged, Sealed, latest
from mailround.seal import package_path
from mailround.settings import Location, Settings

_YEAR_AND_MONTH = 7
_AGAIN = "`mailround media image` をもう一度実行してください。直らなければシステム担当へ連絡してください。"


def image_path(settings: Settings, round_id: str) -> Location:
    """Return where a round's image lies: in the folder that the purge empties."""
    return package_path(settings, round_id).with_suffix(".iso")


def make_image(work: RoundContext, *, at: datetime) -> MediaImaged:
    """Make the image of the approved package, read it back through every name space, and record it.

    Args:
        work: The round. Its password is still in the vault: the manifest is taken out of the package itself.
        at: The time of the entry.

    Returns:
        What the register says of the image.

    Raises:
        GateClosedError: The package is not approved, or is not what was approved.
        PackageError: It is too long for a DVD, the manifest beside it is not the one inside, or the image does not
            read back as what it was made of; an earlier image stays.
        RoundEndedError: The round is ended.
        VaultError: The password is destroyed, and there is no recorded image any more.
    """
    package, target = package_path(work.settings, work.round_id), image_path(work.settings, work.round_id)
    require_room(size(package) or 0)
    sealed = work.released(Sealed)
    if sealed is None:
        raise GateClosedError(
            "引渡しの承認が管理簿にないため、媒体イメージを作れません（点検表19）。",
            "Airflowの「09 引渡し承認」で承認されてから、もう一度実行してください。",
        )
    require(HANDOVER, release_of(work), work.opened.posting_date)
    made = latest(work.entries, MediaImaged)
    if made and made.package_sha256 == sealed.sha256 and sha256(target) == made.sha256:
        return made
    manifest = _manifest(work, package)
    wanted = {package.name: sealed.sha256, MANIFEST: hashlib.sha256(manifest).hexdigest()}
    label = f"ROUND_{work.round_id[:_YEAR_AND_MONTH].replace('-', '_')}"
    with replacing(target) as image:
        with opened(package) as file:
            listed: BinaryIO = io.BytesIO(manifest)
            files = {package.name: (file, sealed.bytes), MANIFEST: (listed, len(manifest))}
            write_image(image, label, files)
        _require_read_back(image, wanted)
        work.released(Sealed)  # somebody may have given the round up meanwhile, and all there was of it is erased
    length, digest = size(target), sha256(target)
    if length is None or digest is None:
        raise PackageError("作った媒体イメージが、その場所にありません。", _AGAIN)
    body = MediaImaged(
        package_sha256=sealed.sha256,
        manifest_sha256=wanted[MANIFEST],
        bytes=length,
        sha256=digest,
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return body


def _require_read_back(image: BinaryIO, wanted: Mapping[str, str]) -> None:
    read = read_image(image, wanted)
    faults = [f"{fault}（{space}）" for space, found in read.items() for fault in differences(wanted, found)]
    if faults:
        raise PackageError(f"作った媒体イメージに誤りがあります：{'、'.join(faults)}。", _AGAIN)


def _manifest(work: RoundContext, package: Location) -> bytes:
    """Return the manifest out of the package, which the approval covers, unless the one beside it says otherwise."""
    with opened(package) as file, pyzipper.AESZipFile(file) as archive:
        archive.setpassword(work.vault.open(work.round_id, PASSWORD))
        manifest = bytes(archive.read(MANIFEST))
    beside = package.with_name(MANIFEST)
    if size(beside) is None or read(beside) != manifest:
        raise PackageError(
            f"パッケージの隣の目録（{MANIFEST}）が、パッケージの中の目録と違うか、ありません。",
            "目録を書き換えた人がいないか確かめ、システム担当へ連絡してください。",
        )
    return manifest
