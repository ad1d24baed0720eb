"""Window envelopes: one YAML under include/envelopes/ per envelope, and what of the folded sheet its window shows.

A folded sheet is smaller than the inside of its envelope and slides in it. What a window must show has to be seen
however the sheet lies; what it must not show may never be seen.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailround.configuration import read_yaml

_EXACT = 1e-6
"""Millimetres that sums of rounded figures may be off."""


class Box(NamedTuple):
    """A rectangle: its top left corner, width and height in millimetres, y downwards."""

    x: float
    y: float
    w: float
    h: float

    def holds(self, other: Box) -> bool:
        """Tell whether the other one lies wholly inside this one."""
        return (
            self.x <= other.x + _EXACT
            and self.y <= other.y + _EXACT
            and other.x + other.w <= self.x + self.w + _EXACT
            and other.y + other.h <= self.y + self.h + _EXACT
        )

    def meets(self, other: Box) -> bool:
        """Tell whether the two share more than an edge."""
        return (
            self.x < other.x + other.w - _EXACT
            and other.x < self.x + self.w - _EXACT
            and self.y < other.y + other.h - _EXACT
            and other.y < self.y + self.h - _EXACT
        )

    def grown(self, by: float) -> Box:
        """Return the box with so much more on each of its four sides; less for a negative number."""
        return Box(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)

    def moved(self, across: float, down: float) -> Box:
        """Return the box at another place."""
        return self._replace(x=self.x + across, y=self.y + down)


class Window(BaseModel):
    """The window, from the envelope's top left corner as its face is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: float = Field(gt=0)
    y: float = Field(gt=0)
    w: float = Field(gt=0)
    h: float = Field(gt=0)


class Sheet(BaseModel):
    """The sheet and the heights it is folded at, from its top edge; the panel above the first fold is the front one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: float = Field(gt=0)
    height: float = Field(gt=0)
    folds: tuple[float, ...] = Field(min_length=1)


class Envelope(BaseModel):
    """A window envelope and the sheet folded for it. Millimetres."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = Field(description="Japanese title.")
    width: float = Field(gt=0)
    height: float = Field(gt=0)
    seam: float = Field(ge=0, description="Strip along each edge that the sheet cannot enter: gum and thickness.")
    window: Window
    sheet: Sheet

    @property
    def slips(self) -> tuple[tuple[float, float], ...]:
        """Where the sheet's top left corner lies in the envelope at the four extremes of its slip."""
        lefts, tops = (self.seam, self.seam + self._slack[0]), (self.seam, self.seam + self._slack[1])
        return tuple((left, top) for left in lefts for top in tops)

    @property
    def seen(self) -> tuple[Box, ...]:
        """The part of the page under the window at each of the four extremes."""
        return tuple(Box(*self._window).moved(-left, -top) for left, top in self.slips)

    @property
    def always_seen(self) -> Box:
        """The part of the page that is under the window however the sheet lies."""
        across, down = self._slack
        window = Box(*self._window).moved(-self.seam, -self.seam)
        return Box(window.x, window.y, window.w - across, window.h - down)

    @property
    def ever_seen(self) -> Box:
        """The part of the page that the window can show at all: what the sheet passes under it as it slides."""
        across, down = self._slack
        window = Box(*self._window).moved(-self.seam - across, -self.seam - down)
        return Box(window.x, window.y, window.w + across, window.h + down)

    @property
    def _slack(self) -> tuple[float, float]:
        return self.width - 2 * self.seam - self.sheet.width, self.height - 2 * self.seam - self.sheet.folds[0]

    @property
    def _window(self) -> tuple[float, float, float, float]:
        return self.window.x, self.window.y, self.window.w, self.window.h

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        heights = (0.0, *self.sheet.folds, self.sheet.height)
        panels = [below - above for above, below in pairwise(heights)]
        if min(panels) <= 0 or panels[0] < max(panels):
            raise ValueError("折り目は上から順に、宛名の面がほかの面より小さくならない高さにしてください")
        if min(self._slack) < 0:
            raise ValueError("折った用紙が封筒に入りません")
        if self.always_seen.w <= 0 or self.always_seen.h <= 0:
            raise ValueError("用紙のずれより窓が小さく、いつも見える範囲がありません")
        if not Box(0, 0, self.sheet.width, panels[0]).holds(self.ever_seen):
            raise ValueError("用紙がずれると窓が宛名の面から外れ、ほかの面や同封物が見えます")
        return self


def load_envelope(include: Path, name: str) -> Envelope:
    """Return the envelope's YAML.

    Raises:
        ConfigurationError: Unknown or wrong, or the window can show more than the sheet's front panel.
    """
    return read_yaml(include / "envelopes", name, Envelope, "封筒")
