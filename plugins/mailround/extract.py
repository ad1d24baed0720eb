"""Step 2: freeze the export: its bytes hashed and kept, every record read strictly, every control total compared.

Records pass from the file into the workspace, where they appear together once all of them agree with the control file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from mailround.context import RoundContext
from mailround.errors import CountMismatchError, MalformedExportError, RoundRefusedError
from mailround.gaiji import Gaiji, load_gaiji
from mailround.layouts import Layout
from mailround.model import Extracted, Recipient
from mailround.open_round import source_path
from mailround.reader import Export
from mailround.records import write_recipients
from mailround.register.entries import Entry, MediaHandedOver, RoundEnded, latest
from mailround.register.entries import Extracted as ExtractedBody
from mailround.settings import TOKYO
from mailround.workspace import Workspace

CONTROL_SUFFIX = ".control.json"
_FIRST_YEAR = 2000
"""Of an export: a clock that was never set says 1970, and no notice can be dated in the year 1."""
_CLOCKS_DIFFER = timedelta(hours=1)
_DISTRICT = re.compile(r"[0-9A-Za-z-]{1,8}")


def _in_tokyo(moment: datetime) -> datetime:
    """Read a time without a zone as Tokyo's: the systems that write exports stand there and often name none."""
    if moment.year < _FIRST_YEAR:
        raise ValueError("before there were exports")
    try:
        return moment.replace(tzinfo=TOKYO) if moment.tzinfo is None else moment.astimezone(TOKYO)
    except OverflowError:
        raise ValueError("out of range") from None


