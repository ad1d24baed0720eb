"""The evidence report of a round: what the register says about every promised control, and nothing from elsewhere.

A function of register entries and of the checklist's wording: whoever has an export of the register can make it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mailround.controls import Control
from mailround.register.entries import (
    Body,
    ContractStated,
    ControlAttested,
    Correction,
    Entry,
    Extracted,
    GatesEvaluated,
    ItemsReturned,
    MailReturned,
    MediaImaged,
    Posted,
    PrintPlanned,
    QualityChecked,
    RoundOpened,
    Sealed,
    latest,
)
from mailround.register.listing import rows
from mailround.settings import TOKYO

Status = Literal["enforced", "recorded", "attested", "open"]
"""Kept by a gate each time; shown by entries; shown by a paper on file; not shown."""
STATUSES: dict[Status, str] = {"enforced": "強制", "recorded": "記録", "attested": "確認", "open": "未確認"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Line(_Part):
    """One entry of the register; ``at`` in Tokyo's time, ``content`` in Japanese."""

    seq: int
    at: str
    actor: str
    title: str
    content: str


class ControlLine(_Part):
    """One row of the checklist with the entries that show it, oldest first."""

    id: str
    text: str
    status: Status
    proofs: tuple[Line, ...]


class Evidence(_Part):
    """The report. ``tally`` and ``digests`` are (Japanese title, value); ``head`` is the hash of the last entry.

    ``checkpoint`` is the signed line that covers everything before the report, empty for a round still under way.
    """

    round_id: str
    round_kind: str
    contract: str
    contractor: str
    issue_date: date
    posting_date: date
    triggered_by: str
    extracted_by: str
    tally: tuple[tuple[str, int], ...]
    digests: tuple[tuple[str, str], ...]
    controls: tuple[ControlLine, ...]
    entries: tuple[Line, ...]
    last_entry: int
    head: str
    checkpoint: str

    def count(self, status: Status) -> int:
        """Return how many rows of the checklist have a status."""
        return sum(each.status == status for each in self.controls)


def evidence(
    entries: Iterable[Entry], controls: Sequence[Control], checkpoint: str = "", *, house: Iterable[Entry] = ()
) -> Evidence:
    """Return the report of one round.

    Args:
        entries: The round's, oldest first, the one of its opening among them.
        controls: The checklist.
        checkpoint: A checkpoint's text.
        house: The house's; what was recorded between the round's first and last entry shows controls of the round too.

    Raises:
        ValueError: The entries are not those of a round that was opened.
    """
    listed = tuple(entries)
    opened, stated = latest(listed, RoundOpened), latest(listed, ContractStated)
    if opened is None:
        raise ValueError("no round was opened by these entries")
    return Evidence(
        round_id=listed[0].round_id,
        round_kind=opened.round_kind,
        contract=opened.contract,
        contractor=stated.contractor if stated else "",
        issue_date=opened.issue_date,
        posting_date=opened.posting_date,
        triggered_by=opened.triggered_by,
        extracted_by=opened.extracted_by,
        tally=tuple(_tally(listed)),
        digests=tuple(_digests(listed)),
        controls=_judged(controls, listed, [each for each in house if listed[0].seq < each.seq < listed[-1].seq]),
        entries=_lines(listed),
        last_entry=listed[-1].seq,
        head=listed[-1].hash,
        checkpoint=checkpoint,
    )


def _lines(entries: Sequence[Entry]) -> tuple[Line, ...]:
    return tuple(Line(seq=r.seq, at=r.at, actor=r.actor, title=r.title, content=r.content) for r in rows(entries))


def _judged(controls: Sequence[Control], of_round: Sequence[Entry], house: Sequence[Entry]) -> tuple[ControlLine, ...]:
    """Return every row with its status, as of the day of the round's last entry."""
    entries = (*of_round, *house)
    corrected = {entry.body.corrects for entry in entries if isinstance(entry.body, Correction)}
    last: dict[tuple[object, ...], tuple[Body, Line]] = {}
    for entry, line in zip(entries, _lines(entries), strict=True):
        if entry.seq not in corrected:
            last[entry.body.about()] = entry.body, line
    standing = tuple(last.values())
    today = datetime.fromisoformat(of_round[-1].at).astimezone(TOKYO).date()
    return tuple(_row(control, standing, today) for control in controls)


def _row(control: Control, standing: Sequence[tuple[Body, Line]], today: date) -> ControlLine:
    looked_at = [(body, line) for body, line in standing if isinstance(body, GatesEvaluated)]
    gates = [(body, line) for body, line in looked_at if {*body.passed, *body.closed} & {*control.gates}]
    passed = {gate for body, _ in gates for gate in body.passed}
    closed = {gate for body, _ in gates for gate in body.closed}
    shown = [line for body, line in standing if getattr(body, "kind", "") in control.entries]
    kinds = {getattr(body, "kind", "") for body, _ in standing}
    papers = [
        line
        for body, line in standing
        if isinstance(body, ControlAttested)
        and body.control == control.id
        and body.attested_on <= today <= body.valid_until
    ]
    kept = passed >= {*control.gates} and not closed & {*control.gates} and kinds >= {*control.entries}
    status: Status
    if kept and control.gates:
        status = "enforced"
    elif kept and control.entries:
        status = "recorded"
    else:
        status = "attested" if papers else "open"
    proofs = sorted((*(line for _, line in gates), *shown, *papers), key=lambda line: line.seq)
    return ControlLine(id=control.id, text=control.text, status=status, proofs=tuple(proofs))


def _tally(entries: Sequence[Entry]) -> Iterable[tuple[str, int]]:
    """Yield every count of the round that must reconcile with its neighbours."""
    if checked := latest(entries, QualityChecked):
        yield from (("取込", checked.rows), ("印刷対象", checked.printable), ("保留", checked.held))
        yield from (("対象外", checked.excluded), ("窓口交付", checked.counter))
    planned = latest(entries, PrintPlanned)
    if planned and planned.released:
        yield "保留のうち解除", planned.released
    if sealed := latest(entries, Sealed):
        yield from (("封緘（通）", sealed.pieces), ("封緘（頁）", sealed.pages))
    if posted := latest(entries, Posted):
        yield from (("引渡し", posted.handed_over), ("抜取り", posted.withdrawn), ("破損", posted.spoiled))
        yield from (("再印刷", posted.reprinted), ("発送", posted.posted))
    if returned := {entry.body.piece_id for entry in entries if isinstance(entry.body, MailReturned)}:
        yield "返戻", len(returned)
    if items := latest(entries, ItemsReturned):
        yield from (("返却（媒体）", items.discs), ("返却（通知書）", items.notices))


def _digests(entries: Sequence[Entry]) -> Iterable[tuple[str, str]]:
    """Yield the SHA-256 of what went from step to step."""
    if opened := latest(entries, RoundOpened):
        yield from (("契約の設定", opened.contract_sha256), ("様式", opened.templates_sha256))
    if extracted := latest(entries, Extracted):
        yield from (("データファイル", extracted.sha256), ("読み取った記録", extracted.records_sha256))
    if planned := latest(entries, PrintPlanned):
        yield "印刷計画", planned.plan_sha256
    if sealed := latest(entries, Sealed):
        yield "パッケージ", sealed.sha256
    if imaged := latest(entries, MediaImaged):
        yield "目録", imaged.manifest_sha256
