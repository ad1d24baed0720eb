"""Read an export strictly: every byte is accounted for, or the place it stands in is reported.

The bytes go through the CSV grammar as Latin-1, one character a byte, so that no decoder can swallow a separator; then
the field count is checked, and only then is each field decoded. Text is kept exactly as received; to put the character
for the ward's own number of it (`gaiji`) is decoding too, and normalises nothing. Nothing a finding says contains
content: record number, line, field and a phrase. One leniency beyond RFC 4180: a quote inside an unquoted field is a
character like any other, as systems that never quote write it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailround.errors import ConfigurationError, Finding, MalformedExportError
from mailround.field_values import FieldError, field_readers, read_amount
from mailround.gaiji import Gaiji
from mailround.layouts import BASIC_FIELDS, DATE_FIELDS, DECISION_FIELDS, OPTIONAL_FIELDS, Layout, Trailer
from mailround.model import AID_KINDS, Decision, Recipient

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF16_BREAKS = (b"\0\r\0\n", b"\r\0\n\0")
_ENCODING_TITLES = {"cp932": "CP932（シフトJIS）", "utf-8": "UTF-8（BOMなし）", "utf-8-sig": "UTF-8（BOMあり）"}
_MOST_DIGITS_OF_A_TOTAL = 15
_LISTED = 20
_HALVES = re.compile("[\u4e00-\u9fff][\x80\uff61-\uff9f\uf8f0-\uf8f3]")
"""An ideograph and right behind it what CP932 makes of a byte that stands alone."""
_NOT_JAPANESE = re.compile("[\x80-\u2fff\ua000-\ufeff\U00010000-\U0010ffff]")
_BARE_CR = "引用符の外に単独の改行コード（CR）があります"

_REMEDY = (
    "ファイルを手で直さずに、福祉システムの出力とデータレイアウトの設定を確かめ、"
    "出力し直したファイルで実行してください。"
)


@dataclass(frozen=True, slots=True)
class TrailerTotals:
    """What the export's own last record says."""

    rows: int
    total_after: int | None


@dataclass(frozen=True, slots=True)
class Export:
    """A wholly readable export.

    ``total_after`` is the sum of the decisions' new totals in yen, None in a round without decisions;
    ``unknown_headers`` are source headers that the layout does not use, in file order; ``gaiji_decoded`` counts the
    private-use cells that the ward's map decoded.
    """

    recipients: tuple[Recipient, ...]
    total_after: int | None
    trailer: TrailerTotals | None
    unknown_headers: tuple[str, ...]
    gaiji_decoded: int = 0

    @property
    def rows(self) -> int:
        """Number of data records."""
        return len(self.recipients)

    @property
    def case_no_min(self) -> str | None:
        """First case number in character order; None when there is no record."""
        return min((recipient.case_no for recipient in self.recipients), default=None)

    @property
    def case_no_max(self) -> str | None:
        """Last case number in character order; None when there is no record."""
        return max((recipient.case_no for recipient in self.recipients), default=None)


@dataclass(frozen=True, slots=True)
class _Record:
    """One CSV record, its fields still bytes in Latin-1 clothes. ``problem`` says why it could not be cut up."""

    line: int
    fields: list[str]
    problem: str = ""


