"""The sheet of a handover: what it says, that its checkpoint is read off the paper and holds, and when there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp

from mailround.context import RoundContext
from mailround.errors import GateClosedError, PrintError, RoundEndedError, VaultError
from mailround.handover import Item
from mailround.handover_sheet import print_sheet
from mailround.media_check import check_disc
from mailround.media_image import image_path, make_image
from mailround.model import Recipient
from mailround.package_check import MANIFEST
from mailround.password_notice import issue, reprint
from mailround.register.checkpoint import check, read
from mailround.register.entries import (
    HandoverSheetPrinted,
    MediaChecked,
    MediaHandedOver,
    MediaImaged,
    ReleaseApproved,
    ReleaseRefused,
    Sealed,
    latest,
    standing,
)
from mailround.seal import package_path, seal
from prepared import AT, make_signing_key, post, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


def checked(opened: RoundContext, make_recipient: Maker) -> None:
    print_round(opened, make_recipient)
    make_signing_key(opened)
    sealed = seal(opened, at=AT)
    record(opened, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    make_image(opened, at=AT)
    check_disc(opened, image_path(opened.settings, opened.round_id), "DVD-0001", at=AT)


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    """A round whose disc is checked."""
    return round_after(checked)


def sealed_of(work: RoundContext) -> Sealed:
    sealed = latest(work.entries, Sealed)
    assert sealed is not None
    return sealed


def media_handed_over(work: RoundContext) -> None:
    body = MediaHandedOver(
        package_sha256=sealed_of(work).sha256,
        giver="officer",
        receiver="C-001",
        handed_over_at=AT,
        media_no="DVD-0001",
        quantity=1,
        bag_no="BAG-01",
        locked=True,
        storage="耐火金庫1",
    )
    record(work, body)


def noticed(work: RoundContext) -> None:
    media_handed_over(work)
    issue(work, lambda _: None, at=AT)


def printed(work: RoundContext, item: Item) -> bytes:
    delivered: list[bytes] = []
    print_sheet(work, item, delivered.append, at=AT)
    [pdf] = delivered
    return pdf


def pages_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    texts = []
    for page in document:
        textpage = page.get_textpage()
        texts.append(str(textpage.get_text_range()))
        textpage.close()
        page.close()
    document.close()
    return texts


_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def codes_of(pdf: bytes) -> list[str]:
    """Return what a camera reads on each page, from a picture of 150 dots to the inch: a modest office scanner's."""
    document = pypdfium2.PdfDocument(pdf)
    codes = []
    for page in document:
        picture = page.render(scale=150 / 72, grayscale=True)
        rows = bytes(picture.buffer)
        tight = b"".join(rows[y * picture.stride : y * picture.stride + picture.width] for y in range(picture.height))
        # QR codes alone: now and then the modules of one look like a short code of bars, too.
        found = zxingcpp.read_barcodes(memoryview(tight).cast("B", (picture.height, picture.width)), formats=_QR)
        codes += [each.text for each in found]
        page.close()
    document.close()
    return codes


def test_the_sheet_of_the_medium_says_all_that_the_system_knows_and_leaves_room_for_the_rest(
    work: RoundContext,
) -> None:
    sealed, manifest = sealed_of(work), package_path(work.settings, work.round_id).with_name(MANIFEST)
    ward, contractor = pages_of(printed(work, "media"))
    assert "区　控" in ward
    assert "委託先　控" in contractor
    for text in (ward, contractor):
        for words in (
            *(
                "確認記録票（媒体の引渡し）",
                "HS-2026-11-change-M1",
                "2026年11月11日 10:00",
                "令和8年度",
                "2026-11-change.zip",
            ),
            *("DVD（番号 DVD-0001）", "媒体 1枚、7通、9頁", "AES-256", sealed.sha256),
            hashlib.sha256(manifest.read_bytes()).hexdigest(),
            *("返却予定日", "2026年12月24日", "消去予定日", "消去報告書の番号", "備考"),
            *("引渡しの日時", "引渡しの場所"),
            *(
                "鍵付きカバンの番号",
                "委託先での保管場所",
                "引渡者（区）取扱者ID・署名",
                "受領者（委託先）取扱者ID・署名",
            ),
        ):
            assert words in text


def test_the_sheet_of_the_password_names_the_copy_and_its_disc_but_not_the_password(work: RoundContext) -> None:
    noticed(work)
    reprint(work, lambda _: None, "印刷の失敗", "第1号", at=AT)
    secret = work.vault.open(work.round_id, "package-password").decode("ascii")
    for text in pages_of(printed(work, "password")):
        for words in (
            *("確認記録票（パスワード通知書の引渡し）", "HS-2026-11-change-P1", "PW-2026-11-change　第2部"),
            *("媒体 DVD-0001 の中の", "通知書 1通", sealed_of(work).sha256, "返却予定日"),
        ):
            assert words in text
        assert "消去予定日" not in text
        assert secret not in text.replace(" ", "")


