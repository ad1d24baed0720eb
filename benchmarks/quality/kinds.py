"""What goes wrong in real data, and what only looks as if it did: each kind damages sound households in one way.

A kind says which rules must find its victims (any one of ``expected``), and makes a group of households
of which some are planted. A near-miss expects nothing: a caseworker would send the letter.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from names import half_width
from places import WIDE, WRITINGS, Lot, write, write_code
from sound import ISSUED, POSTED, Institution, Ward

from mailround.model import Decision, Delivery, Population, Recipient, Status

Made = list[tuple[Recipient, bool]]
"""Households in the order of the export, and whether each is one that must be found (of a near-miss: must not)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way in which data goes wrong, or seems to.

    ``also`` are rules that may rightly find a victim as well, or (``beside``) somebody else of its group.
    """

    name: str
    expected: tuple[str, ...]
    make: Callable[[Ward], Made]
    also: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


KINDS: list[Kind] = []

Maker = Callable[[Ward], Made]
Damage = Callable[[Ward, Recipient], Recipient]


def kind(expected: str, *, also: str = "", beside: str = "") -> Callable[[Maker], Maker]:
    """List a maker as a kind under its own name."""

    def listed(make: Maker) -> Maker:
        name = make.__name__.strip("_")
        KINDS.append(Kind(name, tuple(expected.split()), make, tuple(also.split()), tuple(beside.split())))
        return make

    return listed


def single(expected: str, *, also: str = "") -> Callable[[Damage], Damage]:
    """List a damage to one household as a kind."""

    def listed(damage: Damage) -> Damage:
        def make(ward: Ward) -> Made:
            return [(damage(ward, ward.household()), True)]

        KINDS.append(Kind(damage.__name__.strip("_"), tuple(expected.split()), make, tuple(also.split())))
        return damage

    return listed


def field(title: str, expected: str, /, *, also: str = "", **values: Any) -> None:  # noqa: ANN401 - fields of any type
    """List as a kind: a field, or several, replaced; of a tuple, one of its values."""

    def make(ward: Ward) -> Made:
        picked = {each: ward.rng.choice(value) if isinstance(value, tuple) else value for each, value in values.items()}
        return [(replace(ward.household(), **picked), True)]

    KINDS.append(Kind(title, tuple(expected.split()), make, tuple(also.split())))


def decided(one: Recipient, **changes: Any) -> Recipient:  # noqa: ANN401 - fields of any type
    """Return the household with its decision changed."""
    if one.decision is None:
        raise ValueError("no decision")
    return replace(one, decision=replace(one.decision, **changes))


def _decision(one: Recipient) -> Decision:
    if one.decision is None:
        raise ValueError("no decision")
    return one.decision


def _twin(ward: Ward, one: Recipient, **changes: Any) -> Recipient:  # noqa: ANN401 - fields of any type
    """Return the same person at the same home under another case, typed in afresh."""
    again = ward.household()
    same = ("name", "kana", "birth_date", "postcode", "address", "building", "population")
    return replace(again, **{each: getattr(one, each) for each in same} | changes)


def _spliced(text: str, piece: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(text))
    return text[:place] + piece + text[place:]


# The round

_SAME_PERSON = "H01 H02 H03 H04 A09"


@kind("R02", also=_SAME_PERSON, beside="R02 " + _SAME_PERSON)
def _case_exported_twice(ward: Ward) -> Made:
    one = ward.numbered(ward.household())
    return [(one, False), (_twin(ward, one, case_no=one.case_no), True)]


@kind("R03", beside="R03")
def _document_number_twice(ward: Ward) -> Made:
    one = ward.numbered(ward.household())
    return [(one, True), (decided(ward.household(), document_no=_decision(one).document_no), True)]


@kind("R04")
def _document_number_left_out(ward: Ward) -> Made:
    ward.document_no()
    return [(ward.household(), True)]


@single("D01")
def _document_number_empty(ward: Ward, one: Recipient) -> Recipient:
    return decided(one, document_no=ward.rng.choice((" ", "　")))


# People

field("suspended", "P01", status=Status.SUSPENDED)
field("closed", "P01", status=Status.CLOSED)
field("deceased", "P01", status=Status.DECEASED)
field("delivery_on_hold", "P02", delivery=Delivery.HOLD)
field("counter_delivery", "P07", delivery=Delivery.COUNTER)
field("protected_confirmed", "P03", protected=True, protected_confirmed_on=date(2026, 11, 2))
field("protected_unconfirmed", "P04", also="P03", protected=True)
field("protected_confirmed_later", "P04", also="P03", protected=True, protected_confirmed_on=ISSUED + timedelta(9))


def _protected(one: Recipient) -> Recipient:
    return replace(one, protected=True, protected_confirmed_on=date(2026, 11, 2))


@single("P05", also="P03 P10")
def _protected_mailto_expired(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(_protected(one), ward.institution()), mailto_until=POSTED - timedelta(1))


@single("P05", also="P03 P08")
def _protected_mailto_incomplete(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(_protected(one), ward.institution()), mailto_address="")


def _mailto_at(ward: Ward, lot: Lot, flat: str, style: int, reason: str = "その他") -> Recipient:
    return replace(
        ward.household(),
        mailto_postcode=ward.code(lot),
        mailto_address=write(lot, style, prefecture=ward.rng.random() < 0.5),  # noqa: PLR2004
        mailto_building=flat,
        mailto_reason=reason,
    )


@kind("P06", beside="P03")
def _protected_home_as_anothers_mailto(ward: Ward) -> Made:
    lot = ward.lot()
    safe = _protected(ward.household(lot, "コーポさくら　203号室"))
    return [(safe, False), (_mailto_at(ward, lot, "コーポさくら203", ward.rng.randrange(WRITINGS)), True)]


@kind("P06", also="H03", beside="P03 P06 H03")
def _protected_home_on_former_partners_piece(ward: Ward) -> Made:
    lot = ward.lot()
    safe = _protected(ward.household(lot))
    other = ward.household(lot)
    family = safe.name.split("　", maxsplit=1)[0]
    return [(safe, False), (replace(other, name=family + "　" + other.name.split("　")[-1]), True)]


@kind("P06", beside="P03")
def _protected_home_in_anothers_reason(ward: Ward) -> Made:
    lot = ward.lot()
    safe = _protected(ward.household(lot))
    style = ward.rng.randrange(WRITINGS)
    other = ward.household()
    told = f"長女が{write(lot, style, prefecture=False)}に転出したため、生活扶助費を変更します。"
    return [(safe, False), (decided(other, reason=f"{told}\n{_decision(other).reason}"[:380]), True)]


@single("P09")
def _mailto_without_reason(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(one), mailto_reason="")


@single("P08", also="A02")
def _mailto_without_postcode(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(one), mailto_postcode="")


@single("P08")
def _mailto_without_address(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(one), mailto_address="")


@single("P08", also="P09")
def _mailto_name_only(ward: Ward, one: Recipient) -> Recipient:
    return replace(one, mailto_name=ward.person()[0].printed)


@single("P10")
def _mailto_expired(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(one), mailto_until=POSTED - timedelta(ward.rng.randrange(1, 400)))


# Addresses


field("address_empty", "A01", also="A04 A05 A08", address=("", "　", " "), building="")
field("postcode_empty", "A02", postcode="")
field("postcode_placeholder", "A02 A03", postcode=("000-0000", "999-9999", "不明"))


@single("A02")
def _postcode_of_six_digits(_: Ward, one: Recipient) -> Recipient:
    return replace(one, postcode=one.postcode[:-1])


@single("A02")
def _postcode_full_width(_: Ward, one: Recipient) -> Recipient:
    return replace(one, postcode=one.postcode.translate(WIDE))


@single("A03 A04")
def _postcode_digit_wrong(ward: Ward, one: Recipient) -> Recipient:
    place = ward.rng.choice((1, 2, len(one.postcode) - 1, len(one.postcode) - 2))
    digit = ward.rng.choice([each for each in "0123456789" if each != one.postcode[place]])
    return replace(one, postcode=one.postcode[:place] + digit + one.postcode[place + 1 :])


@single("A03 A04")
def _postcode_digits_transposed(ward: Ward, one: Recipient) -> Recipient:
    digits = one.postcode.replace("-", "")
    places = [each for each in range(len(digits) - 1) if digits[each] != digits[each + 1]]
    place = ward.rng.choice(places)
    return replace(one, postcode=digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])


@single("A03")
def _postcode_not_in_use(ward: Ward, one: Recipient) -> Recipient:
    while (code := f"16{ward.rng.randrange(100_000):05d}") in ward.places.used:
        pass
    return replace(one, postcode=write_code(code, hyphen=True))


@kind("A04")
def _postcode_of_another_town(ward: Ward) -> Made:
    lot = ward.lot()
    return [(replace(ward.household(lot), postcode=ward.code(ward.places.neighbouring(lot, ward.rng))), True)]


@kind("A04")
def _moved_with_the_old_postcode(ward: Ward) -> Made:
    new = ward.places.far(ward.rng)
    return [(replace(ward.household(), address=ward.address(new)), True)]


@single("A04")
def _wrong_ward(ward: Ward, one: Recipient) -> Recipient:
    wrong = ward.rng.choice(("中野区", "渋谷区", "豊島区", "文京区", "千代田区"))
    return replace(one, address=one.address.replace("新宿区", wrong, 1))


@single("A04")
def _town_misspelt(ward: Ward, one: Recipient) -> Recipient:
    lot = ward.lot()
    wrong = {"余丁町": "予丁町", "富久町": "冨士町", "百人町": "百任町", "早稲田町": "早稻町"}.get(lot.town, "若葉台")
    return replace(one, postcode=ward.code(lot), address=ward.address(replace(lot, town=wrong)))


def _with_chome(ward: Ward) -> Lot:
    while not (lot := ward.lot()).chome:
        pass
    return lot


@kind("A05", also="H03 H04 A09")
def _number_missing(ward: Ward) -> Made:
    lot = ward.lot()
    return [(ward.household(lot, address=f"東京都新宿区{lot.town}"), True)]


@kind("A05", also="H03 H04 A09")
def _chome_only(ward: Ward) -> Made:
    lot = _with_chome(ward)
    text = ward.rng.choice((f"{lot.chome}丁目", f"{lot.chome}丁目".translate(WIDE), "一丁目", "二丁目"))
    return [(ward.household(lot, address=f"東京都新宿区{lot.town}{text}"), True)]


@kind("A05", also="H03 H04")
def _number_only_in_the_building(ward: Ward) -> Made:
    lot = ward.lot()
    return [(ward.household(lot, "みどりハイツ203号", address=f"新宿区{lot.town}"), True)]


@kind("A05", also="A12 H03 H04 A09")
def _number_lost_in_hyphens(ward: Ward) -> Made:
    lot = _with_chome(ward)
    return [(ward.household(lot, address=f"東京都新宿区{lot.town}{lot.chome}丁目-"), True)]


def _split_town(ward: Ward, lot: Lot, other: str) -> Made:
    return [(replace(ward.household(lot), postcode=write_code(other, hyphen=True)), True)]


@kind("A06")
def _split_town_block_with_the_rests_code(ward: Ward) -> Made:
    rng = ward.rng
    if rng.random() < 0.5:  # noqa: PLR2004
        return _split_town(ward, ward.places.toyama(3, rng.choice((18, 21)), rng.randrange(200, 900)), "1620052")
    return _split_town(ward, ward.places.waseda(2, 2, rng.randrange(200, 900)), "1690051")


@kind("A06")
def _split_town_rest_with_the_blocks_code(ward: Ward) -> Made:
    rng = ward.rng
    if rng.random() < 0.5:  # noqa: PLR2004
        return _split_town(
            ward, ward.places.toyama(rng.choice((1, 2)), rng.randrange(1, 22), rng.randrange(200, 900)), "1690052"
        )
    return _split_town(
        ward, ward.places.waseda(rng.choice((1, 3)), rng.randrange(1, 22), rng.randrange(200, 900)), "1620051"
    )


def _in_tower(ward: Ward, code: str | None = None) -> Recipient:
    lot, tower, floor = ward.places.floor(ward.rng)
    wrong = write_code(code or lot.code, hyphen=True)
    place = Institution(lot, f"{tower}{floor}階　青葉法律事務所", "後見人", ward.person()[0].printed)
    return replace(ward.sent_to(ward.household(), place), mailto_postcode=wrong)


@kind("A07")
def _tower_with_the_towns_code(ward: Ward) -> Made:
    return [(_in_tower(ward, "1600023"), True)]


@kind("A07")
def _tower_with_another_floors_code(ward: Ward) -> Made:
    lot, tower, floor = ward.places.floor(ward.rng)
    other = next(code for (name, number), code in ward.places.floors.items() if name == tower and number != floor)
    place = Institution(lot, f"{tower}　{floor}Ｆ".translate(WIDE), "後見人", ward.person()[0].printed)
    return [(replace(ward.sent_to(ward.household(), place), mailto_postcode=write_code(other, hyphen=True)), True)]


field("representative_code", "A08", also="A04", postcode="160-0000")


@kind("A09")
def _building_missing_among_neighbours(ward: Ward) -> Made:
    *rest, last = ward.block(4)
    return [*((each, False) for each in rest), (replace(last, building=""), True)]


@kind("A10", beside="A10")
def _room_missing(ward: Ward) -> Made:
    rng = ward.rng
    title = rng.choice(
        ("コーポみどり", "ライオンズマンション新宿", "第２富士荘", "さくらハイツ", "メゾン・ド・若葉", "山田アパート")
    )
    return [(ward.household(None, title), True)]


@kind("A10")
def _room_missing_block_number_only(ward: Ward) -> Made:
    lot = ward.places.toyama(2, ward.rng.randrange(1, 17), ward.rng.randrange(200, 900))
    return [(ward.household(lot, f"戸山ハイツアパート{ward.rng.randrange(1, 36)}号棟"), True)]


field(
    "no_fixed_abode",
    "A11",
    also="A04 A05 H03 H04",
    address=(
        "東京都新宿区　住所不定",
        "新宿区内路上",
        "住所不定",
        "東京都新宿区西新宿　新宿中央公園",
        "東京都新宿区内（居所なし）",
        "新宿区　住居不定",
    ),
)
field("no_fixed_abode_in_the_building", "A11", building=("ネットカフェ", "路上生活", "新宿駅西口周辺", "公園内"))


@kind("A12", also="A05")
def _odd_hyphens(ward: Ward) -> Made:
    lot = _with_chome(ward)
    dash = ward.rng.choice("–‐—ー―")
    return [(ward.household(lot, address=f"東京都新宿区{lot.town}{lot.chome}{dash}{lot.ban}{dash}{lot.go}"), True)]


@kind("A12", also="A05")
def _odd_digits(ward: Ward) -> Made:
    lot = _with_chome(ward)
    return [(ward.household(lot, address=f"東京都新宿区{lot.town}{lot.chome}丁目l{lot.ban}番O号"), True)]


# Names, characters, the form

field("name_empty", "C01", name=("", "　"))
field("name_placeholder", "C01", name=("不明", "氏名　不詳", "未登録", "テスト", "？？？", "＊＊＊＊", "－", "■■　■■"))
field(
    "name_placeholder_other",
    "C01",
    name=("名無し", "ダミー", "氏名不明者", "（未入力）", "仮　名", "テスト　太郎", "身元不明"),
)
field("kana_empty", "C02", kana=("", "　"))


def _in_name(name: str, expected: str, pieces: str) -> None:
    def make(ward: Ward) -> Made:
        one = ward.household()
        return [(replace(one, name=_spliced(one.name, ward.rng.choice(pieces), ward.rng)), True)]

    KINDS.append(Kind(name, tuple(expected.split()), make))


_in_name("gaiji_in_name", "C03", "\ue000\ue123\uf8f0\U000f0000")
_in_name("control_in_name", "C03", "\0\t\x1a\x7f\r\n")
_in_name("zero_width_in_name", "C03", "\u200b\u200d\ufeff\u2060")
_in_name("bidi_in_name", "C03", "\u202e\u202d\u2066\u200f")
_in_name("unassigned_in_name", "C03", "\u0378\U000e0fff")
_in_name("emoji_in_name", "C01 C03 C04", "😀🏠♥️")
_in_name("letter_lost_geta", "C01 C03 C04", "〓")
_in_name("letter_lost_replaced", "C01 C03 C04", "\ufffd")
_in_name("letter_lost_question", "C01 C03 C04", "?？")
_in_name("letter_lost_block", "C01 C03 C04", "■●")


@single("C03", also="C04")
def _selector_behind_kana(_: Ward, one: Recipient) -> Recipient:
    return replace(one, name=f"ア\U000e0100ン　{one.name}")


@single("C03 C04")
def _unknown_sequence(_: Ward, one: Recipient) -> Recipient:
    return replace(one, name="渡邊\U000e01d0　" + one.name.split("　")[-1])


@single("C03", also="A04 A05")
def _control_in_address(ward: Ward, one: Recipient) -> Recipient:
    return replace(one, address=_spliced(one.address, ward.rng.choice("\0\x0b\x1f\n"), ward.rng))


@single("C03 C04")
def _gaiji_in_reason(ward: Ward, one: Recipient) -> Recipient:
    return decided(one, reason=_spliced(_decision(one).reason, ward.rng.choice("\ue000\uf8f2😀\u202e"), ward.rng))


@single("C03")
def _gaiji_in_mailto(ward: Ward, one: Recipient) -> Recipient:
    return replace(ward.sent_to(one), mailto_building="\ue010病院")


@single("C04")
def _letter_without_glyph(ward: Ward, one: Recipient) -> Recipient:
    return replace(one, name=ward.rng.choice(("မောင်　အောင်", "रमेश　लामा", "محمد　علي", "ສົມ　ໃຈ")))


@single("C05")
def _name_too_long(_: Ward, one: Recipient) -> Recipient:
    return replace(one, name="MARIA CONCEPCION DE LOS ANGELES " * 4 + "SANTOS")


@single("C05")
def _building_too_long(_: Ward, one: Recipient) -> Recipient:
    return replace(one, building="独立行政法人都市再生機構新宿北団地第二期" * 5 + "12号棟1203号室")


@single("C05")
def _reason_too_long(_: Ward, one: Recipient) -> Recipient:
    return decided(one, reason="医療に要する費用の計上のため。" * 150)


def _support(ward: Ward, **changes: Any) -> Recipient:  # noqa: ANN401 - fields of any type
    return ward.household(population=Population.SUPPORT, **changes)


@kind("C06")
def _assistance_word_to_support(ward: Ward) -> Made:
    one = _support(ward)
    word = ward.rng.choice(("生活保護法第25条により変更します。", "生活保護の基準による。", "生活\n保護の変更。"))
    return [(decided(one, reason=word + _decision(one).reason[:200]), True)]


@kind("C06")
def _assistance_word_in_supports_mailto(ward: Ward) -> Made:
    one = ward.sent_to(_support(ward))
    return [(replace(one, mailto_building="生活保護施設青葉寮"), True)]


# Households twice

_PAIR = "H01 H03 H04"


@kind("H01", also="H02 H03 H04 A09")
def _same_person_two_cases(ward: Ward) -> Made:
    one = ward.household()
    return [(one, True), (_twin(ward, one), True)]


@kind("H01", also="H02 H03 H04 A09")
def _same_person_moved(ward: Ward) -> Made:
    one, lot = ward.household(), ward.lot()
    return [(one, True), (_twin(ward, one, postcode=ward.code(lot), address=ward.address(lot)), True)]


@kind("H01", also="H02 H03 H04 A09")
def _same_person_half_width_kana(ward: Ward) -> Made:
    name, born = ward.person()
    one = ward.household(name=name.printed, kana=name.kana, birth_date=born)
    return [(one, True), (_twin(ward, one, kana=half_width(name.kana)), True)]


@kind("H01", also="H02 H03 H04 A09")
def _same_person_variant_kanji(ward: Ward) -> Made:
    _, born = ward.person()
    one = ward.household(name="渡辺　富美子", kana="ワタナベ　フミコ", birth_date=born)
    other = ward.rng.choice(("渡邉　富美子", "渡邊　冨美子", "渡部　富美子"))
    return [(one, True), (_twin(ward, one, name=other), True)]


@kind("H01", also="H02 H03 H04 A09")
def _same_person_without_blank(ward: Ward) -> Made:
    name, born = ward.person()
    one = ward.household(name=name.printed, kana=name.kana, birth_date=born)
    joined: dict[str, Any] = {"name": one.name.replace("　", ""), "kana": one.kana.replace("　", "")}
    return [(one, True), (_twin(ward, one, **joined), True)]


def _retyped(name: str, pairs: tuple[tuple[str, str, str, str], ...], *, moved: bool) -> None:
    """List a kind: one person's name and reading, and both as they were typed the second time."""

    def make(ward: Ward) -> Made:
        _, born = ward.person()
        first, kana, second, again = ward.rng.choice(pairs)
        one = ward.household(name=first, kana=kana, birth_date=born, population=Population.ASSISTANCE)
        lot = ward.lot()
        away = {"postcode": ward.code(lot), "address": ward.address(lot)} if moved else {}
        return [(one, True), (_twin(ward, one, name=second, kana=again, **away), True)]

    KINDS.append(Kind(name, ("H04", "H01") if moved else ("H04", "H01", "H03"), make, ("H03", "A09")))


