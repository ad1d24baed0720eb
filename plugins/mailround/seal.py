"""Step 8: seal the PDFs, the lists and the manifest into one AES-256 ZIP, and open it again before believing in it.

Every sealing draws new salts, so two sealings of the same content differ in their bytes; the manifest does not. The
approval is bound to the bytes of one sealing, which is why an approved package may not be sealed again.

The rows of one chunk are in memory at a time. What they become in pieces.csv, which stands behind the PDFs, waits in
the workspace until the chunks agree with the register and the PDFs are written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import BinaryIO

import pyzipper
from pydantic import TypeAdapter

from mailround import __version__, model
from mailround.approved_items import carried_items
from mailround.bundle_list import draw_bundle_list
from mailround.context import PASSWORD, RoundContext
from mailround.errors import CountMismatchError, GateClosedError, PackageError
from mailround.evaluation import pass_gates
from mailround.fonts import Font
from mailround.gates import ITEMS, Carried, Evaluation
from mailround.model import ListedPiece, PieceRange
from mailround.package_check import (
    BUNDLE_COLUMNS,
    BUNDLE_LIST,
    BUNDLES,
    MANIFEST,
    PIECE_COLUMNS,
    PIECES,
    Manifest,
    Member,
    PackageReport,
    PieceRow,
    Stretch,
    Totals,
    bundles_of,
    check_stream,
    stretches,
)
from mailround.plan_print import FONT, LISTED, list_name, planned_offices, planned_templates
from mailround.private_files import replacing
from mailround.register.entries import PrintPlanned, Sealed, Verified, latest, overtaken, standing
from mailround.settings import TOKYO, Location, Settings

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 symbols without 0, 1, I and O: 20 of them are 100 bits, which WinZip's 1,000 PBKDF2 rounds need."""
PASSWORD_LENGTH = 20
ALGORITHM = "WinZip AES-256 (AE-2), stored"

_REDO = "印刷計画の工程からやり直してください。"


_RANGES = TypeAdapter(tuple[PieceRange, ...])


_LINES, _OF_A_CHUNK = "seal/lines", TypeAdapter(tuple[str, ...])
"""Workspace name of the lines of pieces.csv while a package is made, those of a chunk in one text."""


def package_path(settings: Settings, round_id: str) -> Location:
    """Return where a round's package lies."""
    return settings.outbox / round_id / "package" / f"{round_id}.zip"


def seal(work: RoundContext, *, at: datetime) -> model.Sealed:
    """Seal the round's package, replacing an unapproved one, and check every member; an approved one is returned as is.

    Args:
        work: The round; its chunks are planned, rendered and verified.
        at: The time of sealing, also the members' time stamp.

    Raises:
        GateClosedError: Pages or lists carry an item that is not approved, a page was not read back against this plan,
            what the plan rests on was done anew, templates or delivery offices are no longer those of the plan, or the
            package to be replaced was approved meanwhile.
        CountMismatchError: Plan, rendered pages and register disagree; holds both numbers.
        PackageError: The sealed package is not what its manifest says; the old one stays.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(Sealed):
        return _reference(work, approved)
    planned = _planned(work)
    carried = _approved_items(work, at)
    chunks = _chunks(work, planned)
    path = package_path(work.settings, work.round_id)
    with replacing(path) as file:
        manifest, bundles = _write(work, chunks, file, at)
        work.workspace.delete(_LINES)
        _require_read_back(work, planned, manifest)
        report = check_stream(file, _password(work))
        if report.manifest != manifest:
            raise PackageError("読み戻した目録が、書いた目録と違います。", "封緘の工程からやり直してください。")
        if work.released(Sealed):  # last of all: whoever approves, approves the package that lies there
            raise GateClosedError(
                "封緘し直している間に、前のパッケージが承認されました。承認されたパッケージを残します。",
                "「08 封緘（暗号化）」をもう一度 Clear してください。承認されたパッケージがそのまま使われます。",
            )
    for name, content in ((BUNDLES, bundles), (MANIFEST, _json(manifest))):
        with replacing(path.with_name(name)) as file:
            file.write(content)
    return _record(work, planned, report, carried, at)


def _planned(work: RoundContext) -> PrintPlanned:
    """Return the plan that is sealed, unless what it rests on was done anew since."""
    entries = work.entries
    planned, late = latest(entries, PrintPlanned), overtaken(entries)
    if planned is None:
        raise GateClosedError("印刷計画が管理簿にありません。", _REDO)
    if late and late is not Sealed:  # a package sealed before is about to be replaced
        raise GateClosedError(
            f"「{late.title}」の後に、その前の工程がやり直されています。",
            f"「{late.title}」の工程からやり直してください。",
        )
    return planned


def _approved_items(work: RoundContext, at: datetime) -> frozenset[str]:
    """Return what pages and lists carry, when the contract approves all of it for the round's kind."""
    items = carried_items(planned_templates(work).values())
    approved = work.contract.approved_items.get(work.opened.round_kind)
    found = Evaluation(at.astimezone(TOKYO).date()).ask(ITEMS, Carried(approved, items))
    pass_gates(work.register, work.round_id, "seal", found, at=at)
    return items


