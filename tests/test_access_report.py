"""The access review on paper: findings first, charts that add up, everybody, and what cannot be seen."""

from __future__ import annotations

from collections.abc import Sequence

import pypdfium2 as pdfium
import pytest

from accessed import ACCOUNTS, act, entries, reviewed
from mailround.access_report import draw_access_report
from mailround.access_review import TOLD, Account, Act, Review, review
from mailround.errors import PrintError
from mailround.register.entries import Entry
from mailround.settings import REPOSITORY, Settings
from mailround.working_days import load_closing_days

ACTS = (
    *[act("officer", "viewed", 6, 22)] * 25,
    *[act("officer", "viewed", 7)] * 10,
    act("admin", "configured", 7),
    act("datateam", "marked", 7),
    act("datateam", "started", 7),
)
EARLIER = entries(reviewed("2026-09", viewed_by_officer=3, logins_by_datateam=40))


def judged(
    settings: Settings,
    acts: Sequence[Act] = ACTS,
    accounts: Sequence[Account] = (*ACCOUNTS, Account("admin", ("SystemAdmin",), 7, 6)),
    earlier: tuple[Entry, ...] = EARLIER,
) -> Review:
    closing = load_closing_days(REPOSITORY / "include")
    return review("2026-10", acts, accounts, earlier=earlier, settings=settings, closing=closing)


def words(pdf: bytes) -> str:
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pdfium.PdfDocument(pdf))


def black_columns(pdf: bytes) -> int:
    """Return how many pixel columns of the second page and on hold a tall black bar."""
    tall = 0
    for page in pdfium.PdfDocument(pdf):
        picture = page.render(scale=1).to_pil().convert("L")
        for x in range(picture.width):
            column = picture.crop((x, 0, x + 1, picture.height)).tobytes()
            tall += b"\0" * 40 in column
    return tall


def test_the_report_says_what_was_found_of_whom(settings: Settings) -> None:
    found = judged(settings)
    assert {each.kind for each in found.findings} == set(TOLD)
    text = words(draw_access_report(settings, found))
    assert "アクセス点検報告書2026年10月" in text
    places = [text.index(f"{TOLD[each.kind]}{each.who}{''.join(each.text.split())}") for each in found.findings]
    assert all(text.index("指摘種別利用者内容") < place < text.index("日ごとの回数") for place in places)
    assert "38回（うち開庁時間外25回）、利用者3人" in text
    assert "officer00035－" in text, "seen and recorded by user and kind; its logins are not known yet"
    assert "datateam11002" in text
    assert "画面を開いただけの閲覧は残りません" in text


def test_findings_stand_with_the_rarest_first(settings: Settings) -> None:
    text = words(draw_access_report(settings, judged(settings)))
    listed = text[text.index("指摘種別") : text.index("日ごとの回数")]
    assert [*TOLD.values()] == sorted(TOLD.values(), key=listed.index)


def test_a_quiet_month_says_so(settings: Settings) -> None:
    text = words(draw_access_report(settings, judged(settings, (), (), ())))
    assert "指摘はありません。" in text
    assert "なし（初めての点検）" in text


def test_what_is_done_off_hours_is_drawn_black_and_other_acts_are_not(settings: Settings) -> None:
    within = [act("officer", "viewed", 7)] * 25
    assert black_columns(draw_access_report(settings, judged(settings, within))) == 0
    assert black_columns(draw_access_report(settings, judged(settings, ACTS))) > 10


def test_the_same_review_gives_the_same_bytes(settings: Settings) -> None:
    assert draw_access_report(settings, judged(settings)) == draw_access_report(settings, judged(settings))


def test_a_name_that_cannot_be_printed_is_refused(settings: Settings) -> None:
    with pytest.raises(PrintError, match="印字できない文字"):
        draw_access_report(settings, judged(settings, [act("\U0001f600", "viewed")]))
