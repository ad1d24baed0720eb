"""Japanese eras: read and write dates such as R7.10.1 and 令和7年10月1日.

First days follow the era decrees. The day on which Meiji and Taishō ended is also the first day of the next era; both
ways of writing it are found in registers and both are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class _Era:
    letter: str
    name: str
    first: date
    last: date


_ERAS = (
    _Era("M", "明治", date(1868, 10, 23), date(1912, 7, 30)),
    _Era("T", "大正", date(1912, 7, 30), date(1926, 12, 25)),
    _Era("S", "昭和", date(1926, 12, 25), date(1989, 1, 7)),
    _Era("H", "平成", date(1989, 1, 8), date(2019, 4, 30)),
    _Era("R", "令和", date(2019, 5, 1), date.max),
)
FIRST_DAY = _ERAS[0].first
"""The first day that can be written."""
_BY_MARK = {mark: era for era in _ERAS for mark in (era.letter, era.name)}
_SHORT = re.compile(r"([MTSHR])(元|[0-9]{1,2})\.([0-9]{1,2})\.([0-9]{1,2})")
_LONG = re.compile(r"(明治|大正|昭和|平成|令和)(元|[0-9]{1,2})年([0-9]{1,2})月([0-9]{1,2})日")


def read_era(text: str) -> date:
    """Return the day that R7.10.1 or 令和7年10月1日 (元 for year 1) means.

    Raises:
        ValueError: Another form, a day that does not exist, or a day outside the era it names (H31.5.1).
    """
    found = _SHORT.fullmatch(text) or _LONG.fullmatch(text)
    if not found:
        raise ValueError("not an era date")
    era = _BY_MARK[found[1]]
    year = 1 if found[2] == "元" else int(found[2])
    day = date(era.first.year + year - 1, int(found[3]), int(found[4]))
    if year < 1 or not era.first <= day <= era.last:
        raise ValueError("outside the era")
    return day


def write_era(day: date, *, long: bool = False) -> str:
    """Return the day as R7.10.1, or as 令和7年10月1日 (令和元年 for year 1) when ``long``.

    Raises:
        ValueError: Before Meiji.
    """
    for era in reversed(_ERAS):
        if day >= era.first:
            year = day.year - era.first.year + 1
            if long:
                return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
            return f"{era.letter}{year}.{day.month}.{day.day}"
    raise ValueError("before Meiji")