def _chunks(work: RoundContext, planned: PrintPlanned) -> list[tuple[Stretch, ...]]:
    """Return the stretches of every chunk and write its lines, after plan, rendered pages and register agree."""
    chunks: list[tuple[Stretch, ...]] = []

    def lines() -> Iterator[str]:
        for rows in _rows(work, planned.chunks):
            chunks.append(tuple(stretches(rows)))
            yield _csv(rows)

    work.workspace.write_stream(_LINES, _OF_A_CHUNK, lines(), 1)
    covered: set[int] = set()
    for (first, last), body in _read_back(work, planned).items():
        if _counts(chain.from_iterable(chunks[first - 1 : last])) == (body.pieces, body.pages):
            covered.update(range(first, last + 1))
    missing = sorted(set(range(1, planned.chunks + 1)) - covered)
    if missing:
        listed = "、".join(map(str, missing[:10]))
        raise GateClosedError(
            f"全頁照合の記録がない分冊があります（{len(missing)}件：{listed}）。", "照合の工程からやり直してください。"
        )
    pieces, _ = _counts(chain.from_iterable(chunks))
    _agree("管理簿の印刷計画の通数と作業領域の通数", planned.pieces, pieces)
    return chunks


def _rows(work: RoundContext, chunks: int) -> Iterator[list[PieceRow]]:
    """Yield the rows of one chunk after the other: the plan joined with the rendered pages, numbered from 1."""
    before = 0
    for number in range(1, chunks + 1):
        pieces = work.workspace.read_records(list_name(number), LISTED)
        ranges = work.workspace.read_records(f"pages/{number:03d}", _RANGES)
        _agree(f"第{number}分冊の計画通数と作成通数", len(pieces), len(ranges))
        rows = [_row(piece, where) for piece, where in zip(pieces, ranges, strict=True)]
        if [row.piece_seq for row in rows] != list(range(before + 1, before + len(rows) + 1)):
            raise PackageError("封書の通し番号が1から続いていません。", _REDO)
        before += len(rows)
        yield rows


def _read_back(work: RoundContext, planned: PrintPlanned) -> dict[tuple[int, int], Verified]:
    """Return what the register says last of every group read back against this plan, by its first and last chunk."""
    return {
        (body.first, body.last): body
        for body in standing(work.entries, Verified)
        if body.plan_sha256 == planned.plan_sha256
    }


def _require_read_back(work: RoundContext, planned: PrintPlanned, manifest: Manifest) -> None:
    """Hold the PDFs that were written, byte for byte, against those that `verify` read."""
    digests = [bytes.fromhex(member.sha256) for member in manifest.members if member.pieces is not None]
    covered: set[int] = set()
    for (first, last), body in _read_back(work, planned).items():
        if hashlib.sha256(b"".join(digests[first - 1 : last])).hexdigest() == body.sha256:
            covered.update(range(first, last + 1))
    missing = sorted(set(range(1, len(digests) + 1)) - covered)
    if missing:
        listed = "、".join(map(str, missing[:10]))
        raise GateClosedError(
            f"照合した後に作り直された分冊があります（{len(missing)}件：{listed}）。",
            "照合の工程からやり直してください。",
        )


def _row(piece: ListedPiece, where: PieceRange) -> PieceRow:
    seq, piece_id, file, bundle, enclosure_set, postcode, barcode = piece
    if seq != where.seq or piece_id != where.piece_id:
        raise PackageError(f"計画の{seq}通目と、作成された{where.seq}通目の封書番号が一致しません。", _REDO)
    return PieceRow(seq, piece_id, file, where.first_page, where.pages, bundle, enclosure_set, postcode, barcode)


