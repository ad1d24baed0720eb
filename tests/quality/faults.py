"""Households with seeded faults, as changes to a sound one: per rule, what it and no other rule finds."""

from __future__ import annotations

from datetime import date
from typing import Any

from mailround.model import Delivery, Population, Status

POSTING = date(2026, 11, 24)
MAILTO: dict[str, Any] = {
    "mailto_name": "四谷第一病院",
    "mailto_postcode": "160-0004",
    "mailto_address": "東京都新宿区四谷三丁目4番5号",
    "mailto_building": "",
    "mailto_reason": "入院",
}
PROTECTED: dict[str, Any] = {"protected": True, "protected_confirmed_on": date(2026, 11, 1)}
ONE_OFF: dict[str, dict[str, Any]] = {
    "case_active": {"status": Status.DECEASED},
    "delivery_released": {"delivery": Delivery.HOLD},
    "protection_confirmed": {"protected": True},
    "delivered_by_post": {"delivery": Delivery.COUNTER},
    "name_present": {"name": "氏名　不詳"},
    "kana_present": {"kana": "　"},
    "address_present": {"address": "　"},
    "postcode_wellformed": {"postcode": "１６０－００２２"},
    "postcode_exists": {"postcode": "160-9999"},
    "postcode_agrees": {"postcode": "160-0008", "address": "東京都新宿区四谷三丁目4番"},
    "address_has_number": {"address": "東京都新宿区新宿", "building": "コーポ101"},
    "mailto_complete": MAILTO | {"mailto_address": ""},
    "mailto_reason_present": MAILTO | {"mailto_reason": "　"},
    "mailto_in_force": MAILTO | {"mailto_until": date(2026, 11, 23)},
    "protected_mailto_in_force": PROTECTED | MAILTO | {"mailto_until": date(2026, 11, 23)},
    "characters_allowed": {"building": "\ue000荘"},
    "glyphs_in_font": {"name": "渡邊\U000e0106　齋"},
    "fits_the_form": {"name": "寿限無　寿限無" * 12},
    "words_allowed": {"population": Population.SUPPORT, "reason": "生活保護の基準改定のため。"},
    "document_no_present": {"document_no": " "},
    "decision_dated": {"payment_date": None},
    "decision_not_after_posting": {"decision_date": date(2026, 11, 25)},
    "reason_present": {"reason": "\r\n　"},
    "totals_add_up": {"total_after": 132_641},
    "something_changes": {"after": (76_310, 53_700, 0, 0, 0, 0, 0, 0), "total_after": 130_010},
}
"""Per rule of the household suite, the fault that it and no other rule finds in a single household."""
TWINS: dict[str, dict[str, Any]] = {
    "case_no_unique": {"case_no": "0000001"},
    "document_no_unique": {"document_no": "8新福生第000001号"},
    "household_unique": {"kana": "ｶﾅ 1"},
    "address_and_surname_unique": {
        "address": "新宿区新宿１－１－１",
        "building": "新宿ハイツ１０１",
        "name": "高崎　太郎",
    },
}
"""Per rule that compares households, what makes another household the twin of household 1."""
FIRST = {"name": "髙﨑　𠮷郎"}
