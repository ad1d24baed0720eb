"""Whole rounds without Airflow: every automatic step and every form in their order, on the real edges."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from answered import day, refused, settled
from mailround.approve_release import ReleaseApproval
from mailround.check_quality import check_quality
from mailround.close_round import close_round, report_path
from mailround.context import PASSWORD, RoundContext, load_round
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.extract import CONTROL_SUFFIX, extract
from mailround.forms import Form
from mailround.handover_sheet import print_sheet
from mailround.hold_release import load_holds
from mailround.kept_templates import KEPT
from mailround.media_check import check_disc
from mailround.media_handover import MediaHandover
from mailround.media_image import image_path, make_image
from mailround.model import Checked, ChunkGroup, Extracted, Rendered, Sealed, Verified
from mailround.open_round import open_round
from mailround.package_check import PackageReport, check_package
from mailround.password_handover import PasswordHandover
from mailround.password_notice import issue
from mailround.plan_print import LISTED, list_name, plan_print
from mailround.posting import Posting
from mailround.private_files import read
from mailround.proof import make_proof
from mailround.purge import purge
from mailround.receipt import Receipt
from mailround.register import entries as register
from mailround.register.entries import latest, standing
from mailround.render import render
from mailround.returns import Returns
from mailround.sample_households import sample_recipients
from mailround.samples import control_file, write_export
from mailround.seal import package_path, seal
from mailround.settings import Settings
from mailround.verify import verify
from mailround.withdrawal import WithdrawalAcknowledgement, request_withdrawal
from prepared import own_include

Step = Callable[..., Any]

CANARIES = ("伽奈利亜", "カナリア第二荘")


def small_chunks(settings: Settings, folder: Path, size: int) -> Settings:
    """Return the ward with small chunks, so that a small round has several, and an include folder of its own."""
    ward = own_include(settings, folder)
    for path in (ward.include / "rounds").glob("*.yaml"):
        kind = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(kind | {"chunk_size": size}, allow_unicode=True), encoding="utf-8")
    return ward


def put_export(work: RoundContext, households: int) -> None:
    """Put sample households with planted faults into the inbox; whoever has a good name has a canary's."""
    drawn = sample_recipients(households, 7, work.kind, faults=True, wide=work.opened.layout == "seto")
    assert drawn.planted
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


@dataclass
class Journey:
    """One round on its way; a fresh context for each step, as a task has it."""

    settings: Settings
    round_id: str
    repeats: bool = True
    """Whether every automatic step is run twice."""
    households: int = 60
    """How many the export holds."""
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
    for stage in ("approved", "media handed over", "password handed over", "received", "withdrawn", "posted"):
        STAGES[stage](journey, sealed)


def _hand_over_media(journey: Journey, sealed: Sealed) -> None:
    work = journey.work
    make_image(work, at=day(11, 13))
    burned = work.settings.inbox.with_name("burned.iso")
    burned.write_bytes(read(image_path(work.settings, work.round_id)))
    check_disc(work, burned, "DVD-0001", at=day(11, 13))
    burned.unlink()
    print_sheet(work, "media", lambda _: None, at=day(11, 13))
    journey.asked(MediaHandover, pieces=sealed.pieces, pages=sealed.pages)


def _hand_over_password(journey: Journey, _: Sealed) -> None:
    issue(journey.work, lambda _: None, at=day(11, 16, 11, 5))
    print_sheet(journey.work, "password", lambda _: None, at=day(11, 16, 11, 5))
    journey.asked(PasswordHandover)


def _withdraw(journey: Journey, _: Sealed) -> None:
    pulled, late = [each.piece_id for each in journey.work.workspace.read_records(list_name(1), LISTED)[:2]]
    request_withdrawal(journey.work, f"{pulled} {late}", "送付先の変更", requested_by="officer", at=day(11, 18))
    journey.asked(WithdrawalAcknowledgement, pulled=pulled)


STAGES: dict[str, Callable[[Journey, Sealed], None]] = {
    "approved": lambda journey, _: journey.asked(ReleaseApproval),
    "media handed over": _hand_over_media,
    "password handed over": _hand_over_password,
    "received": lambda journey, sealed: journey.asked(Receipt, pieces=sealed.pieces, pages=sealed.pages),
    "withdrawn": _withdraw,
    "posted": lambda journey, sealed: journey.asked(
        Posting, withdrawn=1, spoiled=2, reprinted=2, posted=sealed.pieces - 1
    ),
    "purged": lambda journey, _: purge(journey.work, at=day(11, 25, 11)),
    "returned": lambda journey, _: journey.asked(Returns),
    "certified": lambda journey, _: journey.asked(DeletionCertificate),
    "closed": lambda journey, _: close_round(journey.work, at=day(12, 11, 11)),
}
"""What comes after the seal, in order."""


def clear_everything(journey: Journey) -> Produced:
    """Do what Airflow does when the first task of a round is cleared together with all that follow."""
    work, at = journey.work, day(12, 12)
    open_again(work, at=at)
    extracted, checked = extract(work, at=at), check_quality(work, at=at)
    assert not HoldDecision.needed(work)
    groups = plan_print(work, at=at)
    rendered = [render(work, group, at=at) for group in groups]
    verified = [verify(work, each, at=at) for each in rendered]
    sealed = seal(work, at=at)
    make_proof(work, at=at)
    return Produced(extracted, checked, groups, rendered, verified, sealed)


def open_again(work: RoundContext, *, at: datetime) -> None:
    """Open the round as the run that opened it."""
    params = work.opened.model_dump(
        mode="json", include={"source", "layout", "contract", "extracted_by", "issue_date", "posting_date"}
    ) | {"round_id": work.round_id, "kind": work.opened.round_kind}
    open_round(work.settings, params, run_id=work.opened.run_id, triggered_by=work.opened.triggered_by, at=at)


def state(settings: Settings) -> dict[Path, tuple[bytes, int]]:
    """Return what every file of the ward but the register holds, and when it was written."""
    return {
        path: (content, path.stat().st_mtime_ns)
        for folder in (settings.inbox, settings.data, settings.outbox, settings.vault)
        for path, content in contents(folder)
    }


def require_reconciled(journey: Journey, made: Produced) -> None:
    """Extracted = printed + held + excluded + counter, at every step and in every place that says so."""
    checked, entries = made.checked, journey.work.entries
    assert made.extracted.rows == checked.rows == journey.households
    assert checked.printable + checked.held + checked.excluded + checked.counter == journey.households
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
    evidence = {f"outbox/{round_id}/evidence/{name}" for name in (f"{round_id}.json", f"{round_id}.pdf", KEPT)}
    assert left == {f"outbox/{round_id}/package/manifest.json", *evidence}
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


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def holds_canary(content: bytes) -> bool:
    return any(canary.encode(code) in content for canary in CANARIES for code in ("utf-8", "cp932", "utf-16-be"))