def _write(
    work: RoundContext, chunks: Sequence[tuple[Stretch, ...]], file: BinaryIO, at: datetime
) -> tuple[Manifest, bytes]:
    """Write the whole archive, one PDF or the lines of one chunk in memory at a time.

    Returns:
        Its manifest and its bundles.csv, which lie beside it too: counts and hashes alone.
    """
    members: list[Member] = []
    found = list(chain.from_iterable(chunks))
    total, pages_of_all = _counts(found)
    bundles = bundles_of(found)
    for bundle in bundles:
        _agree("束の通し番号の幅と通数", bundle.last_piece_seq - bundle.first_piece_seq + 1, bundle.pieces)
    moment = at.astimezone(TOKYO).timetuple()[:6]
    with pyzipper.AESZipFile(
        file, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES, encryption_kwargs={"nbits": 256}
    ) as archive:
        archive.setpassword(_password(work).encode("ascii"))

        def add(
            name: str,
            content: Iterable[bytes],
            *,
            pages: int | None = None,
            pieces: int | None = None,
            lines: int | None = None,
        ) -> None:
            info = archive.zipinfo_cls(name, date_time=moment)
            info.external_attr = 0o600 << 16
            digest = hashlib.sha256()
            with archive.open(info, "w") as member:
                for block in content:
                    member.write(block)
                    digest.update(block)
            members.append(
                Member(
                    name=name,
                    sha256=digest.hexdigest(),
                    bytes=info.file_size,
                    pages=pages,
                    pieces=pieces,
                    rows=lines,
                )
            )

        pages: Counter[str] = Counter()
        pieces: Counter[str] = Counter()
        for stretch in found:
            pages[stretch.file] += stretch.pages
            pieces[stretch.file] += stretch.pieces
        for name, count in pages.items():
            add(name, (work.workspace.read(name.removesuffix(".pdf")),), pages=count, pieces=pieces[name])
        lines = chain((_csv((PIECE_COLUMNS,)),), work.workspace.read_stream(_LINES, _OF_A_CHUNK))
        add(PIECES, (text.encode("utf-8") for text in lines), lines=total)
        told = _csv((BUNDLE_COLUMNS, *bundles)).encode("utf-8")
        add(BUNDLES, (told,), lines=len(bundles))
        listing, sheets = draw_bundle_list(
            work.round_id,
            planned_offices(work).sections(),
            bundles,
            found,
            Font(work.workspace.read(FONT)),
        )
        add(BUNDLE_LIST, (listing,), pages=sheets)
        manifest = Manifest(
            round_id=work.round_id,
            kind=work.opened.round_kind,
            algorithm=ALGORITHM,
            software=f"mailround {__version__}",
            totals=Totals(pieces=total, pages=pages_of_all, bundles=len(bundles)),
            members=tuple(members),
        )
        add(MANIFEST, (_json(manifest),))
    return manifest, told


def _record(
    work: RoundContext, planned: PrintPlanned, report: PackageReport, carried: frozenset[str], at: datetime
) -> model.Sealed:
    body = Sealed(
        pieces=report.pieces,
        pages=report.pages,
        members=report.members,
        bytes=report.bytes,
        sha256=report.sha256,
        algorithm=ALGORITHM,
        plan_sha256=planned.plan_sha256,
        carried=tuple(sorted(carried)),
    )
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return _reference(work, body)


def _reference(work: RoundContext, body: Sealed) -> model.Sealed:
    return model.Sealed(
        round_id=work.round_id, pieces=body.pieces, pages=body.pages, bytes=body.bytes, sha256=body.sha256
    )


def _password(work: RoundContext) -> str:
    """Return the round's password, drawn on first use."""
    if not work.vault.holds(work.round_id, PASSWORD):
        drawn = "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))
        work.vault.keep(work.round_id, PASSWORD, drawn.encode("ascii"))
    return work.vault.open(work.round_id, PASSWORD).decode("ascii")


def _agree(what: str, left: int, right: int) -> None:
    if left != right:
        raise CountMismatchError(f"{what}が一致しません（{left:,}と{right:,}）。", _REDO)


def _counts(found: Iterable[Stretch]) -> tuple[int, int]:
    """Return how many pieces and pages there are in these stretches."""
    pieces = pages = 0
    for stretch in found:
        pieces += stretch.pieces
        pages += stretch.pages
    return pieces, pages


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _json(manifest: Manifest) -> bytes:
    return (manifest.model_dump_json(indent=1) + "\n").encode("utf-8")
