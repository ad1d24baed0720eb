"""Step 18: destroy the last thing that points to a household, write the evidence report, and close the round."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from mailround.context import RoundContext
from mailround.controls import load_controls
from mailround.errors import GateClosedError
from mailround.evidence import evidence
from mailround.evidence_pdf import draw_evidence
from mailround.incident import open_incidents
from mailround.items import open_items
from mailround.private_files import delete, partials, replacing
from mailround.purge import erase, require_only
from mailround.register.checkpoint import of, sign
from mailround.register.entries import (
    HOUSE,
    Body,
    CheckpointSigned,
    DeletionCertified,
    Entry,
    ItemsReturned,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    Purged,
    ReceiptConfirmed,
    ReleaseApproved,
    RoundClosed,
    Sealed,
    latest,
)
from mailround.returned_mail import unsettled
from mailround.settings import Location, Settings
from mailround.withdrawal import open_requests

REQUIRED: tuple[type[Body], ...] = (
    Sealed,
    ReleaseApproved,
    MediaHandedOver,
    PasswordHandedOver,
    ReceiptConfirmed,
    Posted,
    PrintPlanned,
    Purged,
    ItemsReturned,
    DeletionCertified,
)
"""What must stand in the register; Airflow's task states prove nothing, an administrator can set them."""


def report_path(settings: Settings, round_id: str) -> Location:
    """Return where a round's evidence report lies as JSON; beside it is the PDF of the same name."""
    return settings.outbox / round_id / "evidence" / f"{round_id}.json"


def close_round(work: RoundContext, *, at: datetime) -> None:
    """Close a round whose deletion is certified. Doing it again writes the same report and records nothing twice.

    Args:
        work: The round.
        at: The time of closing.

    Raises:
        GateClosedError: A step of the round does not stand in the register, or something is not accounted for; names
            them all.
        PrintError: The font lacks a character of the report.
        RegisterError: The register's chain is broken.
        VaultError: The key that signs checkpoints is not there.
        WorkspaceError: A file of the round is left somewhere.
    """
    work.register.verify()
    entries = work.entries
    missing = [kind.title for kind in REQUIRED if latest(entries, kind) is None]
    if missing:
        raise GateClosedError(
            f"管理簿に次の記録がないため、回を完了できません：{'、'.join(missing)}。",
            "足りない工程を行い、記録してからやり直してください。",
        )
    closing = next((entry.seq for entry in entries if isinstance(entry.body, RoundClosed)), None)
    before = [entry for entry in entries if closing is None or entry.seq < closing]
    if left := unaccounted(before):
        raise GateClosedError(
            f"次のことが終わっていないため、回を完了できません：{'、'.join(left)}。",
            "終わらせて、記録してからやり直してください。",
        )
    erase(work, index=True)
    path = report_path(work.settings, work.round_id)
    targets = (path, path.with_suffix(".pdf"))
    for half in chain.from_iterable(map(partials, targets)):  # left by a closing that was killed
        delete(half)
    require_only(work)
    report = evidence(
        before,
        load_controls(work.settings.include),
        _checkpoint(work, closing, at=at),
        house=work.register.entries(HOUSE),
    )
    told, paper = report.model_dump_json(indent=1).encode("utf-8"), draw_evidence(work.settings, report)
    for target, content in zip(targets, (told, paper), strict=True):
        with replacing(target) as file:
            file.write(content)
    digests = [hashlib.sha256(each).hexdigest() for each in (told, paper)]
    work.register.append(
        RoundClosed(report_sha256=digests[0], report_json_sha256=digests[0], report_pdf_sha256=digests[1]),
        round_id=work.round_id,
        actor="mailround",
        at=at,
    )


def unaccounted(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return in Japanese what keeps a round open although each of its steps is recorded; ids and counts only."""
    items, requests = open_items(entries), open_requests(entries)
    returned, incidents = unsettled(entries), open_incidents(entries)
    told = []
    if items:
        told.append(f"戻っていないか、消去の証明がない物（{'・'.join(item.title for item in items)}）")
    if requests:
        told.append(f"結果の記録がない抜取り（依頼番号 {'・'.join(str(each.request_no) for each in requests)}）")
    if returned:
        told.append(f"処理の記録がない返戻（{len(returned):,} 通）")
    if incidents:
        told.append(f"終わっていない事故対応（事故番号 {'・'.join(str(each.incident_no) for each in incidents)}）")
    return tuple(told)


def _checkpoint(work: RoundContext, closing: int | None, *, at: datetime) -> str:
    """Sign the register, or return what was signed when the round was closed before."""
    if closing is None:
        return sign(work.register, work.settings.checkpoint_key, at=at).text
    signed = [
        entry.body
        for entry in work.register.entries(HOUSE)
        if isinstance(entry.body, CheckpointSigned) and entry.seq < closing
    ]
    return of(signed[-1]).text if signed else ""
