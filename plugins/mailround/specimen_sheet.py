"""One specimen notice of any template, at once: for those who word it, and for those who compare it with the last one.

It is drawn by the same press as a real one, of a made-up household whose name says 見本. A template that has faults is
drawn all the same where it can be: whoever words it sees what the check means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mailround.barcodes import barcode_of
from mailround.composition import values
from mailround.errors import PrintError
from mailround.fonts import load_font
from mailround.model import Delivery, Piece, Population, Recipient
from mailround.piece_id import ALPHABET, piece_id
from mailround.postcodes import load_postcodes
from mailround.render import Press
from mailround.rounds import RoundKind
from mailround.sample_households import sample_recipients
from mailround.settings import CheckSettings
from mailround.specimen import ISSUE_DATE, LONG, POSTING_DATE, ROUND_ID, marked
from mailround.templates import Template

_POOL, _SEED = 2_000, 1

HOUSEHOLDS: dict[str, tuple[str, Callable[[Recipient], int]]] = {
    "plain": ("ふつうの世帯", lambda each: not each.mailto_address),
    "long": ("理由が長い（2頁になる）", lambda each: _reason(each) if _reason(each) > LONG else 0),
    "name": ("氏名が長い", lambda each: len(each.name)),
    "elsewhere": ("別の送付先へ送る", lambda each: bool(each.mailto_address)),
    "house": ("方書がない", lambda each: not each.building and not each.mailto_address),
}
"""Which made-up household to print: its title, and a key; the largest is taken, of equals the first, and never 0."""


@dataclass(frozen=True, slots=True)
class SpecimenSheet:
    """A specimen: its PDF and how many pages that has."""

    content: bytes
    pages: int


def draw_specimen(
    template: Template, kind: RoundKind, population: Population, household: str, settings: CheckSettings
) -> SpecimenSheet:
    """Draw the notice of one made-up household.

    Args:
        template: What to draw it with.
        kind: The kind of round it is for.
        population: The legal population it is for.
        household: A key of `HOUSEHOLDS`.
        settings: Where the font is.

    Raises:
        ConfigurationError: There is no font.
        PrintError: A text does not fit, the font lacks a character, or no such household is among those made up.
    """
    piece = _piece(kind, population, household)
    if piece is None:
        raise PrintError("見本の世帯に、その種類の世帯がありません。", "別の世帯を選んでください。")
    fonts = load_font(settings)
    texts = _texts(piece, template)
    if missing := fonts.missing("".join(texts)):
        raise PrintError(
            f"様式に、印刷用フォントにない文字が{len(set(missing))}種類あります。", "様式の文言を確かめてください。"
        )
    press = Press(fonts.subset(texts), {population: template}, ISSUE_DATE, ROUND_ID)
    content, ranges = press.draw([piece])
    return SpecimenSheet(content, ranges[0].pages)


def offered(kind: RoundKind, population: Population) -> dict[str, str]:
    """Return the households that there are of a population, by key with their titles."""
    return {key: title for key, (title, _) in HOUSEHOLDS.items() if _found(kind, population, key)}


def _found(kind: RoundKind, population: Population, household: str) -> Recipient | None:
    key = HOUSEHOLDS[household][1]
    best = max((each for each in _pool(kind) if each.population is population), key=key, default=None)
    return best if best and key(best) else None


def _reason(each: Recipient) -> int:
    return len(each.decision.reason) if each.decision else 0


@lru_cache(64)
def _piece(kind: RoundKind, population: Population, household: str) -> Piece | None:
    """Return the piece, always the same; kept, for an address takes longer to split than a page to draw."""
    found = _found(kind, population, household)
    if found is None:
        return None
    recipient = marked(1, found)
    to = recipient.addressee(POSTING_DATE)
    return Piece(
        seq=1,
        piece_id=piece_id(recipient.case_no.encode()),
        chunk=1,
        file=f"print/{kind.file_stem}-001.pdf",
        bundle="",
        enclosure_set=kind.enclosure_set,
        barcode=barcode_of(to, load_postcodes()).bars,
        recipient=recipient,
        to=to,
    )


def _texts(piece: Piece, template: Template) -> list[str]:
    fixed = (*template.texts.values(), *(field.text for field in template.fields.values()))
    return ["0123456789,", ALPHABET, *fixed, *values(piece, template, ISSUE_DATE).values()]


@lru_cache(8)
def _pool(kind: RoundKind) -> tuple[Recipient, ...]:
    """Return made-up households, always the same."""
    pool = sample_recipients(_POOL, _SEED, kind, faults=False, wide=True).recipients
    return tuple(each for each in pool if each.delivery is Delivery.POST and not each.protected)
