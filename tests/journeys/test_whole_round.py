"""Whole rounds without Airflow: every automatic step, twice, and every form, on the real edges."""

from __future__ import annotations

import hashlib
import json
import shutil
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from answered import answer, day
from journey import (
    CANARIES,
    STAGES,
    Journey,
    Produced,
    Step,
    clear_everything,
    hand_over,
    holds_canary,
    open_again,
    produce,
    put_export,
    require_good_package,
    require_nobody_named,
    require_nothing_left,
    require_plaintext_only_in_the_inbox,
    require_reconciled,
    small_chunks,
    state,
)
from mailround.approve_release import ReleaseApproval
from mailround.check_quality import check_quality
from mailround.close_round import close_round
from mailround.context import RoundContext
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.end_round import end_round
from mailround.errors import MailroundError, RoundEndedError
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.forms import Form, settle
from mailround.items import open_items
from mailround.media_handover import MediaHandover
from mailround.model import ChunkGroup, Recipient, Rendered
from mailround.password_handover import PasswordHandover
from mailround.plan_print import LISTED, PIECES, chunk_name, list_name, plan_print
from mailround.posting import Posting
from mailround.proof import make_proof
from mailround.purge import purge, read_index
from mailround.receipt import Receipt
from mailround.register.checkpoint import check
from mailround.render import render
from mailround.retention import dues
from mailround.returns import Returns
from mailround.seal import seal
from mailround.settings import Settings
from mailround.verify import verify
from mailround.withdrawal import WithdrawalAcknowledgement
from prepared import make_signing_key, own_include
from printing import given
from wards import opened_in, ward_in

Opener = Callable[..., RoundContext]

HOUSEHOLDS = 60
ROUNDS = [
    ("shinjuku", "change_notice"),
    ("seto", "change_notice"),
    ("shinjuku", "asset_declaration"),
    ("seto", "asset_declaration"),
]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return small_chunks(settings, tmp_path, 10)


@pytest.fixture
def opened(open_a_round: Opener) -> Opener:
    """Open a round over sample households with planted faults."""

    def opener(layout: str = "shinjuku", kind: str = "change_notice") -> RoundContext:
        work = open_a_round(layout=layout, kind=kind)
        make_signing_key(work)
        put_export(work, HOUSEHOLDS)
        return work

    return opener


@pytest.fixture(scope="module")
def produced(tmp_path_factory: pytest.TempPathFactory, fill: Callable[..., None]) -> tuple[Path, Produced]:
    """A folder whose round has a sealed package, and what the steps until then said."""
    folder = tmp_path_factory.mktemp("produced")
    fill(folder, "empty", lambda _: None)
    work = opened_in(small_chunks(ward_in(folder), folder, 10))
    make_signing_key(work)
    put_export(work, HOUSEHOLDS)
    return folder, produce(Journey(work.settings, work.round_id, repeats=False))


@pytest.fixture
def sealed(settings: Settings, tmp_path: Path, produced: tuple[Path, Produced]) -> tuple[Journey, Produced]:
    """A copy of it, for what may become of such a round."""
    folder, made = produced
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return Journey(settings, made.sealed.round_id, repeats=False), made


@pytest.mark.parametrize(("layout", "kind"), ROUNDS)
def test_a_round_goes_from_the_export_to_the_closing(
    settings: Settings, opened: Opener, tmp_path: Path, layout: str, kind: str
) -> None:
    journey = Journey(settings, opened(layout, kind).round_id)
    made = produce(journey)
    require_reconciled(journey, made)
    package = require_good_package(journey, made)
    require_plaintext_only_in_the_inbox(tmp_path)

    hand_over(journey, made.sealed)
    waiting = list(dues(journey.work.register, settings.include, day(12, 20).date()))
    assert {due.round_id for due in waiting} == {journey.round_id}
    assert [due.item.id for due in waiting] == ["disc", "notice-1", "withdrawn", "spoiled", "data"]
    cases = {
        piece.piece_id: piece.recipient.case_no
        for number in range(1, made.groups[-1].last + 1)
        for piece in journey.work.workspace.read_records(chunk_name(number), PIECES)
    }
    journey.run(purge, at=day(11, 25, 11))
    assert read_index(journey.work) == cases
    assert len(cases) == package.pieces
    journey.asked(Returns)
    assert [item.id for item in open_items(journey.work.entries)] == ["data"]
    journey.asked(DeletionCertificate)
    assert open_items(journey.work.entries) == ()
    journey.run(close_round, at=day(12, 11, 11))

    require_nothing_left(journey, tmp_path)
    require_nobody_named(journey, tmp_path)
    assert check(journey.work.register).chain.entries == len(journey.work.register.entries())
    assert list(dues(journey.work.register, settings.include, day(12, 31).date())) == []


