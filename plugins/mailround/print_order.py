"""The print order: delivery office, postcode, town, number; and the bundles that follow from it.

A postman walks in this order, and the post office takes bundles of one delivery office. What goes outside the city
comes after all offices.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, Protocol, TypeVar

from mailround.barcodes import Barcode, address_number
from mailround.delivery_offices import OUTSIDE, PREFIX, DeliveryOffices
from mailround.errors import PrintError
from mailround.model import Addressee, Recipient
from mailround.postcodes import Postcodes, seven_digits

_RUN = re.compile("([0-9]+)|([^0-9]+)")

_Natural = tuple[tuple[bool, int, str], ...]
"""Runs of a text, whatever their width: figures compare as numbers and stand before words."""


class Place(NamedTuple):
    """The place of a piece in the print order; the fields compare in this order, and no two pieces have the same."""

    section: int
    postcode: str
    town: str
    number: _Natural
    building: _Natural
    rest: _Natural
    case_no: str


class Placed(Protocol):
    """Anything that knows its place."""

    @property
    def place(self) -> Place:
        """The place."""


P = TypeVar("P", bound=Placed)


def place_of(
    recipient: Recipient, to: Addressee, barcode: Barcode, offices: DeliveryOffices, postcodes: Postcodes
) -> Place:
    """Return the place of a household's piece.

    Args:
        recipient: The household.
        to: Where its piece goes.
        barcode: How that address was cut for the barcode.
        offices: The ward's delivery offices.
        postcodes: The postcode table.

    Raises:
        PrintError: The postcode has not seven digits.
    """
    postcode = seven_digits(to.postcode)
    if postcode is None:
        raise PrintError(
            "郵便番号が7桁でない世帯が印刷に回っています。", "データ検査からやり直し、その世帯を保留にしてください。"
        )
    return Place(
        section=list(offices.sections()).index(_section(postcode, offices, postcodes)),
        postcode=postcode,
        town=barcode.split.town,
        number=_natural(address_number(barcode.split.rest)),
        building=_natural(to.building),
        rest=_natural(barcode.split.rest),
        case_no=recipient.case_no,
    )


def in_bundles(placed: Iterable[P], offices: DeliveryOffices) -> Iterator[tuple[str, P]]:
    """Yield what comes in print order, each with the name of its bundle.

    A bundle is one postcode of a delivery office, numbered within it (``160-001``); outside the city it is the first
    three digits of the postcode (``out-192``), as one post office sorts it on. The pieces of a bundle follow one
    another.
    """
    codes = list(offices.sections())
    count: Counter[int] = Counter()
    for (section, postcode), group in groupby(placed, key=lambda each: (each.place.section, each.place.postcode)):
        count[section] += 1
        name = _bundle(codes[section], postcode, count[section])
        for each in group:
            yield name, each


def _section(postcode: str, offices: DeliveryOffices, postcodes: Postcodes) -> str:
    in_the_city = any(
        (place.prefecture, place.city) == (offices.prefecture, offices.city) for place in postcodes.places(postcode)
    )
    return offices.delivering(postcode) if in_the_city else OUTSIDE


def _bundle(section: str, postcode: str, number: int) -> str:
    return f"{OUTSIDE}-{postcode[:PREFIX]}" if section == OUTSIDE else f"{section}-{number:03d}"


def _natural(text: str) -> _Natural:
    plain = unicodedata.normalize("NFKC", text)
    return tuple((not digits, int(digits or 0), words) for digits, words in _RUN.findall(plain))