def read_export(raw: bytes, layout: Layout, gaiji: Gaiji | None = None, *, decision: bool) -> Export:
    """Return the records of an export.

    Empty texts and empty dates are allowed (the quality rules hold such households); so are double case numbers.

    Args:
        raw: The file, as it came.
        layout: How it is written.
        gaiji: What its private-use cells stand for. Without, and where the map says nothing or `hold`, a cell stays:
            the quality rules hold its household.
        decision: Whether the round's records carry a decision; without, decision columns may be absent.

    Raises:
        MalformedExportError: It is in another encoding, or has malformed records: ``findings`` holds every one.
        ConfigurationError: The layout does not name the fields this round needs.
    """
    if missing := [field for field in layout.required(decision=decision) if field not in layout.columns]:
        raise ConfigurationError(
            f"データレイアウト「{layout.name}」に、この発送種別で必要な項目がありません：{'、'.join(missing)}。",
            "決定の項目を持つデータレイアウトを選ぶか、設定に項目を追加してください。",
        )
    _require_encoding(raw, layout)
    codec = layout.encoding.removesuffix("-sig")
    records = list(_records(raw.removeprefix(_UTF8_MARK), layout.delimiter))
    findings: list[Finding] = []

    wanted = BASIC_FIELDS + DECISION_FIELDS if decision else BASIC_FIELDS
    if layout.header:
        positions, unknown, width = _read_header(records, layout, wanted, codec)
        records = records[1:]
    else:
        positions = {field: int(layout.columns[field]) - 1 for field in wanted if field in layout.columns}
        unknown, width = (), layout.width or 0

    totals = None
    if layout.trailer:
        totals, records = _read_trailer(records, layout.trailer, width, codec, decision=decision, findings=findings)

    convert = _Conversion(layout, positions, width, codec, gaiji, decision=decision, findings=findings)
    converted = [convert(number, record) for number, record in enumerate(records, start=1)]
    _refuse(findings)
    recipients = tuple(each for each in converted if each is not None)
    total = sum(each.decision.total_after for each in recipients if each.decision) if decision else None
    return Export(recipients, total, totals, unknown, convert.gaiji_decoded)


def _require_encoding(raw: bytes, layout: Layout) -> None:
    """Refuse a file that is in another encoding than the layout says; single damaged fields are not its business."""
    found = _encoding(raw)
    if found in ("ascii", layout.encoding) and not (found == "ascii" and layout.encoding == "utf-8-sig"):
        return
    title = _ENCODING_TITLES.get(found, "英数字だけ（BOMなし）" if found == "ascii" else "UTF-16")
    raise MalformedExportError(
        f"データファイルの文字コードは{title}ですが、データレイアウト「{layout.name}」は"
        f"{_ENCODING_TITLES[layout.encoding]}です。",
        "福祉システムの出力設定の文字コードを確かめるか、正しいデータレイアウトを選んでください。",
    )


def _encoding(raw: bytes) -> str:
    if raw.startswith(_UTF8_MARK):
        return "utf-8-sig"
    if raw.startswith(_UTF16_MARKS) or any(each in raw for each in _UTF16_BREAKS):
        return "utf-16"
    if raw.isascii():
        return "ascii"
    # Not strict: UTF-8 with a few damaged bytes is still UTF-8, and its damaged fields are to be named one by one.
    text = raw.decode("utf-8", errors="replace")
    damaged = text.count("\N{REPLACEMENT CHARACTER}")
    whole = len(text) - len(text.encode("ascii", errors="ignore")) - damaged
    return "utf-8" if whole > damaged else "cp932"


def _records(raw: bytes, delimiter: str) -> Iterator[_Record]:
    lines = _Lines(raw)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        lines.quoted = False
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Record(line, [], _csv_problem(str(error), quoted=lines.quoted))
            if "limit" in str(error):  # an open quote swallowed the rest: what follows would be guesswork
                return
            continue
        problem = "" if fields else "空行です"
        if lines.last.endswith(("\r\r\n", "\r")):  # csv drops these CRs in silence
            problem = _BARE_CR
        yield _Record(line, fields, problem)


class _Lines:
    """The lines of a file in Latin-1 clothes, cut at LF alone: a bare CR must not pass for the end of a record.

    ``last`` is the line last handed out; ``quoted`` tells whether a quote was in one since it was last set to False.
    One line at a time: a file of 200 MB without a line break is not copied over and over.
    """

    def __init__(self, raw: bytes) -> None:
        self._file = io.BytesIO(raw)
        self.last = ""
        self.quoted = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.last = next(self._file).decode("latin-1")
        self.quoted = self.quoted or '"' in self.last
        return self.last


