"""Step 5: fix the print order, number the pieces, cut them into chunks, and make the round's font.

However large the round, a bounded number of households is held: they are read as a stream, sorted through the
workspace, and written chunk by chunk.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice, pairwise
from typing import NamedTuple

from pydantic import TypeAdapter

from mailround.barcodes import barcode_of
from mailround.bundle_words import wordings
from mailround.composition import household_values
from mailround.context import RoundContext
from mailround.delivery_offices import DeliveryOffices, load_delivery_offices
from mailround.errors import CountMismatchError, GateClosedError, PrintError
from mailround.external_sort import external_sort
from mailround.fonts import Font, load_font, split_units
from mailround.hold_release import load_holds
from mailround.kept_templates import keep_templates
from mailround.model import ChunkGroup, ListedPiece, Piece, Population, Recipient
from mailround.piece_id import ALPHABET, PieceIds
from mailround.postcodes import load_postcodes
from mailround.print_order import Place, in_bundles, place_of
from mailround.records import read_recipients
from mailround.register.entries import PrintPlanned, QualityChecked, Verified, latest, standing
from mailround.templates import Template, digest, load_templates

PIECES: TypeAdapter[tuple[Piece, ...]] = TypeAdapter(tuple[Piece, ...])
"""Workspace files ``plan/chunk-001`` …"""
LISTED: TypeAdapter[tuple[ListedPiece, ...]] = TypeAdapter(tuple[ListedPiece, ...])
"""Workspace files ``plan/list-001`` …: the pieces of a chunk as the piece list has them."""
FONT = "plan/font"
"""Workspace name of the round's font: only the characters in use, so that rendering never touches the whole one."""

_FOLDER = "plan"
_RUN, _BLOCK, _MOST = 500, 20, 50
"""Households sorted in memory, those of a run that are held while it is merged, and runs that are merged at once."""
_RECIPIENT: TypeAdapter[Recipient] = TypeAdapter(Recipient)


class _Placed(NamedTuple):
    """A household at its place. Its record waits as JSON, which weighs a quarter of what its fields do."""

    place: Place
    barcode: str
    record: bytes


_PLACED: TypeAdapter[tuple[_Placed, ...]] = TypeAdapter(tuple[_Placed, ...])


