"""The catalogue: every quality check is one row. Suites, console, documentation and hold list are derived from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mailround.model import Delivery, Status
from mailround.quality import predicates as ask
from mailround.quality.facts import Facts, is_dated
from mailround.quality.predicates import Predicate, each, each_decision


class Severity(StrEnum):
    """What a finding means for the household: stop ends the round, hold and exclude keep the piece from print."""

    STOP = "stop"
    HOLD = "hold"
    WARN = "warn"
    INFO = "info"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Rule:
    """One check. ``fields`` are the canonical fields it reads, none for a question about the round as a whole.

    The household suite looks at households that are not excluded, the round suite at all records. ``predicate`` is
    None for the one question that has no answer per record: whether there is one at all. ``message`` and ``remedy``
    are told to a person. ``decision``: only in rounds whose records carry a decision. How severe a finding is, the
    ward chooses (include/expectations); of a ``binding`` one it may not make less than a hold. ``detail`` says more to
    whoever clears a household up: of the one at a place of the facts, and never what the record holds.
    """

    id: str
    suite: Literal["round", "household"]
    fields: tuple[str, ...]
    predicate: Predicate | None
    message: str
    remedy: str
    decision: bool = False
    binding: bool = False
    detail: Callable[[Facts, int], str] | None = None


_FIX_AND_EXPORT = "福祉システムのデータを直し、出力し直してください。"
_FIX_OR_SEPARATE = "福祉システムの登録を確認して直し、この回では別送してください。"
_ADDRESS = ("postcode", "address", "mailto_postcode", "mailto_address")
_MAILTO_PRINTED = ("mailto_name", "mailto_postcode", "mailto_address", "mailto_building")
_MAILTO = (*_MAILTO_PRINTED, "mailto_reason", "mailto_until")
_PRINTED = ("name", "postcode", "address", "building", *_MAILTO_PRINTED, "district", "document_no", "reason")
_AMOUNTS = ("before_*", "after_*", "income_before", "income_after", "total_before", "total_after")

CATALOGUE: tuple[Rule, ...] = (
    Rule(
        "records_present",
        "round",
        (),
        None,
        "データに1世帯も含まれていません。",
        "抽出条件を確認し、出力し直してください。",
    ),
    Rule(
        "case_no_unique",
        "round",
        ("case_no",),
        ask.case_no_unique,
        "同じケース番号の世帯が複数あります。",
        _FIX_AND_EXPORT,
    ),
    Rule(
        "document_no_unique",
        "round",
        ("document_no",),
        ask.document_no_unique,
        "同じ文書番号の通知が複数あります。",
        _FIX_AND_EXPORT,
        decision=True,
    ),
    Rule(
        "document_no_gapless",
        "round",
        ("document_no",),
        ask.document_no_gapless,
        "直前の文書番号が欠けています。",
        "欠番の理由を文書番号の台帳で確認してください。",
        decision=True,
    ),
    Rule(
        "case_active",
        "household",
        ("status",),
        each(lambda household: household.status is Status.ACTIVE),
        "停止・廃止・死亡の世帯です（送付の対象外）。",
        "対象外でよいか一覧で確認してください。",
    ),
    Rule(
        "delivery_released",
        "household",
        ("delivery",),
        each(lambda household: household.delivery is not Delivery.HOLD),
        "交付方法が「保留」です。",
        "地区担当に送付してよいか確認してください。",
        binding=True,
    ),
    Rule(
        "protection_confirmed",
        "household",
        ("protected", "protected_confirmed_on"),
        ask.protection_confirmed,
        "支援措置の対象で、送付先の確認日がないか、発行日より後です。",
        "二人で送付先を確認し、確認日を登録してください。",
        binding=True,
    ),
    Rule(
        "protected_mailto_in_force",
        "household",
        ("protected", *_MAILTO),
        ask.protected_mailto_in_force,
        "支援措置の対象で、別送付先の期限が発送日より前に切れるか、別送付先の住所がありません。",
        "現住所には送らずに、二人で現在の送付先を確認し、登録し直してください。",
        binding=True,
    ),
    Rule(
        "delivered_by_post",
        "household",
        ("delivery",),
        each(lambda household: household.delivery is not Delivery.COUNTER),
        "窓口交付の世帯です。",
        "納品後に抜き取り、窓口で交付してください。",
    ),
    Rule(
        "name_present",
        "household",
        ("name", "mailto_name"),
        ask.name_present,
        "氏名か別送付先の宛名がないか、仮の記載です。",
        _FIX_OR_SEPARATE,
    ),
    Rule(
        "kana_present",
        "household",
        ("kana",),
        each(lambda household: bool(household.kana.strip())),
        "氏名の読みがありません（重複の検査ができません）。",
        "読みを登録してください。",
    ),
    Rule(
        "address_present",
        "household",
        ("address", "mailto_address"),
        ask.address_present,
        "送付先の住所がありません。",
        _FIX_OR_SEPARATE,
    ),
    Rule(
        "postcode_wellformed",
        "household",
        ("postcode", "mailto_postcode"),
        ask.postcode_wellformed,
        "郵便番号が半角数字7桁ではありません。",
        _FIX_OR_SEPARATE,
    ),
    Rule(
        "postcode_exists",
        "household",
        ("postcode", "mailto_postcode"),
        ask.postcode_exists,
        "使われていない郵便番号です。",
        "住所から郵便番号を調べ直してください。",
    ),
    Rule(
        "postcode_agrees",
        "household",
        _ADDRESS,
        ask.postcode_agrees,
        "郵便番号と住所（都道府県・市区町村・町名）が一致しません。",
        "住所と郵便番号のどちらが正しいか確認してください。",
    ),
    Rule(
        "address_has_number",
        "household",
        _ADDRESS,
        ask.address_has_number,
        "町名の後に番地がありません。",
        "番地まで確認し、登録し直してください。",
    ),
    Rule(
        "mailto_complete",
        "household",
        _MAILTO,
        each(ask.mailto_complete),
        "別送付先の郵便番号か住所が足りません。",
        "別送付先をすべて登録するか、すべて空にしてください。",
    ),
    Rule(
        "mailto_reason_present",
        "household",
        _MAILTO,
        each(ask.mailto_has_reason),
        "別送付先の理由がないか、決められた言葉ではありません。",
        "理由を、入院・施設・後見人・その他のどれかで登録してください。",
    ),
    Rule(
        "mailto_in_force",
        "household",
        _MAILTO,
        ask.mailto_in_force,
        "別送付先の期限が発送日より前に切れます。",
        "現在の送付先を確認し、期限を登録し直してください。",
    ),
    Rule(
        "characters_allowed",
        "household",
        _PRINTED,
        ask.characters_allowed,
        "印刷できない文字（外字・制御文字など）があります。",
        "該当の文字を標準の文字で登録し直してください。",
    ),
    Rule(
        "glyphs_in_font",
        "household",
        _PRINTED,
        ask.glyphs_in_font,
        "印刷用の書体にない文字があります。",
        "文字を確認し、この回では手書きなど別の方法で作成してください。",
    ),
    Rule(
        "fits_the_form",
        "household",
        (*_PRINTED, *_AMOUNTS),
        ask.fits_the_form,
        "様式の枠に収まらない文字があります。",
        "文字を減らさずに、様式の枠を見直すか、この回では手書きなど別の方法で作成してください。",
        detail=ask.unfit_fields,
    ),
    Rule(
        "words_allowed",
        "household",
        ("population", *_PRINTED),
        ask.words_allowed,
        "支援給付の世帯に書いてはならない語（生活保護）があります。",
        "福祉システムで理由等の文言を直し、出力し直すか、この回では別送してください。",
    ),
    Rule(
        "household_unique",
        "household",
        ("kana", "birth_date"),
        ask.household_unique,
        "読みと生年月日が同じ世帯が別のケース番号にあります。",
        "同じ人でないか確認し、二重登録なら福祉システムの登録を訂正してください。",
    ),
    Rule(
        "address_and_surname_unique",
        "household",
        ("address", "building", "name"),
        ask.address_and_surname_unique,
        "住所と姓が同じ世帯が別のケース番号にあります。",
        "別世帯でよいか地区担当に確認してください。",
    ),
    Rule(
        "document_no_present",
        "household",
        ("document_no",),
        each_decision(lambda decision: bool(decision.document_no.strip())),
        "文書番号がありません。",
        _FIX_OR_SEPARATE,
        decision=True,
    ),
    Rule(
        "decision_dated",
        "household",
        ("decision_date", "effective_date", "payment_date"),
        each_decision(is_dated),
        "決定日・適用日・支給日のいずれかがないか、日付として印字できません。",
        _FIX_OR_SEPARATE,
        decision=True,
    ),
    Rule(
        "decision_not_after_posting",
        "household",
        ("decision_date",),
        ask.decision_not_after_posting,
        "決定日が発送日より後です。",
        "決定日と回の発送日のどちらが正しいか確認してください。",
        decision=True,
    ),
    Rule(
        "reason_present",
        "household",
        ("reason",),
        each_decision(lambda decision: bool(decision.reason.strip())),
        "決定の理由がありません（法24条4項・25条2項）。",
        _FIX_OR_SEPARATE,
        decision=True,
    ),
    Rule(
        "totals_add_up",
        "household",
        _AMOUNTS,
        each_decision(ask.totals_add_up),
        "扶助額の合計から収入充当額を引いた額が支給額と一致しません。",
        "決定の内訳を福祉システムで確認してください。",
        decision=True,
    ),
    Rule(
        "something_changes",
        "household",
        _AMOUNTS,
        each_decision(ask.something_changes),
        "変更前と変更後の額がすべて同じです。",
        "変更決定が必要な世帯か確認してください。",
        decision=True,
    ),
)
