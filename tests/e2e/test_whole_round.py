"""Whole rounds without Airflow: every automatic step, twice, and every form, on the real edges."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from answered import answer, day, refused, settled
from mailround.approve_release import ReleaseApproval
from mailround.check_quality import check_quality
from mailround.close_round import close_round, report_path
from mailround.context import PASSWORD, RoundContext, load_round
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.end_round import end_round
from mailround.errors import MailroundError, RoundEndedError
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.forms import Form, settle
from mailround.handover_sheet import print_sheet
from mailround.hold_release import load_holds
from mailround.items import open_items
from mailround.media_check import check_disc
from mailround.media_handover import MediaHandover
from mailround.media_image import image_path, make_image
from mailround.model import Checked, ChunkGroup, Extracted, Recipient, Rendered, Sealed, Verified
from mailround.open_round import open_round
from mailround.package_check import PackageReport, check_package
from mailround.password_handover import PasswordHandover
from mailround.password_notice import issue
from mailround.plan_print import LISTED, PIECES, chunk_name, list_name, plan_print
from mailround.posting import Posting
from mailround.proof import make_proof
from mailround.purge import purge, read_index
from mailround.receipt import Receipt
from mailround.register import entries as register
from mailround.register.checkpoint import check
from mailround.register.entries import latest, standing
from mailround.render import render
from mailround.retention import dues
from mailround.returns import Returns
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.seal import package_path, seal
from mailround.settings import Settings
from mailround.verify import verify
from mailround.withdrawal import WithdrawalAcknowledgement, request_withdrawal
from prepared import make_signing_key, own_include
from printing import given

Opener = Callable[..., RoundContext]
Step = Callable[..., Any]

HOUSEHOLDS = 60
CHUNK = 10
CANARIES = ("伽奈利亜", "カナリア第二荘")
ROUNDS = [
    ("shinjuku", "change_notice"),
    ("seto", "change_notice"),
    ("shinjuku", "asset_declaration"),
    ("seto", "asset_declaration"),
]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with small chunks, so that a small round has several."""
    ward = own_include(settings, tmp_path)
    for path in (ward.include / "rounds").glob("*.yaml"):
        kind = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(kind | {"chunk_size": CHUNK}, allow_unicode=True), encoding="utf-8")
    return ward


@pytest.fixture
def opened(open_a_round: Opener) -> Opener:
    """Open a round over sample households with planted faults; whoever has a good name has a canary's."""

    def opener(layout: str = "shinjuku", kind: str = "change_notice") -> RoundContext:
        work = open_a_round(layout=layout, kind=kind)
        make_signing_key(work)
        drawn = sample_recipients(HOUSEHOLDS, 7, work.kind, faults=True, wide=layout == "seto")
        assert len(drawn.planted) > 8
        recipients = tuple(
            replace(each, name=f"髙﨑　{CANARIES[0]}", building=f"{CANARIES[1]}{each.record_no}号")
            if each.name and each.name[0] != "\ue000"
            else each
            for each in drawn.recipients
        )
        raw = write_export(recipients, work.layout, decision=work.kind.decision)
        source = work.settings.inbox / work.opened.source
        source.write_bytes(raw)
        control = control_file(raw, recipients, decision=work.kind.decision, created_at=day(11, 10))
        source.with_name(source.name + CONTROL_SUFFIX).write_bytes(control)
        return work

    return opener


