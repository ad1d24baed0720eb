"""Two rounds' notices side by side: what differs is framed and told, and where nothing is kept the page says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from served import Served
from visited import visit

from mailround.console import round_templates
from mailround.console.rendering import rendered
from mailround.console.visit import NotFoundError
from mailround.context import RoundContext
from mailround.errors import WorkspaceError
from mailround.kept_templates import templates_path
from mailround.model import Population, Recipient
from mailround.plan_print import plan_print
from mailround.templates import Template
from prepared import AT
from printing import other_template, put, templates
from proofs import CANARY, close_before
from wards import opened_in

LAST = "2026-08-change"
Opener = Callable[..., RoundContext]


def as_it_was(content: dict[str, Any]) -> None:
    content["texts"]["title"] = "保護変更のお知らせ"
    content["fields"]["issuer"]["x"] = 110
    content["approvals"]["appeal"]["version"] = "第0版"


OLDER = other_template(as_it_was)


def planned(
    work: RoundContext,
    make_recipient: Callable[..., Recipient],
    older: dict[Population, Template] | None = OLDER,
    *,
    kept: bool = True,
) -> RoundContext:
    if older:
        close_before(work, LAST, older, kept=kept)
    put(work, [make_recipient(name=f"髙﨑　{CANARY}")])
    plan_print(work, at=AT)
    return work


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    return round_after(planned)


def page(work: RoundContext, **asked: str) -> str:
    shown: Any = round_templates.show(visit(work.settings, round_id=work.round_id, **asked))
    return rendered("round_templates.html", "/mailround", **shown)


def test_both_notices_are_shown_for_the_same_household_with_the_same_numbers(work: RoundContext) -> None:
    html = page(work)
    pictures = re.findall(r'<img src="/mailround/rounds/2026-11-change/templates/([^"]+)"', html)
    assert pictures == ["before/assistance/plain/1", "now/assistance/plain/1"]
    before, now = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    for drawing in (before, now):
        assert re.findall(r">(\d+)</text>", drawing) == ["1", "3"], "an approval is not printed"
    assert 'x="109.3"' in before
    assert 'x="123.3"' in now
    assert "style=" not in html


def test_every_change_is_told_with_both_sides(work: RoundContext) -> None:
    html = page(work)
    assert "生活保護の様式は、3か所変わっています" in html
    rows = re.findall(r'<tr><td data-title="番号">.*?</tr>', html, re.DOTALL)
    assert [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).split()[:2] for row in rows] == [
        ["1", "文言「title」"],
        ["2", "文言の承認「appeal」"],
        ["3", "項目「issuer」"],
    ]
    assert "保護変更<del>のお知らせ</del>" in rows[0]
    assert "保護変更<ins>決定通知書</ins>" in rows[0]
    assert "<del>110</del>" in rows[2]
    assert "<ins>124</ins>" in rows[2]
    assert CANARY not in html


def test_another_population_and_household_are_shown_as_asked(work: RoundContext) -> None:
    html = page(work, population="support", household="long", page="2")
    assert "支援給付の様式は、前回と同じです" in html
    assert "now/support/long/2" in html
    assert "<svg" not in html
    assert "準用（0か所）" in html
    long = page(work, household="long", page="2")
    assert "保護変更" in long
    assert re.findall(r">(\d+)</text>", long) == ["1", "1"], "the title of a further page"
    assert "now/assistance/long/2" in page(work, household="long", page="9"), "the last page there is"


@pytest.mark.parametrize("wrong", [{"population": "none"}, {"household": "none"}, {"page": "x"}])
def test_what_there_is_not_is_told(work: RoundContext, wrong: dict[str, str]) -> None:
    with pytest.raises(NotFoundError, match="その見本はありません"):
        page(work, **wrong)


def test_a_notice_that_cannot_be_printed_leaves_the_other_one(
    open_a_round: Opener, make_recipient: Callable[..., Recipient]
) -> None:
    odd = other_template(lambda content: content["texts"].update(title="通知書🗾"))
    html = page(planned(open_a_round(), make_recipient, odd))
    assert "フォントにない文字が1種類" in html
    assert re.findall(r"templates/(before|now)/", html) == ["now"]
    assert "<del>" in html


def test_a_page_that_one_of_them_lacks_is_told(open_a_round: Opener, make_recipient: Callable[..., Recipient]) -> None:
    roomy = other_template(lambda content: content["fields"]["reason"].update(size=5, min_size=5, leading=1))
    html = page(planned(open_a_round(), make_recipient, roomy), household="long", page="2")
    assert "2頁目はありません" in html
    assert re.findall(r"templates/(before|now)/", html) == ["now"]


def test_the_same_templates_need_no_picture(open_a_round: Opener, make_recipient: Callable[..., Recipient]) -> None:
    html = page(planned(open_a_round(), make_recipient, templates()))
    assert "と同じ様式です" in html
    assert "<img" not in html


def test_templates_that_say_the_same_in_another_order_are_said_to(
    open_a_round: Opener, make_recipient: Callable[..., Recipient]
) -> None:
    turned = other_template(lambda content: content.update(required=dict(reversed(content["required"].items()))))
    html = page(planned(open_a_round(), make_recipient, turned))
    assert "違うのは項目の並び順か、保存の形だけです" in html
    assert "<svg" not in html


def test_the_first_round_of_a_kind_has_nothing_to_compare_with(
    open_a_round: Opener, make_recipient: Callable[..., Recipient]
) -> None:
    assert "比べる様式がありません" in page(planned(open_a_round(), make_recipient, None))


def test_templates_of_an_earlier_version_are_said_not_to_be_kept(
    open_a_round: Opener, make_recipient: Callable[..., Recipient]
) -> None:
    html = page(planned(open_a_round(), make_recipient, kept=False))
    assert "保存されていません" in html
    assert len(re.findall(r"\b[0-9a-f]{64}\b", html)) == 2
    assert "<img" not in html


def test_kept_templates_that_were_altered_are_not_shown(work: RoundContext) -> None:
    path = templates_path(work.settings, LAST)
    path.write_bytes(path.read_bytes().replace("お知らせ".encode(), "通知".encode()))
    with pytest.raises(WorkspaceError, match="管理簿に記録した様式と一致しません"):
        page(work)


def test_an_approver_sees_it_and_an_officer_does_not(served: Served, make_recipient: Callable[..., Recipient]) -> None:
    served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
    work = opened_in(served.ward, b"compared", round_id="2031-05-asset", kind="asset_declaration", contract="demo")
    before = templates("asset_declaration")
    other = before | {Population.SUPPORT: before[Population.ASSISTANCE]}
    close_before(work, "2031-04-asset", other)
    put(work, [make_recipient(decision=None)])
    plan_print(work, at=AT)

    def get(user: str, rest: str = "") -> httpx.Response:
        return served.get(user, f"/rounds/{work.round_id}/templates{rest}")

    answer = get("approver")
    assert answer.status_code == 200
    assert "支援給付の様式は" in answer.text
    assert get("approver", "/before/support/plain/1").headers["content-type"] == "image/png"
    assert get("officer").status_code == 403
    path = templates_path(served.ward, work.round_id)
    path.write_bytes(b"{}\n")
    for rest in ("", "/now/support/plain/1"):
        answer = get("approver", rest)
        assert answer.status_code == 409
        assert "一致しません" in answer.text
