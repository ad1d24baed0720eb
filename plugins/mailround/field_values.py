"""What the text of one field of an export means. Strict: what is not plainly a value is refused, content unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache

from mailround.eras import read_era
from mailround.layouts import AMOUNT_FIELDS, CODED_FIELDS, DATE_FIELDS, OPTIONAL_FIELDS, Flag, Layout

_FIRST_YEAR = 1868
_MOST_DIGITS = 10
_LONGEST_CASE_NO = 20


class FieldError(Exception):
    """A field does not hold what it must; the text is a Japanese phrase without the field's content."""


Reader = Callable[[str], object]


def field_readers(layout: Layout, fields: Iterable[str], read_text: Reader = str) -> dict[str, Reader]:
    """Return, for each canonical field, the function that turns its text into its value or raises FieldError.

    Dates may be None and texts empty; amounts, codes and the case number may not be empty. Dates already read are
    remembered, so readers live as long as one export. ``read_text`` reads the fields whose value is their text.
    """
    read_date = _date_reader(layout.date_format)

    def reader(field: str) -> Reader:
        if field in DATE_FIELDS:
            return read_date
        if field in AMOUNT_FIELDS:
            return read_amount
        if field in CODED_FIELDS and (field in layout.values or field not in OPTIONAL_FIELDS):
            # A free text otherwise: mailto_reason without codes of the source's own is judged by a rule, not here.
            return _code_reader(field, layout)
        return {"members": _members, "case_no": _case_no}.get(field, read_text)

    return {field: reader(field) for field in fields}


def read_amount(text: str, most_digits: int = _MOST_DIGITS) -> int:
    """Return a number of yen or of records, ≥ 0.

    Raises:
        FieldError: Empty, negative, longer than ``most_digits``, or anything but half-width digits.
    """
    if text.isascii() and text.isdigit() and len(text) <= most_digits:
        return int(text)
    if not text:
        raise FieldError("空です")
    if text[0] in "-▲△−－" and text[1:].isdigit():
        raise FieldError("負の数です")
    if text.isascii() and text.isdigit():
        raise FieldError(f"{most_digits}桁を超えています")
    raise FieldError("半角数字だけの整数ではありません")


def _members(text: str) -> int:
    members = read_amount(text)
    if members < 1:
        raise FieldError("1人以上ではありません")
    return members


def _case_no(text: str) -> str:
    """Refuse whatever is not plainly a number: case numbers reach lists that names must never reach."""
    if not text.strip():
        raise FieldError("空です")
    if len(text) > _LONGEST_CASE_NO or not (text.isascii() and text.replace("-", "").isalnum()):
        raise FieldError("半角英数字とハイフンだけの番号ではありません")
    return text


def _code_reader(field: str, layout: Layout) -> Reader:
    canonical = CODED_FIELDS[field]
    codes = layout.values.get(field) or {str(value): str(value) for value in canonical}
    values: dict[str, object] = {source: canonical(value) for source, value in codes.items()}
    if canonical is Flag:
        values = {source: value == Flag.YES for source, value in codes.items()}
    elif field in OPTIONAL_FIELDS:
        values = {"": "", **codes}

    def read(text: str) -> object:
        try:
            return values[text]
        except KeyError:
            pass  # raised below, so that the value does not hang on the error as its context
        raise FieldError("レイアウトにない値です" if text else "空です")

    return read


def _date_reader(date_format: str) -> Reader:
    @cache
    def read(text: str) -> date | None:
        if not text:
            return None
        try:
            day = read_era(text) if date_format == "era" else _strict_date(text, date_format)
        except ValueError:
            day = None  # raised below, so that the value does not hang on the error as its context
        if day is None or day.year < _FIRST_YEAR:
            raise FieldError("日付として読めません")
        return day

    return read


def _strict_date(text: str, date_format: str) -> date:
    """Parse without strptime's leniency towards full-width digits."""
    if any(character.isdigit() and not character.isascii() for character in text):
        raise ValueError("full-width digits")
    return datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a date, not a moment