def _csv_problem(message: str, *, quoted: bool) -> str:
    if "new-line" in message:
        return _BARE_CR
    if "limit" in message and not quoted:
        return f"{csv.field_size_limit():,}バイトを超える項目があります（改行や区切りのないデータです）"
    if "limit" in message or "end of data" in message:
        return "引用符が閉じていません"
    return "引用符の使い方が誤っています"


def _decode(field: str, codec: str) -> str:
    if "\0" in field:
        raise FieldError("NUL文字があります")
    if field.isascii():
        return field
    try:
        text = field.encode("latin-1").decode(codec)
    except UnicodeDecodeError:
        text = ""  # raised below, so that the bytes do not hang on the error as its context
    if not text:
        raise FieldError("文字コードとして読めないバイトがあります")
    if codec == "cp932" and _is_utf8_misread(text):
        raise FieldError("UTF-8の文字が混じっています")
    return text


def _is_utf8_misread(text: str) -> bool:
    """Tell whether a text read as CP932 was Japanese written in UTF-8, such as 螻ｱ逕ｰ for 山田.

    Only what no Japanese text can be is taken for it: every byte belongs to a kana, ideograph or full-width sign in
    UTF-8, and half of a character stands behind a kanji as a half-width kana or a stray byte.
    """
    if not _HALVES.search(text):
        return False
    try:
        meant = text.encode("cp932").decode("utf-8")
    except UnicodeError:
        return False
    return not _NOT_JAPANESE.search(meant)


def _read_header(
    records: list[_Record], layout: Layout, wanted: tuple[str, ...], codec: str
) -> tuple[dict[str, int], tuple[str, ...], int]:
    """Return the position of each wanted field, the unknown headers, and the width of the file."""
    findings: list[Finding] = []

    def find(field: str, problem: str) -> None:
        findings.append(Finding(0, records[0].line if records else 1, field, problem))

    if not records:
        find("", "ファイルが空です")
    elif records[0].problem:
        find("", records[0].problem)
    _refuse(findings)

    headers: list[str] = []
    seen: set[str] = set()  # not the list: a line without end may have a million headers
    for position, field in enumerate(records[0].fields, start=1):
        try:
            headers.append(_decode(field, codec))
        except FieldError as error:
            find("", f"見出しの{position}列目：{error}")
            headers.append("")
            continue
        if not headers[-1]:
            find("", f"見出しの{position}列目が空です")
        elif headers[-1] in seen:
            find("", f"見出しの{position}列目が他の列と重複しています")
        seen.add(headers[-1])
    positions = {}
    for name in wanted:
        source = layout.columns.get(name)
        if source in headers:
            positions[name] = headers.index(str(source))
        elif name not in OPTIONAL_FIELDS:
            find(name, f"見出し「{source}」の列がありません")
    _refuse(findings)
    known = set(layout.columns.values())
    return positions, tuple(header for header in headers if header not in known), len(headers)


def _read_trailer(
    records: list[_Record], trailer: Trailer, width: int, codec: str, *, decision: bool, findings: list[Finding]
) -> tuple[TrailerTotals | None, list[_Record]]:
    """Return the trailer's totals and the records before it; a trailer is always the last record."""
    marker = trailer.marker.encode(codec).decode("latin-1")
    places = [index for index, record in enumerate(records) if record.fields[:1] == [marker] and not record.problem]
    last = len(records) - 1
    line = records[last].line if records else 1
    if last not in places:
        findings.append(Finding(last + 1, line, "", "最後の行が集計行ではありません（途中で切れた可能性があります）"))
        return None, [record for index, record in enumerate(records) if index not in places]
    findings.extend(
        Finding(index + 1, records[index].line, "", "集計行がファイルの途中にあります") for index in places[:-1]
    )

    if len(records[last].fields) > max(width, trailer.rows, trailer.total_after or 0):  # a record lost its line break
        findings.append(Finding(last + 1, line, "", "集計行の後に、改行のないまま別のデータが続いています"))

    def number(position: int) -> int:
        fields = records[last].fields
        try:
            return read_amount(fields[position - 1] if position <= len(fields) else "", _MOST_DIGITS_OF_A_TOTAL)
        except FieldError as error:
            findings.append(Finding(last + 1, line, "", f"集計行の{position}番目：{error}"))
            return 0

    rows = number(trailer.rows)
    total = number(trailer.total_after) if decision and trailer.total_after else None
    return TrailerTotals(rows, total), records[:last]


