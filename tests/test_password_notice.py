"""The password notice: after the media, each copy on record before it is out, and no other without a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pypdfium2
import pytest

from mailround.context import PASSWORD, RoundContext
from mailround.errors import GateClosedError, PrintError, RegisterError, VaultError
from mailround.model import Recipient
from mailround.package_check import check_package
from mailround.password_notice import READINGS, draw_notice, issue, reprint
from mailround.register.checkpoint import check, of, sign
from mailround.register.entries import (
    HOUSE,
    CheckpointSigned,
    MediaHandedOver,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    latest,
    standing,
)
from mailround.seal import ALPHABET, package_path, seal
from prepared import AT, CANARY, hand_over, make_signing_key, password, post, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


def handed_over(opened: RoundContext, make_recipient: Maker) -> None:
    print_round(opened, make_recipient, pieces=2)
    hand_over(opened)
    make_signing_key(opened)


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    return round_after(handed_over)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    page = document[0]
    textpage = page.get_textpage()
    text = str(textpage.get_text_range())
    for each in (textpage, page, document):
        each.close()
    return text


def issued(work: RoundContext) -> list[bytes]:
    delivered: list[bytes] = []
    issue(work, delivered.append, at=AT)
    return delivered


def copied(work: RoundContext, reason: str = "汚損・破損", reference: str = "8新福生第900号") -> list[bytes]:
    delivered: list[bytes] = []
    reprint(work, delivered.append, reason, reference, at=AT)
    return delivered


def symbols(text: str) -> str:
    lines = text.replace(" ", "").splitlines()
    return "".join(line for line in lines if len(line) == 10 and set(line) <= set(ALPHABET))


def test_the_notice_says_everything_and_its_password_opens_the_package(work: RoundContext) -> None:
    secret = password(work)
    [pdf] = issued(work)
    text = text_of(pdf)
    assert symbols(text) == secret
    assert check_package(package_path(work.settings, work.round_id), symbols(text)).pieces == 2
    for words in (
        *("パスワード通知書", "PW-2026-11-change　第1部", "2026年11月11日", "DVD-0001", "2026-11-change", "7-Zip"),
        *("引渡者（署名）", "受領者（署名）", "返却期限", "令和8年度", "保護変更決定通知書"),
        *(READINGS[symbol] for symbol in secret),
    ):
        assert words in text


def test_the_checkpoint_on_the_notice_holds_and_ends_before_the_notices_own_entry(work: RoundContext) -> None:
    [pdf] = issued(work)
    line = "".join(text_of(pdf).split())
    signed = latest(work.register.entries(HOUSE), CheckpointSigned)
    assert signed is not None
    assert of(signed).text in line
    assert check(work.register, [of(signed)]).signed == 1
    assert work.entries[-1].seq == signed.entries + 2


def test_every_symbol_has_a_reading_of_its_own() -> None:
    assert set(READINGS) == set(ALPHABET)
    assert len(set(READINGS.values())) == 32


def test_the_issue_is_recorded_and_the_secret_stays_until_the_notice_is_handed_over(work: RoundContext) -> None:
    issued(work)
    assert standing(work.entries, PasswordNoticeIssued) == [
        PasswordNoticeIssued(notice_no="PW-2026-11-change", media_no="DVD-0001")
    ]
    assert work.vault.holds(work.round_id, PASSWORD)


def test_the_password_is_in_no_entry_and_on_no_disk(work: RoundContext) -> None:
    secret = password(work)
    issued(work)
    copied(work)
    assert secret not in str(work.entries)
    root = work.settings.data.parent
    assert not [path for path in root.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_second_notice_without_a_reason_is_refused(work: RoundContext) -> None:
    issued(work)
    with pytest.raises(GateClosedError, match="作成済み") as caught:
        issued(work)
    assert "--reason" in caught.value.remedy
    assert "紛失した場合は事故" in caught.value.remedy
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1


def test_every_further_copy_has_the_same_password_and_a_number_and_a_reason_of_its_own(work: RoundContext) -> None:
    secret = password(work)
    issued(work)
    for number, reason in ((2, "汚損・破損"), (3, "印刷の失敗")):
        [pdf] = copied(work, reason)
        assert f"PW-2026-11-change　第{number}部（再出力：{reason}）" in text_of(pdf)
        assert symbols(text_of(pdf)) == secret
    assert standing(work.entries, PasswordNoticeReprinted) == [
        PasswordNoticeReprinted(
            copy_no=number,
            notice_no="PW-2026-11-change",
            media_no="DVD-0001",
            reason=reason,
            reference="8新福生第900号",
        )
        for number, reason in ((2, "汚損・破損"), (3, "印刷の失敗"))
    ]


@pytest.mark.parametrize(
    ("reason", "reference"),
    [
        ("", "8新福生第900号"),
        ("紛失", "8新福生第900号"),
        ("汚損", "8新福生第900号"),
        ("汚損・破損", ""),
        ("汚損・破損", CANARY),
        ("汚損・破損", "1" * 41),
        ("汚損・破損", "第1号\n第2号"),
    ],
)
def test_a_copy_without_a_reason_of_the_list_or_without_a_number_is_refused(
    work: RoundContext, reason: str, reference: str
) -> None:
    issued(work)
    before = work.register.entries()
    with pytest.raises(RegisterError, match="再出力の理由か、起案・記録の番号") as caught:
        copied(work, reason, reference)
    assert CANARY not in str(caught.value)
    assert work.register.entries() == before


def test_a_copy_names_the_disc_that_was_handed_over_instead(work: RoundContext) -> None:
    issued(work)
    media = latest(work.entries, MediaHandedOver)
    assert media is not None
    record(work, media.model_copy(update={"media_no": "DVD-0002"}))
    [pdf] = copied(work, "媒体の差替え")
    assert "DVD-0002" in text_of(pdf)
    assert standing(work.entries, PasswordNoticeReprinted)[0].media_no == "DVD-0002"


def test_there_is_no_copy_of_a_notice_that_was_never_made(work: RoundContext) -> None:
    with pytest.raises(GateClosedError, match="まだ作られていません"):
        copied(work)


def test_after_the_handover_no_notice_is_made(work: RoundContext) -> None:
    issued(work)
    post(work)
    for make in (issued, copied):
        with pytest.raises(GateClosedError, match="引渡し済み"):
            make(work)


def test_no_notice_before_the_media_are_handed_over(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient, pieces=2)
    seal(work, at=AT)
    with pytest.raises(GateClosedError, match="媒体の引渡しが記録されていない"):
        issued(work)
    assert work.vault.holds(work.round_id, PASSWORD)


def test_a_copy_is_on_record_before_it_is_delivered(work: RoundContext) -> None:
    def jammed(_: bytes) -> None:
        assert len(standing(work.entries, PasswordNoticeIssued)) == 1
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - whatever the printer raises comes through
        issue(work, jammed, at=AT)
    [pdf] = copied(work, "印刷の失敗")
    assert symbols(text_of(pdf)) == password(work)


def test_a_copy_that_could_not_be_recorded_is_not_delivered(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[bytes] = []

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(work.register), "append", dies)
        with pytest.raises(KeyboardInterrupt):
            issue(work, delivered.append, at=AT)
    assert delivered == []
    assert len(issued(work)) == 1


@pytest.mark.parametrize("lost", ["password", "signing key"])
def test_without_the_password_or_the_signing_key_nothing_is_made_or_recorded(work: RoundContext, lost: str) -> None:
    if lost == "password":
        work.vault.destroy(work.round_id, PASSWORD)
    else:
        work.settings.checkpoint_key.unlink()
    with pytest.raises(VaultError, match="廃棄済み" if lost == "password" else "署名鍵"):
        issued(work)
    assert standing(work.entries, PasswordNoticeIssued) == []


def test_a_title_the_font_lacks_is_refused_not_drawn_as_boxes(work: RoundContext) -> None:
    strange = replace(work, contract=work.contract.model_copy(update={"title": "契約😀"}))
    with pytest.raises(PrintError, match="印字できない文字"):
        issued(strange)
    assert standing(work.entries, PasswordNoticeIssued) == []


def test_the_notice_embeds_every_font_and_is_the_same_every_time(work: RoundContext) -> None:
    notice = PasswordNoticeIssued(notice_no="PW-1", media_no="DVD-1")
    checkpoint = sign(work.register, work.settings.checkpoint_key, at=AT)
    first, again = (draw_notice(work, notice, "2" * 20, checkpoint, at=AT) for _ in range(2))
    assert first == again
    assert b"Helvetica" not in first
