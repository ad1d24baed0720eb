"""Round kinds: one YAML under include/rounds/ per kind of notice."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mailround.configuration import read_yaml


class RoundKind(BaseModel):
    """What a round of this kind prints and hands over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = Field(description="Japanese title, shown to operators.")
    decision: bool = Field(description="Whether each record carries a decision (amounts, reason, document number).")
    templates: str = Field(description="Folder under include/templates/.")
    file_stem: str = Field(pattern=r"^[a-z]+$", description="notices or sheets: the PDF names in the package.")
    enclosure_set: str = Field(pattern=r"^[A-Z0-9]{1,4}$", description="Set of enclosures the inserter adds.")
    chunk_size: int = Field(default=500, ge=1, le=500, description="Pieces per PDF (reportlab keeps pages in memory).")


def load_round_kind(include: Path, name: str) -> RoundKind:
    """Return the kind's YAML.

    Raises:
        ConfigurationError: Unknown or wrong.
    """
    return read_yaml(include / "rounds", name, RoundKind, "発送種別")
