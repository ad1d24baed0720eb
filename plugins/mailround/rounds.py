"""Round kinds: one YAML under include/rounds/ per kind of notice."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mailround.configuration import read_yaml


class Thresholds(BaseModel):
    """From which figure on a check finds something; what suits a ward, the ward knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    export_max_age_hours: int = Field(
        default=240, ge=1, description="At approval and handover, an older export is refused."
    )
    change_percent: float = Field(default=10, gt=0, description="Change against the last closed round that is told.")
    effective_days_before: int = Field(
        default=62, ge=0, description="Days a decision may take effect before its issue."
    )
    effective_days_after: int = Field(default=31, ge=0, description="Days a decision may take effect after its issue.")
    mailto_shared_from: int = Field(default=10, ge=2, description="Households on one mail-to that are listed.")
    near_duplicate_score: float = Field(default=80, ge=50, le=100, description="Likeness of a pair that is listed.")

    def effective_window(self, issue_date: date) -> tuple[date, date]:
        """Return the first and the last day on which a decision of that issue date may take effect."""
        return (
            issue_date - timedelta(self.effective_days_before),
            issue_date + timedelta(self.effective_days_after),
        )


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
    thresholds: Thresholds = Field(default_factory=Thresholds)


def load_round_kind(include: Path, name: str) -> RoundKind:
    """Return the kind's YAML.

    Raises:
        ConfigurationError: Unknown or wrong.
    """
    return read_yaml(include / "rounds", name, RoundKind, "発送種別")
