"""The counts of a round: every stage, what leaves and joins, and that a difference is seen."""

from __future__ import annotations

from datetime import datetime

import pytest

from mailround.register.entries import Posted, PrintPlanned, QualityChecked, Sealed, latest
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from mailround.tally import Branch, Gap, gaps, tally
from registered import COUNTER, EXCLUDED, HELD, PIECES, ROWS, record_round

ROUND = "2026-11-change"


@pytest.fixture
def register(settings: Settings) -> Register:
    return Register(settings.register_url)


def change(register: Register, kind: type, **values: int) -> None:
    body = latest(register.entries(ROUND), kind)
    assert body
    at = datetime(2026, 12, 1, tzinfo=TOKYO)
    register.append(body.model_copy(update=values), round_id=ROUND, actor="officer", at=at)


def test_a_whole_round_adds_up_from_the_export_to_the_returned_mail(register: Register) -> None:
    record_round(register, returned=12)
    stages = tally(register.entries(ROUND))
    assert [(each.title, each.pieces) for each in stages] == [
        ("取込", ROWS),
        ("印刷", PIECES),
        ("封緘", PIECES),
        ("引渡し", PIECES),
        ("発送", PIECES - 1),
    ]
    assert stages[0].leaving == (Branch("保留", HELD), Branch("対象外", EXCLUDED), Branch("窓口交付", COUNTER))
    assert (stages[3].leaving, stages[3].joining) == (
        (Branch("抜取り", 1), Branch("破損", 3)),
        (Branch("再印刷", 3),),
    )
    assert stages[4].left == PIECES - 1 - 12
    assert gaps(stages) == ()


@pytest.mark.parametrize(
    ("up_to", "titles"),
    [
        ("extract", []),
        ("check_quality", ["取込"]),
        ("plan_print", ["取込", "印刷"]),
        ("seal", ["取込", "印刷", "封緘"]),
        ("record_media_handover", ["取込", "印刷", "封緘", "引渡し"]),
        ("record_posting", ["取込", "印刷", "封緘", "引渡し", "発送"]),
    ],
)
def test_only_what_was_recorded_is_counted(register: Register, up_to: str, titles: list[str]) -> None:
    record_round(register, up_to=up_to)
    stages = tally(register.entries(ROUND))
    assert [each.title for each in stages] == titles
    assert gaps(stages) == ()


def test_a_released_household_is_not_held_any_more(register: Register) -> None:
    record_round(register, up_to="plan_print")
    change(register, PrintPlanned, released=4, pieces=PIECES + 4)
    stages = tally(register.entries(ROUND))
    assert stages[0].leaving[0] == Branch("保留", HELD - 4)
    assert gaps(stages) == ()


@pytest.mark.parametrize(
    ("kind", "values", "gap"),
    [
        (QualityChecked, {"held": HELD - 1}, Gap("印刷", PIECES + 1, PIECES)),
        (Sealed, {"pieces": PIECES - 2}, Gap("封緘", PIECES, PIECES - 2)),
        (Posted, {"posted": PIECES}, Gap("発送", PIECES - 1, PIECES)),
    ],
)
def test_a_difference_is_told_with_both_numbers(
    register: Register, kind: type, values: dict[str, int], gap: Gap
) -> None:
    record_round(register)
    change(register, kind, **values)
    assert gap in gaps(tally(register.entries(ROUND)))
