"""Try an export before a round: reading and checking without Airflow, workspace or register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from mailround.errors import CountMismatchError, Finding, MalformedExportError
from mailround.extract import open_source
from mailround.fonts import load_font
from mailround.gaiji import load_gaiji
from mailround.layouts import load_layout
from mailround.model import Recipient
from mailround.postcodes import load_postcodes
from mailround.quality.assessment import Report, assess
from mailround.rounds import load_round_kind
from mailround.settings import CheckSettings

_BATCH = 10_000
"""Records that are checked at a time."""


def try_export(export: Path, *, layout: str, kind: str, settings: CheckSettings) -> Report:
    """Return what ``mailround check --json`` prints: rows and, per rule, severity, message, count and case numbers.

    An export that cannot be read whole has one rule more, ``readable``, of severity ``stop``; the other rules could not
    run. Its count is the number of malformed places (1 for a control total that differs).

    Raises:
        ConfigurationError: Unknown layout or kind, or a wrong file under include/.
    """
    round_kind = load_round_kind(settings.include, kind)
    found = load_layout(settings.include, layout)
    gaiji = load_gaiji(settings.include, found)
    try:
        with open_source(export, found, gaiji, decision=round_kind.decision) as source:
            return assess(
                _batches(source),
                kind=round_kind,
                postcodes=load_postcodes(),
                font=load_font(settings),
                include=settings.include,
                # No notice is issued yet; the day of the export is as wide as the day of issue will be.
                issue_date=source.control.created_at.date(),
            ).report()
    except (MalformedExportError, CountMismatchError) as error:
        findings: tuple[Finding, ...] = getattr(error, "findings", ())
        return {
            "rows": 0,
            "rules": [
                {
                    "id": "readable",
                    "severity": "stop",
                    "message": f"{'、'.join(map(str, findings)) or error.happened} 【対応】{error.remedy}",
                    "count": max(1, len(findings)),
                    "case_nos": [],
                }
            ],
        }


def _batches(records: Iterable[Recipient]) -> Iterator[tuple[Recipient, ...]]:
    rest = iter(records)
    while batch := tuple(islice(rest, _BATCH)):
        yield batch