@dataclass
class Journey:
    """One round on its way; a fresh context for each step, as a task has it."""

    settings: Settings
    round_id: str
    repeats: bool = True
    """Whether every automatic step is run twice."""
    told: list[str] = field(default_factory=list)
    """Everything a person or a log was shown."""

    @property
    def work(self) -> RoundContext:
        return load_round(self.settings, self.round_id)

    def run(self, step: Step, *arguments: Any, at: datetime) -> Any:
        """Run a step, clear it, run it again an hour later: the same reference, the same PDFs, no second entry."""
        first = step(self.work, *arguments, at=at)
        if self.repeats:
            entries, pdfs = self.work.entries, self.pdfs()
            second = step(self.work, *arguments, at=at + timedelta(hours=1))
            assert second == first
            assert self.work.entries == entries
            assert self.pdfs() == pdfs
        self.told.append(repr(first))
        return first

    def pdfs(self) -> dict[str, str]:
        """Return the SHA-256 of every PDF there is."""
        if not (self.settings.data / self.round_id).exists():
            return {}
        workspace = self.work.workspace
        return {name: hashlib.sha256(workspace.read(name)).hexdigest() for name in workspace.names("print")}

    def asked(self, form: type[Form], **changes: object) -> None:
        """Answer a form, wrongly first; it is asked before and not again afterwards."""
        assert form.needed(self.work)
        self.told.append(form.body(self.work))
        self.told += refused(form, self.work, responder="stranger")
        self.told += refused(form, self.work, **dict.fromkeys(form.model_fields, CANARIES[1]), option=CANARIES[0])
        settled(form, self.work, **changes)
        assert not form.needed(self.work)
        assert not form.stopped(self.work)


@dataclass
class Produced:
    """What the automatic steps up to the seal say of themselves."""

    extracted: Extracted
    checked: Checked
    groups: list[ChunkGroup]
    rendered: list[Rendered]
    verified: list[Verified]
    sealed: Sealed


def produce(journey: Journey) -> Produced:
    """Go from the export to the sealed package."""
    extracted = journey.run(extract, at=day(11, 10, 10))
    checked = journey.run(check_quality, at=day(11, 10, 11))
    journey.asked(HoldDecision)
    groups = journey.run(plan_print, at=day(11, 11, 11))
    rendered = [journey.run(render, group, at=day(11, 11, 12)) for group in groups]
    verified = [journey.run(verify, each, at=day(11, 11, 13)) for each in rendered]
    seal(journey.work, at=day(11, 11, 14))
    sealed = seal(journey.work, at=day(11, 11, 15))  # new salts: another package, which the last entry stands for
    journey.run(make_proof, at=day(11, 11, 16))
    return Produced(extracted, checked, groups, rendered, verified, sealed)


def hand_over(journey: Journey, sealed: Sealed) -> None:
    """Go from the approval to the posting."""
    journey.asked(ReleaseApproval)
    work = journey.work
    make_image(work, at=day(11, 13))
    check_disc(work, image_path(work.settings, work.round_id), "DVD-0001", at=day(11, 13))
    print_sheet(work, "media", lambda _: None, at=day(11, 13))
    journey.asked(MediaHandover, pieces=sealed.pieces, pages=sealed.pages)
    issue(journey.work, lambda _: None, at=day(11, 16, 11, 5))
    print_sheet(journey.work, "password", lambda _: None, at=day(11, 16, 11, 5))
    journey.asked(PasswordHandover)
    journey.asked(Receipt, pieces=sealed.pieces, pages=sealed.pages)
    pulled, late = [each.piece_id for each in journey.work.workspace.read_records(list_name(1), LISTED)[:2]]
    request_withdrawal(journey.work, f"{pulled} {late}", "送付先の変更", requested_by="officer", at=day(11, 18))
    journey.asked(WithdrawalAcknowledgement, pulled=pulled)
    journey.asked(Posting, withdrawn=1, spoiled=2, reprinted=2, posted=sealed.pieces - 1)


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


def advance(journey: Journey, sealed: Sealed, stage: str) -> None:
    """Go on to a stage behind the approval."""
    if stage == "approved":
        journey.asked(ReleaseApproval)
        return
    hand_over(journey, sealed)
    if stage in {"purged", "closed"}:
        purge(journey.work, at=day(11, 25, 11))
    if stage == "closed":
        journey.asked(Returns)
        journey.asked(DeletionCertificate)
        close_round(journey.work, at=day(12, 11, 11))


