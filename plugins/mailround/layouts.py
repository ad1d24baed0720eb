"""Layouts: one YAML under include/layouts/ per shape of export, so that another ward needs a YAML and no code.

The canonical fields, into which every export is read, are named here once; a layout says where each stands in the
source.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailround.configuration import read_yaml
from mailround.model import AID_KINDS, Delivery, PaymentMethod, Population, Status


class MailtoReason(StrEnum):
    """Why a piece goes elsewhere, in the words the ward uses."""

    HOSPITAL = "入院"
    INSTITUTION = "施設"
    GUARDIAN = "後見人"
    OTHER = "その他"


class Flag(StrEnum):
    """Yes and no of an export."""

    NO = "0"
    YES = "1"


AMOUNT_FIELDS = (
    *(f"{when}_{kind}" for when in ("before", "after") for kind in AID_KINDS),
    "income_before",
    "income_after",
    "total_before",
    "total_after",
)
DECISION_DATES = ("decision_date", "effective_date", "payment_date")
DECISION_FIELDS = ("document_no", *DECISION_DATES, "payment_method", *AMOUNT_FIELDS, "reason")
"""Fields of decision rounds only."""

OPTIONAL_FIELDS = (
    "building",
    "mailto_name",
    "mailto_postcode",
    "mailto_address",
    "mailto_building",
    "mailto_reason",
    "mailto_until",
    "protected_confirmed_on",
)
"""Fields a layout, and an export, may lack."""

BASIC_FIELDS = (
    "case_no",
    "population",
    "status",
    "name",
    "kana",
    "birth_date",
    "members",
    "postcode",
    "address",
    *OPTIONAL_FIELDS[:-1],
    "protected",
    "protected_confirmed_on",
    "delivery",
    "district",
    "caseworker",
)
"""Fields of every round."""

DATE_FIELDS = ("birth_date", "mailto_until", "protected_confirmed_on", *DECISION_DATES)

CODED_FIELDS: dict[str, type[StrEnum]] = {
    "population": Population,
    "status": Status,
    "protected": Flag,
    "delivery": Delivery,
    "payment_method": PaymentMethod,
    "mailto_reason": MailtoReason,
}
"""Fields with a closed list of canonical values; a layout may give the source's own codes for them."""

_DIRECTIVE = re.compile(r"%.")
_TRAIL_BYTES_FROM = 0x40
"""From here on a byte may be the second half of a CP932 character, so it cannot separate fields."""


class Trailer(BaseModel):
    """The last record, when the export ends with its own totals. Positions count fields from 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    marker: str = Field(min_length=1, description="Content of the trailer's first field.")
    rows: int = Field(ge=2, description="Position of the row count.")
    total_after: int | None = Field(default=None, ge=2, description="Position of the amount total, if it has one.")


class Layout(BaseModel):
    """How one welfare system writes its export."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    encoding: Literal["cp932", "utf-8", "utf-8-sig"] = Field(description="utf-8 is without a BOM, utf-8-sig with one.")
    gaiji: str | None = Field(default=None, description="Map under include/gaiji/ that decodes private-use cells.")
    delimiter: str = Field(min_length=1, max_length=1)
    header: bool
    width: int | None = Field(default=None, ge=1, description="Fields per record; only where there is no header.")
    trailer: Trailer | None = None
    date_format: str = Field(description="strptime format such as %Y/%m/%d, or `era` for R7.10.1.")
    columns: dict[str, str | int] = Field(description="Canonical field → source header, or position from 1.")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Per canonical field: source value → canonical value."
    )

    def required(self, *, decision: bool) -> tuple[str, ...]:
        """Return the fields an export must have in such a round."""
        basic = tuple(field for field in BASIC_FIELDS if field not in OPTIONAL_FIELDS)
        return basic + DECISION_FIELDS if decision else basic

    @model_validator(mode="after")
    def _readable(self) -> Self:
        separator = self.delimiter
        if not separator.isascii() or separator.isalnum() or separator in '"\r\n\0 ':
            raise ValueError("delimiter に使えない文字です")
        if self.encoding == "cp932" and ord(separator) >= _TRAIL_BYTES_FROM:
            raise ValueError("この delimiter は CP932 の漢字の一部と区別できません")
        if self.date_format != "era" and sorted(_DIRECTIVE.findall(self.date_format)) != ["%Y", "%d", "%m"]:
            raise ValueError("date_format は era か、%Y %m %d を一つずつ使う形にしてください")
        if self.header == (self.width is not None):
            raise ValueError("width は見出し行がないときだけ、必ず指定してください")
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if unknown := [field for field in self.columns if field not in (*BASIC_FIELDS, *DECISION_FIELDS)]:
            raise ValueError(f"columns に未知の項目があります：{'、'.join(unknown)}")
        decision = any(field in self.columns for field in DECISION_FIELDS)
        if missing := [field for field in self.required(decision=decision) if field not in self.columns]:
            raise ValueError(f"columns に次の項目がありません：{'、'.join(missing)}")
        if twice := [str(source) for source, times in Counter(self.columns.values()).items() if times > 1]:
            raise ValueError(f"columns で同じ列を二度使っています：{'、'.join(twice)}")
        for field, source in self.columns.items():
            if isinstance(source, str) is not self.header or source == "":
                raise ValueError(f"columns の {field} は、見出し行があるときは見出し、ないときは位置で指定してください")
            if isinstance(source, int) and not 1 <= source <= (self.width or 0):
                raise ValueError(f"columns の {field} の位置が width の外です")
        return self

    @model_validator(mode="after")
    def _coded(self) -> Self:
        for field, codes in self.values.items():
            if field not in CODED_FIELDS:
                raise ValueError(f"values を指定できない項目です：{field}")
            if unknown := set(codes.values()) - set(CODED_FIELDS[field]):
                raise ValueError(f"values の {field} に未知の値があります：{'、'.join(sorted(unknown))}")
        return self


def load_layout(include: Path, name: str) -> Layout:
    """Return the layout's YAML.

    Raises:
        ConfigurationError: Unknown or wrong.
    """
    return read_yaml(include / "layouts", name, Layout, "データレイアウト")
