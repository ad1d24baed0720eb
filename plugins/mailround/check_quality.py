"""Step 3: check every household and the round as a whole, and say who is printed, held or excluded."""

from __future__ import annotations

import hashlib
from datetime import datetime

from mailround.context import RoundContext
from mailround.errors import GateClosedError, QualityStopError
from mailround.fonts import load_font
from mailround.hold_release import write_report
from mailround.last_round import change_against
from mailround.model import Checked
from mailround.postcodes import load_postcodes
from mailround.quality import assess
from mailround.records import read_batches
from mailround.register.entries import Extracted, QualityChecked, latest

_COUNTS = {"rows", "printable", "held", "excluded", "counter", "warned"}


def check_quality(work: RoundContext, *, at: datetime) -> Checked:
    """Run both suites over the round's records and keep the report; once the package is approved, return what stands.

    Report and register entry are written before a stop is raised: whoever clears it up must be able to look.

    Raises:
        GateClosedError: The records are not those that the register says were extracted.
        QualityStopError: A check of the round suite failed, or too many households failed one; names the checks.
        ConfigurationError: The suites' settings, the font or the postcode table are not as they should be.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(QualityChecked):
        return Checked(round_id=work.round_id, **approved.model_dump(include=_COUNTS))
    digest = hashlib.sha256()
    extracted = latest(work.entries, Extracted)
    change = (
        change_against(work.register.entries(), work.opened.round_kind, extracted.rows, extracted.total_after)
        if extracted
        else None
    )
    change_exceeded = change is not None and change.exceeds(work.kind.thresholds.change_percent)
    found = assess(
        read_batches(work.workspace, digest),
        kind=work.kind,
        postcodes=load_postcodes(),
        font=load_font(work.settings),
        include=work.settings.include,
        issue_date=work.opened.issue_date,
        posting_date=work.opened.posting_date,
        change_exceeded=change_exceeded,
        processes=work.settings.check_processes,
    )
    records_sha256 = digest.hexdigest()
    if extracted is not None and extracted.records_sha256 != records_sha256:
        raise GateClosedError(
            f"検査した{found.rows}件が、取込の記録（{extracted.rows}件）のときの内容ではありません。",
            "データ取込からやり直してください。",
        )
    digest.update(write_report(work.workspace, found.unprinted(), found.by_rule()))
    counts = {
        "rows": found.rows,
        "printable": found.printable,
        "held": len(found.held),
        "excluded": len(found.excluded),
        "counter": len(found.counter),
        "warned": len(found.warned),
    }
    work.register.append(
        QualityChecked(
            export_sha256=extracted.sha256 if extracted else "",
            findings={each.id: each.count for each in found.findings if each.count},
            records_sha256=records_sha256,
            checked_sha256=digest.hexdigest(),
            last_round_id=change.round_id if change else "",
            rows_before=change.rows_before if change else None,
            total_before=change.total_before if change else None,
            change_exceeded=change_exceeded,
            **counts,
        ),
        round_id=work.round_id,
        actor="mailround",
        at=at,
    )
    if found.stops:
        raise QualityStopError(
            "データ検査で回を中止しました："
            + "".join(f"「{each.message}」{each.count}件、" for each in found.stops).rstrip("、")
            + "。",
            "".join(dict.fromkeys(each.remedy for each in found.stops)),
        )
    return Checked(round_id=work.round_id, **counts)