def plan_print(work: RoundContext, *, at: datetime) -> list[ChunkGroup]:
    """Plan the printing of all that is neither held, excluded nor for the counter; once approved, return what stands.

    Writes ``plan/chunk-NNN``, ``plan/list-NNN`` and ``plan/font``, and deletes whatever else lies in ``plan``. Keeps
    the templates, with which the next round's are compared. A second run on the same records writes the same.

    Returns:
        The chunks in at most ``settings.print_tasks`` contiguous groups, as equal as can be.

    Raises:
        CountMismatchError: printed + held + excluded + counter is not what was extracted, or nothing is left to
            print.
        PrintError: A record came through that the font or the postcode forbids.
        GateClosedError: The templates are no longer those checked when the round was opened, or the records and their
            report those that the register says were checked.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(PrintPlanned):
        return _verified_groups(work, approved.chunks)
    templates = load_templates(work.settings.include, work.kind)
    # A round opened by an older version holds no digest to compare with.
    if work.opened.templates_sha256 not in ("", digest(templates)):
        raise GateClosedError(
            "回の開始の後に様式が変わったため、検査していない様式で印刷することになります。",
            "新しい回の番号で始めるか、様式（include/templates と include/envelopes）を元に戻してください。",
        )
    offices = load_delivery_offices(work.settings.include)
    checked = _Checked(work)
    ids = PieceIds(work.workspace.derive)
    units = _units(_fixed_texts(templates, offices))
    work.workspace.delete(FONT)  # and written last: of a plan that was cut off nobody can print
    printed = _placed(work, _to_print(checked, ids), offices, templates, units)
    placed = external_sort(work.workspace, _FOLDER, _PLACED, printed, run=_RUN, block=_BLOCK, most=_MOST)
    font = _font_for(work, units)
    font_sha256 = hashlib.sha256(font.data)
    tally = _write_chunks(work, _pieces(work, placed, offices, ids))
    if tally.bundles.total() != len(ids):
        raise CountMismatchError(
            f"印刷するのは{len(ids)}件ですが、印刷順に並べられたのは{tally.bundles.total()}件です。",
            "印刷計画からやり直してください。",
        )
    body = PrintPlanned(
        pieces=tally.bundles.total(),
        chunks=tally.chunks,
        bundles=len(tally.bundles),
        postable_until=tally.postable_until,
        characters=len(font.units),
        font_sha256=font_sha256.hexdigest(),
        templates_sha256=digest(templates),
        delivery_offices_sha256=offices.digest(),
        released=checked.released,
        releases_sha256=checked.releases_sha256,
        checked_sha256=checked.sha256,
        plan_sha256=hashlib.sha256(b"".join((font_sha256.digest(), *tally.digests))).hexdigest(),
    )
    keep_templates(work.settings, work.round_id, templates)
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    work.workspace.write(FONT, font.data)
    return _groups(work.round_id, tally.chunks, work.settings.print_tasks)


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


class _Checked:
    """The records and the report on them, as they are found; ``sha256`` is theirs once all records were read.

    Of the report only who is not printed is kept, and how many that are for each reason.
    """

    def __init__(self, work: RoundContext) -> None:
        self._work = work
        self._digest = hashlib.sha256()
        holds = load_holds(work)
        self._report_sha256 = holds.report_sha256
        excluded, counter = set(holds.unprinted.excluded), set(holds.unprinted.counter)
        self.held, self.excluded, self.counter = len(holds.held), len(excluded), len(counter)
        self.kept = holds.held.union(excluded, counter)
        self.released, self.releases_sha256 = len(holds.released), holds.releases_sha256
        self.sha256 = ""

    def records(self) -> Iterator[Recipient]:
        """Yield the records; they count only if no error comes at the end."""
        yield from read_recipients(self._work.workspace, self._digest)
        self._digest.update(self._report_sha256)
        self.sha256 = self._digest.hexdigest()
        recorded = latest(self._work.entries, QualityChecked)
        if recorded and recorded.checked_sha256 != self.sha256:
            raise GateClosedError(
                "取り込んだ内容か検査の結果が、管理簿に記録したデータ検査のときのものではありません。",
                "データ検査からやり直してください。",
            )


def _to_print(checked: _Checked, ids: PieceIds) -> Iterator[Recipient]:
    """Yield the records that are printed; what was yielded counts only if no error comes at the end."""
    held, excluded, counter = checked.held, checked.excluded, checked.counter
    rows = printed = 0
    for recipient in checked.records():
        rows += 1
        if recipient.case_no not in checked.kept:
            printed += 1
            ids.claim(recipient.case_no)
            yield recipient
    ids.settle()
    if printed + held + excluded + counter != rows:
        raise CountMismatchError(
            f"印刷{printed}件＋保留{held}件＋除外{excluded}件＋窓口交付{counter}件が、取込{rows}件と一致しません。",
            "データ検査からやり直してください。",
        )
    if not printed:
        raise CountMismatchError(
            f"取込{rows}件のうち、印刷できるものが0件です。", "保留の一覧を確認し、データを直してください。"
        )


def _placed(
    work: RoundContext,
    recipients: Iterable[Recipient],
    offices: DeliveryOffices,
    templates: dict[Population, Template],
    units: set[str],
) -> Iterator[_Placed]:
    """Yield every household that is printed, with its place, and add what its piece prints to ``units``."""
    postcodes = load_postcodes()
    for recipient in recipients:
        to = recipient.addressee(work.opened.posting_date)
        barcode = barcode_of(to, postcodes)
        printed = household_values(recipient, to, templates[recipient.population], work.opened.issue_date)
        units |= _units(set(printed.values()))
        yield _Placed(
            place_of(recipient, to, barcode, offices, postcodes),
            barcode.bars,
            _RECIPIENT.dump_json(recipient),
        )


def _pieces(work: RoundContext, placed: Iterable[_Placed], offices: DeliveryOffices, ids: PieceIds) -> Iterator[Piece]:
    for seq, (bundle, each) in enumerate(in_bundles(placed, offices), 1):
        chunk = (seq - 1) // work.kind.chunk_size + 1
        recipient = _RECIPIENT.validate_json(each.record)
        yield Piece(
            seq=seq,
            piece_id=ids.of(recipient.case_no),
            chunk=chunk,
            file=f"print/{work.kind.file_stem}-{chunk:03d}.pdf",
            bundle=bundle,
            enclosure_set=work.kind.enclosure_set,
            barcode=each.barcode,
            recipient=recipient,
            to=recipient.addressee(work.opened.posting_date),
        )


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


def _fixed_texts(templates: dict[Population, Template], offices: DeliveryOffices) -> Iterator[str]:
    """Yield what is printed whoever the households are."""
    yield from wordings(offices.sections().values())
    for template in templates.values():
        yield from template.texts.values()
        yield from (field.text for field in template.fields.values())
    yield from ("0123456789", ALPHABET)


def _units(texts: Iterable[str]) -> set[str]:
    return set[str]().union(*map(split_units, texts))


def _font_for(work: RoundContext, units: set[str]) -> Font:
    """Return one font cut down to everything that this round prints."""
    fonts = load_font(work.settings)
    if missing := [unit for unit in units if fonts.missing(unit)]:
        raise PrintError(
            f"印刷用フォントにない文字が{len(missing)}種類あります。",
            "データ検査からやり直し、その世帯を保留にしてください。様式の文言も確かめてください。",
        )
    return fonts.subset(units)


@dataclass
class _Tally:
    """What the written chunks add up to: the pieces of each bundle, the last day on which all may be posted."""

    chunks: int = 0
    digests: list[bytes] = field(default_factory=list)
    bundles: Counter[str] = field(default_factory=Counter)
    postable_until: date | None = None

    def add(self, chunk: Iterable[Piece], posting_date: date) -> None:
        """Count a chunk in."""
        self.chunks += 1
        for piece in chunk:
            self.bundles[piece.bundle] += 1
            if until := piece.recipient.postable_until(posting_date):
                self.postable_until = min(until, self.postable_until or until)


def _write_chunks(work: RoundContext, pieces: Iterator[Piece]) -> _Tally:
    """Write the chunks, and delete what else lies there."""
    tally = _Tally()
    while _write_chunk(work, pieces, tally):
        pass
    planned = {name(number) for name in (chunk_name, list_name) for number in range(1, tally.chunks + 1)}
    for name in set(work.workspace.names(_FOLDER)) - planned:
        work.workspace.delete(name)
    return tally


def _write_chunk(work: RoundContext, pieces: Iterator[Piece], tally: _Tally) -> bool:
    """Write the next chunk, if there is one; nothing of it stays in memory."""
    chunk = tuple(islice(pieces, work.kind.chunk_size))
    if chunk:
        tally.add(chunk, work.opened.posting_date)
        tally.digests += (
            work.workspace.write_records(chunk_name(tally.chunks), PIECES, chunk),
            work.workspace.write_records(list_name(tally.chunks), LISTED, tuple(map(_listed, chunk))),
        )
    return bool(chunk)


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