_KANA = (
    ("千鶴　ミツ子", "チヅル　ミツコ", "千鶴　ミツ子", "チズル　ミツコ"),
    ("鼻血　与一", "ハナヂ　ヨイチ", "鼻血　与一", "ハナジ　ヨイチ"),
    ("大野　隆", "オオノ　タカシ", "大野　隆", "オーノ　タカシ"),
    ("山崎　正雄", "ヤマザキ　マサオ", "山崎　正雄", "ヤマサキ　マサオ"),
    ("中島　久江", "ナカジマ　ヒサエ", "中島　久江", "ナカシマ　ヒサエ"),
    ("高田　純一", "タカダ　ジュンイチ", "髙田　純一", "タカタ　ジュンイチ"),
    ("佐藤　優子", "サトウ　ユウコ", "佐藤　優子", "サトオ　ユウコ"),
)
_FOREIGN = (
    ("NGUYEN VAN AN", "グエン　ヴァン　アン", "グエン　バン　アン", "グエン　バン　アン"),
    ("GARCIA MARIA", "ガルシア　マリア", "マリア　ガルシア", "マリア　ガルシア"),
    ("SMITH JOHN", "スミス　ジョン", "ジョン　スミス", "ジョン　スミス"),
    ("金　ミンジュン", "キム　ミンジュン", "金　敏俊", "キム　ミンジュン"),
)
_retyped("same_person_kana_variant", _KANA, moved=False)
_retyped("same_person_kana_variant_moved", _KANA, moved=True)
_retyped("same_person_foreign_spelling", _FOREIGN, moved=False)
_retyped("same_person_foreign_spelling_moved", _FOREIGN, moved=True)


