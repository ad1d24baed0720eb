"""The disc: what may be on it, how its image is written, and how an image or a mounted disc is read back.

An image carries the same files under four name spaces, so that whatever reads the disc finds them: ISO 9660 (every
system), Rock Ridge (Unix), Joliet and UDF (Windows, macOS). Faults of the library that writes them have been of the
kind that one of them was right and another was not (a file behind the first GiB under UDF). So an image is read back
under each, from the very places that it names.

A name on a disc that cannot be one of ours might be a person's: it is counted, never told.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pycdlib
from pycdlib.pycdlibexception import PyCdlibException

from mailround.errors import PackageError

DVD_BYTES = 2_295_104 * 2048
"""What any single-layer DVD holds: a DVD+R, which has 3,392 sectors less than a DVD-R."""
_AROUND = 1 << 20
"""Room for the descriptors, the folders and the manifest, which have some 0.6 MB together."""
_ONE_PIECE = 0xFFFF_F800
"""The longest file that is in one piece under every name space: 4 GiB less a sector."""
MOST_BYTES = min(_ONE_PIECE, DVD_BYTES - _AROUND)
"""The longest package that goes onto a disc."""

_SPACES = {"iso_path": "ISO 9660", "rr_path": "Rock Ridge", "joliet_path": "Joliet", "udf_path": "UDF"}
"""What the library calls the name spaces, and what everybody does."""
_ALLOWED = re.compile(r"[0-9]{4}-[0-9]{2}-[a-z0-9]{1,16}\.zip|manifest\.json")
_READ_ONLY = 0o100444
_BLOCK = 1 << 20


class Contents(NamedTuple):
    """What stands at the top of a disc.

    ``files`` is name → SHA-256 of the wanted files that could be read, ``problems`` name → Japanese predicate of those
    that could not, ``others`` Japanese sentences without a full stop on what should not be there.
    """

    files: dict[str, str]
    problems: dict[str, str]
    others: tuple[str, ...]


def write_image(target: BinaryIO, label: str, files: Mapping[str, tuple[BinaryIO, int]]) -> None:
    """Write an image with these files, which are read as streams. Its time stamps are the clock's.

    Args:
        target: Where the image goes.
        label: The volume's name: at most 16 of A to Z, 0 to 9 and the underscore.
        files: By name; each is open for reading and has so many bytes.

    Raises:
        PackageError: A name does not belong on a disc, or a file is longer than ``MOST_BYTES``.
    """
    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, joliet=3, rock_ridge="1.09", udf="2.60", vol_ident=label, app_ident_str="MAILROUND")
    for name, (file, length) in files.items():
        if not _ALLOWED.fullmatch(name):
            raise PackageError("媒体に書いてよい名前でないファイルがあります。", "システム担当へ連絡してください。")
        require_room(length)
        path = f"/{name}"
        image.add_fp(
            *(file, length, f"/{_plain(name)}"), rr_name=name, joliet_path=path, udf_path=path, file_mode=_READ_ONLY
        )
    image.write_fp(target, blocksize=_BLOCK)
    image.close()


def require_room(length: int) -> None:
    """Pass when a file of so many bytes may go onto a disc.

    Raises:
        PackageError: It is longer than ``MOST_BYTES``; holds both numbers.
    """
    if length > MOST_BYTES:
        raise PackageError(
            f"パッケージ（{length:,} バイト）が、DVD 1枚に書ける大きさ（{MOST_BYTES:,} バイト）を超えています。",
            "媒体の引渡しの画面で「渡さずに中止する」を選び、対象を分けて、新しい回の番号で作り直してください。",
        )


def read_image(file: BinaryIO, wanted: Collection[str]) -> dict[str, Contents]:
    """Return what an image holds, by the title of each of its four name spaces.

    Raises:
        PackageError: It is not an image with all four, or it is damaged.
        OSError: The file cannot be read.
    """
    image = pycdlib.PyCdlib()
    try:
        image.open_fp(file)
        return {title: _read_space(image, file, space, wanted) for space, title in _SPACES.items()}
    except (PyCdlibException, struct.error, ValueError, IndexError, AttributeError, TypeError):
        # The last two: of a damaged image pycdlib follows records that are not there.
        raise PackageError(
            "媒体イメージを読み取れません（`mailround media image` で作ったものでないか、壊れています）。",
            "媒体をマウントしてそのフォルダを指定するか、イメージを作り直してください。",
        ) from None


def read_folder(folder: Path, wanted: Collection[str]) -> Contents:
    """Return what a mounted disc holds. Only the wanted files are read, and no link is followed.

    Raises:
        OSError: The folder cannot be listed.
    """
    names = sorted(each.name for each in folder.iterdir())
    found = Contents({}, {}, tuple(_others(names, wanted)))
    for name in sorted(set(names).intersection(wanted)):
        path = folder / name
        try:
            if stat.S_ISREG(path.lstat().st_mode):
                with path.open("rb") as file:
                    found.files[name] = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                found.problems[name] = "がファイルではない（リンクなど）"
        except OSError:
            found.problems[name] = "を読み取れない"
    return found


def differences(wanted: Mapping[str, str], found: Contents) -> Iterator[str]:
    """Yield, as Japanese phrases, in what a disc differs from the files it should hold, name → SHA-256."""
    for name, digest in wanted.items():
        if problem := found.problems.get(name):
            yield f"{name}{problem}"
        elif name not in found.files:
            yield f"{name}がない"
        elif found.files[name] != digest:
            yield f"{name}の内容が違う"
    yield from found.others


def _plain(name: str) -> str:
    """Return a name as ISO 9660 writes it: capitals, figures, the underscore and a point, then the version."""
    return f"{name.upper().replace('-', '_')};1"


def _read_space(image: pycdlib.PyCdlib, file: BinaryIO, space: str, wanted: Collection[str]) -> Contents:
    """Return what an open image holds under one name space."""
    paths = {_plain(name) if space == "iso_path" else name: name for name in wanted}
    _, folders, listed = next(image.walk(**{space: "/"}))
    names = [paths.get(each, each) for each in (*listed, *folders)]
    found = Contents({}, {}, tuple(_others(names, wanted)))
    for path, name in paths.items():
        if name not in names:
            continue
        try:
            found.files[name] = _sha256(file, image.get_file_byte_extents(**{space: f"/{path}"}))
        except PyCdlibException:
            found.problems[name] = "がファイルではない（リンクなど）"
    return found


def _sha256(file: BinaryIO, places: Sequence[tuple[int, int]]) -> str:
    """Return the digest of what stands at these places (offset and length), as far as the image goes."""
    digest = hashlib.sha256()
    for offset, length in places:
        file.seek(offset)
        left = length
        while block := file.read(min(left, _BLOCK)):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def _others(names: Collection[str], wanted: Collection[str]) -> Iterator[str]:
    """Yield what else there is, and what there is twice."""
    foreign = [name for name in names if name not in wanted]
    known = [name for name in foreign if _ALLOWED.fullmatch(name)]
    yield from (f"{name}がある（この回のものではない）" for name in known)
    if unknown := len(foreign) - len(known):
        yield f"ほかのファイルかフォルダが{unknown:,}個ある"
    yield from (f"{name}が{count}個ある" for name, count in Counter(names).items() if count > 1 and name in wanted)
