"""Rendering: the same pieces give the same bytes, everywhere, and what cannot be printed right is not printed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest

from mailround.context import RoundContext
from mailround.errors import CountMismatchError, GateClosedError, PrintError
from mailround.model import ChunkGroup, Population, Recipient
from mailround.plan_print import PIECES, plan_print
from mailround.register.entries import Rendered, latest
from mailround.render import RANGES, Press, render
from prepared import AT as NOW
from prepared import own_include
from printing import AWKWARD_NAMES, ISSUED, ROUND, font_for, number, put, templates

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]

LONG = "長い理由のある世帯です。\n" * 12

_SECOND_PROCESS = """
import hashlib, sys
from pathlib import Path
from printing import ISSUED, ROUND, templates
from mailround.fonts import Font
from mailround.plan_print import PIECES
from mailround.render import Press
folder = Path(sys.argv[1])
pieces = PIECES.validate_json((folder / "pieces.json").read_bytes())
press = Press(Font((folder / "font").read_bytes()), templates(), ISSUED, ROUND)
print(hashlib.sha256(press.draw(pieces)[0]).hexdigest())
"""


def many(make_recipient: Maker) -> list[Recipient]:
    populations = [*Population] * 5
    return [
        make_recipient(record_no=each, name=name, population=population, reason=LONG if each % 4 == 0 else "短い理由。")
        for each, (name, population) in enumerate(zip(AWKWARD_NAMES, populations, strict=False), 1)
    ]


def test_two_processes_with_other_hash_seeds_draw_the_same_bytes(make_recipient: Maker, tmp_path: Path) -> None:
    pieces = number(many(make_recipient))
    (tmp_path / "pieces.json").write_bytes(PIECES.dump_json(tuple(pieces)))
    (tmp_path / "font").write_bytes(font_for(pieces).data)
    paths = os.pathsep.join(str(Path(__file__).parents[1] / each) for each in ("plugins", "tests"))
    found = [
        subprocess.run(
            [sys.executable, "-c", _SECOND_PROCESS, str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "4711")
    ]
    here, _ = Press(font_for(pieces), templates(), ISSUED, ROUND).draw(pieces)
    assert found == [hashlib.sha256(here).hexdigest()] * 2


def test_one_press_draws_a_chunk_the_same_whatever_it_drew_before(make_recipient: Maker) -> None:
    pieces = number(many(make_recipient))
    press = Press(font_for(pieces), templates(), ISSUED, ROUND)
    first = press.draw(pieces[:3])
    press.draw(pieces[3:])
    assert press.draw(pieces[:3]) == first


def test_every_piece_begins_on_its_own_page_and_ranges_have_no_gap(make_recipient: Maker) -> None:
    pieces = number(many(make_recipient))
    content, ranges = Press(font_for(pieces), templates(), ISSUED, ROUND).draw(pieces)
    assert [each.seq for each in ranges] == [piece.seq for piece in pieces]
    assert [each.pages for each in ranges] == [2 if piece.seq % 4 == 0 else 1 for piece in pieces]
    ends = [each.first_page + each.pages for each in ranges]
    assert [each.first_page for each in ranges] == [1, *ends[:-1]]
    with pypdfium2.PdfDocument(content) as document:
        assert len(document) == ends[-1] - 1
        assert {tuple(round(each) for each in page.get_size()) for page in document} == {(595, 842)}


def test_the_file_lists_no_other_font_and_no_personal_data_outside_its_pages(make_recipient: Maker) -> None:
    pieces = number(many(make_recipient))
    content, _ = Press(font_for(pieces), templates(), ISSUED, ROUND).draw(pieces)
    assert b"Helvetica" not in content
    assert b"ASCII85" not in content
    with pypdfium2.PdfDocument(content) as document:
        assert "林" not in "".join(document.get_metadata_dict().values())


def test_a_page_takes_few_bytes_beside_the_font(make_recipient: Maker) -> None:
    pieces = number([make_recipient(record_no=each) for each in range(1, 201)])
    press = Press(font_for(pieces), templates(), ISSUED, ROUND)
    assert len(press.draw(pieces)[0]) - len(press.draw(pieces[:100])[0]) < 100 * 1_500


def test_the_step_writes_files_ranges_and_counts_and_a_retry_replaces_them(
    open_a_round: Opener, make_recipient: Maker
) -> None:
    work = open_a_round()
    object.__setattr__(work, "kind", work.kind.model_copy(update={"chunk_size": 5}))
    put(work, many(make_recipient))
    plan_print(work, at=NOW)
    group = ChunkGroup(round_id=work.round_id, first=2, last=3)
    found = render(work, group, at=NOW)
    assert (found.pieces, found.pages) == (7, 9)
    assert work.workspace.names("print") == ("print/notices-002", "print/notices-003")
    assert work.workspace.names("pages") == ("pages/002", "pages/003")
    assert [each.seq for each in work.workspace.read_records("pages/002", RANGES)] == [6, 7, 8, 9, 10]
    body = latest(work.entries, Rendered)
    assert body is not None
    assert body.model_dump(exclude={"kind"}) == {
        key: value for key, value in dataclasses.asdict(found).items() if key != "round_id"
    }

    before, entries = work.workspace.read("print/notices-002"), work.entries
    work.workspace.write("print/notices-002", b"half a file of a killed worker")
    assert render(work, group, at=NOW) == found
    assert work.workspace.read("print/notices-002") == before
    assert work.entries == entries


def test_the_june_sheet_is_drawn_from_records_without_decisions(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round(kind="asset_declaration", round_id="2026-06-assets")
    put(work, [make_recipient(record_no=each, decision=None) for each in range(1, 4)])
    (group,) = plan_print(work, at=NOW)
    assert (render(work, group, at=NOW).pages, work.workspace.names("print")) == (3, ("print/sheets-001",))


def test_a_name_that_does_not_fit_stops_by_its_number_alone(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    put(work, [make_recipient(record_no=1), make_recipient(record_no=2, name="寿限無" * 50)])
    (group,) = plan_print(work, at=NOW)
    with pytest.raises(PrintError, match="通し番号 2 ") as caught:
        render(work, group, at=NOW)
    assert "寿" not in str(caught.value)
    assert work.workspace.names("print") == ()


def test_a_glyph_missing_from_the_rounds_font_stops(make_recipient: Maker) -> None:
    pieces = number([make_recipient(name="山田")])
    press = Press(font_for(pieces), templates(), ISSUED, ROUND)
    with pytest.raises(PrintError, match="フォントにない"):
        press.draw(number([make_recipient(name="鬱田")]))


@pytest.mark.parametrize("keep", [slice(1, None), slice(0, 0), slice(None, None, -1)])
def test_a_plan_with_a_gap_is_not_drawn(open_a_round: Opener, make_recipient: Maker, keep: slice) -> None:
    work = open_a_round()
    put(work, [make_recipient(record_no=each) for each in range(1, 4)])
    (group,) = plan_print(work, at=NOW)
    pieces = work.workspace.read_records("plan/chunk-001", PIECES)
    work.workspace.write_records("plan/chunk-001", PIECES, pieces[keep])
    with pytest.raises(CountMismatchError, match="通し番号"):
        render(work, group, at=NOW)


def test_templates_changed_after_the_opening_or_after_the_plan_are_not_printed(
    open_a_round: Opener, make_recipient: Maker, tmp_path: Path
) -> None:
    work = open_a_round()
    object.__setattr__(work, "settings", own_include(work.settings, tmp_path))
    put(work, [make_recipient()])
    (group,) = plan_print(work, at=NOW)
    common = work.settings.include / "templates" / "common.yaml"
    sound = common.read_text(encoding="utf-8")
    common.write_text(sound.replace("x: 25, y: 11.6", "x: 26, y: 11.6"), encoding="utf-8")
    with pytest.raises(GateClosedError, match="印刷計画のときのものと違います"):
        render(work, group, at=NOW)
    with pytest.raises(GateClosedError, match="回の開始の後に様式が変わった"):
        plan_print(work, at=NOW)
    common.write_text(sound, encoding="utf-8")
    assert plan_print(work, at=NOW) == [group]
    assert render(work, group, at=NOW).pieces == 1
