"""The approver's proof: the very pages of the sealed package that show most of it, behind a cover that says why.

The pages are taken out of the package, not drawn again: what the approver reads is what is handed over. The cover says
which package; it names pieces by number and nobody by name. The whole is a PDF in the encrypted workspace, which goes
to a printer or an open file only.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

import pypdfium2
import pyzipper
from pydantic import TypeAdapter
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from mailround import model
from mailround.composition import wrap
from mailround.context import PASSWORD, ROUND_KEY, RoundContext
from mailround.errors import GateClosedError, PackageError, PrintError, WorkspaceError
from mailround.fonts import FontStack, load_font, split_units
from mailround.model import Piece, PieceRange
from mailround.pdf_font import EmbeddedFont
from mailround.plan_print import PIECES, chunk_name
from mailround.private_files import opened, size
from mailround.register.entries import PrintPlanned, ProofMade, ProofShown, Sealed, latest, standing
from mailround.render import RANGES, pages_name
from mailround.seal import package_path
from mailround.strata import FILES, STRATA, Candidate, Chosen, choose

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PAGES, LIST = "proof/pages", "proof/list"
"""Workspace names of the PDF, and of which pieces it shows and why (`Chosen`)."""
CHOSEN: TypeAdapter[tuple[Chosen, ...]] = TypeAdapter(tuple[Chosen, ...])

_SEAL_AGAIN = "「08 封緘（暗号化）」からやり直してください。"
_RANDOM_ID = re.compile(rb"(/ID\[<([0-9A-F]{32})>)<[0-9A-F]{32}>\]")
_LEFT, _RIGHT, _TOP, _BOTTOM = 20 * mm, 190 * mm, 280 * mm, 18 * mm


def make_proof(work: RoundContext, *, at: datetime) -> model.Proof:
    """Choose the sample, put its pages behind a cover, and keep the PDF; once approved, return what stands.

    The same sealed package gives the same bytes. A round of 8,500 pieces in 17 files gives about 80 pieces, and one of
    any size at most some hundred: as many as a person reads in an hour.

    Args:
        work: The round; it is sealed, and the password is still in the vault.
        at: The time of the entry.

    Raises:
        GateClosedError: Nothing is sealed yet.
        PackageError: The package on disk is not the sealed one.
        PrintError: The font cannot print the cover.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(ProofMade):
        return _reference(work, approved)
    entries = work.entries
    sealed, planned = latest(entries, Sealed), latest(entries, PrintPlanned)
    if sealed is None or planned is None:
        raise GateClosedError("封緘の記録がないため、承認用見本を作れません。", _SEAL_AGAIN)
    font = load_font(work.settings)
    chosen = choose(_candidates(work, planned.chunks, font))
    cover = _draw_cover(work, sealed, planned.chunks, chosen, font)
    sha256, pages = _bind(work, cover, sealed, chosen)
    work.workspace.write_records(LIST, CHOSEN, chosen)
    body = ProofMade(package_sha256=sealed.sha256, pieces=len(chosen), pages=pages, sha256=sha256)
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return _reference(work, body)


def show_proof(work: RoundContext, deliver: Callable[[bytes], None], *, at: datetime) -> None:
    """Record that the proof leaves the workspace, then deliver it; may be done again.

    The entry comes first: an output that fails leaves an entry too many, never one too few.

    Args:
        work: The round.
        deliver: Takes the PDF's bytes to paper or to an open file; raises when it could not.
        at: The time of the entry.

    Raises:
        GateClosedError: There is no proof yet, or it was destroyed with the round's key.
        WorkspaceError: The file is missing or not the recorded one.
    """
    made = kept_proof(work)
    content = proof_pages(work, made)
    shown = ProofShown(proof_sha256=made.sha256, copy_no=len(standing(work.entries, ProofShown)) + 1)
    work.register.append(shown, round_id=work.round_id, actor="mailround", at=at)
    deliver(content)


def kept_proof(work: RoundContext) -> ProofMade:
    """Return what the register says of the proof that can still be read.

    Raises:
        GateClosedError: There is no proof yet, or it was destroyed with the round's key.
    """
    made = latest(work.entries, ProofMade)
    if made is None:
        raise GateClosedError(
            "承認用見本はまだありません。", "Airflowの「08 封緘（暗号化）」が終わってから、もう一度実行してください。"
        )
    if not work.vault.holds(work.round_id, ROUND_KEY):
        raise GateClosedError(
            "この回の区側データは鍵とともに廃棄したため、承認用見本は出力できません。",
            f"廃棄の記録は `mailround register list --round-id {work.round_id}` で確かめられます。",
        )
    return made


