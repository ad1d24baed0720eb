"""The questions behind the rules: each takes the facts and answers True, for every household, where all is well.

A question that makes no sense for a household (no postcode to look up) is answered True: another rule reports the
cause.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from itertools import pairwise

from mailround.addresses import KANJI_NUMERALS, TownSplit, fold, split_town
from mailround.barcodes import address_number
from mailround.characters import has_stray_selector, refused_characters
from mailround.composition import refused_words
from mailround.layouts import MailtoReason
from mailround.model import Decision, Delivery, Recipient
from mailround.quality.facts import Facts
from mailround.templates import words_kept_from

Predicate = Callable[[Facts], Sequence[bool]]


def each(check: Callable[[Recipient], bool]) -> Predicate:
    """Ask every household by itself."""
    return lambda facts: [check(recipient) for recipient in facts.recipients]


def each_decision(check: Callable[[Decision], bool]) -> Predicate:
    """Ask every decision by itself; a household without one is well."""
    return each(lambda recipient: recipient.decision is None or check(recipient.decision))


# Who and where

_PLACEHOLDERS = frozenset(
    {"不明", "不詳", "氏名不明", "氏名不詳", "未定", "未登録", "未入力", "なし", "無し", "テスト"}
)
_LETTERS = frozenset({"Lo", "Lu", "Ll", "Lt"})


def name_present(facts: Facts) -> list[bool]:
    """The household and whoever the piece is addressed to have a name."""
    return [
        _is_name(recipient.name) and _is_name(addressee.name)
        for recipient, addressee in zip(facts.recipients, facts.addressees, strict=True)
    ]


def _is_name(text: str) -> bool:
    """Tell whether a text is a name: some letter in it, and not a word that stands for a missing name."""
    name = "".join(unicodedata.normalize("NFKC", text).split())
    return name not in _PLACEHOLDERS and any(unicodedata.category(letter) in _LETTERS for letter in name)


def address_present(facts: Facts) -> list[bool]:
    """Where the piece goes is filled in."""
    return [bool(addressee.address.strip()) for addressee in facts.addressees]


def postcode_wellformed(facts: Facts) -> list[bool]:
    """Seven ASCII digits, one hyphen allowed."""
    return [code is not None for code in facts.codes]


def postcode_exists(facts: Facts) -> list[bool]:
    """The postcode is in use."""
    return [code is None or facts.postcodes.exists(code) for code in facts.codes]


def postcode_agrees(facts: Facts) -> list[bool]:
    """Prefecture, city and town are those of the postcode; a piece for the counter need not have them."""
    return [
        split.agrees
        or recipient.delivery is Delivery.COUNTER
        or not addressee.address.strip()
        or code is None
        or not facts.postcodes.exists(code)
        for recipient, addressee, code, split in zip(
            facts.recipients, facts.addressees, facts.codes, facts.splits, strict=True
        )
    ]


_NUMERAL = f"(?:[0-9０-９]+|[{KANJI_NUMERALS}]+)"
_BLOCK = re.compile(rf"\A\s*{_NUMERAL}丁目?")
_NUMBER = re.compile(rf"[0-9０-９]|[{KANJI_NUMERALS}]+(?=丁|番|号|地割|線|[のノ之ー－‐−―-]|\s*\Z)")


def address_has_number(facts: Facts) -> list[bool]:
    """Something with a number follows the town, in the address itself: a room number alone leads nowhere.

    Nor does the 丁目, but in Hokkaido, where it is the block.
    """
    return [
        recipient.delivery is Delivery.COUNTER
        or not addressee.address.strip()
        or bool(_NUMBER.search(split.rest if _in_hokkaido(facts, code) else _BLOCK.sub("", split.rest, count=1)))
        for recipient, addressee, code, split in zip(
            facts.recipients, facts.addressees, facts.codes, facts.splits, strict=True
        )
    ]


def _in_hokkaido(facts: Facts, code: str | None) -> bool:
    return any(place.prefecture == "北海道" for place in facts.postcodes.places(code or ""))


_REASONS = frozenset(each.value for each in MailtoReason)


def _has_mailto(recipient: Recipient) -> bool:
    """Tell whether anything of a mail-to is left: one whose address alone was blanked must not be taken for none."""
    return any(
        (
            recipient.mailto_name,
            recipient.mailto_postcode,
            recipient.mailto_address,
            recipient.mailto_building,
            recipient.mailto_reason,
            recipient.mailto_until,
        )
    )


def mailto_complete(recipient: Recipient) -> bool:
    """A mail-to has postcode and address; a name alone would go to the residence."""
    return not _has_mailto(recipient) or all(
        each.strip() for each in (recipient.mailto_postcode, recipient.mailto_address)
    )


def mailto_has_reason(recipient: Recipient) -> bool:
    """A mail-to says why, in the contract's words: a guardian by another name would not be printed as one."""
    return not _has_mailto(recipient) or recipient.mailto_reason in _REASONS


def mailto_in_force(facts: Facts) -> list[bool]:
    """A mail-to is still valid on the posting day; a protected household's is the next question's."""
    return [each.protected or not _has_mailto(each) or not _expired(each, facts) for each in facts.recipients]


def protection_confirmed(facts: Facts) -> list[bool]:
    """A protected household's destination was confirmed, and not on a day that is yet to come when it is written to."""
    return [
        not each.protected
        or (each.protected_confirmed_on is not None and each.protected_confirmed_on <= facts.issue_date)
        for each in facts.recipients
    ]


