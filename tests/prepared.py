"""Rounds in the state a step finds them in: real PDFs in the workspace, real entries in the register."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from reportlab.pdfgen.canvas import Canvas

from mailround.barcodes import bars, code_words
from mailround.bundle_words import wordings
from mailround.context import RoundContext
from mailround.delivery_offices import load_delivery_offices
from mailround.fonts import Font, load_font
from mailround.kept_templates import keep_templates
from mailround.model import ListedPiece, Piece, PieceRange, Recipient
from mailround.piece_id import ALPHABET, piece_id
from mailround.plan_print import LISTED
from mailround.register.entries import (
    AnyBody,
    ContractStated,
    Correction,
    DeletionCertified,
    HoldsDecided,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    QualityChecked,
    ReleaseApproved,
    Sealed,
    Verified,
    latest,
)
from mailround.register.signing_key import make_key
from mailround.seal import seal
from mailround.settings import TOKYO, CheckSettings, Settings
from mailround.templates import load_templates

AT = datetime(2026, 11, 11, 10, 0, tzinfo=TOKYO)
POSTED_ON = date(2026, 11, 24)
CANARY = "髙﨑　𠮷郎"
BARS = bars(code_words("1600022", "1-2-3"))

CHUNK = TypeAdapter(tuple[Piece, ...])
RANGES = TypeAdapter(tuple[PieceRange, ...])


def record(work: RoundContext, body: AnyBody, at: datetime = AT) -> None:
    work.register.append(body, round_id=work.round_id, actor="officer", at=at)


def pdf(pages: int) -> bytes:
    """Return a PDF of empty pages."""
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1)
    for _ in range(pages):
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def listed(piece: Piece) -> ListedPiece:
    return ListedPiece(
        *(piece.seq, piece.piece_id, piece.file, piece.bundle, piece.enclosure_set),
        postcode=piece.to.postcode.replace("-", ""),
        barcode=piece.barcode,
    )


@cache
def list_font() -> Font:
    """Return a font with what the bundle list needs and nothing else."""
    settings = CheckSettings()
    return load_font(settings).subset(wordings(load_delivery_offices(settings.include).sections().values()))


def numbered(seq: int) -> str:
    """Return the piece id that shows the number: PA, six symbols and the check symbol; no case number is part of it."""
    return piece_id((ALPHABET.index("P") << 35 | ALPHABET.index("A") << 30 | seq).to_bytes(5, "big"))


def print_round(
    work: RoundContext, make_recipient: Callable[..., Recipient], pieces: int = 7, chunk_size: int = 3
) -> None:
    """Leave what plan_print, render and verify leave; every third piece has two pages."""
    chunks = -(-pieces // chunk_size)
    for chunk in range(1, chunks + 1):
        numbers = range((chunk - 1) * chunk_size + 1, min(chunk * chunk_size, pieces) + 1)
        planned, placed, page = [], [], 1
        for seq in numbers:
            shown = numbered(seq)
            recipient = make_recipient(record_no=seq, name=CANARY)
            planned.append(
                Piece(
                    seq=seq,
                    piece_id=shown,
                    chunk=chunk,
                    file=f"print/{work.kind.file_stem}-{chunk:03d}.pdf",
                    bundle=f"160-{(seq - 1) // 4 + 1:03d}",
                    enclosure_set="A",
                    barcode=BARS,
                    recipient=recipient,
                    to=recipient.addressee(work.opened.posting_date),
                )
            )
            placed.append(PieceRange(seq=seq, piece_id=shown, first_page=page, pages=2 if seq % 3 == 0 else 1))
            page += placed[-1].pages
        work.workspace.write_records(f"plan/chunk-{chunk:03d}", CHUNK, tuple(planned))
        work.workspace.write_records(f"plan/list-{chunk:03d}", LISTED, tuple(map(listed, planned)))
        work.workspace.write_records(f"pages/{chunk:03d}", RANGES, tuple(placed))
        content = pdf(page - 1)
        work.workspace.write(f"print/{work.kind.file_stem}-{chunk:03d}", content)
        digest = hashlib.sha256(hashlib.sha256(content).digest()).hexdigest()
        record(work, Verified(first=chunk, last=chunk, pieces=len(planned), pages=page - 1, sha256=digest))
    work.workspace.write("plan/font", list_font().data)
    record(
        work,
        QualityChecked(
            export_sha256="e" * 64,
            rows=pieces + 3,
            printable=pieces,
            held=2,
            excluded=1,
            warned=0,
            findings={"name": 2},
        ),
    )
    record(work, HoldsDecided(held=2, go_on=True, answered_at=AT - timedelta(minutes=1)))
    keep_templates(work.settings, work.round_id, load_templates(work.settings.include, work.kind))
    record(
        work,
        PrintPlanned(
            pieces=pieces,
            chunks=chunks,
            bundles=-(-pieces // 4),
            characters=50,
            font_sha256="f" * 64,
            templates_sha256=work.opened.templates_sha256,
        ),
    )


def own_include(settings: Settings, folder: Path) -> Settings:
    """Return the settings with a copy of the include folder that a test may break."""
    include = folder / "include"
    shutil.copytree(settings.include, include)
    return settings.model_copy(update={"include": include})


def another_contract(settings: Settings) -> Path:
    """Add a contract ``other`` that says what ``r8-print`` says; return its file."""
    contract = settings.include / "contracts" / "r8-print.yaml"
    other = contract.with_name("other.yaml")
    other.write_text(contract.read_text(encoding="utf-8").replace("name: r8-print", "name: other"), encoding="utf-8")
    return other


def password(work: RoundContext) -> str:
    return work.vault.open(work.round_id, "package-password").decode("ascii")


def make_signing_key(work: RoundContext) -> None:
    """Do what ``mailround register migrate`` does beside migrating: papers carry a signed checkpoint."""
    make_key(work.register, work.settings.checkpoint_key, at=AT)


def hand_over(work: RoundContext) -> None:
    """Seal, approve, hand the media over."""
    sealed = seal(work, at=AT)
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    record(
        work,
        MediaHandedOver(
            package_sha256=sealed.sha256,
            giver="officer",
            receiver="C-001",
            handed_over_at=AT + timedelta(days=1),
            media_no="DVD-0001",
            quantity=1,
            bag_no="BAG-01",
            locked=True,
            storage="耐火金庫1",
        ),
    )


def post(work: RoundContext, posted_on: date = POSTED_ON, due: date | None = None) -> None:
    """Hand the password over and post; without a due date, as an earlier version recorded it."""
    record(
        work,
        PasswordHandedOver(
            giver="officer",
            receiver="C-001",
            handed_over_at=AT + timedelta(days=2),
            notice_no=f"PW-{work.round_id}",
            bag_no="BAG-02",
            locked=True,
        ),
    )
    sealed = latest(work.entries, Sealed)
    pieces = sealed.pieces if sealed else 0
    counts = {"handed_over": pieces, "withdrawn": 0, "spoiled": 0, "reprinted": 0, "posted": pieces}
    record(work, Posted(posted_on=posted_on, due=due, **counts))


def certify(work: RoundContext, items: tuple[str, ...] = ()) -> None:
    """Record the certificate; without items, as an earlier version recorded it."""
    record(
        work,
        DeletionCertified(
            certificate_no="DEL-0001",
            responsible="C-001",
            method="物理破壊",
            deleted_on=date(2026, 12, 20),
            media_returned=True,
            notice_returned=True,
            copies_included=True,
            items=items,
        ),
    )


def as_before_contracts_were_stated(work: RoundContext) -> RoundContext:
    """Take back what the register says of the contract: a round that an earlier version opened has none of it."""
    for entry in work.entries:
        if isinstance(entry.body, ContractStated):
            record(work, Correction(corrects=entry.seq, reason="前の版で開始した回"))
    return work
