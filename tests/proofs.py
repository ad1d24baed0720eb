"""Rounds whose approval is asked for: sealed through the real steps, with their proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from mailround.context import RoundContext
from mailround.kept_templates import keep_templates
from mailround.model import Population, Recipient
from mailround.plan_print import plan_print
from mailround.proof import PAGES, make_proof
from mailround.register.entries import PrintPlanned, QualityChecked, ReleaseApproved, RoundClosed, Sealed, latest
from mailround.render import render
from mailround.seal import seal
from mailround.templates import Template, digest
from mailround.verify import verify
from prepared import AT, record
from printing import put

CANARY = "伽奈利亜"
"""In the name of every household."""


def pages_of(work: RoundContext) -> bytes:
    """Return the PDF of the proof."""
    return b"".join(work.workspace.read_blocks(PAGES))


def with_proof(work: RoundContext, make_recipient: Callable[..., Recipient]) -> RoundContext:
    """Take a round of three households, one of them with two pages, to where its approver is asked."""
    sorts: tuple[dict[str, object], ...] = (
        {},
        {"reason": "世帯の状況に変更があったときは、速やかに担当員へ届け出てください。" * 11},
        {"population": Population.SUPPORT, "reason": "支給額の変更"},
    )
    records = [
        make_recipient(**({"name": f"髙﨑　{CANARY}", "record_no": number, "case_no": f"000010{number}"} | sort))
        for number, sort in enumerate(sorts, 1)
    ]
    put(work, records)
    groups = plan_print(work, at=AT)
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    counts = {"rows": 3, "printable": 3, "held": 0, "excluded": 0, "warned": 0}
    checked = QualityChecked(export_sha256="e" * 64, findings={}, checked_sha256=planned.checked_sha256, **counts)
    work.register.append(checked, round_id=work.round_id, actor="mailround", at=AT)
    for group in groups:
        verify(work, render(work, group, at=AT), at=AT)
    seal(work, at=AT)
    make_proof(work, at=AT)
    return work


def close_before(work: RoundContext, round_id: str, used: Mapping[Population, Template], *, kept: bool = True) -> None:
    """Record another round of the same kind as planned with these templates, and closed."""
    counts = {"pieces": 1, "chunks": 1, "bundles": 1, "characters": 1}
    planned = PrintPlanned(**counts, font_sha256="f" * 64, templates_sha256=digest(used))
    for body in (work.opened, planned, RoundClosed(report_sha256="a" * 64)):
        work.register.append(body, round_id=round_id, actor="mailround", at=AT)
    if kept:
        keep_templates(work.settings, round_id, used)


def approve(work: RoundContext) -> None:
    sealed = latest(work.entries, Sealed)
    assert sealed is not None
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT + timedelta(hours=1)))
