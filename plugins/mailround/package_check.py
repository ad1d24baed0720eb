"""Check a sealed package member by member against its manifest: in `seal` before it replaces the old one, and by hand.

The manifest says what the package holds; this module believes none of it. It decrypts every member, hashes it, counts
the rows of the lists and, with PDFium, the pages of the PDFs, and looks whether the lists agree with the PDFs.

The piece list grows with the round and is read as a stream. Whether a member is authentic shows at its end, so what
was found in it on the way is gathered, and told only once every member has been read to its end.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, NamedTuple

import pypdfium2
import pyzipper
from pydantic import BaseModel, ConfigDict, ValidationError

from mailround.errors import PackageError
from mailround.piece_id import Shown, shown_by

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MANIFEST = "manifest.json"
PIECES = "pieces.csv"
BUNDLES = "bundles.csv"
BUNDLE_LIST = "bundles.pdf"

_PRINTED = re.compile(r"print/[a-z]+-[0-9]{3,5}\.pdf")
_NEUTRAL = re.compile(rf"{_PRINTED.pattern}|pieces\.csv|bundles\.csv|bundles\.pdf|manifest\.json")
_NEUTRAL_BUNDLE = re.compile(r"[a-z0-9]{1,8}(?:-[0-9]{3,5})?")
_AES_256 = 3
_BLOCK = 1 << 16
"""Bytes that are read at once, of the whole package and of a list."""
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


class Stretch(NamedTuple):
    """The pieces of one bundle in one file; ``first`` and ``last`` are piece numbers."""

    bundle: str
    file: str
    first: int
    last: int
    pieces: int
    pages: int


class BundleRow(NamedTuple):
    """One line of bundles.csv.

    ``office`` is the code of the section (`delivery_offices`); ``files`` names every file the bundle is printed in with
    its piece numbers there: ``print/notices-001.pdf:1-4 print/notices-002.pdf:5-7``.
    """

    bundle: str
    first_piece_seq: int
    last_piece_seq: int
    pieces: int
    pages: int
    office: str
    files: str


BUNDLE_COLUMNS = BundleRow._fields
_COLUMN_TITLES = dict(
    zip(
        BUNDLE_COLUMNS,
        ("名前", "最初の通し番号", "最後の通し番号", "通数", "頁数", "配達局", "ファイル別の通し番号"),
        strict=True,
    )
)


class Member(BaseModel):
    """One file of the package.

    PDFs have ``pages``, those of the pieces also ``pieces``; lists have ``rows`` (without the header).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    bytes: int
    pages: int | None = None
    pieces: int | None = None
    rows: int | None = None


class Totals(BaseModel):
    """What the whole package adds up to; ``pages`` are those of the pieces."""

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


def stretches(rows: Iterable[PieceRow]) -> Iterator[Stretch]:
    """Yield the stretches of the pieces, in print order; holds one row at a time."""
    for (bundle, file), held in groupby(rows, key=attrgetter("bundle", "file")):
        pieces = pages = 0
        for row in held:
            if not pieces:
                first = row.piece_seq
            pieces += 1
            pages += row.pages
        yield Stretch(bundle, file, first, row.piece_seq, pieces, pages)


def bundles_of(found: Iterable[Stretch]) -> list[BundleRow]:
    """Return the lines of bundles.csv, in print order."""
    by_bundle: dict[str, list[Stretch]] = {}
    for stretch in found:
        by_bundle.setdefault(stretch.bundle, []).append(stretch)
    return [
        BundleRow(
            bundle=bundle,
            first_piece_seq=held[0].first,
            last_piece_seq=held[-1].last,
            pieces=sum(each.pieces for each in held),
            pages=sum(each.pages for each in held),
            office=bundle.partition("-")[0],
            files=" ".join(f"{each.file}:{each.first}-{each.last}" for each in held),
        )
        for bundle, held in by_bundle.items()
    ]


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
    """Check an open package; reads it twice, one PDF in memory at a time.

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
    except (pyzipper.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error, csv.Error, zlib.error):
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
    yield from (f"{name}がパッケージにない" for name in (PIECES, BUNDLES, BUNDLE_LIST) if name not in present)

    pages: dict[str, int] = {}
    pieces: _PieceList | None = None
    bundles: list[list[str]] | None = None
    for name in sorted(present & set(listed)):
        member = listed[name]
        with archive.open(name) as file:
            content = _Content(file)
            if name == PIECES:
                pieces = _PieceList(content.lines())
                what, told, found = "行数", member.rows, pieces.lines - 1
            elif name == BUNDLES:
                bundles = list(content.lines())
                what, told, found = "行数", member.rows, len(bundles) - 1
            else:
                pages[name] = _page_count(content.readall())
                what, told, found = "頁数", member.pages, pages[name]
        if content.bytes != member.bytes:
            yield f"{name}の大きさが違う（目録{member.bytes}、実際{content.bytes}）"
        if content.sha256.hexdigest() != member.sha256:
            yield f"{name}のハッシュが目録と違う"
        if found != told:
            yield f"{name}の{what}が違う（目録{told}、実際{found}）"
    if pieces is not None and bundles is not None:
        printed = {name: count for name, count in pages.items() if _PRINTED.fullmatch(name)}
        yield from _list_faults(pieces, bundles, printed, manifest)


class _Content(io.RawIOBase):
    """A member's content as a stream that counts and hashes what is read; only an authentic one comes to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.bytes = 0
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        block = self._taken(self._file.read(len(view)))
        view[: len(block)] = block
        return len(block)

    def readall(self) -> bytes:
        return self._taken(self._file.read())

    def lines(self) -> Iterator[list[str]]:
        """Yield the lines of a list, with its header."""
        text = io.TextIOWrapper(io.BufferedReader(self, _BLOCK), encoding="utf-8", newline="")
        yield from csv.reader(text, strict=True)

    def _taken(self, block: bytes) -> bytes:
        self.bytes += len(block)
        self.sha256.update(block)
        return block


