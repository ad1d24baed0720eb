"""The password notice: a paper made in memory, after the media handover; every copy is recorded before it is made.

The secret outlives the paper until the handover of the paper is recorded: a copy that jams or is soiled is replaced by
another with a number of its own, for a reason that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from reportlab.lib.units import mm

from mailround.context import PASSWORD, RoundContext
from mailround.errors import GateClosedError, RegisterError
from mailround.forms import Label, recorded
from mailround.paper import Frame, Page, Text, checkpoint_block, draw
from mailround.qr import qr_code
from mailround.register.checkpoint import Checkpoint, sign
from mailround.register.entries import (
    MediaHandedOver,
    PasswordHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    latest,
    standing,
)
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


REASONS = ("印刷の失敗", "汚損・破損", "媒体の差替え")
"""Why a copy may be made in the place of one that the ward holds. One that is not there is lost: an incident."""

_REFERENCE: TypeAdapter[str] = TypeAdapter(Label)


def issue(work: RoundContext, deliver: Callable[[bytes], None], *, at: datetime) -> None:
    """Make the notice's first copy: record it, then deliver it.

    The record comes first: a copy that is on record and did not come out is accounted for, one that is out and on no
    record is a password that nobody looks for. The secret stays in the vault until the handover of the notice is
    recorded (`PasswordHandover.after`), or the purge, so that a copy that cannot be used may be replaced.

    Args:
        work: The round.
        deliver: Takes the PDF's bytes to paper or to an open file; raises when it could not.
        at: The time of issue, printed on the notice.

    Raises:
        GateClosedError: The media handover is not recorded, or the notice was issued already.
        PrintError: The font cannot print the contract's title.
        VaultError: The password is destroyed or was never made, or the register's signing key is not there.
    """
    media = latest(work.entries, MediaHandedOver)
    if media is None:
        raise GateClosedError(
            "媒体の引渡しが記録されていないため、パスワード通知書を作成できません（点検表7）。",
            "先に媒体を引き渡し、Airflowの「10 媒体の引渡し」に記録してください。",
        )
    _require_not_handed_over(work)
    if latest(work.entries, PasswordNoticeIssued) is not None:
        raise GateClosedError(
            "パスワード通知書は作成済みです。理由なしに作れるのは一度だけです。",
            "印刷の失敗か汚損なら、その通知書を手元に置いて、--reason と --reference を付けて再出力してください。"
            "紛失した場合は事故として報告し、新しい回の番号で作り直してください。",
        )
    notice = PasswordNoticeIssued(notice_no=f"PW-{work.round_id}", media_no=media.media_no)
    _print(work, notice, deliver, at=at)


def reprint(work: RoundContext, deliver: Callable[[bytes], None], reason: str, reference: str, *, at: datetime) -> None:
    """Make another copy of the notice: record why, then deliver it. It has the same password, and a number of its own.

    Args:
        work: The round.
        deliver: As for `issue`.
        reason: One of REASONS.
        reference: The number of the paper that says more.
        at: The time of the print.

    Raises:
        GateClosedError: There is no notice yet, it is handed over, or the medium's handover was taken back.
        PrintError: The font cannot print the contract's title.
        RegisterError: Reason or reference is none.
        VaultError: As for `issue`.
    """
    notice = require_notice(work)
    _require_not_handed_over(work)
    try:
        number = _REFERENCE.validate_python(reference)
    except ValidationError:
        number = ""
    if reason not in REASONS or not number:
        raise RegisterError(
            "再出力の理由か、起案・記録の番号が正しくありません。",
            f"--reason は {'・'.join(f'「{each}」' for each in REASONS)} から選び、--reference は数字を含む番号を"
            "40字以内で（例：8新福生第900号）入力してください。人の名前は書かないでください。",
        )
    body = PasswordNoticeReprinted(
        copy_no=copies(work) + 1,
        notice_no=notice.notice_no,
        media_no=recorded(work, MediaHandedOver).media_no,
        reason=reason,
        reference=number,
    )
    _print(work, body, deliver, at=at)


def copies(work: RoundContext) -> int:
    """Return how many copies of the notice were made; the last one has this number."""
    entries = work.entries
    if latest(entries, PasswordNoticeIssued) is None:
        return 0
    return 1 + len(standing(entries, PasswordNoticeReprinted))


def require_notice(work: RoundContext) -> PasswordNoticeIssued:
    """Return the notice of the round.

    Raises:
        GateClosedError: It is not made yet.
    """
    notice = latest(work.entries, PasswordNoticeIssued)
    if notice is None:
        raise GateClosedError(
            "パスワード通知書がまだ作られていません。",
            f"媒体の引渡しを記録してから、`mailround password-notice {work.round_id}` で作ってください。",
        )
    return notice


def _require_not_handed_over(work: RoundContext) -> None:
    if latest(work.entries, PasswordHandedOver) is not None:
        raise GateClosedError(
            "パスワード通知書は引渡し済みです。元のパスワードは廃棄したため、もう作れません。",
            "委託先で通知書を使えなくなった場合は事故として報告し、新しい回の番号で作り直してください。",
        )


def _print(
    work: RoundContext,
    copy: PasswordNoticeIssued | PasswordNoticeReprinted,
    deliver: Callable[[bytes], None],
    *,
    at: datetime,
) -> None:
    password = work.vault.open(work.round_id, PASSWORD).decode("ascii")
    checkpoint = sign(work.register, work.settings.checkpoint_key, at=at)
    pdf = draw_notice(work, copy, password, checkpoint, at=at)
    work.register.append(copy, round_id=work.round_id, actor="mailround", at=at)
    deliver(pdf)


def draw_notice(
    work: RoundContext,
    copy: PasswordNoticeIssued | PasswordNoticeReprinted,
    password: str,
    checkpoint: Checkpoint,
    *,
    at: datetime,
) -> bytes:
    """Return one copy of the notice as a one-page A4 PDF.

    Args:
        work: The round.
        copy: The first one, or another with its number and reason.
        password: The secret itself.
        checkpoint: What the register was like, printed as a line and as a QR code.
        at: The date of the print.

    Raises:
        PrintError: The font cannot print the contract's title; nothing is replaced silently.
    """
    told = "第1部" if isinstance(copy, PasswordNoticeIssued) else f"第{copy.copy_no}部（再出力：{copy.reason}）"
    block = checkpoint_block(checkpoint.text, qr_code(checkpoint.text), left=_LEFT, right=_RIGHT, bottom=12 * mm)
    texts = [*_heading(work, copy, told, at), *_symbols(password), *_rules(), *_blanks(), *block.texts]
    frames = [_BOX, *(Frame(*_cell(number)) for number in range(6))]
    return draw(work.settings, copy.notice_no, [Page(texts, frames, block.codes)])


def _heading(
    work: RoundContext, copy: PasswordNoticeIssued | PasswordNoticeReprinted, told: str, at: datetime
) -> Iterator[Text]:
    yield Text(105 * mm, 258 * mm, 20, "パスワード通知書", centred=True)
    yield Text(105 * mm, 249 * mm, 11, "取扱注意・複写禁止・使用後返却", centred=True)
    facts = (
        ("文書番号", f"{copy.notice_no}　{told}"),
        ("作成日", f"{at.astimezone(TOKYO):%Y年%m月%d日}"),
        ("契約", work.contract.title),
        ("回", f"{work.round_id}（{work.kind.title}）"),
        ("媒体番号", copy.media_no),
    )
    for number, (label, value) in enumerate(facts):
        y = (236 - 7 * number) * mm
        yield Text(_LEFT, y, 10.5, label)
        yield Text(_LEFT + 26 * mm, y, 10.5, value, room=_RIGHT - _LEFT - 26 * mm)


_BOX = Frame(_LEFT, 141 * mm, _RIGHT - _LEFT, 58 * mm, line=0.8)
"""The frame around the password."""


def _symbols(password: str) -> Iterator[Text]:
    """Place the symbols large, four groups of five on two lines, then below each its reading."""
    places = []
    for number in range(len(password)):
        line, place = divmod(number, 10)
        places.append((_LEFT + (14 + 13.5 * place + 5 * (place // 5)) * mm, (181 - 27 * line) * mm))
    for symbol, (x, y) in zip(password, places, strict=True):
        yield Text(x, y, 32, symbol, centred=True)
    for symbol, (x, y) in zip(password, places, strict=True):
        yield Text(x, y - 6 * mm, 6.8, READINGS[symbol], centred=True)


def _rules() -> Iterator[Text]:
    rules = (
        "半角の英大文字と数字です。上の行の左から右へ、続けて下の行を、空白を入れずに入力してください。",
        "数字の０と１、英字のＩとＯは使いません。読みがひらがなのものは数字、カタカナのものは英字です。",
        "7-Zipなど、AES-256に対応したソフトで開いてください（Windows標準の展開機能では開けません）。",
        "媒体とは別の機会に、封をして鍵付きカバンで手渡してください。郵送・メール・電話は使いません。",
        "作業が終わったら、媒体とともに返却してください。紛失したときは直ちに連絡してください。",
    )
    for number, rule in enumerate(rules, start=1):
        yield Text(_LEFT, (135 - 6.5 * number) * mm, 9.3, f"{number}　{rule}")


def _cell(number: int) -> tuple[float, float, float, float]:
    """Return x, y, width and height of the six cells that are filled in by hand, two to a line."""
    width, height = (_RIGHT - _LEFT) / 2, 14 * mm
    return _LEFT + (number % 2) * width, 78 * mm - (number // 2) * height, width, height


def _blanks() -> Iterator[Text]:
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
        yield Text(x + 2 * mm, y + height - 4 * mm, 8, label)
        if value:
            yield Text(x + 4 * mm, y + 3 * mm, 9, value)