def protected_mailto_in_force(facts: Facts) -> list[bool]:
    """A protected household with a mail-to can be written to there: the residence must not be used instead."""
    return [
        not each.protected or not _has_mailto(each) or (bool(each.mailto_address.strip()) and not _expired(each, facts))
        for each in facts.recipients
    ]


def _expired(recipient: Recipient, facts: Facts) -> bool:
    return recipient.mailto_until is not None and recipient.mailto_until < (facts.posting_date or date.min)


# Characters


def characters_allowed(facts: Facts) -> list[bool]:
    """No control, invisible, 外字 or unassigned character, no selector but behind Han; breaks only in the reason."""
    refused = refused_characters(text for texts in facts.texts for text in texts)
    return [
        not any(not refused.isdisjoint(text) or has_stray_selector(text) for text in texts) for texts in facts.texts
    ]


def glyphs_in_font(facts: Facts) -> list[bool]:
    """The font has every character and sequence; what may not be printed anyway is the other rule's."""
    refused = dict.fromkeys(map(ord, refused_characters(text for texts in facts.texts for text in texts)))
    return [not any(facts.font.missing(text.translate(refused)) for text in texts) for texts in facts.texts]


# The form


def fits_the_form(facts: Facts) -> list[bool]:
    """Every field of the household's form holds its text, measured as it is composed."""
    return [not facts.misfits(each, to) for each, to in zip(facts.recipients, facts.addressees, strict=True)]


def unfit_fields(facts: Facts, place: int) -> str:
    """Return the fields that keep the household at that place from fitting its form, in Japanese where we can."""
    names = facts.misfits(facts.recipients[place], facts.addressees[place])
    return "、".join(dict.fromkeys(_FIELD_TITLES.get(name, name) for name in names))


_FIELD_TITLES = {
    "addressee": "宛名",
    "on_behalf": "宛名（後見）",
    "postcode": "郵便番号",
    "address": "住所",
    "building": "方書",
    "head": "世帯主氏名",
    "case_no": "ケース番号",
    "more_case": "ケース番号",
    "document_no": "文書番号",
    "more_document": "文書番号",
    "reason": "決定の理由",
    "reason_more": "決定の理由",
}


def words_allowed(facts: Facts) -> list[bool]:
    """Nothing printed of the household carries a word that its population must not be written."""
    return [
        not words_kept_from(recipient.population)
        or (known := facts.values(recipient, to)) is None
        or not refused_words(recipient.population, known)
        for recipient, to in zip(facts.recipients, facts.addressees, strict=True)
    ]


# Twice


def _once(keys: Iterable[Hashable | None]) -> list[bool]:
    """Tell per key whether it occurs once; None is nobody's twin."""
    listed = list(keys)
    counts = Counter(listed)
    return [key is None or counts[key] == 1 for key in listed]


def case_no_unique(facts: Facts) -> list[bool]:
    """One record per case."""
    return _once(recipient.case_no for recipient in facts.recipients)


def document_no_unique(facts: Facts) -> list[bool]:
    """One document per number."""
    return _once((each.decision and each.decision.document_no.strip()) or None for each in facts.recipients)


def household_unique(facts: Facts) -> list[bool]:
    """No two cases with the same reading and the same birth date."""
    return _once(
        (_reading(each.kana), each.birth_date) if each.kana.strip() and each.birth_date else None
        for each in facts.recipients
    )


def address_and_surname_unique(facts: Facts) -> list[bool]:
    """No two cases with the same residence, however it is written, and the same surname."""
    return _once(
        (_residence(each, split_town(each.address, each.postcode, facts.postcodes)), _surname(each))
        if each.address.strip() and each.name.strip()
        else None
        for each in facts.recipients
    )


_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def _reading(kana: str) -> str:
    return "".join(unicodedata.normalize("NFKC", kana).split()).translate(_HIRAGANA).upper()


def _surname(recipient: Recipient) -> str:
    """Return the first word of the name, of the reading when the name is written in one."""
    for text in (recipient.name, recipient.kana):
        words = text.split()
        if len(words) > 1:
            return fold(words[0])
    return fold(recipient.name)


def _residence(recipient: Recipient, split: TownSplit) -> tuple[str, str]:
    if split.town and (number := address_number(f"{split.rest}　{recipient.building}")):
        return split.town, number
    return fold(recipient.address), fold(recipient.building)


# The decision

_SERIAL = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)


def document_no_gapless(facts: Facts) -> list[bool]:
    """Within one series of document numbers, none is left out before this one."""
    series: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for place, recipient in enumerate(facts.recipients):
        text = recipient.decision.document_no if recipient.decision else ""
        if match := _SERIAL.fullmatch(unicodedata.normalize("NFKC", text)):
            series[match[1], match[3]].append((int(match[2]), place))
    well = [True] * len(facts.recipients)
    for numbers in series.values():
        numbers.sort()
        for (before, _), (number, place) in pairwise(numbers):
            well[place] = number - before <= 1
    return well


def decision_not_after_posting(facts: Facts) -> list[bool]:
    """Nothing is posted before it is decided."""
    return [
        facts.posting_date is None
        or each.decision is None
        or each.decision.decision_date is None
        or each.decision.decision_date <= facts.posting_date
        for each in facts.recipients
    ]


def totals_add_up(decision: Decision) -> bool:
    """Σ of the eight kinds − income applied = total, before and after."""
    return (
        sum(decision.before) - decision.income_before == decision.total_before
        and sum(decision.after) - decision.income_after == decision.total_after
    )


def something_changes(decision: Decision) -> bool:
    """A change notice changes an amount."""
    return (decision.before, decision.income_before, decision.total_before) != (
        decision.after,
        decision.income_after,
        decision.total_after,
    )


# The round