def proof_pages(work: RoundContext, made: ProofMade) -> bytes:
    """Return the PDF.

    Raises:
        WorkspaceError: The file is missing or not the recorded one.
    """
    content = b"".join(work.workspace.read_blocks(PAGES))
    if hashlib.sha256(content).hexdigest() != made.sha256:
        raise WorkspaceError("承認用見本が管理簿の記録と一致しません。", _SEAL_AGAIN)
    return content


def _reference(work: RoundContext, body: ProofMade) -> model.Proof:
    return model.Proof(round_id=work.round_id, pieces=body.pieces, pages=body.pages, sha256=body.sha256)


def _candidates(work: RoundContext, chunks: int, font: FontStack) -> Iterator[Candidate]:
    """Yield every piece of the round, one chunk in memory at a time."""

    def read(chunk: int) -> Iterator[tuple[Piece, str]]:
        for piece in work.workspace.read_records(chunk_name(chunk), PIECES):
            to, recipient = piece.to, piece.recipient
            reason = recipient.decision.reason if recipient.decision else ""
            yield piece, f"{recipient.name}\n{to.name}\n{to.address}\n{to.building}\n{reason}"

    frequency = Counter(unit for chunk in range(1, chunks + 1) for _, text in read(chunk) for unit in _units(text))
    share = {unit: 1 / count for unit, count in frequency.items()}
    for chunk in range(1, chunks + 1):
        ranges: tuple[PieceRange, ...] = work.workspace.read_records(pages_name(chunk), RANGES)
        for (piece, text), where in zip(read(chunk), ranges, strict=True):
            yield Candidate(
                piece=piece,
                where=where,
                last_in_file=where is ranges[-1],
                text=text,
                rarity=fsum(share[unit] for unit in _units(text)),  # exact, so in whatever order a set has
                font=font,
            )


def _units(text: str) -> set[str]:
    return set(split_units(text))


def _bind(work: RoundContext, cover: bytes, sealed: Sealed, chosen: Sequence[Chosen]) -> tuple[str, int]:
    """Keep the cover and the chosen pages of the package on disk; return the SHA-256 and how many pages that makes."""
    path = package_path(work.settings, work.round_id)
    if size(path) is None:
        raise PackageError("封緘したパッケージのファイルがありません。", _SEAL_AGAIN)
    document = pypdfium2.PdfDocument(cover)
    try:
        with opened(path) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sealed.sha256:
                raise PackageError("パッケージのファイルが封緘の記録と一致しません。", _SEAL_AGAIN)
            with pyzipper.AESZipFile(file) as archive:
                archive.setpassword(work.vault.open(work.round_id, PASSWORD))
                for name, pieces in groupby(chosen, key=lambda each: each.file):
                    _take(document, archive.read(name), pieces)
        with work.workspace.write_blocks(PAGES) as write:
            written = _Written(write)
            document.save(written)
            written.settle()
        return written.digest.hexdigest(), len(document)
    finally:
        document.close()


class _Written:
    """Takes what PDFium writes in blocks, and passes all of it on but the last two, in which the file's ID is.

    PDFium draws the second half of the ID at random: it becomes the first, which is the cover's. Nothing else of the
    file is ever there at once.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write, self._last = write, deque[bytes]()
        self.digest = hashlib.sha256()

    def write(self, block: ReadableBuffer) -> int:
        self._last.append(bytes(block))
        if len(self._last) > 2:  # noqa: PLR2004 - as above
            self._pass_on(self._last.popleft())
        return len(self._last[-1])

    def settle(self) -> None:
        """Pass on the rest."""
        self._pass_on(_RANDOM_ID.sub(rb"\1<\2>]", b"".join(self._last)))

    def _pass_on(self, block: bytes) -> None:
        self.digest.update(block)
        self._write(block)


def _take(document: pypdfium2.PdfDocument, content: bytes, pieces: Iterator[Chosen]) -> None:
    """Append the pieces' pages of one PDF; in one call, so that they share its font."""
    source = pypdfium2.PdfDocument(content)
    try:
        document.import_pages(source, [each.first_page - 1 + page for each in pieces for page in range(each.pages)])
    finally:
        source.close()


class _Text(NamedTuple):
    """A line of text at its left end, in points."""

    x: float
    y: float
    size: float
    text: str


_COLUMNS = (_LEFT, 38 * mm, 54 * mm, 80 * mm, 118 * mm, 128 * mm)
_HEADINGS = ("見本の頁", "通し番号", "封書番号", "ファイル", "頁", "選んだ理由")
_SMALL, _PITCH = 9, 5.4 * mm
_LINES = int((_TOP - _BOTTOM) / _PITCH) - 2
"""Lines of the list on a page, below its headings."""