def clear_everything(journey: Journey) -> Produced:
    """Do what Airflow does when the first task of a round is cleared together with all that follow."""
    work, at = journey.work, day(12, 12)
    open_again(work, at=at)
    extracted, checked = extract(work, at=at), check_quality(work, at=at)
    assert not HoldDecision.needed(work)
    groups = plan_print(work, at=at)
    rendered = [render(work, group, at=at) for group in groups]
    verified = [verify(work, each, at=at) for each in rendered]
    return Produced(extracted, checked, groups, rendered, verified, seal(work, at=at))


def open_again(work: RoundContext, *, at: datetime) -> None:
    """Open the round as the run that opened it."""
    params = work.opened.model_dump(
        mode="json", include={"source", "layout", "contract", "extracted_by", "issue_date", "posting_date"}
    ) | {"round_id": work.round_id, "kind": work.opened.round_kind}
    open_round(work.settings, params, run_id=work.opened.run_id, triggered_by=work.opened.triggered_by, at=at)


STAGES = ("approved", "posted", "purged", "closed")


@pytest.mark.parametrize("stage", STAGES)
def test_clearing_the_steps_of_an_approved_round_changes_nothing_and_brings_the_run_back(
    settings: Settings, opened: Opener, stage: str
) -> None:
    journey = Journey(settings, opened().round_id, repeats=False)
    made = produce(journey)
    advance(journey, made.sealed, stage)
    # Everything that could lead a step to another result: another export, no contract, other templates and tasks.
    (settings.inbox / "export.csv").write_bytes(b"another")
    contract = settings.include / "contracts" / "r8-print.yaml"
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("end: 2027-03-31 }", "end: 2026-10-31 }"), encoding="utf-8"
    )
    common = settings.include / "templates" / "common.yaml"
    common.write_text(common.read_text(encoding="utf-8").replace("size: 13", "size: 12"), encoding="utf-8")
    journey.settings = settings.model_copy(update={"print_tasks": 1})
    before, entries = state(settings), journey.work.entries

    assert clear_everything(journey) == made
    assert state(settings) == before
    assert journey.work.entries == entries
    answered = (ReleaseApproval, MediaHandover, PasswordHandover, Receipt, WithdrawalAcknowledgement, Posting)
    for form in answered[: 1 if stage == "approved" else None]:
        assert not form.needed(journey.work)


def state(settings: Settings) -> dict[Path, tuple[bytes, int]]:
    """Return what every file of the ward but the register holds, and when it was written."""
    return {
        path: (content, path.stat().st_mtime_ns)
        for folder in (settings.inbox, settings.data, settings.outbox, settings.vault)
        for path, content in contents(folder)
    }


def test_before_the_approval_a_cleared_step_does_its_work_again(settings: Settings, opened: Opener) -> None:
    journey = Journey(settings, opened().round_id, repeats=False)
    made = produce(journey)
    before = state(settings)
    again = clear_everything(journey)
    assert replace(again, sealed=made.sealed) == made
    assert again.sealed.sha256 != made.sealed.sha256
    assert state(settings) != before


def test_the_groups_that_come_back_are_those_that_were_read_back_last(settings: Settings, opened: Opener) -> None:
    journey = Journey(settings, opened().round_id, repeats=False)
    produce(journey)
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
    settings: Settings, opened: Opener, form: type[Form], option: str, killed: bool
) -> None:
    journey = Journey(settings, opened().round_id, repeats=False)
    if form is ReleaseApproval:
        produce(journey)
    else:
        extract(journey.work, at=day(11, 10, 10))
        check_quality(journey.work, at=day(11, 10, 11))
    settle(form, journey.work, answer(form, option=option), at=day(11, 12))
    if not killed:
        end_round(journey.work, form.step, at=day(11, 12))
    before, entries = state(settings), journey.work.entries
    for step in STEPS.values():
        with pytest.raises(RoundEndedError, match="新しい回の番号"):
            step(journey.work, at=day(11, 13))
    assert state(settings) == before
    assert journey.work.entries == entries


