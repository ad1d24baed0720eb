"""Sample exports are written as an export is: the same bytes for the same seed, and a control file that agrees."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from mailround.layouts import load_layout
from mailround.rounds import load_round_kind
from mailround.samples import write_sample
from mailround.settings import REPOSITORY, TOKYO
from reading import read_source

INCLUDE = REPOSITORY / "include"
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
CHANGE, JUNE = (load_round_kind(INCLUDE, kind) for kind in ("change_notice", "asset_declaration"))


@pytest.mark.parametrize("layout", ["shinjuku", "seto"])
@pytest.mark.parametrize("kind", [CHANGE, JUNE], ids=lambda kind: kind.name)
@pytest.mark.parametrize("households", [1, 7, 60])
def test_a_sample_is_the_same_bytes_for_the_same_seed_and_agrees_with_its_control_file(
    tmp_path: Path, layout: str, kind: object, households: int
) -> None:
    written = [
        write_sample(
            tmp_path,
            name=name,
            households=households,
            seed=seed,
            layout=load_layout(INCLUDE, layout),
            kind=kind,  # type: ignore[arg-type]
            created_at=NOW,
        )
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    a, b, c = (path.read_bytes() for path in written)
    decision = kind is CHANGE

    assert a == b
    assert a != c
    assert written[0].name == "a.csv"
    assert read_source(written[0], load_layout(INCLUDE, layout), decision=decision).totals.rows == households
