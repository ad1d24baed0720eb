"""The sheet that both sides sign at a handover (確認記録票): the register's columns on paper (control 9).

What the system knows is printed; what happens there is written by hand and typed into the form afterwards. The paper
carries the manifest's SHA-256 and a signed checkpoint, so that it still tells what the register said that day when
nobody believes the register any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from reportlab.lib.units import mm

from mailround.approve_release import release_of
from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.forms import recorded
from mailround.gates import HANDOVER, require
from mailround.handover import Item, sheets
from mailround.overdue import return_due, written_rule
from mailround.package_check import MANIFEST
from mailround.paper import Frame, Page, Text, checkpoint_block, draw
from mailround.password_notice import copies, require_notice
from mailround.private_files import read, size
from mailround.qr import qr_code
from mailround.register.checkpoint import Checkpoint, sign
from mailround.register.entries import (
    HandoverSheetPrinted,
    MediaChecked,
    MediaHandedOver,
    MediaImaged,
    PasswordHandedOver,
    Sealed,
    latest,
    standing,
)
from mailround.seal import package_path
from mailround.settings import TOKYO

_TITLES: dict[Item, str] = {"media": "媒体の引渡し", "password": "パスワード通知書の引渡し"}
_LETTERS: dict[Item, str] = {"media": "M", "password": "P"}
_HOLDERS = ("区　控", "委託先　控")
"""Each side keeps one page with both signatures."""

_LEFT, _RIGHT = 22 * mm, 188 * mm
_LABELLED = 36 * mm
"""Width of the column of labels."""
_FACTS_TOP = 255 * mm
_FACT = 6.8 * mm
"""Height of a printed line; hands need more."""
_LINE = 14 * mm
"""Height of a line that is filled in by hand."""
_SIGNED = 24 * mm
_DATE = "　　　　　年　　　月　　　日"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What one print says."""

    title: str
    number: str
    facts: Sequence[tuple[str, str]]
    checks: Sequence[str]
    deleted: bool
    """Whether what is handed over will be deleted, not only given back."""


def print_sheet(
    work: RoundContext, item: Item, deliver: Callable[[bytes], None], *, at: datetime, actor: str = "mailround"
) -> None:
    """Sign a checkpoint, record that the sheet is printed, then deliver it.

    The record comes first, as everywhere that papers leave: one that is on record and jammed in the printer is printed
    again, one that is out and on no record is nowhere. It holds nothing secret, so that every print is as good.

    Args:
        work: The round; for ``media`` its disc is checked, for ``password`` its notice is made.
        item: What is handed over.
        deliver: Takes the PDF's bytes to paper or to an open file; raises when it could not.
        at: The time of the print.
        actor: Who asked for it; ``mailround`` where only the machine's own login is known.

    Raises:
        GateClosedError: It is not the time for this sheet, or the package is not what was approved.
        PrintError: The font cannot print the contract's title.
        RegisterError: The register does not verify; nothing is signed.
        RoundEndedError: The round is ended.
        VaultError: The register's signing key is not there.
    """
    sealed = work.released(Sealed)
    require(HANDOVER, release_of(work), work.opened.posting_date)
    if sealed is None:  # which the gates have said already
        raise GateClosedError("引渡しの承認が管理簿にありません（点検表19）。", "承認されてから出力してください。")
    media_no = _checked(work, sealed) if item == "media" else _handed_over(work)
    manifest_sha256, copy_no = _manifest_sha256(work, sealed), len(sheets(work, item, sealed.sha256)) + 1
    sheet = _Sheet(
        title=_TITLES[item],
        number=f"HS-{work.round_id}-{_LETTERS[item]}{copy_no}",
        facts=tuple(_facts(work, item, sealed, media_no, manifest_sha256)),
        checks=_CHECKS[item],
        deleted=item == "media",
    )
    checkpoint = sign(work.register, work.settings.checkpoint_key, at=at)
    pdf = draw_sheet(work, sheet, checkpoint, at=at)
    body = HandoverSheetPrinted(
        item=item,
        copy_no=copy_no,
        media_no=media_no,
        package_sha256=sealed.sha256,
        manifest_sha256=manifest_sha256,
        checkpoint=checkpoint.text,
    )
    work.register.append(body, round_id=work.round_id, actor=actor, at=at)
    deliver(pdf)


