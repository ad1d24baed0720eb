"""Whole rounds without Airflow: every automatic step, twice, and every form, on the real edges."""

from __future__ import annotations

import hashlib
import json
import shutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from answered import day, refused, settled
from mailround.approve_release import ReleaseApproval
from mailround.check_quality import check_quality, hold_list
from mailround.close_round import close_round, report_path
from mailround.context import PASSWORD, RoundContext, load_round
from mailround.custody import MediaHandover, PasswordHandover, Posting
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.errors import MailroundError
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.forms import Form
from mailround.model import Checked, ChunkGroup, Extracted, Recipient, Rendered, Sealed, Verified
from mailround.package_check import PackageReport, check_package
from mailround.password_notice import issue
from mailround.plan_print import PIECES, chunk_name, plan_print
from mailround.proof import make_proof
from mailround.purge import purge, read_index
from mailround.register import entries as register
from mailround.register.entries import latest, standing
from mailround.render import render
from mailround.retention import dues
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.seal import package_path, seal
from mailround.settings import Settings
from mailround.verify import verify

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
    include = tmp_path / "include"
    shutil.copytree(settings.include, include)
    for path in (include / "rounds").glob("*.yaml"):
        kind = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(kind | {"chunk_size": CHUNK}, allow_unicode=True), encoding="utf-8")
    return settings.model_copy(update={"include": include})


@pytest.fixture
def opened(open_a_round: Opener) -> Opener:
    """Open a round over sample households with planted faults; whoever has a good name has a canary's."""

    def opener(layout: str = "shinjuku", kind: str = "change_notice") -> RoundContext:
        work = open_a_round(layout=layout, kind=kind)
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
    journey.asked(MediaHandover)
    issue(journey.work, lambda _: None, at=day(11, 16, 11, 5))
    journey.asked(PasswordHandover)
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
    [due] = dues(journey.work.register, settings.include, day(12, 20).date())
    assert due.round_id == journey.round_id
    cases = {
        piece.piece_id: piece.recipient.case_no
        for number in range(1, made.groups[-1].last + 1)
        for piece in journey.work.workspace.read_records(chunk_name(number), PIECES)
    }
    journey.run(purge, at=day(11, 25, 11))
    assert read_index(journey.work) == cases
    assert len(cases) == package.pieces
    journey.asked(DeletionCertificate)
    journey.run(close_round, at=day(12, 11, 11))

    require_nothing_left(journey, tmp_path)
    require_nobody_named(journey, tmp_path)
    assert journey.work.register.verify().entries == len(journey.work.entries)
    assert dues(journey.work.register, settings.include, day(12, 31).date()) == ()


def require_reconciled(journey: Journey, made: Produced) -> None:
    """Extracted = printed + held + excluded, at every step and in every place that says so."""
    checked, entries = made.checked, journey.work.entries
    assert made.extracted.rows == checked.rows == HOUSEHOLDS
    assert checked.printable + checked.held + checked.excluded == HOUSEHOLDS
    assert min(checked.printable, checked.held, checked.excluded) > 0
    assert len(hold_list(journey.work)) == checked.held
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
    inside = {each.name.removesuffix(".pdf"): each.sha256 for each in report.manifest.members if each.pages is not None}
    assert inside == journey.pdfs()
    return report


def require_plaintext_only_in_the_inbox(ward: Path) -> None:
    found = {path.relative_to(ward).as_posix() for path, content in contents(ward) if holds_canary(content)}
    assert found == {"inbox/export.csv"}


def require_nothing_left(journey: Journey, ward: Path) -> None:
    round_id = journey.round_id
    folders = ("inbox", "data", "outbox", "vault")
    left = {path.relative_to(ward).as_posix() for name in folders for path, _ in contents(ward / name)}
    assert left == {f"outbox/{round_id}/package/manifest.json", f"outbox/{round_id}/evidence/{round_id}.md"}
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
    shifted = tuple(replace(piece, recipient=other.recipient) for piece, other in zip(pieces, following, strict=True))
    work.workspace.write_records(chunk_name(1), PIECES, shifted)


def lengthen_names(work: RoundContext) -> None:
    rewrite_recipients(work, lambda each: replace(each, name=CANARIES[0] * 30))


def use_unknown_characters(work: RoundContext) -> None:
    rewrite_recipients(work, lambda each: replace(each, name=f"{CANARIES[0]}\U0001f600"))


def rewrite_recipients(work: RoundContext, change: Callable[[Recipient], Recipient]) -> None:
    pieces = work.workspace.read_records(chunk_name(1), PIECES)
    changed = tuple(replace(piece, recipient=change(piece.recipient)) for piece in pieces)
    work.workspace.write_records(chunk_name(1), PIECES, changed)


def lose_a_piece(work: RoundContext) -> None:
    work.workspace.write_records(chunk_name(1), PIECES, work.workspace.read_records(chunk_name(1), PIECES)[:-1])


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
