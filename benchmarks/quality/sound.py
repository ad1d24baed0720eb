"""A ward's households as a caseworker would call them right: endless, seeded, one after the other.

Nothing of the product but its record types is used.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from names import Name, Names, building, half_width
from places import WIDE, WRITINGS, Lot, Places, write, write_code

from mailround.model import AID_KINDS, Decision, Delivery, PaymentMethod, Population, Recipient, Status

ISSUED = date(2026, 11, 20)
POSTED = date(2026, 11, 24)
EFFECTIVE = date(2026, 11, 1)
_CHANGES = (
    "冬季加算（11月から3月まで）を計上したため、生活扶助費を変更します。",
    "家賃の改定に伴い、住宅扶助費を変更します。",
    "世帯員が減ったため、生活扶助費を変更します。",
    "児童養育加算の認定により、生活扶助費を変更します。",
    "障害者加算を認定したため、生活扶助費を変更します。",
    "基準の改定により、令和８年11月１日から扶助費を変更します。",
    "長男の高等学校入学に伴い、生業扶助費（学用品費等）を計上します。",
    "介護保険料加算の変更により、生活扶助費を変更します。",
    "期末一時扶助費を計上します。",
    "入院が１か月を超えたため、入院患者日用品費に変更します。",
)
_MORE = (
    "なお、１１月分の差額は１２月の定例支給日に合わせて支給します。",
    "今回の変更は、世帯員の申請によるものではなく、職権により行うものです。",
    "収入があったときは、その都度、収入申告書に給与明細書等の写しを添えて提出してください。",
    "住宅費は、賃貸借契約書の写しにより確認した家賃額を計上しています。",
    "介護に要する費用は、居宅サービス計画に基づく利用者負担分を計上しています。",
    "世帯の状況（転居、入院・退院、就職・離職など）に変更があったときは、速やかに届け出てください。",
    "新宿区新宿五丁目の医療機関への通院に要する交通費は、別に決定します。",
)
_HOSPITALS = ("総合病院", "中央病院", "記念病院", "リハビリテーション病院", "クリニック", "医療センター")
_FACILITIES = (
    "特別養護老人ホーム",
    "介護老人保健施設",
    "有料老人ホーム",
    "グループホーム",
    "救護施設",
    "養護老人ホーム",
    "更生施設",
)
_FLOWERS = ("青葉", "ひまわり", "桜", "若竹", "けやき", "光", "あおぞら", "聖路", "東", "富士見", "つくし", "千歳")
_STAYS = ("無料低額宿泊所", "簡易宿泊所", "更生施設", "宿所提供施設", "自立援助ホーム")


@dataclass(frozen=True, slots=True)
class Institution:
    """Where mail of several households goes: a hospital, a facility, a guardian's office."""

    lot: Lot
    building: str
    reason: str
    guardian: str = ""