class _PieceList:
    """What pieces.csv says, checked row by row; of all its rows only one is in memory.

    ``lines`` counts the header too. Not ``regular``: the columns are not ours, and nothing else is known but ``lines``.
    """

    def __init__(self, lines: Iterator[list[str]]) -> None:
        """Read the list to its end, also past what is wrong: only there shows whether it is authentic."""
        header = next(lines, None)
        self.lines = 0 if header is None else 1
        self.regular = header is not None and tuple(header) == PIECE_COLUMNS
        self.numbered = True
        self.last_page: dict[str, int] = {}
        self.torn: list[int] = []
        self.malformed: list[int] = []
        ids = Shown()
        self.stretches = tuple(stretches(self._rows(lines, ids)))
        self.lines += sum(1 for _ in lines)
        self.pieces = len(ids) + len(self.malformed)
        self.repeats_an_id = any(True for _ in ids.repeated())

    def _rows(self, lines: Iterator[list[str]], ids: Shown) -> Iterator[PieceRow]:
        """Yield the rows up to the first that is not regular, and note what is wrong with each alone."""
        if not self.regular:
            return
        for number, line in enumerate(lines, 1):
            self.lines += 1
            if len(line) != len(PIECE_COLUMNS):
                self.regular = False
                return
            seq, piece_id, file, first_page, pages, *rest = line
            row = PieceRow(int(seq), piece_id, file, int(first_page), int(pages), *rest)
            if row.piece_seq != number:
                self.numbered = False
            if (shown := shown_by(piece_id)) is None:
                self.malformed.append(number)
            else:
                ids.add(shown)
            before = self.last_page.get(file, 0)
            if row.first_page != before + 1:
                self.torn.append(row.piece_seq)
            self.last_page[file] = before + row.pages
            yield row


def _list_faults(
    pieces: _PieceList, bundles: list[list[str]], printed: dict[str, int], manifest: Manifest
) -> Iterator[str]:
    """Yield every place where the lists, the manifest and the pages of the printed PDFs disagree."""
    if not pieces.regular:
        yield f"{PIECES}の列が規則に合わない"
        return
    if not bundles or tuple(bundles[0]) != BUNDLE_COLUMNS or any(len(row) != len(BUNDLE_COLUMNS) for row in bundles):
        yield f"{BUNDLES}の列が規則に合わない"
        return
    if not pieces.numbered:
        yield f"{PIECES}の通し番号が1から続いていない"
    yield from (f"{PIECES}の{number}行目の封書番号が規則に合わない" for number in pieces.malformed)
    if pieces.repeats_an_id:
        yield f"{PIECES}に同じ封書番号がある"
    yield from _file_faults(pieces, printed, manifest)
    found = bundles_of(pieces.stretches)
    yield from _bundle_faults(found, bundles[1:])
    for what, told, total in (
        ("通数", manifest.totals.pieces, pieces.pieces),
        ("頁数", manifest.totals.pages, sum(printed.values())),
        ("束数", manifest.totals.bundles, len(found)),
    ):
        if told != total:
            yield f"合計の{what}が違う（目録{told}、実際{total}）"


def _file_faults(found: _PieceList, printed: dict[str, int], manifest: Manifest) -> Iterator[str]:
    """Yield every file whose pieces and pages are not those of pieces.csv."""
    yield from (f"{PIECES}の{seq}行目の頁が前の行から続いていない" for seq in found.torn)
    pieces: Counter[str] = Counter()
    for stretch in found.stretches:
        pieces[stretch.file] += stretch.pieces
    told = {member.name: member.pieces for member in manifest.members}
    pages = found.last_page
    for name in sorted(set(pages) | set(printed)):
        if pages.get(name, 0) != printed.get(name, 0):
            yield f"{name}の頁数が{PIECES}と違う（PDF {printed.get(name, 0)}、{PIECES} {pages.get(name, 0)}）"
        if told.get(name) != pieces[name]:
            yield f"{name}の通数が{PIECES}と違う（目録{told.get(name) or 0}、{PIECES} {pieces[name]}）"


def _bundle_faults(found: list[BundleRow], told: list[list[str]]) -> Iterator[str]:
    """Yield every bundle of bundles.csv that is not what pieces.csv makes it; what is no neutral name is not told."""
    names, named = [row.bundle for row in found], [line[0] for line in told]
    if not all(_NEUTRAL_BUNDLE.fullmatch(name) for name in (*names, *named)):
        yield "束の名前が規則に合わない"
        return
    for row in found:
        if row.last_piece_seq - row.first_piece_seq + 1 != row.pieces:
            yield f"束{row.bundle}の通し番号が続いていない（{row.pieces}通）"
    if names != named:
        yield f"{BUNDLES}の束の並びが{PIECES}と違う（{BUNDLES} {len(told)}束、{PIECES} {len(found)}束）"
        return
    for row, (_, *values) in zip(found, told, strict=True):
        for column, right, value in zip(BUNDLE_COLUMNS[1:], row[1:], values, strict=True):
            if str(right) != value:
                both = f"（{BUNDLES} {int(value)}、{PIECES} {right}）" if isinstance(right, int) else ""
                yield f"束{row.bundle}の{_COLUMN_TITLES[column]}が{PIECES}と違う{both}"


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
