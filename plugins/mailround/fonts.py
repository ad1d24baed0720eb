"""The fonts: IPAmj Mincho, looked into through HarfBuzz without reading all of its 46 MB, and those behind it.

Text is split into *units*: one character, or a Han base with its variation selector. A unit the font does not hold is
missing and left to the next font; nothing is ever replaced by a look-alike or a box.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

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


class _Widths(dict[str, float]):
    """Unit → its width in em, measured when it is first asked for."""

    def __init__(self, measure: Callable[[str], float]) -> None:
        super().__init__()
        self._measure = measure

    def __missing__(self, unit: str) -> float:
        width = self[unit] = self._measure(unit)
        return width


class Font:
    """A TrueType font, from a file (mapped, not read) or from bytes."""

    def __init__(self, source: Path | bytes, em: int | None = None) -> None:
        """Open the font; only the tables asked for later are touched.

        Args:
            source: The font file.
            em: Units to the em in which the font is measured and drawn; the font's own when not given.
        """
        self._blob = hb.Blob(source) if isinstance(source, bytes) else hb.Blob.from_file_path(str(source))
        self._face = hb.Face(self._blob)
        self._font = hb.Font(self._face)
        self.em = em or self._face.upem
        self._font.scale = (self.em, self.em)
        self._glyphs: dict[str, int] = {}
        self._widths = _Widths(self._measure)

    @property
    def has_outlines(self) -> bool:
        """Tell whether the file is a font with TrueType outlines, the only ones that a PDF embeds here."""
        return "glyf" in self._face.table_tags

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
        return sum(self.widths(text if not has_selector(text) else split_units(text)))

    def widths(self, units: Iterable[str]) -> Iterable[float]:
        """Return the width of each unit in em."""
        return map(self._widths.__getitem__, units)

    def _measure(self, unit: str) -> float:
        return self._advance(unit) / self.em

    def _advance(self, unit: str) -> int:
        advance: int = self._font.get_glyph_h_advance(self.glyph(unit))
        return advance

    def draw(self, unit: str, pen: Any) -> int:  # noqa: ANN401 - a fontTools pen, and fontTools has no types
        """Draw a unit's outline with a fontTools pen and return its advance; both in units of the em."""
        self._font.draw_glyph_with_pen(self.glyph(unit), pen)
        return self._advance(unit)

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


class FontStack:
    """A font and those that stand in, unit by unit, for what the ones before them lack."""

    def __init__(self, primary: Path, fallbacks: Iterable[Path] = ()) -> None:
        """Open the fonts, all on the em of the primary one, so that text is as wide in a check as in print."""
        self._paths = (primary, tuple(fallbacks))
        first = Font(primary)
        self.fonts = (first, *(Font(path, first.em) for path in self._paths[1]))
        self._widths = _Widths(self._measure)

    def __reduce__(self) -> tuple[type, tuple[Path, tuple[Path, ...]]]:
        """Travel to another process as the paths; each maps the files by itself."""
        return type(self), self._paths

    def missing(self, text: str) -> str:
        """Return the units of a text that no font holds, each once, in order; line breaks are no units."""
        if not self.fonts[0].missing(text):
            return ""
        units = dict.fromkeys(split_units(text))
        return "".join(unit for unit in units if unit not in _LINE_BREAKS and not self._holder(unit).glyph(unit))

    def width(self, text: str) -> float:
        """Return the width of a text in em."""
        return sum(self.widths(text if not has_selector(text) else split_units(text)))

    def widths(self, units: Iterable[str]) -> Iterable[float]:
        """Return the width of each unit in em."""
        return map(self._widths.__getitem__, units)

    def _measure(self, unit: str) -> float:
        return self._holder(unit).width(unit)

    def subset(self, texts: Iterable[str]) -> Font:
        """Return one font with the units of some texts; the same units give the same bytes.

        Where the primary font holds them all, it is that font's own subset.
        """
        units = {unit for text in texts for unit in split_units(text)}
        holders = {unit: self._holder(unit) for unit in sorted(units)}
        borrowed = {unit: font for unit, font in holders.items() if font is not self.fonts[0]}
        own = self.fonts[0].subset(units - borrowed.keys())
        return Font(_merge(own, borrowed)) if borrowed else own

    def _holder(self, unit: str) -> Font:
        """Return the first font that holds a unit, the primary one when none does."""
        return next((font for font in self.fonts if font.glyph(unit)), self.fonts[0])


def _merge(own: Font, borrowed: dict[str, Font]) -> bytes:
    """Return a font file with the units of a subset and, behind them, those borrowed from other fonts.

    Glyphs are drawn anew, so that another em, composite glyphs and hinting of the other font do not matter.
    """
    # Here and not above: most rounds need no second font, and every worker would pay for the import.
    from fontTools.fontBuilder import FontBuilder  # noqa: PLC0415
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: PLC0415
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    file = TTFont(io.BytesIO(own.data), recalcTimestamp=False)
    names = {unit: file.getGlyphName(own.glyph(unit)) for unit in own.units}
    names |= {unit: f"borrowed{number:05d}" for number, unit in enumerate(borrowed)}
    file.setGlyphOrder([*file.getGlyphOrder(), *(names[unit] for unit in borrowed)])
    for unit, font in borrowed.items():
        pen = TTGlyphPen(None)
        advance = font.draw(unit, pen)
        glyph = pen.glyph()
        glyph.recalcBounds(None)
        file["glyf"][names[unit]] = glyph
        file["hmtx"][names[unit]] = (advance, glyph.xMin)
    FontBuilder(font=file).setupCharacterMap(
        {ord(unit): name for unit, name in names.items() if len(unit) == 1},
        uvs=[(ord(unit[0]), ord(unit[1]), name) for unit, name in names.items() if len(unit) > 1],
    )
    target = io.BytesIO()
    file.save(target)
    return target.getvalue()


def load_font(settings: CheckSettings) -> FontStack:
    """Return the font of the settings, else IPAmj Mincho found through fontconfig, with the fallback fonts behind it.

    Raises:
        ConfigurationError: There is none, or it or a fallback is missing or unfit; says what to install or to set.
    """
    path = settings.font or _find()
    if path is None or not path.is_file():
        raise ConfigurationError(
            "印刷に使う IPAmj明朝 フォントが見つかりません。",
            "apt-get install fonts-ipamj-mincho を実行するか、MAILROUND_FONT に ipamjm.ttf の場所を設定してください。",
        )
    _require_outlines(path, "印刷用フォント")
    for fallback in settings.fallback_fonts:
        if not fallback.is_file():
            raise ConfigurationError(
                f"補助フォント {fallback.name} が見つかりません。",
                "MAILROUND_FALLBACK_FONTS に、フォントファイルの場所をコンマ区切りで設定してください。",
            )
        _require_outlines(fallback, "補助フォント")
    return FontStack(path, settings.fallback_fonts)


def _require_outlines(path: Path, what: str) -> None:
    if not Font(path).has_outlines:
        raise ConfigurationError(
            f"{what} {path.name} は TrueType 形式ではないため、使えません（CFF 形式の OpenType など）。",
            "TrueType 形式（glyf テーブルを持つ .ttf）のフォントに替えてください。",
        )


def _find() -> Path | None:
    fc_match = shutil.which("fc-match")
    if fc_match is None:
        return None
    found = subprocess.run(  # noqa: S603 - absolute path, constant arguments
        [fc_match, "--format=%{family}\t%{file}", FAMILY], capture_output=True, text=True, check=False, timeout=60
    )
    family, _, file = found.stdout.partition("\t")
    return Path(file) if FAMILY in family.split(",") else None
