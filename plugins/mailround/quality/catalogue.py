"""The catalogue: every quality check is one row. Suites, console, documentation and hold list are derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import pandas as pd

from mailround.model import AID_KINDS
from mailround.quality import addresses, decisions, households, people, protected_addresses, texts
from mailround.quality.facts import SOURCES, Block, Whole

Predicate = Callable[..., pd.Series]
"""Takes columns, and by name what else it needs, and returns True for every record where all is well.

A question that makes no sense for a household (no postcode to look up) is answered True: another rule reports the
cause.
"""
Detail = Callable[..., dict[int, str]]
"""Takes the case numbers and what the predicate takes, of the records found alone; says more of each, by record."""


class Severity(StrEnum):
    """What a finding means: STOP ends the round; HOLD, EXCLUDE and COUNTER keep the household's piece from print.

    An excluded household gets nothing, one for the counter gets its notice there: both are listed.
    """

    STOP = "stop"
    HOLD = "hold"
    WARN = "warn"
    INFO = "info"
    EXCLUDE = "exclude"
    COUNTER = "counter"


class Release(StrEnum):
    """Who may let a held household go into print as it is: nobody where it could not be printed or sent right."""

    NOBODY = "nobody"
    PERSON = "person"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Rule:
    """One check.

    The household suite looks at households that are not excluded, the round suite at all records. ``columns`` and
    ``needs`` are what the predicate takes: columns of a block, of the whole round where ``across`` (then it compares
    households), and attributes of what all questions may look at. ``predicate`` is None for what is asked of the round
    and not of its records. ``message`` and ``remedy`` are told to a person. ``decision``: only in rounds whose records
    carry a decision. How severe a finding is, the ward chooses (include/expectations); of a ``binding`` one it may not
    make less than a hold. ``detail`` says more to whoever clears a household up, and never what the record holds.
    """

    id: str
    suite: Literal["round", "household"]
    columns: tuple[str, ...]
    predicate: Predicate | None
    message: str
    remedy: str
    needs: tuple[str, ...] = ()
    across: bool = False
    decision: bool = False
    binding: bool = False
    release: Release = Release.PERSON
    detail: Detail | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the canonical fields that the rule reads, none for a question about the round as a whole."""
        read = (*self.columns, *(each for each in self.needs if each in SOURCES))
        return tuple(dict.fromkeys(each for column in read for each in SOURCES.get(column, (column,))))

    def answers(self, table: Block | Whole) -> pd.Series:
        """Return the predicate's answer for every record of a table."""
        if self.predicate is None:
            raise TypeError(f"{self.id} is not asked of records")
        return self.predicate(*self._columns(table), **self._needs(table))

    def details(self, table: Block | Whole, found: pd.Series) -> dict[int, str]:
        """Return what more there is to say of the records of a table that were found."""
        if self.detail is None or not found.any():
            return {}
        columns = (each[found] for each in (table.frame["case_no"], *self._columns(table)))
        return self.detail(*columns, **self._needs(table))

    def _columns(self, table: Block | Whole) -> Iterable[pd.Series]:
        return [table.frame[each] for each in self.columns if each in table.frame]

    def _needs(self, table: Block | Whole) -> dict[str, Any]:
        return {each: table.known(each) for each in self.needs}


_FIX_AND_EXPORT = "福祉システムのデータを直し、出力し直してください。"
_FIX_OR_SEPARATE = "福祉システムの登録を確認して直し、この回では別送してください。"
_MAILTO = ("mailto_name", "mailto_postcode", "mailto_building", "mailto_reason")
_PRINTED = ("name", "to_name", "to_postcode", "to_address", "to_building", "district", "document_no", "own_reason")
_AMOUNTS = tuple(
    column
    for when in ("before", "after")
    for column in (*(f"{when}_{kind}" for kind in AID_KINDS), f"income_{when}", f"total_{when}")
)

