"""Step 5: fix the print order, number the pieces, cut them into chunks, and make the round's font."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from pydantic import TypeAdapter

from mailround.barcodes import barcode_of
from mailround.bundle_list import wordings
from mailround.composition import values
from mailround.context import RoundContext
from mailround.delivery_offices import DeliveryOffices, load_delivery_offices
from mailround.errors import CountMismatchError, GateClosedError, PrintError
from mailround.fonts import Font, FontStack, load_font
from mailround.model import ChunkGroup, Delivery, ListedPiece, Piece, Population, Recipient
from mailround.piece_id import piece_id
from mailround.postcodes import load_postcodes
from mailround.print_order import Addressed, in_print_order
from mailround.register.entries import PrintPlanned, Verified, latest, standing
from mailround.templates import Template, digest, load_templates

PIECES: TypeAdapter[tuple[Piece, ...]] = TypeAdapter(tuple[Piece, ...])
"""Workspace files ``plan/chunk-001`` …"""
LISTED: TypeAdapter[tuple[ListedPiece, ...]] = TypeAdapter(tuple[ListedPiece, ...])
"""Workspace files ``plan/list-001`` …: the pieces of a chunk as the piece list has them."""
FONT = "plan/font"
"""Workspace name of the round's font: only the characters in use, so that rendering never touches the whole one."""

_RECORDS: TypeAdapter[tuple[Recipient, ...]] = TypeAdapter(tuple[Recipient, ...])


def plan_print(work: RoundContext, *, at: datetime) -> list[ChunkGroup]:
    """Plan the printing of everything that is neither held nor excluded; once approved, return the groups that stand.

    Writes ``plan/chunk-NNN``, ``plan/list-NNN`` and ``plan/font``. A second run on the same records writes the same.

    Returns:
        The chunks in at most ``settings.print_tasks`` contiguous groups, as equal as can be.

    Raises:
        CountMismatchError: printed + held + excluded is not what was extracted, or nothing is left to print.
        PrintError: A record came through that the font or the postcode forbids.
        GateClosedError: The templates are no longer those checked when the round was opened.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(PrintPlanned):
        return _verified_groups(work, approved.chunks)
    offices = load_delivery_offices(work.settings.include)
    pieces = _pieces(work, _to_print(work), offices)
    chunks = [pieces[first : first + work.kind.chunk_size] for first in range(0, len(pieces), work.kind.chunk_size)]
    templates = load_templates(work.settings.include, work.kind)
    # A round opened by an older version holds no digest to compare with.
    if work.opened.templates_sha256 not in ("", digest(templates)):
        raise GateClosedError(
            "回の開始の後に様式が変わったため、検査していない様式で印刷することになります。",
            "新しい回の番号で始めるか、様式（include/templates と include/envelopes）を元に戻してください。",
        )
    font = _font_for(load_font(work.settings), templates, pieces, wordings(offices.sections().values()), work)
    for number, chunk in enumerate(chunks, 1):
        work.workspace.write_records(chunk_name(number), PIECES, tuple(chunk))
        work.workspace.write_records(list_name(number), LISTED, tuple(map(_listed, chunk)))
    work.workspace.write(FONT, font.data)
    work.register.append(
        PrintPlanned(
            pieces=len(pieces),
            chunks=len(chunks),
            bundles=len({piece.bundle for piece in pieces}),
            characters=len(font.units),
            font_sha256=hashlib.sha256(font.data).hexdigest(),
            templates_sha256=digest(templates),
            delivery_offices_sha256=offices.digest(),
            counter=sum(piece.recipient.delivery is Delivery.COUNTER for piece in pieces),
            postable_until=min(
                filter(None, (piece.recipient.postable_until(work.opened.posting_date) for piece in pieces)),
                default=None,
            ),
        ),
        round_id=work.round_id,
        actor="mailround",
        at=at,
    )
    return _groups(work.round_id, len(chunks), work.settings.print_tasks)


def planned_templates(work: RoundContext) -> dict[Population, Template]:
    """Return the templates that the plan was made with: whatever draws or reads back takes them from here.

    Raises:
        GateClosedError: There is no plan, or the templates were changed since.
        ConfigurationError: As `load_templates`.
    """
    templates = load_templates(work.settings.include, work.kind)
    planned = latest(work.entries, PrintPlanned)
    if planned is None or planned.templates_sha256 != digest(templates):
        raise GateClosedError("様式が、印刷計画のときのものと違います。", "印刷計画からやり直してください。")
    return templates


def planned_offices(work: RoundContext) -> DeliveryOffices:
    """Return the delivery offices that the plan was bundled by: whatever names its bundles takes them from here.

    Raises:
        GateClosedError: There is no plan, or the offices were changed since.
        ConfigurationError: As `load_delivery_offices`.
    """
    offices = load_delivery_offices(work.settings.include)
    planned = latest(work.entries, PrintPlanned)
    # A plan made by an older version holds no digest to compare with.
    if planned is None or planned.delivery_offices_sha256 not in ("", offices.digest()):
        raise GateClosedError("配達局の一覧が、印刷計画のときのものと違います。", "印刷計画からやり直してください。")
    return offices


def chunk_name(number: int) -> str:
    """Return the workspace name of a chunk's pieces."""
    return f"plan/chunk-{number:03d}"


