"""Hostile inputs by name, each with the end it must come to: refused, held or stopped by a rule, or printed exactly."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from mailround.extract import CONTROL_SUFFIX
from mailround.layouts import DECISION_FIELDS, Layout, load_layout
from mailround.model import Delivery, Recipient, Status
from mailround.rounds import load_round_kind
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.settings import TOKYO, CheckSettings

SETTINGS = CheckSettings()
CHANGE = load_round_kind(SETTINGS.include, "change_notice")
SHINJUKU, SETO = (load_layout(SETTINGS.include, name) for name in ("shinjuku", "seto"))
LAYOUTS = {"shinjuku": SHINJUKU, "seto": SETO}
AT = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
CANARY = "伽奈利亜"
REASON = "冬季加算を計上したため。"
"""Of one line, so that household n stands on line n + 1."""
READABLE = "readable"
"""The rule of an export that could not be read whole."""


@cache
def households(count: int, layout: str = "shinjuku") -> tuple[Recipient, ...]:
    """Return sound households that go out by post to where they live, numbered from 1, each with the canary."""
    drawn = sample_recipients(count * 3 + 60, 7, CHANGE, faults=False).recipients
    plain = [
        each
        for each in drawn
        if not each.mailto_address
        and not each.protected
        and each.delivery is Delivery.POST
        and each.status is Status.ACTIVE
    ][:count]
    assert len(plain) == count
    return tuple(
        changed(each, record_no=number, name=f"{CANARY}　{each.name.split()[0]}", reason=REASON)
        for number, each in enumerate(plain, start=1)
    )


def changed(recipient: Recipient, **fields: object) -> Recipient:
    """Return the household with other fields, those of its decision among them."""
    decided = {field: fields.pop(field) for field in tuple(fields) if field in DECISION_FIELDS}
    if decided and recipient.decision:
        fields["decision"] = dataclasses.replace(recipient.decision, **decided)  # type: ignore[arg-type]
    return dataclasses.replace(recipient, **fields)  # type: ignore[arg-type]


def put(folder: Path, raw: bytes, recipients: tuple[Recipient, ...], agreeing: bytes | None = None) -> Path:
    """Write an export and a control file that says what was meant, its hash that of ``agreeing`` or of the export."""
    path = folder / "export.csv"
    path.write_bytes(raw)
    control = control_file(raw if agreeing is None else agreeing, recipients, decision=True, created_at=AT)
    path.with_name(path.name + CONTROL_SUFFIX).write_bytes(control)
    return path


def control_says(path: Path, **members: object) -> None:
    beside = path.with_name(path.name + CONTROL_SUFFIX)
    beside.write_text(json.dumps(json.loads(beside.read_text(encoding="utf-8")) | members), encoding="utf-8")


# Bytes

Spoil = Callable[[bytes, Layout], bytes]


@dataclass(frozen=True)
class Spoiled:
    """A way to spoil an export. ``told`` is in the message that refuses it, or ``rule`` stops the round."""

    name: str
    spoil: Spoil
    told: str = ""
    rule: str = ""
    times: int = 1
    layouts: tuple[str, ...] = ("shinjuku", "seto")

    def __str__(self) -> str:
        return self.name


def lines(change: Callable[[list[bytes], Layout], list[bytes]]) -> Spoil:
    """Change the export as a list of its lines."""
    return lambda raw, layout: b"\r\n".join(change(raw.split(b"\r\n"), layout))


def line(number: int, change: Callable[[bytes, bytes], bytes]) -> Spoil:
    """Change one line, given the delimiter."""

    def spoil(every: list[bytes], layout: Layout) -> list[bytes]:
        return [
            change(each, layout.delimiter.encode()) if place == number else each
            for place, each in enumerate(every, start=1)
        ]

    return lines(spoil)


def recoded(codec: str) -> Spoil:
    return lambda raw, layout: raw.decode(layout.encoding).encode(codec, errors="replace")


def field(name: str, content: bytes) -> Spoil:
    """Put bytes into a field of the second household, quoted where they have to be."""

    def spoil(raw: bytes, layout: Layout) -> bytes:
        rows = list(csv.reader(io.StringIO(raw.decode("latin-1"), newline=""), delimiter=layout.delimiter, strict=True))
        place = [each.encode("latin-1").decode(layout.encoding) for each in rows[0]].index(str(layout.columns[name]))
        rows[2][place] = content.decode("latin-1")
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=layout.delimiter, lineterminator="\r\n").writerows(rows)
        return text.getvalue().encode("latin-1")

    return spoil


def twice(raw: bytes, layout: Layout) -> bytes:
    """All records a second time, the totals of the trailer doubled with them."""
    head, *records = raw.split(b"\r\n")[:-1]
    end: list[bytes] = []
    if layout.trailer:
        marker, rows, total = records.pop().split(b"\t")
        end = [b"\t".join((marker, b"%d" % (2 * int(rows)), b"%d" % (2 * int(total))))]
    return b"\r\n".join([head, *records, *records, *end, b""])


def other(layout: Layout) -> str:
    return "utf-8" if layout.encoding == "cp932" else "cp932"


def headers(count: int) -> Spoil:
    return line(1, lambda each, mark: each + b"".join(mark + b"x%d" % number for number in range(count)))


NOISE = random.Random(3).randbytes(4000)  # noqa: S311 - data, not secrets
_UTF16, _UTF8, _CP932 = "UTF-16", "UTF-8", "CP932"
_BARE_CR, _OPEN = "単独の改行コード", "引用符が閉じていません"
_HEADERS = "の列がありません"

SPOILED = [
    Spoiled("empty file", lambda *_: b"", "ファイルが空です"),
    Spoiled("a BOM alone", lambda *_: b"\xef\xbb\xbf", "BOMあり"),
    Spoiled("a line break alone", lambda *_: b"\r\n", "空行です"),
    Spoiled("blanks alone", lambda *_: b"   ", _HEADERS),
    Spoiled(
        "header only", lambda raw, _: raw.partition(b"\r\n")[0] + b"\r\n", rule="R01", times=0, layouts=("shinjuku",)
    ),
    Spoiled(
        "header only", lambda raw, _: raw.partition(b"\r\n")[0] + b"\r\n", "集計行ではありません", layouts=("seto",)
    ),
    Spoiled("half a header", lambda raw, _: raw[: raw.index(b"\r\n") // 2], ""),
    Spoiled("no header", lambda raw, _: raw.partition(b"\r\n")[2], "見出し"),
    Spoiled("header twice", lambda raw, _: raw.partition(b"\r\n")[0] + b"\r\n" + raw, "2行目（1件目）case_no"),
    Spoiled("cut within a record", lambda raw, _: raw[: len(raw) * 3 // 5], "項目数"),
    Spoiled("cut behind a record", lines(lambda each, _: [*each[:3], b""]), "一致しません", layouts=("shinjuku",)),
    Spoiled("cut behind a record", lines(lambda each, _: [*each[:3], b""]), "集計行ではありません", layouts=("seto",)),
    Spoiled("one record lost", lines(lambda each, _: [*each[:2], *each[3:]]), "一致しません"),
    Spoiled("the same file behind itself", lambda raw, _: raw + raw, "case_no", layouts=("shinjuku",)),
    Spoiled("the same file behind itself", lambda raw, _: raw + raw, "集計行がファイルの途中", layouts=("seto",)),
    Spoiled("every record twice", twice, rule="R02", times=2),
    Spoiled("BOM", lambda raw, _: b"\xef\xbb\xbf" + raw, "BOMあり"),
    Spoiled("UTF-16 with BOM", recoded("utf-16"), _UTF16),
    Spoiled("UTF-16 LE without BOM", recoded("utf-16-le"), _UTF16),
    Spoiled("UTF-16 BE without BOM", recoded("utf-16-be"), _UTF16),
    Spoiled("UTF-32", recoded("utf-32"), _UTF16),
    Spoiled("ISO-2022-JP", recoded("iso2022_jp"), _HEADERS),
    Spoiled("EUC-JP", recoded("euc_jp"), "の列がありません", layouts=("shinjuku",)),
    Spoiled("EUC-JP", recoded("euc_jp"), _CP932, layouts=("seto",)),
    Spoiled("UTF-8 for CP932", recoded("utf-8"), _UTF8, layouts=("shinjuku",)),
    Spoiled("CP932 for UTF-8", recoded("cp932"), _CP932, layouts=("seto",)),
    Spoiled("UTF-7", recoded("utf-7"), "見出し"),
    Spoiled(
        "one record in another encoding",
        lines(lambda each, to: [*each[:2], each[2].decode(to.encoding).encode(other(to)), *each[3:]]),
        "3行目（2件目）",
    ),
    Spoiled("a name in UTF-8", field("name", "山田　一郎".encode()), "2件目）name", layouts=("shinjuku",)),
    Spoiled(
        "a short name in UTF-8",
        field("name", "山田".encode()),
        "name：UTF-8の文字が混じっています",
        layouts=("shinjuku",),
    ),
    Spoiled(
        "an address in UTF-8",
        field("address", "東京都新宿区新宿一丁目２番３号".encode()),
        "address：",
        layouts=("shinjuku",),
    ),
    Spoiled(
        "a name in CP932",
        field("name", "山田　一郎".encode("cp932")),
        "name：文字コードとして読めない",
        layouts=("seto",),
    ),
    Spoiled("a lone surrogate", field("name", b"\xed\xa0\x80"), "name：文字コードとして読めない", layouts=("seto",)),
    Spoiled(
        "a surrogate pair in UTF-8",
        field("name", b"\xed\xa1\x82\xed\xbe\xb7"),
        "name：文字コードとして",
        layouts=("seto",),
    ),
    Spoiled("an overlong slash", field("address", b"\xc0\xaf"), "address：文字コードとして読めない", layouts=("seto",)),
    Spoiled("beyond Unicode", field("name", b"\xf4\x90\x80\x80"), "name：文字コードとして読めない", layouts=("seto",)),
    Spoiled(
        "half a character",
        field("name", "山田".encode("cp932")[:-1]),
        "name：文字コードとして読めない",
        layouts=("shinjuku",),
    ),
    Spoiled(
        "half a character", field("name", "山田".encode()[:-1]), "name：文字コードとして読めない", layouts=("seto",)
    ),
    Spoiled("NUL in a name", field("name", b"A\0B"), "name：NUL文字があります"),
    Spoiled("NUL in a case number", field("case_no", b"00\0001"), "case_no：NUL文字があります"),
    Spoiled("NULs behind the end", lambda raw, _: raw + b"\0" * 512, "項目数", layouts=("shinjuku",)),
    Spoiled("NULs behind the end", lambda raw, _: raw + b"\0" * 512, "集計行ではありません", layouts=("seto",)),
    Spoiled("NULs for a part", lambda raw, _: raw[:900] + b"\0" * 100 + raw[1000:], "項目数"),
    Spoiled("Ctrl-Z at the end", lambda raw, _: raw + b"\x1a", "項目数が47ではなく1です", layouts=("shinjuku",)),
    Spoiled("Ctrl-Z at the end", lambda raw, _: raw + b"\x1a", "集計行ではありません", layouts=("seto",)),
    Spoiled("CR for line breaks", lambda raw, _: raw.replace(b"\r\n", b"\r"), _BARE_CR),
    Spoiled("a lone CR in a record", line(3, lambda each, mark: each.replace(mark, b"\r" + mark, 1)), _BARE_CR),
    Spoiled("CR CR LF", lambda raw, _: raw.replace(b"\r\n", b"\r\r\n"), _BARE_CR),
    Spoiled("an empty line", lines(lambda each, _: [*each[:2], b"", *each[2:]]), "3行目（2件目）：空行です"),
    Spoiled("empty lines at the end", lambda raw, _: raw + b"\r\n\r\n", "空行です", layouts=("shinjuku",)),
    Spoiled("empty lines at the end", lambda raw, _: raw + b"\r\n\r\n", "集計行ではありません", layouts=("seto",)),
    Spoiled("a short record", line(3, lambda each, mark: each.rpartition(mark)[0]), "項目数が47ではなく46です"),
    Spoiled("a long record", line(3, lambda each, mark: each + mark), "項目数が47ではなく48です"),
    Spoiled(
        "a delimiter behind every record",
        lines(lambda e, to: [x + to.delimiter.encode() if x else x for x in e]),
        "見出しの48列目が空です",
    ),
    Spoiled("an open quote", line(3, lambda each, mark: each.rpartition(mark)[0] + mark + b'"x'), _OPEN),
    Spoiled("an open quote at the very start", lambda raw, _: b'"' + raw, "引用符"),
    Spoiled(
        "text behind a quote",
        line(3, lambda each, mark: each.replace(mark, mark + b'"c"d' + mark, 1)),
        "引用符の使い方",
    ),
    Spoiled("quotes in quotes in quotes", line(3, lambda each, _: b'"' * 9 + each), "3行目（2件目）"),
    Spoiled("semicolons", lambda raw, to: raw.replace(to.delimiter.encode(), b";"), "見出し"),
    Spoiled("one endless line", lambda raw, _: raw.replace(b"\r\n", b""), "見出し"),
    Spoiled("a field of 200,000 bytes", field("address", b"1" * 200_000), "バイトを超える項目があります"),
    Spoiled("10,000 columns in the header", headers(10_000), "項目数が10047ではなく47です"),
    Spoiled("10,000 equal columns", line(1, lambda each, mark: each + (mark + b"x") * 10_000), "他の列と重複"),
    Spoiled(
        "10,000 fields in a record", line(3, lambda each, mark: each + mark * 10_000), "項目数が47ではなく10047です"
    ),
    Spoiled(
        "an invisible sign in a header",
        lambda raw, _: raw.replace("世帯番号".encode(), "世帯\u200b番号".encode()),
        "case_no",
        layouts=("seto",),
    ),
    Spoiled(
        "the trailer in a record's tail",
        lambda raw, _: raw.replace("\r\n合計".encode(), "合計".encode()),
        "集計行ではありません",
        layouts=("seto",),
    ),
    Spoiled(
        "a record in the trailer's tail",
        lines(lambda each, _: [*each[:3], *each[4:-2], each[-2] + b"\t" + each[3], b""]),
        "集計行の後に",
        layouts=("seto",),
    ),
    Spoiled(
        "the trailer first",
        lines(lambda each, _: [each[0], each[-2], *each[1:-2], b""]),
        "集計行ではありません",
        layouts=("seto",),
    ),
    Spoiled(
        "two trailers", lines(lambda each, _: [*each[:-1], each[-2], b""]), "集計行がファイルの途中", layouts=("seto",)
    ),
    Spoiled(
        "a negative trailer",
        lines(lambda each, _: [*each[:-2], "合計\t-3\t1".encode(), b""]),
        "負の数です",
        layouts=("seto",),
    ),
    Spoiled(
        "full-width amounts",
        field("total_after", "１２３".encode()),
        "total_after：半角数字だけ",
        layouts=("seto",),
    ),
    Spoiled("an endless amount", field("total_after", b"9" * 20_000), "total_after：10桁を超えています"),
    Spoiled(
        "a name for a case number",
        field("case_no", CANARY.encode("cp932")),
        "case_no：半角英数字",
        layouts=("shinjuku",),
    ),
    Spoiled(
        "a right-to-left case number", field("case_no", "\u202e1000".encode()), "case_no：半角英数字", layouts=("seto",)
    ),
    Spoiled("a formula for a case number", field("case_no", b"=1+1"), "case_no：半角英数字"),
    Spoiled("a path for a case number", field("case_no", b"../../etc/passwd"), "case_no：半角英数字"),
    Spoiled(
        "a date that is none",
        field("birth_date", CANARY.encode("cp932")),
        "birth_date：日付として読めません",
        layouts=("shinjuku",),
    ),
    Spoiled(
        "a day outside its era", field("birth_date", b"H31.5.1"), "birth_date：日付として読めません", layouts=("seto",)
    ),
    Spoiled("noise", lambda *_: NOISE, "データ"),
    Spoiled("gzip", lambda raw, _: gzip.compress(raw, mtime=0), "データ"),
    Spoiled("a workbook", lambda *_: b"PK\x03\x04\x14\0\x06\0" + NOISE, "データ"),
    Spoiled("a PDF", lambda *_: b"%PDF-1.7\n1 0 obj\n<</Type /Catalog>>\nendobj\n", _HEADERS),
    Spoiled("an error page", lambda *_: b"<!doctype html><title>500</title><p>Internal Server Error", _HEADERS),
    Spoiled("JSON", lambda *_: b'{"households": []}', _HEADERS),
]
"""Spoiled exports whose control file agrees with the bytes, so that it is the reader who must notice."""


# Fields


@dataclass(frozen=True)
class Written:
    """A text in a field of an otherwise sound household. Printed exactly as it is, unless ``rule`` holds it."""

    name: str
    field: str
    text: str
    rule: str = ""

    def __str__(self) -> str:
        return self.name

    def fits(self, layout: Layout) -> bool:
        """Tell whether the layout's encoding can write the text."""
        try:
            return self.text.encode(layout.encoding).decode(layout.encoding) == self.text
        except UnicodeError:
            return False


