"""Sample exports: synthetic households written as a layout says, with their control file.

For demonstrations, training, tests and benchmarks.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from mailround.eras import write_era
from mailround.extract import CONTROL_SUFFIX, district_totals
from mailround.layouts import BASIC_FIELDS, DATE_FIELDS, DECISION_FIELDS, Flag, Layout
from mailround.model import AID_KINDS, Recipient
from mailround.rounds import RoundKind
from mailround.sample_households import sample_recipients


def write_sample(
    folder: Path,
    *,
    name: str,
    households: int,
    seed: int,
    layout: Layout,
    kind: RoundKind,
    created_at: datetime,
    faults: bool = True,
) -> Path:
    """Write ``<name>.csv`` and its control file into an existing folder and return the export's path."""
    sample = sample_recipients(households, seed, kind, faults=faults, wide=layout.encoding != "cp932")
    raw = write_export(sample.recipients, layout, decision=kind.decision)
    path = folder / f"{name}.csv"
    path.write_bytes(raw)
    control = control_file(raw, sample.recipients, decision=kind.decision, created_at=created_at)
    path.with_name(path.name + CONTROL_SUFFIX).write_bytes(control)
    return path


def write_export(recipients: tuple[Recipient, ...], layout: Layout, *, decision: bool) -> bytes:
    """Return the records as the layout writes them, CRLF at line ends."""
    wanted = BASIC_FIELDS + DECISION_FIELDS if decision else BASIC_FIELDS
    fields = [each for each in layout.columns if each in wanted]
    codes = {each: {value: source for source, value in known.items()} for each, known in layout.values.items()}
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=layout.delimiter, lineterminator="\r\n")

    def write(values: Mapping[str, str]) -> None:
        if layout.header:
            writer.writerow([values[each] for each in fields])
            return
        row = [""] * (layout.width or 0)
        for each in fields:
            row[int(layout.columns[each]) - 1] = values[each]
        writer.writerow(row)

    if layout.header:
        writer.writerow([layout.columns[each] for each in fields])
    dates: dict[date, str] = {}
    for recipient in recipients:
        values = _texts(recipient, layout.date_format, dates)
        write({each: codes.get(each, {}).get(value, value) for each, value in values.items()})
    if layout.trailer:
        row = [layout.trailer.marker, *([""] * (max(layout.trailer.rows, layout.trailer.total_after or 0) - 1))]
        row[layout.trailer.rows - 1] = str(len(recipients))
        if decision and layout.trailer.total_after:
            row[layout.trailer.total_after - 1] = str(_total(recipients))
        writer.writerow(row)
    return text.getvalue().encode(layout.encoding)


def control_file(raw: bytes, recipients: tuple[Recipient, ...], *, decision: bool, created_at: datetime) -> bytes:
    """Return the control file of an export."""
    case_nos = [recipient.case_no for recipient in recipients]
    control: dict[str, object] = {
        "rows": len(recipients),
        "case_no_min": min(case_nos, default=None),
        "case_no_max": max(case_nos, default=None),
        "created_at": created_at.isoformat(timespec="seconds"),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "districts": {
            code: totals.model_dump(exclude_none=True)
            for code, totals in district_totals(recipients, decision=decision).items()
        },
    }
    if decision:
        control["total_after"] = _total(recipients)
    return json.dumps(control, ensure_ascii=False, indent=2).encode("utf-8")


def _total(recipients: tuple[Recipient, ...]) -> int:
    return sum(recipient.decision.total_after for recipient in recipients if recipient.decision)


def _texts(recipient: Recipient, date_format: str, dates: dict[date, str]) -> dict[str, str]:
    """Return a record by canonical field, as canonical text but for its dates."""
    values: dict[str, object] = {each: getattr(recipient, each) for each in BASIC_FIELDS}
    if recipient.decision:
        decision = recipient.decision
        for when, amounts in (("before", decision.before), ("after", decision.after)):
            values |= {f"{when}_{kind}": amount for kind, amount in zip(AID_KINDS, amounts, strict=True)}
        values |= {each: getattr(decision, each) for each in DECISION_FIELDS if each not in values}
    values["protected"] = Flag.YES if recipient.protected else Flag.NO
    for each in DATE_FIELDS:
        day = values.get(each)
        if isinstance(day, date) and day not in dates:
            dates[day] = write_era(day) if date_format == "era" else day.strftime(date_format)
        values[each] = dates[day] if isinstance(day, date) else ""
    return {each: str(value) for each, value in values.items()}
