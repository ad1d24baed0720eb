"""The specimen: a package of synthetic households, for the contractor's test print before any real one.

It is made by the steps of a real round, from the check to the seal, in a ward of its own that is thrown away: the same
geometry, codes, lists and AES-256 ZIP, so that the contractor tries his whole path, opening included. Nothing is drawn
over the pages, which must measure as real ones do; the round id, the document numbers and every name say 見本. It
holds no secret, so its password is simply told.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from mailround.approved_items import carried_items
from mailround.check_quality import check_quality
from mailround.context import PASSWORD, ROUND_KEY, RoundContext
from mailround.contracts import ApprovedItems, Contract
from mailround.errors import ConfigurationError, CountMismatchError
from mailround.fonts import has_selector, load_font
from mailround.layouts import Layout, MailtoReason
from mailround.model import Delivery, Population, Recipient
from mailround.plan_print import plan_print
from mailround.private_files import opened, replacing
from mailround.records import write_recipients
from mailround.register.entries import RoundOpened
from mailround.register.store import Register
from mailround.render import render
from mailround.rounds import RoundKind
from mailround.sample_households import sample_recipients
from mailround.seal import package_path, seal
from mailround.settings import TOKYO, CheckSettings, Settings
from mailround.template_check import check_templates
from mailround.templates import load_templates
from mailround.vault import Vault
from mailround.verify import verify
from mailround.workspace import Workspace

ROUND_ID = "0000-00-specimen"
ISSUE_DATE, POSTING_DATE = date(2026, 11, 20), date(2026, 11, 24)
"""Fixed, and such that the dates of the sample decisions suit them."""
_POOL, _SEED = 2_000, 1
"""Households to pick from: enough that rare ones are among them."""
LONG, LONG_NAME = 350, 30
"""Characters above which a reason takes a second page and a name is a long one."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A specimen package: its password, and what it holds."""

    password: str
    pieces: int
    pages: int


def _of(population: Population) -> Callable[[Recipient], bool]:
    return lambda each: each.population is population


def _at_length_to(population: Population) -> Callable[[Recipient], bool]:
    return lambda each: each.population is population and each.decision is not None and len(each.decision.reason) > LONG


def _sent_elsewhere(reason: MailtoReason) -> Callable[[Recipient], bool]:
    return lambda each: each.mailto_reason == reason


_WANTED: tuple[Callable[[Recipient], bool], ...] = (
    *map(_of, Population),
    *map(_at_length_to, Population),
    *map(_sent_elsewhere, (MailtoReason.HOSPITAL, MailtoReason.INSTITUTION, MailtoReason.GUARDIAN)),
    lambda each: has_selector(each.name),
    lambda each: "𠮷" in each.name,
    lambda each: each.name.isascii() and len(each.name) > LONG_NAME,
    lambda each: not each.building,
)
"""What must be among the households, as far as their kind of round has it."""


def make_specimen(target: Path, *, kind: RoundKind, households: int, settings: CheckSettings, at: datetime) -> Specimen:
    """Write a specimen package of so many households, replacing a file that is there.

    Args:
        target: The ZIP to write.
        kind: The kind of round to print.
        households: How many, 20 to 500: every kind of household that is wanted has a place, and the pool suffices.
        settings: Where include and font are; nothing else of the ward is touched.
        at: The members' time stamp; the day on which the templates' wording must be approved.

    Raises:
        ConfigurationError: The templates have faults; tells them all.
        CountMismatchError: The checks hold a synthetic household back: the ward's own templates leave it no room.
    """
    if found := check_templates(settings.include, [kind], font=load_font(settings), issue_date=at.date()):
        told = "".join(f"\n・{fault.template}：{fault.problem}" for fault in found)
        raise ConfigurationError(
            f"様式に{len(found)}件の誤りがあり、見本を作れません。{told}",
            "include/templates を直し、`mailround templates check` で誤りがないことを確かめてください。",
        )
    with TemporaryDirectory(prefix="mailround-specimen-") as folder:
        work = _ward(Path(folder), kind, settings, at)
        write_recipients(work.workspace, _recipients(households, kind))
        checked = check_quality(work, at=at)
        if checked.printable != households:
            raise CountMismatchError(
                f"見本の世帯{households}件のうち、検査を通ったのは{checked.printable}件です。",
                "様式（include/templates）の枠の大きさと、検査の設定（include/expectations）を見直してください。",
            )
        for group in plan_print(work, at=at):
            verify(work, render(work, group, at=at), at=at)
        sealed = seal(work, at=at)
        with opened(package_path(work.settings, ROUND_ID)) as package, replacing(target) as file:
            shutil.copyfileobj(package, file)
        return Specimen(work.vault.open(ROUND_ID, PASSWORD).decode("ascii"), sealed.pieces, sealed.pages)