class _Conversion:
    """Turns records into recipients and collects what is malformed."""

    def __init__(
        self,
        layout: Layout,
        positions: dict[str, int],
        width: int,
        codec: str,
        gaiji: Gaiji | None,
        *,
        decision: bool,
        findings: list[Finding],
    ) -> None:
        self._width = width
        self._codec = codec
        self._gaiji = gaiji
        self.gaiji_decoded = 0
        self._decision = decision
        self._findings = findings
        self._names = {position: field for field, position in positions.items()}
        readers = field_readers(layout, positions, self._read_text)
        self._columns = [(field, position, readers[field]) for field, position in positions.items()]
        self._absent = {
            field: None if field in DATE_FIELDS else "" for field in OPTIONAL_FIELDS if field not in positions
        }

    def __call__(self, number: int, record: _Record) -> Recipient | None:
        before = len(self._findings)
        fields = self._decoded(number, record)
        if fields is None:
            return None
        values: dict[str, Any] = dict(self._absent)
        for field, position, read in self._columns:
            try:
                values[field] = read(fields[position])
            except FieldError as error:
                self._find(number, record, field, str(error))
        if len(self._findings) > before:
            return None
        decision = None
        if self._decision:
            values["before"] = tuple([values.pop(f"before_{kind}") for kind in AID_KINDS])
            values["after"] = tuple([values.pop(f"after_{kind}") for kind in AID_KINDS])
            decision = Decision(**{field: values.pop(field) for field in _DECISION_ATTRIBUTES})
        return Recipient(record_no=number, decision=decision, **values)

    def _read_text(self, text: str) -> str:
        if self._gaiji is None:
            return text
        decoded, cells = self._gaiji.decode(text)
        self.gaiji_decoded += cells
        return decoded

    def _decoded(self, number: int, record: _Record) -> list[str] | None:
        """Return the fields as text; decodes the record in one go and field by field only where that fails."""
        problem = record.problem
        if not problem and len(record.fields) != self._width:
            problem = f"項目数が{self._width}ではなく{len(record.fields)}です"
        if problem:
            self._find(number, record, "", problem)
            return None
        joined = "\0".join(record.fields)
        try:
            # NUL is no half of any character, so a broken character cannot eat it and join two fields.
            text = joined.encode("latin-1").decode(self._codec)
            fields = text.split("\0")
        except UnicodeDecodeError:
            fields = []
        if len(fields) == self._width and not (_HALVES.search(text) and any(map(_is_utf8_misread, fields))):
            return fields
        for position, field in enumerate(record.fields):
            try:
                _decode(field, self._codec)
            except FieldError as error:
                name = self._names.get(position, "")
                self._find(number, record, name, str(error) if name else f"{position + 1}列目：{error}")
        return None

    def _find(self, number: int, record: _Record, field: str, problem: str) -> None:
        self._findings.append(Finding(number, record.line, field, problem))


_DECISION_ATTRIBUTES = (
    "before",
    "after",
    *(field for field in DECISION_FIELDS if not field.startswith(("before_", "after_"))),
)


def _refuse(findings: list[Finding]) -> None:
    """Raise with all findings, the first ones in the text: it goes into a mail."""
    if not findings:
        return
    findings.sort(key=lambda each: (each.line, each.record))
    listed = "、".join(map(str, findings[:_LISTED]))
    rest = f"、ほか{len(findings) - _LISTED}か所" if len(findings) > _LISTED else ""
    raise MalformedExportError(
        f"データファイルの形式に誤りが{len(findings)}か所あります：{listed}{rest}。", _REMEDY, tuple(findings)
    )