def _draw_cover(work: RoundContext, sealed: Sealed, files: int, chosen: Sequence[Chosen], full: FontStack) -> bytes:
    """Return the cover: what the sample stands for, and then piece by piece where it comes from and why."""
    lists = list(_lists(chosen, full))
    first = len(lists) + 2
    pages = [[*_summary(work, sealed, files, chosen, len(lists) + 1)]]
    for rows in lists:
        page = [_Text(x, _TOP, _SMALL, heading) for x, heading in zip(_COLUMNS, _HEADINGS, strict=True)]
        y = _TOP - 1.5 * _PITCH
        for each, reasons in rows:
            cells = (f"{first}", f"{each.seq:,}", each.piece_id, each.file, f"{each.first_page}")
            page += [_Text(x, y, _SMALL, cell) for x, cell in zip(_COLUMNS, cells, strict=False)]
            for line in reasons:
                page.append(_Text(_COLUMNS[-1], y, _SMALL, line))
                y -= _PITCH
            first += each.pages
        pages.append(page)
    for number, page in enumerate(pages, 1):
        page.append(_Text(_LEFT, 10 * mm, 8, f"承認用見本　{work.round_id}　表紙 {number}／{len(pages)}"))
    return _draw(full, pages)


def _summary(work: RoundContext, sealed: Sealed, files: int, chosen: Sequence[Chosen], covers: int) -> Iterator[_Text]:
    """Yield the first page: which package, how much of it, and how many pieces stand for each stratum."""
    yield _Text(_LEFT, 272 * mm, 20, "承認用見本")
    yield _Text(75 * mm, 272 * mm, 10.5, "取扱注意・複写禁止　（表紙に続く頁には個人情報があります）")
    shown = sum(each.pages for each in chosen)
    some = f"（先頭と末尾を見本にしたのは、そのうち均等に選んだ {FILES} 個）" if files > FILES else ""
    facts = (
        ("回", f"{work.round_id}（{work.kind.title}）"),
        ("発行日／発送予定日", f"{work.opened.issue_date}／{work.opened.posting_date}"),
        ("パッケージ", f"{sealed.pieces:,} 通（{sealed.pages:,} 頁）"),
        ("印刷用PDF", f"{files:,} 個{some}"),
        ("SHA-256", sealed.sha256),
        ("見本", f"{len(chosen):,} 通（{shown:,} 頁）　このほか表紙 {covers:,} 頁"),
    )
    y = 261 * mm
    for label, value in facts:
        yield _Text(_LEFT, y, 10, label)
        yield _Text(58 * mm, y, 10, value)
        y -= 6 * mm
    yield _Text(_LEFT, y - 2 * mm, 9.5, "続く頁は、封緘したパッケージの印刷用PDFから、そのまま取り出したものです。")
    yield _Text(
        _LEFT,
        y - 8 * mm,
        9.5,
        "一通が複数の観点に当たることがあります。「該当なし」は、この回にそのような通がないことを示します。",
    )
    counts = Counter(reason for each in chosen for reason in each.reasons)
    y -= 20 * mm
    yield _Text(_LEFT, y, 10, "観点")
    yield _Text(90 * mm, y, 10, "見本の通数")
    for stratum in STRATA:
        y -= 6.2 * mm
        count = counts[stratum.title]
        yield _Text(_LEFT, y, 10, stratum.title)
        yield _Text(90 * mm, y, 10, f"{count:,} 通" if count else "該当なし")


def _lists(chosen: Sequence[Chosen], font: FontStack) -> Iterator[list[tuple[Chosen, list[str]]]]:
    """Yield the pieces of each page of the list, with their reasons broken into lines; a piece is never cut in two."""
    rows: list[tuple[Chosen, list[str]]] = []
    room = _LINES
    for each in chosen:
        reasons = wrap("、".join(each.reasons), (_RIGHT - _COLUMNS[-1]) / _SMALL, font)
        if len(reasons) > room:
            yield rows
            rows, room = [], _LINES
        rows.append((each, reasons))
        room -= len(reasons)
    yield rows


def _draw(full: FontStack, pages: Sequence[Sequence[_Text]]) -> bytes:
    texts = [each.text for page in pages for each in page]
    if full.missing("".join(texts)):
        raise PrintError("承認用見本の表紙に印字できない文字があります。", "発送種別の設定の名称を確かめてください。")
    font = EmbeddedFont(full.subset(texts)).fontName
    target = io.BytesIO()
    canvas = Canvas(target, A4, initialFontName=font, invariant=1)  # type: ignore[arg-type]  # the stub is wrong
    canvas.setTitle("mailround")
    for page in pages:
        for each in page:
            canvas.setFont(font, each.size)
            canvas.drawString(each.x, each.y, each.text)
        canvas.showPage()
    canvas.save()
    return target.getvalue()