FORMS: dict[str, type[Form]] = {
    "approved": ReleaseApproval,
    "media handed over": MediaHandover,
    "password handed over": PasswordHandover,
    "received": Receipt,
    "withdrawn": WithdrawalAcknowledgement,
    "posted": Posting,
    "returned": Returns,
    "certified": DeletionCertificate,
}
"""What a stage leaves answered."""


def test_clearing_the_steps_of_an_approved_round_changes_nothing_and_brings_the_run_back(
    settings: Settings, sealed: tuple[Journey, Produced], tmp_path: Path
) -> None:
    journey, made = sealed
    cleared = replace(journey, settings=otherwise(settings, tmp_path))
    export = settings.inbox / journey.work.opened.source
    answered: list[type[Form]] = []
    for stage, go_on in STAGES.items():
        go_on(journey, made.sealed)
        answered += [FORMS[stage]] if stage in FORMS else []
        kept = export.read_bytes() if export.exists() else None
        export.write_bytes(b"another")
        before, entries = state(settings), journey.work.entries

        assert clear_everything(cleared) == made, stage
        if stage in {"purged", "returned", "certified", "closed"}:
            purge(cleared.work, at=day(12, 12))
        if stage == "closed":
            close_round(cleared.work, at=day(12, 12))
        assert [form for form in answered if form.needed(cleared.work)] == []
        assert {path: content for path, (content, _) in state(settings).items()} == {
            path: content for path, (content, _) in before.items()
        }, stage
        assert stage == "closed" or state(settings) == before, stage
        assert journey.work.entries == entries, stage
        export.unlink() if kept is None else export.write_bytes(kept)


def otherwise(settings: Settings, folder: Path) -> Settings:
    """Return the ward with what could lead a cleared step elsewhere: no contract, other templates, other tasks."""
    other = own_include(settings, folder / "otherwise")
    contract = other.include / "contracts" / "r8-print.yaml"
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("end: 2027-03-31 }", "end: 2026-10-31 }"), encoding="utf-8"
    )
    common = other.include / "templates" / "common.yaml"
    common.write_text(common.read_text(encoding="utf-8").replace("size: 13", "size: 12"), encoding="utf-8")
    return other.model_copy(update={"print_tasks": 1})


def test_before_the_approval_a_cleared_step_does_its_work_again(
    settings: Settings, sealed: tuple[Journey, Produced]
) -> None:
    journey, made = sealed
    before = state(settings)
    again = clear_everything(journey)
    assert replace(again, sealed=made.sealed) == made
    assert again.sealed.sha256 != made.sealed.sha256
    assert state(settings) != before


def test_the_groups_that_come_back_are_those_that_were_read_back_last(
    settings: Settings, sealed: tuple[Journey, Produced]
) -> None:
    journey, _ = sealed
    journey.settings = settings.model_copy(update={"print_tasks": 2})
    groups = plan_print(journey.work, at=day(11, 11, 13))
    assert len(groups) == 2
    for group in groups:
        verify(journey.work, render(journey.work, group, at=day(11, 11, 13)), at=day(11, 11, 13))
    seal(journey.work, at=day(11, 11, 14))
    make_proof(journey.work, at=day(11, 11, 14))
    journey.asked(ReleaseApproval)
    journey.settings = settings
    assert plan_print(journey.work, at=day(11, 12, 12)) == groups


STEPS: dict[str, Step] = {
    "open_round": open_again,
    "extract": extract,
    "check_quality": check_quality,
    "plan_print": plan_print,
    "render": lambda work, at: render(work, ChunkGroup(round_id=work.round_id, first=1, last=1), at=at),
    "verify": lambda work, at: verify(
        work, Rendered(round_id=work.round_id, first=1, last=1, pieces=1, pages=1, sha256="0" * 64), at=at
    ),
    "seal": seal,
    "proof": make_proof,
}