CATALOGUE: tuple[Rule, ...] = (
    Rule(
        "R01",
        "round",
        (),
        None,
        "データに1世帯も含まれていません。",
        "抽出条件を確認し、出力し直してください。",
    ),
    Rule(
        "R02",
        "round",
        ("case_no",),
        households.once,
        "同じケース番号の世帯が複数あります。",
        _FIX_AND_EXPORT,
        across=True,
    ),
    Rule(
        "R03",
        "round",
        ("document_no",),
        decisions.document_no_unique,
        "同じ文書番号の通知が複数あります。",
        _FIX_AND_EXPORT,
        across=True,
        decision=True,
    ),
    Rule(
        "R04",
        "round",
        ("document_no",),
        decisions.document_no_gapless,
        "直前の文書番号が欠けています。",
        "欠番の理由を文書番号の台帳で確認してください。",
        across=True,
        decision=True,
    ),
    Rule(
        "R05",
        "round",
        (),
        None,
        "前回（最後に完了した同じ種別の回）から、世帯数か支給額の合計が大きく変わっています。",
        "抽出条件と増減の理由を確認し、「保留の判断」で確認済みとしてください。",
    ),
    Rule(
        "P01",
        "household",
        ("status",),
        people.case_active,
        "停止・廃止・死亡の世帯です（送付の対象外）。",
        "対象外でよいか一覧で確認してください。",
    ),
    Rule(
        "P02",
        "household",
        ("delivery",),
        people.delivery_released,
        "交付方法が「保留」です。",
        "地区担当に送付してよいか確認してください。",
        binding=True,
    ),
    Rule(
        "P03",
        "household",
        ("protected",),
        people.unprotected,
        "支援措置の対象です（二人目の確認が済むまで保留）。",
        "送付先を二人で確認し、「保留の判断」で、回を開始した人とは別の人が解除してください。",
        binding=True,
        release=Release.SECOND,
    ),
    Rule(
        "P04",
        "household",
        ("protected", "protected_confirmed_on"),
        people.protection_confirmed,
        "支援措置の対象で、送付先の確認日がないか、発行日より後です。",
        "二人で送付先を確認し、確認日を登録してください。",
        binding=True,
        release=Release.NOBODY,
        needs=("issue_date",),
    ),
    Rule(
        "P05",
        "household",
        ("protected", "mailto_address", "mailto_until", *_MAILTO),
        people.protected_mailto_in_force,
        "支援措置の対象で、別送付先の期限が発送日より前に切れるか、別送付先の住所がありません。",
        "現住所には送らずに、二人で現在の送付先を確認し、登録し直してください。",
        binding=True,
        release=Release.NOBODY,
        needs=("posting_date",),
    ),
    Rule(
        "P06",
        "household",
        ("case_no", "protected", "stays"),
        protected_addresses.clear_of_all,
        "支援措置の世帯の居所が、別の世帯の送付先か文面になっています。",
        "登録の誤りでないか二人で確認し、支援措置の世帯の居所を書かない形に直してください。",
        needs=("places", "texts"),
        across=True,
        binding=True,
        release=Release.NOBODY,
    ),
    Rule(
        "P07",
        "household",
        ("delivery",),
        people.delivered_by_post,
        "窓口交付の世帯です（印刷せず、窓口交付の一覧に載せます）。",
        "通知書を窓口用に作成し、窓口で交付してください。",
        binding=True,
    ),
    Rule(
        "P08",
        "household",
        ("mailto_postcode", "mailto_address", "mailto_until", "mailto_name", "mailto_building", "mailto_reason"),
        people.mailto_complete,
        "別送付先の郵便番号か住所が足りません。",
        "別送付先をすべて登録するか、すべて空にしてください。",
        release=Release.NOBODY,
    ),
    Rule(
        "P09",
        "household",
        ("mailto_reason", "mailto_until", "mailto_name", "mailto_postcode", "mailto_address", "mailto_building"),
        people.mailto_reason_present,
        "別送付先の理由がないか、決められた言葉ではありません。",
        "理由を、入院・施設・後見人・その他のどれかで登録してください。",
    ),
    Rule(
        "P10",
        "household",
        ("protected", "mailto_address", "mailto_until", *_MAILTO),
        people.mailto_in_force,
        "別送付先の期限が発送日より前に切れます。",
        "現在の送付先を確認し、期限を登録し直してください。",
        needs=("posting_date",),
    ),
    Rule(
        "A01",
        "household",
        ("to_address",),
        texts.filled_in,
        "送付先の住所がありません。",
        _FIX_OR_SEPARATE,
        release=Release.NOBODY,
    ),
    Rule(
        "A02",
        "household",
        ("code",),
        addresses.postcode_wellformed,
        "郵便番号が半角数字7桁ではありません。",
        _FIX_OR_SEPARATE,
        release=Release.NOBODY,
    ),
    Rule(
        "A03",
        "household",
        ("code",),
        addresses.postcode_exists,
        "使われていない郵便番号です。",
        "住所から郵便番号を調べ直してください。",
        needs=("postcodes",),
        release=Release.NOBODY,
    ),
    Rule(
        "A04",
        "household",
        ("to_address", "code", "agrees"),
        addresses.postcode_agrees,
        "郵便番号と住所（都道府県・市区町村・町名）が一致しません。",
        "住所と郵便番号のどちらが正しいか確認してください。",
        needs=("postcodes",),
    ),
    Rule(
        "A05",
        "household",
        ("to_address", "code", "rest"),
        addresses.number_present,
        "町名の後に番地がありません。",
        "番地まで確認し、登録し直してください。",
        needs=("postcodes",),
    ),
    Rule(
        "A06",
        "household",
        ("town", "code", "rest", "agrees"),
        addresses.block_of_code,
        "町が郵便番号で分かれていて、番地が別の郵便番号の側にあります。",
        "番地と郵便番号のどちらが正しいか確認してください。",
        needs=("postcodes",),
    ),
    Rule(
        "A07",
        "household",
        ("town", "code", "rest", "to_building"),
        addresses.floor_of_code,
        "階ごとに郵便番号のあるビルですが、その階の郵便番号ではありません。",
        "ビルの名称と階から郵便番号を調べ直してください。",
        needs=("postcodes",),
    ),
    Rule(
        "A08",
        "household",
        ("code",),
        addresses.town_listed,
        "町域の定まらない郵便番号（代表番号）です。カスタマバーコードは印字されません。",
        "住所から、町の郵便番号を調べてください。",
        needs=("postcodes",),
    ),
    Rule(
        "A09",
        "household",
        ("lot", "dwelling_given"),
        addresses.building_missing,
        "同じ番地の別の世帯には方書がありますが、この世帯にはありません。",
        "建物名と部屋番号を確認してください。",
        across=True,
    ),
    Rule(
        "A10",
        "household",
        ("rest", "to_building"),
        addresses.room_given,
        "集合住宅の名称がありますが、部屋番号がありません。",
        "部屋番号を確認してください。",
    ),
    Rule(
        "A11",
        "household",
        ("rest", "to_building"),
        addresses.fixed_abode,
        "定まった住居がないことを示す言葉が住所にあります。",
        "郵便では届きません。交付方法を窓口交付に改め、窓口で交付してください。",
    ),
    Rule(
        "A12",
        "household",
        ("to_address", "to_building"),
        addresses.plain_numbers,
        "番地の数字の間に、ハイフンに似た別の文字があります（受け取ったとおりに印字します）。",
        "次の改修のときに、福祉システムの登録を半角のハイフンに揃えてください。",
    ),
    Rule(
        "C01",
        "household",
        ("name", "to_name"),
        texts.name_present,
        "氏名か別送付先の宛名がないか、仮の記載か、文字化け（〓・？など）があります。",
        _FIX_OR_SEPARATE,
        release=Release.NOBODY,
    ),
    Rule(
        "C02",
        "household",
        ("kana",),
        texts.filled_in,
        "氏名の読みがありません（重複の検査ができません）。",
        "読みを登録してください。",
    ),
    Rule(
        "C03",
        "household",
        _PRINTED,
        texts.characters_allowed,
        "印刷できない文字（外字・制御文字など）があります。",
        "該当の文字を標準の文字で登録し直してください。",
        release=Release.NOBODY,
    ),
    Rule(
        "C04",
        "household",
        _PRINTED,
        texts.glyphs_in_font,
        "印刷用の書体にない文字があります。",
        "文字を確認し、この回では手書きなど別の方法で作成してください。",
        release=Release.NOBODY,
        needs=("font",),
    ),
    Rule(
        "C05",
        "household",
        ("record", "to", "name", "to_name", "to_address", "to_building", "case_no", "district", "document_no"),
        texts.fits_the_form,
        "様式の枠に収まらない文字があります。",
        "文字を減らさずに、様式の枠を見直すか、この回では手書きなど別の方法で作成してください。",
        release=Release.NOBODY,
        needs=("forms",),
        detail=texts.unfit_fields,
    ),
    Rule(
        "C06",
        "household",
        ("record", "to"),
        texts.words_allowed,
        "支援給付の世帯に書いてはならない語（生活保護）があります。",
        "福祉システムで理由等の文言を直し、出力し直すか、この回では別送してください。",
        release=Release.NOBODY,
        needs=("forms",),
    ),
    Rule(
        "H01",
        "household",
        ("reading", "born"),
        households.once,
        "読みと生年月日が同じ世帯が別のケース番号にあります。",
        "同じ人でないか確認し、二重登録なら福祉システムの登録を訂正してください。",
        across=True,
        detail=households.companions,
    ),
    Rule(
        "H02",
        "household",
        ("population", "reading", "home"),
        households.in_one_population,
        "読みと住所が同じ世帯が、別の種別（生活保護・準用・支援給付）にもあります。",
        "どちらの種別で決定されているか確認し、誤った方の登録を訂正してください。",
        across=True,
        detail=households.companions,
    ),
    Rule(
        "H03",
        "household",
        ("home", "surname"),
        households.once_at_home,
        "住所と姓が同じ世帯が別のケース番号にあります。",
        "別世帯でよいか地区担当に確認してください。",
        needs=("mailto_shared_from",),
        across=True,
        detail=lambda case_no, *keys, **_: households.companions(case_no, *keys),
    ),
    Rule(
        "H04",
        "household",
        ("born",),
        lambda born, *, pairs: ~born.index.to_series().isin(number for pair in pairs for number in pair.records),
        "氏名・読み・生年月日・住所がよく似た世帯が別のケース番号にあります。",
        "同じ世帯の二重登録でないか確認してください。",
        needs=("pairs",),
        across=True,
        detail=households.likenesses,
    ),
    Rule(
        "H05",
        "household",
        ("elsewhere",),
        households.fewer_than,
        "多くの世帯が同じ別送付先になっています。",
        "施設・後見人など、正しい送付先か確認してください。",
        across=True,
        needs=("mailto_shared_from",),
    ),
    Rule(
        "D01",
        "household",
        ("document_no",),
        texts.filled_in,
        "文書番号がありません。",
        _FIX_OR_SEPARATE,
        decision=True,
        release=Release.NOBODY,
    ),
    Rule(
        "D02",
        "household",
        ("decision_date", "effective_date", "payment_date"),
        decisions.dated,
        "決定日・適用日・支給日のいずれかがないか、日付として印字できません。",
        _FIX_OR_SEPARATE,
        decision=True,
        release=Release.NOBODY,
    ),
    Rule(
        "D03",
        "household",
        ("decision_date",),
        decisions.decided_before_posting,
        "決定日が発送日より後です。",
        "決定日と回の発送日のどちらが正しいか確認してください。",
        decision=True,
        needs=("posting_date",),
    ),
    Rule(
        "D04",
        "household",
        ("effective_date",),
        decisions.effective_in_window,
        "適用日が、この回で通知する期間の外です。",
        "適用日を確認し、誤りなら直してください。期間は include/rounds の thresholds で決めています。",
        decision=True,
        needs=("effective_window",),
    ),
    Rule(
        "D05",
        "household",
        ("reason",),
        texts.reason_present,
        "決定の理由がないか、仮の記載です（法24条4項・25条2項）。",
        _FIX_OR_SEPARATE,
        decision=True,
        release=Release.NOBODY,
    ),
    Rule(
        "D06",
        "household",
        _AMOUNTS,
        decisions.totals_add_up,
        "扶助額の合計から収入充当額を引いた額が支給額と一致しません。",
        "決定の内訳を福祉システムで確認してください。",
        decision=True,
        release=Release.NOBODY,
    ),
    Rule(
        "D07",
        "household",
        _AMOUNTS,
        decisions.something_changes,
        "変更前と変更後の額がすべて同じです。",
        "変更決定が必要な世帯か確認してください。",
        decision=True,
    ),
    Rule(
        "D08",
        "household",
        ("population",),
        texts.template_of_population,
        "世帯の種別（生活保護・準用・支援給付）の様式がないか、別の種別の様式です。",
        "include/templates の様式を確認してください。",
        release=Release.NOBODY,
        needs=("forms",),
    ),
)
