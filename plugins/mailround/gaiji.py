"""外字 maps: what the numbers of a ward's own characters stand for, one YAML under include/gaiji/, named by a layout.

A cell is a private-use code point: CP932's user-defined characters F040–F9FC are U+E000–U+E757, other systems use the
rest of the private planes. Its shape is known to the ward alone, so the ward says which Unicode character it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mailround.characters import SELECTORS, has_stray_selector, refused_characters
from mailround.configuration import read_yaml
from mailround.errors import ConfigurationError
from mailround.layouts import Layout

HOLD = "hold"
"""In place of a text: the ward knows the cell and wants its households held."""

_CELL = re.compile(r"U\+(E[0-9A-F]{3}|F[0-8][0-9A-F]{2}|(?:F|10)(?!FFF[EF])[0-9A-F]{4})")
"""The private-use areas of planes 0, 15 and 16."""
_LAST_OF_CP932 = "\ue757"
_STRAY_BYTES = "\uf8f0\uf8f1\uf8f2\uf8f3"
"""What CP932 makes of the single bytes A0, FD, FE and FF: damage, not a character of the ward's."""
_UNIT = re.compile(f"[^{SELECTORS}][{SELECTORS}]?")


class Gaiji(BaseModel):
    """The map of one ward."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    cells: dict[str, str] = Field(description="U+E000 → one character, with its variation selector if any, or `hold`.")

    @field_validator("cells")
    @classmethod
    def _sound(cls, cells: dict[str, str]) -> dict[str, str]:
        for cell, text in cells.items():
            if not _CELL.fullmatch(cell):
                raise ValueError(f"「{cell[:12]}」は外字の番号ではありません（U+E000 のように、私用領域の番号を書く）")
            if _character(cell) in _STRAY_BYTES:
                raise ValueError(f"{cell} は外字ではなく、CP932 の壊れたバイト（A0・FD・FE・FF）です")
            if text != HOLD and not _is_one_unit(text):
                raise ValueError(f"{cell} は、印刷できる1文字（異体字セレクタを1つ付けてもよい）か hold にしてください")
        return cells

    @cached_property
    def _known(self) -> dict[str, str]:
        return {_character(cell): text for cell, text in self.cells.items() if text != HOLD}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # A selector behind a cell would join the character put there and name a shape that nobody wrote.
        return re.compile(f"[{''.join(self._known)}](?![{SELECTORS}])" if self._known else r"(?!)")

    def decode(self, text: str) -> tuple[str, int]:
        """Return a text with its known cells decoded, and how many they were; all else stays as it is."""
        return self._pattern.subn(lambda cell: self._known[cell[0]], text)


def _character(cell: str) -> str:
    return chr(int(cell.partition("+")[2], 16))


def _is_one_unit(text: str) -> bool:
    return (
        bool(_UNIT.fullmatch(text))
        and unicodedata.category(text[0])[0] not in "ZM"
        and not refused_characters([text])
        and not has_stray_selector(text)
    )


def load_gaiji(include: Path, layout: Layout) -> Gaiji | None:
    """Return the map that a layout names, None when it names none.

    Raises:
        ConfigurationError: The map is unknown or wrong, or has cells that a CP932 file cannot hold.
    """
    if layout.gaiji is None:
        return None
    gaiji = read_yaml(include / "gaiji", layout.gaiji, Gaiji, "外字の対応表")
    unreachable = [cell for cell in gaiji.cells if _character(cell) > _LAST_OF_CP932]
    if layout.encoding == "cp932" and unreachable:
        raise ConfigurationError(
            f"外字の対応表「{gaiji.name}」に、CP932 のデータには現れない番号があります：{'、'.join(unreachable)}。",
            "U+E000～U+E757（CP932 の F040～F9FC）の番号に直してください。",
        )
    return gaiji
