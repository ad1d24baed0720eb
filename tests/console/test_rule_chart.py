"""What the checks found, as bars."""

from __future__ import annotations

import re

from mailround.console.rule_chart import Found, draw

FOUND = (
    Found("A04", "郵便番号と住所が一致しません。", "hold", "保留", 14),
    Found("C02", "氏名の読みがありません。" * 9, "warn", "注意", 41),
    Found("D07", "", "info", "参考", 1),
)


def test_every_check_has_a_bar_as_long_as_its_number() -> None:
    bars = re.findall(r'width="([0-9.]+)"[^>]*class="bar ([a-z]+)"', draw(FOUND))
    assert [severity for _, severity in bars] == ["hold", "warn", "info"]
    long = [float(width) for width, _ in bars]
    assert long[1] == max(long)
    assert abs(long[0] / long[1] - 14 / 41) < 0.01


def test_a_long_message_is_cut_with_a_mark_and_the_number_is_always_there() -> None:
    chart = draw(FOUND)
    assert "…" in chart
    assert all(f">{each}</text>" in chart for each in (14, 41, 1))
