"""What the tests of the command share: a household that may be seen nowhere, and changes of an export."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from mailround.context import RoundContext
from mailround.extract import CONTROL_SUFFIX
from mailround.layouts import load_layout
from mailround.model import Recipient
from mailround.settings import CheckSettings

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]
Run = Callable[..., Result]

NAME, PLACE = "髙﨑　伽奈利亜", "カナリア第二荘101"


def rewrite(path: Path, change: Callable[[list[dict[str, str]]], None], name: str = "shinjuku") -> None:
    """Change records by canonical field; the control file follows in its hash only."""
    layout = load_layout(CheckSettings().include, name)
    text = io.StringIO(path.read_bytes().decode(layout.encoding), newline="")
    head, *lines = csv.reader(text, delimiter=layout.delimiter)
    places = {field: head.index(str(column)) for field, column in layout.columns.items() if column in head}
    records = [line for line in lines if len(line) == len(head)]
    rows = [{field: line[place] for field, place in places.items()} for line in records]
    change(rows)
    for line, row in zip(records, rows, strict=True):
        for field, place in places.items():
            line[place] = row[field]
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=layout.delimiter, lineterminator="\r\n").writerows([head, *lines])
    path.write_bytes(written.getvalue().encode(layout.encoding))
    control(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def control(path: Path, **changes: object) -> None:
    beside = path.with_name(path.name + CONTROL_SUFFIX)
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))
