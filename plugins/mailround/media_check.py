"""Compare a burned disc with what its image was made of, before it leaves the house.

A disc that cannot be read, an older sealing, or the disc of another round costs the contractor a day at best; at worst
another round's letters are printed a second time. What the disc must hold stands in the register, so the check can be
made as long as the register is there, also of a disc that has come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mailround.context import RoundContext
from mailround.disc import Contents, differences, read_folder, read_image
from mailround.errors import GateClosedError, PackageError, RegisterError
from mailround.forms import Tag
from mailround.media_numbers import taken
from mailround.package_check import MANIFEST
from mailround.register.entries import Entry, MediaChecked, MediaImaged, Sealed, latest

_TAG: TypeAdapter[str] = TypeAdapter(Tag)
_SHOWN = 10


def check_disc(work: RoundContext, place: Path, media_no: str, *, at: datetime) -> MediaChecked:
    """Read a disc to its last byte, compare it with its round's package and manifest, and record that it is right.

    Args:
        work: The round whose disc it should be; its image is made.
        place: The folder where the disc is mounted, or an image file.
        media_no: The number on the disc's label.
        at: The time of the entry.

    Returns:
        What the register says of the disc.

    Raises:
        GateClosedError: The package is not approved, or no image was made of it.
        PackageError: The disc is not what it should be; says in what. Nothing is recorded.
        RegisterError: The number is none, or belongs to a disc with another package.
        RoundEndedError: The round is ended.
    """
    sealed, entries = work.released(Sealed), work.entries
    made = latest(entries, MediaImaged)
    if sealed is None or made is None or made.package_sha256 != sealed.sha256:
        raise GateClosedError(
            "承認されたパッケージの媒体イメージの記録がないため、媒体を照合できません。",
            f"承認の後に `mailround media image {work.round_id}` で作り、媒体に書き込んでください。",
        )
    everything = work.register.entries()
    number = _number(media_no, sealed, everything)
    wanted = {f"{work.round_id}.zip": made.package_sha256, MANIFEST: made.manifest_sha256}
    read = _read(place, wanted)
    if faults := [*_faults(wanted, read), *_whose(work, wanted, read, everything)]:
        more = f"、ほか{len(faults) - _SHOWN}件" if len(faults) > _SHOWN else ""
        raise PackageError(
            f"媒体「{number}」は、回「{work.round_id}」の媒体として使えません：{'、'.join(faults[:_SHOWN])}{more}。",
            "この媒体は渡さないでください。書き損じなら物理的に破壊し、別の媒体に書き直して照合してください。"
            "別の回の媒体なら、その回の保管場所に戻してください。",
        )
    body = MediaChecked(media_no=number, package_sha256=made.package_sha256, manifest_sha256=made.manifest_sha256)
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return body


def _number(media_no: str, sealed: Sealed, entries: Iterable[Entry]) -> str:
    """Return the number as it is recorded, unless a disc with another package has it."""
    try:
        number = _TAG.validate_python(media_no)
    except ValidationError:
        raise RegisterError(
            "媒体番号が正しくありません。",
            "媒体のラベルの番号を、半角の英数字・ハイフン・点で16字以内（例：DVD-0001）で入力してください。",
        ) from None
    if entry := taken(entries, number, sealed.sha256):
        raise RegisterError(
            f"媒体番号「{number}」は、既に回「{entry.round_id}」の媒体の番号です（管理簿 第{entry.seq}号）。",
            "媒体とラベルを取り違えていないか確かめ、新しい媒体には新しい番号を付けてください。",
        )
    return number


def _read(place: Path, wanted: Mapping[str, str]) -> dict[str, Contents]:
    """Return what stands on the disc, by the title of the name space; a mounted disc shows one, without a title."""
    try:
        if place.is_dir():
            return {"": read_folder(place, wanted)}
        if place.is_file():
            with place.open("rb") as image:
                return read_image(image, wanted)
    except OSError:
        raise PackageError(
            "媒体を読み取れません。",
            "媒体を入れ直し、マウントと読み取り権限を確かめてください。直らなければ、別の媒体に書き直してください。",
        ) from None
    raise PackageError(
        "指定された場所に、媒体のフォルダもイメージのファイルもありません。",
        "媒体をマウントしたフォルダか、末尾が .iso のファイルを指定してください。",
    )


def _faults(wanted: Mapping[str, str], read: Mapping[str, Contents]) -> Iterator[str]:
    """Yield every difference once, with the name spaces that show it."""
    spaces: dict[str, list[str]] = {}
    for space, found in read.items():
        for fault in differences(wanted, found):
            spaces.setdefault(fault, []).append(space)
    for fault, shown in spaces.items():
        yield fault + (f"（{'・'.join(shown)}）" if any(shown) else "")


def _whose(
    work: RoundContext, wanted: Mapping[str, str], read: Mapping[str, Contents], entries: Iterable[Entry]
) -> Iterator[str]:
    """Yield whose package it is that stands on the disc under this round's name."""
    foreign = {digest for found in read.values() for digest in found.files.values()}.difference(wanted.values())
    for entry in entries:
        if isinstance(entry.body, Sealed) and entry.body.sha256 in foreign:
            if entry.round_id == work.round_id:
                yield "中身は、この回の、承認されていない封緘のパッケージ"
            else:
                yield f"中身は、回「{entry.round_id}」のパッケージ"
