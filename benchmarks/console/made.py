"""A register of ten years, made at once: rounds as the tests record them, and the mail that came back from each.

One more round is real: made by the steps themselves, to where its approver is asked.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from mailround.check_quality import check_quality
from mailround.context import load_round
from mailround.extract import extract
from mailround.kept_templates import keep_templates
from mailround.local.drive import sample_round
from mailround.model import Population
from mailround.open_round import open_round
from mailround.plan_print import plan_print
from mailround.proof import make_proof
from mailround.register.chain import Stored
from mailround.register.entries import HOUSE, AnyBody, CheckpointSigned, HoldsDecided, MailReturned, MailSettled
from mailround.register.store import Register
from mailround.render import render
from mailround.rounds import load_round_kind
from mailround.seal import seal
from mailround.settings import TOKYO, Settings
from mailround.templates import Template, load_templates
from mailround.templates import digest as digest_of
from mailround.verify import verify
from registered import digest, record_round
from tampered import chained

LAST = date(2026, 11, 2)
"""The day on which the last round was opened: it waits for the handover of its disc."""
APART = timedelta(days=91)
REASONS = ("あて所に尋ねあたりません", "転居先不明", "保管期間経過", "受取拒絶")


def _templates(settings: Settings) -> dict[Population, Template]:
    return load_templates(settings.include, load_round_kind(settings.include, "change_notice"))


def _as_it_was(template: Template) -> Template:
    """Return the template with another text in it."""
    text, *_ = template.texts
    return template.model_copy(update={"texts": template.texts | {text: f"以前の{template.texts[text]}"}})


class _Kept:
    """What is told to it in the place of a register."""

    def __init__(self) -> None:
        self.rows: list[Stored] = []

    def append(self, body: AnyBody, *, round_id: str, actor: str, at: datetime) -> None:
        self.rows.append(Stored(0, at.isoformat(), actor, round_id, body.model_dump_json(), "", ""))


def fill(settings: Settings, rounds: int, entries: int) -> tuple[str, str]:
    """Put so many rounds and entries into an empty register; return the ids of the last round and of the one before.

    The last waits for its handover. All were printed with somewhat other templates than today's; those of the one
    before are kept. What is missing from the number of entries is mail that came back and what was done about it, the
    same number for each of the other rounds.
    """
    kept: Any = _Kept()
    names = []
    older = {each: _as_it_was(template) for each, template in _templates(settings).items()}
    for number in reversed(range(rounds)):
        opened = LAST - number * APART
        names.append(f"{opened:%Y-%m}-change")
        upto = "close_round" if number else "approve_release"
        record_round(kept, names[-1], opened_on=opened, up_to=upto, templates_sha256=digest_of(older))
        at = datetime.combine(opened + timedelta(days=15), time(17), TOKYO)
        signed = CheckpointSigned(
            entries=len(kept.rows), head=digest(number), signed_at=at, fingerprint="ab" * 32, signature="cd" * 64
        )
        kept.append(signed, round_id=HOUSE, actor="mailround", at=at)
    missing = entries - len(kept.rows)
    for place in range(missing // 2):
        _return(kept, names[place % (rounds - 1)], place, LAST - (rounds - 1 - place % (rounds - 1)) * APART)
    for _ in range(missing % 2):
        kept.append(signed, round_id=HOUSE, actor="mailround", at=at)
    rows = sorted(kept.rows, key=lambda row: row.at)
    Register(settings.register_url).take_over(chained(rows))
    keep_templates(settings, names[-2], older)
    return names[-1], names[-2]


def _return(kept: _Kept, round_id: str, place: int, opened: date) -> None:
    came = opened + timedelta(days=20 + place % 15)
    at = datetime.combine(came, time(9 + place % 8, place % 60), TOKYO)
    piece_id = f"{place:07d}".translate(str.maketrans("01", "XY")).ljust(9, "K")
    reason = REASONS[place % len(REASONS)]
    returned = MailReturned(piece_id=piece_id, reason=reason, returned_on=came, run_id=f"manual__{came}")
    kept.append(returned, round_id=round_id, actor="officer", at=at)
    settled = MailSettled(piece_id=piece_id, returned_on=came, action="窓口で交付", reference="第12号")
    kept.append(settled, round_id=round_id, actor="officer", at=at + timedelta(minutes=20))


def seal_round(settings: Settings, households: int, at: datetime) -> str:
    """Lead a round over a sample export to the question for its approval; return its id."""
    params = sample_round(settings, households=households, seed=1, name="sealed")
    open_round(settings, params.model_dump(mode="json"), run_id="manual__sealed", triggered_by="datateam", at=at)
    work = load_round(settings, params.round_id)
    extract(work, at=at)
    held = check_quality(work, at=at).held
    decided = HoldsDecided(held=held, go_on=True, answered_at=at, change_acknowledged=True)
    work.register.append(decided, round_id=work.round_id, actor="datateam", at=at)
    for group in plan_print(work, at=at):
        verify(work, render(work, group, at=at), at=at)
    seal(work, at=at)
    make_proof(work, at=at)
    return work.round_id
