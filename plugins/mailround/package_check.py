"""Check a sealed package member by member against its manifest: in `seal` before it replaces the old one, and by hand.

The manifest says what the package holds; this module believes none of it. It decrypts every member, hashes it, counts
the rows of the lists and, with PDFium, the pages of the PDFs, and looks whether the lists agree with the PDFs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pypdfium2
import pyzipper
from pydantic import BaseModel, ConfigDict, ValidationError

from mailround.errors import PackageError

MANIFEST = "manifest.json"
PIECES = "pieces.csv"
BUNDLES = "bundles.csv"
BUNDLE_COLUMNS = ("bundle", "first_piece_seq", "last_piece_seq", "pieces", "pages")

_NEUTRAL = re.compile(r"print/[a-z]+-[0-9]{3,5}\.pdf|pieces\.csv|bundles\.csv|manifest\.json")
_AES_256 = 3
_BLOCK = 1 << 20
_SHOWN = 10
_RESEAL = "このパッケージは引き渡さず、封緘の工程からやり直してください。"


class PieceRow(NamedTuple):
    """One line of pieces.csv. A tuple, because a round has thousands and the writer takes it as it is.

    ``barcode`` is the customer barcode's 67 bars as letters, as in `Piece`; empty where the piece has none.
    """

    piece_seq: int
    piece_id: str
    file: str
    first_page: int
    pages: int
    bundle: str
    enclosure_set: str
    postcode: str
    barcode: str


PIECE_COLUMNS = PieceRow._fields


class Member(BaseModel):
    """One file of the package. PDFs have ``pages``, lists have ``rows`` (without the header)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    bytes: int
    pages: int | None = None
    rows: int | None = None


class Totals(BaseModel):
    """What the whole package adds up to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pieces: int
    pages: int
    bundles: int


class Manifest(BaseModel):
    """``manifest.json``: every other member of the package. Holds no personal data; a copy lies beside the ZIP."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    round_id: str
    kind: str
    algorithm: str
    software: str
    totals: Totals
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class PackageReport:
    """A package whose every member is what the manifest says. ``members`` counts the manifest too."""

    manifest: Manifest
    members: int
    pieces: int
    pages: int
    bytes: int
    sha256: str


def check_package(path: Path, password: str) -> PackageReport:
    """Check a package file.

    Raises:
        PackageError: It is missing, does not open with this password, or differs from its manifest; says in what.
    """
    try:
        with path.open("rb") as file:
            return check_stream(file, password)
    except OSError:
        raise PackageError(
            "パッケージのファイルを開けません。", "ファイルの場所と読み取り権限を確認してください。"
        ) from None


def check_stream(file: BinaryIO, password: str) -> PackageReport:
    """Check an open package; reads it twice, one member in memory at a time.

    Raises:
        PackageError: As `check_package`.
    """
    file.seek(0)
    whole = hashlib.sha256()
    while block := file.read(_BLOCK):
        whole.update(block)
    size = file.tell()
    file.seek(0)
    try:
        with pyzipper.AESZipFile(file) as archive:
            archive.setpassword(password.encode("utf-8"))
            _refuse(_envelope_faults(archive))
            manifest = _manifest(archive)
            _refuse(tuple(_content_faults(archive, manifest)))
            members = len(archive.infolist())
    except RuntimeError:
        raise PackageError(
            "パスワードが一致しないため、パッケージを開けません。",
            "半角の英大文字と数字で、区切りを入れずに入力し直してください。",
        ) from None
    except (pyzipper.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error, zlib.error):
        raise PackageError("パッケージが壊れています（ZIPとして読めません）。", _RESEAL) from None
    return PackageReport(
        manifest=manifest,
        members=members,
        pieces=manifest.totals.pieces,
        pages=manifest.totals.pages,
        bytes=size,
        sha256=whole.hexdigest(),
    )


def _refuse(faults: tuple[str, ...]) -> None:
    if faults:
        more = f"、ほか{len(faults) - _SHOWN}件" if len(faults) > _SHOWN else ""
        raise PackageError(f"パッケージに誤りがあります：{'、'.join(faults[:_SHOWN])}{more}。", _RESEAL)


def _envelope_faults(archive: pyzipper.AESZipFile) -> tuple[str, ...]:
    """Look at what anybody can read without the password: names and the kind of encryption."""
    faults = []
    infos = archive.infolist()
    for number, info in enumerate(infos, start=1):
        if not _NEUTRAL.fullmatch(info.filename):
            faults.append(f"{number}番目のファイル名が規則に合わない")  # the name itself might be a person's
        elif info.wz_aes_strength != _AES_256 or not info.flag_bits & 1:
            faults.append(f"{info.filename}がAES-256で暗号化されていない")
    faults += [f"{name}が{count}個ある" for name, count in Counter(archive.namelist()).items() if count > 1]
    if MANIFEST not in archive.namelist():
        faults.append(f"目録（{MANIFEST}）がない")
    return tuple(faults)