@dataclass(slots=True)
class Ward:
    """A source of sound households that have nothing in common but, sometimes, the building."""

    seed: int
    places: Places = field(default_factory=Places)
    names: Names = field(default_factory=Names)
    rng: random.Random = field(init=False)
    _lots: Iterator[Lot] = field(init=False)
    _institutions: list[Institution] = field(init=False)
    _people: set[tuple[str, date]] = field(init=False, default_factory=set)
    _records: int = field(init=False, default=0)
    _documents: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Lay out the ward."""
        self.rng = random.Random(self.seed)  # noqa: S311 - a seeded benchmark
        self._lots = iter(self.places.lots(self.rng))
        self._institutions = [self.institution() for _ in range(240)]

    # Where

    def lot(self) -> Lot:
        """Return a lot of the ward where nobody lives yet."""
        return next(self._lots)

    def address(self, lot: Lot) -> str:
        """Write a lot in one of the many ways; the prefecture is sometimes left out within it."""
        prefecture = lot.prefecture != "東京都" or self.rng.random() < 0.8  # noqa: PLR2004
        return write(lot, self.rng.randrange(WRITINGS), prefecture=prefecture)

    def code(self, lot: Lot) -> str:
        """Write a lot's postcode."""
        return write_code(lot.code, hyphen=self.rng.random() < 0.7)  # noqa: PLR2004

    def room(self, number: int) -> str:
        """Write a room in one of the ways it is written."""
        wide = str(number).translate(WIDE)
        return self.rng.choice((f"{number}", f"{wide}", f"{number}号", f"{wide}号室", f"{number}号室"))

    def institution(self) -> Institution:
        """Return an institution, mostly outside of the ward."""
        rng, flower = self.rng, self.rng.choice(_FLOWERS)
        kind = rng.random()
        if kind < 0.4:  # noqa: PLR2004
            return Institution(self.places.far(rng), f"{flower}{rng.choice(_HOSPITALS)}", "入院")
        if kind < 0.75:  # noqa: PLR2004
            return Institution(self.places.far(rng), f"{rng.choice(_FACILITIES)}{flower}苑", "施設")
        guardian = f"{rng.choice(('弁護士', '司法書士', '社会福祉士'))}　{self.names.native(rng).printed}"
        if kind < 0.85:  # noqa: PLR2004
            lot, tower, floor = self.places.floor(rng)
            where = rng.choice((f"{tower}{floor}階", f"{tower}　{floor}Ｆ".translate(WIDE), f"{tower} {floor}F"))
            return Institution(lot, f"{where}　{flower}法律事務所", "後見人", guardian)
        return Institution(
            self.places.far(rng), f"{flower}ビル{rng.randrange(2, 9)}階　{flower}法律事務所", "後見人", guardian
        )

    # Who

    def person(self, *, foreign: bool = False) -> tuple[Name, date]:
        """Return a name and a birth date that nobody else has together."""
        name = self.names.other(self.rng) if foreign else self.names.native(self.rng)
        return name, self.birth_date(name.kana)

    def birth_date(self, kana: str, born: date | None = None) -> date:
        """Return a birth date that nobody else of that reading has; the given one if it is free."""
        while born is None or (kana, born) in self._people:
            born = date(1934, 1, 1) + timedelta(self.rng.randrange(25_500))
        self._people.add((kana, born))
        return born

    def reason(self, population: Population) -> str:
        """Return the reason of a decision, as long as they are."""
        rng = self.rng
        text = "\n".join((rng.choice(_CHANGES), *rng.sample(_MORE, rng.randrange(len(_MORE)))))
        return text.replace("生活扶助費", "生活支援給付費") if population is Population.SUPPORT else text

    def decision(self, population: Population) -> Decision:
        """Return a decision that changes something and adds up."""
        rng = self.rng
        before = [0] * len(AID_KINDS)
        before[0] = 10 * rng.randrange(6_000, 16_000)
        before[1] = 100 * rng.randrange(300, 699)
        if rng.random() < 0.2:  # noqa: PLR2004
            before[rng.randrange(2, 8)] = rng.randrange(1_000, 30_000)
        after = before.copy()
        after[rng.choice((0, 0, 0, 1))] += 10 * rng.choice((-1, 1)) * rng.randrange(1, 900)
        income = 10 * rng.randrange(0, 6_000) if rng.random() < 0.5 else 0  # noqa: PLR2004
        later = income + 1_000 if income and rng.random() < 0.3 else income  # noqa: PLR2004
        return Decision(
            document_no="",
            decision_date=date(2026, 11, 5),
            effective_date=rng.choice((EFFECTIVE, EFFECTIVE, date(2026, 10, 1), date(2026, 12, 1))),
            payment_date=date(2026, 12, 1),
            payment_method=PaymentMethod.COUNTER if rng.random() < 0.05 else PaymentMethod.ACCOUNT,  # noqa: PLR2004
            before=tuple(before),
            after=tuple(after),
            income_before=income,
            income_after=later,
            total_before=sum(before) - income,
            total_after=sum(after) - later,
            reason=self.reason(population),
        )

    def household(self, lot: Lot | None = None, dwelling: str = "", **changes: Any) -> Recipient:  # noqa: ANN401 - fields of any type
        """Return a sound household without case and document number; `numbered` gives it both."""
        rng, lot = self.rng, lot or self.lot()
        population = (
            changes.get("population")
            or rng.choices(
                (Population.ASSISTANCE, Population.EQUIVALENT, Population.SUPPORT), cum_weights=(93, 99, 100)
            )[0]
        )
        name, born = self.person(foreign=population is Population.EQUIVALENT)
        found = Recipient(
            record_no=0,
            case_no="",
            population=population,
            status=Status.ACTIVE,
            name=name.printed,
            kana=half_width(name.kana) if rng.random() < 0.3 else name.kana,  # noqa: PLR2004
            birth_date=born,
            members=rng.choice((1, 1, 1, 1, 2, 3)),
            postcode=self.code(lot),
            address=self.address(lot),
            building=dwelling,
            mailto_name="",
            mailto_postcode="",
            mailto_address="",
            mailto_building="",
            mailto_reason="",
            mailto_until=None,
            protected=False,
            protected_confirmed_on=None,
            delivery=Delivery.POST,
            district=f"{rng.randrange(1, 13):02d}",
            caseworker=f"W{rng.randrange(1, 99):03d}",
            decision=self.decision(population),
        )
        return replace(found, **changes) if changes else found

    def sent_to(self, one: Recipient, place: Institution | None = None) -> Recipient:
        """Return the household with its mail going to an institution, until after the posting or for good."""
        to = place or self.rng.choice(self._institutions)
        return replace(
            one,
            mailto_name=to.guardian or (one.name if self.rng.random() < 0.5 else ""),  # noqa: PLR2004
            mailto_postcode=self.code(to.lot),
            mailto_address=self.address(to.lot),
            mailto_building=to.building,
            mailto_reason=to.reason,
            mailto_until=self.rng.choice((None, date(2027, 3, 31))),
        )

    def block(self, size: int, lot: Lot | None = None, *, alike: str = "") -> list[Recipient]:
        """Return neighbours in one block of flats, each in a room of its own and a spelling of their own."""
        rng, lot, title = self.rng, lot or self.lot(), alike or building(self.rng)
        rooms = rng.sample([100 * floor + room for floor in range(1, 7) for room in range(1, 8)], size)
        glue = rng.choice(("", "　", " ")) if not title[-1].isdigit() else "　"
        return [self.household(lot, f"{title}{glue}{self.room(room)}") for room in rooms]

    def lodging(self) -> str:
        """Return a facility that people live in without a room number."""
        return f"{self.rng.choice(_STAYS)}{self.rng.choice(_FLOWERS)}寮"

    def group(self) -> list[Recipient]:
        """Return one lot's households, all sound."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.25:  # noqa: PLR2004
            found = [self.household()]
        elif kind < 0.29:  # noqa: PLR2004
            found = [self.household(None, f"{self.names.native(rng).family}{rng.choice(('方', '様方'))}")]
        elif kind < 0.31:  # noqa: PLR2004
            found = [self.household(None, self.lodging())]
        elif kind < 0.32:  # noqa: PLR2004
            lot, lodging = self.lot(), self.lodging()
            found = [self.household(lot, lodging) for _ in range(rng.randrange(5, 16))]
        elif kind < 0.36:  # noqa: PLR2004
            found = self.block(rng.choice((1, 2, 3)))
            found = [replace(each, address=f"{each.address}　{each.building}", building="") for each in found]
        else:
            found = self.block(rng.choice((1, 1, 2, 2, 3, 4, 6)))
        return [self._elsewhere(each) for each in found]

    def _elsewhere(self, one: Recipient) -> Recipient:
        """Return the household, now and then with its mail going to an institution or a relative."""
        chance = self.rng.random()
        if chance < 0.04:  # noqa: PLR2004
            return self.sent_to(one)
        if chance < 0.05:  # noqa: PLR2004
            who = f"{self.rng.choice(('長男', '長女', '妹', '姪'))}　{self.names.native(self.rng).printed}"
            flat = self.rng.choice(("", f"{building(self.rng)}　{self.room(self.rng.randrange(101, 900))}"))
            return self.sent_to(one, Institution(self.places.far(self.rng), flat, "その他", who))
        return one

    def clean(self) -> Iterator[Recipient]:
        """Yield sound households without end, numbered."""
        while True:
            for each in self.group():
                yield self.numbered(each)

    def numbered(self, one: Recipient) -> Recipient:
        """Return the household as the next record of the export; what is numbered already stays so."""
        self._records += 1
        decision = one.decision
        if decision is not None and not decision.document_no:
            decision = replace(decision, document_no=self.document_no())
        return replace(one, record_no=self._records, case_no=one.case_no or f"{self._records:07d}", decision=decision)

    def document_no(self) -> str:
        """Use up the next document number."""
        self._documents += 1
        return f"8新福生第{self._documents:07d}号"
