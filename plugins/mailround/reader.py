"""Read an export strictly: every byte is accounted for, or the place it stands in is reported.

The bytes go through the CSV grammar as Latin-1, one character a byte, so that no decoder can swallow a separator; then
the field count is checked, and only then is each field decoded. Text is kept exactly as received; to put the character
for the ward's own number of it (`gaiji`) is decoding too, and normalises nothing. Nothing a finding says contains
content: record number, line, field and a phrase. One leniency beyond RFC 4180: a quote inside an unquoted field is a
character like any other, as systems that never quote write it.

Records pass through one by one: an export of a million households takes no more memory than one of a thousand.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

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
_BLOCK = 1 << 16
"""Bytes that are looked at together to find out the encoding."""
_HALVES = re.compile("[\u4e00-\u9fff][\x80\uff61-\uff9f\uf8f0-\uf8f3]")
"""An ideograph and right behind it what CP932 makes of a byte that stands alone."""
_NOT_JAPANESE = re.compile("[\x80-\u2fff\ua000-\ufeff\U00010000-\U0010ffff]")
_NO_TRAILER = "最後の行が集計行ではありません（途中で切れた可能性があります）"
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
class _Record:
    """One CSV record, its fields still bytes in Latin-1 clothes. ``problem`` says why it could not be cut up."""

    line: int
    fields: list[str]
    problem: str = ""


class Export:
    """An export that is read record by record, once.

    ``unknown_headers`` are source headers that the layout does not use, in file order. Once all records were read there
    are ``trailer``, ``sha256`` of the file, and ``gaiji_decoded``, how many private-use cells the ward's map decoded.

    Empty texts and empty dates are allowed (the quality rules hold such households); so are double case numbers.
    An optional column may be absent, but not while the export has columns that the layout does not know: one of them
    may be it.
    """

    def __init__(self, file: BinaryIO, layout: Layout, gaiji: Gaiji | None = None, *, decision: bool) -> None:
        """Look at the encoding of the whole file, then read its header.

        Args:
            file: The file as it came; it can be sought in, and is read from its beginning.
            layout: How it is written.
            gaiji: What its private-use cells stand for. Without, and where the map says nothing or `hold`, a cell
                stays: the quality rules hold its household.
            decision: Whether the round's records carry a decision; without, decision columns may be absent.

        Raises:
            MalformedExportError: It is in another encoding, or its header is malformed.
            ConfigurationError: The layout does not name the fields this round needs.
        """
        if missing := [field for field in layout.required(decision=decision) if field not in layout.columns]:
            raise ConfigurationError(
                f"データレイアウト「{layout.name}」に、この発送種別で必要な項目がありません：{'、'.join(missing)}。",
                "決定の項目を持つデータレイアウトを選ぶか、設定に項目を追加してください。",
            )
        _require_encoding(file, layout)
        file.seek(0)
        codec = layout.encoding.removesuffix("-sig")
        self._lines = _Lines(file)
        self._records = _records(self._lines, layout.delimiter)
        wanted = BASIC_FIELDS + DECISION_FIELDS if decision else BASIC_FIELDS
        if layout.header:
            positions, self.unknown_headers, width = _read_header(next(self._records, None), layout, wanted, codec)
        else:
            positions = {field: int(layout.columns[field]) - 1 for field in wanted if field in layout.columns}
            self.unknown_headers, width = (), layout.width or 0
        self._findings: list[Finding] = []
        self._last = None
        if layout.trailer:
            self._last = _Last(layout.trailer, width, codec, decision=decision, findings=self._findings)
        self._convert = _Conversion(layout, positions, width, codec, gaiji, decision=decision, findings=self._findings)

    def __iter__(self) -> Iterator[Recipient]:
        """Yield the records, which count only if no error comes at the end; none behind a malformed one.

        Raises:
            MalformedExportError: There are malformed records: ``findings`` holds every one.
        """
        number = 0
        held = next(self._records, None)
        while held is not None:
            number, record, held = number + 1, held, next(self._records, None)
            if self._last and self._last.takes(number, record, last=held is None):
                break
            recipient = self._convert(number, record)
            if recipient is not None and not self._findings:
                yield recipient
        if self._last and not number:
            self._findings.append(Finding(0, 1, "", _NO_TRAILER))
        _refuse(self._findings)
        self.trailer = self._last.totals if self._last else None
        self.gaiji_decoded = self._convert.gaiji_decoded
        self.sha256 = self._lines.digest.hexdigest()


def _require_encoding(file: BinaryIO, layout: Layout) -> None:
    """Refuse a file that is in another encoding than the layout says; single damaged fields are not its business."""
    found = _encoding(file)
    if found in ("ascii", layout.encoding) and not (found == "ascii" and layout.encoding == "utf-8-sig"):
        return
    title = _ENCODING_TITLES.get(found, "英数字だけ（BOMなし）" if found == "ascii" else "UTF-16")
    raise MalformedExportError(
        f"データファイルの文字コードは{title}ですが、データレイアウト「{layout.name}」は"
        f"{_ENCODING_TITLES[layout.encoding]}です。",
        "福祉システムの出力設定の文字コードを確かめるか、正しいデータレイアウトを選んでください。",
    )


def _encoding(file: BinaryIO) -> str:
    file.seek(0)
    block = file.read(_BLOCK)
    if block.startswith(_UTF8_MARK):
        return "utf-8-sig"
    if block.startswith(_UTF16_MARKS):
        return "utf-16"
    # Not strict: UTF-8 with a few damaged bytes is still UTF-8, and its damaged fields are to be named one by one.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    whole = damaged = 0
    ascii_only, before = True, b""
    while block:
        if any(each in before + block for each in _UTF16_BREAKS):
            return "utf-16"
        before = block[1 - len(_UTF16_BREAKS[0]) :]
        ascii_only = ascii_only and block.isascii()
        following = file.read(_BLOCK)
        text = decoder.decode(block, final=not following)
        lost = text.count("\N{REPLACEMENT CHARACTER}")
        damaged += lost
        whole += len(text) - len(text.encode("ascii", errors="ignore")) - lost
        block = following
    if ascii_only:
        return "ascii"
    return "utf-8" if whole > damaged else "cp932"


def _records(lines: _Lines, delimiter: str) -> Iterator[_Record]:
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

    ``last`` is the line last handed out; ``quoted`` tells whether a quote was in one since it was last set to False;
    ``digest`` is of all bytes read. A mark at the beginning of the file is left out of the first line.
    One line at a time: a file of 200 MB without a line break is not copied over and over.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._mark = _UTF8_MARK
        self.last = ""
        self.quoted = False
        self.digest = hashlib.sha256()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.digest.update(line)
        if self._mark:
            line, self._mark = line.removeprefix(self._mark), b""
        self.last = line.decode("latin-1")
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
    first: _Record | None, layout: Layout, wanted: tuple[str, ...], codec: str
) -> tuple[dict[str, int], tuple[str, ...], int]:
    """Return the position of each wanted field, the unknown headers, and the width of the file."""
    findings: list[Finding] = []

    def find(field: str, problem: str) -> None:
        findings.append(Finding(0, first.line if first else 1, field, problem))

    problem = "ファイルが空です" if first is None else first.problem
    if problem:
        find("", problem)
    _refuse(findings)

    headers: list[str] = []
    seen: set[str] = set()  # not the list: a line without end may have a million headers
    for position, field in enumerate(first.fields if first else (), start=1):
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
    known = set(layout.columns.values())
    unknown = tuple(header for header in headers if header not in known)
    positions = {}
    for name in wanted:
        source = layout.columns.get(name)
        if source in headers:
            positions[name] = headers.index(str(source))
        elif name not in OPTIONAL_FIELDS:
            find(name, f"見出し「{source}」の列がありません")
        elif source and unknown:  # under another name it would be lost in silence: a mail-to's last day, for one
            find(name, f"見出し「{source}」の列がなく、レイアウトにない見出しが{len(unknown)}列あります")
    _refuse(findings)
    return positions, unknown, len(headers)


class _Last:
    """Knows the trailer, which is always the last record; ``totals`` are what it says."""

    def __init__(self, trailer: Trailer, width: int, codec: str, *, decision: bool, findings: list[Finding]) -> None:
        self._trailer = trailer
        self._marker = trailer.marker.encode(codec).decode("latin-1")
        self._most = max(width, trailer.rows, trailer.total_after or 0)
        self._decision = decision
        self._findings = findings
        self.totals: TrailerTotals | None = None

    def takes(self, number: int, record: _Record, *, last: bool) -> bool:
        """Tell whether this is the trailer, and read it; one elsewhere is a fault, and so is none at the end."""
        marked = record.fields[:1] == [self._marker] and not record.problem
        if marked and last:
            self._read(number, record)
        elif marked:
            self._find(number, record.line, "集計行がファイルの途中にあります")
        elif last:
            self._find(number, record.line, _NO_TRAILER)
        return marked and last

    def _find(self, number: int, line: int, problem: str) -> None:
        self._findings.append(Finding(number, line, "", problem))

    def _read(self, number: int, record: _Record) -> None:
        if len(record.fields) > self._most:  # a record lost its line break
            self._find(number, record.line, "集計行の後に、改行のないまま別のデータが続いています")

        def figure(position: int) -> int:
            fields = record.fields
            try:
                return read_amount(fields[position - 1] if position <= len(fields) else "", _MOST_DIGITS_OF_A_TOTAL)
            except FieldError as error:
                self._find(number, record.line, f"集計行の{position}番目：{error}")
                return 0

        rows = figure(self._trailer.rows)
        total = figure(self._trailer.total_after) if self._decision and self._trailer.total_after else None
        self.totals = TrailerTotals(rows, total)


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