def _manifest(archive: pyzipper.AESZipFile) -> Manifest:
    try:
        return Manifest.model_validate_json(archive.read(MANIFEST))
    except ValidationError:
        raise PackageError(f"目録（{MANIFEST}）の書式が正しくありません。", _RESEAL) from None


def _content_faults(archive: pyzipper.AESZipFile, manifest: Manifest) -> Iterator[str]:
    """Yield every difference between the members and the manifest."""
    listed = {member.name: member for member in manifest.members}
    present = set(archive.namelist()) - {MANIFEST}
    yield from (f"{name}が目録にない" for name in sorted(present - set(listed)))
    yield from (f"{name}がパッケージにない" for name in sorted(set(listed) - present))
    yield from (f"{name}がパッケージにない" for name in (PIECES, BUNDLES) if name not in present)

    pages: dict[str, int] = {}
    lists: dict[str, list[list[str]]] = {}
    for name in sorted(present & set(listed)):
        member, content = listed[name], _content(archive, name)
        if len(content) != member.bytes:
            yield f"{name}の大きさが違う（目録{member.bytes}、実際{len(content)}）"
        if hashlib.sha256(content).hexdigest() != member.sha256:
            yield f"{name}のハッシュが目録と違う"
        if name.endswith(".csv"):
            lists[name] = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
            if len(lists[name]) - 1 != member.rows:
                yield f"{name}の行数が違う（目録{member.rows}、実際{len(lists[name]) - 1}）"
        else:
            pages[name] = _page_count(content)
            if pages[name] != member.pages:
                yield f"{name}の頁数が違う（目録{member.pages}、実際{pages[name]}）"
    if set(lists) >= {PIECES, BUNDLES}:
        yield from _list_faults(lists[PIECES], lists[BUNDLES], pages, manifest.totals)


def _list_faults(
    pieces: list[list[str]], bundles: list[list[str]], pages: dict[str, int], totals: Totals
) -> Iterator[str]:
    """Yield every place where the lists, the PDFs' pages and the totals disagree."""
    for name, found, expected in ((PIECES, pieces, PIECE_COLUMNS), (BUNDLES, bundles, BUNDLE_COLUMNS)):
        if not found or tuple(found[0]) != expected or any(len(row) != len(expected) for row in found):
            yield f"{name}の列が規則に合わない"
            return
    column = {name: values for name, *values in zip(*pieces, strict=True)}  # a dict per row takes twice as long
    seqs, first_pages, counts = (list(map(int, column[name])) for name in ("piece_seq", "first_page", "pages"))
    if seqs != list(range(1, len(seqs) + 1)):
        yield f"{PIECES}の通し番号が1から続いていない"
    if len(set(column["piece_id"])) != len(seqs):
        yield f"{PIECES}に同じ封書番号がある"
    last_page: dict[str, int] = {}
    bundled: dict[str, list[int]] = {}
    for seq, file, first_page, count, bundle in zip(
        seqs, column["file"], first_pages, counts, column["bundle"], strict=True
    ):
        before = last_page.get(file, 0)
        if first_page != before + 1:
            yield f"{PIECES}の{seq}行目の頁が前の行から続いていない"
        last_page[file] = before + count
        held = bundled.setdefault(bundle, [seq, 0, 0, 0])
        held[1:] = seq, held[2] + 1, held[3] + count
    for name in sorted(set(last_page) | set(pages)):
        if last_page.get(name, 0) != pages.get(name, 0):
            yield f"{name}の頁数が{PIECES}と違う（PDF {pages.get(name, 0)}、{PIECES} {last_page.get(name, 0)}）"
    if [[name, *map(str, numbers)] for name, numbers in bundled.items()] != bundles[1:]:
        yield f"{BUNDLES}の束が{PIECES}と違う"
    for what, told, found_total in (
        ("通数", totals.pieces, len(seqs)),
        ("頁数", totals.pages, sum(pages.values())),
        ("束数", totals.bundles, len(bundles) - 1),
    ):
        if told != found_total:
            yield f"合計の{what}が違う（目録{told}、実際{found_total}）"


def _content(archive: pyzipper.AESZipFile, name: str) -> bytes:
    """Return a member, read in blocks: twice as fast as in one piece."""
    content = bytearray()
    with archive.open(name) as file:
        while block := file.read(_BLOCK):
            content += block
    return bytes(content)


def _page_count(content: bytes) -> int:
    """Count pages as PDFium sees them; 0 for what is not a PDF, which no manifest claims."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return 0
    try:
        return len(document)
    finally:
        document.close()