def draw_sheet(work: RoundContext, sheet: _Sheet, checkpoint: Checkpoint, *, at: datetime) -> bytes:
    """Return the sheet as an A4 PDF of two pages, one for each side.

    Raises:
        PrintError: The font cannot print something.
    """
    block = checkpoint_block(checkpoint.text, qr_code(checkpoint.text), left=_LEFT, right=_RIGHT, bottom=12 * mm)
    pages = []
    for holder in _HOLDERS:
        texts, frames = [*_heading(sheet, holder, at), *block.texts], [_HOLDER_FRAME]
        for part in (_printed(sheet.facts), _written(sheet, _FACTS_TOP - len(sheet.facts) * _FACT - 4 * mm)):
            texts += part.texts
            frames += part.frames
        pages.append(Page(texts, frames, block.codes))
    return draw(work.settings, sheet.number, pages)


def _checked(work: RoundContext, sealed: Sealed) -> str:
    """Return the number of the disc that was checked last."""
    numbers = [each.media_no for each in standing(work.entries, MediaChecked) if each.package_sha256 == sealed.sha256]
    if not numbers:
        raise GateClosedError(
            "照合した媒体の記録がないため、媒体の確認記録票を出力できません（点検表9）。",
            "`mailround media check` で媒体を照合してから、もう一度実行してください。",
        )
    if latest(work.entries, MediaHandedOver) is not None:
        raise GateClosedError(
            "媒体の引渡しは記録済みのため、確認記録票を出力できません。",
            "署名した確認記録票は、区と委託先が一部ずつ保管しています。その写しを使ってください。",
        )
    return numbers[-1]


def _handed_over(work: RoundContext) -> str:
    """Return the number of the disc whose password is to be handed over."""
    media = recorded(work, MediaHandedOver)
    require_notice(work)
    if latest(work.entries, PasswordHandedOver) is not None:
        raise GateClosedError(
            "パスワード通知書の引渡しは記録済みのため、確認記録票を出力できません。",
            "署名した確認記録票は、区と委託先が一部ずつ保管しています。その写しを使ってください。",
        )
    return media.media_no


def _manifest_sha256(work: RoundContext, sealed: Sealed) -> str:
    """Return the manifest's SHA-256 as the disc was made with it; an earlier version recorded none of that."""
    made = [each for each in standing(work.entries, MediaImaged) if each.package_sha256 == sealed.sha256]
    if made:
        return made[-1].manifest_sha256
    manifest = package_path(work.settings, work.round_id).with_name(MANIFEST)
    if size(manifest) is None:
        raise GateClosedError("パッケージの目録がありません（点検表9）。", "システム担当へ連絡してください。")
    return hashlib.sha256(read(manifest)).hexdigest()


def _facts(
    work: RoundContext, item: Item, sealed: Sealed, media_no: str, manifest_sha256: str
) -> Iterator[tuple[str, str]]:
    yield "契約", work.contract.title
    yield "回", f"{work.round_id}（{work.kind.title}）"
    if item == "media":
        yield "媒体の種別・番号", f"DVD（番号 {media_no}）"
        yield "内容", f"印刷データ {work.round_id}.zip と、その目録 {MANIFEST}"
        yield "件数・枚数", f"媒体 1枚、{sealed.pieces:,}通、{sealed.pages:,}頁"
    else:
        copy_no = copies(work)
        yield "通知書の番号", f"{require_notice(work).notice_no}　第{copy_no}部"
        yield "内容", f"媒体 {media_no} の中の {work.round_id}.zip のパスワード通知書（封入）"
        yield "件数・枚数", "通知書 1通（1枚）"
    yield "暗号化方式", sealed.algorithm
    yield "ZIPのSHA-256", sealed.sha256
    yield "目録のSHA-256", manifest_sha256
    posting = work.opened.posting_date
    back = return_due(work.entries, work.contract, posting)
    yield "返却予定日", f"{back:%Y年%m月%d日}（{posting:%Y年%m月%d日}に発送した場合）"
    if item == "media":
        due = written_rule(work.contract).after(posting)
        yield "消去予定日", f"{due:%Y年%m月%d日}（同上。委託先のデータの消去の期限）"


