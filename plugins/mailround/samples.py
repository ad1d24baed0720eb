"""Sample exports: synthetic households written as a layout says, with their control file.

For demonstrations, training, tests and benchmarks.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from mailround.eras import write_era
from mailround.extract import CONTROL_SUFFIX, Totals
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


def write_export(recipients: Iterable[Recipient], layout: Layout, *, decision: bool) -> bytes:
    """Return the records as the layout writes them, CRLF at line ends."""
    return b"".join(export_lines(recipients, layout, Totals(decision=decision)))


def export_lines(recipients: Iterable[Recipient], layout: Layout, totals: Totals) -> Iterator[bytes]:
    """Yield what `write_export` returns line by line, and count every record in."""
    wanted = BASIC_FIELDS if totals.total_after is None else BASIC_FIELDS + DECISION_FIELDS
    fields = [each for each in layout.columns if each in wanted]
    codes = {each: {value: source for source, value in known.items()} for each, known in layout.values.items()}
    encoder = codecs.getincrementalencoder(layout.encoding)()

    def line(row: Iterable[str]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=layout.delimiter, lineterminator="\r\n").writerow(row)
        return encoder.encode(text.getvalue())

    def cells(values: Mapping[str, str]) -> list[str]:
        if layout.header:
            return [values[each] for each in fields]
        row = [""] * (layout.width or 0)
        for each in fields:
            row[int(layout.columns[each]) - 1] = values[each]
        return row

    if layout.header:
        yield line(str(layout.columns[each]) for each in fields)
    dates: dict[date, str] = {}
    for recipient in recipients:
        totals.add(recipient)
        values = _texts(recipient, layout.date_format, dates)
        yield line(cells({each: codes.get(each, {}).get(value, value) for each, value in values.items()}))
    if layout.trailer:
        row = [layout.trailer.marker, *([""] * (max(layout.trailer.rows, layout.trailer.total_after or 0) - 1))]
        row[layout.trailer.rows - 1] = str(totals.rows)
        if totals.total_after is not None and layout.trailer.total_after:
            row[layout.trailer.total_after - 1] = str(totals.total_after)
        yield line(row)


def control_file(raw: bytes, recipients: Iterable[Recipient], *, decision: bool, created_at: datetime) -> bytes:
    """Return the control file of an export."""
    totals = Totals(decision=decision)
    for each in recipients:
        totals.add(each)
    return control_of(totals, hashlib.sha256(raw).hexdigest(), created_at)


def control_of(totals: Totals, sha256: str, created_at: datetime) -> bytes:
    """Return the control file of an export of that hash whose records add up so."""
    control: dict[str, object] = {
        "rows": totals.rows,
        "case_no_min": totals.case_no_min,
        "case_no_max": totals.case_no_max,
        "created_at": created_at.isoformat(timespec="seconds"),
        "sha256": sha256,
        "districts": {code: each.model_dump(exclude_none=True) for code, each in totals.districts().items()},
    }
    if totals.total_after is not None:
        control["total_after"] = totals.total_after
    return json.dumps(control, ensure_ascii=False, indent=2).encode("utf-8")


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
