"""The password notice: one page, once, after the media; the secret is destroyed only when the paper is out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pypdfium2
import pytest

from mailround.context import PASSWORD, RoundContext
from mailround.errors import GateClosedError, PrintError, VaultError
from mailround.model import Recipient
from mailround.package_check import check_package
from mailround.password_notice import READINGS, draw, issue
from mailround.register.entries import PasswordNoticeIssued, standing
from mailround.seal import ALPHABET, package_path, seal
from prepared import AT, hand_over, password, print_round

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


@pytest.fixture
def work(open_a_round: Opener, make_recipient: Maker) -> RoundContext:
    opened = open_a_round()
    print_round(opened, make_recipient, pieces=2)
    hand_over(opened)
    return opened


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


def test_the_notice_says_everything_and_its_password_opens_the_package(work: RoundContext) -> None:
    secret = password(work)
    [pdf] = issued(work)
    text = text_of(pdf)
    lines = text.replace(" ", "").splitlines()
    symbols = "".join(line for line in lines if len(line) == 10 and set(line) <= set(ALPHABET))
    assert symbols == secret
    assert check_package(package_path(work.settings, work.round_id), symbols).pieces == 2
    for words in (
        *("パスワード通知書", "PW-2026-11-change", "2026年11月11日", "DVD-0001", "2026-11-change", "7-Zip"),
        *("引渡者（署名）", "受領者（署名）", "返却期限", "令和8年度", "保護変更決定通知書"),
        *(READINGS[symbol] for symbol in secret),
        work.entries[-2].hash,
    ):
        assert words in text


def test_every_symbol_has_a_reading_of_its_own() -> None:
    assert set(READINGS) == set(ALPHABET)
    assert len(set(READINGS.values())) == 32


def test_the_issue_is_recorded_and_the_secret_gone(work: RoundContext) -> None:
    issued(work)
    assert standing(work.entries, PasswordNoticeIssued) == [
        PasswordNoticeIssued(notice_no="PW-2026-11-change", media_no="DVD-0001")
    ]
    assert not work.vault.holds(work.round_id, PASSWORD)


def test_the_password_is_in_no_entry_and_on_no_disk(work: RoundContext) -> None:
    secret = password(work)
    issued(work)
    assert secret not in str(work.entries)
    root = work.settings.data.parent
    assert not [path for path in root.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_second_notice_is_refused(work: RoundContext) -> None:
    issued(work)
    with pytest.raises(GateClosedError, match="作成済み"):
        issued(work)
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1


def test_no_notice_before_the_media_are_handed_over(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient, pieces=2)
    seal(work, at=AT)
    with pytest.raises(GateClosedError, match="媒体の引渡しが記録されていない"):
        issued(work)
    assert work.vault.holds(work.round_id, PASSWORD)


def test_a_printer_that_fails_leaves_the_secret_and_no_record(work: RoundContext) -> None:
    secret = password(work)

    def jammed(_: bytes) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - whatever the printer raises comes through
        issue(work, jammed, at=AT)
    assert standing(work.entries, PasswordNoticeIssued) == []
    assert password(work) == secret
    assert len(issued(work)) == 1


def test_a_crash_between_delivery_and_record_delivers_the_same_password_again(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[bytes] = []

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(work.register), "append", dies)
        with pytest.raises(KeyboardInterrupt):
            issue(work, delivered.append, at=AT)
    issue(work, delivered.append, at=AT)
    assert delivered[0] == delivered[1]


def test_a_crash_between_record_and_destruction_is_finished_by_the_next_call(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(work.vault), "destroy", dies)
        with pytest.raises(KeyboardInterrupt):
            issued(work)
    assert work.vault.holds(work.round_id, PASSWORD)
    with pytest.raises(GateClosedError, match="作成済み"):
        issued(work)
    assert not work.vault.holds(work.round_id, PASSWORD)


def test_a_destroyed_password_makes_no_notice(work: RoundContext) -> None:
    work.vault.destroy(work.round_id, PASSWORD)
    with pytest.raises(VaultError, match="廃棄済み"):
        issued(work)
    assert standing(work.entries, PasswordNoticeIssued) == []


def test_a_title_the_font_lacks_is_refused_not_drawn_as_boxes(work: RoundContext) -> None:
    strange = replace(work, contract=work.contract.model_copy(update={"title": "契約😀"}))
    with pytest.raises(PrintError, match="印字できない文字"):
        issued(strange)
    assert work.vault.holds(work.round_id, PASSWORD)


def test_the_notice_embeds_every_font_and_is_the_same_every_time(work: RoundContext) -> None:
    notice = PasswordNoticeIssued(notice_no="PW-1", media_no="DVD-1")
    first, again = (draw(work, notice, "2" * 20, work.entries[0], at=AT) for _ in range(2))
    assert first == again
    assert b"Helvetica" not in first