def _ward(folder: Path, kind: RoundKind, settings: CheckSettings, at: datetime) -> RoundContext:
    """Return a round in a ward of its own; it has no layout, and of a contract only what sealing asks for.

    Its households are nobody's, so that no item needs anybody's approval: all that it carries is taken as approved.
    """
    ward = Settings(
        inbox=folder / "inbox",
        data=folder / "data",
        outbox=folder / "outbox",
        vault=folder / "vault",
        vault_identity=folder / "vault-identity",
        register_url=f"sqlite:///{folder}/register/register.db",
        include=settings.include,
        font=settings.font,
        fallback_fonts=settings.fallback_fonts,
        alert_to=("nobody@localhost",),
    )
    register, vault = Register(ward.register_url), Vault(ward.vault, ward.vault_identity)
    register.migrate()
    vault.keep(ROUND_ID, ROUND_KEY, Workspace.new_key())
    opened = RoundOpened(
        round_kind=kind.name,
        source="",
        layout="",
        contract="",
        contract_sha256="",
        issue_date=ISSUE_DATE,
        posting_date=POSTING_DATE,
        triggered_by="mailround",
        run_id="",
    )
    register.append(opened, round_id=ROUND_ID, actor="mailround", at=at)
    items = carried_items(load_templates(ward.include, kind).values())
    approved = ApprovedItems(version=ROUND_ID, approved_on=at.astimezone(TOKYO).date(), items=tuple(sorted(items)))
    return RoundContext(
        round_id=ROUND_ID,
        opened=opened,
        settings=ward,
        kind=kind,
        contract=Contract.model_construct(approved_items={kind.name: approved}),  # type: ignore[call-arg]  # nothing else
        layout=Layout.model_construct(),  # type: ignore[call-arg]  # there is none
        register=register,
        vault=vault,
    )


def _recipients(households: int, kind: RoundKind) -> tuple[Recipient, ...]:
    """Return households that hold one of everything, marked as nobody's."""
    pool = [
        each
        for each in sample_recipients(_POOL, _SEED, kind, faults=False, wide=True).recipients
        if each.delivery is Delivery.POST and not each.protected
    ]
    return tuple(marked(number, each) for number, each in enumerate(_picked(pool, households), 1))


def _picked(pool: Sequence[Recipient], households: int) -> list[Recipient]:
    """Return the first of each kind that is wanted, and then whoever comes first, in the pool's order."""
    wanted = [next(filter(each, pool), None) for each in _WANTED]
    picked = dict.fromkeys(each for each in (*wanted, *pool) if each is not None)
    return sorted(islice(picked, households), key=lambda each: each.record_no)


def marked(number: int, each: Recipient) -> Recipient:
    """Write 見本 before every name and number, so that nobody takes the household for a real one."""
    decision = each.decision and replace(each.decision, document_no=f"見本第{number:06d}号")
    mailto = each.mailto_name and f"見本　{each.mailto_name}"
    return replace(each, record_no=number, name=f"見本　{each.name}", mailto_name=mailto, decision=decision)
