"""The password notice: a paper made once, in memory, after the media handover; then the secret is destroyed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from mailround.context import PASSWORD, RoundContext
from mailround.errors import GateClosedError, PrintError
from mailround.fonts import load_font
from mailround.pdf_font import EmbeddedFont
from mailround.register.entries import Entry, MediaHandedOver, PasswordNoticeIssued, latest
from mailround.settings import TOKYO

READINGS = {
    **dict(zip("23456789", ("に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"), strict=True)),
    **dict(zip("ABCDEFG", ("エー", "ビー", "シー", "ディー", "イー", "エフ", "ジー"), strict=True)),
    **dict(zip("HJKLMN", ("エイチ", "ジェイ", "ケー", "エル", "エム", "エヌ"), strict=True)),
    **dict(zip("PQRSTU", ("ピー", "キュー", "アール", "エス", "ティー", "ユー"), strict=True)),
    **dict(zip("VWXYZ", ("ブイ", "ダブリュー", "エックス", "ワイ", "ゼット"), strict=True)),
}
"""How each symbol of the alphabet is read aloud: hiragana for figures, katakana for letters, so that 8 is not B."""

_LEFT, _RIGHT = 25 * mm, 185 * mm


@dataclass(frozen=True, slots=True)
class _Text:
    """A line of text at its left end, or around its middle."""

    x: float
    y: float
    size: float
    text: str
    centred: bool = False


def issue(work: RoundContext, deliver: Callable[[bytes], None], *, at: datetime) -> None:
    """Make the notice, deliver it, record it, destroy the secret: in this order, once.

    The secret goes last: whatever fails before leaves it in the vault, so that trying again delivers the same
    password. A crash between the record and the destruction is finished by the next call, which delivers nothing.

    Args:
        work: The round.
        deliver: Takes the PDF's bytes to paper or to an open file; raises when it could not.
        at: The time of issue, printed on the notice.

    Raises:
        GateClosedError: The media handover is not recorded, or the notice was issued already.
        VaultError: The password is destroyed or was never made.
    """
    entries = work.entries
    media = latest(entries, MediaHandedOver)
    if media is None:
        raise GateClosedError(
            "媒体の引渡しが記録されていないため、パスワード通知書を作成できません（点検表7）。",
            "先に媒体を引き渡し、Airflowの「10 媒体の引渡し」に記録してください。",
        )
    if latest(entries, PasswordNoticeIssued) is not None:
        work.vault.destroy(work.round_id, PASSWORD)
        raise GateClosedError(
            "パスワード通知書は作成済みです。作成は一度だけで、元のパスワードは廃棄しました。",
            "通知書を紛失した場合は事故として報告し、新しい回の番号で作り直してください。",
        )
    notice = PasswordNoticeIssued(notice_no=f"PW-{work.round_id}", media_no=media.media_no)
    password = work.vault.open(work.round_id, PASSWORD).decode("ascii")
    deliver(draw(work, notice, password, entries[-1], at=at))
    work.register.append(notice, round_id=work.round_id, actor="mailround", at=at)
    work.vault.destroy(work.round_id, PASSWORD)


def draw(work: RoundContext, notice: PasswordNoticeIssued, password: str, last: Entry, *, at: datetime) -> bytes:
    """Return the notice as a one-page A4 PDF.

    Args:
        work: The round.
        notice: The numbers of notice and media.
        password: The secret itself.
        last: The round's last register entry, printed as an anchor of the chain.
        at: The date of issue.

    Raises:
        PrintError: The font cannot print the contract's title; nothing is replaced silently.
    """
    texts = [
        *_heading(work, notice, at),
        *_symbols(password),
        *_rules(),
        *_blanks(),
        _Text(_LEFT, 18 * mm, 8, f"管理簿　第{last.seq}号　{last.hash}"),
    ]
    full = load_font(work.settings)
    if full.missing("".join(each.text for each in texts)):
        raise PrintError("パスワード通知書に印字できない文字があります。", "契約の設定の名称を確認してください。")
    font = EmbeddedFont(full.subset(each.text for each in texts)).fontName
    target = io.BytesIO()
    canvas = Canvas(target, A4, initialFontName=font, invariant=1)  # type: ignore[arg-type]  # the stub is wrong
    canvas.setTitle(notice.notice_no)
    canvas.setLineWidth(0.8)
    canvas.rect(*_BOX)
    canvas.setLineWidth(0.5)
    for number in range(6):
        canvas.rect(*_cell(number))
    for each in texts:
        canvas.setFont(font, each.size)
        (canvas.drawCentredString if each.centred else canvas.drawString)(each.x, each.y, each.text)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _heading(work: RoundContext, notice: PasswordNoticeIssued, at: datetime) -> Iterator[_Text]:
    yield _Text(105 * mm, 258 * mm, 20, "パスワード通知書", centred=True)
    yield _Text(105 * mm, 249 * mm, 11, "取扱注意・複写禁止・使用後返却", centred=True)
    facts = (
        ("文書番号", notice.notice_no),
        ("作成日", f"{at.astimezone(TOKYO):%Y年%m月%d日}"),
        ("契約", work.contract.title),
        ("回", f"{work.round_id}（{work.kind.title}）"),
        ("媒体番号", notice.media_no),
    )
    for number, (label, value) in enumerate(facts):
        y = (236 - 7 * number) * mm
        yield _Text(_LEFT, y, 10.5, label)
        yield _Text(_LEFT + 26 * mm, y, 10.5, value)


_BOX = (_LEFT, 141 * mm, _RIGHT - _LEFT, 58 * mm)
"""The frame around the password."""


def _symbols(password: str) -> Iterator[_Text]:
    """Place the symbols large, four groups of five on two lines, then below each its reading."""
    places = []
    for number in range(len(password)):
        line, place = divmod(number, 10)
        places.append((_LEFT + (14 + 13.5 * place + 5 * (place // 5)) * mm, (181 - 27 * line) * mm))
    for symbol, (x, y) in zip(password, places, strict=True):
        yield _Text(x, y, 32, symbol, centred=True)
    for symbol, (x, y) in zip(password, places, strict=True):
        yield _Text(x, y - 6 * mm, 7.5, READINGS[symbol], centred=True)


def _rules() -> Iterator[_Text]:
    rules = (
        "半角の英大文字と数字です。上の行の左から右へ、続けて下の行を、空白を入れずに入力してください。",
        "数字の０と１、英字のＩとＯは使いません。読みがひらがなのものは数字、カタカナのものは英字です。",
        "7-Zipなど、AES-256に対応したソフトで開いてください（Windows標準の展開機能では開けません）。",
        "媒体とは別の機会に、封をして鍵付きカバンで手渡してください。郵送・メール・電話は使いません。",
        "作業が終わったら、媒体とともに返却してください。紛失したときは直ちに連絡してください。",
    )
    for number, rule in enumerate(rules, start=1):
        yield _Text(_LEFT, (135 - 6.5 * number) * mm, 9.3, f"{number}　{rule}")


def _cell(number: int) -> tuple[float, float, float, float]:
    """Return x, y, width and height of the six cells that are filled in by hand, two to a line."""
    width, height = (_RIGHT - _LEFT) / 2, 14 * mm
    return _LEFT + (number % 2) * width, 78 * mm - (number // 2) * height, width, height


def _blanks() -> Iterator[_Text]:
    date = "　　　　　年　　　月　　　日"
    blanks = (
        ("引渡日時", f"{date}　　　時　　　分"),
        ("返却期限", date),
        ("引渡者（署名）", ""),
        ("受領者（署名）", ""),
        ("返却日", date),
        ("返却の受領者（署名）", ""),
    )
    for number, (label, value) in enumerate(blanks):
        x, y, _, height = _cell(number)
        yield _Text(x + 2 * mm, y + height - 4 * mm, 8, label)
        if value:
            yield _Text(x + 4 * mm, y + 3 * mm, 9, value)