@kind("H04 H03", also="A09")
def _same_person_day_and_month_swapped(ward: Ward) -> Made:
    name, _ = ward.person()
    one = ward.household(name=name.printed, kana=name.kana, birth_date=date(1950, 3, ward.rng.randrange(4, 13)))
    born = one.birth_date or ISSUED
    return [(one, True), (_twin(ward, one, birth_date=date(born.year, born.day, born.month)), True)]


@kind("H04 H03", also="A09")
def _same_person_birth_date_missing(ward: Ward) -> Made:
    one = ward.household()
    return [(one, True), (_twin(ward, one, birth_date=None), True)]


@kind("H04 H03", also="A09")
def _same_person_address_written_otherwise(ward: Ward) -> Made:
    lot = ward.lot()
    one = ward.household(lot, "コーポ富士２０３号室", address=write(lot, 0))
    style = ward.rng.randrange(1, WRITINGS)
    second = {"address": write(lot, style, prefecture=False), "building": "コーポ富士　203"}
    born = (one.birth_date or ISSUED) + timedelta(1)
    return [(one, True), (_twin(ward, one, birth_date=born, **second), True)]


@kind("H02", also="H01 H03 H04 A09")
def _household_in_two_populations(ward: Ward) -> Made:
    one = ward.household(population=Population.ASSISTANCE)
    other = ward.rng.choice((Population.EQUIVALENT, Population.SUPPORT))
    reason = ward.reason(Population.SUPPORT)
    second = _twin(ward, one, population=other, birth_date=ward.rng.choice((one.birth_date, None)))
    return [(one, True), (decided(second, reason=reason), True)]


