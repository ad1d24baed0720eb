"""The control checklist (個人情報保護対策チェックリスト): 24 rows of the ward's own, and 24 of the contractor's."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mailround.configuration import read_yaml

_IDS = tuple(f"{side}{number:02d}" for side in "WC" for number in range(1, 25))


class Control(BaseModel):
    """One row. ``text`` is the promise as the ward gave it.

    ``gates`` are the preconditions that keep it during a round, ``entries`` the kinds of register entries that show it
    was kept. A row with neither is shown by an attestation alone, and so is any other for which these are missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str = Field(min_length=1)
    gates: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """Its number in the checklist, the same on both sides."""
        return int(self.id[1:])


class _Checklist(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    controls: tuple[Control, ...]

    @field_validator("controls")
    @classmethod
    def _complete(cls, controls: tuple[Control, ...]) -> tuple[Control, ...]:
        if tuple(each.id for each in controls) != _IDS:
            raise ValueError("W01〜W24、C01〜C24 が、この順に一度ずつ並んでいません")
        return controls


def load_controls(include: Path) -> tuple[Control, ...]:
    """Return the 48 rows, the ward's first.

    Raises:
        ConfigurationError: include/controls.yaml does not hold them, each once and in order.
    """
    return read_yaml(include, "controls", _Checklist, "点検表").controls