def place(text: str) -> str:
    return f"コーポ{text}荘101"


WRITTEN = [
    Written("right-to-left override", "building", place("\u202e"), "C03"),
    Written("left-to-right mark", "name", "山田\u200e　一郎", "C03"),
    Written("bidi isolate", "address", "東京都新宿区新宿1-2-3\u2067", "C03"),
    Written("zero-width space", "name", "山\u200b田　一郎", "C03"),
    Written("zero-width joiner", "name", "山\u200d田　一郎", "C03"),
    Written("BOM within a name", "name", "\ufeff山田　一郎", "C03"),
    Written("soft hyphen, for which the font has a glyph", "building", place("\u00ad"), "C03"),
    Written("word joiner", "building", place("\u2060"), "C03"),
    Written("tab", "building", place("\t"), "C03"),
    Written("line break in a name", "name", "山田\r\n一郎", "C03"),
    Written("line break in an address", "address", "東京都新宿区新宿1-2-3\n新宿ハイツ", "C03"),
    Written("lone CR in a reason", "reason", "一行目\r二行目", "C03"),
    Written("escape sequence", "building", place("\x1b[31m"), "C03"),
    Written("bell", "building", place("\x07"), "C03"),
    Written("delete", "building", place("\x7f"), "C03"),
    Written("Ctrl-Z within a field", "building", place("\x1a"), "C03"),
    Written("next line", "building", place("\x85"), "C03"),
    Written("line separator", "reason", "一行目\u2028二行目", "C03"),
    Written("外字 that nobody mapped", "name", "\ue123田　一郎", "C03"),
    Written("stray byte A0", "name", "山田\uf8f0　一郎", "C03"),
    Written("private use of plane 15", "name", "\U000f0000田　一郎", "C03"),
    Written("unassigned", "building", place("\u0378"), "C03"),
    Written("noncharacter", "building", place("\ufffe"), "C03"),
    Written("invisible tag", "building", place("\U000e0041"), "C03"),
    Written("selector behind a kana", "name", "か\ufe0fの　一郎", "C03"),
    Written("two selectors", "name", "邊\U000e0108\U000e0109　一郎", "C03"),
    Written("selector in front", "name", "\U000e0108邊　一郎", "C03"),
    Written("replacement character", "name", "\ufffd田　一郎", "C03"),
    Written("object replacement character", "building", place("\ufffc"), "C03"),
    Written("geta for a lost character", "name", "〓田　一郎", "C03"),
    Written("Hangul filler for a name", "name", "\u3164", "C03"),
    Written("grapheme joiner", "name", "山\u034f田　一郎", "C03"),
    Written("blank of Braille", "building", place("\u2800"), "C03"),
    Written("family of emoji with joiners", "building", place("👨\u200d👩\u200d👧"), "C03"),
    Written("keycap", "building", place("1\ufe0f\u20e3"), "C03"),
    Written("emoji", "building", place("😀"), "C04"),
    Written("flag", "building", place("🇯🇵"), "C04"),
    Written("Arabic", "name", "محمد", "C04"),
    Written("Hebrew", "name", "שלום", "C04"),
    Written("Thai", "name", "สมชาย", "C04"),
    Written("Hangul", "name", "김철수", "C04"),
    Written("decomposed dakuten", "name", "か\u3099や　一郎", "C04"),
    Written("decomposed acute", "name", "Jose\u0301 Garcia", "C04"),
    Written("enclosing circle", "building", place("A\u20dd"), "C04"),
    Written("unknown sequence", "name", "山\U000e01ef田　一郎", "C04"),
    Written("stacked marks", "name", "Z" + "\u0337\u0300\u0316" * 30, "C04"),
    Written("name of 20,000 characters", "name", "寿" * 20_000, "C05"),
    Written("address of 20,000 characters", "address", "東京都新宿区新宿1-2-3" + "新宿" * 10_000, "C05"),
    Written("方書 of 20,000 characters", "building", "W" * 20_000, "C05"),
    Written("reason of 20,000 characters", "reason", "加算。" * 6_700, "C05"),
    Written("reason of 10,000 lines", "reason", "加\n" * 10_000, "C05"),
    Written("document number of 20,000 digits", "document_no", "8" * 20_000, "C05"),
    Written("no name", "name", "", "C01"),
    Written("a name of full-width blanks", "name", "　　", "C01"),
    Written("a name of no-break spaces", "name", "\u00a0\u00a0", "C01"),
    Written("no address", "address", "　", "A01"),
    Written("full-width postcode", "postcode", "１６０－００２２", "A02"),
    Written("postcode with a line break", "postcode", "160-0022\n", "A02"),
    Written("a reason of line breaks", "reason", "\r\n\n　", "D05"),
    Written("a command for a spreadsheet", "building", "=cmd|' /C calc'!A0"),
    Written("a sum for a spreadsheet", "building", "+SUM(A1:A9)"),
    Written("an at sign in front", "building", "@SUM(1)"),
    Written("a hyperlink for a spreadsheet", "building", '=HYPERLINK("//x","y")'),
    Written("markup", "building", "<b>R&D</b>ハイツ101"),
    Written("an image from the disc", "reason", '<img src="/etc/passwd"/>のため。'),
    Written("entities", "building", "R&amp;D&#x41;101"),
    Written("placeholders", "building", "%(name)s{0}{name}$HOME"),
    Written("a template expression", "building", "{{ 7*7 }}{% raw %}"),
    Written("a statement for a database", "building", "'; DROP TABLE x;--"),
    Written("escapes", "building", "\\n\\u0041\\x00 C:\\x"),
    Written("operators of a PDF", "building", ") Tj ET (x\\) <</S/URI>>"),
    Written("a quoted text with a comma", "building", '"引用",区切り101'),
    Written("a name that means nothing to computers", "name", "NA"),
    Written("a null", "name", "null"),
    Written("a number for a 方書", "building", "1e5"),
    Written("leading zeros", "building", "0011"),
    Written("half-width kana", "name", "ﾔﾏﾀﾞ ｲﾁﾛｳ"),
    Written("NEC row 13", "building", "①㈱№℡101"),
    Written("the backslash as a second byte", "name", "表能　曽十ソ"),
    Written("IBM extensions", "name", "髙﨑　一郎"),
    Written("waves and dashes", "building", "１～２－３∥ー101"),
    Written("no-break space", "building", "コーポ\u00a0101"),
    Written("a character of plane 2", "name", "𠮷田　一郎"),
    Written("a known sequence", "name", "渡邊\U000e0108　清"),
    Written("a compatibility ideograph", "name", "神\ufa19　一郎"),
    Written("blanks around", "building", "  ハイツ  101 "),
    Written("Cyrillic that looks like Latin", "building", "АВСハイツ101"),
    Written("line breaks in a reason", "reason", "一行目。\r\n二行目。\n三行目。"),
    Written("the trailer's word", "building", "合計"),
]
"""Texts that reach the quality rules. Every one stands in a household of its own."""


def written(layout: Layout, *, at: int = 0) -> dict[str, tuple[Written, Recipient]]:
    """Return, by case number, the texts that the layout can write and their households; ``at`` skips households."""
    texts = [each for each in WRITTEN if each.fits(layout)]
    sound = households(at + len(texts))[at:]
    return {
        each.case_no: (text, changed(each, **{text.field: text.text})) for text, each in zip(texts, sound, strict=True)
    }


def export(recipients: tuple[Recipient, ...], layout: Layout) -> bytes:
    return write_export(recipients, layout, decision=True)