@kind("H03", also="H04 A09")
def _couple_under_two_cases(ward: Ward) -> Made:
    name, born = ward.person()
    mate, other = ward.person()
    one = ward.household(name=name.printed, kana=name.kana, birth_date=born, population=Population.ASSISTANCE)
    changed = {"name": f"{name.family}　{mate.given}", "kana": f"{name.family_kana}　{mate.given_kana}"}
    return [(one, True), (_twin(ward, one, birth_date=other, **changed), True)]


@kind("H05")
def _many_on_one_mailto(ward: Ward) -> Made:
    place = ward.institution()
    return [(ward.sent_to(ward.household(), place), True) for _ in range(12)]


# Decisions


def _on_decision(title: str, expected: str, /, *, also: str = "", **values: tuple[Any, ...]) -> None:
    def make(ward: Ward) -> Made:
        picked = {each: ward.rng.choice(value) for each, value in values.items()}
        return [(decided(ward.household(), **picked), True)]

    KINDS.append(Kind(title, tuple(expected.split()), make, tuple(also.split())))


_on_decision("decision_date_missing", "D02", decision_date=(None, date(1, 1, 1)))
_on_decision("effective_date_missing", "D02", also="D04", effective_date=(None, date(1, 1, 1)))
_on_decision("payment_date_missing", "D02", payment_date=(None, date(1, 1, 1)))
_on_decision("decided_after_posting", "D03", decision_date=(POSTED + timedelta(1), date(2027, 11, 5)))
_on_decision(
    "effective_outside_the_window",
    "D04",
    effective_date=(date(2025, 11, 1), date(2027, 11, 1), date(2026, 4, 1), date(2008, 11, 1)),
)
_on_decision("reason_empty", "D05", reason=("", "　", "\n", " \r\n　"))
_on_decision("reason_placeholder", "D05", reason=("なし", "－", "同上", "。", "未入力", "＊＊＊"))