def require_reconciled(journey: Journey, made: Produced) -> None:
    """Extracted = printed + held + excluded + counter, at every step and in every place that says so."""
    checked, entries = made.checked, journey.work.entries
    assert made.extracted.rows == checked.rows == HOUSEHOLDS
    assert checked.printable + checked.held + checked.excluded + checked.counter == HOUSEHOLDS
    assert min(checked.printable, checked.held, checked.excluded) > 0
    assert len(load_holds(journey.work).held) == checked.held
    planned = latest(entries, register.PrintPlanned)
    assert planned is not None
    assert planned.chunks == made.groups[-1].last > len(made.groups) > 1
    pieces = {
        planned.pieces,
        sum(each.pieces for each in made.rendered),
        sum(each.pieces for each in made.verified),
        made.sealed.pieces,
    }
    assert pieces == {checked.printable}
    pages = {sum(each.pages for each in made.rendered), sum(each.pages for each in made.verified), made.sealed.pages}
    assert len(pages) == 1
    assert len(standing(entries, register.Rendered)) == len(standing(entries, register.Verified)) == len(made.groups)


def require_good_package(journey: Journey, made: Produced) -> PackageReport:
    """The package opens, is the one the register stands for, and holds exactly the PDFs that were verified."""
    work = journey.work
    report = check_package(
        package_path(journey.settings, journey.round_id), work.vault.open(journey.round_id, PASSWORD).decode()
    )
    sealed = latest(work.entries, register.Sealed)
    assert sealed is not None
    assert report.sha256 == sealed.sha256 == made.sealed.sha256
    assert (report.pieces, report.pages) == (made.checked.printable, made.sealed.pages)
    inside = {
        each.name.removesuffix(".pdf"): each.sha256 for each in report.manifest.members if each.pieces is not None
    }
    assert inside == journey.pdfs()
    return report


def require_plaintext_only_in_the_inbox(ward: Path) -> None:
    found = {path.relative_to(ward).as_posix() for path, content in contents(ward) if holds_canary(content)}
    assert found == {"inbox/export.csv"}


def require_nothing_left(journey: Journey, ward: Path) -> None:
    round_id = journey.round_id
    folders = ("inbox", "data", "outbox", "vault")
    left = {path.relative_to(ward).as_posix() for name in folders for path, _ in contents(ward / name)}
    reports = {f"outbox/{round_id}/evidence/{round_id}.{suffix}" for suffix in ("json", "pdf")}
    assert left == {f"outbox/{round_id}/package/manifest.json", *reports}
    closed = latest(journey.work.entries, register.RoundClosed)
    assert closed is not None
    evidence = report_path(journey.settings, round_id).read_bytes()
    assert closed.report_sha256 == hashlib.sha256(evidence).hexdigest()


def require_nobody_named(journey: Journey, ward: Path) -> None:
    """Look into every entry, every text shown, every file left and every file name."""
    shown = [*journey.told, *(f"{entry.actor} {entry.text}" for entry in journey.work.entries)]
    assert [text for text in shown if holds_canary(text.encode())] == []
    assert [path for path, content in contents(ward) if holds_canary(content)] == []
    assert [path for path in ward.rglob("*") if holds_canary(str(path).encode())] == []


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
def test_an_error_names_nobody_and_leaves_no_entry(settings: Settings, opened: Opener, fault: str) -> None:
    journey = Journey(settings, opened().round_id, repeats=False)
    made = produce(journey)
    spoil, step, words = FAULTS[fault]
    spoil(journey.work)
    before = journey.work.entries
    with pytest.raises(MailroundError, match=words) as told:
        step(journey.work, made)
    # Everything a log shows of it: the chain of causes too.
    shown = "".join(traceback.format_exception(told.value))
    assert not holds_canary(shown.encode())
    assert journey.work.entries == before


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def holds_canary(content: bytes) -> bool:
    return any(canary.encode(code) in content for canary in CANARIES for code in ("utf-8", "cp932", "utf-16-be"))