_CHECKS: dict[Item, Sequence[str]] = {
    "media": (
        "□　媒体のラベルの番号と枚数が、上と同じ",
        "□　パスワード通知書は、一緒に渡していない",
        "□　カバンの施錠を、双方が確かめた",
    ),
    "password": (
        "□　通知書の番号と部が、上と同じ",
        "□　封が破られていない",
        "□　カバンの施錠を、双方が確かめた",
    ),
}

_HOLDER_FRAME = Frame(158 * mm, 272 * mm, 30 * mm, 9 * mm, line=0.8)


def _heading(sheet: _Sheet, holder: str, at: datetime) -> Iterator[Text]:
    yield Text(173 * mm, 274.7 * mm, 12, holder, centred=True)
    yield Text(105 * mm, 262 * mm, 17, f"確認記録票（{sheet.title}）", centred=True)
    yield Text(_LEFT, 276 * mm, 9, f"番号　{sheet.number}")
    yield Text(_LEFT, 271.5 * mm, 9, f"出力　{at.astimezone(TOKYO):%Y年%m月%d日 %H:%M}")


def _printed(facts: Sequence[tuple[str, str]]) -> Page:
    """Return what the system knows, a line each."""
    texts, frames = [], []
    for number, (label, value) in enumerate(facts, start=1):
        y = _FACTS_TOP - number * _FACT
        frames += [Frame(_LEFT, y, _LABELLED, _FACT), Frame(_LEFT + _LABELLED, y, _RIGHT - _LEFT - _LABELLED, _FACT)]
        texts += [
            Text(_LEFT + 2 * mm, y + 2.1 * mm, 9, label),
            Text(_LEFT + _LABELLED + 2 * mm, y + 2.1 * mm, 9, value, room=_RIGHT - _LEFT - _LABELLED - 4 * mm),
        ]
    return Page(texts, frames)


def _written(sheet: _Sheet, top: float) -> Page:
    """Return what is filled in by hand: the handing over, the signatures, then what comes back."""
    half, whole = (_RIGHT - _LEFT) / 2, _RIGHT - _LEFT
    rows: tuple[tuple[float, Sequence[tuple[str, str, float]]], ...] = (
        (_LINE, (("引渡しの日時", f"{_DATE}　　　時　　　分", half), ("引渡しの場所", "", half))),
        (_LINE, (("鍵付きカバンの番号", "", half), ("委託先での保管場所", "", half))),
        (_SIGNED, (("引渡者（区）取扱者ID・署名", "", half), ("受領者（委託先）取扱者ID・署名", "", half))),
        (_LINE, (("備考", "", whole),)),
        (_LINE, (("返却日", _DATE, half), ("返却の受領者（署名）", "", half))),
        *(((_LINE, (("消去日", _DATE, half), ("消去報告書の番号", "", half))),) if sheet.deleted else ()),
    )
    lines = ("双方で確かめて、□に印を付けてから署名してください。", *sheet.checks)
    texts = [Text(_LEFT + 2 * mm, top - (5.5 * line - 3) * mm, 10, text) for line, text in enumerate(lines, start=1)]
    frames, y = [], top - 5.5 * len(lines) * mm
    for height, cells in rows:
        y -= height
        x = _LEFT
        for label, value, width in cells:
            frames.append(Frame(x, y, width, height))
            texts.append(Text(x + 1.5 * mm, y + height - 3.4 * mm, 7.5, label))
            if value:
                texts.append(Text(x + 4 * mm, y + 2 * mm, 9, value))
            x += width
    return Page(texts, frames)
