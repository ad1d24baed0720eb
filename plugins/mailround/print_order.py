"""The print order: delivery office, postcode, town, number; and the bundles that follow from it.

A postman walks in this order, and the post office takes bundles of one delivery office. What goes outside the city
comes after all offices, what is handed over at the counter comes last.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from mailround.barcodes import Barcode, address_number
from mailround.delivery_offices import COUNTER, OUTSIDE, PREFIX, DeliveryOffices
from mailround.errors import PrintError
from mailround.model import Addressee, Delivery, Recipient
from mailround.postcodes import Postcodes, seven_digits

_RUN = re.compile("([0-9]+)|([^0-9]+)")

_Natural = tuple[tuple[bool, int, str], ...]
"""Runs of a text, whatever their width: figures compare as numbers and stand before words."""


class _Place(NamedTuple):
    """The place of a piece in the print order; the fields compare in this order, and no two pieces have the same."""

    section: int
    postcode: str
    town: str
    number: _Natural
    building: _Natural
    rest: _Natural
    case_no: str


class Addressed(NamedTuple):
    """A household, where its piece goes, and how that address was cut for the barcode."""

    recipient: Recipient
    to: Addressee
    barcode: Barcode


def in_print_order(
    addressed: Iterable[Addressed], offices: DeliveryOffices, postcodes: Postcodes
) -> list[tuple[str, Addressed]]:
    """Return the households in print order, each with the name of its bundle.

    A bundle is one postcode of a delivery office, numbered within it (``160-001``); outside the city it is the first
    three digits of the postcode (``out-192``), as one post office sorts it on; at the counter there is one
    (``counter``). The pieces of a bundle follow one another, and the order of the input does not matter.

    Raises:
        PrintError: A postcode has not seven digits.
    """
    codes = list(offices.sections())
    placed = sorted(
        ((_place(each, codes, offices, postcodes), each) for each in addressed),
        key=lambda pair: pair[0],
    )
    names: dict[tuple[int, str], str] = {}
    count: Counter[int] = Counter()
    for place, _ in placed:
        if (place.section, place.postcode) not in names:
            count[place.section] += 1
            name = _bundle(codes[place.section], place.postcode, count[place.section])
            names[place.section, place.postcode] = name
    return [(names[place.section, place.postcode], each) for place, each in placed]


def _place(addressed: Addressed, codes: list[str], offices: DeliveryOffices, postcodes: Postcodes) -> _Place:
    recipient, to, barcode = addressed
    postcode = seven_digits(to.postcode)
    if postcode is None:
        raise PrintError(
            "郵便番号が7桁でない世帯が印刷に回っています。", "データ検査からやり直し、その世帯を保留にしてください。"
        )
    return _Place(
        section=codes.index(_section(recipient, postcode, offices, postcodes)),
        postcode=postcode,
        town=barcode.split.town,
        number=_natural(address_number(barcode.split.rest)),
        building=_natural(to.building),
        rest=_natural(barcode.split.rest),
        case_no=recipient.case_no,
    )


def _section(recipient: Recipient, postcode: str, offices: DeliveryOffices, postcodes: Postcodes) -> str:
    if recipient.delivery is Delivery.COUNTER:
        return COUNTER
    in_the_city = any(
        (place.prefecture, place.city) == (offices.prefecture, offices.city) for place in postcodes.places(postcode)
    )
    return offices.delivering(postcode) if in_the_city else OUTSIDE


def _bundle(section: str, postcode: str, number: int) -> str:
    if section == COUNTER:
        return COUNTER
    return f"{OUTSIDE}-{postcode[:PREFIX]}" if section == OUTSIDE else f"{section}-{number:03d}"


def _natural(text: str) -> _Natural:
    plain = unicodedata.normalize("NFKC", text)
    return tuple((not digits, int(digits or 0), words) for digits, words in _RUN.findall(plain))