@pytest.mark.parametrize("item", ["media", "password"])
def test_the_checkpoint_is_read_off_both_pages_by_a_camera_and_by_eye_and_holds(work: RoundContext, item: Item) -> None:
    if item == "password":
        noticed(work)
    pdf = printed(work, item)
    [body] = standing(work.entries, HandoverSheetPrinted)
    assert codes_of(pdf) == [body.checkpoint, body.checkpoint]
    assert body.checkpoint in "".join(pages_of(pdf)[0].split())
    check(work.register, [read(body.checkpoint)])


def test_every_print_is_recorded_before_it_is_delivered_and_counted(work: RoundContext) -> None:
    def jammed(_: bytes) -> None:
        assert len(standing(work.entries, HandoverSheetPrinted)) == 1
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - whatever the printer raises comes through
        print_sheet(work, "media", jammed, at=AT)
    assert "HS-2026-11-change-M2" in pages_of(printed(work, "media"))[0]
    first, second = standing(work.entries, HandoverSheetPrinted)
    image = latest(work.entries, MediaImaged)
    assert image is not None
    assert (first.copy_no, second.copy_no) == (1, 2)
    assert second == HandoverSheetPrinted(
        item="media",
        copy_no=2,
        media_no="DVD-0001",
        package_sha256=sealed_of(work).sha256,
        manifest_sha256=image.manifest_sha256,
        checkpoint=second.checkpoint,
    )
    assert first.checkpoint != second.checkpoint


def test_the_sheet_names_the_disc_that_was_checked_last(work: RoundContext) -> None:
    check_disc(work, image_path(work.settings, work.round_id), "DVD-0002", at=AT)
    assert "DVD-0002" in pages_of(printed(work, "media"))[0]
    assert standing(work.entries, HandoverSheetPrinted)[0].media_no == "DVD-0002"


def test_there_is_no_sheet_of_what_is_not_ready(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient, pieces=2)
    make_signing_key(work)
    sealed = seal(work, at=AT)
    with pytest.raises(GateClosedError, match="点検表19"):
        printed(work, "media")
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    record(work, MediaChecked(media_no="DVD-0009", package_sha256="f" * 64, manifest_sha256="d" * 64))
    with pytest.raises(GateClosedError, match="照合した媒体の記録がない"):
        printed(work, "media")
    with pytest.raises(GateClosedError, match="媒体の引渡し"):
        printed(work, "password")
    media_handed_over(work)
    with pytest.raises(GateClosedError, match="パスワード通知書がまだ"):
        printed(work, "password")
    assert standing(work.entries, HandoverSheetPrinted) == []


def test_a_round_whose_disc_left_before_discs_were_checked_still_gets_the_sheet_of_its_password(
    open_a_round: Opener, make_recipient: Maker
) -> None:
    work = open_a_round()
    print_round(work, make_recipient, pieces=2)
    make_signing_key(work)
    sealed = seal(work, at=AT)
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    noticed(work)
    manifest = package_path(work.settings, work.round_id).with_name(MANIFEST)
    assert hashlib.sha256(manifest.read_bytes()).hexdigest() in pages_of(printed(work, "password"))[0]
    manifest.unlink()
    with pytest.raises(GateClosedError, match="目録がありません"):
        printed(work, "password")


def test_after_its_handover_no_sheet_is_printed(work: RoundContext) -> None:
    noticed(work)
    with pytest.raises(GateClosedError, match="媒体の引渡しは記録済み"):
        printed(work, "media")
    post(work)
    with pytest.raises(GateClosedError, match="パスワード通知書の引渡しは記録済み"):
        printed(work, "password")


def test_nothing_is_printed_of_a_package_that_changed_or_of_a_round_that_ended(work: RoundContext) -> None:
    package = package_path(work.settings, work.round_id)
    good = package.read_bytes()
    package.write_bytes(good + b"\0")
    with pytest.raises(GateClosedError, match="点検表7"):
        printed(work, "media")
    package.write_bytes(good)
    record(work, ReleaseRefused(package_sha256=sealed_of(work).sha256, answered_at=AT))
    with pytest.raises(RoundEndedError):
        printed(work, "media")
    assert standing(work.entries, HandoverSheetPrinted) == []


def test_without_the_signing_key_or_a_character_nothing_is_printed_or_recorded(work: RoundContext) -> None:
    strange = replace(work, contract=work.contract.model_copy(update={"title": "契約😀"}))
    with pytest.raises(PrintError, match="印字できない文字"):
        printed(strange, "media")
    work.settings.checkpoint_key.unlink()
    with pytest.raises(VaultError, match="署名鍵"):
        printed(work, "media")
    assert standing(work.entries, HandoverSheetPrinted) == []