@single("D06")
def _total_mistyped(ward: Ward, one: Recipient) -> Recipient:
    return decided(one, total_after=_decision(one).total_after + ward.rng.choice((-1, 1, 9, 90, 1000)))


@single("D06")
def _income_not_taken_off(_: Ward, one: Recipient) -> Recipient:
    found = _decision(one)
    return decided(one, income_after=30_000, total_after=sum(found.after))


@single("D06")
def _amount_digit_lost(_: Ward, one: Recipient) -> Recipient:
    found = _decision(one)
    return decided(one, after=(found.after[0] // 10, *found.after[1:]))


@single("D07")
def _nothing_changes(_: Ward, one: Recipient) -> Recipient:
    found = _decision(one)
    return decided(one, after=found.before, income_after=found.income_before, total_after=found.total_before)


# Near-misses: nothing may be said of these.


@kind("")
def _near_twins(ward: Ward) -> Made:
    born = ward.birth_date("ナカムラ　ユウコ")
    while ward.birth_date("ナカムラ　ユウカ", born) != born:
        born = ward.birth_date("ナカムラ　ユウコ")
    first = ward.household(name="中村　優子", kana="ナカムラ　ユウコ", birth_date=born)
    return [(first, True), (ward.household(name="中村　優香", kana="ナカムラ　ユウカ", birth_date=born), True)]


@kind("")
def _near_neighbours_in_one_block(ward: Ward) -> Made:
    return [(each, True) for each in ward.block(6)]


@kind("")
def _near_same_surname_in_one_block(ward: Ward) -> Made:
    block = ward.block(2)
    names = (("佐藤　和子", "サトウ　カズコ"), ("佐藤　隆", "サトウ　タカシ"))
    return [(replace(each, name=name, kana=kana), True) for each, (name, kana) in zip(block, names, strict=True)]


@kind("")
def _near_same_common_name(ward: Ward) -> Made:
    births = (ward.birth_date("スズキ　イチロウ"), ward.birth_date("スズキ　イチロウ"))
    return [(ward.household(name="鈴木　一郎", kana="スズキ　イチロウ", birth_date=each), True) for each in births]


@kind("")
def _near_same_birth_date(ward: Ward) -> Made:
    _, born = ward.person()
    names = (("高橋　正男", "タカハシ　マサオ"), ("石川　久江", "イシカワ　ヒサエ"), ("李　順子", "イ　スンジャ"))
    return [(ward.household(name=name, kana=kana, birth_date=born), True) for name, kana in names]


@kind("")
def _near_same_kana_other_year(ward: Ward) -> Made:
    born = ward.birth_date("ハヤシ　ミノル")
    births = (born, ward.birth_date("ハヤシ　ミノル", born.replace(year=born.year + 4 * ward.rng.randrange(1, 5))))
    return [(ward.household(name="林　実", kana="ハヤシ　ミノル", birth_date=each), True) for each in births]


def _elsewhere(ward: Ward, lot: Lot, text: str, building: str = "青葉総合病院", **more: Any) -> Made:  # noqa: ANN401 - fields of any type
    changes: dict[str, Any] = {"mailto_postcode": ward.code(lot), "mailto_address": text, "mailto_building": building}
    return [(replace(ward.household(), **{"mailto_reason": "入院"} | changes | more), True)]


@kind("")
def _near_small_and_large_ke(ward: Ward) -> Made:
    lot = ward.places.spelled(ward.rng, "ケ")
    written = replace(lot, town=lot.town.replace("ケ", ward.rng.choice("ヶがガ")))
    return _elsewhere(ward, lot, write(written, ward.rng.randrange(WRITINGS)))


@kind("")
def _near_no_in_town(ward: Ward) -> Made:
    lot = ward.places.spelled(ward.rng, "ノ")
    return _elsewhere(ward, lot, write(replace(lot, town=lot.town.replace("ノ", "の")), ward.rng.randrange(WRITINGS)))


@kind("")
def _near_oaza_left_out(ward: Ward) -> Made:
    lot = ward.places.spelled(ward.rng, "大字")
    return _elsewhere(ward, lot, write(replace(lot, town=lot.town.replace("大字", "")), ward.rng.randrange(WRITINGS)))


@kind("")
def _near_oaza_added(ward: Ward) -> Made:
    lot = ward.places.far(ward.rng, tokyo=False)
    while not lot.city.endswith(("町", "村")):
        lot = ward.places.far(ward.rng, tokyo=False)
    town = lot.town if lot.town.startswith(("大字", "字")) else "大字" + lot.town
    return _elsewhere(ward, lot, write(replace(lot, town=town), ward.rng.randrange(WRITINGS)))


@kind("")
def _near_gun_left_out(ward: Ward) -> Made:
    lot = ward.places.far(ward.rng, tokyo=False)
    while not re.fullmatch(".+郡.+[町村]", lot.city):  # 大和郡山市 and 蒲郡市 are no districts
        lot = ward.places.far(ward.rng, tokyo=False)
    return _elsewhere(ward, lot, write(replace(lot, city=lot.city.split("郡", 1)[1]), ward.rng.randrange(WRITINGS)))


@kind("")
def _near_prefecture_left_out(ward: Ward) -> Made:
    lot = ward.lot()
    return [(ward.household(lot, address=write(lot, ward.rng.randrange(WRITINGS), prefecture=False)), True)]


@single("")
def _near_city_left_out(_: Ward, one: Recipient) -> Recipient:
    """Beside the right postcode, Japan Post asks for neither."""
    return replace(one, address=one.address.replace("東京都", "", 1).replace("新宿区", "", 1))


@kind("")
def _near_every_writing(ward: Ward) -> Made:
    lot = ward.lot()
    rooms = range(101, 101 + WRITINGS)
    homes = [(write(lot, style), f"メゾン若葉{room}") for style, room in enumerate(rooms)]
    return [(ward.household(lot, flat, address=text), True) for text, flat in homes]


_STREETS = (
    ("6048006", "中京区河原町通御池下る下丸屋町403"),
    ("6008216", "下京区烏丸通七条下る東塩小路町721-1"),
    ("6028570", "上京区下立売通新町西入藪ノ内町"),
)


@kind("")
def _near_kyoto_street(ward: Ward) -> Made:
    code, text = _STREETS[ward.rng.randrange(2)]
    lot = replace(ward.lot(), code=code)
    return _elsewhere(ward, lot, f"京都府京都市{text}")


@kind("")
def _near_hokkaido_blocks(ward: Ward) -> Made:
    texts = (
        "北海道札幌市北区北二十四条西五丁目１番５号",
        "札幌市北区北24条西5丁目1-5",
        "北海道札幌市北区北２４条西５丁目１－５",
    )
    lot = replace(ward.lot(), code="0010024")
    return _elsewhere(ward, lot, ward.rng.choice(texts))


@kind("")
def _near_osaka_without_chome_word(ward: Ward) -> Made:
    texts = ("大阪府堺市堺区南瓦町3番1号", "大阪府堺市堺区南瓦町３－１", "堺市堺区南瓦町三番一号")
    lot = replace(ward.lot(), code="5900078")
    return _elsewhere(ward, lot, ward.rng.choice(texts))


@kind("")
def _near_mailto_institution(ward: Ward) -> Made:
    return [(ward.sent_to(ward.household(), ward.institution()), True)]


@kind("")
def _near_mailto_relative(ward: Ward) -> Made:
    lot = ward.places.far(ward.rng)
    more = {"mailto_name": "長男　佐藤　健一", "mailto_reason": "その他", "mailto_until": POSTED}
    return _elsewhere(ward, lot, ward.address(lot), "コーポ光102", **more)


@kind("")
def _near_mailto_of_blanks(ward: Ward) -> Made:
    blank = "　"
    one = ward.household()
    return [(replace(one, mailto_name=blank, mailto_address=blank, mailto_building=blank), True)]


@kind("")
def _near_care_of(ward: Ward) -> Made:
    texts = ("山田方", "鈴木様方", "佐々木　一郎方", "メゾン光203　田中方", "（株）青葉気付", "青葉寮内")
    return [(ward.household(None, ward.rng.choice(texts)), True)]


@kind("")
def _near_detached_beside_flats(ward: Ward) -> Made:
    lot = ward.lot()
    flats = ward.block(3, lot)
    beside = replace(lot, go=lot.go + 40)
    return [*((each, True) for each in flats), (ward.household(beside), True)]


@kind("")
def _near_room_within_the_address(ward: Ward) -> Made:
    lot = ward.lot()
    flats = [(each, True) for each in ward.block(2, lot, alike="コーポ光")]
    style = ward.rng.choice((2, 7)) if lot.chome else 2
    text = ward.rng.choice(
        (f"{write(lot, style)}-207", f"{write(lot, style)} コーポ光207", f"{write(lot, style)}　コーポ光２０７号室")
    )
    return [*flats, (ward.household(lot, address=text), True)]


@kind("")
def _near_rooms_written_oddly(ward: Ward) -> Made:
    texts = (
        "A101",
        "富士荘　二号室",
        "Ｂ棟２０３",
        "コーポ21　305",
        "第３コーポ５号",
        "メゾン・ド・新宿　３０２",
        "203号",
        "山田荘２階",
        "グリーンハイツ1-203",
        "若葉荘 東側3号",
        "ハイツ光 1F",
        "みどりアパートＡ",
        "さくら荘イ号",
    )
    return [(ward.household(None, ward.rng.choice(texts)), True)]


@kind("")
def _near_facility_without_room(ward: Ward) -> Made:
    texts = (
        "無料低額宿泊所青葉荘",
        "グループホームひまわり",
        "救護施設あおぞら荘",
        "更生施設けやき荘",
        "特別養護老人ホーム桜荘",
        "有料老人ホーム光ハイツ",
        "母子生活支援施設若竹寮",
    )
    return [(ward.household(None, ward.rng.choice(texts)), True)]


@kind("")
def _near_tower_with_its_floors_code(ward: Ward) -> Made:
    return [(_in_tower(ward), True)]


@kind("")
def _near_west_shinjuku_flat(ward: Ward) -> Made:
    lot = Lot("1600023", "東京都", "新宿区", "西新宿", 5, ward.rng.randrange(1, 26), ward.rng.randrange(200, 900))
    return [(ward.household(lot, f"パークハイツ{ward.rng.randrange(1, 30)}01"), True)]


@kind("")
def _near_split_town_right(ward: Ward) -> Made:
    rng = ward.rng
    lots = (
        ward.places.toyama(3, rng.choice((17, 18, 19, 20, 21, 22)), rng.randrange(200, 900)),
        ward.places.toyama(rng.choice((1, 2)), rng.choice((18, 21)), rng.randrange(200, 900)),
        ward.places.waseda(2, rng.choice((2, 3, 20)), rng.randrange(200, 900)),
        ward.places.waseda(2, 1, rng.randrange(1, 24)),
        ward.places.waseda(rng.choice((1, 3)), rng.choice((1, 2)), rng.randrange(200, 900)),
    )
    lot = rng.choice(lots)
    return [(ward.household(lot, f"コーポ{ward.person()[0].family}{rng.randrange(100, 999)}"), True)]


@kind("")
def _near_split_town_blocks_edge(ward: Ward) -> Made:
    lot = ward.places.waseda(2, 1, ward.rng.randrange(24, 900))
    return [(ward.household(lot, f"コーポ{ward.person()[0].family}{ward.rng.randrange(100, 999)}"), True)]


@kind("")
def _near_unusual_names(ward: Ward) -> Made:
    names = (
        ("渡邊\U000e0109　齋", "ワタナベ　イツキ"),
        ("𠮷野　𠮷郎", "ヨシノ　ヨシロウ"),
        ("一　一", "ニノマエ　ハジメ"),
        ("王　一", "オウ　イチ"),
        ("テスト　マリア", "テスト　マリア"),
        ("無量　なし子", "ムリョウ　ナシコ"),
        ("佐々木　〆子", "ササキ　シメコ"),
        ("ラム・バハドゥル・シュレスタ", "ラムバハドゥル　シュレスタ"),
        ("O'BRIEN SEAN-PAUL", "オブライエン　ショーン"),
        ("JOSÉ MARÍA NÚÑEZ", "ホセ　マリア　ヌニェス"),
        ("未定　花", "ミサダ　ハナ"),
        ("不破　明", "フワ　アキラ"),
        ("NGUYEN THI THU HUONG（グエン　フオン）", "グエン　フオン"),
        ("LI", "リ"),
        ("髙　﨑子", "コウ　サキコ"),
        ("M'BAYE Aïssatou", "ムバイ　アイサトゥ"),
    )
    name, kana = ward.rng.choice(names)
    return [(ward.household(name=name, kana=kana), True)]


@kind("", beside="P03")
def _near_neighbour_of_a_protected(ward: Ward) -> Made:
    first, *rest = ward.block(3)
    return [(_protected(first), False), *((each, True) for each in rest)]


@kind("", beside="P03")
def _near_house_number_beside_a_protected(ward: Ward) -> Made:
    lot = ward.lot()
    return [(_protected(ward.household(lot)), False), (ward.household(replace(lot, go=lot.go + 40)), True)]


@kind("", beside="P03 P04")
def _near_inpatients_beside_a_protected(ward: Ward) -> Made:
    place = ward.institution()
    safe = ward.sent_to(_protected(ward.household()), place)
    return [(safe, False), *((ward.sent_to(ward.household(), place), True) for _ in range(3))]


@kind("", beside="P03 P06")
def _near_reason_names_the_town_of_a_protected(ward: Ward) -> Made:
    lot = _with_chome(ward)
    other = ward.household()
    told = f"{lot.town}{lot.chome}丁目の医療機関への通院に要する交通費を計上します。"
    return [(_protected(ward.household(lot)), False), (decided(other, reason=told), True)]


@kind("")
def _near_words_allowed_to_support(ward: Ward) -> Made:
    text = ward.rng.choice(
        ("保護者会費を計上します。", "生活支援給付の変更です。", "生活の保護者としての費用を計上します。")
    )
    return [(decided(_support(ward), reason=text), True)]


@kind("P07")
def _near_counter_without_abode(ward: Ward) -> Made:
    changes: dict[str, Any] = {"address": "新宿区　住所不定", "building": "", "delivery": Delivery.COUNTER}
    return [(replace(ward.household(), **changes), True)]


@kind("P01")
def _near_closed_with_old_data(ward: Ward) -> Made:
    changes: dict[str, Any] = {
        "status": Status.CLOSED,
        "postcode": "",
        "address": "不明",
        "kana": "",
        "mailto_name": "長男",
    }
    return [(decided(replace(ward.household(), **changes), reason=""), True)]


@kind("")
def _near_no_before(ward: Ward) -> Made:
    one = ward.household()
    found = _decision(one)
    zeros = (0,) * len(found.before)
    return [(decided(one, before=zeros, income_before=0, total_before=0), True)]


@kind("")
def _near_shift_between_kinds(ward: Ward) -> Made:
    one = ward.household()
    found = _decision(one)
    after = (found.before[0] - 500, found.before[1] + 500, *found.before[2:])
    income = found.income_before
    return [(decided(one, after=after, income_after=income, total_after=found.total_before), True)]


@kind("")
def _near_effective_on_the_edge(ward: Ward) -> Made:
    day = ward.rng.choice((date(2026, 10, 1), date(2026, 12, 1), date(2026, 11, 20)))
    return [(decided(ward.household(), effective_date=day), True)]


@kind("")
def _near_long_reason(ward: Ward) -> Made:
    one = ward.household()
    return [(decided(one, reason=("".join(ward.reason(one.population).split()) * 9)[:390]), True)]


@kind("")
def _near_rough_number(ward: Ward) -> Made:
    lot = ward.places.far(ward.rng, tokyo=False)
    texts = ("甲123番地", "イ45番地", "1234番地内1", "12番地先", "第3地割45番地", "123番地丙")
    return _elsewhere(ward, lot, f"{lot.prefecture}{lot.city}{lot.town}{ward.rng.choice(texts)}")


def planted(ward: Ward, times: int, clean: int) -> Iterator[tuple[Recipient, Kind | None, bool]]:
    """Yield a round in which every kind occurs so often among sound households, in a seeded order.

    Each record comes with its kind, None of a sound household, and whether it is one of those that count.
    """
    order: list[Kind | None] = [each for each in KINDS for _ in range(times)]
    order += [None] * (clean // 2)
    ward.rng.shuffle(order)
    for each in order:
        made = [(one, False) for one in ward.group()] if each is None else each.make(ward)
        for one, counts in made:
            yield (one if one.record_no else ward.numbered(one)), each, counts
