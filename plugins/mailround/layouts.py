"""Layouts: one YAML under include/layouts/ per shape of export, so that another ward needs a YAML and no code."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mailround.configuration import read_yaml


class Trailer(BaseModel):
    """The last record, when the export ends with its own totals. Positions count fields from 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    marker: str = Field(min_length=1, description="Content of the trailer's first field.")
    rows: int = Field(ge=2, description="Position of the row count.")
    total_after: int | None = Field(default=None, ge=2, description="Position of the amount total, if it has one.")


class Layout(BaseModel):
    """How one welfare system writes its export (export-layout contract)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    encoding: Literal["cp932", "utf-8", "utf-8-sig"]
    delimiter: str = Field(min_length=1, max_length=1)
    header: bool
    trailer: Trailer | None = None
    date_format: str = Field(description="strptime format such as %Y/%m/%d, or `era` for R7.10.1.")
    columns: dict[str, str | int] = Field(description="Canonical field → source header, or position from 1.")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Per canonical field: source value → canonical value."
    )


def load_layout(include: Path, name: str) -> Layout:
    """Return the layout's YAML.

    Raises:
        ConfigurationError: Unknown or wrong.
    """
    return read_yaml(include / "layouts", name, Layout, "データレイアウト")
