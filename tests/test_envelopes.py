"""Window envelopes: what of a sliding sheet is seen always, ever and never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mailround.configuration import names
from mailround.envelopes import Box, Envelope, load_envelope
from mailround.errors import ConfigurationError
from printing import INCLUDE

NAGA3 = load_envelope(INCLUDE, "naga3-window")


@pytest.mark.parametrize("name", names(INCLUDE / "envelopes"))
def test_every_shipped_envelope_loads(name: str) -> None:
    assert load_envelope(INCLUDE, name).title


def test_the_four_extremes_follow_from_envelope_fold_and_window() -> None:
    # 235 - 2 - 210 = 23 mm across, 120 - 2 - 108 = 10 mm down.
    assert NAGA3.slips == ((1, 1), (1, 11), (24, 1), (24, 11))
    assert NAGA3.seen == (Box(23, 11, 100, 56), Box(23, 1, 100, 56), Box(0, 11, 100, 56), Box(0, 1, 100, 56))
    assert NAGA3.always_seen == Box(23, 11, 77, 46)
    assert NAGA3.ever_seen == Box(0, 1, 123, 66)


@given(st.floats(0, 209), st.floats(0, 107), st.floats(0.01, 1), st.floats(0.01, 1))
def test_always_is_what_all_extremes_show_and_ever_what_any_can(x: float, y: float, w: float, h: float) -> None:
    spot = Box(x, y, w, h)
    assert NAGA3.always_seen.holds(spot) == all(seen.holds(spot) for seen in NAGA3.seen)
    assert all(NAGA3.ever_seen.meets(spot) for seen in NAGA3.seen if seen.meets(spot))


@pytest.mark.parametrize(
    ("other", "held", "met"),
    [
        (Box(10, 10, 20, 20), True, True),
        (Box(10, 10, 20.1, 20), False, True),
        (Box(9.9, 10, 5, 5), False, True),
        (Box(30, 10, 5, 5), False, False),
        (Box(10, 30, 5, 5), False, False),
        (Box(0, 0, 50, 50), False, True),
        (Box(15, 15, 0.1, 0.1), True, True),
    ],
)
def test_boxes_hold_and_meet_each_other(other: Box, held: bool, met: bool) -> None:
    box = Box(10, 10, 20, 20)
    assert (box.holds(other), box.meets(other), other.meets(box)) == (held, met, met)


def spoiled(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((INCLUDE / "envelopes" / "naga3-window.yaml").read_text(encoding="utf-8"))
    for path, value in changes.items():
        *folders, last = path.split("__")
        place = content
        for each in folders:
            place = place[each]
        place[last] = value
    return content


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"width": 211}, "封筒に入りません"),
        ({"height": 109}, "封筒に入りません"),
        ({"window__x": 23}, "宛名の面から外れ"),
        ({"window__x": 112}, "宛名の面から外れ"),
        ({"window__y": 10.5}, "宛名の面から外れ"),
        ({"window__y": 54}, "宛名の面から外れ"),
        ({"window__w": 23}, "いつも見える範囲がありません"),
        ({"window__h": 10}, "いつも見える範囲がありません"),
        ({"sheet__folds": [216, 108]}, "折り目"),
        ({"sheet__folds": [99, 207]}, "折り目"),
        ({"sheet__folds": [108, 300]}, "折り目"),
        ({"seam": -1}, "seam"),
        ({"colour": "white"}, "colour"),
    ],
)
def test_an_envelope_that_cannot_be_is_refused_in_japanese(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    (tmp_path / "envelopes").mkdir()
    (tmp_path / "envelopes" / "naga3-window.yaml").write_text(yaml.safe_dump(spoiled(**changes)), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_envelope(tmp_path, "naga3-window")


def test_the_usual_window_cannot_show_a_customer_barcode_of_any_size_however_the_sheet_lies() -> None:
    usual = Envelope.model_validate(spoiled(window={"x": 24, "y": 12, "w": 90, "h": 45}))
    smallest = 66 * 0.96 + 0.48 + 2 * 2  # 67 bars at a = 8, 2 mm clear on both sides
    assert usual.always_seen.w < smallest < NAGA3.always_seen.w