class District(BaseModel):
    """Records of one district, and the sum of their new totals in yen; no sum in a round without decisions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rows: int = Field(ge=0, strict=True)
    total_after: int | None = Field(default=None, ge=0, strict=True)


class Control(BaseModel):
    """The control file beside an export, as README.md shows it; other members are not looked at.

    ``districts``, by district code, may be left out; where it is there, it must name every district.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    rows: int = Field(ge=0, strict=True)
    total_after: int | None = Field(default=None, ge=0, strict=True)
    case_no_min: str | None
    case_no_max: str | None
    created_at: Annotated[datetime, AfterValidator(_in_tokyo)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    districts: dict[str, District] | None = None


class Totals:
    """What records add up to, taken one after the other: what a control file has to say of them.

    ``total_after`` is the sum of the decisions' new totals in yen, None in a round without decisions; the case numbers
    are the first and the last in character order, None when there is no record.
    """

    def __init__(self, *, decision: bool) -> None:
        """Begin with no record; ``decision`` tells whether the round's records carry one."""
        self.rows = 0
        self.total_after = 0 if decision else None
        self.case_no_min: str | None = None
        self.case_no_max: str | None = None
        self._rows: dict[str, int] = {}
        self._totals: dict[str, int] = {}

    def add(self, recipient: Recipient) -> None:
        """Count a record in."""
        case_no, district = recipient.case_no, recipient.district
        self.rows += 1
        self.case_no_min = case_no if self.case_no_min is None else min(self.case_no_min, case_no)
        self.case_no_max = case_no if self.case_no_max is None else max(self.case_no_max, case_no)
        self._rows[district] = self._rows.get(district, 0) + 1
        if self.total_after is not None and recipient.decision:
            self.total_after += recipient.decision.total_after
            self._totals[district] = self._totals.get(district, 0) + recipient.decision.total_after

    def districts(self) -> dict[str, District]:
        """Return the totals of every district, by its code in order."""
        without = self.total_after is None
        return {
            code: District(rows=self._rows[code], total_after=None if without else self._totals.get(code, 0))
            for code in sorted(self._rows)
        }


class Source:
    """An export that agrees in its bytes with its control file, and whose records can be gone through once.

    ``export`` and ``totals`` tell of the whole of it once all records were read.
    """

    def __init__(
        self, path: Path, file: io.BufferedReader, layout: Layout, gaiji: Gaiji | None, *, decision: bool
    ) -> None:
        """Hash a file that is open and unread, and read its control file; see `open_source`."""
        self._path, self._file, self._before = path, file, os.fstat(file.fileno())
        self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.bytes = file.tell()
        self._require_unchanged(self.sha256)
        self.control = _read_control(path.with_name(path.name + CONTROL_SUFFIX), decision=decision)
        # Before the reading: a file that is not the one the control file speaks of may be malformed in any way.
        _compare("件数ファイルのSHA-256", self.control.sha256, "データファイル", self.sha256)
        self.export = Export(file, layout, gaiji, decision=decision)
        self.totals = Totals(decision=decision)

    def __iter__(self) -> Iterator[Recipient]:
        """Yield the records; they count only if no error comes at the end, where every number is compared.

        Raises:
            MalformedExportError: A record is malformed, or somebody wrote to the file.
            CountMismatchError: A control total differs.
        """
        for recipient in self.export:
            self.totals.add(recipient)
            yield recipient
        self._require_unchanged(self.export.sha256)
        self._require_agreement()

    def keep(self, workspace: Workspace, name: str) -> None:
        """Write the bytes of the export into the workspace.

        Raises:
            MalformedExportError: Somebody wrote to the file; what was written then is of no account.
        """
        self._file.seek(0)
        self._require_unchanged(workspace.write_from(name, self._file))

    def _require_unchanged(self, sha256: str) -> None:
        now = self._path.stat()
        same = all(getattr(self._before, each) == getattr(now, each) for each in _SAME_FILE)
        if not same or now.st_size != self.bytes or sha256 != self.sha256:
            raise MalformedExportError(
                "データファイルが、読み取っている間に書き換えられました（出力や複写の途中と思われます）。",
                "福祉システムの出力が終わり、件数ファイルも揃ったことを確かめてから、もう一度実行してください。",
            )

    def _require_agreement(self) -> None:
        control, totals, trailer = self.control, self.totals, self.export.trailer
        _compare("件数ファイルの件数", control.rows, "データファイル", totals.rows)
        if totals.total_after is not None:
            _compare("件数ファイルの変更後支給額の合計", control.total_after, "データファイル", totals.total_after)
        if control.districts is not None:
            _compare_districts(control.districts, totals.districts())
        if (control.case_no_min, control.case_no_max) != (totals.case_no_min, totals.case_no_max):
            # Case numbers stay out of messages, which reach logs and mails.
            raise CountMismatchError(
                "件数ファイルとデータファイルで、ケース番号の最小または最大が一致しません。", _REMEDY
            )
        if trailer:
            _compare("集計行の件数", trailer.rows, "データファイル", totals.rows)
            if trailer.total_after is not None:
                _compare("集計行の変更後支給額の合計", trailer.total_after, "データファイル", totals.total_after)


_SAME_FILE = ("st_dev", "st_ino", "st_size", "st_mtime_ns")


def extract(work: RoundContext, *, at: datetime) -> Extracted:
    """Read the round's export into the workspace; once the package is approved, return what stands.

    Writes ``original`` (the bytes as they came), ``records`` and ``extract/report`` (counts, among them
    per district and of decoded 外字, and unknown headers).

    Raises:
        RoundRefusedError: The export is no longer in the inbox, or another round has used the very same bytes.
        MalformedExportError: A record or the control file is malformed, the control file is missing, or is dated more
            than an hour later than ``at``.
        CountMismatchError: A control total differs.
        RoundEndedError: The round is ended.
    """
    if approved := work.released(ExtractedBody):
        return Extracted(round_id=work.round_id, rows=approved.rows, sha256=approved.sha256)
    gaiji = load_gaiji(work.settings.include, work.layout)
    path = source_path(work.settings, work.opened.source)
    with open_source(path, work.layout, gaiji, decision=work.kind.decision) as source:
        created_at = source.control.created_at
        if created_at > at + _CLOCKS_DIFFER:
            raise MalformedExportError(
                f"件数ファイルの作成日時（{created_at:%Y-%m-%d %H:%M}）が、取り込む時刻"
                f"（{at.astimezone(TOKYO):%Y-%m-%d %H:%M}）より後です。",
                "福祉システムとサーバーの時計、作成日時の時間帯（書かなければ日本時間）を確かめ、出力し直してください。",
            )
        if used := _used_by(work.register.entries(), work.round_id, source.sha256):
            raise RoundRefusedError(
                f"このデータファイルは、回「{used}」で既に取り込まれています（SHA-256 {source.sha256[:8]}…）。",
                f"同じ通知を二度送らないために止めました。回「{used}」を続けるか、使わないなら画面で中止してから"
                "やり直してください。別の回のデータなら、出力し直したファイルで実行してください。",
            )
        records_sha256 = write_recipients(work.workspace, source)
        source.keep(work.workspace, "original")
    export, totals = source.export, source.totals
    body = ExtractedBody(
        rows=totals.rows,
        bytes=source.bytes,
        sha256=source.sha256,
        total_after=totals.total_after,
        unknown_headers=len(export.unknown_headers),
        records_sha256=records_sha256,
        created_at=created_at,
    )
    report = body.model_dump(mode="json") | {
        "unknown_headers": export.unknown_headers,
        "gaiji_decoded": export.gaiji_decoded,
        "districts": {code: found.model_dump() for code, found in totals.districts().items()},
    }
    work.workspace.write("extract/report", json.dumps(report, ensure_ascii=False).encode("utf-8"))
    work.register.append(body, round_id=work.round_id, actor="mailround", at=at)
    return Extracted(round_id=work.round_id, rows=totals.rows, sha256=source.sha256)


@contextmanager
def open_source(path: Path, layout: Layout, gaiji: Gaiji | None = None, *, decision: bool) -> Iterator[Source]:
    """Open an export beside which lies its control file ``<export>.control.json``.

    Raises:
        MalformedExportError: The control file is malformed or missing, the export is still being written, in another
            encoding, or its header is malformed.
        CountMismatchError: Its SHA-256 is not that of the control file.
        ConfigurationError: The layout does not name the fields this round needs.
    """
    with path.open("rb") as file:
        yield Source(path, file, layout, gaiji, decision=decision)


def _used_by(entries: Iterable[Entry], round_id: str, sha256: str) -> str | None:
    """Return which other round works on these bytes; one ended before anything left the house does not count."""
    of_rounds: dict[str, list[Entry]] = {}
    for entry in entries:
        of_rounds.setdefault(entry.round_id, []).append(entry)
    for other, its in of_rounds.items():
        read = latest(its, ExtractedBody)
        dropped = latest(its, RoundEnded) and not latest(its, MediaHandedOver)
        if other != round_id and read and read.sha256 == sha256 and not dropped:
            return other
    return None


_REMEDY = "データファイルと件数ファイルを同じ出力処理で作り直し、両方を受信フォルダに置き直してください。"


def _compare(what: str, promised: int | str | None, where: str, found: int | str | None) -> None:
    if promised != found:
        raise CountMismatchError(f"{what}（{_figure(promised)}）と{where}（{_figure(found)}）が一致しません。", _REMEDY)


def _compare_districts(promised: Mapping[str, District], found: Mapping[str, District]) -> None:
    nobody = District(rows=0)
    for code in sorted(promised.keys() | found.keys()):
        # A layout may point at the wrong column: whatever does not look like a code stays out of messages.
        named = f"件数ファイルの地区{f'「{code}」' if _DISTRICT.fullmatch(code) else '（コードは省略）'}"
        told, read = promised.get(code, nobody), found.get(code, nobody)
        _compare(f"{named}の件数", told.rows, "データファイル", read.rows)
        _compare(f"{named}の変更後支給額の合計", told.total_after or 0, "データファイル", read.total_after or 0)


def _figure(value: int | str | None) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)[:16]


def _read_control(path: Path, *, decision: bool) -> Control:
    if not path.is_file():
        raise MalformedExportError(
            "データファイルの件数ファイルがありません。",
            f"データファイルと同じ場所に「（データファイル名）{CONTROL_SUFFIX}」を置いてください。",
        )
    try:
        control = Control.model_validate_json(path.read_bytes())
        wrong = []
    except ValidationError as error:
        control = None
        wrong = sorted({str(each["loc"][0]) if each["loc"] else "JSONの書式" for each in error.errors()})
    if control and decision is (control.total_after is None):
        wrong = ["total_after（決定のある回では必須、ない回では記載しない）"]
    elif control and any(decision is (each.total_after is None) for each in (control.districts or {}).values()):
        wrong = ["districts の total_after（決定のある回では必須、ない回では記載しない）"]
    if control is None or wrong:
        raise MalformedExportError(f"件数ファイルに誤りがあります：{'、'.join(wrong)}。", _REMEDY)
    return control
