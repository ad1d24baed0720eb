"""Step 18: destroy the last thing that points to a household, write the evidence report, and close the round."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from mailround.context import RoundContext
from mailround.controls import load_controls
from mailround.errors import GateClosedError
from mailround.evidence import evidence
from mailround.evidence_pdf import draw_evidence
from mailround.private_files import replacing
from mailround.purge import erase, require_only
from mailround.register.checkpoint import of, sign
from mailround.register.entries import (
    HOUSE,
    Body,
    CheckpointSigned,
    DeletionCertified,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    Purged,
    ReleaseApproved,
    RoundClosed,
    Sealed,
    latest,
)
from mailround.settings import Settings

REQUIRED: tuple[type[Body], ...] = (
    Sealed,
    ReleaseApproved,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    Purged,
    DeletionCertified,
)
"""What must stand in the register; Airflow's task states prove nothing, an administrator can set them."""


def report_path(settings: Settings, round_id: str) -> Path:
    """Return where a round's evidence report lies as JSON; beside it is the PDF of the same name."""
    return settings.outbox / round_id / "evidence" / f"{round_id}.json"


def close_round(work: RoundContext, *, at: datetime) -> None:
    """Close a round whose deletion is certified. Doing it again writes the same report and records nothing twice.

    Args:
        work: The round.
        at: The time of closing.

    Raises:
        GateClosedError: A step of the round does not stand in the register; names them all.
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
    erase(work, index=True)
    require_only(work)
    closing = next((entry.seq for entry in entries if isinstance(entry.body, RoundClosed)), None)
    report = evidence(
        [entry for entry in entries if closing is None or entry.seq < closing],
        load_controls(work.settings.include),
        _checkpoint(work, closing, at=at),
    )
    told, paper = report.model_dump_json(indent=1).encode("utf-8"), draw_evidence(work.settings, report)
    path = report_path(work.settings, work.round_id)
    for target, content in ((path, told), (path.with_suffix(".pdf"), paper)):
        with replacing(target) as file:
            file.write(content)
    digests = [hashlib.sha256(each).hexdigest() for each in (told, paper)]
    work.register.append(
        RoundClosed(report_sha256=digests[0], report_json_sha256=digests[0], report_pdf_sha256=digests[1]),
        round_id=work.round_id,
        actor="mailround",
        at=at,
    )


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