@pytest.mark.parametrize("killed", [False, True], ids=["erased", "killed before erasing"])
@pytest.mark.parametrize(("form", "option"), [(HoldDecision, "中止する"), (ReleaseApproval, "差戻し")])
def test_no_step_of_an_ended_round_is_done_again(
    opened: Opener, request: pytest.FixtureRequest, form: type[Form], option: str, killed: bool
) -> None:
    if form is ReleaseApproval:
        journey, _ = request.getfixturevalue("sealed")
    else:
        work = opened()
        journey = Journey(work.settings, work.round_id, repeats=False)
        extract(journey.work, at=day(11, 10, 10))
        check_quality(journey.work, at=day(11, 10, 11))
    settle(form, journey.work, answer(form, option=option), at=day(11, 12))
    if not killed:
        end_round(journey.work, form.step, at=day(11, 12))
    before, entries = state(journey.settings), journey.work.entries
    for step in STEPS.values():
        with pytest.raises(RoundEndedError, match="新しい回の番号"):
            step(journey.work, at=day(11, 13))
    assert state(journey.settings) == before
    assert journey.work.entries == entries


def shift_names(work: RoundContext) -> None:
    """Give every piece of the first chunk the case, name and address of the next one, as one shifted row does."""
    pieces = work.workspace.read_records(chunk_name(1), PIECES)
    following = (*pieces[1:], pieces[0])
    shifted = tuple(given(piece, other.recipient) for piece, other in zip(pieces, following, strict=True))
    work.workspace.write_records(chunk_name(1), PIECES, shifted)


def lengthen_names(work: RoundContext) -> None:
    rewrite_recipients(work, lambda each: replace(each, name=CANARIES[0] * 30))


def use_unknown_characters(work: RoundContext) -> None:
    rewrite_recipients(work, lambda each: replace(each, name=f"{CANARIES[0]}\U0001f600"))


def rewrite_recipients(work: RoundContext, change: Callable[[Recipient], Recipient]) -> None:
    pieces = work.workspace.read_records(chunk_name(1), PIECES)
    changed = tuple(given(piece, change(piece.recipient)) for piece in pieces)
    work.workspace.write_records(chunk_name(1), PIECES, changed)


def lose_a_piece(work: RoundContext) -> None:
    work.workspace.write_records(list_name(1), LISTED, work.workspace.read_records(list_name(1), LISTED)[:-1])


def garble_the_export(work: RoundContext) -> None:
    """Leave a record with a field too many and a date that is none, and a control file that agrees."""
    source = work.settings.inbox / work.opened.source
    raw = source.read_bytes().replace(b"2026/11/05", CANARIES[0].encode("cp932"), 3)
    raw += CANARIES[1].encode("cp932") + b",\r\n"
    source.write_bytes(raw)
    beside = source.with_name(source.name + CONTROL_SUFFIX)
    control = json.loads(beside.read_text()) | {"sha256": hashlib.sha256(raw).hexdigest()}
    beside.write_text(json.dumps(control))


FAULTS: dict[str, tuple[Callable[[RoundContext], None], Callable[[RoundContext, Produced], object], str]] = {
    "a garbled export": (
        garble_the_export,
        lambda work, _: extract(work, at=day(11, 11)),
        "4か所",
    ),
    "names that cannot fit": (
        lengthen_names,
        lambda work, made: render(work, made.groups[0], at=day(11, 11)),
        "通し番号",
    ),
    "characters that no font has": (
        use_unknown_characters,
        lambda work, made: render(work, made.groups[0], at=day(11, 11)),
        "フォントにない文字",
    ),
    "names shifted by one row": (
        shift_names,
        lambda work, made: verify(work, made.rendered[0], at=day(11, 11)),
        "通し番号",
    ),
    "a piece that is lost": (
        lose_a_piece,
        lambda work, _: seal(work, at=day(11, 11)),
        "一致しません",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_names_nobody_and_leaves_no_entry(sealed: tuple[Journey, Produced], fault: str) -> None:
    journey, made = sealed
    spoil, step, words = FAULTS[fault]
    spoil(journey.work)
    before = journey.work.entries
    with pytest.raises(MailroundError, match=words) as told:
        step(journey.work, made)
    # Everything a log shows of it: the chain of causes too.
    shown = "".join(traceback.format_exception(told.value))
    assert not holds_canary(shown.encode())
    assert journey.work.entries == before
