"""The approver's page in a browser's eyes: the envelope over the picture, nothing to keep, and who is turned away."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from served import Served
from visited import visit

from mailround.console import proof
from mailround.console.rendering import rendered
from mailround.context import ROUND_KEY, RoundContext
from mailround.kept_templates import keep_templates
from mailround.model import Population, Recipient
from mailround.register.entries import ProofPageViewed, standing
from mailround.templates import Template
from prepared import AT
from printing import other_template, templates
from proofs import CANARY, approve, close_before, with_proof
from wards import opened_in


@pytest.fixture(scope="module")
def work(served: Served, make_recipient: Callable[..., Recipient]) -> RoundContext:
    served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
    return with_proof(opened_in(served.ward, round_id="2031-01-proof", contract="demo"), make_recipient)


def get(served: Served, work: RoundContext, user: str, rest: str = "") -> httpx.Response:
    return served.get(user, f"/rounds/{work.round_id}/proof{rest}")


def views(work: RoundContext) -> list[ProofPageViewed]:
    return standing(work.entries, ProofPageViewed)


def test_the_page_shows_a_picture_reasons_and_checks_and_names_nobody(served: Served, work: RoundContext) -> None:
    before = len(views(work))
    answer = get(served, work, "approver")
    assert answer.status_code == 200
    assert re.findall(r'<img src="(/mailround/rounds/2031-01-proof/proof/\d+)"', answer.text)
    for words in ("ファイルの先頭", "全頁照合", "比べる前回の様式はありません", "必ず見える", "09 引渡し承認", "第"):
        assert words in answer.text
    assert 'class="overlay"' in answer.text
    assert CANARY not in answer.text
    assert len(views(work)) == before, "the page itself shows nobody's data"


def test_the_window_lies_over_the_first_page_of_a_piece_alone(served: Served, work: RoundContext) -> None:
    pages = [get(served, work, "approver", f"?page={number}").text for number in range(1, 20)]
    shown = [each for each in pages if "承認用見本にありません" not in each]
    assert [("always" in each, 'class="fold"' in each) for each in shown].count((False, True)) == 1
    assert [("always" in each, 'class="fold"' in each) for each in shown].count((True, True)) == 3


@pytest.mark.parametrize(("user", "says"), [("officer", "あなたの役割では"), ("auditor", "あなたの役割では")])
def test_a_role_without_the_right_is_refused(served: Served, work: RoundContext, user: str, says: str) -> None:
    before = len(views(work))
    for rest in ("", "/3"):
        answer = get(served, work, user, rest)
        assert answer.status_code == 403
        assert says in answer.text
    assert len(views(work)) == before


@pytest.mark.parametrize("rest", ["/none", "/9999", "?page=0", "?page=x"])
def test_a_page_that_is_not_there_is_told_in_words(served: Served, work: RoundContext, rest: str) -> None:
    answer = get(served, work, "approver", rest)
    assert answer.status_code in {404, 409}
    assert "承認用見本にありません" in answer.text


def test_an_approver_of_other_rounds_is_refused_in_words(
    served: Served, make_recipient: Callable[..., Recipient]
) -> None:
    other = opened_in(served.ward, round_id="2031-02-proof", contract="demo")
    with_proof(other, make_recipient)
    other.register.append(
        other.opened.model_copy(update={"triggered_by": "approver"}),
        round_id=other.round_id,
        actor="approver",
        at=AT,
    )
    answer = get(served, other, "approver")
    assert answer.status_code == 403
    assert "この回を開始した本人" in answer.text


def test_once_approved_or_without_its_key_it_is_closed(
    served: Served, make_recipient: Callable[..., Recipient]
) -> None:
    closed = with_proof(opened_in(served.ward, round_id="2031-03-proof", contract="demo"), make_recipient)
    approve(closed)
    closed.vault.destroy(closed.round_id, ROUND_KEY)
    for rest in ("", "/1"):
        answer = get(served, closed, "approver", rest)
        assert answer.status_code == 409
        assert "廃棄" in answer.text
    assert not views(closed)


LAST = "2026-08-change"
OLDER = other_template(lambda content: content["texts"].update(title="保護変更のお知らせ"))


def after(older: dict[Population, Template], *, kept: bool = True) -> Callable[..., RoundContext]:
    """Return what leads a round to its approval after another one with these templates was closed."""

    def made(work: RoundContext, make_recipient: Callable[..., Recipient]) -> RoundContext:
        close_before(work, LAST, older, kept=kept)
        return with_proof(work, make_recipient)

    return made


def told(work: RoundContext, page: str = "") -> str:
    asked = dataclasses.replace(visit(work.settings, AT.date(), round_id=work.round_id, page=page), user="approver")
    shown: Any = proof.show(asked)
    return rendered("proof.html", "/mailround", **shown)


def test_what_changed_in_the_template_of_the_piece_is_told_beside_it(
    open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]
) -> None:
    work = after(OLDER)(open_a_round(), make_recipient)
    html = told(work)
    assert "文言「title」" in html
    assert "保護変更<del>のお知らせ</del> → 保護変更<ins>決定通知書</ins>" in html
    assert 'href="/mailround/rounds/2026-11-change/templates?population=assistance"' in html
    support = told(work, "6")
    assert "この通の様式（支援給付）で変わった所：なし" in support
    cover = told(work, "1")
    for words in ("生活保護：1か所", "準用：0か所", "支援給付：0か所", '/templates"'):
        assert words in cover


def test_many_changes_are_counted_and_long_wordings_cut(
    open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]
) -> None:
    def how(content: dict[str, Any]) -> None:
        content["texts"]["appeal"] = content["texts"]["appeal"].replace("東京都知事", "都知事", 1)
        for name in [*content["fields"]][:9]:
            content["fields"][name]["leading"] += 0.1

    html = told(after(other_template(how))(open_a_round(), make_recipient))
    assert "ほか 2か所" in html
    assert "か月以内に、<ins>東京</ins>都知事に対し…" in html


def test_without_kept_templates_or_with_altered_ones_the_pages_are_shown_all_the_same(
    open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]
) -> None:
    work = after(OLDER, kept=False)(open_a_round(), make_recipient)
    html = told(work)
    assert "保存されていません" in html
    assert "並べて見る" not in html
    keep_templates(work.settings, LAST, templates())
    html = told(work)
    assert "管理簿に記録した様式と一致しません" in html
    assert "並べて見る" not in html
    assert "<img" in html


def test_the_same_templates_are_said_to_be_the_same(
    open_a_round: Callable[..., RoundContext], make_recipient: Callable[..., Recipient]
) -> None:
    html = told(after(templates())(open_a_round(), make_recipient))
    assert "と同じ様式です" in html
    assert "並べて見る" not in html
