"""Step 18: destroy the last thing that points to a household, write the evidence report, and close the round."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.incident import open_incidents
from mailround.items import open_items
from mailround.private_files import replacing
from mailround.purge import erase, require_only
from mailround.register.bodies.custody import KEY_DESTRUCTION
from mailround.register.entries import (
    Body,
    DeletionCertified,
    Entry,
    ItemsReturned,
    MediaHandedOver,
    PasswordHandedOver,
    Posted,
    PrintPlanned,
    Purged,
    QualityChecked,
    ReceiptConfirmed,
    ReleaseApproved,
    RoundClosed,
    Sealed,
    latest,
)
from mailround.register.listing import rows
from mailround.returned_mail import unsettled
from mailround.settings import Settings
from mailround.withdrawal import open_requests

REQUIRED: tuple[type[Body], ...] = (
    Sealed,
    ReleaseApproved,
    MediaHandedOver,
    PasswordHandedOver,
    ReceiptConfirmed,
    Posted,
    PrintPlanned,
    Purged,
    ItemsReturned,
    DeletionCertified,
)
"""What must stand in the register; Airflow's task states prove nothing, an administrator can set them."""


def report_path(settings: Settings, round_id: str) -> Path:
    """Return where a round's evidence report lies."""
    return settings.outbox / round_id / "evidence" / f"{round_id}.md"


def close_round(work: RoundContext, *, at: datetime) -> None:
    """Close a round whose deletion is certified. Doing it again writes the same report and records nothing twice.

    Args:
        work: The round.
        at: The time of closing.

    Raises:
        GateClosedError: A step of the round does not stand in the register, or something is not accounted for; names
            them all.
        RegisterError: The register's chain is broken.
        WorkspaceError: A file of the round is left somewhere.
    """
    work.register.verify()
    entries = work.entries
    missing = [kind.title for kind in REQUIRED if latest(entries, kind) is None]
    if missing:
        raise GateClosedError(
            f"管理簿に次の記録がないため、回を完了できません：{'、'.join(missing)}。",
            "足りない工程を行い、記録してからやり直してください。",
        )
    closing = next((entry.seq for entry in entries if isinstance(entry.body, RoundClosed)), None)
    before = [entry for entry in entries if closing is None or entry.seq < closing]
    if left := unaccounted(before):
        raise GateClosedError(
            f"次のことが終わっていないため、回を完了できません：{'、'.join(left)}。",
            "終わらせて、記録してからやり直してください。",
        )
    erase(work, index=True)
    require_only(work)
    report = evidence(work, before)
    with replacing(report_path(work.settings, work.round_id)) as file:
        file.write(report)
    work.register.append(
        RoundClosed(report_sha256=hashlib.sha256(report).hexdigest()),
        round_id=work.round_id,
        actor="mailround",
        at=at,
    )


def unaccounted(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return in Japanese what keeps a round open although each of its steps is recorded; ids and counts only."""
    items, requests = open_items(entries), open_requests(entries)
    returned, incidents = unsettled(entries), open_incidents(entries)
    told = []
    if items:
        told.append(f"戻っていないか、消去の証明がない物（{'・'.join(item.title for item in items)}）")
    if requests:
        told.append(f"結果の記録がない抜取り（依頼番号 {'・'.join(str(each.request_no) for each in requests)}）")
    if returned:
        told.append(f"処理の記録がない返戻（{len(returned):,} 通）")
    if incidents:
        told.append(f"終わっていない事故対応（事故番号 {'・'.join(str(each.incident_no) for each in incidents)}）")
    return tuple(told)


def evidence(work: RoundContext, entries: Sequence[Entry]) -> bytes:
    """Return the evidence report as Japanese Markdown: a function of the round's register entries and its contract.

    The last entry's hash covers every entry before it, of all rounds: printed and filed, it anchors the chain.
    """
    opened = work.opened
    steps = []
    for kind in REQUIRED:
        entry = next(entry for entry in reversed(entries) if entry.body is latest(entries, kind))
        [row] = rows([entry])
        steps.append((row.title, row.at, row.actor, f"第{row.seq}号"))
    listed = [(f"{row.seq}", row.at, row.actor, row.title, row.content) for row in rows(entries)]
    lines = [
        f"# 証跡報告書　回 {work.round_id}",
        "",
        "管理簿の記録だけから作成しました。個人情報は含みません。",
        "",
        f"* 発送種別：{work.kind.title}",
        f"* 契約：{work.contract.title}",
        f"* 発行日：{opened.issue_date}　発送予定日：{opened.posting_date}",
        f"* 開始者：{opened.triggered_by}",
        "",
        "## 件数の照合",
        "",
        *_table(("段階", "件数"), _counts(entries)),
        "",
        "## 統制の記録",
        "",
        *_table(("統制", "日時", "取扱者", "管理簿"), steps),
        "",
        KEY_DESTRUCTION,
        "",
        "## この回の全記録",
        "",
        *_table(("番号", "日時", "取扱者", "種別", "内容"), listed),
        "",
        "## 連鎖の検証",
        "",
        f"作成時に管理簿の全連鎖を検証しました。この回の末尾は第{entries[-1].seq}号、ハッシュは次のとおりです。",
        "",
        f"`{entries[-1].hash}`",
        "",
    ]
    return "\n".join(lines).encode("utf-8")


def _counts(entries: Sequence[Entry]) -> list[tuple[str, ...]]:
    """Return every count of the round that must reconcile with its neighbours."""
    checked, planned = latest(entries, QualityChecked), latest(entries, PrintPlanned)
    sealed, posted = latest(entries, Sealed), latest(entries, Posted)
    told = []
    if checked:
        told += [("取込", checked.rows), ("印刷対象", checked.printable)]
        told += [("保留", checked.held), ("対象外", checked.excluded), ("窓口交付", checked.counter)]
    if planned and planned.released:
        told += [("保留のうち解除", planned.released)]
    if sealed:
        told += [("封緘（通）", sealed.pieces), ("封緘（頁）", sealed.pages)]
    if posted:
        told += [("引渡し", posted.handed_over), ("抜取り", posted.withdrawn), ("破損", posted.spoiled)]
        told += [("再印刷", posted.reprinted), ("発送", posted.posted)]
    return [(title, f"{count:,}") for title, count in told]


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table; a cell cannot break out of it."""
    rule = ["---"] * len(columns)
    return [f"| {' | '.join(map(_cell, line))} |" for line in (columns, rule, *lines)]


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")