def list_name(number: int) -> str:
    """Return the workspace name of what the piece list says of a chunk."""
    return f"plan/list-{number:03d}"


def _to_print(work: RoundContext) -> list[Recipient]:
    """Return the records that are printed, after the counts agree."""
    recipients = work.workspace.read_records("records", _RECORDS)
    report = json.loads(work.workspace.read("quality/report"))
    held, excluded = set(report["held"]), set(report["excluded"])
    printed = [recipient for recipient in recipients if recipient.case_no not in held | excluded]
    kept = len(printed) + len(held) + len(excluded)
    if kept != len(recipients) or len({recipient.case_no for recipient in printed}) != len(printed):
        raise CountMismatchError(
            f"印刷{len(printed)}件＋保留{len(held)}件＋除外{len(excluded)}件が、取込{len(recipients)}件と一致しません。",
            "データ検査からやり直してください。",
        )
    if not printed:
        raise CountMismatchError(
            f"取込{len(recipients)}件のうち、印刷できるものが0件です。", "保留の一覧を確認し、データを直してください。"
        )
    return printed


def _pieces(work: RoundContext, recipients: Iterable[Recipient], offices: DeliveryOffices) -> list[Piece]:
    postcodes = load_postcodes()
    pieces: list[Piece] = []
    taken: set[str] = set()
    day = work.opened.posting_date
    addressed = (
        Addressed(recipient, to, barcode_of(to, postcodes))
        for recipient in recipients
        for to in [recipient.addressee(day)]
    )
    for seq, (bundle, (recipient, to, barcode)) in enumerate(in_print_order(addressed, offices, postcodes), 1):
        chunk = (seq - 1) // work.kind.chunk_size + 1
        own_id = next(each for each in _ids(work, recipient) if each not in taken)
        taken.add(own_id)
        pieces.append(
            Piece(
                seq=seq,
                piece_id=own_id,
                chunk=chunk,
                file=f"print/{work.kind.file_stem}-{chunk:03d}.pdf",
                bundle=bundle,
                enclosure_set=work.kind.enclosure_set,
                barcode="" if recipient.delivery is Delivery.COUNTER else barcode.bars,  # never meets a sorter
                recipient=recipient,
                to=to,
            )
        )
    return pieces


def _listed(piece: Piece) -> ListedPiece:
    return ListedPiece(
        seq=piece.seq,
        piece_id=piece.piece_id,
        file=piece.file,
        bundle=piece.bundle,
        enclosure_set=piece.enclosure_set,
        postcode=piece.to.postcode.replace("-", ""),  # the printed one stays as received
        barcode=piece.barcode,
    )


def _ids(work: RoundContext, recipient: Recipient) -> Iterator[str]:
    """Yield ids that only the round's key can link to the case; a further one for when the one before is taken."""
    attempt = 0
    while True:
        yield piece_id(work.workspace.derive(f"piece-id/{attempt}/{recipient.case_no}"))
        attempt += 1


def _font_for(
    fonts: FontStack,
    templates: dict[Population, Template],
    pieces: Sequence[Piece],
    on_lists: set[str],
    work: RoundContext,
) -> Font:
    """Return one font cut down to everything that this round prints."""
    texts = on_lists | {
        text for template in templates.values() for text in (*template.texts.values(), *_wordings(template))
    }
    for piece in pieces:
        texts.update(values(piece, templates[piece.recipient.population], work.opened.issue_date).values())
    texts.add("0123456789")
    if missing := [text for text in texts if fonts.missing(text)]:
        raise PrintError(
            f"印刷用フォントにない文字を含む項目が{len(missing)}件あります。",
            "データ検査からやり直し、その世帯を保留にしてください。様式の文言も確かめてください。",
        )
    return fonts.subset(texts)


def _wordings(template: Template) -> Iterator[str]:
    return (field.text for field in template.fields.values())


def _groups(round_id: str, chunks: int, tasks: int) -> list[ChunkGroup]:
    count = min(chunks, tasks)
    ends = [chunks * number // count for number in range(count + 1)]
    return [ChunkGroup(round_id=round_id, first=before + 1, last=last) for before, last in pairwise(ends)]


def _verified_groups(work: RoundContext, chunks: int) -> list[ChunkGroup]:
    """Return the groups that were read back last; earlier ones may have been cut by another number of tasks."""
    groups: list[ChunkGroup] = []
    for body in reversed(standing(work.entries, Verified)):
        if body.last <= chunks and all(body.last < each.first or each.last < body.first for each in groups):
            groups.append(ChunkGroup(round_id=work.round_id, first=body.first, last=body.last))
    return sorted(groups, key=lambda group: group.first)
