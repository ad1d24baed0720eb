"""The evidence report of a round as a file: as it was written when the round was closed, else as of now."""

from __future__ import annotations

from mailround.close_round import report_path
from mailround.console.round import entries_of
from mailround.console.visit import Answer, File, NotFoundError, Visit
from mailround.controls import load_controls
from mailround.evidence import evidence
from mailround.evidence_pdf import draw_evidence
from mailround.private_files import read
from mailround.register.entries import HOUSE

MEDIA_TYPES = {"pdf": "application/pdf", "json": "application/json"}


def show(visit: Visit) -> Answer:
    """Return the file; it holds no personal data.

    Raises:
        NotFoundError: There is no such round, or no such form of the report.
    """
    round_id, form = visit.asked["round_id"], visit.asked["form"]
    entries = entries_of(visit, round_id)
    if form not in MEDIA_TYPES:
        raise NotFoundError("証跡報告書は、PDF か JSON です。", "回のページから選び直してください。")
    written = report_path(visit.settings, round_id).with_suffix(f".{form}")
    if written.is_file():
        return File(read(written), MEDIA_TYPES[form], f"evidence-{round_id}.{form}")
    report = evidence(entries, load_controls(visit.settings.include), house=visit.register.entries(HOUSE))
    told = draw_evidence(visit.settings, report) if form == "pdf" else report.model_dump_json(indent=1).encode("utf-8")
    return File(told, MEDIA_TYPES[form], f"evidence-{round_id}-{visit.today:%Y%m%d}.{form}")
