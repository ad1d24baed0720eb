"""The font: IPAmj Mincho, looked into through HarfBuzz without reading all of its 46 MB.

Text is split into *units*: one character, or a Han base with its variation selector. A unit the font does not hold is
missing; nothing is ever replaced by a look-alike or a box.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import uharfbuzz as hb

from mailround.characters import SELECTORS
from mailround.errors import ConfigurationError
from mailround.settings import CheckSettings

FAMILY = "IPAmjMincho"
_UNIT = re.compile(f"[^{SELECTORS}][{SELECTORS}]?|[{SELECTORS}]")
_SELECTOR = re.compile(f"[{SELECTORS}]")
_LINE_BREAKS = frozenset("\r\n")
_KEPT_NAMES = (0, 1, 2, 6)
"""Copyright, family, style, PostScript name."""
_DROPPED_TABLES = (b"GSUB", b"GPOS", b"GDEF", b"vhea", b"vmtx", b"VORG")
"""Shaping and vertical writing, neither of which is used."""
_NEEDLESS_IN_A_PDF = (b"BASE", b"OS/2", b"cmap", b"gasp", b"name", b"post")


def split_units(text: str) -> list[str]:
    """Return the characters and (base + selector) sequences of a text, in order."""
    return _UNIT.findall(text) if has_selector(text) else list(text)


def has_selector(text: str) -> bool:
    """Tell whether a variation selector stands in the text."""
    return _SELECTOR.search(text) is not None


class Font:
    """A TrueType font, from a file (mapped, not read) or from bytes."""

    def __init__(self, source: Path | bytes) -> None:
        """Open the font; only the tables asked for later are touched."""
        self._blob = hb.Blob(source) if isinstance(source, bytes) else hb.Blob.from_file_path(str(source))
        self._face = hb.Face(self._blob)
        self._font = hb.Font(self._face)
        self._glyphs: dict[str, int] = {}
        self._widths: dict[str, float] = {}

    @property
    def postscript_name(self) -> str:
        """The name PDF readers show."""
        return self._face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or FAMILY

    @property
    def data(self) -> bytes:
        """The whole font file."""
        return bytes(self._blob.data)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Every unit of the font, sorted: one after the other for characters, then sequences."""
        characters = (chr(code) for code in sorted(self._face.unicodes))
        sequences = (
            chr(base) + chr(selector)
            for selector in sorted(self._face.variation_selectors)
            for base in sorted(self._face.variation_unicodes(selector))
        )
        return tuple(unit for unit in (*characters, *sequences) if self.glyph(unit))

    def glyph(self, unit: str) -> int:
        """Return the glyph number of a unit; 0 when the font does not hold exactly this unit.

        A combining mark is 0 too: drawn without shaping, it would stand beside its letter instead of on it.
        """
        glyph = self._glyphs.get(unit)
        if glyph is None:
            glyph = self._glyphs[unit] = self._look_up(unit)
        return glyph

    def _look_up(self, unit: str) -> int:
        if len(unit) > 1:
            return self._font.get_variation_glyph(ord(unit[0]), ord(unit[1])) or 0
        if has_selector(unit) or unicodedata.category(unit) in {"Mn", "Mc", "Me"}:
            return 0
        return self._font.get_nominal_glyph(ord(unit)) or 0

    def missing(self, text: str) -> str:
        """Return the units of a text that cannot be printed, each once, in order; line breaks are no units."""
        glyphs = self._glyphs
        return "".join(
            dict.fromkeys(
                unit
                for unit in split_units(text)
                if not (glyphs[unit] if unit in glyphs else self.glyph(unit)) and unit not in _LINE_BREAKS
            )
        )

    def width(self, text: str) -> float:
        """Return the width of a text in em."""
        widths = self._widths
        total = 0.0
        for unit in split_units(text):
            if unit not in widths:
                widths[unit] = self._font.get_glyph_h_advance(self.glyph(unit)) / self._face.upem
            total += widths[unit]
        return total

    def extents(self, glyph: int) -> tuple[int, int, int, int] | None:
        """Return where a glyph's ink lies, in font units; None for a glyph the font does not have."""
        found = self._font.get_glyph_extents(glyph)
        return found and (found.x_bearing, found.y_bearing, found.width, found.height)

    def subset(self, texts: Iterable[str]) -> Font:
        """Return the font cut down to the units of some texts; the same units give the same bytes.

        HarfBuzz keeps every sequence whose base and selector both occur, so a few more may stay.
        """
        return Font(self._cut(hb.SubsetInput(), codes={ord(character) for text in texts for character in text}))

    def outlines(self, glyphs: Iterable[int]) -> bytes:
        """Return a font file with these glyphs under their own numbers, for embedding in a PDF."""
        cut = hb.SubsetInput()
        cut.flags |= hb.SubsetFlags.RETAIN_GIDS
        cut.drop_table_tag_set.update(map(_tag, _NEEDLESS_IN_A_PDF))
        return self._cut(cut, glyphs=glyphs)

    def _cut(self, cut: hb.SubsetInput, codes: Iterable[int] = (), glyphs: Iterable[int] = ()) -> bytes:
        cut.flags |= hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        cut.unicode_set.update(codes)
        cut.glyph_set.update(glyphs)
        cut.name_id_set.clear()
        cut.name_id_set.update(_KEPT_NAMES)
        cut.drop_table_tag_set.update(map(_tag, _DROPPED_TABLES))
        return bytes(cut.subset(self._face).blob.data)


def _tag(name: bytes) -> int:
    return int.from_bytes(name, "big")


def load_font(settings: CheckSettings) -> Font:
    """Return the font of the settings, else IPAmj Mincho found through fontconfig.

    Raises:
        ConfigurationError: There is none; says what to install.
    """
    path = settings.font or _find()
    if path is None or not path.is_file():
        raise ConfigurationError(
            "印刷に使う IPAmj明朝 フォントが見つかりません。",
            "apt-get install fonts-ipamj-mincho を実行するか、MAILROUND_FONT に ipamjm.ttf の場所を設定してください。",
        )
    return Font(path)


def _find() -> Path | None:
    fc_match = shutil.which("fc-match")
    if fc_match is None:
        return None
    found = subprocess.run(  # noqa: S603 - absolute path, constant arguments
        [fc_match, "--format=%{family}\t%{file}", FAMILY], capture_output=True, text=True, check=False, timeout=60
    )
    family, _, file = found.stdout.partition("\t")
    return Path(file) if FAMILY in family.split(",") else None
