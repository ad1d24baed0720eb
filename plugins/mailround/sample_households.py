"""Synthetic households of a plausible ward: the same ones for the same seed, with faults whose places are known.

No one here is a real person, and nothing is random beyond the seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypedDict

from mailround import sample_words as words
from mailround.model import Decision, Delivery, PaymentMethod, Population, Recipient, Status
from mailround.rounds import RoundKind

DECISION_DATE = date(2026, 11, 5)
EFFECTIVE_DATE = date(2026, 11, 1)
PAYMENT_DATE = date(2026, 12, 1)
"""Dates of the sample round, whose issue date is 2026-11-20."""

# Shares; persons and populations follow the ward's own figures (8,500 households, 9,500 persons).
_POPULATIONS = (Population.ASSISTANCE,) * 94 + (Population.EQUIVALENT,) * 4 + (Population.SUPPORT,) * 2
_MEMBERS = (1,) * 917 + (2,) * 59 + (3,) * 15 + (4,) * 6 + (5,) * 2 + (6,)
_PROTECTED, _COUNTER, _MAILTO, _SPLIT, _WIDE = 0.01, 0.02, 0.03, 0.01, 0.5
_INCOME, _INCOME_CHANGED, _CASH, _LONG_REASON = 0.3, 0.1, 0.03, 0.02
_BUILDING, _ESTATE = 0.55, 0.15

_LIVELIHOOD = (76_310, 113_890, 146_120, 179_480, 205_730, 231_540)
_WINTER = (2_630, 3_730, 4_240, 4_580, 4_710, 5_010)
"""Winter addition (冬季加算) a month by number of members."""
_HOUSING_CAP = (53_700, 64_000, 69_800, 69_800, 69_800, 75_000)
_LONGEST_REASON = 400
_HOUSEHOLDS_PER_CASEWORKER = 80
_FULL_WIDTH = str.maketrans(
    {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\N{IDEOGRAPHIC SPACE}"}
)
_KANJI_NUMBERS = "〇一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Sample:
    """Households and, per planted fault, the case numbers that have it; ``excluded`` lists the ended cases."""

    recipients: tuple[Recipient, ...]
    planted: Mapping[str, tuple[str, ...]]


def sample_recipients(
    households: int, seed: int, kind: RoundKind, *, faults: bool = True, wide: bool = False
) -> Sample:
    """Make up households.

    Args:
        households: How many.
        seed: The same seed gives the same households.
        kind: Whether they carry decisions.
        faults: Plant each fault once (a pair of duplicates among them) in at most a third of all households, and end
            one case in a hundred, at least one. None of it makes an export malformed.
        wide: Write some names with characters that CP932 lacks.
    """
    draw = _drawing(seed, kind, wide=wide)
    recipients = list(draw.households(households))
    return _plant(recipients, draw.random, decision=kind.decision) if faults else Sample(tuple(recipients), {})


def faultless(households: int, seed: int, kind: RoundKind) -> Iterator[Recipient]:
    """Make up the households that `sample_recipients` does without faults, one after the other."""
    return _drawing(seed, kind, wide=False).households(households)


def _drawing(seed: int, kind: RoundKind, *, wide: bool) -> _Draw:
    return _Draw(random.Random(seed), decision=kind.decision, wide=wide)  # noqa: S311 - reproducible, not secret


class _Mailto(TypedDict):
    mailto_name: str
    mailto_postcode: str
    mailto_address: str
    mailto_building: str
    mailto_reason: str
    mailto_until: date | None


@dataclass(slots=True)
class _Draw:
    """Draws households; remembers what may occur only once: a person, a home."""

    random: random.Random
    decision: bool
    wide: bool
    _people: set[tuple[str, date]] = field(default_factory=set)
    _homes: set[tuple[str, ...]] = field(default_factory=set)
    _case_no: int = 0

    def households(self, count: int) -> Iterator[Recipient]:
        """Yield so many faultless households."""
        return map(self.household, range(1, count + 1))

    def household(self, number: int) -> Recipient:
        """Return one faultless household."""
        population = self.random.choice(_POPULATIONS)
        members = self.random.choice(_MEMBERS)
        name, kana, born = self._person(population)
        postcode, address, building = self._home()
        protected = self._happens(_PROTECTED)
        self._case_no += self.random.randint(1, 9)
        recipient = Recipient(
            record_no=number,
            case_no=f"{self._case_no:07d}",
            population=population,
            status=Status.ACTIVE,
            name=name,
            kana=kana,
            birth_date=born,
            members=members,
            postcode=postcode,
            address=address,
            building=building,
            mailto_name="",
            mailto_postcode="",
            mailto_address="",
            mailto_building="",
            mailto_reason="",
            mailto_until=None,
            protected=protected,
            protected_confirmed_on=date(2026, 10, 1) + timedelta(self.random.randrange(30)) if protected else None,
            delivery=Delivery.COUNTER if self._happens(_COUNTER) else Delivery.POST,
            district=f"{number % 12 + 1:02d}",
            caseworker=f"W{number // _HOUSEHOLDS_PER_CASEWORKER + 1:03d}",
            decision=self._decided(number, population, members) if self.decision else None,
        )
        return replace(recipient, **self._elsewhere(name)) if self._happens(_MAILTO) else recipient

    def _happens(self, share: float) -> bool:
        return self.random.random() < share

    def _person(self, population: Population) -> tuple[str, str, date]:
        while True:
            name, kana = self._foreign_name() if population is Population.EQUIVALENT else self._name(population)
            born = date(1934, 1, 1) + timedelta(self.random.randrange(25_000))
            if (kana, born) not in self._people:
                self._people.add((kana, born))
                return name, kana, born

    def _name(self, population: Population) -> tuple[str, str]:
        if population is Population.SUPPORT and self._happens(0.5):
            return self.random.choice(words.CHINESE_NAMES)
        family, family_kana = self.random.choice(words.FAMILIES)
        given, given_kana = self.random.choice(words.GIVENS)
        if self.wide and self._happens(_WIDE):
            family = words.VARIANTS_OUTSIDE_CP932.get(family, family)
        return f"{family}\N{IDEOGRAPHIC SPACE}{given}", f"{family_kana}\N{IDEOGRAPHIC SPACE}{given_kana}"

    def _foreign_name(self) -> tuple[str, str]:
        families, givens = words.FOREIGN_NAMES
        family, family_kana = self.random.choice(families)
        given, given_kana = self.random.choice(givens)
        kana = f"{family_kana}\N{IDEOGRAPHIC SPACE}{given_kana}"
        latin = f"{family} {given}"
        written = (latin, kana, latin.translate(_FULL_WIDTH), *self.random.choice(words.CHINESE_NAMES))
        chosen = self.random.randrange(4)
        return (written[3], written[4]) if chosen == 3 else (written[chosen], kana)  # noqa: PLR2004 - the last kind

    def _home(self) -> tuple[str, str, str]:
        while True:
            # From 3 on: the first two blocks of 西早稲田二丁目 have the other postcode of that town.
            block, number = self.random.randint(3, 40), self.random.randint(1, 30)
            if self._happens(_SPLIT):
                town, block_text, postcode = self.random.choice(words.SPLIT_PLACES)
                rest = f"{block_text}{number}号"
            else:
                town, postcode, chome = self.random.choice(_TOWNS)
                rest = self._numbers(self.random.randint(1, chome) if chome else 0, block, number)
            building = self._building()
            home = (town, rest.translate(_FULL_WIDTH), building)
            if home not in self._homes:
                self._homes.add(home)
                return self._postcode(postcode), f"{self._city()}{town}{rest}", building

    def _city(self) -> str:
        return self.random.choice(("東京都新宿区", "東京都新宿区", "東京都新宿区", "新宿区"))

    def _postcode(self, postcode: str) -> str:
        return postcode if self._happens(0.8) else postcode.replace("-", "")

    def _numbers(self, chome: int, block: int, number: int) -> str:
        """Return 丁目, block and number in one of the ways people write them; without 丁目 when it is 0."""
        way = self.random.randrange(6)
        if not chome:
            text = (f"{block}番地", f"{block}番{number}号", f"{block}-{number}", f"{block}番地の{number}")[way % 4]
            return text.translate(_FULL_WIDTH) if way > 3 else text  # noqa: PLR2004 - two of six ways
        if way == 0:
            return f"{_KANJI_NUMBERS[chome]}丁目{block}番{number}号"
        text = (f"{chome}丁目{block}番{number}号", f"{chome}-{block}-{number}", f"{chome}丁目{block}-{number}")[way % 3]
        return text.translate(_FULL_WIDTH) if way in (3, 4) else text

    def _building(self) -> str:
        floor, room = self.random.randint(1, 9), self.random.randint(1, 20)
        if self._happens(_ESTATE):
            estate = self.random.choice(words.HOUSING_ESTATES)
            return f"{estate}{self.random.randint(1, 16)}号棟{floor}{room:02d}号室"
        if not self._happens(_BUILDING):
            return ""
        text = f"{floor}{room:02d}{self.random.choice(('', '号室', '号'))}"
        text = text.translate(_FULL_WIDTH) if self._happens(0.3) else text
        return f"{self.random.choice(words.BUILDINGS)}{self.random.choice(('', ' ', chr(0x3000)))}{text}"

    def _elsewhere(self, name: str) -> _Mailto:
        if self._happens(0.3):
            profession, postcode, address, building = self.random.choice(words.GUARDIANS)
            guardian = "\N{IDEOGRAPHIC SPACE}".join(
                self.random.choice(each)[0] for each in (words.FAMILIES, words.GIVENS)
            )
            return _Mailto(
                mailto_name=f"成年後見人　{profession}　{guardian}",
                mailto_postcode=postcode,
                mailto_address=address,
                mailto_building=building,
                mailto_reason="後見人",
                mailto_until=date(2028, 3, 31),
            )
        reason, institution, postcode, address = self.random.choice(words.INSTITUTIONS)
        return _Mailto(
            mailto_name=name,
            mailto_postcode=postcode,
            mailto_address=address,
            mailto_building=f"{institution}　気付",
            mailto_reason=reason,
            mailto_until=date(2027, 3, 31) if reason == "入院" else None,
        )

    def _decided(self, number: int, population: Population, members: int) -> Decision:
        size = members - 1
        livelihood = _LIVELIHOOD[size] - 10 * self.random.randrange(600)
        housing = min(_HOUSING_CAP[size], 35_000 + 1_000 * self.random.randrange(30))
        education = 2_630 * self.random.randint(1, size) if size > 1 else 0
        care = 1_000 * self.random.randint(1, 15) if self._happens(_INCOME_CHANGED) else 0
        others = (housing, education, care, 0, 0, 0, 0)
        income = 100 * self.random.randrange(100, 700) if self._happens(_INCOME) else 0
        later = income + 500 if income and self._happens(_INCOME_CHANGED) else income
        winter = _WINTER[size]
        before, after = (livelihood, *others), (livelihood + winter, *others)
        return Decision(
            document_no=f"8新福生第{100_000 + number}号",
            decision_date=DECISION_DATE,
            effective_date=EFFECTIVE_DATE,
            payment_date=PAYMENT_DATE,
            payment_method=PaymentMethod.COUNTER if self._happens(_CASH) else PaymentMethod.ACCOUNT,
            before=before,
            after=after,
            income_before=income,
            income_after=later,
            total_before=sum(before) - income,
            total_after=sum(after) - later,
            reason=self._reason(population, income_changed=later != income),
        )

    def _reason(self, population: Population, *, income_changed: bool) -> str:
        text = words.REASONS[population]
        if income_changed:
            text += f"\n{words.INCOME_REASON}"
        more = self.random.randrange(3) if self._happens(_INCOME) else 0
        if self._happens(_LONG_REASON):
            more = len(words.MORE_REASONS)
        for sentence in self.random.sample(words.MORE_REASONS, more):
            if len(text) + 1 + len(sentence) <= _LONGEST_REASON:
                text += f"\n{sentence}"
        return text


_TOWNS: tuple[tuple[str, str, int], ...] = tuple(
    (town, postcode, chome) for town, postcode, chome, weight in words.TOWNS_WITH_CHOME for _ in range(weight)
) + tuple((town, postcode, 0) for town, postcode, weight in words.TOWNS_WITHOUT_CHOME for _ in range(weight))

_Fault = Callable[[Recipient], Recipient]


def _of_decision(**changes: object) -> _Fault:
    def fault(recipient: Recipient) -> Recipient:
        if recipient.decision is None:
            return recipient
        return replace(recipient, decision=replace(recipient.decision, **changes))  # type: ignore[arg-type]  # planted below

    return fault


def _wrong_total(recipient: Recipient) -> Recipient:
    total = recipient.decision.total_after + 1_000 if recipient.decision else 0
    return _of_decision(total_after=total)(recipient)


_FAULTS: dict[str, _Fault] = {
    "name_empty": lambda each: replace(each, name=""),
    "name_user_defined_character": lambda each: replace(each, name=f"\ue000{each.name[1:]}"),
    "postcode_unknown": lambda each: replace(each, postcode="160-9999"),
    "postcode_of_another_town": lambda each: replace(
        each, postcode="161-0031", address="東京都新宿区歌舞伎町二丁目4番6号"
    ),
    "address_without_number": lambda each: replace(each, address="東京都新宿区大久保二丁目", building="大久保荘"),
    "mailto_without_reason": lambda each: replace(
        each, mailto_postcode="160-0022", mailto_address="東京都新宿区新宿六丁目90番3号", mailto_reason=""
    ),
    "protection_unconfirmed": lambda each: replace(each, protected=True, protected_confirmed_on=None),
    "delivery_on_hold": lambda each: replace(each, delivery=Delivery.HOLD),
}
_DECISION_FAULTS: dict[str, _Fault] = {
    "total_wrong": _wrong_total,
    "reason_empty": _of_decision(reason=""),
}
_ENDED = (Status.CLOSED, Status.SUSPENDED, Status.DECEASED)


def _plant(recipients: list[Recipient], draw: random.Random, *, decision: bool) -> Sample:
    """Plant the faults and end some cases, each in a household of its own."""
    faults = _FAULTS | _DECISION_FAULTS if decision else _FAULTS
    plain = [
        index
        for index, each in enumerate(recipients)
        if each.delivery is Delivery.POST and not (each.mailto_address or each.protected)
    ]
    draw.shuffle(plain)
    planted: dict[str, tuple[str, ...]] = {}
    pair, singles, ended = plain[:2], plain[2:], max(1, len(recipients) // 100)
    if len(recipients) >= 3 * (len(faults) + len(pair)):
        first, second = (recipients[index] for index in pair)
        recipients[pair[1]] = replace(second, name=first.name, kana=first.kana, birth_date=first.birth_date)
        planted["person_twice"] = (first.case_no, second.case_no)
    for name, fault in faults.items():
        if (len(planted) + 1) * 3 > len(recipients):
            break
        index = singles.pop()
        recipients[index] = fault(recipients[index])
        planted[name] = (recipients[index].case_no,)
    over = singles[:ended]
    for turn, index in enumerate(over):
        recipients[index] = replace(recipients[index], status=_ENDED[turn % len(_ENDED)])
    planted["excluded"] = tuple(recipients[index].case_no for index in over)
    return Sample(tuple(recipients), planted)
