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
"""Protected and confirmed: nothing but P03 finds such a household."""
ONE_OFF: dict[str, dict[str, Any]] = {
    "P01": {"status": Status.DECEASED},
    "P02": {"delivery": Delivery.HOLD},
    "P03": PROTECTED,
    "P04": {"protected": True},
    "P07": {"delivery": Delivery.COUNTER},
    "A06": {"postcode": "162-0052", "address": "東京都新宿区戸山三丁目18番21号"},
    "A07": {"postcode": "160-0023", "address": "東京都新宿区西新宿3-20-2", "building": "東京オペラシティ5階"},
    "A08": {"postcode": "160-0000", "address": "東京都新宿区1-2-3"},
    "A10": {"building": "新宿ハイツ"},
    "A11": {"building": "戸山公園内"},
    "A12": {"address": "東京都新宿区新宿1‐2‐3"},
    "C01": {"name": "氏名　不詳"},
    "C02": {"kana": "　"},
    "A01": {"address": "　"},
    "A02": {"postcode": "１６０－００２２"},
    "A03": {"postcode": "160-9999"},
    "A04": {"postcode": "160-0008", "address": "東京都新宿区四谷三丁目4番"},
    "A05": {"address": "東京都新宿区新宿", "building": "コーポ101"},
    "P08": MAILTO | {"mailto_address": ""},
    "P09": MAILTO | {"mailto_reason": "　"},
    "P10": MAILTO | {"mailto_until": date(2026, 11, 23)},
    "P05": PROTECTED | MAILTO | {"mailto_address": "東京都新宿区四谷三丁目9番8号", "mailto_until": date(2026, 11, 23)},
    "C03": {"building": "\ue000荘101"},
    "C04": {"name": "渡邊\U000e0106　齋"},
    "C05": {"name": "寿限無　寿限無" * 12},
    "C06": {"population": Population.SUPPORT, "reason": "生活保護の基準改定のため。"},
    "D01": {"document_no": " "},
    "D02": {"payment_date": None},
    "D03": {"decision_date": date(2026, 11, 25)},
    "D04": {"effective_date": date(2026, 1, 1)},
    "D05": {"reason": "\r\n　"},
    "D06": {"total_after": 132_641},
    "D07": {"after": (76_310, 53_700, 0, 0, 0, 0, 0, 0), "total_after": 130_010},
}
"""Per rule that asks a household by itself, the fault that it and no other rule finds; P04 and P05 beside P03."""
TWINS: dict[str, dict[str, Any]] = {
    "R02": {"case_no": "0000001"},
    "R03": {"document_no": "8新福生第000001号"},
    "H01": {"kana": "ｶﾅ 1", "birth_date": date(1950, 5, 18)},
    "H02": {
        "population": Population.SUPPORT,
        "kana": "ｶﾅ 1",
        "birth_date": date(1950, 1, 1),
        "address": "新宿区新宿１－１－１",
        "building": "新宿ハイツ１０１",
        "name": "王　麗",
    },
    "H03": {
        "address": "新宿区新宿１－１－１",
        "building": "新宿ハイツ１０１",
        "name": "高崎　太郎",
    },
    "H04": {"kana": "カナ　ー1", "birth_date": date(1950, 5, 18)},
}
"""Per rule that compares households, what makes another household the twin of household 1."""
FIRST = {"name": "髙﨑　𠮷郎"}
